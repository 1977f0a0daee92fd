//! What somebody has typed and not sent: kept by the server, so that no tab, device or restart
//! loses it.

use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use inference_wire::{Draft, ErrorBody, PutDraft};

use super::{convert, id::DraftPath};
use crate::{ApiState, body, caller::Authenticated, problem::Problem};

/// Read a draft
#[utoipa::path(
    get,
    path = "/v1/conversations/{id}/draft",
    operation_id = "readDraft",
    tag = "conversations",
    params(("id" = String, Path, description = "The id of the conversation, or `new` for the next one")),
    responses(
        (status = 200, description = "The draft", body = Draft),
        (status = 204, description = "Nothing is kept"),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "No such conversation", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("draft.read")), ("x-permission" = json!("conversations"))),
)]
pub(crate) async fn read(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    DraftPath(of): DraftPath,
) -> Result<Response, Problem> {
    let draft = state.assistant.draft(&caller, of).await?;
    let draft = draft.map(|draft| Json(convert::draft(draft)).into_response());
    Ok(draft.unwrap_or_else(|| StatusCode::NO_CONTENT.into_response()))
}

/// Keep a draft
///
/// It replaces the one before. One without text and attachments removes it.
#[utoipa::path(
    put,
    path = "/v1/conversations/{id}/draft",
    operation_id = "writeDraft",
    tag = "conversations",
    params(("id" = String, Path, description = "The id of the conversation, or `new` for the next one")),
    request_body = PutDraft,
    responses(
        (status = 204, description = "It is kept"),
        (status = 400, description = "Not JSON or not UTF-8", body = ErrorBody),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this, or the request comes from a foreign page", body = ErrorBody),
        (status = 404, description = "No such conversation or model", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time", body = ErrorBody),
        (status = 413, description = "The body is too large", body = ErrorBody),
        (status = 422, description = "Fields that make no sense", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("draft.write")), ("x-permission" = json!("conversations"))),
)]
pub(crate) async fn write(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    DraftPath(of): DraftPath,
    request: Request,
) -> Result<StatusCode, Problem> {
    let body = body::read(request, &state.settings).await?;
    let draft = convert::write_draft(PutDraft::decode(&body)?)?;
    state.assistant.write_draft(&caller, of, draft).await?;
    Ok(StatusCode::NO_CONTENT)
}
