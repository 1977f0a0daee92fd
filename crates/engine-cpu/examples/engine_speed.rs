//! Speed of the engine on this machine, without HTTP: for profiling.
//!
//! `engine_speed MODEL.gguf [--threads N] [--path scalar|avx2|avx512-vnni|neon] [--rounds N]`
//! `    [--only 0|1|2|8|16] [--guesses on|off] [--kv-cache-type f16|q8|both]`
//! `    [--after TOKENS,TOKENS,...]`
//!
//! `--after` measures one answer after prompts of these lengths, and nothing else. With `both`
//! each round has one part for each precision of keys and values, in an engine of its own; who
//! begins alternates.
#![expect(clippy::print_stdout, reason = "a command-line program")]

use std::{
    num::NonZeroUsize,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use cpu_kernels::PathKind;
use domain::{
    OrganisationId, ProjectId, RequestId, Timestamp,
    chat::{Message, Role},
};
use engine_cpu::{CpuEngine, EngineOptions, KvPrecision, ModelFile};
use inference::{
    AnswerFormat, Priority, Sampling, ToolUse,
    ports::{Asked, Engine, EngineEvent, Generate, Generation, Prompt},
};
use uuid::Uuid;

const PROMPT_TOKENS: [u32; 3] = [20, 128, 512];
const ANSWER_TOKENS: u32 = 128;
const PASSAGE: &str = "The committee met in Lyon on the third of March. It heard the reports of \
    the four working groups, asked the second group to examine the question of archives again, and \
    set the date of the next meeting. The minutes of the meeting of January were approved without \
    changes. The treasurer explained why the costs of heating had risen.";
const CONCURRENT: [usize; 3] = [1, 8, 16];

struct Arguments {
    model: PathBuf,
    options: EngineOptions,
    precisions: Vec<KvPrecision>,
    rounds: u128,
    only: Option<usize>,
    after: Vec<u32>,
}

fn main() -> anyhow::Result<()> {
    let arguments = arguments()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let start = |precision: &KvPrecision| start(&arguments, *precision);
    let engines = arguments.precisions.iter().map(start).collect::<anyhow::Result<Vec<_>>>()?;
    for number in 0..arguments.rounds {
        let begins = usize::try_from(number)? % engines.len();
        for (precision, engine) in engines[begins..].iter().chain(&engines[..begins]) {
            if arguments.after.is_empty() {
                runtime.block_on(round(engine, number, arguments.only))?;
            } else {
                runtime.block_on(long(engine, *precision, number, &arguments.after))?;
            }
        }
    }
    for (_, engine) in &engines {
        runtime.block_on(engine.shut_down(Duration::ZERO));
    }
    Ok(())
}

fn arguments() -> anyhow::Result<Arguments> {
    let mut arguments = std::env::args().skip(1);
    let model = arguments.next().context("usage: engine_speed MODEL.gguf [options]")?.into();
    let mut options = EngineOptions::default();
    let (mut rounds, mut only, mut after) = (3, None, Vec::new());
    let mut precisions = vec![KvPrecision::default()];
    while let Some(name) = arguments.next() {
        let value = arguments.next().context("an option needs a value")?;
        match name.as_str() {
            "--threads" => options.threads = Some(value.parse::<NonZeroUsize>()?),
            "--path" => {
                options.cpu_path = Some(PathKind::from_name(&value).context("an unknown path")?);
            }
            "--rounds" => rounds = value.parse()?,
            "--guesses" => options.guesses = value == "on",
            "--kv-cache-type" if value == "both" => precisions = KvPrecision::ALL.to_vec(),
            "--kv-cache-type" => {
                precisions = vec![KvPrecision::from_name(&value).context("an unknown type")?];
            }
            "--after" => {
                after = value.split(',').map(str::parse).collect::<Result<_, _>>()?;
            }
            "--only" => only = Some(value.parse::<usize>()?),
            _ => bail!("unknown option {name}"),
        }
    }
    Ok(Arguments { model, options, precisions, rounds, only, after })
}

fn start(
    arguments: &Arguments,
    kv_precision: KvPrecision,
) -> anyhow::Result<(KvPrecision, CpuEngine)> {
    let engine = CpuEngine::start(&EngineOptions { kv_precision, ..arguments.options.clone() })?;
    let loading = Instant::now();
    let (id, created_at) = ("model".parse()?, Timestamp::from_micros(0));
    let path = arguments.model.clone();
    engine.load(ModelFile { id, path, digest: String::new(), created_at })?;
    println!("path {}, loaded in {:.2?}", engine.cpu_path(), loading.elapsed());
    Ok((kv_precision, engine))
}

/// One answer after each of these prompts.
async fn long(
    engine: &CpuEngine,
    precision: KvPrecision,
    number: u128,
    prompts: &[u32],
) -> anyhow::Result<()> {
    for &tokens in prompts {
        // A project of its own: nothing is known of its prompt.
        let project = ProjectId::from_uuid(Uuid::from_u128((number << 32) + u128::from(tokens)));
        let (first, last) = generate(engine, project, 1, tokens, ANSWER_TOKENS).await?;
        let seconds = last.saturating_sub(first).as_secs_f64();
        println!(
            "{} after {tokens}: prompt {:.0} tok/s, answer {:.1} tok/s",
            precision.name(),
            f64::from(tokens) / first.as_secs_f64(),
            f64::from(ANSWER_TOKENS - 1) / seconds,
        );
    }
    Ok(())
}

/// `only` leaves out everything but so many concurrent answers; 0 leaves the prompts, 2 the answer
/// that repeats its prompt.
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
    if wanted(2) {
        let (tokens, seconds) = copy(engine).await?;
        println!("an answer that repeats its prompt: {:.1} tok/s", tokens / seconds);
    }
    Ok(())
}

