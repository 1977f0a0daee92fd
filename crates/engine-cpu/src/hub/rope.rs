//! What `config.json` says about rotary embeddings, in its older and its newer form.

use std::f64::consts::TAU;

use serde_json::Value as Json;

use super::{
    HubError,
    config::{Config, Family, missing, refused},
};
use crate::gguf::Value;

type Keys = Vec<(&'static str, Value)>;

pub(super) fn describe(config: &Config) -> Result<Keys, HubError> {
    let parameters = config.get("rope_parameters");
    // Newer files describe each kind of layer by itself.
    let global = parameters.map(|all| all.get("full_attention").unwrap_or(all));
    let local = parameters.and_then(|all| all.get("sliding_attention"));
    let stated = global.and_then(|global| number(global, "rope_theta"));
    let stated = stated.or_else(|| config.get("rope_theta").and_then(Json::as_f64));
    let base = match (stated, config.family) {
        (Some(base), _) => base,
        // Its own default is another one.
        (None, Family::Gemma3) => return Err(missing("rope_theta")),
        (None, _) => 10_000.0,
    };
    let mut keys = vec![("rope.freq_base", Value::float(base))];
    let local = local.and_then(|local| number(local, "rope_theta"));
    let local = local.or_else(|| config.get("rope_local_base_freq").and_then(Json::as_f64));
    if let Some(local) = local {
        keys.push(("rope.freq_base_swa", Value::float(local)));
    }
    let share = global.and_then(|global| number(global, "partial_rotary_factor"));
    let share = share.or_else(|| config.get("partial_rotary_factor").and_then(Json::as_f64));
    let dims = turned_values(config.head_dim()?, share)?;
    keys.push(("rope.dimension_count", Value::unsigned(dims)));
    if let Some(scaling) = global.or_else(|| config.get("rope_scaling")) {
        scale(config, scaling, base, dims, &mut keys)?;
    }
    Ok(keys)
}

fn number(object: &Json, key: &str) -> Option<f64> {
    object.get(key)?.as_f64()
}

/// How many values of each head are turned.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "heads are small, and the share is between 0 and 1"
)]
fn turned_values(head_dim: u64, share: Option<f64>) -> Result<u64, HubError> {
    match share {
        None => Ok(head_dim),
        Some(share) if share > 0.0 && share <= 1.0 => Ok((head_dim as f64 * share) as u64),
        Some(_) => Err(missing("partial_rotary_factor")),
    }
}

fn scale(
    config: &Config,
    scaling: &Json,
    base: f64,
    dims: u64,
    keys: &mut Keys,
) -> Result<(), HubError> {
    let kind = scaling.get("rope_type").or_else(|| scaling.get("type"));
    let kind = kind.and_then(Json::as_str).unwrap_or("default");
    let needed = |key: &str| {
        let found = number(scaling, key).filter(|found| *found > 0.0);
        found.ok_or_else(|| missing(&format!("rope_scaling.{key}")))
    };
    match kind {
        "default" => return Ok(()),
        "llama3" => {
            let spread = Spread {
                factor: needed("factor")?,
                slow: needed("low_freq_factor")?,
                fast: needed("high_freq_factor")?,
                context: needed("original_max_position_embeddings")?,
            };
            keys.push(("rope.frequency_factors", Value::floats(&spread.factors(base, dims))));
            return Ok(());
        }
        "yarn" => {
            for other in ["attention_factor", "mscale", "mscale_all_dim"] {
                if scaling.get(other).is_some_and(|value| !value.is_null()) {
                    return refused(&format!("`{other}` of YaRN"));
                }
            }
            if scaling.get("truncate").and_then(Json::as_bool) == Some(false) {
                return refused("YaRN that does not round its borders");
            }
            for (ours, theirs) in [
                ("rope.scaling.yarn_beta_fast", "beta_fast"),
                ("rope.scaling.yarn_beta_slow", "beta_slow"),
            ] {
                if let Some(turns) = number(scaling, theirs) {
                    keys.push((ours, Value::float(turns)));
                }
            }
            let context = scaling.get("original_max_position_embeddings").and_then(Json::as_u64);
            if let Some(context) = context {
                keys.push(("rope.scaling.original_context_length", Value::unsigned(context)));
            }
        }
        "longrope" | "su" => return reach_far(config, scaling, dims, keys),
        "linear" => {}
        other => return refused(&format!("the position scaling `{other}`")),
    }
    keys.push(("rope.scaling.type", Value::Text(kind.to_owned())));
    keys.push(("rope.scaling.factor", Value::float(needed("factor")?)));
    Ok(())
}

