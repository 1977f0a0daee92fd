//! One sequence straight through the forward pass, for comparisons and measurements.

use cpu_kernels::Path;

use crate::{
    adapter::{Adapter, AdapterError},
    checkpoint::Checkpoint,
    forward::{Forward, LogitsOf, Run},
    kv_cache::{KvPool, KvSequence},
    model::Model,
    workers::Crew,
};

/// Runs single sequences without scheduler, sampler or limits.
pub struct Direct {
    model: Model,
    crew: Crew,
    forward: Forward,
    pool: KvPool,
    sequence: KvSequence,
    adapter: Option<Adapter>,
    tokens: usize,
}

/// The computation failed.
#[derive(Debug, thiserror::Error)]
#[error("the forward pass failed: {message}")]
pub struct DirectError {
    message: String,
}

impl Direct {
    /// Uses the calling thread and `threads - 1` more.
    pub fn new(model: Model, threads: usize, path: Path) -> Result<Self, DirectError> {
        let crew =
            Crew::new(threads).map_err(|error| DirectError { message: error.to_string() })?;
        let sequence = KvSequence::new(model.kv_shape());
        let pool = KvPool::new(usize::MAX);
        let forward = Forward::new(path);
        Ok(Self { model, crew, forward, pool, sequence, adapter: None, tokens: 0 })
    }

    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Computes with an adapter from now on, and forgets the sequence.
    pub fn adapt(&mut self, file: &Checkpoint) -> Result<(), AdapterError> {
        self.adapter = Some(Adapter::load(file, &self.model)?);
        self.restart();
        Ok(())
    }

    /// Forgets the sequence.
    pub fn restart(&mut self) {
        self.sequence = KvSequence::new(self.model.kv_shape());
        self.tokens = 0;
    }

    /// Appends `tokens` and returns the logits after the last one.
    pub fn append(&mut self, tokens: &[u32]) -> Result<&[f32], DirectError> {
        self.extend(tokens, LogitsOf::Last)
    }

    /// Appends `tokens` in one batch and returns the logits after each, row after row.
    pub fn append_all(&mut self, tokens: &[u32]) -> Result<&[f32], DirectError> {
        self.extend(tokens, LogitsOf::All)
    }

    fn extend(&mut self, tokens: &[u32], logits: LogitsOf) -> Result<&[f32], DirectError> {
        let vocabulary = self.model.config().vocabulary;
        if let Some(token) = tokens.iter().find(|&&token| token as usize >= vocabulary) {
            let message = format!("token {token} is not one of {vocabulary}");
            return Err(DirectError { message });
        }
        let end = self.tokens + tokens.len();
        self.sequence
            .reserve(&self.pool, end)
            .map_err(|_| DirectError { message: "no memory for keys and values".to_owned() })?;
        let (kv, adapter) = (&self.sequence, self.adapter.as_ref());
        let run = Run { kv, adapter, start: self.tokens, tokens, logits };
        self.forward
            .run(&self.model, &self.crew, &[run])
            .map_err(|error| DirectError { message: error.to_string() })?;
        self.tokens = end;
        let rows = match logits {
            LogitsOf::None => 0,
            LogitsOf::Last => 1,
            LogitsOf::All => tokens.len(),
        };
        Ok(&self.forward.logits_mut()[..rows * vocabulary])
    }
}
