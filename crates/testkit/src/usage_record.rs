//! Usage rows of any store, behind the back of its port.

use assistant::TurnUsage;
use async_trait::async_trait;
use carbon_ledger::Method;
use domain::OrganisationId;
use inference::{UsageFigures, UsageRecord};

/// The figures as an entry of a conversation has them.
pub(crate) fn turn_usage(figures: &UsageFigures) -> TurnUsage {
    TurnUsage {
        prompt_tokens: figures.prompt_tokens,
        completion_tokens: figures.completion_tokens,
        cpu_seconds: figures.cpu_seconds,
        energy_joules: figures.energy_joules,
        energy_method: method(&figures.energy_method),
        energy_uncertainty_percent: figures.energy_uncertainty_percent,
        co2e_grams: figures.co2e_grams,
        co2e_method: method(&figures.co2e_method),
        co2e_uncertainty_percent: figures.co2e_uncertainty_percent,
        grid_factor_grams_per_kwh: figures.grid_factor_grams_per_kwh,
        grid_factor_year: figures.grid_factor_year,
        grid_factor_source: figures.grid_factor_source.clone(),
        grid_zone: figures.grid_zone.clone(),
        site: figures.site.clone(),
    }
}

fn method(word: &str) -> Method {
    let all = [Method::Measured, Method::Modelled, Method::Estimated];
    all.into_iter().find(|method| method.as_str() == word).expect("a method's word")
}

/// Looks at the rows of a store behind the back of its port.
#[async_trait]
pub trait UsageRows: Send + Sync {
    /// In the order of the request ids.
    async fn usage_rows(&self, organisation: OrganisationId) -> Vec<UsageRecord>;
}
