//! Settings of what tokens cost.

use std::collections::{HashMap, HashSet};

use domain::{ModelId, ModelIdError};
use inference::{MicroEuros, Price, Prices};
use serde::{Deserialize, Serialize};

use super::UpstreamSettings;
use crate::failure::{Exit, Failure};

/// What a model costs those who ask it. A model without a price costs nothing.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PriceSettings {
    /// Name of the model, as clients use it.
    pub(crate) model: String,
    /// Euros for a million tokens of prompts.
    #[serde(default)]
    pub(crate) prompt_eur_per_million: f64,
    /// Euros for a million tokens of answers.
    #[serde(default)]
    pub(crate) completion_eur_per_million: f64,
}

/// More digits of a price would be cut off, to nothing perhaps.
const PRICE_DIGITS_MAX: usize = 6;

/// In whole millionths of a euro; `None` for what is no price, or is finer than that.
pub(super) fn microeuros(euros: f64) -> Option<MicroEuros> {
    let text = euros.to_string();
    let digits = text.split_once('.').map_or(0, |(_, digits)| digits.len());
    MicroEuros::from_euros(&text).filter(|_| digits <= PRICE_DIGITS_MAX)
}

/// In whole millionths of a euro. A model without a price costs what it costs at the dearest of its
/// upstreams.
pub(crate) fn prices(
    settings: &[PriceSettings],
    upstreams: &[UpstreamSettings],
) -> Result<Prices, Failure> {
    let mut prices = HashMap::new();
    for upstream in upstreams {
        let price = upstream.price()?;
        for model in &upstream.models {
            let known: &mut Price = prices.entry(model.id()?).or_default();
            *known = Price {
                prompt_per_million: known.prompt_per_million.max(price.prompt_per_million),
                completion_per_million: known
                    .completion_per_million
                    .max(price.completion_per_million),
            };
        }
    }
    let mut named = HashSet::new();
    for setting in settings {
        let model: ModelId = setting.model.parse().map_err(|error: ModelIdError| {
            Failure::new(Exit::Settings, error).hint("name the model of each price as clients do")
        })?;
        let euros = |name: &str, euros: f64| {
            microeuros(euros).ok_or_else(|| {
                Failure::message(format!("`{name}` of the model `{model}` is {euros}"))
                    .hint("give euros of at least 0, with up to 6 digits behind the point")
            })
        };
        let price = Price {
            prompt_per_million: euros("prompt_eur_per_million", setting.prompt_eur_per_million)?,
            completion_per_million: euros(
                "completion_eur_per_million",
                setting.completion_eur_per_million,
            )?,
        };
        prices.insert(model.clone(), price);
        if !named.insert(model.clone()) {
            return Err(Failure::message(format!("the model `{model}` has two prices"))
                .hint("leave one entry of `prices` for it"));
        }
    }
    Ok(Prices::new(prices))
}

pub(super) fn describe(settings: &[PriceSettings]) -> Vec<(&'static str, String)> {
    let all = settings.iter().map(|setting| {
        let PriceSettings { model, prompt_eur_per_million, completion_eur_per_million } = setting;
        format!("{model} {prompt_eur_per_million}/{completion_eur_per_million}")
    });
    vec![("prices", all.collect::<Vec<_>>().join(", "))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_kept_to_the_last_digit_or_refused() {
        for (euros, expected) in [
            (0.0, Some(0)),
            (0.1, Some(100_000)),
            (0.000_001, Some(1)),
            (12.345_678, Some(12_345_678)),
            (0.000_000_1, None),
            (1.234_567_8, None),
            (-1.0, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
            (1e300, None),
        ] {
            assert_eq!(microeuros(euros), expected.map(MicroEuros), "{euros}");
        }
    }
}
