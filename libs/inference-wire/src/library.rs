//! Libraries of documents: Mistral's shapes, and beside them searches, answers with citations and
//! how they came to be.

mod answer;
mod check;
mod document;
mod event;
mod passage;
mod share;
mod trace;

use serde::{Deserialize, Serialize};

pub use answer::{
    AnswerGap, AnswerGapReason, AskLibraries, LibraryAnswer, LibraryAnswerFallback,
    LibraryAnswerMode, LibraryAnswerObject, LibraryAnswerOutcome, LibraryCitation,
    LibraryCitedVersion, LibraryStatement, LibraryStatementKind, PageArea,
};
pub use check::{ClaimsCheck, MissingClaim, MissingClaimKind, SimilarityCheck, StatementChecks};
pub use document::{
    DocumentFailure, DocumentPagination, DocumentState, DocumentText, DocumentVersion,
    DocumentVersionList, LibraryDocument, LibraryDocumentList, ProcessStatus, ProcessingStatus,
    ProcessingWord, UpdateLibraryDocument,
};
pub use event::{AnswerFailure, AnswerStage, AnswerStep, LibraryAnswerEvent};
pub use passage::{
    FoundPassage, FoundVersion, LibrarySearchMode, PassageList, PassageObject, SearchLibraries,
};
pub use share::{
    LibraryShare, LibraryShareList, ShareKind, ShareLevel, ShareLibrary, UnshareLibrary,
};
pub use trace::{
    AnswerTrace, AnswerTraceObject, RejectedSentence, SearchedLibraries, TracedHit, TracedPassage,
    TracedStep, TracedStepKind,
};

/// A library to make. Fields that are not listed are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateLibrary {
    /// 1 to 200 characters, on one line.
    pub name: String,
    /// What it is for; at most 2,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// What of a library is to be changed; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpdateLibrary {
    /// 1 to 200 characters, on one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// At most 2,000 characters; an empty text takes it away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// What somebody may do with a library; each may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum LibraryAccess {
    /// Searches and reads.
    Viewer,
    /// Adds, changes and deletes documents, and sees who else may use the library.
    Editor,
    /// Renames, shares and deletes the library.
    Owner,
}

/// The `owner_type` and `uploaded_by_type` members: who has done it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum LibraryParty {
    /// The only value: an account.
    #[default]
    User,
}

/// A library, as whoever asks sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Library {
    /// Under which it is asked for.
    pub id: String,
    /// On one line.
    pub name: String,
    /// In RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// In RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub updated_at: String,
    /// The account that made it; `null` once that account was erased.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub owner_id: Option<String>,
    /// Always `User`.
    pub owner_type: LibraryParty,
    /// Bytes of all versions of its documents.
    pub total_size: u64,
    /// How many documents it has.
    pub nb_documents: u64,
    /// Always `null`: documents are cut at their sentences.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub chunk_size: Option<u32>,
    /// What it is for.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub description: Option<String>,
    /// Galerne's own: what whoever asks may do with it.
    pub access: LibraryAccess,
}

/// Some libraries, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LibraryList {
    /// The page.
    pub data: Vec<Library>,
    /// Which page of how many.
    pub pagination: DocumentPagination,
    /// `page_token` of the next page; `null` on the last one.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub next_page_token: Option<String>,
}
