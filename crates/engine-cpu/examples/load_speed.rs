//! How long a model takes to be loaded, and where the time goes. Prints one line of JSON.
//!
//! `load_speed MODEL [--threads N] [--rounds N] [--cold] [--keep DIR]`
//!
//! `--keep` keeps packed weights in a directory, and measures loads that find them there.
//! `--cold` asks the system before each round to forget what it keeps of the files in memory.
#![expect(clippy::print_stdout, reason = "a command-line program")]

use std::{
    fs::{self, File},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, bail};
use domain::Timestamp;
use engine_cpu::{
    CpuEngine, EncoderConfig, EngineOptions, LoadError, LoadProgress, Loading, Model, ModelFile,
    WeightsCacheOptions, WeightsKey, checkpoint::Checkpoint,
};
use rustix::fs::{Advice, fadvise};
use serde_json::json;

struct Options {
    model: PathBuf,
    threads: usize,
    rounds: usize,
    cold: bool,
    keep: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let options = options()?;
    let (mut opened, mut read, mut packed, mut loaded) = (vec![], vec![], vec![], vec![]);
    let (mut kept, mut kept_bytes) = (vec![], 0);
    if let Some(directory) = &options.keep {
        load(&options, Some(directory))?;
        kept_bytes = fs::read_dir(directory)?
            .try_fold(0, |sum, entry| Ok::<_, std::io::Error>(sum + entry?.metadata()?.len()))?;
    }
    for _ in 0..options.rounds {
        options.forget()?;
        let (open, rest) = read_all(&options.model)?;
        opened.push(open);
        read.push(rest);
        options.forget()?;
        packed.extend(pack(&options)?);
        options.forget()?;
        loaded.extend(load(&options, None)?);
        if let Some(directory) = &options.keep {
            options.forget()?;
            kept.extend(load(&options, Some(directory))?);
        }
    }
    let bytes: u64 = Checkpoint::open(&options.model)?.tensors().iter().map(|one| one.bytes).sum();
    let answer = json!({
        "model": options.model.file_name().map(|name| name.to_string_lossy()),
        "bytes": bytes, "threads": options.threads, "cold": options.cold,
        "open_ms": median(opened), "read_ms": median(read), "weights_ms": median(packed), "load_ms": median(loaded),
        "kept_bytes": kept_bytes, "kept_load_ms": median(kept),
    });
    println!("{answer}");
    Ok(())
}

fn options() -> anyhow::Result<Options> {
    let mut arguments = std::env::args().skip(1);
    let model = arguments.next().context("usage: load_speed MODEL [--threads N] [--cold]")?;
    let mut options =
        Options { model: model.into(), threads: 2, rounds: 5, cold: false, keep: None };
    while let Some(name) = arguments.next() {
        if name == "--cold" {
            options.cold = true;
            continue;
        }
        let value = arguments.next().context("an option needs a value")?;
        match name.as_str() {
            "--threads" => options.threads = value.parse()?,
            "--rounds" => options.rounds = value.parse()?,
            "--keep" => options.keep = Some(value.into()),
            _ => bail!("unknown option {name}"),
        }
    }
    Ok(options)
}

impl Options {
    fn forget(&self) -> anyhow::Result<()> {
        if !self.cold {
            return Ok(());
        }
        let files: Vec<PathBuf> = if self.model.is_dir() {
            let names = Checkpoint::files_of(&self.model)?;
            names.iter().map(|name| self.model.join(name)).collect()
        } else {
            vec![self.model.clone()]
        };
        let kept = self.keep.iter().filter_map(|directory| fs::read_dir(directory).ok());
        let kept = kept.flatten().filter_map(|entry| Some(entry.ok()?.path()));
        for path in kept.chain(files) {
            fadvise(File::open(path)?, 0, None, Advice::DontNeed)?;
        }
        Ok(())
    }
}

/// Milliseconds to open the model, and to read all its tensors and do nothing with them.
fn read_all(path: &Path) -> anyhow::Result<(f64, f64)> {
    const CHUNK_BYTES: u64 = 1 << 20;
    let start = Instant::now();
    let file = Checkpoint::open(path)?;
    let opened = milliseconds(start);
    let start = Instant::now();
    let mut buffer = Vec::new();
    for tensor in file.tensors() {
        let step = (CHUNK_BYTES / tensor.row_bytes()).max(1);
        let mut row = 0;
        while row < tensor.rows() {
            let end = tensor.rows().min(row + step);
            file.read_rows(tensor, row..end, &mut buffer)?;
            row = end;
        }
    }
    Ok((opened, milliseconds(start)))
}

/// Milliseconds until the weights are packed, of models that answer.
fn pack(options: &Options) -> anyhow::Result<Option<f64>> {
    let file = Checkpoint::open(&options.model)?;
    if EncoderConfig::is_of(file.architecture()) {
        return Ok(None);
    }
    let start = Instant::now();
    let progress = LoadProgress::default();
    Model::load_by(&file, &Loading::new(options.threads, &progress))?;
    Ok(Some(milliseconds(start)))
}

/// Milliseconds until the model can be asked; `None` for one that cannot.
fn load(options: &Options, keep: Option<&PathBuf>) -> anyhow::Result<Option<f64>> {
    let weights_cache = keep.map(|directory| WeightsCacheOptions {
        directory: directory.clone(),
        bytes_max: 1 << 40,
        key: WeightsKey::from_bytes([1; 32]),
    });
    let engine = CpuEngine::start(&EngineOptions {
        threads: NonZeroUsize::new(options.threads),
        weights_cache,
        ..EngineOptions::default()
    })?;
    let file = ModelFile {
        id: "model".parse()?,
        path: options.model.clone(),
        digest: "0".repeat(64),
        created_at: Timestamp::from_micros(0),
    };
    let start = Instant::now();
    match engine.load(file) {
        Ok(_) => {
            let took = milliseconds(start);
            for weights in engine.take_unkept() {
                weights.write(&|| false)?;
            }
            Ok(Some(took))
        }
        // A base model is measured without its template.
        Err(LoadError::Template { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn milliseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1000.0
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).map(|value| value.round())
}
