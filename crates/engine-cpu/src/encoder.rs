//! Models that read a whole passage at once and yield one vector: BERT and XLM-R.
//!
//! A batch holds passages one after the other, without padding; each token sees the passage that
//! it is of. Start at [`EncoderForward`].

mod config;
mod forward;
mod pass;
#[cfg(test)]
mod tests;
mod weights;

pub use self::config::{EncoderConfig, Pooling};
pub(crate) use self::forward::EncoderForward;
use self::weights::EncoderWeights;
use crate::{
    checkpoint::Checkpoint,
    model::{Loading, ModelError, Source, load_parts},
};

/// An encoder, ready to run.
#[derive(Debug)]
pub(crate) struct Encoder {
    config: EncoderConfig,
    weights: EncoderWeights,
}

impl Encoder {
    /// Whether a file holds an encoder, going by what it says of itself.
    pub(crate) fn is_in(file: &Checkpoint) -> bool {
        EncoderConfig::is_of(file.architecture())
    }

    pub(crate) fn load(file: &Checkpoint, loading: &Loading<'_>) -> Result<Self, ModelError> {
        let config = EncoderConfig::from_checkpoint(file)?;
        let build = |source: &mut Source<'_>| EncoderWeights::load(source, &config);
        let weights = load_parts(file, None, loading, build)?;
        Ok(Self { config, weights })
    }

    pub(crate) fn config(&self) -> &EncoderConfig {
        &self.config
    }

    /// Multiply-adds of a passage in one layer.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub(crate) fn layer_work(&self, tokens: usize) -> f64 {
        let EncoderConfig { hidden, feed_forward, .. } = self.config;
        let products = 4 * hidden * hidden + 2 * hidden * feed_forward;
        tokens as f64 * (products as f64 + (2 * hidden * tokens) as f64)
    }
}
