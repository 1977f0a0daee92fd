//! `POST /v1/chat/completions`

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use inference::Several;
use inference_wire::{ChatCompletion, ChatCompletionChunk, ChatRequest, ErrorBody};
use tokio::time::Instant;

use crate::{
    ApiState,
    answer::{self, Head},
    body,
    caller::Authenticated,
    convert,
    problem::Problem,
};

/// Answer a conversation
///
/// With `stream: true` the answer comes as server-sent events: one `data:` line with a
/// `ChatCompletionChunk` each, then `data: [DONE]`; lines that start with `:` are to be skipped.
/// The last chunk carries `finish_reason` and `usage`. An answer that breaks off ends with the
/// `finish_reason` `error`. Closing the connection stops the model.
///
/// With `tools` the model may ask for calls: `tool_calls` in the message, or one whole call in a
/// chunk of its own, and the `finish_reason` `tool_calls`. Send the results as messages of the role
/// `tool`.
///
/// With `n` several answers are written at once and told apart by their `index`. The chunks of
/// streamed ones come as they are written; their ends come together, and the last of these has the
/// usage of them all.
#[utoipa::path(
    post,
    path = "/v1/chat/completions",
    operation_id = "completeChat",
    tag = "chat",
    request_body = ChatRequest,
    responses(
        (status = 200, description = "The answer", content(
            (ChatCompletion = "application/json"),
            (ChatCompletionChunk = "text/event-stream"),
        )),
        (status = 400, description = "Not JSON, not UTF-8, too long for the model, or refused by the engine elsewhere that has it", body = ErrorBody),
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
    extensions(("x-audit-class" = json!("chat.complete")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn complete(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<Response, Problem> {
    let started = Instant::now();
    let body = body::read(request, &state.settings).await?;
    let request = ChatRequest::decode(&body)?;
    drop(body);
    let streamed = request.stream;
    let choices = request.n.unwrap_or(1);
    let several = Several { choices, ..convert::chat_command(request)?.into() };
    let streams = state.chat.start_several(&caller, several).await?;
    let head = Head::of_all(&streams)?;
    let id = head.request;
    let mut response = if streamed {
        answer::streamed(head, streams, started, state.settings.keep_alive)
    } else {
        match answer::complete(head, streams, started).await {
            Ok(answer) => Json(answer).into_response(),
            Err(problem) => problem.into_response(),
        }
    };
    // Also of an answer that broke off: its entry and usage row exist.
    answer::name(&mut response, id);
    Ok(response)
}
