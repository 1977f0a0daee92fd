//! Where letters of pictures come from.

use passages::Area;

use crate::line::Line;

/// Sees letters in pictures.
pub trait Ocr {
    /// The lines of a picture, in the order of reading; none where there are no letters.
    ///
    /// # Errors
    /// [`OcrError`]: the page is noted as one without text, and the next one is tried.
    fn recognise(&mut self, picture: &Picture) -> Result<Vec<SeenLine>, OcrError>;
}

/// Letters could not be looked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("letters could not be recognised: {reason}")]
pub struct OcrError {
    /// In words, for the log.
    pub reason: String,
}

/// A picture in shades of grey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Dots from left to right.
    pub width: u32,
    /// Dots from top to bottom.
    pub height: u32,
    /// One byte a dot, from the upper left one, row by row; 0 is black.
    pub shades: Vec<u8>,
    /// How many dots of it are an inch, as far as that is known.
    pub dots_per_inch: u16,
}

impl Picture {
    /// Nothing where the dots are not as many as the sides say.
    pub fn new(width: u32, height: u32, shades: Vec<u8>, dots_per_inch: u16) -> Option<Self> {
        let dots = usize::try_from(u64::from(width) * u64::from(height)).ok()?;
        let is_picture = dots > 0 && shades.len() == dots && dots_per_inch > 0;
        is_picture.then_some(Self { width, height, shades, dots_per_inch })
    }

    /// Whether nobody could see anything on it.
    pub(crate) fn is_blank(&self) -> bool {
        const SEEN: u8 = 24;
        let darkest = self.shades.iter().min().copied().unwrap_or(u8::MAX);
        let lightest = self.shades.iter().max().copied().unwrap_or(u8::MAX);
        lightest - darkest < SEEN
    }
}

/// A line of letters in a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenLine {
    /// Its words, in the order of reading.
    pub words: Vec<SeenWord>,
}

/// A word in a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenWord {
    /// Without white space.
    pub text: String,
    /// In dots, from the upper left corner of the picture.
    pub area: Area,
}

/// How high letters are, in parts of the height of their line.
const SIZE: f32 = 0.75;

/// A line on the page that the picture shows; `points` is the length of a dot.
pub(crate) fn on_page(seen: &SeenLine, points: f32) -> Option<Line> {
    let place = |area: Area| Area {
        left: area.left * points,
        top: area.top * points,
        right: area.right * points,
        bottom: area.bottom * points,
    };
    let whole = seen.words.iter().map(|word| place(word.area)).reduce(Area::union)?;
    let mut line = Line::new(whole.height() * SIZE, true);
    for word in &seen.words {
        let letters: String =
            word.text.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
        line.push(&letters, place(word.area));
    }
    line.end();
    (!line.words.is_empty()).then_some(line)
}
