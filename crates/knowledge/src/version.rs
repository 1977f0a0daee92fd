//! Versions of a document: some bytes, and when they hold.

use domain::Timestamp;
use uuid::Uuid;

use crate::{Language, ReadingState, VersionKey};

/// Under what the bytes of a version lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BytesId(pub Uuid);

/// Bytes of a document, and what was read of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    pub key: VersionKey,
    /// Of the document, from 1.
    pub number: u32,
    /// SHA-256 of the bytes.
    pub digest: [u8; 32],
    pub bytes: u64,
    pub added_at: Timestamp,
    pub state: ReadingState,
    /// Whether it is found: from its first passage in the index on, also while it is read anew.
    pub searchable: bool,
    pub in_force: InForce,
    pub pages: u32,
    pub passages: u32,
    pub tokens: u32,
    pub language: Option<Language>,
    /// What its reading left out or doubts: so many notes.
    pub notes: u32,
    pub failure: Option<ReadFailure>,
    /// Since when nothing more is done to it; `None` while something is.
    pub ended_at: Option<Timestamp>,
}

/// When a version holds: from the first time up to, not including, the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InForce {
    pub from: Timestamp,
    pub until: Option<Timestamp>,
}

impl InForce {
    pub const fn since(from: Timestamp) -> Self {
        Self { from, until: None }
    }

    pub fn holds_at(self, at: Timestamp) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }

    /// The same, at an end where another version begins.
    #[must_use]
    pub fn ended_by(self, next: Timestamp) -> Self {
        let until = self.until.map_or(next, |until| until.min(next));
        Self { until: Some(until), ..self }
    }
}

/// Why a version went no further: a stable code, explained in `docs/errors/`, and which part of
/// the document it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadFailure {
    pub code: String,
    /// Content: a part may have the name of a file of somebody.
    pub part: Option<String>,
}

/// Why a version went no further, where its parser says nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unread {
    /// Somebody asked for its end.
    Cancelled,
    /// It took longer than documents may take.
    Late,
    /// The server went away in the middle of it again and again.
    BrokenOff,
    /// It has more passages than a document may have.
    TooManyPassages,
    /// Its bytes are gone, or are others than those that were added.
    BytesGone,
    /// No vectors can be made of it. It is found by its words.
    NotEmbedded,
}

impl Unread {
    pub const ALL: [Self; 6] = [
        Self::Cancelled,
        Self::Late,
        Self::BrokenOff,
        Self::TooManyPassages,
        Self::BytesGone,
        Self::NotEmbedded,
    ];

    /// Stable code, explained in `docs/errors/`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Cancelled => "document.cancelled",
            Self::Late => "document.late",
            Self::BrokenOff => "document.broken_off",
            Self::TooManyPassages => "document.too_large",
            Self::BytesGone => "document.unreadable",
            Self::NotEmbedded => "document.not_embedded",
        }
    }
}

impl From<Unread> for ReadFailure {
    fn from(unread: Unread) -> Self {
        Self { code: unread.code().to_owned(), part: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn a_version_holds_up_to_its_end() {
        let open = InForce::since(at(5));
        assert!(!open.holds_at(at(4)) && open.holds_at(at(5)) && open.holds_at(at(i64::MAX)));
        let ended = open.ended_by(at(9)).ended_by(at(12));
        assert!(ended.holds_at(at(8)) && !ended.holds_at(at(9)));
        let never = open.ended_by(at(5));
        assert!((0..20).all(|micros| !never.holds_at(at(micros))));
    }
}
