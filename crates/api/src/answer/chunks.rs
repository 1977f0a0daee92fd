//! The chunks of a streamed chat answer.

use inference::{ChatEvent, TokenPiece, Usage};
use inference_wire as wire;

use super::{Head, frames::Written};
use crate::convert;

pub(crate) struct Chunks {
    head: Head,
    /// How many calls each answer has sent.
    calls: Vec<u32>,
    /// Answers that have not ended.
    open: usize,
}

impl Chunks {
    pub(super) fn new(head: Head, answers: usize) -> Self {
        Self { head, calls: vec![0; answers], open: answers }
    }

    pub(super) fn begin(&self) -> Written {
        let role = Some(wire::AnswerRole::Assistant);
        let begin =
            |index| self.chunk(index, wire::Delta { role, ..wire::Delta::default() }, None, None);
        Ok((0..self.calls.len()).map(begin).collect::<Result<Vec<_>, _>>()?.concat())
    }

    /// Of the answer at this place.
    pub(super) fn write(&mut self, index: usize, event: ChatEvent) -> Written {
        match event {
            ChatEvent::Token(piece) => self.piece(index, piece),
            ChatEvent::Call(call) => {
                let Some(calls) = self.calls.get_mut(index) else { return Ok(Vec::new()) };
                let call = convert::tool_call(*calls, call);
                *calls += 1;
                let delta = wire::Delta { tool_calls: vec![call], ..wire::Delta::default() };
                self.chunk(index, delta, None, None)
            }
            ChatEvent::Finished { reason, usage } => {
                self.end(index, convert::finish_reason(reason), &usage)
            }
            ChatEvent::Stopped { usage }
            | ChatEvent::Failed { usage }
            | ChatEvent::Unrecorded { usage } => self.end(index, wire::FinishReason::Error, &usage),
        }
    }

    fn piece(&self, index: usize, piece: TokenPiece) -> Written {
        let logprobs: Vec<_> = piece.logprobs.iter().map(convert::logprob).collect();
        let logprobs = (!logprobs.is_empty()).then_some(wire::Logprobs { content: logprobs });
        if piece.text.is_empty() && logprobs.is_none() {
            return Ok(Vec::new());
        }
        let delta = wire::Delta { content: piece.text, ..wire::Delta::default() };
        self.chunk(index, delta, logprobs, None)
    }

    /// The last of all answers tells the usage.
    fn end(&mut self, index: usize, reason: wire::FinishReason, usage: &Usage) -> Written {
        self.open = self.open.saturating_sub(1);
        let usage = (self.open == 0).then(|| convert::usage(usage));
        let mut frames = self.chunk(index, wire::Delta::default(), None, Some((reason, usage)))?;
        if self.open == 0 {
            frames.push(wire::sse::DONE.to_owned());
        }
        Ok(frames)
    }

    fn chunk(
        &self,
        index: usize,
        delta: wire::Delta,
        logprobs: Option<wire::Logprobs>,
        end: Option<(wire::FinishReason, Option<wire::Usage>)>,
    ) -> Written {
        let (finish_reason, usage) = end.unzip();
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        let chunk = wire::ChatCompletionChunk {
            id: self.head.chat_id(),
            object: wire::ChunkObject::ChatCompletionChunk,
            created: self.head.created,
            model: self.head.model.clone(),
            choices: vec![wire::ChunkChoice { index, delta, finish_reason, logprobs }],
            usage: usage.flatten(),
        };
        Ok(vec![wire::sse::event(&chunk)?])
    }
}