/// Phi 3 and its kin have one factor for each frequency, and two sets of them: for contexts up to that
/// of the first training, and for longer ones.
fn reach_far(config: &Config, scaling: &Json, dims: u64, keys: &mut Keys) -> Result<(), HubError> {
    const ORIGINAL: &str = "original_max_position_embeddings";
    for other in ["short_mscale", "long_mscale"] {
        if scaling.get(other).is_some_and(|value| !value.is_null()) {
            return refused(&format!("`{other}` of longrope"));
        }
    }
    for (ours, theirs) in
        [("rope.long_factors", "long_factor"), ("rope.short_factors", "short_factor")]
    {
        let listed = scaling.get(theirs).and_then(Json::as_array);
        let factors: Vec<f64> = listed.into_iter().flatten().filter_map(Json::as_f64).collect();
        if factors.len() as u64 != dims / 2 {
            return Err(missing(&format!("rope_scaling.{theirs}")));
        }
        keys.push((ours, Value::floats(&factors)));
    }
    let original = number(scaling, ORIGINAL).or_else(|| config.number(ORIGINAL).ok());
    let original = original.filter(|original| *original > 1.0).ok_or_else(|| missing(ORIGINAL))?;
    let stretch = match number(scaling, "factor") {
        Some(factor) => factor,
        None => config.number("max_position_embeddings")? / original,
    };
    let amplitude = number(scaling, "attention_factor").unwrap_or_else(|| {
        if stretch > 1.0 { (1.0 + stretch.ln() / original.ln()).sqrt() } else { 1.0 }
    });
    keys.push(("rope.scaling.attn_factor", Value::float(amplitude)));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number")]
    keys.push(("rope.scaling.original_context_length", Value::unsigned(original as u64)));
    Ok(())
}

/// How Llama 3 reaches further: frequencies that turn less than `slow` times within the context of
/// its training are divided by the factor, those that turn more than `fast` times stay.
struct Spread {
    factor: f64,
    slow: f64,
    fast: f64,
    context: f64,
}

impl Spread {
    /// What the frequency of each pair is divided by.
    #[expect(clippy::cast_precision_loss, reason = "dimensions are small")]
    fn factors(&self, base: f64, dims: u64) -> Vec<f64> {
        let one = |pair: u64| {
            let frequency = base.powf(-2.0 * pair as f64 / dims as f64);
            let turns = self.context * frequency / TAU;
            if turns > self.fast {
                1.0
            } else if turns < self.slow {
                self.factor
            } else {
                let kept = (turns - self.slow) / (self.fast - self.slow);
                1.0 / ((1.0 - kept) / self.factor + kept)
            }
        };
        // More pairs than a head can have are refused later.
        (0..dims.min(4096) / 2).map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against the formula of its publication in terms of wavelengths, for Llama 3.2 1B.
    #[test]
    fn llama_3_spreads_slow_frequencies() {
        let spread = Spread { factor: 32.0, slow: 1.0, fast: 4.0, context: 8192.0 };
        let factors = spread.factors(500_000.0, 64);
        assert!(factors[..15].iter().all(|factor| (factor - 1.0).abs() < 1e-9));
        assert!(factors[18..].iter().all(|factor| (factor - 32.0).abs() < 1e-9));
        for (pair, expected) in [(15, 1.651_33), (16, 3.292_26), (17, 9.666_73)] {
            assert!((factors[pair] - expected).abs() < 1e-5, "{pair}: {}", factors[pair]);
        }
    }
}
