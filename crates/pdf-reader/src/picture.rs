//! Pictures of pages: scans and photographs.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, ImageReader, imageops::thumbnail};
use passages::{Document, Note, Size};

use crate::{
    Limits, Ocr, PageImage, PdfError, Picture,
    blocks::{Measure, pieces},
    composition::{Composition, on},
    error::{Excess, IMAGE},
    limits::length,
    ocr::on_page,
};

/// What a picture that does not say is taken for; nothing but the size of its page follows.
const DOTS_PER_INCH: u16 = 200;
const POINTS: f32 = 72.0 / 200.0;
/// Bytes of one dot, at most, while a picture is unpacked.
const DOT_BYTES: u64 = 16;

/// The text of a picture in PNG, JPEG or TIFF: one page, with the place of each word.
///
/// # Errors
/// [`PdfError`]: it is no such picture, or a larger one than the limits give.
pub fn read_picture(
    bytes: &[u8],
    ocr: Option<&mut dyn Ocr>,
    limits: &Limits,
) -> Result<Document, PdfError> {
    let grey = decode(bytes, limits)?.into_luma8();
    let (width, height) = grey.dimensions();
    let picture = Picture::new(width, height, grey.into_raw(), DOTS_PER_INCH);
    let picture = picture.ok_or(PdfError::Broken { format: IMAGE, part: "size" })?;
    let seen = ocr.and_then(|ocr| ocr.recognise(&picture).ok()).unwrap_or_default();
    let lines: Vec<_> = seen.iter().filter_map(|line| on_page(line, POINTS)).collect();
    let mut composition = Composition::new(limits.text_bytes);
    if !lines.is_empty() {
        composition.note(Note::Recognised { place: on(1) });
    } else if !picture.is_blank() {
        composition.note(Note::NoText { place: on(1) });
    }
    let measure = Measure::of(lines.iter());
    composition.page(1, Some(size(width, height)), pieces(lines, &measure))?;
    composition.finish()
}

/// The picture itself, smaller where it has more dots than asked for.
///
/// # Errors
/// As [`read_picture`]; [`PdfError::PageUnknown`] for any page but the first.
pub fn picture_image(
    bytes: &[u8],
    page: u32,
    dots_per_inch: u16,
    limits: &Limits,
) -> Result<PageImage, PdfError> {
    if page != 1 {
        return Err(PdfError::PageUnknown { page, pages: 1 });
    }
    let picture = decode(bytes, limits)?.into_rgb8();
    let share = |side: u32| {
        let wanted = u64::from(side) * u64::from(dots_per_inch) / u64::from(DOTS_PER_INCH);
        u32::try_from(wanted).unwrap_or(side).clamp(1, side.max(1))
    };
    let (width, height) = (share(picture.width()), share(picture.height()));
    let picture =
        if width < picture.width() { thumbnail(&picture, width, height) } else { picture };
    let (width, height) = picture.dimensions();
    let mut png = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(picture)
        .write_to(&mut png, ImageFormat::Png)
        .map_err(|_| PdfError::Broken { format: IMAGE, part: "dots" })?;
    Ok(PageImage { png: png.into_inner(), width, height })
}

/// What the head says is compared with the limits before anything is unpacked.
fn decode(bytes: &[u8], limits: &Limits) -> Result<DynamicImage, PdfError> {
    if length(bytes.len()) > limits.bytes_in {
        return Err(PdfError::TooMuch { what: Excess::BytesIn, max: limits.bytes_in });
    }
    let broken = |part| PdfError::Broken { format: IMAGE, part };
    let reader = || {
        let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format();
        reader.map_err(|_| broken("head"))
    };
    let mut unpacker = reader()?;
    match unpacker.format() {
        Some(ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::Tiff) => {}
        Some(ImageFormat::WebP) => return Err(PdfError::Unsupported { found: "WebP image" }),
        Some(ImageFormat::Gif) => return Err(PdfError::Unsupported { found: "GIF image" }),
        Some(_) | None => return Err(PdfError::Unsupported { found: IMAGE }),
    }
    let (width, height) = reader()?.into_dimensions().map_err(|_| broken("head"))?;
    let dots = u64::from(width) * u64::from(height);
    if dots == 0 {
        return Err(broken("size"));
    }
    if dots > limits.pixels {
        return Err(PdfError::TooMuch { what: Excess::Pixels, max: limits.pixels });
    }
    let mut bounds = image::Limits::no_limits();
    bounds.max_alloc = Some(limits.pixels.saturating_mul(DOT_BYTES));
    unpacker.limits(bounds);
    unpacker.decode().map_err(|_| broken("dots"))
}

fn size(width: u32, height: u32) -> Size {
    let points = |dots: u32| u16::try_from(dots).map_or(f32::from(u16::MAX), f32::from) * POINTS;
    Size { width: points(width), height: points(height) }
}
