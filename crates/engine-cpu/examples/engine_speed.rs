//! Speed of the engine on this machine, without HTTP: for profiling.
//!
//! `engine_speed MODEL.gguf [--threads N] [--kernel scalar|avx2|avx512] [--rounds N]`
//! `    [--only 0|1|8|16]`
#![expect(clippy::print_stdout, reason = "a command-line program")]

use std::{
    num::NonZeroUsize,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use cpu_kernels::PathKind;
use domain::{OrganisationId, ProjectId, RequestId, Timestamp};
use engine_cpu::{CpuEngine, EngineOptions, ModelFile};
use inference::{
    AnswerFormat, Sampling,
    ports::{Engine, EngineEvent, Generate, Generation, Prompt},
};
use uuid::Uuid;

const PROMPT_TOKENS: [u32; 3] = [20, 128, 512];
const ANSWER_TOKENS: u32 = 128;
const CONCURRENT: [usize; 3] = [1, 8, 16];

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let model = arguments.next().context("usage: engine_speed MODEL.gguf [options]")?;
    let mut options = EngineOptions::default();
    let (mut rounds, mut only) = (3, None);
    while let Some(name) = arguments.next() {
        let value = arguments.next().context("an option needs a value")?;
        match name.as_str() {
            "--threads" => options.threads = Some(value.parse::<NonZeroUsize>()?),
            "--kernel" => options.kernel = Some(kernel(&value)?),
            "--rounds" => rounds = value.parse()?,
            "--only" => only = Some(value.parse::<usize>()?),
            _ => bail!("unknown option {name}"),
        }
    }
    let engine = CpuEngine::start(&options)?;
    let loading = Instant::now();
    let id = "model".parse()?;
    let created_at = Timestamp::from_micros(0);
    engine.load(ModelFile { id, path: model.into(), digest: String::new(), created_at })?;
    println!("kernel {}, loaded in {:.2?}", engine.kernel_name(), loading.elapsed());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for number in 0..rounds {
        runtime.block_on(round(&engine, number, only))?;
    }
    runtime.block_on(engine.shut_down(Duration::ZERO));
    Ok(())
}

fn kernel(name: &str) -> anyhow::Result<PathKind> {
    Ok(match name {
        "scalar" => PathKind::Scalar,
        "avx2" => PathKind::Avx2,
        "avx512" => PathKind::Avx512Vnni,
        _ => bail!("unknown kernel {name}"),
    })
}

/// `only` leaves out everything but so many concurrent answers; 0 leaves the prompts.
async fn round(engine: &CpuEngine, number: u128, only: Option<usize>) -> anyhow::Result<()> {
    let wanted = |count: usize| only.is_none_or(|only| only == count);
    for tokens in PROMPT_TOKENS.into_iter().filter(|_| wanted(0)) {
        // A project of its own: nothing is known of its prompts, until the second time.
        let project = ProjectId::from_uuid(Uuid::from_u128(number * 1000 + u128::from(tokens)));
        for known in ["", " again"] {
            let start = Instant::now();
            generate(engine, project, 1, tokens, 1).await?;
            let seconds = start.elapsed().as_secs_f64();
            let (ms, rate) = (seconds * 1e3, f64::from(tokens) / seconds);
            println!("prompt {tokens}{known}: first token after {ms:.1} ms, {rate:.0} tok/s");
        }
    }
    let project = ProjectId::from_uuid(Uuid::nil());
    for count in CONCURRENT.into_iter().filter(|&count| wanted(count)) {
        let (first, last) = generate(engine, project, count, 8, ANSWER_TOKENS).await?;
        let tokens = f64::from(ANSWER_TOKENS - 1) * f64::from(u32::try_from(count)?);
        println!("{count} answers: {:.1} tok/s", tokens / last.saturating_sub(first).as_secs_f64());
    }
    Ok(())
}

/// Returns when the first token and when the last one came.
async fn generate(
    engine: &CpuEngine,
    project: ProjectId,
    count: usize,
    prompt_tokens: u32,
    max_tokens: u32,
) -> anyhow::Result<(Duration, Duration)> {
    let start = Instant::now();
    let sampling = Sampling { temperature: 0.0, min_tokens: max_tokens, ..Sampling::default() };
    let generations: Vec<_> = (0..count)
        .map(|index| {
            let salt = 7 * u32::try_from(index).unwrap_or(0);
            engine.generate(Generate {
                request: RequestId::from_uuid(Uuid::nil()),
                organisation: OrganisationId::from_uuid(Uuid::nil()),
                project,
                prompt: Prompt {
                    model: engine.models()[0].id.clone(),
                    tokens: (0..prompt_tokens).map(|at| 1000 + (at * 37 + salt) % 5000).collect(),
                    context_tokens: engine.models()[0].context_tokens,
                },
                sampling: sampling.clone(),
                format: AnswerFormat::Text,
                max_tokens,
                stop: Vec::new(),
                top_logprobs: None,
            })
        })
        .collect::<Result<_, _>>()?;
    // All are read at the same time: one that is not read would pause.
    let readers: Vec<_> = generations.into_iter().map(|one| read(one, start)).collect();
    let firsts = futures_util::future::try_join_all(readers).await?;
    let first = firsts.into_iter().flatten().min();
    Ok((first.context("no token came")?, start.elapsed()))
}

/// Returns when the first token came.
async fn read(mut generation: Generation, start: Instant) -> anyhow::Result<Option<Duration>> {
    let mut first = None;
    while let Some(event) = generation.events.recv().await {
        match event {
            EngineEvent::Token(_) => {
                first.get_or_insert_with(|| start.elapsed());
            }
            EngineEvent::Finished(_) => break,
            EngineEvent::Failed { detail } => bail!(detail),
        }
    }
    Ok(first)
}
