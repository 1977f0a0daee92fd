//! The engine on tiny random models.
#![expect(clippy::expect_used, reason = "a failed step of a test is a failed test")]

mod adapters;
mod answers;
mod calls;
mod embeddings;
mod fairness;
mod forms;
mod forward;
mod guesses;
mod limits;
mod loading;
mod metering;
mod prefixes;
mod suite;
mod tiny_adapter;
mod tiny_encoder;
mod tiny_model;

use std::{sync::Arc, time::Duration};

use domain::{OrganisationId, ProjectId, RequestId, Timestamp};
use engine_cpu::{CpuEngine, EngineOptions, ModelFile};
use inference::{
    AnswerFormat, FinishReason, Priority, Sampling,
    ports::{Consumed, Engine, EngineEvent, Generate, Generation, Prompt},
};
use tiny_model::TinyModel;
use tokio::time::timeout;

/// Only against hanging: no step of a test takes this long on a working engine.
const HANG: Duration = Duration::from_mins(2);

struct Running {
    engine: Arc<CpuEngine>,
    directory: tempfile::TempDir,
}

fn two_threads() -> EngineOptions {
    EngineOptions { threads: std::num::NonZeroUsize::new(2), ..EngineOptions::default() }
}

/// Computes every prompt as a whole, for comparisons to the last bit.
fn without_prefixes() -> EngineOptions {
    EngineOptions { prefix_bytes_max: 0, ..two_threads() }
}

fn start(model: &TinyModel, options: &EngineOptions) -> Running {
    let directory = tempfile::tempdir().expect("a directory");
    let engine = CpuEngine::start(options).expect("the engine starts");
    let running = Running { engine: Arc::new(engine), directory };
    running.load("tiny", &model.bytes());
    running
}

impl Running {
    fn load(&self, id: &str, bytes: &[u8]) {
        let path = self.directory.path().join(format!("{id}.gguf"));
        std::fs::write(&path, bytes).expect("the model is written");
        let (id, created_at) = (id.parse().expect("an id"), Timestamp::from_micros(5));
        self.engine
            .load(ModelFile { id, path, digest: "d".repeat(64), created_at })
            .expect("the model loads");
    }

    /// A request for exactly `max_tokens` greedy tokens after a prompt of this length.
    fn request(&self, seed: u32, prompt_tokens: u32, max_tokens: u32) -> Generate {
        let card = &self.engine.models()[0];
        Generate {
            request: RequestId::from_uuid(uuid::Uuid::from_u128(u128::from(seed))),
            organisation: OrganisationId::from_uuid(uuid::Uuid::from_u128(1)),
            project: ProjectId::from_uuid(uuid::Uuid::from_u128(1)),
            priority: Priority::Interactive,
            prompt: Prompt {
                model: card.id.clone(),
                digest: None,
                tokens: (0..prompt_tokens).map(|at| (at * 31 + seed * 7) % 256).collect(),
                context_tokens: card.context_tokens,
            },
            sampling: Sampling { temperature: 0.0, min_tokens: max_tokens, ..Sampling::default() },
            format: AnswerFormat::Text,
            tools: inference::ToolUse::default(),
            max_tokens,
            stop: Vec::new(),
            top_logprobs: Some(0),
        }
    }

    fn generate(&self, request: Generate) -> Generation {
        self.engine.generate(request).expect("accepted")
    }

    async fn answer(&self, request: Generate) -> Answer {
        read(self.generate(request)).await
    }
}

#[derive(Debug, PartialEq)]
struct Answer {
    /// The bytes of every token, so that answers are compared whole.
    tokens: Vec<Vec<u8>>,
    logprobs: Vec<u32>,
    end: Option<EngineEvent>,
}

async fn read_with_settlement(mut generation: Generation) -> (Answer, Consumed) {
    let mut answer = Answer { tokens: Vec::new(), logprobs: Vec::new(), end: None };
    while let Some(event) = timeout(HANG, generation.events.recv()).await.expect("an event") {
        assert_eq!(answer.end, None, "nothing follows the end");
        match event {
            EngineEvent::Token(piece) => {
                for logprob in piece.logprobs {
                    answer.tokens.push(logprob.chosen.bytes);
                    answer.logprobs.push(logprob.chosen.logprob.to_bits());
                }
            }
            EngineEvent::Calls(calls) => assert_eq!(calls, [], "nobody asked for them"),
            end @ (EngineEvent::Finished(_) | EngineEvent::Failed { .. }) => answer.end = Some(end),
        }
    }
    let consumed = timeout(HANG, generation.settled).await.expect("in time").expect("settled");
    (answer, consumed)
}

async fn read(generation: Generation) -> Answer {
    read_with_settlement(generation).await.0
}

const fn finished(reason: FinishReason) -> EngineEvent {
    EngineEvent::Finished(reason)
}
