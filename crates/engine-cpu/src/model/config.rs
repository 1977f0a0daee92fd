//! The shape of a model, from the metadata of its file.

use super::{Activation, Architecture, Experts, PositionScaling, Rope, keys::Keys};
use crate::{
    checkpoint::{Checkpoint, Layout},
    gguf::TensorType,
};

/// No real model has more; a larger number is a broken file.
const LAYERS_MAX: usize = 1024;
const WIDTH_MAX: usize = 1 << 20;
const CONTEXT_MAX: usize = 1 << 24;

/// The files of Gemma 3 do not say by what queries are divided; the size of the model does.
const GEMMA_27B_LAYERS: usize = 62;
/// Every sixth layer of Gemma 3 sees everything, the others a window.
const GEMMA_PERIOD: usize = 6;
/// Every fourth layer of `SmolLM3` has no rotary embedding.
const SMOLLM3_PERIOD: usize = 4;

/// The shape of a transformer, and what its family computes in its own way.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelConfig {
    pub architecture: Architecture,
    pub layers: usize,
    pub hidden: usize,
    pub heads: usize,
    pub kv_heads: usize,
    pub head_dim: usize,
    pub feed_forward: usize,
    /// Where the feed-forward part of each block is a choice of experts.
    pub experts: Option<Experts>,
    pub vocabulary: usize,
    pub context_tokens: u32,
    /// The context of the first training, where a model was stretched later.
    pub original_context_tokens: u32,
    pub norm_epsilon: f32,
    pub rope: Rope,
    /// The rotary embedding of layers with a window, where it is another one.
    pub local_rope: Option<Rope>,
    /// What each layer sees and how it is turned; as many as `layers`.
    pub attention: Vec<LayerAttention>,
    pub activation: Activation,
    /// Embeddings are multiplied by this.
    pub embedding_scale: f32,
    /// What a block yields is multiplied by this before it is added.
    pub residual_scale: f32,
    /// Products of queries and keys are multiplied by this.
    pub attention_scale: f32,
    /// Logits are multiplied by this.
    pub logit_scale: f32,
    /// Queries grow with the position.
    pub query_growth: Option<QueryGrowth>,
    /// For people: the format of most weights.
    pub quantization: String,
    pub parameters: u64,
}

/// How one layer attends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerAttention {
    pub rope: LayerRope,
    /// The most positions that a token sees, itself included.
    pub window: Option<usize>,
}

/// Which rotary embedding a layer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerRope {
    None,
    Global,
    Local,
}

/// Queries are multiplied by `1 + scale * ln(1 + floor(position / step))`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QueryGrowth {
    pub scale: f32,
    pub step: f32,
}

impl QueryGrowth {
    #[expect(clippy::cast_precision_loss, reason = "contexts are below 2^24 tokens")]
    pub fn at(self, position: usize) -> f32 {
        1.0 + self.scale * (position as f32 / self.step).floor().ln_1p()
    }
}

/// Why a file is not a model that the engine runs.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error(
        "the architecture `{architecture}` is not supported; supported: {}",
        Architecture::names()
    )]
    Architecture { architecture: String },
    #[error("the metadata has no usable `{key}`")]
    Missing { key: String },
    #[error("`{key}` is {value}, but {expected}")]
    OutOfRange { key: String, value: String, expected: &'static str },
    #[error("the model needs {feature}, which the engine does not have")]
    Feature { feature: String },
}

