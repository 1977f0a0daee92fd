//! Brings the tensors of a file into memory, packed.
//!
//! What a model is made of is told once, by a function that asks a [`Source`] for one part after
//! the other ([`load`]). It runs twice: first the source only writes down what is wanted, and
//! refuses what the file does not have; then all of that is packed by several threads; then the
//! function gets it.

mod formats;
mod frequencies;
mod kept;
mod packing;
mod progress;
mod source;
mod tasks;
#[cfg(test)]
mod tests;

use cpu_kernels::PackError;

pub(crate) use self::kept::{Kept, Origin, Outcome, Unkept};
use self::packing::Plans;
pub(crate) use self::source::{Packing, Source};
pub use self::{kept::WeightsKey, progress::LoadProgress};
use super::{
    ConfigError, Experts, ModelConfig, Rope,
    weights::{Dense, ExpertWeights, FeedForward, Layer, Weights},
};
use crate::checkpoint::{Checkpoint, ReadError};

/// Why a model could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error("the model's metadata cannot be used")]
    Config(#[from] ConfigError),
    #[error("the tensor `{name}` is missing")]
    MissingTensor { name: String },
    #[error(
        "the tensor `{name}` is {found:?}, but {expected:?} {} is needed",
        if expected.len() > 2 { "(columns, rows, experts)" } else { "(columns, rows)" }
    )]
    Shape { name: String, found: Vec<u64>, expected: Vec<usize> },
    #[error("the tensor `{name}` mixes exact and quantised arithmetic with its neighbours")]
    MixedFormats { name: String },
    #[error("the tensor `{name}` is stored as {kind}, which the engine cannot read")]
    Format { name: String, kind: &'static str },
    #[error("could not read the tensor `{name}`")]
    Read { name: String, source: ReadError },
    #[error("could not pack the tensor `{name}`")]
    Pack { name: String, source: PackError },
    #[error("the load was called off")]
    Stopped,
}

/// How the weights of a model are brought into memory.
#[derive(Clone, Copy, Debug)]
pub struct Loading<'a> {
    /// Each has about a megabyte in memory beside the packed result, which is the same for any
    /// number of them.
    pub(crate) threads: usize,
    pub(crate) progress: &'a LoadProgress,
    /// Where they may be found as they were packed before.
    pub(crate) kept: Option<&'a Kept>,
}

impl<'a> Loading<'a> {
    pub fn new(threads: usize, progress: &'a LoadProgress) -> Self {
        Self { threads, progress, kept: None }
    }
}

/// One number made wrong, to prove that a comparison would notice.
#[derive(Clone, Debug, PartialEq)]
pub enum Perturbation {
    /// Multiplies the frequency of one pair of rotated values.
    RopeFrequency { pair: usize, factor: f32 },
    /// Multiplies one tensor.
    Tensor { name: String, factor: f32 },
}

