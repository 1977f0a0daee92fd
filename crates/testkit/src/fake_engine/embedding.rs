//! Vectors without a model: every word pushes the vector of its passage somewhere.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
};

use inference::{
    FinishReason,
    ports::{Consumed, Embed, EmbedFailure, EngineError, Passage, Passages, WhenTooLong},
};
use tokio::sync::{Semaphore, oneshot};
use tokio_util::sync::CancellationToken;

use super::{
    FakeEngine,
    run::{End, consumed},
};

/// Tokens are below this.
const VOCABULARY: u32 = 1 << 20;

pub(super) struct Run {
    pub(super) request: Embed,
    pub(super) fails: bool,
    pub(super) steps: Option<Arc<Semaphore>>,
    pub(super) stop: CancellationToken,
    pub(super) vectors: oneshot::Sender<Result<Vec<Vec<f32>>, EmbedFailure>>,
}

impl Run {
    /// A stepped engine takes a step a passage.
    pub(super) async fn play(self) -> (End, Consumed) {
        let Self { request, fails, steps, stop, mut vectors } = self;
        let (mut made, mut tokens) = (Vec::new(), 0);
        for passage in &request.passages.tokens {
            if let Some(steps) = &steps {
                tokio::select! {
                    biased;
                    () = vectors.closed() => return (End::Cancelled, consumed(tokens, 0)),
                    () = stop.cancelled() => return fail(vectors, "stopped", tokens),
                    permit = steps.acquire() => permit.expect("never closed").forget(),
                }
            }
            tokens += passage.len();
            made.push(vector(passage));
        }
        if fails {
            return fail(vectors, "told to fail", tokens);
        }
        let end = match vectors.send(Ok(made)) {
            Ok(()) => End::Finished(FinishReason::Stop),
            Err(_) => End::Cancelled,
        };
        (end, consumed(tokens, 0))
    }
}

fn fail(
    vectors: oneshot::Sender<Result<Vec<Vec<f32>>, EmbedFailure>>,
    detail: &'static str,
    tokens: usize,
) -> (End, Consumed) {
    // Whoever asked may be gone.
    vectors.send(Err(EmbedFailure { detail: detail.to_owned() })).ok();
    (End::Failed(detail), consumed(tokens, 0))
}

pub(super) fn prepare(
    model: &domain::ModelId,
    passages: Vec<Passage>,
    when_too_long: WhenTooLong,
    tokens_max: u32,
) -> Result<Passages, EngineError> {
    let most = tokens_max as usize;
    let tokens = passages.into_iter().enumerate().map(|(index, passage)| {
        let mut tokens = match passage {
            // The first token marks the beginning.
            Passage::Text(text) => {
                std::iter::once(0).chain(text.split_whitespace().map(token)).collect()
            }
            Passage::Tokens(tokens) if tokens.first() == Some(&0) => tokens,
            Passage::Tokens(tokens) => std::iter::once(0).chain(tokens).collect::<Vec<_>>(),
        };
        if let Some(&token) = tokens.iter().find(|&&token| token >= VOCABULARY) {
            let (model, vocabulary) = (model.clone(), VOCABULARY as usize);
            return Err(EngineError::TokenUnknown { model, index, token, vocabulary });
        }
        if when_too_long == WhenTooLong::Cut {
            tokens.truncate(most);
        }
        if tokens.len() > most {
            let (model, tokens) = (model.clone(), tokens.len());
            return Err(EngineError::PassageTooLong { model, index, tokens, tokens_max });
        }
        Ok(tokens)
    });
    let tokens = tokens.collect::<Result<_, _>>()?;
    let digest = FakeEngine::new().card().digest();
    Ok(Passages { model: model.clone(), digest, tokens, dimensions: FakeEngine::DIMENSIONS })
}

fn token(word: &str) -> u32 {
    let mut hasher = DefaultHasher::new();
    word.hash(&mut hasher);
    let hash = u32::try_from(hasher.finish() >> 44).expect("20 bits");
    hash.max(1)
}

/// Of length one.
fn vector(tokens: &[u32]) -> Vec<f32> {
    let mut vector = vec![0.0_f32; FakeEngine::DIMENSIONS as usize];
    let dimensions = vector.len();
    for token in tokens {
        let share = u16::try_from(token % 1000).expect("small");
        vector[*token as usize % dimensions] += 1.0 + f32::from(share) / 1000.0;
    }
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    vector.into_iter().map(|value| value / length).collect()
}
