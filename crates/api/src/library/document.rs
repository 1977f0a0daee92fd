//! What stands in libraries: list, add, tell, change, remove, read anew.

use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
};
use inference_wire as wire;
use knowledge::AddTo;

use super::{
    convert,
    path::{DocumentPath, LibraryPath},
    query::{DocumentsAsked, VersionAsked, VersionsAsked},
    refusals::{BadBody, BadForm, BadQuery, Held, NotThere, Usual},
    upload,
};
use crate::{ApiState, body, caller::Authenticated, problem::Problem};

/// The form of an upload.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "only described, never made")]
pub(crate) struct DocumentForm {
    /// The document.
    #[schema(format = Binary)]
    file: String,
    /// Galerne's own: in the place of the name of the file.
    name: Option<String>,
    /// Galerne's own: what is said of it, a JSON object of at most 4 KiB.
    attributes: Option<String>,
    /// Galerne's own: from when on it holds, a day or a time in RFC 3339; from now on if absent.
    in_force_from: Option<String>,
    /// Galerne's own: until when, that time not included.
    in_force_until: Option<String>,
}

/// List the documents of a library
///
/// The newest first, unless `sort_by` and `sort_order` say otherwise. A library with more than
/// 50,000 documents is listed by `created_at`, all of them.
#[utoipa::path(
    get,
    path = "/v1/libraries/{id}/documents",
    operation_id = "listLibraryDocuments",
    tag = "libraries",
    params(
        ("id" = String, Path, description = "The id of the library"),
        ("page" = Option<u32>, Query, description = "From 0"),
        ("page_size" = Option<u32>, Query, description = "1 to 1000; 100 if absent"),
        ("search" = Option<String>, Query, description = "Those whose names have these characters"),
        ("filters_attributes" = Option<String>, Query, description = "Those that have all of these attributes: a JSON object"),
        ("sort_by" = Option<String>, Query, description = "`created_at` (if absent), `updated_at`, `name` or `size`"),
        ("sort_order" = Option<String>, Query, description = "`desc` (if absent) or `asc`"),
    ),
    responses(
        (status = 200, description = "One page", body = wire::LibraryDocumentList),
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
    LibraryPath(library): LibraryPath,
    asked: DocumentsAsked,
) -> Result<Json<wire::LibraryDocumentList>, Problem> {
    let (page, page_size) = (asked.page, asked.page_size);
    let found = state.documents.list_some(&caller, &asked.listing(library)).await?;
    let pagination = convert::pagination((found.total, found.has_more), page, page_size);
    let data = found.documents.iter().map(convert::document).collect();
    Ok(Json(wire::LibraryDocumentList { pagination, data }))
}

/// Add a document
///
/// A form with the document. One that has the name of a document of the library becomes another
/// version of it, which holds from now on, or from `in_force_from` on; the same bytes become none.
/// It is read in the background: `state` tells how far it is. At most 64 MiB. Needs an editor.
#[utoipa::path(
    post,
    path = "/v1/libraries/{id}/documents",
    operation_id = "addLibraryDocument",
    tag = "libraries",
    params(("id" = String, Path, description = "The id of the library")),
    request_body(content = DocumentForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The library had it already", body = wire::LibraryDocument),
        (status = 201, description = "It is kept, and read even after a crash", body = wire::LibraryDocument),
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
    LibraryPath(library): LibraryPath,
    request: Request,
) -> Result<(StatusCode, Json<wire::LibraryDocument>), Problem> {
    // Nothing is read of what would be refused.
    state.documents.may_add(&caller, library).await?;
    let added = upload::receive(&state, &caller, Some(AddTo::Named(library)), request).await?;
    let status = if added.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(convert::document(&added.document))))
}

