//! `GET /v1/receipts/{id}`: a signed statement of one answer.

use axum::{
    extract::{FromRequestParts, Path, State},
    http::{HeaderValue, header, request::Parts},
    response::{IntoResponse, Response},
};
use domain::RequestId;
use inference::ReceiptError;
use inference_wire::ErrorBody;

use crate::{ApiState, caller::Authenticated, problem::Problem};

/// The receipt of an answer
///
/// A signed note: the line `galerne receipt v1`, one line of JSON that tells what answered, where,
/// at what cost and where the log has it, an empty line, and the signature of the log's key.
/// `galerne-verify receipt FILE --key KEY` checks it without a network. The server waits until the
/// log has signed the entry of the answer, a few seconds at most; 503 means to ask again.
#[utoipa::path(
    get,
    path = "/v1/receipts/{id}",
    operation_id = "readReceipt",
    tag = "receipts",
    params((
        "id" = String,
        Path,
        description = "The `id` of an answer, its `x-request-id`, or the `request_id` of an answer in a conversation",
    )),
    responses(
        (status = 200, description = "The receipt, to be kept byte by byte", body = String, content_type = "text/plain"),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "No answer of the caller's account has that id", body = ErrorBody),
        (status = 503, description = "The answer or its log entry is not complete yet, or the access cannot be recorded; see Retry-After", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("receipt.read")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn read(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    AnswerPath(request): AnswerPath,
) -> Result<Response, Problem> {
    let receipt = state.receipts.issue(&caller, request).await?;
    let content_type = HeaderValue::from_static("text/plain; charset=utf-8");
    let file = format!("attachment; filename=\"receipt-{request}.txt\"");
    let mut response = ([(header::CONTENT_TYPE, content_type)], receipt).into_response();
    if let Ok(file) = HeaderValue::try_from(file) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, file);
    }
    Ok(response)
}

/// The answer in the path; known only to be an id.
pub(crate) struct AnswerPath(RequestId);

impl FromRequestParts<ApiState> for AnswerPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let id = path.ok().and_then(|Path(text)| inference::request_of(&text));
        // What is no id is not the id of any answer.
        id.map(Self).ok_or_else(|| ReceiptError::Unknown.into())
    }
}
