//! `/v1/files`: what callers upload, and what batch jobs write for them.

mod query;
mod upload;

use axum::{
    Json,
    extract::{Path, Request, State, rejection::PathRejection},
    http::{HeaderMap, header},
    response::Response,
};
use inference_wire as wire;
use inference_wire::ErrorBody;
use workloads::{File, FileId, FilePage, FileSource, Purpose};

use crate::{
    ApiState,
    caller::Authenticated,
    problem::{Code, Problem},
    stored_bytes,
};
use query::{Hours, Listing};

/// The form of an upload.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "only described, never made")]
pub(crate) struct UploadForm {
    /// The file.
    #[schema(format = Binary)]
    file: String,
    /// `batch`, `fine-tune` (if absent), `ocr`, `agentic_safety`, `assistants`, `vision`,
    /// `user_data` or `evals`.
    purpose: Option<String>,
    /// Hours after which the file is removed.
    expiry: Option<u32>,
}

/// Upload a file
///
/// A form with the file and its `purpose`. At most 512 MB; the file is kept sealed, and nobody else
/// sees it. Files of the purpose `batch` are the input of batch jobs: a JSON object a line.
#[utoipa::path(
    post,
    path = "/v1/files",
    operation_id = "uploadFile",
    tag = "files",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "It is kept", body = wire::File),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 408, description = "Nothing more arrived for too long", body = ErrorBody),
        (status = 413, description = "The file is too large, or there is no room", body = ErrorBody),
        (status = 422, description = "Not a form, or fields that make no sense", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded, or files are locked", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("file.create")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn upload(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<Json<wire::File>, Problem> {
    let file = upload::receive(&state, &caller, request).await?;
    Ok(Json(shown(&file)))
}

/// List files
///
/// Newest first: yours, and those that your batch jobs wrote.
#[utoipa::path(
    get,
    path = "/v1/files",
    operation_id = "listFiles",
    tag = "files",
    params(
        ("purpose" = Option<String>, Query, description = "Those of one purpose"),
        ("limit" = Option<u32>, Query, description = "1 to 1000, 100 if absent; Mistral's clients call it `page_size`"),
        ("page" = Option<u32>, Query, description = "From 0"),
        ("after" = Option<String>, Query, description = "Those behind this file"),
    ),
    responses(
        (status = 200, description = "One page", body = wire::FileList),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "There is no file of that id, behind which to begin", body = ErrorBody),
        (status = 422, description = "Parameters that make no sense", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded, or files are locked", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("file.list")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    Listing(query): Listing,
) -> Result<Json<wire::FileList>, Problem> {
    let FilePage { files, total, has_more } = state.files.list(&caller, &query).await?;
    let data: Vec<_> = files.iter().map(shown).collect();
    let (first_id, last_id) =
        (data.first().map(|file| file.id.clone()), data.last().map(|file| file.id.clone()));
    let object = wire::ListObject::List;
    Ok(Json(wire::FileList { object, data, total, has_more, first_id, last_id }))
}

/// Tell of one file
#[utoipa::path(
    get,
    path = "/v1/files/{id}",
    operation_id = "readFile",
    tag = "files",
    params(("id" = String, Path, description = "The id of the file")),
    responses(
        (status = 200, description = "What is known of it", body = wire::File),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "You have no such file", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded, or files are locked", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("file.read")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn read(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<wire::File>, Problem> {
    let file = state.files.read(&caller, id_of(path)?).await?;
    Ok(Json(shown(&file)))
}