/// Tell of one document
#[utoipa::path(
    get,
    path = "/v1/libraries/{id}/documents/{document}",
    operation_id = "readLibraryDocument",
    tag = "libraries",
    params(
        ("id" = String, Path, description = "The id of the library"),
        ("document" = String, Path, description = "The id of the document"),
        ("version" = Option<u32>, Query, description = "Galerne's own: with this version, from 1"),
        ("as_of" = Option<String>, Query, description = "Galerne's own: with the version that held at this day or time"),
    ),
    responses(
        (status = 200, description = "What is known of it", body = wire::LibraryDocument),
        Usual,
        NotThere,
        BadQuery,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("document.read")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn read(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    path: DocumentPath,
    asked: VersionAsked,
) -> Result<Json<wire::LibraryDocument>, Problem> {
    let DocumentPath { library, document } = path;
    state.documents.must_be_in(&caller, library, document).await?;
    let wanted = asked.wanted(&state.documents, document);
    Ok(Json(convert::document(&state.documents.read(&caller, wanted).await?)))
}

/// Change a document
///
/// As with `PATCH`: older clients of Mistral send what they change with `PUT`.
#[utoipa::path(
    put,
    path = "/v1/libraries/{id}/documents/{document}",
    operation_id = "replaceLibraryDocument",
    tag = "libraries",
    params(
        ("id" = String, Path, description = "The id of the library"),
        ("document" = String, Path, description = "The id of the document"),
    ),
    request_body = wire::UpdateLibraryDocument,
    responses(
        (status = 200, description = "The document as it is now", body = wire::LibraryDocument),
        Usual,
        NotThere,
        BadBody,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("document.update")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn replace(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    path: DocumentPath,
    request: Request,
) -> Result<Json<wire::LibraryDocument>, Problem> {
    let body = body::read(request, &state.settings).await?;
    let change = convert::document_change(wire::UpdateLibraryDocument::decode(&body)?);
    state.documents.must_be_in(&caller, path.library, path.document).await?;
    let changed = state.documents.change(&caller, path.document, change).await?;
    Ok(Json(convert::document(&changed)))
}

/// Change a document
///
/// Its name, its attributes, or both. Needs an editor.
#[utoipa::path(
    patch,
    path = "/v1/libraries/{id}/documents/{document}",
    operation_id = "updateLibraryDocument",
    tag = "libraries",
    params(
        ("id" = String, Path, description = "The id of the library"),
        ("document" = String, Path, description = "The id of the document"),
    ),
    request_body = wire::UpdateLibraryDocument,
    responses(
        (status = 200, description = "The document as it is now", body = wire::LibraryDocument),
        Usual,
        NotThere,
        BadBody,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("document.update")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn update(
    state: State<ApiState>,
    caller: Authenticated,
    path: DocumentPath,
    request: Request,
) -> Result<Json<wire::LibraryDocument>, Problem> {
    replace(state, caller, path, request).await
}

/// Delete a document
///
/// With all of its versions: nobody finds or reads anything of it once this is answered. Needs an
/// editor.
#[utoipa::path(
    delete,
    path = "/v1/libraries/{id}/documents/{document}",
    operation_id = "deleteLibraryDocument",
    tag = "libraries",
    params(
        ("id" = String, Path, description = "The id of the library"),
        ("document" = String, Path, description = "The id of the document"),
    ),
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
    path: DocumentPath,
) -> Result<StatusCode, Problem> {
    let DocumentPath { library, document } = path;
    state.documents.must_be_in(&caller, library, document).await?;
    state.documents.delete(&caller, document).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tell how far a document is
#[utoipa::path(
    get,
    path = "/v1/libraries/{id}/documents/{document}/status",
    operation_id = "readLibraryDocumentStatus",
    tag = "libraries",
    params(
        ("id" = String, Path, description = "The id of the library"),
        ("document" = String, Path, description = "The id of the document"),
    ),
    responses(
        (status = 200, description = "How far it is", body = wire::ProcessingStatus),
        Usual,
        NotThere,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("document.read")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn status(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    path: DocumentPath,
) -> Result<Json<wire::ProcessingStatus>, Problem> {
    let DocumentPath { library, document } = path;
    state.documents.must_be_in(&caller, library, document).await?;
    let found = state.documents.read(&caller, state.documents.now(document)).await?;
    let (process_status, processing_status, state) = convert::states(found.current.state);
    let document_id = found.id.to_string();
    Ok(Json(wire::ProcessingStatus { document_id, process_status, processing_status, state }))
}

/// Have a document read anew
///
/// It is found as before until that is done. Needs an editor.
#[utoipa::path(
    post,
    path = "/v1/libraries/{id}/documents/{document}/reprocess",
    operation_id = "reprocessLibraryDocument",
    tag = "libraries",
    params(
        ("id" = String, Path, description = "The id of the library"),
        ("document" = String, Path, description = "The id of the document"),
    ),
    responses(
        (status = 204, description = "It waits for its turn"),
        Usual,
        NotThere,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("document.update")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn reprocess(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    path: DocumentPath,
) -> Result<StatusCode, Problem> {
    let DocumentPath { library, document } = path;
    state.documents.must_be_in(&caller, library, document).await?;
    state.documents.reprocess(&caller, state.documents.now(document)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List the versions of a document
///
/// Galerne's own. The newest first.
#[utoipa::path(
    get,
    path = "/v1/libraries/{id}/documents/{document}/versions",
    operation_id = "listLibraryDocumentVersions",
    tag = "libraries",
    params(
        ("id" = String, Path, description = "The id of the library"),
        ("document" = String, Path, description = "The id of the document"),
        ("limit" = Option<u32>, Query, description = "1 to 1000; 100 if absent"),
        ("before" = Option<u32>, Query, description = "Those with lower numbers"),
    ),
    responses(
        (status = 200, description = "One page", body = wire::DocumentVersionList),
        Usual,
        NotThere,
        BadQuery,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("document.read")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn versions(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    path: DocumentPath,
    asked: VersionsAsked,
) -> Result<Json<wire::DocumentVersionList>, Problem> {
    let DocumentPath { library, document } = path;
    state.documents.must_be_in(&caller, library, document).await?;
    let found = state.documents.versions(&caller, &asked.query(document)).await?;
    let data = found.iter().map(convert::version).collect();
    Ok(Json(wire::DocumentVersionList { object: wire::ListObject::List, data }))
}
