//! What adapters cost beside their model: answers of the model and of its adapters, in turn.
//!
//! `adapter_speed MODEL.gguf ROUNDS ADAPTER...`
//!
//! Each round writes 1, 8 and 16 answers at the same time: all of the model, all of the first
//! adapter, then of all adapters in turn.
#![expect(clippy::print_stdout, reason = "a command-line program")]

use std::{num::NonZeroUsize, path::Path, time::Instant};

use anyhow::{Context as _, bail};
use domain::{ModelId, OrganisationId, ProjectId, RequestId, Timestamp};
use engine_cpu::{CpuEngine, EngineOptions, ModelFile};
use futures_util::future::try_join_all;
use inference::{
    AnswerFormat, Priority, Sampling, ToolUse,
    ports::{Engine, EngineEvent, Generate, Prompt},
};
use uuid::Uuid;

const ANSWERS: [u32; 3] = [1, 8, 16];
const ANSWER_TOKENS: u32 = 128;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let model = arguments.next().context("usage: adapter_speed MODEL.gguf ROUNDS ADAPTER...")?;
    let rounds: u32 = arguments.next().context("how many rounds?")?.parse()?;
    let (threads, guesses) = (NonZeroUsize::new(2), false);
    let engine = CpuEngine::start(&EngineOptions { threads, guesses, ..EngineOptions::default() })?;
    let base: ModelId = "model".parse()?;
    engine.load(file(&model, &base))?;
    let mut adapters = Vec::new();
    for (number, path) in arguments.enumerate() {
        let id: ModelId = format!("adapter-{number}").parse()?;
        let loading = Instant::now();
        engine.load_adapter(file(&path, &id), &base)?;
        println!("{path} loaded in {:.1?}", loading.elapsed());
        adapters.push(id);
    }
    let first = adapters.first().context("name an adapter")?.clone();
    let bare = [("the model", vec![base]), ("one adapter", vec![first]), ("adapters", adapters)];
    for round in 0..rounds {
        for count in ANSWERS {
            for (what, models) in &bare {
                let rate = answers(&engine, models, count).await?;
                println!("round {round}, {count} answers of {what}: {rate:.1} tok/s");
            }
        }
    }
    Ok(())
}

fn file(path: &str, id: &ModelId) -> ModelFile {
    let created_at = Timestamp::from_micros(0);
    ModelFile { id: id.clone(), path: Path::new(path).into(), digest: String::new(), created_at }
}

/// Tokens a second of all answers together, from the first to the last.
async fn answers(engine: &CpuEngine, models: &[ModelId], count: u32) -> anyhow::Result<f64> {
    let (start, turns) = (Instant::now(), models.iter().cycle());
    let one = async |(index, model): (u32, &ModelId)| {
        let mut generation = engine.generate(request(model, index))?;
        let mut first = None;
        while let Some(event) = generation.events.recv().await {
            if let EngineEvent::Failed { detail, .. } = event {
                bail!(detail);
            }
            first.get_or_insert_with(|| start.elapsed());
        }
        first.context("no token came")
    };
    let all = try_join_all((0..count).zip(turns).map(one)).await?;
    let began = all.into_iter().min().context("no answer")?;
    let seconds = start.elapsed().saturating_sub(began).as_secs_f64();
    Ok(f64::from(count * (ANSWER_TOKENS - 1)) / seconds)
}

fn request(model: &ModelId, index: u32) -> Generate {
    let tokens = (0..8).map(|at| 1000 + (at * 37 + 7 * index) % 5000).collect();
    Generate {
        request: RequestId::from_uuid(Uuid::nil()),
        organisation: OrganisationId::from_uuid(Uuid::nil()),
        project: ProjectId::from_uuid(Uuid::nil()),
        priority: Priority::Interactive,
        prompt: Prompt { model: model.clone(), digest: None, tokens, context_tokens: 1024 },
        sampling: Sampling { temperature: 0.0, min_tokens: ANSWER_TOKENS, ..Sampling::default() },
        format: AnswerFormat::Text,
        tools: ToolUse::default(),
        max_tokens: ANSWER_TOKENS,
        stop: Vec::new(),
        top_logprobs: None,
    }
}
