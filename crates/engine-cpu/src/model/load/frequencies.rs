//! How fast each pair of values turns: the formula of the rotary embedding, divided by the factors
//! that a model brings.

use super::{ConfigError, ModelConfig, ModelError, Perturbation, Rope, Source};

/// Where a GGUF file and a directory hold factors.
#[derive(Clone, Copy)]
struct Factors {
    tensor: &'static str,
    key: &'static str,
}

/// Of use in every context.
const ALWAYS: Factors = Factors { tensor: "rope_freqs.weight", key: "rope.frequency_factors" };
/// Of use in contexts beyond that of the first training, and up to it.
const LONG: Factors = Factors { tensor: "rope_factors_long.weight", key: "rope.long_factors" };
const SHORT: Factors = Factors { tensor: "rope_factors_short.weight", key: "rope.short_factors" };

/// Those of the rotary embedding, then those of the local one; by the factors for long contexts
/// where there are two sets.
pub(super) fn frequencies(
    source: &mut Source<'_>,
    config: &ModelConfig,
) -> Result<Vec<f32>, ModelError> {
    with_factors(source, config, LONG)
}

/// The same for short contexts, where there are two sets of factors.
pub(super) fn short_frequencies(
    source: &mut Source<'_>,
    config: &ModelConfig,
) -> Result<Option<Vec<f32>>, ModelError> {
    let two = source.has_factors(LONG) && !source.has_factors(ALWAYS);
    two.then(|| with_factors(source, config, SHORT)).transpose()
}

fn with_factors(
    source: &mut Source<'_>,
    config: &ModelConfig,
    reach: Factors,
) -> Result<Vec<f32>, ModelError> {
    let mut frequencies: Vec<f32> = config.rope.frequencies().collect();
    let place = if source.has_factors(ALWAYS) {
        Some(ALWAYS)
    } else {
        source.has_factors(LONG).then_some(reach)
    };
    if let Some(place) = place {
        let factors = source.factors(place, frequencies.len())?;
        frequencies.iter_mut().zip(&factors).for_each(|(frequency, factor)| *frequency /= factor);
    }
    frequencies.extend(config.local_rope.iter().flat_map(Rope::frequencies));
    if let Some(Perturbation::RopeFrequency { pair, factor }) = source.perturbation()
        && let Some(frequency) = frequencies.get_mut(*pair)
    {
        *frequency *= factor;
    }
    Ok(frequencies)
}

impl Source<'_> {
    fn has_factors(&self, factors: Factors) -> bool {
        self.has(factors.tensor) || self.listed(factors).is_some()
    }

    fn listed(&self, Factors { key, .. }: Factors) -> Option<Vec<f32>> {
        self.file().floats(&format!("{}.{key}", self.file().architecture()))
    }

    /// One for each pair of turned values.
    fn factors(&mut self, place: Factors, pairs: usize) -> Result<Vec<f32>, ModelError> {
        let factors = match self.listed(place) {
            Some(listed) => listed,
            None => self.vector(place.tensor, pairs)?,
        };
        let bad = |value: String, expected| {
            let key = place.key.to_owned();
            Err(ConfigError::OutOfRange { key, value, expected }.into())
        };
        if factors.len() != pairs {
            let expected = "there must be one for each pair of turned values";
            return bad(factors.len().to_string(), expected);
        }
        // While it is written down what is needed, vectors are zeroes.
        let is_bad = |factor: &&f32| !(self.is_planning() || factor.is_finite() && **factor > 0.0);
        match factors.iter().find(is_bad) {
            Some(factor) => bad(factor.to_string(), "it must be above zero"),
            None => Ok(factors),
        }
    }
}
