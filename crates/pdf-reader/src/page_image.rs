//! Pages as people see them.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use hayro::{
    PixmapSettings, RenderCache, RenderSettings,
    hayro_interpret::InterpreterSettings,
    hayro_syntax::{LoadPdfError, Pdf, page::Page},
    render,
    vello_cpu::{Pixmap, color::palette::css::WHITE},
};

use crate::{
    Limits, PdfError, Picture,
    error::{PDF, broken},
};

/// Of a side, in dots.
const SIDE_MAX: f32 = 16_000.0;
const POINTS_PER_INCH: f32 = 72.0;

/// A picture of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageImage {
    /// A file in the format PNG.
    pub png: Vec<u8>,
    /// Dots from left to right.
    pub width: u32,
    /// Dots from top to bottom.
    pub height: u32,
}

/// Draws the page of a PDF that has this number, from 1. A page that would have more dots than the
/// limits give is drawn smaller.
///
/// # Errors
/// [`PdfError`]: the document cannot be read, or has no such page.
pub fn page_image(
    bytes: Vec<u8>,
    page: u32,
    dots_per_inch: u16,
    limits: &Limits,
) -> Result<PageImage, PdfError> {
    let drawing = Drawing::open(Arc::new(bytes))?;
    let index = page.checked_sub(1).filter(|index| *index < drawing.pages());
    let index = index.ok_or(PdfError::PageUnknown { page, pages: drawing.pages() })?;
    let (drawn, _) = drawing.draw(index, dots_per_inch, limits.pixels)?;
    let (width, height) = (u32::from(drawn.width()), u32::from(drawn.height()));
    let png = drawn.into_png().map_err(|_| broken("drawing of a page"))?;
    Ok(PageImage { png, width, height })
}

/// A document whose pages can be drawn.
pub(crate) struct Drawing {
    pdf: Pdf,
}

impl Drawing {
    pub(crate) fn open(bytes: Arc<Vec<u8>>) -> Result<Self, PdfError> {
        let opened = catch_unwind(AssertUnwindSafe(|| Pdf::new(bytes)));
        match opened {
            Ok(Ok(pdf)) => Ok(Self { pdf }),
            Ok(Err(LoadPdfError::Decryption(_))) => Err(PdfError::Encrypted { format: PDF }),
            Ok(Err(LoadPdfError::Invalid)) | Err(_) => Err(broken("document")),
        }
    }

    pub(crate) fn pages(&self) -> u32 {
        u32::try_from(self.pdf.pages().len()).unwrap_or(u32::MAX)
    }

    /// A page in shades of grey, and how many points a dot of it is.
    pub(crate) fn picture(
        &self,
        index: u32,
        dots_per_inch: u16,
        pixels_max: u64,
    ) -> Result<(Picture, f32), PdfError> {
        let (drawn, points) = self.draw(index, dots_per_inch, pixels_max)?;
        let (width, height) = (u32::from(drawn.width()), u32::from(drawn.height()));
        let shades = drawn.data_as_u8_slice().chunks_exact(4).map(shade).collect();
        let picture = Picture::new(width, height, shades, dots_per_inch);
        Ok((picture.ok_or(broken("drawing of a page"))?, points))
    }

    fn draw(
        &self,
        index: u32,
        dots_per_inch: u16,
        pixels_max: u64,
    ) -> Result<(Pixmap, f32), PdfError> {
        let page = self.pdf.pages().get(index as usize).ok_or(broken("page"))?;
        let (width, height) = page.render_dimensions();
        let scale = scale(width, height, dots_per_inch, pixels_max).ok_or(broken("page"))?;
        // A fault of the library is one of the page: others may be drawn.
        let drawn = catch_unwind(AssertUnwindSafe(|| drawn(page, scale)));
        let drawn = drawn.map_err(|_| broken("drawing of a page"))?;
        Ok((drawn, 1.0 / scale))
    }
}

fn drawn<'a>(page: &'a Page<'a>, scale: f32) -> Pixmap {
    let cache = RenderCache::new();
    let settings = PixmapSettings { x_scale: scale, y_scale: scale, bg_color: WHITE };
    let (content, details) = (InterpreterSettings::default(), RenderSettings::default());
    render(page, &cache, &content, &details, &settings)
}

/// Dots for a point, so that the picture stays within its limits and has at least one dot.
fn scale(width: f32, height: f32, dots_per_inch: u16, pixels_max: u64) -> Option<f32> {
    let wanted = f32::from(dots_per_inch) / POINTS_PER_INCH;
    let is_page = width.is_finite() && height.is_finite() && width >= 1.0 && height >= 1.0;
    #[expect(clippy::cast_precision_loss, reason = "a bound need not be exact")]
    let pixels_max = pixels_max as f32;
    let by_pixels = (pixels_max / (width * height)).sqrt();
    let by_side = SIDE_MAX / width.max(height);
    let scale = wanted.min(by_pixels).min(by_side);
    let has_dots = width * scale >= 1.0 && height * scale >= 1.0;
    (is_page && has_dots).then_some(scale)
}

/// As bright as people see it.
fn shade(dot: &[u8]) -> u8 {
    let [red, green, blue, _] = dot else { return u8::MAX };
    let weighed = 299 * u32::from(*red) + 587 * u32::from(*green) + 114 * u32::from(*blue);
    u8::try_from(weighed / 1000).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_drawn_as_sharp_as_their_size_allows() {
        let check = |width, height, dots, expected: Option<f32>| {
            let found = scale(width, height, dots, 1_000_000);
            let is_near = |(one, other): (f32, f32)| (one - other).abs() < 0.001;
            assert_eq!(found.is_some(), expected.is_some(), "{found:?}");
            assert!(found.zip(expected).is_none_or(is_near), "{found:?}");
        };
        check(600.0, 800.0, 72, Some(1.0));
        check(600.0, 800.0, 216, Some(1.443_375));
        check(100_000.0, 10.0, 72, Some(0.16));
        check(200_000.0, 1.0, 72, None);
        check(f32::NAN, 1.0, 72, None);
    }

    #[test]
    fn shades_are_those_that_people_see() {
        assert_eq!(shade(&[255, 255, 255, 255]), 255);
        assert_eq!(shade(&[0, 0, 0, 255]), 0);
        assert!(shade(&[0, 255, 0, 255]) > shade(&[0, 0, 255, 255]));
    }
}
