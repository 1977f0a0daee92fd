//! What documents say: their texts, links to their bytes, and pictures of their pages.

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use domain::Caller;
use inference_wire as wire;
use knowledge::ports::Detail;

use super::{
    path::{DocumentPath, PagePath},
    query::{Hours, PictureAsked, VersionAsked},
    refusals::{BadQuery, NotThere, Usual},
};
use crate::{ApiState, caller::Authenticated, problem::Problem, stored_bytes};

/// Read what was read of a document
///
/// Passages and quotes stand at bytes of this text.
#[utoipa::path(
    get,
    path = "/v1/libraries/{id}/documents/{document}/text_content",
    operation_id = "readLibraryDocumentText",
    tag = "libraries",
    params(
        ("id" = String, Path, description = "The id of the library"),
        ("document" = String, Path, description = "The id of the document"),
        ("version" = Option<u32>, Query, description = "Galerne's own: of this version, from 1; of the one that holds if absent"),
        ("as_of" = Option<String>, Query, description = "Galerne's own: of the version that held at this day or time"),
    ),
    responses(
        (status = 200, description = "The text", body = wire::DocumentText),
        (status = 409, description = "It was not read yet", body = wire::ErrorBody),
        (status = 422, description = "It could not be read, or parameters make no sense", body = wire::ErrorBody),
        Usual,
        NotThere,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("document.read")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn text(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    path: DocumentPath,
    asked: VersionAsked,
) -> Result<Json<wire::DocumentText>, Problem> {
    let DocumentPath { library, document } = path;
    state.documents.must_be_in(&caller, library, document).await?;
    let wanted = asked.wanted(&state.documents, document);
    let found = state.documents.text(&caller, wanted, Detail::Text).await?;
    Ok(Json(wire::DocumentText { text: found.reading.document.text }))
}

/// Make a link to the bytes of a document
///
/// Whoever has it reads the version that holds now, without a key. It ends with its time, with the
/// key that made it, and as soon as its maker may not read the document any more.
#[utoipa::path(
    get,
    path = "/v1/libraries/{id}/documents/{document}/signed-url",
    operation_id = "linkLibraryDocument",
    tag = "libraries",
    params(
        ("id" = String, Path, description = "The id of the library"),
        ("document" = String, Path, description = "The id of the document"),
        ("expiry" = Option<u32>, Query, description = "Galerne's own: hours, 1 to 168; 24 if absent"),
        ("version" = Option<u32>, Query, description = "Galerne's own: to this version, from 1"),
    ),
    responses(
        (status = 200, description = "The link", body = String, content_type = "application/json"),
        Usual,
        NotThere,
        BadQuery,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("document.link")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn link(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    path: DocumentPath,
    asked: VersionAsked,
    Hours(hours): Hours,
    headers: HeaderMap,
) -> Result<Json<String>, Problem> {
    let token = token(&state, &caller, path, (asked, hours)).await?;
    Ok(Json(address(&state, &headers, &token)))
}

/// Make a link to the text of a document
///
/// As a link to its bytes.
#[utoipa::path(
    get,
    path = "/v1/libraries/{id}/documents/{document}/extracted-text-signed-url",
    operation_id = "linkLibraryDocumentText",
    tag = "libraries",
    params(
        ("id" = String, Path, description = "The id of the library"),
        ("document" = String, Path, description = "The id of the document"),
        ("expiry" = Option<u32>, Query, description = "Galerne's own: hours, 1 to 168; 24 if absent"),
        ("version" = Option<u32>, Query, description = "Galerne's own: to this version, from 1"),
    ),
    responses(
        (status = 200, description = "The link", body = String, content_type = "application/json"),
        Usual,
        NotThere,
        BadQuery,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("document.link")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn text_link(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    path: DocumentPath,
    asked: VersionAsked,
    Hours(hours): Hours,
    headers: HeaderMap,
) -> Result<Json<String>, Problem> {
    let token = token(&state, &caller, path, (asked, hours)).await?;
    Ok(Json(format!("{}/text", address(&state, &headers, &token))))
}

/// Read the bytes of a document with a link
#[utoipa::path(
    get,
    path = "/v1/document-links/{token}",
    operation_id = "readLinkedDocument",
    tag = "libraries",
    params(("token" = String, Path, description = "What a link ends in")),
    responses(
        (status = 200, description = "The bytes", body = String, content_type = "application/octet-stream"),
        (status = 404, description = "The link is not one of ours, or is over, or its maker may not read the document any more", body = wire::ErrorBody),
        (status = 503, description = "The access cannot be recorded, or libraries are locked", body = wire::ErrorBody),
    ),
    extensions(("x-audit-class" = json!("document.read"))),
)]
pub(crate) async fn linked(
    State(state): State<ApiState>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let token = path.map_or_else(|_| String::new(), |Path(token)| token);
    Ok(stored_bytes::document(state.documents.linked(&token).await?))
}

/// Read the text of a document with a link
#[utoipa::path(
    get,
    path = "/v1/document-links/{token}/text",
    operation_id = "readLinkedDocumentText",
    tag = "libraries",
    params(("token" = String, Path, description = "What a link ends in, but for `/text`")),
    responses(
        (status = 200, description = "The text", body = String, content_type = "text/plain"),
        (status = 404, description = "The link is not one of ours, or is over, or its maker may not read the document any more", body = wire::ErrorBody),
        (status = 409, description = "The document was not read yet", body = wire::ErrorBody),
        (status = 422, description = "The document could not be read", body = wire::ErrorBody),
        (status = 503, description = "The access cannot be recorded, or libraries are locked", body = wire::ErrorBody),
    ),
    extensions(("x-audit-class" = json!("document.read"))),
)]
pub(crate) async fn linked_text(
    State(state): State<ApiState>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let token = path.map_or_else(|_| String::new(), |Path(token)| token);
    let found = state.documents.linked_text(&token).await?;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    let disposition = HeaderValue::from_static("attachment");
    let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, found.reading.document.text).into_response())
}

