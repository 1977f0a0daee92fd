//! Collections, documents, chunks and searches in the shape of Albert (`OpenGateLLM`), over
//! libraries.
//!
//! Its clients hand ids back as they came: they are texts here. Where older and newer versions
//! differ, both are read, and both are written.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{ListObject, finite};

/// A collection to make. Fields that are not listed are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateCollection {
    /// 1 to 200 characters, on one line.
    pub name: String,
    /// What it is for; at most 2,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// What of a collection is to be changed; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpdateCollection {
    /// 1 to 200 characters, on one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// At most 2,000 characters; an empty text takes it away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// The id of what was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedId {
    /// Under which it is asked for.
    pub id: String,
}

/// The `object` member of a [`Collection`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum CollectionObject {
    /// The only value.
    #[default]
    Collection,
}

/// A library, as a collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Collection {
    /// Always `collection`.
    pub object: CollectionObject,
    /// That of the library.
    pub id: String,
    /// On one line.
    pub name: String,
    /// The id of the account that made it; empty once that account was erased.
    pub owner: String,
    /// What it is for.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub description: Option<String>,
    /// Always `null`: `GET /v1/libraries/{id}/share` tells who may use it.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub visibility: Option<String>,
    /// Unix time in seconds; older clients read it.
    pub created_at: i64,
    /// Unix time in seconds; older clients read it.
    pub updated_at: i64,
    /// Unix time in seconds.
    pub created: i64,
    /// Unix time in seconds.
    pub updated: i64,
    /// How many documents it has.
    pub documents: u64,
    /// Bytes of all versions of its documents.
    pub size: u64,
}

/// Some collections, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CollectionList {
    /// Always `list`.
    pub object: ListObject,
    /// The page.
    pub data: Vec<Collection>,
}

/// The `object` member of a [`CollectionDocument`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum CollectionDocumentObject {
    /// The only value.
    #[default]
    Document,
}

/// A document of a collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CollectionDocument {
    /// Always `document`.
    pub object: CollectionDocumentObject,
    /// Under which it is asked for.
    pub id: String,
    /// On one line.
    pub name: String,
    /// The collection that it stands in.
    pub collection_id: String,
    /// Unix time in seconds.
    pub created: i64,
    /// How many; `null` until it was read.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub chunks: Option<u32>,
    /// In bytes.
    pub size: u64,
}

/// Some documents of a collection, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CollectionDocumentList {
    /// Always `list`.
    pub object: ListObject,
    /// The page.
    pub data: Vec<CollectionDocument>,
}

/// The `object` member of a [`Chunk`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum DocumentChunkObject {
    /// The only value.
    #[default]
    Chunk,
}

/// A passage of a document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DocumentChunk {
    /// Always `chunk`.
    pub object: DocumentChunkObject,
    /// Which passage of the document, from 0.
    pub id: u32,
    /// The collection of the document.
    pub collection_id: String,
    /// The document.
    pub document_id: String,
    /// What it says.
    pub content: String,
    /// The attributes of the document, and its name as `document_name`.
    #[cfg_attr(
        feature = "openapi",
        schema(value_type = std::collections::BTreeMap<String, Value>)
    )]
    pub metadata: Map<String, Value>,
    /// When its document was added, as Unix time in seconds.
    pub created: i64,
}

/// Passages of a document, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DocumentChunkList {
    /// Always `list`.
    pub object: ListObject,
    /// The page.
    pub data: Vec<DocumentChunk>,
}

/// How chunks are looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ChunkSearchMethod {
    /// By their words and by their meaning.
    Hybrid,
    /// By their meaning.
    #[default]
    Semantic,
    /// By their words.
    Lexical,
}

/// What somebody looks for. Fields that are not listed are ignored.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SearchChunks {
    /// Words or a question; older clients say `prompt`.
    pub query: String,
    /// Where to look, 1 to 100 of them; everywhere that whoever asks may read, if absent or empty.
    /// Older clients say `collections`.
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub collection_ids: Vec<String>,
    /// 1 to 100 together with `offset`; 10 if absent. Older clients say `k`.
    #[cfg_attr(feature = "openapi", schema(required = false, minimum = 1, maximum = 100))]
    pub limit: u32,
    /// So many of the best are left out; 0 if absent.
    #[cfg_attr(feature = "openapi", schema(required = false, maximum = 99))]
    pub offset: u32,
    /// `semantic` if absent.
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub method: ChunkSearchMethod,
    /// The least score, from 0 to 1; for the method `semantic` alone.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1))]
    pub score_threshold: Option<f32>,
}

/// A passage that was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FoundChunk {
    /// How it was really looked for: `lexical` where no vector could be made.
    pub method: ChunkSearchMethod,
    /// What passages are ordered by; a cosine for the method `semantic`.
    #[serde(serialize_with = "finite::score")]
    pub score: f32,
    /// The passage.
    pub chunk: DocumentChunk,
}

/// Passages that were found, the best first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FoundChunkList {
    /// Always `list`.
    pub object: ListObject,
    /// The passages.
    pub data: Vec<FoundChunk>,
}
