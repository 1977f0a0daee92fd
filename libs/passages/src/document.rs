//! The document model that parsers fill and everything else reads.

mod check;

use std::ops::Range;

pub use check::{DocumentError, SpanFault};

/// What can be read of one version of a document: a text, its structure, and where it stands on
/// pages.
///
/// Build it with [`Document::new`]. Functions of this crate never panic on a document that was
/// changed afterwards, but what they say of it is then worth nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Everything that can be read, in reading order; at most 4 GiB.
    pub text: String,
    /// The structure, in order and not overlapping; outside of blocks is only white space.
    pub blocks: Vec<Block>,
    /// Pages in order; empty for formats that have none. A block may go over several pages.
    pub pages: Vec<Page>,
    /// What a reader of the answer should know about this reading of the document.
    pub notes: Vec<Note>,
}

impl Document {
    /// Puts a document together and checks it once.
    ///
    /// # Errors
    /// [`DocumentError`] for the first thing that does not hold: spans outside of the text, off
    /// character boundaries, empty, or out of order; text that is in no block; a heading of a
    /// level that does not exist; pages that are not counted upwards; runs outside of their page.
    pub fn new(
        text: String,
        blocks: Vec<Block>,
        pages: Vec<Page>,
        notes: Vec<Note>,
    ) -> Result<Self, DocumentError> {
        let document = Self { text, blocks, pages, notes };
        document.check()?;
        Ok(document)
    }

    /// The characters of `span`, or nothing where it is not a span of this text.
    pub fn slice(&self, span: Span) -> Option<&str> {
        self.text.get(span.range())
    }

    /// Numbers of the pages that `span` touches, in order; empty for formats without pages.
    pub fn pages_of(&self, span: Span) -> Vec<u32> {
        self.pages_touched(span).map(|page| page.number).collect()
    }

    /// Pages that hold at least one byte of `span`. Pages are in order, so two searches do.
    pub(crate) fn pages_touched(&self, span: Span) -> impl Iterator<Item = &Page> {
        let first = self.pages.partition_point(|page| page.span.end <= span.start);
        self.pages
            .get(first..)
            .unwrap_or_default()
            .iter()
            .take_while(move |page| page.span.start < span.end)
            .filter(move |page| page.span.overlaps(span))
    }
}

/// Bytes of [`Document::text`], on character boundaries: from `start` up to, not including, `end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// The byte after the last one.
    pub end: u32,
}

impl Span {
    /// The bytes from `start` up to `end`.
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// How many bytes it holds; 0 where `end` is not after `start`.
    pub const fn len(self) -> u32 {
        self.end.saturating_sub(self.start)
    }

    /// Whether it holds no byte.
    pub const fn is_empty(self) -> bool {
        self.end <= self.start
    }

    /// Whether all of `other` lies in this span.
    pub const fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Whether both hold at least one byte in common.
    pub const fn overlaps(self, other: Self) -> bool {
        !self.intersection(other).is_empty()
    }

    /// The bytes that both hold; empty where there are none.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        let start = if self.start > other.start { self.start } else { other.start };
        let end = if self.end < other.end { self.end } else { other.end };
        Self { start, end }
    }

    /// For slices of bytes and texts.
    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Of offsets into a text. Texts longer than a span can say are refused by
    /// [`Document::new`]; for any other text the offset stays at its largest value.
    pub(crate) fn of(start: usize, end: usize) -> Self {
        Self::new(offset(start), offset(end))
    }

    /// The same bytes, counted from `by` bytes earlier.
    pub(crate) const fn shifted(self, by: u32) -> Self {
        Self::new(self.start.saturating_add(by), self.end.saturating_add(by))
    }
}