/// Makes what `build` makes of the parts of a model that it asks for.
pub(crate) fn load<T>(
    file: &Checkpoint,
    perturbation: Option<&Perturbation>,
    loading: &Loading<'_>,
    build: impl Fn(&mut Source<'_>) -> Result<T, ModelError>,
) -> Result<T, ModelError> {
    let plans = || {
        let mut source = Source::planning(file, perturbation);
        build(&mut source)?;
        Ok(source.into_plans())
    };
    let Loading { threads, progress, kept } = *loading;
    let pack = |plans: Plans<'_>| plans.pack(file, threads, progress);
    let packed = match kept {
        Some(kept) if perturbation.is_none() => kept.load(plans, pack, (threads, progress))?,
        Some(_) | None => pack(plans()?)?,
    };
    build(&mut Source::packed(file, perturbation, packed))
}

pub(super) fn weights(
    source: &mut Source<'_>,
    config: &ModelConfig,
) -> Result<Weights, ModelError> {
    let hidden = config.hidden;
    let embedding = source.matrix("token_embd.weight", config.vocabulary, hidden)?;
    let output = if source.has("output.weight") {
        Some(source.matrix("output.weight", config.vocabulary, hidden)?)
    } else {
        None
    };
    let weights = Weights {
        embedding,
        output,
        output_norm: source.vector("output_norm.weight", hidden)?,
        rope_frequencies: frequencies::frequencies(source, config)?,
        short_rope_frequencies: frequencies::short_frequencies(source, config)?,
        layers: (0..config.layers)
            .map(|index| layer(source, config, index))
            .collect::<Result<_, _>>()?,
    };
    check_formats(&weights)?;
    Ok(weights)
}

/// One batch of inputs serves all products of the blocks, so all need the same kind of input.
fn check_formats(weights: &Weights) -> Result<(), ModelError> {
    let kind = weights.input_kind();
    for (index, layer) in weights.layers.iter().enumerate() {
        if layer.matrices().any(|matrix| matrix.activation_kind() != kind) {
            return Err(ModelError::MixedFormats { name: format!("blk.{index}") });
        }
    }
    Ok(())
}

fn layer(source: &mut Source<'_>, config: &ModelConfig, index: usize) -> Result<Layer, ModelError> {
    let hidden = config.hidden;
    let (queries, keys) = (config.query_width(), config.kv_width());
    let name = |part: &str| format!("blk.{index}.{part}");
    let fused = name("attn_qkv");
    let [query, key, value] = if source.has(&format!("{fused}.weight")) {
        let (all, values) = (queries + 2 * keys, queries + keys);
        [0..queries, queries..values, values..all]
            .map(|rows| source.projection_part(&fused, all, rows, hidden))
    } else {
        [("attn_q", queries), ("attn_k", keys), ("attn_v", keys)]
            .map(|(part, rows)| source.projection(&name(part), rows, hidden))
    };
    let norm = |source: &mut Source<'_>, part: &str, len: usize, wanted: bool| {
        wanted.then(|| source.vector(&name(part), len)).transpose()
    };
    let (heads, outputs) = (config.architecture.norms_heads(), config.architecture.norms_outputs());
    Ok(Layer {
        attention_norm: source.vector(&name("attn_norm.weight"), hidden)?,
        query: query?,
        key: key?,
        value: value?,
        query_norm: norm(source, "attn_q_norm.weight", config.head_dim, heads)?,
        key_norm: norm(source, "attn_k_norm.weight", config.head_dim, heads)?,
        attention_output: source.projection(&name("attn_output"), hidden, queries)?,
        attention_output_norm: norm(source, "post_attention_norm.weight", hidden, outputs)?,
        feed_forward_norm: source.vector(&name("ffn_norm.weight"), hidden)?,
        feed_forward: match &config.experts {
            None => FeedForward::Dense(Box::new(dense(source, config, index)?)),
            Some(experts) => FeedForward::Experts(expert_weights(source, experts, hidden, index)?),
        },
        feed_forward_output_norm: norm(source, "post_ffw_norm.weight", hidden, outputs)?,
    })
}

fn dense(source: &mut Source<'_>, config: &ModelConfig, index: usize) -> Result<Dense, ModelError> {
    let (hidden, ffn) = (config.hidden, config.feed_forward);
    let name = |part: &str| format!("blk.{index}.{part}");
    let [gate, up] = if config.architecture.fuses_gate() {
        [0..ffn, ffn..2 * ffn]
            .map(|rows| source.projection_part(&name("ffn_up"), 2 * ffn, rows, hidden))
    } else {
        ["ffn_gate", "ffn_up"].map(|part| source.projection(&name(part), ffn, hidden))
    };
    let down = source.projection(&name("ffn_down"), hidden, ffn)?;
    Ok(Dense { gate: gate?, up: up?, down })
}

fn expert_weights(
    source: &mut Source<'_>,
    experts: &Experts,
    hidden: usize,
    index: usize,
) -> Result<ExpertWeights, ModelError> {
    let ffn = experts.feed_forward;
    let name = |part: &str| format!("blk.{index}.{part}");
    let [gate, up, down] = [("gate", ffn, hidden), ("up", ffn, hidden), ("down", hidden, ffn)].map(
        |(part, rows, columns)| {
            source.stack(&name(&format!("ffn_{part}")), experts.count, rows, columns)
        },
    );
    let router = source.router(&name("ffn_gate_inp.weight"), experts.count, hidden)?;
    Ok(ExpertWeights { router, gate: gate?, up: up?, down: down? })
}
