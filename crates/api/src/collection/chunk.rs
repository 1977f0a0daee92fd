//! Passages of documents of collections: listed, told, and looked for.

use axum::{
    Json,
    extract::{Request, State},
};
use inference_wire as wire;
use knowledge::{DocumentText, Passage, ports::Detail};

use super::{convert, query::Part};
use crate::{
    ApiState, body,
    caller::Authenticated,
    library::{
        path::{ChunkPath, OneDocument},
        refusals::{BadBody, BadQuery, BadSearch, NotThere, Usual},
    },
    problem::{Code, Problem},
};

/// List the passages of a document
///
/// In order.
#[utoipa::path(
    get,
    path = "/v1/chunks/{id}",
    operation_id = "listChunks",
    tag = "collections",
    params(
        ("id" = String, Path, description = "The id of the document"),
        ("limit" = Option<u32>, Query, description = "1 to 100; 10 if absent"),
        ("offset" = Option<u32>, Query, description = "So many of the first are left out; 0 if absent"),
    ),
    responses(
        (status = 200, description = "One page", body = wire::DocumentChunkList),
        (status = 409, description = "The document was not read yet", body = wire::ErrorBody),
        Usual,
        NotThere,
        BadQuery,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("document.read")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    OneDocument(id): OneDocument,
    part: Part,
) -> Result<Json<wire::DocumentChunkList>, Problem> {
    let wanted = state.documents.now(id);
    let found = state.documents.text(&caller, wanted, Detail::Text).await?;
    let DocumentText { document, reading } = &found;
    let behind = reading.passages.iter().skip(part.offset as usize);
    let some = behind.take(part.limit as usize);
    let chunk = |passage: &Passage| convert::chunk(document, passage, reading.slice(passage.span));
    let data = some.map(chunk).collect();
    Ok(Json(wire::DocumentChunkList { object: wire::ListObject::List, data }))
}

/// Tell of one passage
#[utoipa::path(
    get,
    path = "/v1/chunks/{id}/{chunk}",
    operation_id = "readChunk",
    tag = "collections",
    params(
        ("id" = String, Path, description = "The id of the document"),
        ("chunk" = u32, Path, description = "Which passage of it, from 0"),
    ),
    responses(
        (status = 200, description = "The passage", body = wire::DocumentChunk),
        (status = 409, description = "The document was not read yet", body = wire::ErrorBody),
        (status = 422, description = "The document could not be read", body = wire::ErrorBody),
        Usual,
        NotThere,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("document.read")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn read(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    path: ChunkPath,
) -> Result<Json<wire::DocumentChunk>, Problem> {
    let wanted = state.documents.now(path.document);
    let found = state.documents.text(&caller, wanted, Detail::Text).await?;
    let DocumentText { document, reading } = &found;
    let passage = path.chunk.and_then(|number| reading.passage(number)).ok_or_else(unknown)?;
    Ok(Json(convert::chunk(document, passage, reading.slice(passage.span))))
}

/// Search collections
///
/// Passages of documents that the caller may read at that moment, the best first.
#[utoipa::path(
    post,
    path = "/v1/search",
    operation_id = "searchChunks",
    tag = "collections",
    request_body = wire::SearchChunks,
    responses(
        (status = 200, description = "What was found", body = wire::FoundChunkList),
        Usual,
        NotThere,
        BadBody,
        BadSearch,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("library.search")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn search(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<Json<wire::FoundChunkList>, Problem> {
    let body = body::read(request, &state.settings).await?;
    let wanted = wire::SearchChunks::decode(&body)?;
    let found = state.search.find(&caller, &convert::search(&wanted)?).await?;
    Ok(Json(convert::found(found, &wanted)))
}

/// The document is there, and has fewer.
fn unknown() -> Problem {
    Problem::new(Code::DocumentUnknown, "the document has no such passage")
        .hint("GET /v1/chunks/{document} lists its passages, from 0")
}
