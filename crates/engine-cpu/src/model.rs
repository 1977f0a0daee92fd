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
pub(crate) use load::{Kept, Origin, Outcome, Packing, Source, Unkept, load as load_parts};
pub use load::{LoadProgress, Loading, ModelError, Perturbation, WeightsKey};
pub(crate) use quantize::q8_0;
pub use rope::{PositionScaling, Rope, Yarn};
pub(crate) use weights::{Dense, ExpertWeights, FeedForward, Layer, Projection, Weights};

use cpu_kernels::KvPrecision;

use crate::{checkpoint::Checkpoint, kv_cache::KvShape};

/// A transformer, ready to run.
#[derive(Debug)]
pub struct Model {
    config: ModelConfig,
    weights: Weights,
    kv_precision: KvPrecision,
}

impl Model {
    /// Reads the weights of `file` one piece at a time and packs them; afterwards nothing of the
    /// file stays in memory. Matrices of safetensors are quantised to `Q8_0` on the way.
    pub fn load(file: &Checkpoint) -> Result<Self, ModelError> {
        Self::load_perturbed(file, None)
    }

    /// As [`load`](Self::load), on several threads, watched.
    pub fn load_by(file: &Checkpoint, loading: &Loading<'_>) -> Result<Self, ModelError> {
        Self::load_parts(file, None, loading)
    }

    /// As [`load`](Self::load), with one number made wrong on purpose: the negative control of
    /// the comparison with other engines.
    pub fn load_perturbed(
        file: &Checkpoint,
        perturbation: Option<&Perturbation>,
    ) -> Result<Self, ModelError> {
        let progress = LoadProgress::default();
        Self::load_parts(file, perturbation, &Loading::new(1, &progress))
    }

    fn load_parts(
        file: &Checkpoint,
        perturbation: Option<&Perturbation>,
        loading: &Loading<'_>,
    ) -> Result<Self, ModelError> {
        let config = ModelConfig::from_checkpoint(file)?;
        let build = |source: &mut Source<'_>| load::weights(source, &config);
        let weights = load_parts(file, perturbation, loading, build)?;
        Ok(Self { config, weights, kv_precision: KvPrecision::default() })
    }

    /// Keeps the keys and values of its sequences in this precision; without, in half precision.
    #[must_use]
    pub fn with_kv_precision(mut self, precision: KvPrecision) -> Self {
        self.kv_precision = precision;
        self
    }

    /// Tells that no sequence will be longer. Models with two sets of rotary factors (`longrope`)
    /// then turn by those for short contexts, if that is no more than their first training had.
    /// Without it they turn by those for long ones. To be called before anything is computed.
    pub fn limit_context(&mut self, tokens: u32) {
        if tokens <= self.config.original_context_tokens {
            self.weights.reach_short();
        }
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
            precision: self.kv_precision,
        }
    }
}
