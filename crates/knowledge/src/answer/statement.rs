//! What an answer is made of.

use domain::{DocumentId, LibraryId, ModelId, Timestamp, TraceId};
use inference::Usage;
use passages::{Area, Span};

use super::Check;
use crate::VersionKey;

/// An answer from documents. That there is none is an answer too.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Of how it came to be.
    pub trace: TraceId,
    pub model: ModelId,
    /// In the order in which they are to be read.
    pub statements: Vec<Statement>,
    /// Of each statement, the number of its first citation; the others follow it.
    pub numbers: Vec<u32>,
    pub outcome: Outcome,
    /// Of all questions to the model; `None` where none was asked.
    pub usage: Option<Usage>,
}

/// A sentence of an answer, and what it rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// On one line.
    pub text: String,
    pub kind: StatementKind,
    /// Never none.
    pub citations: Vec<Citation>,
    /// All of them hold.
    pub checks: Vec<Check>,
}

/// Whose words a statement has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatementKind {
    /// Those of the document, to the letter.
    Quoted,
    /// Those of the model.
    Written,
}

impl StatementKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quoted => "quoted",
            Self::Written => "written",
        }
    }
}

/// Where the words stand that a statement rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Citation {
    pub document: DocumentId,
    pub library: LibraryId,
    /// Of the document, as it was then.
    pub name: String,
    pub version: CitedVersion,
    /// SHA-256 of the bytes of the version.
    pub digest: [u8; 32],
    /// Numbers of the pages; none for formats without pages.
    pub pages: Vec<u32>,
    /// Bytes of the text that was read of the version.
    pub span: Span,
    /// Pages and rectangles, one for each line; none where the format does not say them.
    pub areas: Vec<(u32, Area)>,
    /// The text at `span`, byte by byte.
    pub quote: String,
}

/// Which version of a document is cited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CitedVersion {
    pub key: VersionKey,
    /// From 1, in its document.
    pub number: u32,
}

/// Of each statement, the number of its first citation: from 1, over all statements that held.
/// Citations keep their numbers where statements before them are withdrawn.
pub(super) fn numbers(statements: &[Statement]) -> Vec<u32> {
    let mut next = 1_u32;
    let first = |statement: &Statement| {
        let citations = u32::try_from(statement.citations.len()).unwrap_or(u32::MAX);
        let first = next;
        next = next.saturating_add(citations);
        first
    };
    statements.iter().map(first).collect()
}

/// The citation of a number.
pub(crate) fn numbered(statements: &[Statement], number: u32) -> Option<&Citation> {
    let place = usize::try_from(number.checked_sub(1)?).ok()?;
    statements.iter().flat_map(|statement| &statement.citations).nth(place)
}

/// How an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Answered {
        /// Statements that are left out since their documents may not be read any more.
        withdrawn: u32,
        /// Sentences that did not hold and were left out.
        refused: u32,
    },
    NoAnswer {
        gap: Gap,
    },
}

/// What was searched without finding an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    pub because: GapReason,
    pub searched: Searched,
    /// Passages that were found.
    pub hits: u32,
    /// Passages that the model was shown.
    pub passages: u32,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GapReason {
    /// Nothing was found that the caller may read.
    NothingFound,
    /// The model says that no passage answers.
    NotInPassages,
    /// The model quoted nothing whole, or nothing that it wrote holds.
    NothingHeld,
    /// All documents that were quoted may not be read any more.
    Withdrawn,
}

impl GapReason {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NothingFound => "nothing_found",
            Self::NotInPassages => "not_in_passages",
            Self::NothingHeld => "nothing_held",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// What was searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Searched {
    pub libraries: Vec<LibraryId>,
    /// Versions in force then; `None`: the newest ones.
    pub as_of: Option<Timestamp>,
}
