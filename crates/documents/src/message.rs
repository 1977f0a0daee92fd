//! What server, companion and worker tell each other beside bytes.

use knowledge::ports::ParseError;
use serde::{Deserialize, Serialize};

/// Of a text that comes from a document or from a worker.
const SHOWN_CHARACTERS_MAX: usize = 200;

/// What is to be done with a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Task {
    /// Of the document, which follows.
    pub(crate) bytes: u64,
    pub(crate) name: Option<String>,
    pub(crate) media_type: Option<String>,
    pub(crate) wanted: Wanted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Wanted {
    Reading,
    PageImage { page: u32, dots_per_inch: u16 },
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// A reading follows.
    Read {
        /// What the worker did without, for the log.
        complaints: Vec<String>,
    },
    /// A picture in PNG follows.
    Drawn {
        width: u32,
        height: u32,
    },
    Refused(Refusal),
}

/// Why there is nothing to follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Refusal {
    TooLarge { what: String, max: u64 },
    TypeMismatch { declared: String, found: String },
    Encrypted { format: String },
    Broken { format: String, part: String },
    Unsupported { found: String },
    NotRead { reason: String },
    PageUnknown { page: u32, pages: u32 },
}

impl Refusal {
    pub(crate) fn not_read(reason: impl Into<String>) -> Self {
        Self::NotRead { reason: reason.into() }
    }
}

/// In the server: a worker that was taken over may have written the words.
impl From<Refusal> for ParseError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::TooLarge { what, max } => Self::TooLarge { what: shown(&what), max },
            Refusal::TypeMismatch { declared, found } => {
                Self::TypeMismatch { declared: shown(&declared), found: shown(&found) }
            }
            Refusal::Encrypted { format } => Self::Encrypted { format: shown(&format) },
            Refusal::Broken { format, part } => {
                Self::Broken { format: shown(&format), part: shown(&part) }
            }
            Refusal::Unsupported { found } => Self::Unsupported { found: shown(&found) },
            Refusal::NotRead { reason } => Self::NotRead { reason: shown(&reason) },
            Refusal::PageUnknown { page, pages } => Self::PageUnknown { page, pages },
        }
    }
}

/// Nothing that moves a terminal's cursor, and not too much of it.
pub(crate) fn shown(text: &str) -> String {
    let plain = |character: char| if character.is_control() { '\u{fffd}' } else { character };
    text.chars().take(SHOWN_CHARACTERS_MAX).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_worker_are_shortened_and_move_no_cursor() {
        let reason = format!("a\u{1b}[2J{}", "b".repeat(1000));
        let error: ParseError = Refusal::not_read(reason).into();
        let ParseError::NotRead { reason } = error else { panic!("{error}") };
        assert_eq!(reason.chars().count(), SHOWN_CHARACTERS_MAX);
        assert!(reason.starts_with("a\u{fffd}[2J"));
    }
}
