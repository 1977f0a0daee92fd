//! Turns: what starts, goes on with, reads and stops an answer.

use assistant::{Idempotency, TurnReader};
use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use inference_wire::{
    AppendConversation, ConversationEvent, ConversationResponse, ErrorBody, RestartConversation,
    StartConversation,
};
use tokio::time::Instant;

use super::{convert, header, id::ConversationPath, query, refusals::Refusals, stream};
use crate::{ApiState, answer, body, caller::Authenticated, problem::Problem};

/// Start a conversation
///
/// The server keeps the conversation and owns the answer: it is written to its end when the
/// client leaves, and `GET /v1/conversations/{id}/events` reads it from any byte. With
/// `stream: true` the answer comes as server-sent events. With the header `Idempotency-Key` a
/// request may be sent again: the second one gets the same answer and starts nothing. A question
/// that was kept and got no answer is found at the `Location` of the error.
#[utoipa::path(
    post,
    path = "/v1/conversations",
    operation_id = "startConversation",
    tag = "conversations",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 128 visible ASCII characters"),
    ),
    request_body = StartConversation,
    responses(
        (status = 200, description = "The answer", content(
            (ConversationResponse = "application/json"),
            (ConversationEvent = "text/event-stream"),
        )),
        Refusals,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("conversation.start")), ("x-permission" = json!("conversations"))),
)]
pub(crate) async fn start(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<Response, Problem> {
    let asked = Asked::read(request, &state).await?;
    let wanted = StartConversation::decode(&asked.body)?;
    let form = Form::of(wanted.stream);
    let start = convert::start(wanted, asked.idempotency.clone())?;
    let reader = state.assistant.start(&caller, start).await?;
    asked.answer(reader, form, &state).await
}

/// Go on with a conversation
///
/// With `parent_id` another branch begins there. With `parent_id` and without `inputs`, a
/// question is answered again and an answer is continued. While an answer is being written,
/// another one is refused with 409.
#[utoipa::path(
    post,
    path = "/v1/conversations/{id}",
    operation_id = "appendConversation",
    tag = "conversations",
    params(
        ("id" = String, Path, description = "The id of the conversation"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 128 visible ASCII characters"),
    ),
    request_body = AppendConversation,
    responses(
        (status = 200, description = "The answer", content(
            (ConversationResponse = "application/json"),
            (ConversationEvent = "text/event-stream"),
        )),
        Refusals,
        (status = 409, description = "An answer is being written", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("conversation.append")), ("x-permission" = json!("conversations"))),
)]
pub(crate) async fn append(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    ConversationPath(id): ConversationPath,
    request: Request,
) -> Result<Response, Problem> {
    let asked = Asked::read(request, &state).await?;
    let wanted = AppendConversation::decode(&asked.body)?;
    let form = Form::of(wanted.stream);
    let append = convert::append(wanted, asked.idempotency.clone())?;
    let reader = state.assistant.append(&caller, id, append).await?;
    asked.answer(reader, form, &state).await
}

/// Start a conversation from the middle of another one
///
/// The new conversation begins with a copy of the branch that ends in `from_entry_id`; the copies
/// have ids of their own. The old one stays as it is.
#[utoipa::path(
    post,
    path = "/v1/conversations/{id}/restart",
    operation_id = "restartConversation",
    tag = "conversations",
    params(
        ("id" = String, Path, description = "The id of the old conversation"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 128 visible ASCII characters"),
    ),
    request_body = RestartConversation,
    responses(
        (status = 200, description = "The answer", content(
            (ConversationResponse = "application/json"),
            (ConversationEvent = "text/event-stream"),
        )),
        Refusals,
        (status = 409, description = "The entry is still being written", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("conversation.start")), ("x-permission" = json!("conversations"))),
)]
pub(crate) async fn restart(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    ConversationPath(id): ConversationPath,
    request: Request,
) -> Result<Response, Problem> {
    let asked = Asked::read(request, &state).await?;
    let wanted = RestartConversation::decode(&asked.body)?;
    let form = Form::of(wanted.stream);
    let restart = convert::restart(wanted, asked.idempotency.clone())?;
    let reader = state.assistant.restart(&caller, id, restart).await?;
    asked.answer(reader, form, &state).await
}

