//! Reads the keys that carry the architecture as a prefix.

use cpu_kernels::RopeStyle;

use super::{Architecture, ConfigError, PositionScaling, Rope, Yarn};
use crate::checkpoint::{Checkpoint, Layout};

pub(super) struct Keys<'a> {
    pub(super) file: &'a Checkpoint,
    pub(super) architecture: Architecture,
}

impl Keys<'_> {
    pub(super) fn name(&self, key: &str) -> String {
        format!("{}.{key}", self.architecture.as_str())
    }

    /// Whether a count is there and above zero.
    pub(super) fn has_count(&self, key: &str) -> bool {
        self.file.u64(&self.name(key)).is_some_and(|count| count > 0)
    }

    /// Whether a number is there and not zero.
    pub(super) fn measures(&self, key: &str) -> bool {
        self.file.f32(&self.name(key)).is_some_and(|number| number != 0.0)
    }

    pub(super) fn flag_or(&self, key: &str, default: bool) -> bool {
        self.file.bool(&self.name(key)).unwrap_or(default)
    }

    /// Whether a layer sees everything among layers with a window: the last of each period, unless
    /// the file lists the layers with a window or says another period.
    pub(super) fn sees_all(&self, layer: usize, period: usize) -> bool {
        let pattern = self.name("attention.sliding_window_pattern");
        if let Some(windows) = self.file.ints(&pattern) {
            return windows.get(layer).is_none_or(|&window| window == 0);
        }
        let period = self.file.u32(&pattern).map_or(period, |period| period as usize);
        period > 0 && (layer + 1).is_multiple_of(period)
    }

    pub(super) fn count(&self, key: &str, most: usize) -> Result<usize, ConfigError> {
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

    pub(super) fn count_or(
        &self,
        key: &str,
        most: usize,
        default: usize,
    ) -> Result<usize, ConfigError> {
        match self.count(key, most) {
            Err(ConfigError::Missing { .. }) => Ok(default),
            other => other,
        }
    }

    pub(super) fn positive(&self, key: &str, default: Option<f32>) -> Result<f32, ConfigError> {
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

    /// As [`positive`](Self::positive), where files also say nothing, or 0, for what they do not
    /// use.
    pub(super) fn positive_or(&self, key: &str, default: f32) -> Result<f32, ConfigError> {
        if self.measures(key) { self.positive(key, None) } else { Ok(default) }
    }

    pub(super) fn rope(&self, dims: usize) -> Result<Rope, ConfigError> {
        let scaling = self.position_scaling()?;
        let yarn_amplitude = match scaling {
            PositionScaling::None | PositionScaling::Linear { .. } => 1.0,
            PositionScaling::Yarn(yarn) => {
                yarn.amplitude(self.positive_or("rope.scaling.yarn_log_multiplier", 0.0)?)
            }
        };
        Ok(Rope {
            style: match self.file.layout() {
                Layout::Gguf => self.architecture.rope_style(),
                // Only conversions to GGUF put pairs side by side.
                Layout::Safetensors => RopeStyle::Halves,
            },
            dims,
            base: self.positive("rope.freq_base", Some(10_000.0))?,
            scaling,
            amplitude: yarn_amplitude * self.positive_or("rope.scaling.attn_factor", 1.0)?,
        })
    }

    fn position_scaling(&self) -> Result<PositionScaling, ConfigError> {
        let factor = || self.positive_or("rope.scaling.factor", 1.0);
        match self.file.text(&self.name("rope.scaling.type")) {
            None | Some("none") => Ok(PositionScaling::None),
            // Its factors are those of single frequencies; one for all positions may come on top.
            Some("longrope") if self.has_long_factors() => {
                Ok(PositionScaling::Linear { factor: factor()? })
            }
            Some("linear") => Ok(PositionScaling::Linear { factor: factor()? }),
            Some("yarn") => Ok(PositionScaling::Yarn(Yarn {
                factor: factor()?,
                original_context: self.original_context()?,
                fast_turns: self.positive_or("rope.scaling.yarn_beta_fast", 32.0)?,
                slow_turns: self.positive_or("rope.scaling.yarn_beta_slow", 1.0)?,
            })),
            Some(other) => {
                Err(ConfigError::Feature { feature: format!("position scaling `{other}`") })
            }
        }
    }

    fn has_long_factors(&self) -> bool {
        self.file.tensor("rope_factors_long.weight").is_some()
    }

    /// The context that the model was trained for before it was stretched.
    pub(super) fn original_context(&self) -> Result<f32, ConfigError> {
        #[expect(clippy::cast_precision_loss, reason = "at most 2^24")]
        let original = self.original_context_tokens()? as f32;
        Ok(original)
    }

    pub(super) fn original_context_tokens(&self) -> Result<u32, ConfigError> {
        let context = self.count("context_length", 1 << 24)?;
        let original = self.count_or("rope.scaling.original_context_length", 1 << 24, context)?;
        Ok(u32::try_from(original).unwrap_or(u32::MAX))
    }

    /// Refuses values of another size than keys.
    pub(super) fn check_values(&self, head_dim: usize) -> Result<(), ConfigError> {
        let values = self.file.u64(&self.name("attention.value_length"));
        if values.is_some_and(|values| values != head_dim as u64) {
            let feature = "values of another size than keys".to_owned();
            return Err(ConfigError::Feature { feature });
        }
        Ok(())
    }

    /// What would silently compute something else if it were ignored.
    pub(super) fn refuse_features(&self) -> Result<(), ConfigError> {
        let refused = |feature: &str| Err(ConfigError::Feature { feature: feature.to_owned() });
        if self.has_count("expert_count") && !self.architecture.may_have_experts() {
            return refused("a mixture of experts");
        }
        if self.file.tensor("blk.0.ffn_up_shexp.weight").is_some() {
            return refused("experts that every token uses");
        }
        if self.has_count("attention.sliding_window") && !self.has_windows() {
            return refused("sliding-window attention");
        }
        if self.measures("attn_logit_softcapping") || self.measures("final_logit_softcapping") {
            return refused("softly capped logits");
        }
        if self.measures("attention.temperature_scale")
            && self.architecture != Architecture::Mistral3
        {
            return refused("attention that changes with the position");
        }
        Ok(())
    }

    /// The families whose windows are known to mean what the engine computes.
    const fn has_windows(&self) -> bool {
        matches!(self.architecture, Architecture::Phi3 | Architecture::Gemma3)
    }
}
