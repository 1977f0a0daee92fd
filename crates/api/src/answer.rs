//! Turns the events of a chat stream into a complete answer or into the frames of a streamed one.

use std::{collections::VecDeque, convert::Infallible, time::Duration};

use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use domain::RequestId;
use futures_util::{future::BoxFuture, stream};
use inference::{ChatEvent, ChatStream, TokenPiece, Usage};
use inference_wire as wire;
use tokio::time::{Instant, timeout_at};

use crate::{
    convert,
    metering::FirstToken,
    observe::REQUEST_ID,
    problem::{Code, Problem},
};

/// What all parts of an answer repeat.
struct Head {
    id: String,
    created: i64,
    model: String,
}

impl Head {
    fn of(stream: &ChatStream) -> Self {
        Self {
            id: format!("chatcmpl-{}", stream.request()),
            created: stream.created_at().as_seconds(),
            model: stream.model().to_string(),
        }
    }
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
        match stream.next().await {
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
            Some(ChatEvent::Stopped { .. } | ChatEvent::Failed { .. }) | None => {
                let problem = Problem::new(Code::EngineFailed, "the answer broke off");
                return Err(problem.audited());
            }
            Some(ChatEvent::Unrecorded { .. }) => {
                let text = "the answer has ended, and its usage could not be recorded";
                return Err(Problem::new(Code::StoreUnavailable, text).audited());
            }
        }
    };
    let logprobs = (!logprobs.is_empty()).then_some(wire::Logprobs { content: logprobs });
    Ok(wire::ChatCompletion {
        id: head.id,
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

/// The answer as server-sent events. Dropping the body drops the stream, which cancels it.
pub(crate) fn streamed(stream: ChatStream, started: Instant, keep_alive: Duration) -> Response {
    let frames = Frames::new(stream, started, keep_alive);
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

type NextEvent = BoxFuture<'static, (Option<ChatEvent>, ChatStream)>;

struct Frames {
    head: Head,
    /// Keeps waiting for the same event while keep-alive frames are sent; `None` after the last.
    event: Option<NextEvent>,
    ready: VecDeque<Bytes>,
    keep_alive: Duration,
    silent_since: Instant,
    clock: FirstToken,
    /// How many were sent.
    calls: u32,
}

impl Frames {
    fn new(stream: ChatStream, started: Instant, keep_alive: Duration) -> Self {
        let mut frames = Self {
            head: Head::of(&stream),
            event: Some(wait(stream)),
            ready: VecDeque::new(),
            keep_alive,
            silent_since: Instant::now(),
            clock: FirstToken::new(started),
            calls: 0,
        };
        let role = Some(wire::AnswerRole::Assistant);
        frames.push(wire::Delta { role, ..wire::Delta::default() }, None, None);
        frames
    }

    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                self.silent_since = Instant::now();
                return Some(frame);
            }
            let event = self.event.as_mut()?;
            let next = timeout_at(self.silent_since + self.keep_alive, event).await;
            if let Ok((event, stream)) = next {
                self.take(event, stream);
            } else {
                let frame = Bytes::from_static(wire::sse::KEEP_ALIVE.as_bytes());
                self.ready.push_back(frame);
            }
        }
    }

    fn take(&mut self, event: Option<ChatEvent>, stream: ChatStream) {
        self.event = None;
        match event {
            Some(ChatEvent::Token(piece)) => {
                self.clock.token();
                self.event = Some(wait(stream));
                self.push_piece(piece);
            }
            Some(ChatEvent::Call(call)) => {
                self.clock.token();
                self.event = Some(wait(stream));
                let call = convert::tool_call(self.calls, call);
                self.calls += 1;
                let delta = wire::Delta { tool_calls: vec![call], ..wire::Delta::default() };
                self.push(delta, None, None);
            }
            Some(ChatEvent::Finished { reason, usage }) => {
                self.end(convert::finish_reason(reason), &usage);
            }
            Some(
                ChatEvent::Stopped { usage }
                | ChatEvent::Failed { usage }
                | ChatEvent::Unrecorded { usage },
            ) => {
                self.end(wire::FinishReason::Error, &usage);
            }
            // The caller had stopped reading and was given up; there is no usage to tell.
            None => {}
        }
    }

    fn push_piece(&mut self, piece: TokenPiece) {
        let logprobs: Vec<_> = piece.logprobs.iter().map(convert::logprob).collect();
        let logprobs = (!logprobs.is_empty()).then_some(wire::Logprobs { content: logprobs });
        if !piece.text.is_empty() || logprobs.is_some() {
            let delta = wire::Delta { content: piece.text, ..wire::Delta::default() };
            self.push(delta, logprobs, None);
        }
    }

    fn end(&mut self, reason: wire::FinishReason, usage: &Usage) {
        self.push(wire::Delta::default(), None, Some((reason, convert::usage(usage))));
        self.ready.push_back(Bytes::from_static(wire::sse::DONE.as_bytes()));
    }

    fn push(
        &mut self,
        delta: wire::Delta,
        logprobs: Option<wire::Logprobs>,
        end: Option<(wire::FinishReason, wire::Usage)>,
    ) {
        let (finish_reason, usage) = end.unzip();
        let chunk = wire::ChatCompletionChunk {
            id: self.head.id.clone(),
            object: wire::ChunkObject::ChatCompletionChunk,
            created: self.head.created,
            model: self.head.model.clone(),
            choices: vec![wire::ChunkChoice { index: 0, delta, finish_reason, logprobs }],
            usage,
        };
        match wire::sse::event(&chunk) {
            Ok(frame) => self.ready.push_back(Bytes::from(frame)),
            // Strings and finite numbers always serialise; if they did not, the stream ends.
            Err(error) => {
                tracing::error!(%error, "event not written");
                self.event = None;
            }
        }
    }
}

fn wait(mut stream: ChatStream) -> NextEvent {
    Box::pin(async move {
        let event = stream.next().await;
        (event, stream)
    })
}
