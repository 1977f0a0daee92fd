//! One generation, from its first token to its settlement.

use std::sync::Arc;

use carbon_ledger::{Energy, Joules, Method, Uncertainty};
use inference::{
    Choice, FinishReason, TokenLogprob, TokenPiece,
    ports::{BrokenOff, Consumed, EngineEvent, Generate},
};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::{Counts, Script};

const JOULES_PER_PROMPT_TOKEN: f64 = 0.01;
const JOULES_PER_COMPLETION_TOKEN: f64 = 0.1;
const CPU_SECONDS_PER_TOKEN: f64 = 0.001;

pub(super) struct Run {
    pub(super) script: Script,
    pub(super) tokens_before_failure: Option<usize>,
    pub(super) steps: Option<Arc<Semaphore>>,
    pub(super) stop: CancellationToken,
    pub(super) events: mpsc::Sender<EngineEvent>,
    pub(super) request: Generate,
}

/// How a generation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Finished(FinishReason),
    Cancelled,
    Failed(&'static str),
}

impl End {
    pub(super) fn counter(self, counts: &mut Counts) -> &mut usize {
        match self {
            Self::Finished(_) => &mut counts.finished,
            Self::Cancelled => &mut counts.cancelled,
            Self::Failed(_) => &mut counts.failed,
        }
    }
}

impl Run {
    pub(super) async fn play(self) -> (End, Consumed) {
        let mut completion_tokens = 0;
        let mut end = self.say(&mut completion_tokens).await;
        let last = match end {
            End::Finished(reason) => Some(EngineEvent::Finished(reason)),
            End::Failed(detail) => {
                let (detail, because) = (detail.to_owned(), BrokenOff::Cut);
                Some(EngineEvent::Failed { detail, because })
            }
            End::Cancelled => None,
        };
        // Stopping does not wait for a consumer that reads nothing.
        if let Some(last) = last {
            let sent = tokio::select! {
                biased;
                sent = self.events.send(last) => sent.is_ok(),
                () = self.stop.cancelled() => false,
            };
            if !sent && matches!(end, End::Finished(_)) {
                end = End::Cancelled;
            }
        }
        (end, consumed(self.request.prompt.tokens.len(), completion_tokens))
    }

    async fn say(&self, completion_tokens: &mut u32) -> End {
        let (pieces, at_end) = self.script();
        for (at, piece) in pieces.into_iter().enumerate() {
            if self.tokens_before_failure == Some(at) {
                return End::Failed("told to fail");
            }
            tokio::select! {
                biased;
                () = self.events.closed() => return End::Cancelled,
                () = self.stop.cancelled() => return End::Failed("stopped"),
                () = self.permission() => {}
            }
            *completion_tokens += 1;
            let event = EngineEvent::Token(self.token(piece));
            tokio::select! {
                biased;
                sent = self.events.send(event) => if sent.is_err() { return End::Cancelled },
                () = self.stop.cancelled() => return End::Failed("stopped"),
            }
        }
        if self.tokens_before_failure.is_some() {
            return End::Failed("told to fail");
        }
        if at_end == FinishReason::Stop && !self.script.calls.is_empty() {
            *completion_tokens += 1;
            let event = EngineEvent::Calls(self.script.calls.clone());
            if self.events.send(event).await.is_err() {
                return End::Cancelled;
            }
            return End::Finished(FinishReason::ToolCalls);
        }
        End::Finished(at_end)
    }

    /// Waits until the next token may be said.
    async fn permission(&self) {
        if let Some(steps) = &self.steps {
            let permit = steps.acquire().await.expect("never closed");
            permit.forget();
        }
    }

    /// What will be said, one piece a token, and why it ends there.
    fn script(&self) -> (Vec<String>, FinishReason) {
        let (mut pieces, mut end) = (self.script.pieces.clone(), FinishReason::Stop);
        if let Some(stopped) = stopped(&pieces, &self.request.stop) {
            pieces = stopped;
        }
        let prompt_tokens = self.request.prompt.tokens.len();
        let context_tokens = self.request.prompt.context_tokens as usize;
        let room = context_tokens.saturating_sub(prompt_tokens);
        for (limit, reason) in [
            (self.request.max_tokens as usize, FinishReason::Length),
            (room, FinishReason::ModelLength),
        ] {
            if pieces.len() > limit {
                pieces.truncate(limit);
                end = reason;
            }
        }
        (pieces, end)
    }

    fn token(&self, text: String) -> TokenPiece {
        let logprobs = self.request.top_logprobs.map(|count| {
            let chosen = Choice { token: 0, bytes: text.clone().into_bytes(), logprob: -0.5 };
            let others = (1..count).map(|rank| Choice {
                token: u32::from(rank),
                bytes: format!(" other{rank}").into_bytes(),
                logprob: -0.5 - f32::from(rank),
            });
            let first = (count > 0).then(|| chosen.clone());
            TokenLogprob { chosen, top: first.into_iter().chain(others).collect() }
        });
        TokenPiece { text, logprobs: logprobs.into_iter().collect() }
    }
}

/// What a piece of work used.
pub(super) fn consumed(prompt_tokens: usize, completion_tokens: u32) -> Consumed {
    let prompt_tokens = u32::try_from(prompt_tokens).unwrap_or(u32::MAX);
    let joules = JOULES_PER_PROMPT_TOKEN * f64::from(prompt_tokens)
        + JOULES_PER_COMPLETION_TOKEN * f64::from(completion_tokens);
    Consumed {
        prompt_tokens,
        cached_prompt_tokens: 0,
        completion_tokens,
        energy: Energy {
            joules: Joules::new(joules).expect("a quantity"),
            method: Method::Estimated,
            uncertainty: Uncertainty::from_percent(60.0).expect("a percentage"),
        },
        cpu_seconds: CPU_SECONDS_PER_TOKEN * f64::from(prompt_tokens + completion_tokens),
    }
}

/// The pieces before the first stop string, if there is one; the last piece may be shorter.
fn stopped(pieces: &[String], stop: &[String]) -> Option<Vec<String>> {
    let text = pieces.concat();
    let found = stop.iter().filter(|stop| !stop.is_empty()).filter_map(|stop| text.find(stop));
    let mut left = found.min()?;
    let mut kept = Vec::new();
    for piece in pieces {
        if piece.len() >= left {
            kept.push(piece[..left].to_owned());
            break;
        }
        left -= piece.len();
        kept.push(piece.clone());
    }
    Some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pieces: &[&str], stop: &[&str], expected: Option<&[&str]>) {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let found = stopped(&owned(pieces), &owned(stop));
        assert_eq!(found, expected.map(owned), "{pieces:?} until {stop:?}");
    }

    #[test]
    fn stop_strings_end_an_answer_wherever_they_lie() {
        check(&["one", " two", " three"], &["two"], Some(&["one", " "]));
        check(&["one", " two", " three"], &["o t", "three"], Some(&["one", " tw"]));
        check(&["one", " two"], &["one"], Some(&[""]));
        check(&["one", " two"], &["four"], None);
        check(&["one", " two"], &[""], None);
    }
}