/// See a page of a document
///
/// Galerne's own: a picture of the page, as people see it. For formats that have pages.
#[utoipa::path(
    get,
    path = "/v1/libraries/{id}/documents/{document}/pages/{page}/image",
    operation_id = "readLibraryDocumentPage",
    tag = "libraries",
    params(
        ("id" = String, Path, description = "The id of the library"),
        ("document" = String, Path, description = "The id of the document"),
        ("page" = u32, Path, description = "From 1"),
        ("version" = Option<u32>, Query, description = "Of this version, from 1; of the one that holds if absent"),
        ("as_of" = Option<String>, Query, description = "Of the version that held at this day or time"),
        ("resolution" = Option<String>, Query, description = "`overview` (72 dots an inch), `screen` (108, if absent) or `sharp` (216)"),
    ),
    responses(
        (status = 200, description = "A file in the format PNG", body = String, content_type = "image/png"),
        (status = 413, description = "It has more dots than are drawn", body = wire::ErrorBody),
        (status = 422, description = "There is no picture of it, or parameters make no sense", body = wire::ErrorBody),
        (status = 429, description = "As many documents are being read as may be; see Retry-After", body = wire::ErrorBody),
        Usual,
        NotThere,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("document.read")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn page(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    path: PagePath,
    asked: PictureAsked,
) -> Result<Response, Problem> {
    let (PagePath { of, page }, PictureAsked { version, resolution }) = (path, asked);
    state.documents.must_be_in(&caller, of.library, of.document).await?;
    let wanted = version.wanted(&state.documents, of.document);
    let drawn = state.page_images.draw(&caller, wanted, (page, resolution)).await?;
    let kind = HeaderValue::from_static("image/png");
    Ok(([(header::CONTENT_TYPE, kind)], drawn.png).into_response())
}

async fn token(
    state: &ApiState,
    caller: &Caller,
    path: DocumentPath,
    (asked, hours): (VersionAsked, u32),
) -> Result<String, Problem> {
    state.documents.must_be_in(caller, path.library, path.document).await?;
    let wanted = asked.wanted(&state.documents, path.document);
    Ok(state.documents.link(caller, wanted, hours).await?)
}

/// Where whoever has the token asks.
fn address(state: &ApiState, headers: &HeaderMap, token: &str) -> String {
    // The name was checked before anything else was.
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let scheme = if state.settings.secure_cookie { "https" } else { "http" };
    format!("{scheme}://{host}/v1/document-links/{token}")
}
