//! Turns the events of a chat stream into a complete answer or into the frames of a streamed one.

mod chunks;
mod frames;
mod texts;

use std::{convert::Infallible, time::Duration};

use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use domain::RequestId;
use futures_util::{future::join_all, stream};
use inference::{ChatEvent, ChatStream, FinishReason, Usage};
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
pub(crate) use texts::Texts;

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

    /// Of the answers of one request.
    pub(crate) fn of_all(streams: &[ChatStream]) -> Result<Self, Problem> {
        streams.first().map(Self::of).ok_or_else(|| broken_off(None))
    }

    fn chat_id(&self) -> String {
        format!("chatcmpl-{}", self.request)
    }
}

/// What the events of an answer are written as.
pub(crate) enum Script {
    Chunks(Chunks),
    Texts(Texts),
    Responses(Box<Transcript>),
}

/// An answer that was read to its end.
pub(crate) struct Whole {
    pub(crate) content: String,
    pub(crate) tool_calls: Vec<wire::ToolCall>,
    pub(crate) logprobs: Vec<wire::TokenLogprob>,
    pub(crate) reason: FinishReason,
    /// Of all answers of the request.
    pub(crate) usage: Usage,
}

/// Waits for all answers of a request. `started` is when it arrived.
pub(crate) async fn complete(
    head: Head,
    streams: Vec<ChatStream>,
    started: Instant,
) -> Result<wire::ChatCompletion, Problem> {
    let wholes = wholes(streams, started).await?;
    let usage = wholes.first().map(|whole| convert::usage(&whole.usage));
    let choice = |(index, whole): (u32, Whole)| {
        let Whole { content, tool_calls, logprobs, reason, .. } = whole;
        wire::Choice {
            index,
            message: wire::AnswerMessage { role: wire::AnswerRole::Assistant, content, tool_calls },
            finish_reason: convert::finish_reason(reason),
            logprobs: (!logprobs.is_empty()).then_some(wire::Logprobs { content: logprobs }),
        }
    };
    Ok(wire::ChatCompletion {
        id: head.chat_id(),
        object: wire::CompletionObject::ChatCompletion,
        created: head.created,
        model: head.model,
        choices: (0..).zip(wholes).map(choice).collect(),
        usage: usage.ok_or_else(|| broken_off(None))?,
    })
}

/// All answers of a request, or why one of them broke off.
pub(crate) async fn wholes(
    streams: Vec<ChatStream>,
    started: Instant,
) -> Result<Vec<Whole>, Problem> {
    let clocks = std::iter::once(FirstToken::new(started));
    let clocks = clocks.chain(std::iter::repeat_with(FirstToken::counted));
    // All are read, whatever becomes of one: they end together.
    let read =
        join_all(streams.into_iter().zip(clocks).map(|(stream, clock)| whole(stream, clock)));
    read.await.into_iter().collect()
}

async fn whole(mut stream: ChatStream, mut clock: FirstToken) -> Result<Whole, Problem> {
    let (mut content, mut tool_calls, mut logprobs) = (String::new(), Vec::new(), Vec::new());
    loop {
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
            Some(ChatEvent::Finished { reason, usage }) => {
                return Ok(Whole { content, tool_calls, logprobs, reason, usage });
            }
            Some(
                ChatEvent::Stopped { .. } | ChatEvent::Failed { .. } | ChatEvent::Unrecorded { .. },
            )
            | None => return Err(broken_off(event.as_ref())),
        }
    }
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

/// The answers as chunks of a chat. Dropping the body drops the streams, which cancels them.
pub(crate) fn streamed(
    head: Head,
    streams: Vec<ChatStream>,
    started: Instant,
    keep_alive: Duration,
) -> Response {
    let script = Script::Chunks(Chunks::new(head, streams.len()));
    framed(streams, script, started, keep_alive)
}

/// The answers as server-sent events.
pub(crate) fn framed(
    streams: Vec<ChatStream>,
    script: Script,
    started: Instant,
    keep_alive: Duration,
) -> Response {
    let frames = Frames::new(streams, script, started, keep_alive);
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