impl ModelConfig {
    pub fn from_checkpoint(file: &Checkpoint) -> Result<Self, ConfigError> {
        let name = file.architecture();
        let Some(architecture) = Architecture::from_name(name) else {
            return Err(ConfigError::Architecture { architecture: name.to_owned() });
        };
        let keys = Keys { file, architecture };
        keys.refuse_features()?;
        let layers = keys.count("block_count", LAYERS_MAX)?;
        let hidden = keys.count("embedding_length", WIDTH_MAX)?;
        let heads = keys.count("attention.head_count", WIDTH_MAX)?;
        let kv_heads = keys.count_or("attention.head_count_kv", WIDTH_MAX, heads)?;
        let head_dim = keys.count_or("attention.key_length", WIDTH_MAX, hidden / heads)?;
        keys.check_values(head_dim)?;
        let rope = keys.rope(keys.count_or("rope.dimension_count", WIDTH_MAX, head_dim)?)?;
        let vocabulary = file
            .tensor("token_embd.weight")
            .and_then(|tensor| tensor.shape.get(1))
            .and_then(|&rows| usize::try_from(rows).ok())
            .ok_or_else(|| ConfigError::Missing { key: "token_embd.weight".to_owned() })?;
        // The largest Gemma 3 has heads that are wider than its share of the hidden values.
        let query_size = match architecture {
            Architecture::Gemma3 if layers == GEMMA_27B_LAYERS => hidden / heads,
            Architecture::Llama
            | Architecture::Mistral3
            | Architecture::Qwen2
            | Architecture::Qwen3
            | Architecture::Qwen3Moe
            | Architecture::Granite
            | Architecture::SmolLm3
            | Architecture::Phi3
            | Architecture::Gemma3 => head_dim,
        };
        let scales = Scales::of(&keys, hidden, query_size)?;
        let config = Self {
            architecture,
            layers,
            hidden,
            heads,
            kv_heads,
            head_dim,
            feed_forward: keys.count("feed_forward_length", WIDTH_MAX)?,
            experts: Experts::of(&keys)?,
            vocabulary,
            context_tokens: u32::try_from(keys.count("context_length", CONTEXT_MAX)?)
                .unwrap_or(u32::MAX),
            original_context_tokens: keys.original_context_tokens()?,
            norm_epsilon: keys.positive("attention.layer_norm_rms_epsilon", None)?,
            rope,
            local_rope: local_rope(&keys, rope)?,
            attention: layer_attention(&keys, layers)?,
            activation: architecture.activation(),
            embedding_scale: scales.embedding,
            residual_scale: scales.residual,
            attention_scale: scales.attention,
            logit_scale: scales.logit,
            query_growth: query_growth(&keys)?,
            quantization: quantization(file),
            parameters: parameters(file),
        };
        config.check(&keys)?;
        Ok(config)
    }

    /// Values of all query heads together.
    pub fn query_width(&self) -> usize {
        self.heads * self.head_dim
    }

    /// Values of all key heads together, which is also that of all value heads.
    pub fn kv_width(&self) -> usize {
        self.kv_heads * self.head_dim
    }

    /// Query heads that share one key head.
    pub fn group(&self) -> usize {
        self.heads / self.kv_heads
    }

    fn check(&self, keys: &Keys<'_>) -> Result<(), ConfigError> {
        let bad = |key: &str, value: usize, expected| {
            Err(ConfigError::OutOfRange { key: keys.name(key), value: value.to_string(), expected })
        };
        if !self.heads.is_multiple_of(self.kv_heads) {
            return bad("attention.head_count_kv", self.kv_heads, "it must divide the head count");
        }
        if !self.head_dim.is_multiple_of(16) || self.head_dim > 512 {
            return bad(
                "attention.key_length",
                self.head_dim,
                "it must be a multiple of 16, at most 512",
            );
        }
        if self.query_width() > WIDTH_MAX {
            return bad("attention.head_count", self.heads, "the heads together are too wide");
        }
        if !self.rope.dims.is_multiple_of(2) || self.rope.dims > self.head_dim {
            return bad(
                "rope.dimension_count",
                self.rope.dims,
                "it must be even and at most the size of a head",
            );
        }
        Ok(())
    }
}

/// What a family multiplies by beside its weights.
struct Scales {
    embedding: f32,
    residual: f32,
    attention: f32,
    logit: f32,
}

