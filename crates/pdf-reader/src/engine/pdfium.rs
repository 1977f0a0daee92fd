//! The engine of Chromium, in a library that is loaded when there is one.

use std::path::Path;

use passages::Area;
use pdfium_render::prelude::{
    PdfDocument, PdfPage, PdfPageRenderRotation, PdfPageTextChar, Pdfium, PdfiumError,
    PdfiumInternalError,
};

use super::{
    Engine, Glyph, RawPage, SIZE_SEEN_MIN,
    frame::{Frame, Turn, UserArea},
};
use crate::{
    error::{PDF, PdfError, broken},
    letters,
};

/// `libpdfium`, loaded once for all of the process.
pub struct PdfiumLibrary {
    pdfium: Pdfium,
}

impl PdfiumLibrary {
    /// Loads the library, and all that it needs, from files. One that was loaded before is not
    /// loaded again: a process does so once.
    ///
    /// # Errors
    /// Why it is not there, in words of the loader.
    pub fn load(path: &Path) -> Result<Self, String> {
        let bindings = Pdfium::bind_to_library(path).map_err(|error| format!("{error:?}"))?;
        Ok(Self { pdfium: Pdfium::new(bindings) })
    }
}

/// A document that is open.
pub(crate) struct PdfiumDocument<'a> {
    document: PdfDocument<'a>,
    pages: u32,
}

impl<'a> PdfiumDocument<'a> {
    pub(crate) fn open(library: &'a PdfiumLibrary, bytes: &'a [u8]) -> Result<Self, PdfError> {
        let opened = library.pdfium.load_pdf_from_byte_slice(bytes, None);
        let document = opened.map_err(|error| match error {
            PdfiumError::PdfiumLibraryInternalError(
                PdfiumInternalError::PasswordError | PdfiumInternalError::SecurityError,
            ) => PdfError::Encrypted { format: PDF },
            _ => broken("document"),
        })?;
        let pages = u32::try_from(document.pages().len()).unwrap_or(0);
        Ok(Self { document, pages })
    }
}

impl Engine for PdfiumDocument<'_> {
    fn pages(&self) -> u32 {
        self.pages
    }

    fn page(&self, index: u32, letters_max: usize) -> Result<RawPage, PdfError> {
        let index = i32::try_from(index).map_err(|_| broken("page"))?;
        let page = self.document.pages().get(index).map_err(|_| broken("page"))?;
        let frame = frame(&page).ok_or(broken("size of a page"))?;
        let text = page.text().map_err(|_| broken("text of a page"))?;
        let mut found = RawPage { size: frame.size(), glyphs: Vec::new(), hidden: false };
        for character in text.chars().iter() {
            if found.glyphs.len() > letters_max {
                break;
            }
            add(&mut found, frame, &character);
        }
        Ok(found)
    }
}

fn frame(page: &PdfPage<'_>) -> Option<Frame> {
    let shown = page.boundaries().bounding().ok()?.bounds;
    let turn = match page.rotation().ok()? {
        PdfPageRenderRotation::None => Turn::None,
        PdfPageRenderRotation::Degrees90 => Turn::Quarter,
        PdfPageRenderRotation::Degrees180 => Turn::Half,
        PdfPageRenderRotation::Degrees270 => Turn::ThreeQuarters,
    };
    let shown = UserArea {
        left: shown.left().value,
        bottom: shown.bottom().value,
        right: shown.right().value,
        top: shown.top().value,
    };
    Frame::new(shown, turn)
}

fn add(page: &mut RawPage, frame: Frame, character: &PdfPageTextChar<'_>) {
    let Some(letter) = character.unicode_char() else { return };
    // Where lines end is seen by where letters stand; the place of a break is no place on its line.
    if matches!(letter, '\r' | '\n') {
        return;
    }
    let Some(area) = area(frame, character) else { return };
    let (size, upright) = shape(frame, character, area);
    let glyph = Glyph { letter, area, size, upright };
    if glyph.is_space() {
        page.glyphs.push(glyph);
        return;
    }
    match area.clipped(page.size) {
        Some(area) if size >= SIZE_SEEN_MIN && !letters::is_hidden(letter) => {
            page.glyphs.push(Glyph { area, ..glyph });
        }
        Some(_) | None => page.hidden = true,
    }
}

/// The box of the font, which is as high for all letters of a line; where a letter was made up of
/// others, the box of its drawing.
fn area(frame: Frame, character: &PdfPageTextChar<'_>) -> Option<Area> {
    let bounds = character.loose_bounds().ok()?;
    Some(frame.place(UserArea {
        left: bounds.left().value,
        bottom: bounds.bottom().value,
        right: bounds.right().value,
        top: bounds.top().value,
    }))
}

/// The size of the font as it is shown, and whether the letter stands upright.
fn shape(frame: Frame, character: &PdfPageTextChar<'_>, area: Area) -> (f32, bool) {
    let Ok(matrix) = character.matrix() else { return (area.height(), true) };
    let size = character.unscaled_font_size().value * matrix.c().hypot(matrix.d());
    let size = if size.is_finite() && size > 0.0 { size } else { area.height() };
    (size, frame.is_upright(matrix.a(), matrix.b()))
}
