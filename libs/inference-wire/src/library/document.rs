use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::LibraryParty;
use crate::ListObject;

/// How far a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum DocumentState {
    /// It waits for its turn.
    Queued,
    /// Its text is being read.
    Reading,
    /// It is found by its words; its vectors are being made.
    Indexing,
    /// It is found by its words and by its meaning.
    Ready,
    /// `failure` says why it went no further.
    Failed,
}

/// How far a document is, in Mistral's newer words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ProcessStatus {
    /// It waits.
    Todo,
    /// It is being read, or its vectors are being made.
    InProgress,
    /// Nothing is left to do.
    Done,
    /// It went no further.
    Error,
}

/// How far a document is, in Mistral's older words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ProcessingWord {
    /// Something is left to do.
    Running,
    /// Nothing is.
    Completed,
    /// It went no further.
    Error,
}

/// Why a document went no further.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DocumentFailure {
    /// Stable, explained in `docs/errors/`.
    pub code: String,
    /// Which part of the document it is about.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub part: Option<String>,
}

/// Some bytes of a document, and when they hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DocumentVersion {
    /// Of the document, from 1.
    pub number: u32,
    /// `sha256:` and 64 hexadecimal digits of the bytes.
    pub digest: String,
    /// In bytes.
    pub size: u64,
    /// In RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub added_at: String,
    /// How far it is.
    pub state: DocumentState,
    /// Whether it is found, also while it is read anew.
    pub searchable: bool,
    /// From when on it holds, in RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub in_force_from: String,
    /// Until when, that time not included; `null` if no end is known.
    #[cfg_attr(feature = "openapi", schema(required = true, format = DateTime))]
    pub in_force_until: Option<String>,
    /// 0 for formats without pages.
    pub pages: u32,
    /// What is found and shown together.
    pub passages: u32,
    /// Of all passages, as the model counts them that makes vectors.
    pub tokens: u32,
    /// Two letters, or `zz`; `null` if nobody knows.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub language: Option<String>,
    /// What its reading left out or doubts: so many notes.
    pub notes: u32,
    /// Why it went no further.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub failure: Option<DocumentFailure>,
}

/// Versions of a document, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DocumentVersionList {
    /// Always `list`.
    pub object: ListObject,
    /// The page.
    pub data: Vec<DocumentVersion>,
}

/// What is known of a document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LibraryDocument {
    /// Under which it is asked for.
    pub id: String,
    /// The library that it stands in.
    pub library_id: String,
    /// SHA-256 of the bytes of the version that holds, hexadecimal.
    pub hash: String,
    /// As whoever added it says.
    pub mime_type: String,
    /// What its name ends in; `null` if in nothing.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub extension: Option<String>,
    /// Of the version that holds, in bytes.
    pub size: u64,
    /// On one line.
    pub name: String,
    /// In RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// Galerne's own: when something was said or added of it last, in RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub updated_at: String,
    /// Since when nothing is left to do, in RFC 3339.
    #[cfg_attr(feature = "openapi", schema(required = true, format = DateTime))]
    pub last_processed_at: Option<String>,
    /// `null` for formats without pages.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub number_of_pages: Option<u32>,
    /// How far it is, in Mistral's newer words.
    pub process_status: ProcessStatus,
    /// How far it is, in Mistral's older words.
    pub processing_status: ProcessingWord,
    /// The account that added it; `null` once that account was erased.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub uploaded_by_id: Option<String>,
    /// Always `User`.
    pub uploaded_by_type: LibraryParty,
    /// Tokens of its passages.
    pub tokens_processing_total: u32,
    /// What whoever added it says of it.
    #[cfg_attr(
        feature = "openapi",
        schema(value_type = std::collections::BTreeMap<String, Value>)
    )]
    pub attributes: Map<String, Value>,
    /// Galerne's own: how far it is.
    pub state: DocumentState,
    /// Galerne's own: what is found and shown together, so many.
    pub passages: u32,
    /// Galerne's own: how many versions it has.
    pub versions: u32,
    /// Galerne's own: the version that holds, or is about to once it is read.
    pub version: DocumentVersion,
}

/// Which page of a list it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DocumentPagination {
    /// On all pages together.
    pub total_items: u64,
    /// At least 1.
    pub total_pages: u64,
    /// From 0.
    pub current_page: u64,
    /// Of a page that is full.
    pub page_size: u32,
    /// Whether more follow.
    pub has_more: bool,
}

/// Some documents of a library.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LibraryDocumentList {
    /// Which page of how many.
    pub pagination: DocumentPagination,
    /// The page.
    pub data: Vec<LibraryDocument>,
}

/// What of a document is to be changed; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpdateLibraryDocument {
    /// On one line; longer ones than 255 characters are cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// In the place of those that it has; at most 4 KiB as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(value_type = Option<std::collections::BTreeMap<String, Value>>)
    )]
    pub attributes: Option<Map<String, Value>>,
}

/// What was read of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DocumentText {
    /// Places of passages and quotes are bytes of this, in UTF-8.
    pub text: String,
}

/// How far a document is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProcessingStatus {
    /// Which one.
    pub document_id: String,
    /// In Mistral's newer words.
    pub process_status: ProcessStatus,
    /// In Mistral's older words.
    pub processing_status: ProcessingWord,
    /// Galerne's own: in words that tell more.
    pub state: DocumentState,
}
