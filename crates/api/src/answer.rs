//! Turns the events of a chat stream into a complete answer or into the frames of a streamed one.

mod chunks;
mod frames;

use std::{convert::Infallible, time::Duration};

use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use domain::RequestId;
use futures_util::stream;
use inference::{ChatEvent, ChatStream};
use inference_wire as wire;
use tokio::time::Instant;

use crate::{
    convert,
    metering::FirstToken,
    observe::REQUEST_ID,
    problem::{Code, Problem},
    responses::Transcript,
};
use chunks::Chunks;
use frames::Frames;

/// What all parts of an answer repeat.
pub(crate) struct Head {
    pub(crate) request: RequestId,
    pub(crate) created: i64,
    pub(crate) model: String,
}

impl Head {
    pub(crate) fn of(stream: &ChatStream) -> Self {
        Self {
            request: stream.request(),
            created: stream.created_at().as_seconds(),
            model: stream.model().to_string(),
        }
    }

    fn chat_id(&self) -> String {
        format!("chatcmpl-{}", self.request)
    }
}

/// What the events of an answer are written as.
pub(crate) enum Script {
    Chunks(Chunks),
    Responses(Box<Transcript>),
}

/// Waits for the whole answer. `started` is when the request arrived.
pub(crate) async fn complete(
    mut stream: ChatStream,
    started: Instant,
) -> Result<wire::ChatCompletion, Problem> {
    let head = Head::of(&stream);
    let mut content = String::new();
    let mut tool_calls = Vec::new();
    let mut logprobs = Vec::new();
    let mut clock = FirstToken::new(started);
    let (reason, usage) = loop {
        let event = stream.next().await;
        match event {
            Some(ChatEvent::Token(piece)) => {
                clock.token();
                content.push_str(&piece.text);
                logprobs.extend(piece.logprobs.iter().map(convert::logprob));
            }
            Some(ChatEvent::Call(call)) => {
                clock.token();
                let index = u32::try_from(tool_calls.len()).unwrap_or(u32::MAX);
                tool_calls.push(convert::tool_call(index, call));
            }
            Some(ChatEvent::Finished { reason, usage }) => break (reason, usage),
            Some(
                ChatEvent::Stopped { .. } | ChatEvent::Failed { .. } | ChatEvent::Unrecorded { .. },
            )
            | None => return Err(broken_off(event.as_ref())),
        }
    };
    let logprobs = (!logprobs.is_empty()).then_some(wire::Logprobs { content: logprobs });
    Ok(wire::ChatCompletion {
        id: head.chat_id(),
        object: wire::CompletionObject::ChatCompletion,
        created: head.created,
        model: head.model,
        choices: vec![wire::Choice {
            index: 0,
            message: wire::AnswerMessage { role: wire::AnswerRole::Assistant, content, tool_calls },
            finish_reason: convert::finish_reason(reason),
            logprobs,
        }],
        usage: convert::usage(&usage),
    })
}

/// Why there is no answer, of the event that ended it without one.
pub(crate) fn broken_off(event: Option<&ChatEvent>) -> Problem {
    let problem = if matches!(event, Some(ChatEvent::Unrecorded { .. })) {
        let text = "the answer has ended, and its usage could not be recorded";
        Problem::new(Code::StoreUnavailable, text)
    } else {
        Problem::new(Code::EngineFailed, "the answer broke off")
    };
    problem.audited()
}

/// The answer as chunks of a chat. Dropping the body drops the stream, which cancels it.
pub(crate) fn streamed(stream: ChatStream, started: Instant, keep_alive: Duration) -> Response {
    let script = Script::Chunks(Chunks::new(Head::of(&stream)));
    framed(stream, script, started, keep_alive)
}

/// The answer as server-sent events.
pub(crate) fn framed(
    stream: ChatStream,
    script: Script,
    started: Instant,
    keep_alive: Duration,
) -> Response {
    let frames = Frames::new(stream, script, started, keep_alive);
    event_stream(Body::from_stream(stream::unfold(frames, |mut frames| async {
        let frame = frames.next().await?;
        Some((Ok::<Bytes, Infallible>(frame), frames))
    })))
}

/// An answer whose body is made of server-sent events.
pub(crate) fn event_stream(events: Body) -> Response {
    let mut response = events.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    // Proxies that collect an answer before they pass it on would undo the streaming.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// The request id of the answer is the one of its usage row and audit entry.
pub(crate) fn name(response: &mut Response, id: RequestId) {
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
}