/// Asks to repeat a passage; returns the tokens and the seconds of the answer.
async fn copy(engine: &CpuEngine) -> anyhow::Result<(f64, f64)> {
    let model = &engine.models()[0].id;
    let content = format!("Repeat this text word for word:\n\n{PASSAGE}");
    let messages = [Message::new(Role::User, &content)];
    let now = Timestamp::from_micros(0);
    let (format, tools) = (AnswerFormat::Text, ToolUse::default());
    let asked = Asked { messages: &messages, format: &format, tools: &tools };
    let prompt = engine.prepare(model, asked, now)?;
    let request = generation(ProjectId::from_uuid(Uuid::nil()), prompt, ANSWER_TOKENS);
    let mut generation = engine.generate(Generate { sampling: greedy(0), ..request })?;
    let mut first = None;
    while generation.events.recv().await.is_some() {
        first.get_or_insert_with(Instant::now);
    }
    let seconds = first.context("no token came")?.elapsed().as_secs_f64();
    Ok((f64::from(generation.settled.await?.completion_tokens), seconds))
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
    let generations: Vec<_> = (0..count)
        .map(|index| {
            let salt = 7 * u32::try_from(index).unwrap_or(0);
            let prompt = Prompt {
                model: engine.models()[0].id.clone(),
                digest: None,
                tokens: (0..prompt_tokens).map(|at| 1000 + (at * 37 + salt) % 5000).collect(),
                context_tokens: engine.models()[0].context_tokens,
            };
            engine.generate(generation(project, prompt, max_tokens))
        })
        .collect::<Result<_, _>>()?;
    // All are read at the same time: one that is not read would pause.
    let readers: Vec<_> = generations.into_iter().map(|one| read(one, start)).collect();
    let firsts = futures_util::future::try_join_all(readers).await?;
    let first = firsts.into_iter().flatten().min();
    Ok((first.context("no token came")?, start.elapsed()))
}

fn generation(project: ProjectId, prompt: Prompt, max_tokens: u32) -> Generate {
    Generate {
        request: RequestId::from_uuid(Uuid::nil()),
        organisation: OrganisationId::from_uuid(Uuid::nil()),
        project,
        priority: Priority::Interactive,
        prompt,
        sampling: greedy(max_tokens),
        format: AnswerFormat::Text,
        tools: ToolUse::default(),
        max_tokens,
        stop: Vec::new(),
        top_logprobs: None,
    }
}

fn greedy(min_tokens: u32) -> Sampling {
    Sampling { temperature: 0.0, min_tokens, ..Sampling::default() }
}

/// Returns when the first token came.
async fn read(mut generation: Generation, start: Instant) -> anyhow::Result<Option<Duration>> {
    let mut first = None;
    while let Some(event) = generation.events.recv().await {
        match event {
            EngineEvent::Token(_) => {
                first.get_or_insert_with(|| start.elapsed());
            }
            EngineEvent::Calls(_) => bail!("nobody asked for calls"),
            EngineEvent::Finished(_) => break,
            EngineEvent::Failed { detail, .. } => bail!(detail),
        }
    }
    Ok(first)
}
