//! Documents of collections.

use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
};
use inference_wire as wire;

use super::{convert, query::DocumentsAsked};
use crate::{
    ApiState,
    caller::Authenticated,
    library::{
        path::OneDocument,
        refusals::{BadForm, BadQuery, Held, NotThere, Usual},
        upload,
    },
    problem::Problem,
};

/// The form of an upload.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "only described, never made")]
pub(crate) struct CollectionForm {
    /// The collection, before the file; older clients say `collection`.
    collection_id: String,
    /// The document.
    #[schema(format = Binary)]
    file: String,
    /// In the place of the name of the file.
    name: Option<String>,
    /// What is said of it, a JSON object of at most 4 KiB.
    metadata: Option<String>,
}

/// List the documents of a collection
///
/// The newest first.
#[utoipa::path(
    get,
    path = "/v1/documents",
    operation_id = "listDocuments",
    tag = "collections",
    params(
        ("collection_id" = String, Query, description = "The id of the collection; older clients say `collection`"),
        ("name" = Option<String>, Query, description = "Those whose names have these characters"),
        ("limit" = Option<u32>, Query, description = "1 to 100; 10 if absent"),
        ("offset" = Option<u32>, Query, description = "So many of the newest are left out; 0 if absent"),
    ),
    responses(
        (status = 200, description = "One page", body = wire::CollectionDocumentList),
        Usual,
        NotThere,
        BadQuery,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("document.list")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    asked: DocumentsAsked,
) -> Result<Json<wire::CollectionDocumentList>, Problem> {
    let page = state.documents.list_some(&caller, &asked.listing()).await?;
    let data = page.documents.iter().map(convert::document).collect();
    Ok(Json(wire::CollectionDocumentList { object: wire::ListObject::List, data }))
}

/// Add a document to a collection
///
/// One that has the name of a document of the collection becomes another version of it, and has its
/// id. It is read in the background. How it is cut is the server's business: `chunker` and its like
/// are ignored. Needs an editor.
#[utoipa::path(
    post,
    path = "/v1/documents",
    operation_id = "addDocument",
    tag = "collections",
    request_body(content = CollectionForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "It is kept, and read even after a crash", body = wire::CreatedId),
        Usual,
        NotThere,
        BadForm,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("document.add")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn add(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<(StatusCode, Json<wire::CreatedId>), Problem> {
    let added = upload::receive(&state, &caller, None, request).await?;
    Ok((StatusCode::CREATED, Json(wire::CreatedId { id: added.document.id.to_string() })))
}

/// Tell of one document
#[utoipa::path(
    get,
    path = "/v1/documents/{id}",
    operation_id = "readDocument",
    tag = "collections",
    params(("id" = String, Path, description = "The id of the document")),
    responses(
        (status = 200, description = "What is known of it", body = wire::CollectionDocument),
        Usual,
        NotThere,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("document.read")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn read(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    OneDocument(id): OneDocument,
) -> Result<Json<wire::CollectionDocument>, Problem> {
    let found = state.documents.read(&caller, state.documents.now(id)).await?;
    Ok(Json(convert::document(&found)))
}

/// Delete a document
///
/// With all of its versions: nobody finds or reads anything of it once this is answered. Needs an
/// editor.
#[utoipa::path(
    delete,
    path = "/v1/documents/{id}",
    operation_id = "deleteDocument",
    tag = "collections",
    params(("id" = String, Path, description = "The id of the document")),
    responses(
        (status = 204, description = "It is gone"),
        Usual,
        NotThere,
        Held,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("document.delete")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    OneDocument(id): OneDocument,
) -> Result<StatusCode, Problem> {
    state.documents.delete(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
