//! A fake model that computes: every core is busy for a while before the first token comes.

use std::{
    hint,
    num::NonZeroUsize,
    sync::mpsc::{self, Receiver, Sender},
    thread,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use domain::{ModelId, Timestamp};
use inference::{
    ModelCard,
    ports::{
        Asked, Embed, Embedding, Engine, EngineError, Generate, Generation, Passage, Passages,
        Prompt, WhenTooLong,
    },
};
use testkit::{FakeEngine, Stepper};

use crate::client::ANSWER;

/// As long as a small model takes for a prompt of 20 tokens.
pub(crate) const PREFILL: Duration = Duration::from_millis(10);

/// Computes for one request after the other, as the requests of this benchmark come.
pub(crate) struct BusyEngine {
    engine: FakeEngine,
    asked: Sender<()>,
}

impl BusyEngine {
    /// `engine` says what `stepper` lets it.
    pub(crate) fn new(engine: FakeEngine, stepper: Stepper) -> Self {
        let (asked, requests) = mpsc::channel();
        thread::spawn(move || compute(&requests, &stepper));
        Self { engine, asked }
    }
}

/// Until the engine is gone.
fn compute(requests: &Receiver<()>, stepper: &Stepper) {
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    while requests.recv().is_ok() {
        let until = Instant::now() + PREFILL;
        thread::scope(|scope| {
            for _ in 0..cores {
                scope.spawn(|| {
                    while Instant::now() < until {
                        hint::spin_loop();
                    }
                });
            }
        });
        stepper.step(ANSWER.len());
    }
}

#[async_trait]
impl Engine for BusyEngine {
    fn models(&self) -> Vec<ModelCard> {
        self.engine.models()
    }

    fn prepare(
        &self,
        model: &ModelId,
        asked: Asked<'_>,
        now: Timestamp,
    ) -> Result<Prompt, EngineError> {
        self.engine.prepare(model, asked, now)
    }

    fn generate(&self, request: Generate) -> Result<Generation, EngineError> {
        let generation = self.engine.generate(request)?;
        self.asked.send(()).map_err(|_| EngineError::Stopping)?;
        Ok(generation)
    }

    fn prepare_passages(
        &self,
        model: &ModelId,
        passages: Vec<Passage>,
        when_too_long: WhenTooLong,
    ) -> Result<Passages, EngineError> {
        self.engine.prepare_passages(model, passages, when_too_long)
    }

    fn embed(&self, request: Embed) -> Result<Embedding, EngineError> {
        self.engine.embed(request)
    }

    async fn shut_down(&self, deadline: Duration) {
        self.engine.shut_down(deadline).await;
    }
}
