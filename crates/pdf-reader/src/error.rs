use std::fmt;

/// Why a document was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PdfError {
    /// It asks for more than the limits give.
    #[error("the document has too much: {what}, at most {max}")]
    TooMuch {
        /// What there is too much of.
        what: Excess,
        /// The limit, in the unit of `what`.
        max: u64,
    },
    /// It is locked with a password that is not empty.
    #[error("the {format} is encrypted")]
    Encrypted {
        /// What the file is.
        format: &'static str,
    },
    /// It does not follow its own format.
    #[error("the {format} is broken at `{part}`")]
    Broken {
        /// What the file is.
        format: &'static str,
        /// Which part of it.
        part: &'static str,
    },
    /// It is of a kind that is not read.
    #[error("there is no reader for {found}")]
    Unsupported {
        /// What the file is.
        found: &'static str,
    },
    /// It has fewer pages.
    #[error("the document has {pages} pages, and no page {page}")]
    PageUnknown {
        /// The one asked for, from 1.
        page: u32,
        /// How many there are.
        pages: u32,
    },
}

/// What a document can have too much of. The text is the unit of the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    /// The file itself.
    BytesIn,
    /// The text that comes out.
    Text,
    /// Of a picture.
    Pixels,
}

impl fmt::Display for Excess {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::BytesIn => "bytes of the file",
            Self::Text => "bytes of text",
            Self::Pixels => "dots of a picture",
        })
    }
}

/// As errors say it.
pub(crate) const PDF: &str = "PDF document";
pub(crate) const IMAGE: &str = "image";

pub(crate) const fn broken(part: &'static str) -> PdfError {
    PdfError::Broken { format: PDF, part }
}
