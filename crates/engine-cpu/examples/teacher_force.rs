//! Log-probabilities of given continuations, for the comparison with another engine.
//!
//! `teacher_force MODEL [--batched] [--threads N] [--path scalar|avx2|avx512|neon]`
//! `    [--adapter ADAPTER] [--kv-cache-type f16|q8] [--context TOKENS]`
//! `    [--perturb rope:PAIR:FACTOR | --perturb scale:TENSOR:FACTOR] < sequences.json > rows.bin`
//!
//! The input is a list of `{"prompt": [ids], "continuation": [ids]}`. For every token of a
//! continuation one row is written: the natural-log probability of each token of the vocabulary
//! before it, as little-endian 32-bit floats. `--batched` computes each sequence in one batch;
//! without it the continuation is computed token by token, as in an answer.

use std::io::{BufWriter, Read as _, Write};

use anyhow::{Context as _, bail};
use cpu_kernels::{KvPrecision, Path, PathKind, log_sum_exp};
use engine_cpu::{Direct, Model, Perturbation, checkpoint::Checkpoint};

struct Sequence {
    prompt: Vec<u32>,
    continuation: Vec<u32>,
}

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().context("usage: teacher_force MODEL [options]")?;
    let (mut batched, mut threads, mut path, mut perturbation) = (false, 2, Path::best(), None);
    let mut adapter = None;
    let mut kept = KvPrecision::default();
    let mut context = None;
    while let Some(option) = arguments.next() {
        if option == "--batched" {
            batched = true;
            continue;
        }
        let value = arguments.next().context("an option needs a value")?;
        match option.as_str() {
            "--threads" => threads = value.parse()?,
            "--context" => context = Some(value.parse()?),
            "--path" => path = kernel(&value)?,
            "--adapter" => adapter = Some(Checkpoint::open(value.as_ref())?),
            "--kv-cache-type" => {
                kept = KvPrecision::from_name(&value).context("neither f16 nor q8")?;
            }
            "--perturb" => perturbation = Some(wrong(&value)?),
            _ => bail!("unknown option {option}"),
        }
    }
    let file = Checkpoint::open(file.as_ref())?;
    let mut model = Model::load_perturbed(&file, perturbation.as_ref())?.with_kv_precision(kept);
    if let Some(tokens) = context {
        model.limit_context(tokens);
    }
    let mut direct = Direct::new(model, threads, path)?;
    if let Some(adapter) = &adapter {
        direct.adapt(adapter)?;
    }
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    for sequence in sequences(&input)? {
        let rows = rows(&mut direct, &sequence, batched)?;
        for row in rows {
            let total = log_sum_exp(Path::SCALAR, &row);
            for logit in row {
                out.write_all(&(logit - total).to_le_bytes())?;
            }
        }
    }
    Ok(out.flush()?)
}

/// The logits before each token of the continuation.
fn rows(direct: &mut Direct, sequence: &Sequence, batched: bool) -> anyhow::Result<Vec<Vec<f32>>> {
    let Some((_, given)) = sequence.continuation.split_last() else { return Ok(Vec::new()) };
    direct.restart();
    if batched {
        let vocabulary = direct.model().config().vocabulary;
        let tokens = [&sequence.prompt, given].concat();
        let logits = direct.append_all(&tokens)?;
        let rows = logits.chunks_exact(vocabulary).skip(sequence.prompt.len() - 1);
        return Ok(rows.map(<[f32]>::to_vec).collect());
    }
    let mut rows = vec![direct.append(&sequence.prompt)?.to_vec()];
    for &token in given {
        rows.push(direct.append(&[token])?.to_vec());
    }
    Ok(rows)
}

fn sequences(input: &str) -> anyhow::Result<Vec<Sequence>> {
    let value: serde_json::Value = serde_json::from_str(input)?;
    let list = value.as_array().context("the input is no list")?;
    list.iter()
        .map(|one| {
            let sequence = Sequence {
                prompt: tokens(&one["prompt"])?,
                continuation: tokens(&one["continuation"])?,
            };
            if sequence.prompt.is_empty() {
                bail!("a prompt is empty");
            }
            Ok(sequence)
        })
        .collect()
}

fn tokens(value: &serde_json::Value) -> anyhow::Result<Vec<u32>> {
    let list = value.as_array().context("tokens are a list")?;
    let token = |one: &serde_json::Value| one.as_u64().and_then(|id| u32::try_from(id).ok());
    list.iter().map(|one| token(one).context("a token is no id")).collect()
}

fn kernel(name: &str) -> anyhow::Result<Path> {
    let kind = match name {
        "scalar" => PathKind::Scalar,
        "avx2" => PathKind::Avx2,
        "avx512" => PathKind::Avx512Vnni,
        "neon" => PathKind::Neon,
        _ => bail!("unknown path {name}"),
    };
    Path::select(kind).with_context(|| format!("this processor lacks {name}"))
}

fn wrong(text: &str) -> anyhow::Result<Perturbation> {
    let mut parts = text.split(':');
    let (Some(kind), Some(target), Some(factor), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        bail!("a perturbation is KIND:TARGET:FACTOR");
    };
    let factor = factor.parse()?;
    match kind {
        "rope" => Ok(Perturbation::RopeFrequency { pair: target.parse()?, factor }),
        "scale" => Ok(Perturbation::Tensor { name: target.to_owned(), factor }),
        _ => bail!("unknown perturbation {kind}"),
    }
}
