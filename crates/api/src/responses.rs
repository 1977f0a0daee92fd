//! `POST /v1/responses`

mod transcript;

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use inference::{ChatEvent, ChatStream};
use inference_wire::{
    ErrorBody,
    responses::{
        ResponsesAnswer, ResponsesBody, ResponsesEvent, ResponsesInputTokens, ResponsesRequest,
        ResponsesTokensObject,
    },
};
use tokio::time::Instant;

use crate::{
    ApiState,
    answer::{self, Head, Script},
    body,
    caller::Authenticated,
    convert,
    metering::FirstToken,
    problem::Problem,
};
pub(crate) use transcript::Transcript;

/// Answer, in the shape of Responses
///
/// The same answers as `/v1/chat/completions`, for clients that speak Responses. Nothing is kept:
/// each request brings the whole conversation, and `previous_response_id`, `conversation`,
/// `prompt` and `background` are refused. The only tools are functions that the caller runs.
///
/// With `stream: true` the answer comes as server-sent events, each with its name and a
/// `ResponsesEvent`; the last is `response.completed`, `response.incomplete` or `response.failed`.
/// Lines that start with `:` are to be skipped. Closing the connection stops the model.
#[utoipa::path(
    post,
    path = "/v1/responses",
    operation_id = "createResponse",
    tag = "chat",
    request_body = ResponsesBody,
    responses(
        (status = 200, description = "The answer", content(
            (ResponsesAnswer = "application/json"),
            (ResponsesEvent = "text/event-stream"),
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
pub(crate) async fn create(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<Response, Problem> {
    let started = Instant::now();
    let body = body::read(request, &state.settings).await?;
    let ResponsesRequest { chat, echo } = ResponsesRequest::decode(&body)?;
    drop(body);
    let streamed = chat.stream;
    let command = convert::chat_command(chat)?;
    let stream = state.chat.start(&caller, command).await?;
    let id = stream.request();
    let transcript = Transcript::new(Head::of(&stream), echo);
    let mut response = if streamed {
        let script = Script::Responses(Box::new(transcript));
        answer::framed(vec![stream], script, started, state.settings.keep_alive)
    } else {
        match complete(stream, transcript, started).await {
            Ok(answer) => Json(answer).into_response(),
            Err(problem) => problem.into_response(),
        }
    };
    // Also of an answer that broke off: its entry and usage row exist.
    answer::name(&mut response, id);
    Ok(response)
}

/// Count the tokens of a request for Responses
///
/// How many tokens the model would read, with all that its template and tools add. Nothing is
/// computed and nothing is charged.
#[utoipa::path(
    post,
    path = "/v1/responses/input_tokens",
    operation_id = "countResponseInput",
    tag = "chat",
    request_body = ResponsesBody,
    responses(
        (status = 200, description = "The count", body = ResponsesInputTokens),
        (status = 400, description = "Not JSON, not UTF-8, or too long for the model", body = ErrorBody),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this, or the request comes from a foreign page", body = ErrorBody),
        (status = 404, description = "The model is not served here", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time", body = ErrorBody),
        (status = 413, description = "The body is too large", body = ErrorBody),
        (status = 422, description = "Fields that make no sense or are not offered", body = ErrorBody),
        (status = 429, description = "Every place is taken; see Retry-After", body = ErrorBody),
        (status = 503, description = "The server is stopping", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("none")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn count(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<Json<ResponsesInputTokens>, Problem> {
    let body = body::read(request, &state.settings).await?;
    let ResponsesRequest { chat, .. } = ResponsesRequest::decode(&body)?;
    let command = convert::chat_command(chat)?;
    let input_tokens = state.chat.count(&caller, &command.into()).await?;
    Ok(Json(ResponsesInputTokens { object: ResponsesTokensObject::InputTokens, input_tokens }))
}

/// Waits for the whole answer. `started` is when the request arrived.
async fn complete(
    mut stream: ChatStream,
    mut transcript: Transcript,
    started: Instant,
) -> Result<ResponsesAnswer, Problem> {
    let mut clock = FirstToken::new(started);
    loop {
        match stream.next().await {
            Some(event @ (ChatEvent::Token(_) | ChatEvent::Call(_))) => {
                clock.token();
                transcript.take(event);
            }
            Some(event @ ChatEvent::Finished { .. }) => {
                transcript.take(event);
                return Ok(transcript.into_answer());
            }
            event => return Err(answer::broken_off(event.as_ref())),
        }
    }
}
