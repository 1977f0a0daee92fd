//! Server-sent events out of the events of an answer, with signs of life between them.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use futures_util::{
    future::BoxFuture,
    stream::{FuturesUnordered, StreamExt as _},
};
use inference::{ChatEvent, ChatStream};
use inference_wire as wire;
use tokio::time::{Instant, timeout_at};

use super::Script;
use crate::metering::FirstToken;

/// The next event of the answer at a place.
type NextEvent = BoxFuture<'static, (usize, Option<ChatEvent>, ChatStream)>;

/// Frames of a stream, or why one could not be written.
pub(crate) type Written = Result<Vec<String>, serde_json::Error>;

impl Script {
    fn begin(&mut self) -> Written {
        match self {
            Self::Chunks(chunks) => chunks.begin(),
            Self::Texts(texts) => texts.begin(),
            Self::Responses(transcript) => transcript.begin().frames(),
        }
    }

    fn write(&mut self, index: usize, event: ChatEvent) -> Written {
        match self {
            Self::Chunks(chunks) => chunks.write(index, event),
            Self::Texts(texts) => texts.write(index, event),
            // There is one answer.
            Self::Responses(transcript) => transcript.take(event).frames(),
        }
    }
}

pub(super) struct Frames {
    script: Script,
    /// Keep waiting for the same events while keep-alive frames are sent; none after the last.
    events: FuturesUnordered<NextEvent>,
    ready: VecDeque<Bytes>,
    keep_alive: Duration,
    silent_since: Instant,
    clock: FirstToken,
}

impl Frames {
    pub(super) fn new(
        streams: Vec<ChatStream>,
        script: Script,
        started: Instant,
        keep_alive: Duration,
    ) -> Self {
        let mut frames = Self {
            script,
            events: streams.into_iter().enumerate().map(wait).collect(),
            ready: VecDeque::new(),
            keep_alive,
            silent_since: Instant::now(),
            clock: FirstToken::new(started),
        };
        let first = frames.script.begin();
        frames.push(first);
        frames
    }

    pub(super) async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                self.silent_since = Instant::now();
                return Some(frame);
            }
            let next = timeout_at(self.silent_since + self.keep_alive, self.events.next()).await;
            if let Ok(next) = next {
                let (index, event, stream) = next?;
                self.take(index, event, stream);
            } else {
                let frame = Bytes::from_static(wire::sse::KEEP_ALIVE.as_bytes());
                self.ready.push_back(frame);
            }
        }
    }

    fn take(&mut self, index: usize, event: Option<ChatEvent>, stream: ChatStream) {
        // Without an event the caller had stopped reading and was given up: no usage can be told.
        let Some(event) = event else { return };
        if matches!(event, ChatEvent::Token(_) | ChatEvent::Call(_)) {
            self.clock.token();
            self.events.push(wait((index, stream)));
        }
        let frames = self.script.write(index, event);
        self.push(frames);
    }

    fn push(&mut self, written: Written) {
        match written {
            Ok(frames) => self.ready.extend(frames.into_iter().map(Bytes::from)),
            // Strings and finite numbers always serialise; if they did not, the stream ends.
            Err(error) => {
                tracing::error!(%error, "event not written");
                self.events.clear();
            }
        }
    }
}

fn wait((index, mut stream): (usize, ChatStream)) -> NextEvent {
    Box::pin(async move {
        let event = stream.next().await;
        (index, event, stream)
    })
}
