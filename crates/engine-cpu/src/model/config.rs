//! The shape of a model, from the metadata of its file.

use crate::gguf::{GgufFile, TensorType};

/// Architectures that the engine runs, as `general.architecture` names them.
pub const SUPPORTED_ARCHITECTURES: [&str; 1] = ["llama"];

/// No real model has more; a larger number is a broken file.
const LAYERS_MAX: usize = 1024;
const WIDTH_MAX: usize = 1 << 20;

/// The shape of a transformer of the Llama family.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelConfig {
    pub architecture: String,
    pub layers: usize,
    pub hidden: usize,
    pub heads: usize,
    pub kv_heads: usize,
    pub head_dim: usize,
    pub feed_forward: usize,
    pub vocabulary: usize,
    pub context_tokens: u32,
    pub norm_epsilon: f32,
    /// How many values of each head are rotated, from the first on.
    pub rope_dims: usize,
    pub rope_base: f32,
    /// Positions are multiplied by this before they become angles.
    pub rope_position_scale: f32,
    /// For people: the format of most weights.
    pub quantization: String,
    pub parameters: u64,
}

/// Why a file is not a model that the engine runs.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error(
        "the architecture `{architecture}` is not supported; supported: {}",
        SUPPORTED_ARCHITECTURES.join(", ")
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
    pub fn from_gguf(file: &GgufFile) -> Result<Self, ConfigError> {
        let architecture = file.architecture().to_owned();
        if !SUPPORTED_ARCHITECTURES.contains(&architecture.as_str()) {
            return Err(ConfigError::Architecture { architecture });
        }
        let keys = Keys { file, architecture: &architecture };
        keys.refuse_features()?;
        let hidden = keys.count("embedding_length", WIDTH_MAX)?;
        let heads = keys.count("attention.head_count", WIDTH_MAX)?;
        let kv_heads = keys.count_or("attention.head_count_kv", WIDTH_MAX, heads)?;
        let head_dim = keys.count_or("attention.key_length", WIDTH_MAX, hidden / heads)?;
        let vocabulary = file
            .tensor("token_embd.weight")
            .and_then(|tensor| tensor.shape.get(1))
            .and_then(|&rows| usize::try_from(rows).ok())
            .ok_or_else(|| ConfigError::Missing { key: "token_embd.weight".to_owned() })?;
        let config = Self {
            layers: keys.count("block_count", LAYERS_MAX)?,
            hidden,
            heads,
            kv_heads,
            head_dim,
            feed_forward: keys.count("feed_forward_length", WIDTH_MAX)?,
            vocabulary,
            context_tokens: u32::try_from(keys.count("context_length", 1 << 24)?)
                .unwrap_or(u32::MAX),
            norm_epsilon: keys.positive("attention.layer_norm_rms_epsilon", None)?,
            rope_dims: keys.count_or("rope.dimension_count", WIDTH_MAX, head_dim)?,
            rope_base: keys.positive("rope.freq_base", Some(10_000.0))?,
            rope_position_scale: 1.0 / keys.rope_scaling()?,
            quantization: quantization(file),
            parameters: file.tensors().iter().map(|tensor| elements(&tensor.shape)).sum(),
            architecture: architecture.clone(),
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
        if !self.rope_dims.is_multiple_of(2) || self.rope_dims > self.head_dim {
            return bad(
                "rope.dimension_count",
                self.rope_dims,
                "it must be even and at most the size of a head",
            );
        }
        Ok(())
    }
}

/// Reads the keys that carry the architecture as a prefix.
struct Keys<'a> {
    file: &'a GgufFile,
    architecture: &'a str,
}

impl Keys<'_> {
    fn name(&self, key: &str) -> String {
        format!("{}.{key}", self.architecture)
    }

    fn count(&self, key: &str, most: usize) -> Result<usize, ConfigError> {
        let key = self.name(key);
        let value = self.file.u64(&key).ok_or_else(|| ConfigError::Missing { key: key.clone() })?;
        match usize::try_from(value) {
            Ok(value) if (1..=most).contains(&value) => Ok(value),
            Ok(_) | Err(_) => Err(ConfigError::OutOfRange {
                key,
                value: value.to_string(),
                expected: "it must be above zero and not beyond every real model",
            }),
        }
    }

    fn count_or(&self, key: &str, most: usize, default: usize) -> Result<usize, ConfigError> {
        match self.count(key, most) {
            Err(ConfigError::Missing { .. }) => Ok(default),
            other => other,
        }
    }

    fn positive(&self, key: &str, default: Option<f32>) -> Result<f32, ConfigError> {
        let key = self.name(key);
        let value = self.file.f32(&key).or(default);
        let value = value.ok_or_else(|| ConfigError::Missing { key: key.clone() })?;
        if value.is_finite() && value > 0.0 {
            Ok(value)
        } else {
            let expected = "it must be above zero";
            Err(ConfigError::OutOfRange { key, value: value.to_string(), expected })
        }
    }

    fn rope_scaling(&self) -> Result<f32, ConfigError> {
        match self.file.text(&self.name("rope.scaling.type")) {
            None | Some("none") => Ok(1.0),
            Some("linear") => self.positive("rope.scaling.factor", Some(1.0)),
            Some(other) => {
                Err(ConfigError::Feature { feature: format!("position scaling `{other}`") })
            }
        }
    }

    /// What would silently compute something else if it were ignored.
    fn refuse_features(&self) -> Result<(), ConfigError> {
        let present = |key: &str| self.file.u64(&self.name(key)).is_some_and(|count| count > 0);
        if present("expert_count") {
            return Err(ConfigError::Feature { feature: "a mixture of experts".to_owned() });
        }
        if present("attention.sliding_window") {
            return Err(ConfigError::Feature { feature: "sliding-window attention".to_owned() });
        }
        let key_length = self.file.u64(&self.name("attention.key_length"));
        let value_length = self.file.u64(&self.name("attention.value_length"));
        if let (Some(keys), Some(values)) = (key_length, value_length)
            && keys != values
        {
            let feature = "values of another size than keys".to_owned();
            return Err(ConfigError::Feature { feature });
        }
        Ok(())
    }
}

fn elements(shape: &[u64]) -> u64 {
    shape.iter().fold(1, |product: u64, &size| product.saturating_mul(size))
}

/// The format that holds most of the parameters.
fn quantization(file: &GgufFile) -> String {
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