fn offset(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// A piece of the structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// Its text; never empty.
    pub span: Span,
}

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockKind {
    /// The title of what follows.
    Heading {
        /// From 1, the outermost, to 6.
        level: u8,
    },
    /// Running text. Breaks of lines in it mean nothing.
    Paragraph,
    /// One item of a list.
    ListItem {
        /// How many lists it is inside of, less one.
        depth: u8,
    },
    /// One row of a table. The first of rows that follow each other names the columns.
    TableRow,
    /// Text whose lines are kept.
    Code,
    /// What the document quotes from elsewhere.
    Quote,
}

/// A page, slide, or sheet. Formats without pages have none.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// From 1, counted upwards; not what is printed on the page.
    pub number: u32,
    /// Its text; empty for a page without any.
    pub span: Span,
    /// Width and height, where the format says them.
    pub size: Option<Size>,
    /// Where its characters stand, in order of the text; empty where that is not known.
    pub runs: Vec<Run>,
}

/// Characters that stand together on a page, and where.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    /// The characters; never empty, inside of the span of the page.
    pub span: Span,
    /// Where they stand, inside of the page.
    pub area: Area,
}

/// Width and height in points (1/72 inch).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    /// From left to right, above 0.
    pub width: f32,
    /// From top to bottom, above 0.
    pub height: f32,
}

/// A rectangle, in points from the top left corner of the page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// Distance of its left side from the left side of the page.
    pub left: f32,
    /// Distance of its upper side from the top of the page.
    pub top: f32,
    /// Distance of its right side from the left side of the page; not less than `left`.
    pub right: f32,
    /// Distance of its lower side from the top of the page; not less than `top`.
    pub bottom: f32,
}

impl Area {
    /// From top to bottom.
    pub fn height(self) -> f32 {
        self.bottom - self.top
    }

    /// From left to right.
    pub fn width(self) -> f32 {
        self.right - self.left
    }

    /// The smallest rectangle that holds both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    /// What of it lies on a page of `size`: for parsers of formats in which characters may stand
    /// partly outside of the page. Nothing where all of it lies outside, or where it is no
    /// rectangle.
    pub fn clipped(self, size: Size) -> Option<Self> {
        let clipped = Self {
            left: self.left.max(0.0),
            top: self.top.max(0.0),
            right: self.right.min(size.width),
            bottom: self.bottom.min(size.height),
        };
        (self.is_rectangle() && clipped.is_rectangle()).then_some(clipped)
    }

    /// Whether it has numbers on all sides, in order.
    pub(crate) fn is_rectangle(self) -> bool {
        [self.left, self.top, self.right, self.bottom].iter().all(|side| side.is_finite())
            && self.left <= self.right
            && self.top <= self.bottom
    }
}

/// What was left out or could not be read, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// Nothing can be read there without recognising letters in a picture: a scanned page.
    NoText {
        /// Which page or part.
        place: Place,
    },
    /// It is damaged or in a form that is not understood.
    Unreadable {
        /// Which page or part.
        place: Place,
    },
    /// It is locked with a password.
    Locked {
        /// Which part, such as an attached file.
        place: Place,
    },
    /// It is longer than what is read; the beginning was read.
    Truncated {
        /// Where reading ended.
        place: Place,
    },
    /// Pictures, drawings and diagrams were not read.
    PicturesLeftOut {
        /// Which page or part.
        place: Place,
        /// How many.
        count: u32,
    },
    /// Files inside of the document were not read.
    AttachmentsLeftOut {
        /// Which page or part.
        place: Place,
        /// How many.
        count: u32,
    },
    /// Text that a reader of the document does not see was not read: hidden rows, comments,
    /// deleted passages that are still recorded.
    HiddenLeftOut {
        /// Which page or part.
        place: Place,
    },
    /// The text was recognised in a picture and may hold wrong letters.
    Recognised {
        /// Which page or part.
        place: Place,
    },
    /// Letters could be read but not their order or their meaning with certainty.
    Doubtful {
        /// Which page or part.
        place: Place,
    },
}

/// What a [`Note`] is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// All of it.
    Document,
    /// The page, slide, or sheet of this number.
    Page(u32),
    /// A part that the format names, such as a file in an archive.
    Part(String),
}
