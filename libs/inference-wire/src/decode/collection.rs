//! Reads the requests of Albert's clients about collections, older and newer ones.

use super::{
    asks_for_something,
    conversation::{decode, refuse_all, required_text, text},
    field::{Field, Findings},
};
use crate::{
    ChunkSearchMethod, CreateCollection, FieldErrorKind as Kind, RequestError, SearchChunks,
    UpdateCollection, limits,
};

/// Chunks that are told if nobody says how many, as Albert has it.
const CHUNKS: u32 = 10;

impl CreateCollection {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`RequestError`], as [`ChatRequest::decode`](crate::ChatRequest::decode).
    pub fn decode(body: &[u8]) -> Result<Self, RequestError> {
        decode(body, |body, findings| {
            must_be_private(body, findings);
            Self {
                name: required_text(body, "name", findings),
                description: text(body, "description", findings),
            }
        })
    }
}

impl UpdateCollection {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`RequestError`], as [`ChatRequest::decode`](crate::ChatRequest::decode).
    pub fn decode(body: &[u8]) -> Result<Self, RequestError> {
        decode(body, |body, findings| {
            must_be_private(body, findings);
            Self {
                name: text(body, "name", findings),
                description: text(body, "description", findings),
            }
        })
    }
}

impl SearchChunks {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`RequestError`], as [`ChatRequest::decode`](crate::ChatRequest::decode).
    pub fn decode(body: &[u8]) -> Result<Self, RequestError> {
        decode(body, |body, findings| {
            refuse_all(&["document_ids", "documents", "metadata_filters"], body, findings);
            let query = if body.get("query").is_some() { "query" } else { "prompt" };
            let method = read_method(body, findings).unwrap_or_default();
            let offset = body.get("offset").and_then(|field| field.count(0, findings));
            let offset = offset.unwrap_or(0);
            Self {
                query: required_text(body, query, findings),
                collection_ids: read_collections(body, findings).unwrap_or_default(),
                limit: read_limit(body, offset, findings).unwrap_or(CHUNKS),
                offset,
                method,
                score_threshold: read_threshold(body, method, findings),
            }
        })
    }
}

/// A public one is given to everybody of the organisation, which is a share.
fn must_be_private(body: &Field<'_>, findings: &mut Findings) {
    if let Some(visibility) = body.get("visibility")
        && visibility.text(findings).is_some_and(|visibility| visibility != "private")
    {
        let message = "must be `private`; PUT /v1/libraries/{id}/share gives it to others";
        visibility.refuse(Kind::Unsupported, message, findings);
    }
}

fn read_collections(body: &Field<'_>, findings: &mut Findings) -> Option<Vec<String>> {
    let newer = body.get("collection_ids");
    let field = newer.or_else(|| body.get("collections"))?;
    let list = field.list(findings)?;
    if list.len() > limits::LIBRARIES {
        let message = format!("must have at most {} ids", limits::LIBRARIES);
        field.refuse(Kind::TooLong, &message, findings);
        return None;
    }
    list.iter().map(|id| id.text(findings).map(str::to_owned)).collect()
}

fn read_limit(body: &Field<'_>, offset: u32, findings: &mut Findings) -> Option<u32> {
    let newer = body.get("limit");
    let field = newer.or_else(|| body.get("k"));
    let limit = field.map_or(Some(CHUNKS), |field| field.count(1, findings))?;
    if limit.saturating_add(offset) > limits::CHUNKS {
        let message = format!("must be at most {} together with `offset`", limits::CHUNKS);
        field.as_ref().unwrap_or(body).refuse(Kind::OutOfRange, &message, findings);
        return None;
    }
    Some(limit)
}

fn read_method(body: &Field<'_>, findings: &mut Findings) -> Option<ChunkSearchMethod> {
    let field = body.get("method")?;
    match field.text(findings)? {
        "hybrid" => Some(ChunkSearchMethod::Hybrid),
        "semantic" => Some(ChunkSearchMethod::Semantic),
        "lexical" => Some(ChunkSearchMethod::Lexical),
        _ => {
            field.refuse(Kind::Enum, "must be one of hybrid, semantic, lexical", findings);
            None
        }
    }
}

/// Other scores than cosines have no bound that means anything.
fn read_threshold(
    body: &Field<'_>,
    method: ChunkSearchMethod,
    findings: &mut Findings,
) -> Option<f32> {
    let field = body.get("score_threshold")?;
    let threshold = field.number_in(0.0..=1.0, false, findings)?;
    if method != ChunkSearchMethod::Semantic && asks_for_something(field.value()) {
        let message = "is there for the method `semantic` alone";
        field.refuse(Kind::Value, message, findings);
        return None;
    }
    Some(threshold)
}