/// Stop the answer that is being written
///
/// What was written stays. Without a running answer nothing happens.
#[utoipa::path(
    post,
    path = "/v1/conversations/{id}/stop",
    operation_id = "stopConversation",
    tag = "conversations",
    params(("id" = String, Path, description = "The id of the conversation")),
    responses(
        (status = 204, description = "No answer is being written any more"),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this, or the request comes from a foreign page", body = ErrorBody),
        (status = 404, description = "No such conversation", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("conversation.stop")), ("x-permission" = json!("conversations"))),
)]
pub(crate) async fn stop(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    ConversationPath(id): ConversationPath,
) -> Result<StatusCode, Problem> {
    state.assistant.stop(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Read an answer as it is written
///
/// The running answer, or else the newest one of the shown branch; with `entry_id` that one. The
/// id of each event is the number of bytes of the answer's text that are known with it: who sends
/// it back as `Last-Event-ID` gets the rest, each byte once, also after the answer has ended and
/// after the server was started again.
#[utoipa::path(
    get,
    path = "/v1/conversations/{id}/events",
    operation_id = "readConversationEvents",
    tag = "conversations",
    params(
        ("id" = String, Path, description = "The id of the conversation"),
        ("entry_id" = Option<String>, Query, description = "The id of the answer"),
        ("Last-Event-ID" = Option<u64>, Header, description = "The id of the last event that was read"),
    ),
    responses(
        (status = 200, description = "The rest of the answer", body = ConversationEvent, content_type = "text/event-stream"),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "No such conversation or entry", body = ErrorBody),
        (status = 422, description = "No character of the answer begins at that byte", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("conversation.read")), ("x-permission" = json!("conversations"))),
)]
pub(crate) async fn events(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    ConversationPath(id): ConversationPath,
    query::Answer(entry): query::Answer,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let known = header::last_event_id(&headers)?;
    let reader = state.assistant.events(&caller, id, entry).await?;
    let request = reader.request();
    let reader = known.into_iter().try_fold(reader, TurnReader::after)?;
    let keep_alive = state.settings.keep_alive;
    let mut response = stream::streamed(reader, known.unwrap_or(0), None, keep_alive);
    if let Some(request) = request {
        answer::name(&mut response, request);
    }
    Ok(response)
}

/// How an answer is wanted.
enum Form {
    Streamed,
    Whole,
}

impl Form {
    const fn of(stream: bool) -> Self {
        if stream { Self::Streamed } else { Self::Whole }
    }
}

/// A request for a turn, before its body is understood.
struct Asked {
    at: Instant,
    body: Bytes,
    /// Bytes that the client has of an answer that it asked for before.
    known: Option<u64>,
    idempotency: Option<Idempotency>,
}

impl Asked {
    async fn read(request: Request, state: &ApiState) -> Result<Self, Problem> {
        let at = Instant::now();
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let headers = request.headers().clone();
        let known = header::last_event_id(&headers)?;
        let body = body::read(request, &state.settings).await?;
        let idempotency = header::idempotency(&headers, (method.as_str(), &path), &body)?;
        Ok(Self { at, body, known, idempotency })
    }

    /// The turn goes on whatever becomes of this answer.
    async fn answer(
        self,
        reader: TurnReader,
        form: Form,
        state: &ApiState,
    ) -> Result<Response, Problem> {
        let request = reader.request();
        let mut response = match form {
            Form::Streamed => {
                let reader = self.known.into_iter().try_fold(reader, TurnReader::after)?;
                let (known, keep_alive) = (self.known.unwrap_or(0), state.settings.keep_alive);
                stream::streamed(reader, known, Some(self.at), keep_alive)
            }
            Form::Whole => {
                let entry = reader.entry();
                match convert::response(entry, reader.read_to_end().await?) {
                    Ok(answer) => Json(answer).into_response(),
                    Err(problem) => problem.into_response(),
                }
            }
        };
        if let Some(request) = request {
            answer::name(&mut response, request);
        }
        Ok(response)
    }
}
