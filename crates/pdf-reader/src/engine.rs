//! What finds the letters of a page: two engines behind one trait.

mod frame;
mod oxide;
mod pdfium;

use passages::{Area, Size};

pub(crate) use oxide::Oxide;
pub(crate) use pdfium::PdfiumDocument;
pub use pdfium::PdfiumLibrary;

use crate::error::PdfError;

/// Reads the letters of pages.
pub(crate) trait Engine {
    fn pages(&self) -> u32;

    /// The letters of the page of this index, from 0; at most so many, and one more that says that
    /// there are more.
    fn page(&self, index: u32, letters_max: usize) -> Result<RawPage, PdfError>;
}

/// What an engine found on a page.
#[derive(Debug)]
pub(crate) struct RawPage {
    pub(crate) size: Size,
    /// In the order in which the engine gives them.
    pub(crate) glyphs: Vec<Glyph>,
    /// Letters were left out that nobody sees.
    pub(crate) hidden: bool,
}

/// One character as it is drawn, or the white space between two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Glyph {
    pub(crate) letter: char,
    /// On the page as it is shown: turned, cropped, from its top left corner.
    pub(crate) area: Area,
    /// Of the font as it is shown, in points.
    pub(crate) size: f32,
    /// Whether it is read from side to side; else the text is turned.
    pub(crate) upright: bool,
}

impl Glyph {
    pub(crate) fn is_space(self) -> bool {
        self.letter.is_whitespace()
    }
}

/// Nobody reads letters that are smaller, in points.
pub(crate) const SIZE_SEEN_MIN: f32 = 1.0;