/// Delete a file
///
/// Its bytes are gone when this is answered. A file that a batch job still reads stays.
#[utoipa::path(
    delete,
    path = "/v1/files/{id}",
    operation_id = "deleteFile",
    tag = "files",
    params(("id" = String, Path, description = "The id of the file")),
    responses(
        (status = 200, description = "It is gone", body = wire::DeletedFile),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "You have no such file", body = ErrorBody),
        (status = 409, description = "A batch job reads it, or a hold covers it", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("file.delete")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<wire::DeletedFile>, Problem> {
    let id = id_of(path)?;
    state.files.delete(&caller, id).await?;
    let object = wire::FileObject::File;
    Ok(Json(wire::DeletedFile { id: id.to_string(), object, deleted: true }))
}

/// Read the bytes of a file
#[utoipa::path(
    get,
    path = "/v1/files/{id}/content",
    operation_id = "readFileContent",
    tag = "files",
    params(("id" = String, Path, description = "The id of the file")),
    responses(
        (status = 200, description = "The bytes", body = String, content_type = "application/octet-stream"),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "You have no such file", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded, or files are locked", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("file.read")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn content(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    Ok(stored_bytes::file(state.files.content(&caller, id_of(path)?).await?))
}

/// Make a link to a file
///
/// Whoever has the link reads the file without a key, until its hours are over, the file is gone, or
/// the key or account that made it is let in no longer.
#[utoipa::path(
    get,
    path = "/v1/files/{id}/url",
    operation_id = "linkFile",
    tag = "files",
    params(
        ("id" = String, Path, description = "The id of the file"),
        ("expiry" = Option<u32>, Query, description = "Hours: 1 to 168, 24 if absent"),
    ),
    responses(
        (status = 200, description = "The link", body = wire::FileUrl),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "You have no such file", body = ErrorBody),
        (status = 422, description = "Hours that are not possible", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded, or files are locked", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("file.link")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn url(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    Hours(hours): Hours,
    headers: HeaderMap,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<wire::FileUrl>, Problem> {
    let token = state.files.link(&caller, id_of(path)?, hours).await?;
    // The name was checked before anything else was.
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let scheme = if state.settings.secure_cookie { "https" } else { "http" };
    Ok(Json(wire::FileUrl { url: format!("{scheme}://{host}/v1/file-links/{token}") }))
}

/// Read the bytes of a file with a link
#[utoipa::path(
    get,
    path = "/v1/file-links/{token}",
    operation_id = "readLinkedFile",
    tag = "files",
    params(("token" = String, Path, description = "What `/v1/files/{id}/url` made")),
    responses(
        (status = 200, description = "The bytes", body = String, content_type = "application/octet-stream"),
        (status = 404, description = "The link is not one of ours, or is over", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded, or files are locked", body = ErrorBody),
    ),
    extensions(("x-audit-class" = json!("file.read"))),
)]
pub(crate) async fn linked(
    State(state): State<ApiState>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let token = path.map_or_else(|_| String::new(), |Path(token)| token);
    Ok(stored_bytes::file(state.files.linked(&token).await?))
}

/// What is no id is not the id of a file.
fn id_of(path: Result<Path<String>, PathRejection>) -> Result<FileId, Problem> {
    let id = path.ok().and_then(|Path(text)| id(&text));
    id.ok_or_else(unknown)
}

/// Clients of `OpenAI` may put `file-` before it.
pub(crate) fn id(text: &str) -> Option<FileId> {
    text.strip_prefix("file-").unwrap_or(text).parse().ok()
}

pub(crate) fn unknown() -> Problem {
    Problem::new(Code::FileUnknown, "there is no such file")
        .hint("GET /v1/files lists the files that you have")
}

fn shown(file: &File) -> wire::File {
    wire::File {
        id: file.id.to_string(),
        object: wire::FileObject::File,
        bytes: file.bytes,
        created_at: file.created_at.as_seconds(),
        filename: file.name.clone(),
        purpose: file.purpose.as_str().to_owned(),
        sample_type: sample_type(file).to_owned(),
        source: match file.source {
            FileSource::Upload => "upload",
            FileSource::BatchOutput | FileSource::BatchErrors => "batch",
        }
        .to_owned(),
        num_lines: file.lines,
        mimetype: file.purpose.has_lines().then(|| "application/jsonl".to_owned()),
        expires_at: file.expires_at.map(domain::Timestamp::as_seconds),
        visibility: wire::FileVisibility::User,
        status: wire::FileStatus::Processed,
        deleted: false,
    }
}

/// In Mistral's words, as far as it has one.
const fn sample_type(file: &File) -> &'static str {
    match (file.source, file.purpose) {
        (FileSource::BatchOutput, _) => "batch_result",
        (FileSource::BatchErrors, _) => "batch_error",
        (FileSource::Upload, Purpose::Batch) => "batch_request",
        (FileSource::Upload, Purpose::FineTune) => "instruct",
        (FileSource::Upload, Purpose::Ocr) => "ocr_input",
        (
            FileSource::Upload,
            Purpose::AgenticSafety
            | Purpose::Assistants
            | Purpose::Vision
            | Purpose::UserData
            | Purpose::Evals,
        ) => "document",
    }
}
