//! Bare texts that a model wrote: complete, and the chunks of streamed ones.

use inference::{ChatEvent, ChatStream, TokenLogprob, TokenPiece, Usage};
use inference_wire as wire;
use tokio::time::Instant;

use super::{Head, Whole, broken_off, frames::Written, wholes};
use crate::{convert, problem::Problem};

pub(crate) struct Texts {
    head: Head,
    writing: Vec<Writing>,
    has_logprobs: bool,
    /// Texts that have not ended.
    open: usize,
}

/// A text that is being written.
#[derive(Clone, Default)]
struct Writing {
    /// What stands in front of it, if that was asked for.
    echo: String,
    /// Characters of the tokens so far.
    offset: u32,
}

impl Texts {
    /// `echoes` has what stands in front of each text.
    pub(crate) fn new(head: Head, echoes: Vec<String>, has_logprobs: bool) -> Self {
        let open = echoes.len();
        let writing = |echo| Writing { echo, offset: 0 };
        Self { head, writing: echoes.into_iter().map(writing).collect(), has_logprobs, open }
    }

    /// Waits for all texts. `started` is when the request arrived.
    pub(crate) async fn complete(
        mut self,
        streams: Vec<ChatStream>,
        started: Instant,
    ) -> Result<wire::TextCompletion, Problem> {
        let wholes = wholes(streams, started).await?;
        let usage = wholes.first().map(|whole| convert::usage(&whole.usage));
        let mut choices = Vec::with_capacity(wholes.len());
        for (writing, whole) in self.writing.iter_mut().zip(wholes) {
            let Whole { content, logprobs, reason, .. } = whole;
            choices.push(wire::TextChoice {
                index: u32::try_from(choices.len()).unwrap_or(u32::MAX),
                text: std::mem::take(&mut writing.echo) + &content,
                logprobs: self.has_logprobs.then(|| writing.logprobs(&logprobs)),
                finish_reason: convert::finish_reason(reason),
            });
        }
        Ok(wire::TextCompletion {
            id: self.id(),
            object: wire::TextCompletionObject::TextCompletion,
            created: self.head.created,
            model: self.head.model,
            choices,
            usage: usage.ok_or_else(|| broken_off(None))?,
        })
    }

    fn id(&self) -> String {
        format!("cmpl-{}", self.head.request)
    }

    pub(super) fn begin(&mut self) -> Written {
        let echoes: Vec<_> =
            self.writing.iter_mut().map(|writing| std::mem::take(&mut writing.echo)).collect();
        let echoes = echoes.into_iter().enumerate().filter(|(_, echo)| !echo.is_empty());
        let frames = echoes.map(|(index, echo)| self.chunk(index, echo, None, None));
        Ok(frames.collect::<Result<Vec<_>, _>>()?.concat())
    }

    /// Of the text at this place.
    pub(super) fn write(&mut self, index: usize, event: ChatEvent) -> Written {
        match event {
            ChatEvent::Token(piece) => self.piece(index, piece),
            // Without tools there are none.
            ChatEvent::Call(_) => Ok(Vec::new()),
            ChatEvent::Finished { reason, usage } => {
                self.end(index, convert::finish_reason(reason), &usage)
            }
            ChatEvent::Stopped { usage }
            | ChatEvent::Failed { usage }
            | ChatEvent::Unrecorded { usage } => self.end(index, wire::FinishReason::Error, &usage),
        }
    }

    fn piece(&mut self, index: usize, piece: TokenPiece) -> Written {
        let TokenPiece { text, logprobs } = piece;
        let told = self.writing.get_mut(index).filter(|_| !logprobs.is_empty());
        let told = told.map(|writing| {
            let logprobs: Vec<_> =
                logprobs.iter().map(|one: &TokenLogprob| convert::logprob(one)).collect();
            writing.logprobs(&logprobs)
        });
        if text.is_empty() && told.is_none() {
            return Ok(Vec::new());
        }
        self.chunk(index, text, told, None)
    }

    fn end(&mut self, index: usize, reason: wire::FinishReason, usage: &Usage) -> Written {
        self.open = self.open.saturating_sub(1);
        let usage = (self.open == 0).then(|| convert::usage(usage));
        let mut frames = self.chunk(index, String::new(), None, Some((reason, usage)))?;
        if self.open == 0 {
            frames.push(wire::sse::DONE.to_owned());
        }
        Ok(frames)
    }

    fn chunk(
        &self,
        index: usize,
        text: String,
        logprobs: Option<wire::TextLogprobs>,
        end: Option<(wire::FinishReason, Option<wire::Usage>)>,
    ) -> Written {
        let (finish_reason, usage) = end.unzip();
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        let chunk = wire::TextCompletionChunk {
            id: self.id(),
            object: wire::TextCompletionObject::TextCompletion,
            created: self.head.created,
            model: self.head.model.clone(),
            choices: vec![wire::TextChunkChoice { index, text, logprobs, finish_reason }],
            usage: usage.flatten(),
        };
        Ok(vec![wire::sse::event(&chunk)?])
    }
}

impl Writing {
    fn logprobs(&mut self, tokens: &[wire::TokenLogprob]) -> wire::TextLogprobs {
        let mut told = wire::TextLogprobs::default();
        for token in tokens {
            told.push(token, self.offset);
            let characters = u32::try_from(token.token.chars().count()).unwrap_or(u32::MAX);
            self.offset = self.offset.saturating_add(characters);
        }
        told
    }
}
