//! Documents in the order of what they say about a question, in the shape of Cohere, Jina and
//! Albert.

use serde::{Deserialize, Serialize};

use crate::{ListObject, Usage, finite};

/// A request to order documents, as it was understood. Read one with [`RerankRequest::decode`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RerankRequest {
    /// The id of a model that makes vectors.
    pub model: String,
    /// The question.
    pub query: String,
    /// What may answer it: texts, or objects with a `text`; at most 1,000.
    pub documents: Vec<String>,
    /// So many of the best are told; all without.
    #[cfg_attr(feature = "openapi", schema(required = false, minimum = 1))]
    pub top_n: Option<u32>,
    /// Whether the documents are told again.
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub return_documents: bool,
    /// What the model expects before a question: `query: ` for the models of the E5 family.
    #[cfg_attr(feature = "openapi", schema(required = false, max_length = 256))]
    pub query_prefix: String,
    /// What the model expects before a document: `passage: ` for the models of the E5 family.
    #[cfg_attr(feature = "openapi", schema(required = false, max_length = 256))]
    pub document_prefix: String,
}

/// Documents in their order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RerankResponse {
    /// `rerank-` and the id of the request.
    pub id: String,
    /// Always `list`.
    pub object: ListObject,
    /// The model that made the vectors.
    pub model: String,
    /// The best first.
    pub results: Vec<RerankResult>,
    /// The same order in the older shape of Albert.
    #[serde(default)]
    pub data: Vec<RerankScore>,
    /// What the request used.
    pub usage: Usage,
}

/// One document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RerankResult {
    /// Its position in the request, from 0.
    pub index: u32,
    /// The cosine between the vectors of the question and of the document, from -1 to 1. It says
    /// which is nearer, not how near is near enough: that differs between models.
    #[serde(serialize_with = "finite::score")]
    pub relevance_score: f32,
    /// Where `return_documents` asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<RerankDocument>,
}

/// The `object` member of a [`RerankScore`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum RerankObject {
    /// The only value.
    #[default]
    Rerank,
}

/// One document in the older shape of Albert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RerankScore {
    /// Always `rerank`.
    pub object: RerankObject,
    /// Its `relevance_score`.
    #[serde(serialize_with = "finite::score")]
    pub score: f32,
    /// Its position in the request, from 0.
    pub index: u32,
}

/// A document, told again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RerankDocument {
    /// What it says.
    pub text: String,
}
