//! `POST /v1/embeddings`

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use inference_wire::{EmbeddingRequest, EmbeddingResponse, ErrorBody};

use crate::{ApiState, answer, body, caller::Authenticated, convert, problem::Problem};

/// Turn texts into vectors
///
/// Each vector has length one, so that the product of two says how alike their texts are; in other
/// kinds of numbers (`output_dtype`) compare their angles. Models
/// may expect a prefix before each text; it is not added here. Closing the connection stops the
/// model.
#[utoipa::path(
    post,
    path = "/v1/embeddings",
    operation_id = "createEmbeddings",
    tag = "embeddings",
    request_body = EmbeddingRequest,
    responses(
        (status = 200, description = "The vectors", body = EmbeddingResponse),
        (status = 400, description = "Not JSON, not UTF-8, an input that the model cannot read, or refused by the engine elsewhere that has it", body = ErrorBody),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this, or the request comes from a foreign page", body = ErrorBody),
        (status = 404, description = "The model is not served here", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time", body = ErrorBody),
        (status = 413, description = "The body is too large", body = ErrorBody),
        (status = 422, description = "Fields that make no sense or are not offered", body = ErrorBody),
        (status = 429, description = "Every place is taken, or a limit is reached; see Retry-After", body = ErrorBody),
        (status = 500, description = "The engine failed", body = ErrorBody),
        (status = 502, description = "The engine elsewhere that has the model failed", body = ErrorBody),
        (status = 503, description = "The server is stopping or cannot record the request, or no engine that has the model may be asked and is well", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("embedding.create")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn create(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<Response, Problem> {
    let body = body::read(request, &state.settings).await?;
    let request = EmbeddingRequest::decode(&body)?;
    drop(body);
    let (format, dtype) = (request.encoding_format, request.output_dtype);
    let embedded = state.embeddings.embed(&caller, convert::embed_command(request)?).await?;
    let id = embedded.request;
    let mut response = Json(convert::embeddings(embedded, format, dtype)).into_response();
    answer::name(&mut response, id);
    Ok(response)
}
