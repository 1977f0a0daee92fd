//! The chunks of a streamed chat answer.

use inference::{ChatEvent, TokenPiece, Usage};
use inference_wire as wire;

use super::{Head, frames::Written};
use crate::convert;

pub(crate) struct Chunks {
    head: Head,
    /// How many calls were sent.
    calls: u32,
}

impl Chunks {
    pub(super) const fn new(head: Head) -> Self {
        Self { head, calls: 0 }
    }

    pub(super) fn begin(&self) -> Written {
        let role = Some(wire::AnswerRole::Assistant);
        self.chunk(wire::Delta { role, ..wire::Delta::default() }, None, None)
    }

    pub(super) fn write(&mut self, event: ChatEvent) -> Written {
        match event {
            ChatEvent::Token(piece) => self.piece(piece),
            ChatEvent::Call(call) => {
                let call = convert::tool_call(self.calls, call);
                self.calls += 1;
                let delta = wire::Delta { tool_calls: vec![call], ..wire::Delta::default() };
                self.chunk(delta, None, None)
            }
            ChatEvent::Finished { reason, usage } => {
                self.end(convert::finish_reason(reason), &usage)
            }
            ChatEvent::Stopped { usage }
            | ChatEvent::Failed { usage }
            | ChatEvent::Unrecorded { usage } => self.end(wire::FinishReason::Error, &usage),
        }
    }

    fn piece(&self, piece: TokenPiece) -> Written {
        let logprobs: Vec<_> = piece.logprobs.iter().map(convert::logprob).collect();
        let logprobs = (!logprobs.is_empty()).then_some(wire::Logprobs { content: logprobs });
        if piece.text.is_empty() && logprobs.is_none() {
            return Ok(Vec::new());
        }
        let delta = wire::Delta { content: piece.text, ..wire::Delta::default() };
        self.chunk(delta, logprobs, None)
    }

    fn end(&self, reason: wire::FinishReason, usage: &Usage) -> Written {
        let end = Some((reason, convert::usage(usage)));
        let mut frames = self.chunk(wire::Delta::default(), None, end)?;
        frames.push(wire::sse::DONE.to_owned());
        Ok(frames)
    }

    fn chunk(
        &self,
        delta: wire::Delta,
        logprobs: Option<wire::Logprobs>,
        end: Option<(wire::FinishReason, wire::Usage)>,
    ) -> Written {
        let (finish_reason, usage) = end.unzip();
        let chunk = wire::ChatCompletionChunk {
            id: self.head.chat_id(),
            object: wire::ChunkObject::ChatCompletionChunk,
            created: self.head.created,
            model: self.head.model.clone(),
            choices: vec![wire::ChunkChoice { index: 0, delta, finish_reason, logprobs }],
            usage,
        };
        Ok(vec![wire::sse::event(&chunk)?])
    }
}
