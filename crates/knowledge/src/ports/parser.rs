//! The port that reads documents.

use std::{error::Error, fmt};

use async_trait::async_trait;
use passages::Document;

/// Reads documents of people. Every implementation passes `testkit::parser_suite`.
///
/// A document is what somebody sent: it may be damaged, may lie about what it is, and may have been
/// made to attack its reader. Whatever it is, a call ends, and with an error that says what to do
/// where there is nothing to read. Text that people do not see is not read; what was left out is
/// among the notes.
#[async_trait]
pub trait Parser: Send + Sync {
    /// The text of a document, its structure, and where its characters stand on its pages. The
    /// same bytes give the same document as long as the implementation and its settings stay.
    async fn read(&self, source: Source<'_>) -> Result<Document, ParseError>;

    /// A picture of one page, as people see it: for formats that have pages, which are PDF and
    /// pictures. Pages count from 1, as in [`passages::Page::number`].
    async fn page_image(
        &self,
        source: Source<'_>,
        page: u32,
        resolution: Resolution,
    ) -> Result<PageImage, ParseError>;
}

/// The bytes of a document, and what its sender says of it.
pub struct Source<'a> {
    /// The name of its file, of which the ending counts.
    pub name: Option<&'a str>,
    pub media_type: Option<&'a str>,
    /// How many bytes [`Self::content`] gives. What gives more or fewer is no document.
    pub bytes: u64,
    pub content: &'a mut dyn Content,
}

impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, media_type, bytes, content: _ } = self;
        f.debug_struct("Source")
            .field("name", name)
            .field("media_type", media_type)
            .field("bytes", bytes)
            .finish_non_exhaustive()
    }
}

/// Gives bytes piece by piece, so that a large file is never whole in memory.
#[async_trait]
pub trait Content: Send {
    /// The next bytes, never none; `None` at the end.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, ContentError>;
}

/// The bytes could not be had.
#[derive(Debug, thiserror::Error)]
#[error("the bytes of the document could not be had")]
pub struct ContentError {
    pub source: Box<dyn Error + Send + Sync>,
}

/// Bytes that are in memory anyway.
#[derive(Debug)]
pub struct WholeContent(Option<Vec<u8>>);

impl WholeContent {
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }
}

#[async_trait]
impl Content for WholeContent {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, ContentError> {
        Ok(self.0.take())
    }
}

/// How sharp the picture of a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resolution {
    /// 72 dots an inch: to look a document over.
    Overview,
    /// 108 dots an inch: to read on a screen.
    Screen,
    /// 216 dots an inch: to read on a screen with small dots, or closer.
    Sharp,
}

impl Resolution {
    pub const ALL: [Self; 3] = [Self::Overview, Self::Screen, Self::Sharp];

    /// Dots for one inch of the page.
    pub const fn dots_per_inch(self) -> u16 {
        match self {
            Self::Overview => 72,
            Self::Screen => 108,
            Self::Sharp => 216,
        }
    }
}

/// A picture of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageImage {
    /// A file in the format PNG.
    pub png: Vec<u8>,
    /// Dots from left to right. A page that is too large is drawn smaller than asked for; areas of
    /// [`passages::Run`] are scaled by this width through the width of the page.
    pub width: u32,
    /// Dots from top to bottom.
    pub height: u32,
}

/// Why a document was not read.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// It has more than the settings allow.
    #[error("the document has too much: {what}, at most {max}")]
    TooLarge { what: String, max: u64 },
    /// It is not what its sender says.
    #[error("the file is declared as {declared} but its content is {found}")]
    TypeMismatch { declared: String, found: String },
    /// It is locked with a password.
    #[error("the {format} is encrypted")]
    Encrypted { format: String },
    /// It does not follow its own format.
    #[error("the {format} is broken at `{part}`")]
    Broken { format: String, part: String },
    /// Nothing here reads it, or it has no pages to draw.
    #[error("there is no reader for {found}")]
    Unsupported { found: String },
    /// It took its reader too long or too much memory, or broke it.
    #[error("the document could not be read: {reason}")]
    NotRead { reason: String },
    /// It has fewer pages.
    #[error("the document has {pages} pages, and no page {page}")]
    PageUnknown { page: u32, pages: u32 },
    /// As many documents wait as may.
    #[error("as many documents are being read as may be")]
    Busy,
    /// What reads documents is not there any more.
    #[error("documents cannot be read")]
    Unavailable { source: Box<dyn Error + Send + Sync> },
    /// Its bytes were not given.
    #[error(transparent)]
    Content(ContentError),
}

impl ParseError {
    /// Stable name of the reason, with one page in `docs/errors/`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "document.too_large",
            Self::TypeMismatch { .. } => "document.type_mismatch",
            Self::Encrypted { .. } => "document.encrypted",
            Self::Broken { .. } => "document.broken",
            Self::Unsupported { .. } => "document.unsupported",
            Self::NotRead { .. } => "document.not_read",
            Self::PageUnknown { .. } => "document.page_unknown",
            Self::Busy => "document.busy",
            Self::Unavailable { .. } => "document.unavailable",
            Self::Content(_) => "store.unavailable",
        }
    }

    /// What can be done about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "split the document, or ask the operator to raise the limit",
            Self::TypeMismatch { .. } => "give the file the name and media type of its content",
            Self::Encrypted { .. } => "remove the password and send the document again",
            Self::Broken { .. } => "open the document in its own program and save it again",
            Self::Unsupported { .. } => "save the document as PDF, DOCX, ODT, HTML or plain text",
            Self::NotRead { .. } => "print the document to a new PDF, or split it, and try again",
            Self::PageUnknown { .. } => "ask for a page that the document has",
            Self::Busy => "try again in a moment",
            Self::Unavailable { .. } => "the operator has to restart the server and see its log",
            Self::Content(_) => "see `/health` and the server's log",
        }
    }

    /// Whether the same document may be read later, since nothing is wrong with it.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Busy | Self::Unavailable { .. } | Self::Content(_) => true,
            Self::TooLarge { .. }
            | Self::TypeMismatch { .. }
            | Self::Encrypted { .. }
            | Self::Broken { .. }
            | Self::Unsupported { .. }
            | Self::NotRead { .. }
            | Self::PageUnknown { .. } => false,
        }
    }
}
