use serde::{Deserialize, Serialize};

use super::StatementChecks;
use crate::{Usage, finite};

/// Whose words an answer has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum LibraryAnswerMode {
    /// Those of the documents alone.
    #[default]
    Quotes,
    /// Sentences of the model, each held against its quotes.
    Written,
}

/// What takes the place of a written sentence that does not hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum LibraryAnswerFallback {
    /// Its quotes.
    #[default]
    Quote,
    /// Nothing; `refused` says how many there were.
    Nothing,
}

/// What somebody asks of libraries. Fields that are not listed are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AskLibraries {
    /// 1 to 4,000 characters.
    pub question: String,
    /// Where to look, 1 to 100 of them; everywhere that whoever asks may read, if absent.
    pub library_ids: Option<Vec<String>>,
    /// What held then: a day such as `2016-10-01`, which begins in UTC, or a time in RFC 3339; what
    /// holds now, if absent.
    pub as_of: Option<String>,
    /// The model that answers.
    pub model: String,
    /// `quotes` if absent.
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub mode: LibraryAnswerMode,
    /// `quote` if absent.
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub fallback: LibraryAnswerFallback,
    /// Send events while the answer is made.
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub stream: bool,
}

/// The `object` member of a [`LibraryAnswer`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum LibraryAnswerObject {
    /// The only value.
    #[default]
    Answer,
}

/// How an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum LibraryAnswerOutcome {
    /// There is a statement at least.
    Answered,
    /// Nothing answers; `gap` says why.
    NoAnswer,
    /// All documents that were quoted may not be read any more.
    Withdrawn,
}

/// An answer from documents. That there is none is an answer too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LibraryAnswer {
    /// Always `answer`.
    pub object: LibraryAnswerObject,
    /// How it ended.
    pub outcome: LibraryAnswerOutcome,
    /// In the order in which they are to be read.
    pub statements: Vec<LibraryStatement>,
    /// What was searched without finding an answer; `null` where there is one.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub gap: Option<AnswerGap>,
    /// Statements that are left out since their documents may not be read any more.
    pub withdrawn: u32,
    /// Sentences that did not hold and were left out.
    pub refused: u32,
    /// `GET /v1/traces/{id}` tells how it came to be.
    pub trace_id: String,
    /// The model that answered.
    pub model: String,
    /// Of all questions to the model; `null` where none was asked.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub usage: Option<Usage>,
}

/// Whose words a statement has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum LibraryStatementKind {
    /// Those of the document, to the letter.
    Quoted,
    /// Those of the model.
    Written,
}

/// A sentence of an answer, and what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LibraryStatement {
    /// On one line.
    pub text: String,
    /// Whose words it has.
    pub kind: LibraryStatementKind,
    /// Never none.
    pub citations: Vec<LibraryCitation>,
    /// All of them hold.
    pub checks: StatementChecks,
}

/// A version of a document, as it is cited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LibraryCitedVersion {
    /// Of the document, from 1.
    pub number: u32,
    /// Of the installation: what its trace and its record call it.
    pub key: u64,
    /// `sha256:` and 64 hexadecimal digits of the bytes.
    pub digest: String,
}

/// A rectangle on a page, in points from its top left corner.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PageArea {
    /// The number of the page, from 1.
    pub page: u32,
    /// Its left side.
    #[serde(serialize_with = "finite::score")]
    pub left: f32,
    /// Its upper side.
    #[serde(serialize_with = "finite::score")]
    pub top: f32,
    /// Its right side.
    #[serde(serialize_with = "finite::score")]
    pub right: f32,
    /// Its lower side.
    #[serde(serialize_with = "finite::score")]
    pub bottom: f32,
}

/// Where the words stand that a statement rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LibraryCitation {
    /// In its answer, from 1; it stays the same where others are withdrawn. Absent of sentences
    /// that did not hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    /// The document.
    pub document_id: String,
    /// Its name, as it was then.
    pub document_name: String,
    /// The library of the document.
    pub library_id: String,
    /// Which version of it.
    pub version: LibraryCitedVersion,
    /// Numbers of the pages; none for formats without pages.
    pub pages: Vec<u32>,
    /// The first byte in the text that was read of the version.
    pub start: u32,
    /// The byte behind the last one.
    pub end: u32,
    /// One rectangle a line; none where the format does not say where characters stand.
    pub areas: Vec<PageArea>,
    /// The text at the place, byte by byte.
    pub quote: String,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum AnswerGapReason {
    /// Nothing was found that whoever asks may read.
    NothingFound,
    /// The model says that no passage answers.
    NotInPassages,
    /// The model quoted nothing whole, or nothing that it wrote holds.
    NothingHeld,
    /// All documents that were quoted may not be read any more.
    Withdrawn,
}

/// What was searched without finding an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AnswerGap {
    /// Why there is none.
    pub reason: AnswerGapReason,
    /// Which libraries; `null` for all that whoever asks may read.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub library_ids: Option<Vec<String>>,
    /// As of when, in RFC 3339; `null` for what held when it was asked.
    #[cfg_attr(feature = "openapi", schema(required = true, format = DateTime))]
    pub as_of: Option<String>,
    /// Passages that were found.
    pub hits: u32,
    /// Passages that the model was shown.
    pub passages: u32,
}
