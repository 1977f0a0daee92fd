//! Speed of vectors of passages on this machine, without HTTP.
//!
//! `embed_speed MODEL.gguf [--threads N] [--path scalar|avx2|avx512-vnni] [--rounds N]` with the
//! passages as a JSON list of texts on standard input. Each round prints a line of JSON.
#![expect(clippy::print_stdout, reason = "a command-line program")]

use std::{
    num::NonZeroUsize,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use cpu_kernels::PathKind;
use domain::{OrganisationId, RequestId, Timestamp};
use engine_cpu::{CpuEngine, EngineOptions, ModelFile};
use inference::ports::{Embed, Engine, Passage, Passages, WhenTooLong};
use uuid::Uuid;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let model = arguments.next().context("usage: embed_speed MODEL.gguf [options] < texts.json")?;
    let (mut options, mut rounds) = (EngineOptions::default(), 3);
    while let Some(name) = arguments.next() {
        let value = arguments.next().context("an option needs a value")?;
        match name.as_str() {
            "--threads" => options.threads = Some(value.parse::<NonZeroUsize>()?),
            "--path" => {
                options.cpu_path = Some(PathKind::from_name(&value).context("an unknown path")?);
            }
            "--rounds" => rounds = value.parse()?,
            _ => bail!("unknown option {name}"),
        }
    }
    let texts: Vec<String> = serde_json::from_reader(std::io::stdin().lock())?;
    let engine = CpuEngine::start(&options)?;
    let (id, created_at) = ("model".parse()?, Timestamp::from_micros(0));
    let file = ModelFile { id, path: model.into(), digest: String::new(), created_at };
    let card = engine.load(file)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for _ in 0..rounds {
        let passages: Vec<_> = texts.iter().map(|text| Passage::Text(text.clone())).collect();
        let start = Instant::now();
        let passages = engine.prepare_passages(&card.id, passages, WhenTooLong::Cut)?;
        let prepared = start.elapsed().as_secs_f64();
        let tokens = passages.count();
        runtime.block_on(embed(&engine, passages))?;
        let seconds = start.elapsed().as_secs_f64();
        let result = serde_json::json!({
            "passages": texts.len(), "tokens": tokens, "seconds": seconds,
            "tokenizer_seconds": prepared, "tokens_per_s": f64::from(tokens) / seconds,
            "path": engine.cpu_path(),
        });
        println!("{result}");
    }
    runtime.block_on(engine.shut_down(Duration::ZERO));
    Ok(())
}

async fn embed(engine: &CpuEngine, passages: Passages) -> anyhow::Result<Vec<Vec<f32>>> {
    let embedding = engine.embed(Embed {
        request: RequestId::from_uuid(Uuid::nil()),
        organisation: OrganisationId::from_uuid(Uuid::nil()),
        passages,
    })?;
    Ok(embedding.vectors.await??)
}
