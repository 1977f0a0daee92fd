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
            MicroEuros::from_euros(&euros.to_string()).ok_or_else(|| {
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
