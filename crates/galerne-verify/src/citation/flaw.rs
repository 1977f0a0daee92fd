//! What can be wrong between an evidence record and the document that it cites.

use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// The file is another document, or another reading of it.
    OtherSource { file: String, expected: String, found: String },
    /// The text that was signed does not have the quote at its place.
    NoQuote { file: String, start: u64, end: u64 },
}

impl Flaw {
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::OtherSource { .. } => "citation.other_source",
            Self::NoQuote { .. } => "citation.no_quote",
        }
    }

    pub(crate) const fn hint(&self) -> &'static str {
        match self {
            Self::OtherSource { .. } => {
                "give the very version that is cited, byte by byte, and the text as it was read \
                 then"
            }
            Self::NoQuote { .. } => {
                "whoever signed the record cites what does not stand there; keep record and text"
            }
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherSource { file, expected, found } => {
                write!(formatter, "{file} is `{found}`, and the record cites `{expected}`")
            }
            Self::NoQuote { file, start, end } => {
                write!(formatter, "{file} does not have the quote at bytes {start} to {end}")
            }
        }
    }
}