impl Scales {
    #[expect(clippy::cast_precision_loss, reason = "widths are below 2^24")]
    fn of(keys: &Keys<'_>, hidden: usize, query_size: usize) -> Result<Self, ConfigError> {
        let plain = Self {
            embedding: 1.0,
            residual: 1.0,
            attention: 1.0 / (query_size as f32).sqrt(),
            logit: 1.0,
        };
        Ok(match keys.architecture {
            Architecture::Granite => Self {
                embedding: keys.positive_or("embedding_scale", 1.0)?,
                residual: keys.positive_or("residual_scale", 1.0)?,
                attention: keys.positive_or("attention.scale", plain.attention)?,
                // The file holds what logits are divided by.
                logit: 1.0 / keys.positive("logit_scale", None)?,
            },
            Architecture::Gemma3 => Self { embedding: (hidden as f32).sqrt(), ..plain },
            Architecture::Llama
            | Architecture::Mistral3
            | Architecture::Qwen2
            | Architecture::Qwen3
            | Architecture::Qwen3Moe
            | Architecture::SmolLm3
            | Architecture::Phi3 => plain,
        })
    }
}

/// How each layer attends.
fn layer_attention(keys: &Keys<'_>, layers: usize) -> Result<Vec<LayerAttention>, ConfigError> {
    const WINDOW: &str = "attention.sliding_window";
    let everything = LayerAttention { rope: LayerRope::Global, window: None };
    let still = LayerAttention { rope: LayerRope::None, window: None };
    let one = |index: usize| -> Result<LayerAttention, ConfigError> {
        Ok(match keys.architecture {
            Architecture::Granite if !keys.flag_or("rope.scaling.finetuned", true) => still,
            Architecture::SmolLm3 if (index + 1).is_multiple_of(SMOLLM3_PERIOD) => still,
            Architecture::Phi3 if keys.has_count(WINDOW) => {
                LayerAttention { window: Some(keys.count(WINDOW, CONTEXT_MAX)?), ..everything }
            }
            Architecture::Gemma3 if !keys.sees_all(index, GEMMA_PERIOD) => LayerAttention {
                rope: LayerRope::Local,
                window: Some(keys.count(WINDOW, CONTEXT_MAX)?),
            },
            Architecture::Llama
            | Architecture::Mistral3
            | Architecture::Qwen2
            | Architecture::Qwen3
            | Architecture::Qwen3Moe
            | Architecture::Granite
            | Architecture::SmolLm3
            | Architecture::Phi3
            | Architecture::Gemma3 => everything,
        })
    };
    (0..layers).map(one).collect()
}

/// Layers with a window turn by frequencies of their own, which nothing stretches.
fn local_rope(keys: &Keys<'_>, rope: Rope) -> Result<Option<Rope>, ConfigError> {
    if keys.architecture != Architecture::Gemma3 {
        return Ok(None);
    }
    let base = keys.positive("rope.freq_base_swa", Some(10_000.0))?;
    Ok(Some(Rope { base, scaling: PositionScaling::None, ..rope }))
}

fn query_growth(keys: &Keys<'_>) -> Result<Option<QueryGrowth>, ConfigError> {
    const SCALE: &str = "attention.temperature_scale";
    if !keys.measures(SCALE) {
        return Ok(None);
    }
    Ok(Some(QueryGrowth { scale: keys.positive(SCALE, None)?, step: keys.original_context()? }))
}

fn elements(shape: &[u64]) -> u64 {
    shape.iter().fold(1, |product: u64, &size| product.saturating_mul(size))
}

/// How many numbers the file holds.
pub(crate) fn parameters(file: &Checkpoint) -> u64 {
    file.tensors().iter().map(|tensor| elements(&tensor.shape)).sum()
}

/// The format that holds most of the parameters.
pub(crate) fn quantization(file: &Checkpoint) -> String {
    if file.layout() == Layout::Safetensors {
        // Whatever is stored, this is what is computed with.
        return TensorType::Q8_0.as_str().to_owned();
    }
    let mut totals: Vec<(TensorType, u64)> = Vec::new();
    for tensor in file.tensors() {
        let count = elements(&tensor.shape);
        match totals.iter_mut().find(|(kind, _)| *kind == tensor.kind) {
            Some((_, total)) => *total = total.saturating_add(count),
            None => totals.push((tensor.kind, count)),
        }
    }
    let most = totals.into_iter().max_by_key(|&(_, total)| total);
    most.map(|(kind, _)| kind.as_str().to_owned()).unwrap_or_default()
}
