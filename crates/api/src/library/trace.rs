//! How answers came to be, and signed records of what they cite.

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use inference_wire as wire;

use super::{
    convert::trace as convert,
    path::{CitationPath, TracePath},
    refusals::Usual,
};
use crate::{ApiState, caller::Authenticated, problem::Problem};

/// Tell how an answer came to be
///
/// To the account that asked, without what rests on documents that it may not read any more.
#[utoipa::path(
    get,
    path = "/v1/traces/{id}",
    operation_id = "readTrace",
    tag = "libraries",
    params(("id" = String, Path, description = "The `trace_id` of the answer")),
    responses(
        (status = 200, description = "The trace", body = wire::AnswerTrace),
        (status = 404, description = "No answer of the caller's account has that trace", body = wire::ErrorBody),
        Usual,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("trace.read")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn read(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    TracePath(id): TracePath,
) -> Result<Json<wire::AnswerTrace>, Problem> {
    Ok(Json(convert::trace(state.traces.read(&caller, id).await?)))
}

/// Have a citation signed
///
/// A signed note: the line `galerne citation v1`, one line of JSON that tells what is cited, which
/// model quoted it and where the log has that, an empty line, and the signature of the log's key.
/// `galerne-verify citation FILE --key KEY` checks it without a network. The server waits until the
/// log has signed the entry of the request, a few seconds at most; 503 means to ask again.
#[utoipa::path(
    post,
    path = "/v1/traces/{id}/citations/{number}/record",
    operation_id = "proveCitation",
    tag = "libraries",
    params(
        ("id" = String, Path, description = "The `trace_id` of the answer"),
        ("number" = u32, Path, description = "The `number` of the citation"),
    ),
    responses(
        (status = 200, description = "The record, to be kept byte by byte", body = String, content_type = "text/plain"),
        (status = 404, description = "No answer of the caller's account has that citation, or its document may not be read any more", body = wire::ErrorBody),
        Usual,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("citation.prove")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn record(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    path: CitationPath,
) -> Result<Response, Problem> {
    let CitationPath { trace, number } = path;
    let record = state.evidence.issue_numbered(&caller, trace, number).await?;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    let file = format!("attachment; filename=\"citation-{trace}-{number}.txt\"");
    let mut response = ([(header::CONTENT_TYPE, kind)], record).into_response();
    if let Ok(file) = HeaderValue::try_from(file) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, file);
    }
    Ok(response)
}
