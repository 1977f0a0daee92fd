//! A model in memory: its shape, and its weights packed for the kernels.

mod architecture;
mod config;
mod experts;
mod keys;
mod load;
mod quantize;
mod rope;
mod weights;

#[cfg(test)]
mod tests;

pub use architecture::{Activation, Architecture};
pub use config::{ConfigError, LayerAttention, LayerRope, ModelConfig, QueryGrowth};
pub(crate) use config::{parameters, quantization};
pub(crate) use experts::Choice;
pub use experts::Experts;
pub use load::{ModelError, Perturbation};
pub(crate) use load::{Packing, Source};
pub use rope::{PositionScaling, Rope, Yarn};
pub(crate) use weights::{Dense, ExpertWeights, FeedForward, Layer, Projection, Weights};

use crate::{checkpoint::Checkpoint, kv_cache::KvShape};

/// A transformer, ready to run.
#[derive(Debug)]
pub struct Model {
    config: ModelConfig,
    weights: Weights,
}

impl Model {
    /// Reads the weights of `file` one piece at a time and packs them; afterwards nothing of the
    /// file stays in memory. Matrices of safetensors are quantised to `Q8_0` on the way.
    pub fn load(file: &Checkpoint) -> Result<Self, ModelError> {
        Self::load_perturbed(file, None)
    }

    /// As [`load`](Self::load), with one number made wrong on purpose: the negative control of
    /// the comparison with other engines.
    pub fn load_perturbed(
        file: &Checkpoint,
        perturbation: Option<&Perturbation>,
    ) -> Result<Self, ModelError> {
        let config = ModelConfig::from_checkpoint(file)?;
        let weights = load::weights(file, &config, perturbation)?;
        Ok(Self { config, weights })
    }

    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// Bytes of memory that the packed weights occupy.
    pub fn weight_bytes(&self) -> usize {
        self.weights.bytes()
    }

    pub(crate) fn weights(&self) -> &Weights {
        &self.weights
    }

    pub(crate) fn kv_shape(&self) -> KvShape {
        KvShape {
            layers: self.config.layers,
            kv_heads: self.config.kv_heads,
            head_dim: self.config.head_dim,
        }
    }
}
