//! A turn as server-sent events. The turn does not wait for whoever reads it: a slow client gets
//! more text at once, one that leaves changes nothing.

use std::{collections::VecDeque, convert::Infallible, time::Duration};

use assistant::{TurnEnd, TurnEvent, TurnReader, TurnStarted};
use axum::{body::Body, response::Response};
use bytes::Bytes;
use futures_util::stream;
use inference_wire::{self as wire, ConversationEvent};
use tokio::time::{Instant, timeout_at};

use super::{
    convert,
    id::{show_conversation, show_entry},
    problem::Broken,
};
use crate::{answer::event_stream, metering::FirstToken};

/// `known`: bytes of the answer that the client has. `asked`: when a new turn was asked for.
pub(super) fn streamed(
    reader: TurnReader,
    known: u64,
    asked: Option<Instant>,
    keep_alive: Duration,
) -> Response {
    let frames = Frames {
        reader,
        known,
        keep_alive,
        clock: asked.map(FirstToken::new),
        ready: VecDeque::new(),
        silent_since: Instant::now(),
        ended: false,
    };
    let body = Body::from_stream(stream::unfold(frames, |mut frames| async {
        let frame = frames.next().await?;
        Some((Ok::<Bytes, Infallible>(frame), frames))
    }));
    event_stream(body)
}

struct Frames {
    reader: TurnReader,
    known: u64,
    keep_alive: Duration,
    clock: Option<FirstToken>,
    ready: VecDeque<Bytes>,
    silent_since: Instant,
    ended: bool,
}

impl Frames {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                self.silent_since = Instant::now();
                return Some(frame);
            }
            if self.ended {
                return None;
            }
            match timeout_at(self.silent_since + self.keep_alive, self.reader.next()).await {
                Ok(Some(event)) => self.take(event),
                Ok(None) => self.ended = true,
                Err(_) => {
                    let frame = Bytes::from_static(wire::sse::KEEP_ALIVE.as_bytes());
                    self.ready.push_back(frame);
                }
            }
        }
    }

    fn take(&mut self, event: TurnEvent) {
        let event = match event {
            TurnEvent::Started(started) => ConversationEvent::Started(begun(&started)),
            TurnEvent::Text { text, offset } => {
                if let Some(clock) = &mut self.clock {
                    clock.token();
                }
                self.known = offset;
                ConversationEvent::Delta(self.delta(text))
            }
            TurnEvent::Ended(end) => {
                self.ended = true;
                ended(show_entry(self.reader.entry()), end)
            }
        };
        match wire::sse::named_event(self.known, event.name(), &event) {
            Ok(frame) => self.ready.push_back(Bytes::from(frame)),
            // Strings and finite numbers always serialise; if they did not, the stream ends.
            Err(error) => {
                tracing::error!(%error, "event not written");
                self.ended = true;
            }
        }
    }

    fn delta(&self, content: String) -> wire::MessageDelta {
        // Known since before the first text.
        let started = self.reader.started();
        let (created_at, model) = started.map_or_else(Default::default, |started| {
            (started.at.to_string(), started.model.to_string())
        });
        wire::MessageDelta {
            created_at,
            output_index: 0,
            id: show_entry(self.reader.entry()),
            content_index: 0,
            model,
            role: wire::AnswerRole::Assistant,
            content,
        }
    }
}

fn begun(started: &TurnStarted) -> wire::ResponseStarted {
    wire::ResponseStarted {
        created_at: started.at.to_string(),
        conversation_id: show_conversation(started.conversation),
        input_id: started.question.map(show_entry),
        entry_id: show_entry(started.entry),
        model: started.model.to_string(),
    }
}

fn ended(entry_id: String, end: TurnEnd) -> ConversationEvent {
    let (created_at, state) = (end.at.to_string(), convert::state(end.state));
    match (end.error, end.usage) {
        (None, Some(usage)) => {
            let usage = convert::usage(usage);
            let request_id = end.request.map(|id| id.to_string());
            let done = wire::ResponseDone { created_at, usage, state, entry_id, request_id };
            ConversationEvent::Done(done)
        }
        (error, _) => {
            let broken = Broken::of(error.as_deref());
            ConversationEvent::Error(wire::ResponseError {
                created_at,
                message: broken.message.to_owned(),
                code: broken.code.status().as_u16(),
                error_code: broken.code.as_str().to_owned(),
                state,
                entry_id,
            })
        }
    }
}
