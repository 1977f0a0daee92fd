//! What can be wrong with an evidence record, beside its proof.

use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    Malformed {
        reason: String,
    },
    /// The key signed another record.
    Changed {
        key: String,
    },
    /// Nothing in the name of the key at all.
    Unsigned {
        key: String,
    },
    /// The record says something else than the entry.
    Differs {
        leaf: u64,
        fact: &'static str,
        record: String,
        entry: String,
    },
    /// The file is another document, or another reading of it.
    OtherSource {
        file: String,
        expected: String,
        found: String,
    },
    /// The text that was signed does not have the quote at its place.
    NoQuote {
        file: String,
        start: u64,
        end: u64,
    },
}

impl Flaw {
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "citation.malformed",
            Self::Changed { .. } | Self::Unsigned { .. } => "citation.signature",
            Self::Differs { .. } => "citation.differs",
            Self::OtherSource { .. } => "citation.other_source",
            Self::NoQuote { .. } => "citation.no_quote",
        }
    }

    pub(crate) const fn leaf(&self) -> Option<u64> {
        match self {
            Self::Differs { leaf, .. } => Some(*leaf),
            Self::Malformed { .. }
            | Self::Changed { .. }
            | Self::Unsigned { .. }
            | Self::OtherSource { .. }
            | Self::NoQuote { .. } => None,
        }
    }

    pub(crate) const fn hint(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => {
                "keep records byte by byte as they came; have it issued again"
            }
            Self::Changed { .. } => "nothing that it says is to be believed; have it issued again",
            Self::Unsigned { .. } => {
                "check that the key is that of this log; its operator prints it with `galerne \
                 audit key`"
            }
            Self::Differs { .. } => {
                "whoever signed the record contradicts the own log; keep both as evidence"
            }
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
            Self::Malformed { reason } => {
                write!(formatter, "this is no evidence record of a citation: {reason}")
            }
            Self::Changed { key } => write!(
                formatter,
                "the record is not what was signed in the name of {key}: it was changed, or \
                 somebody else signed it"
            ),
            Self::Unsigned { key } => {
                write!(formatter, "the record is not signed by the key of {key}")
            }
            Self::Differs { leaf, fact, record, entry } => write!(
                formatter,
                "the record says of {fact} `{record}`, and the entry of leaf {leaf} `{entry}`"
            ),
            Self::OtherSource { file, expected, found } => {
                write!(formatter, "{file} is `{found}`, and the record cites `{expected}`")
            }
            Self::NoQuote { file, start, end } => {
                write!(formatter, "{file} does not have the quote at bytes {start} to {end}")
            }
        }
    }
}
