//! The shape of an encoder, from the metadata of its file.

use crate::{
    checkpoint::Checkpoint,
    model::{ConfigError, parameters, quantization},
};

/// Every encoder of this family, XLM-R too, says that it is one of these.
const ARCHITECTURE: &str = "bert";

/// No real model has more; a larger number is a broken file.
const LAYERS_MAX: usize = 1024;
const WIDTH_MAX: usize = 1 << 16;
const CONTEXT_MAX: usize = 1 << 20;

/// How the vectors of a passage's tokens become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    Mean,
    /// That of the first token.
    First,
}

/// The shape of an encoder.
#[derive(Clone, Debug, PartialEq)]
pub struct EncoderConfig {
    pub layers: usize,
    pub hidden: usize,
    pub heads: usize,
    pub feed_forward: usize,
    pub vocabulary: usize,
    /// The most tokens of a passage, those that mark its beginning and end included.
    pub context_tokens: usize,
    pub norm_epsilon: f32,
    pub pooling: Pooling,
    /// For people: the format of most weights.
    pub quantization: String,
    pub parameters: u64,
}

impl EncoderConfig {
    /// Whether models of this `general.architecture` make vectors, and answer nothing.
    pub fn is_of(architecture: &str) -> bool {
        architecture == ARCHITECTURE
    }

    /// # Errors
    /// [`ConfigError`]: the file lacks something, or asks for what the engine does not have.
    pub fn from_checkpoint(file: &Checkpoint) -> Result<Self, ConfigError> {
        if !Self::is_of(file.architecture()) {
            let architecture = file.architecture().to_owned();
            return Err(ConfigError::Architecture { architecture });
        }
        if file.bool("bert.attention.causal") == Some(true) {
            let feature = "an encoder whose tokens see only what is before them".to_owned();
            return Err(ConfigError::Feature { feature });
        }
        let hidden = count(file, "bert.embedding_length", WIDTH_MAX)?;
        let heads = count(file, "bert.attention.head_count", WIDTH_MAX)?;
        if !hidden.is_multiple_of(heads) {
            let (key, value) = ("bert.attention.head_count".to_owned(), heads.to_string());
            let expected = "it must divide `bert.embedding_length`";
            return Err(ConfigError::OutOfRange { key, value, expected });
        }
        let vocabulary = file.tensor("token_embd.weight").and_then(|tensor| tensor.shape.get(1));
        let vocabulary = vocabulary.and_then(|&rows| usize::try_from(rows).ok());
        Ok(Self {
            layers: count(file, "bert.block_count", LAYERS_MAX)?,
            hidden,
            heads,
            feed_forward: count(file, "bert.feed_forward_length", WIDTH_MAX)?,
            vocabulary: vocabulary.ok_or_else(|| missing("token_embd.weight"))?,
            context_tokens: count(file, "bert.context_length", CONTEXT_MAX)?,
            norm_epsilon: epsilon(file)?,
            pooling: pooling(file)?,
            quantization: quantization(file),
            parameters: parameters(file),
        })
    }

    pub(super) fn head_dim(&self) -> usize {
        self.hidden / self.heads
    }
}

fn missing(key: &str) -> ConfigError {
    ConfigError::Missing { key: key.to_owned() }
}

fn count(file: &Checkpoint, key: &str, most: usize) -> Result<usize, ConfigError> {
    let value = file.u64(key).ok_or_else(|| missing(key))?;
    match usize::try_from(value) {
        Ok(value) if (1..=most).contains(&value) => Ok(value),
        Ok(_) | Err(_) => Err(ConfigError::OutOfRange {
            key: key.to_owned(),
            value: value.to_string(),
            expected: "it must be above zero and not beyond every real model",
        }),
    }
}

fn epsilon(file: &Checkpoint) -> Result<f32, ConfigError> {
    const KEY: &str = "bert.attention.layer_norm_epsilon";
    let value = file.f32(KEY).ok_or_else(|| missing(KEY))?;
    if value.is_finite() && value > 0.0 {
        return Ok(value);
    }
    let (key, value, expected) = (KEY.to_owned(), value.to_string(), "it must be above zero");
    Err(ConfigError::OutOfRange { key, value, expected })
}

fn pooling(file: &Checkpoint) -> Result<Pooling, ConfigError> {
    let refused = |feature: &str| Err(ConfigError::Feature { feature: feature.to_owned() });
    match file.u32("bert.pooling_type") {
        None | Some(1) => Ok(Pooling::Mean),
        Some(2) => Ok(Pooling::First),
        Some(0) => refused("vectors of single tokens"),
        Some(4) => refused("the scores of a reranker"),
        Some(other) => refused(&format!("pooling of type {other}")),
    }
}
