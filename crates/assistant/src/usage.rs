//! What a turn used, as it is told long after the factors of the day have changed.

use carbon_ledger::Method;
use inference::Usage;

/// The figures of a settled usage row.
#[derive(Clone, Debug, PartialEq)]
pub struct TurnUsage {
    pub prompt_tokens: u32,
    pub completion_tokens: u32,
    pub cpu_seconds: f64,
    pub energy_joules: f64,
    pub energy_method: Method,
    pub energy_uncertainty_percent: f64,
    pub co2e_grams: f64,
    pub co2e_method: Method,
    pub co2e_uncertainty_percent: f64,
    pub grid_factor_grams_per_kwh: f64,
    pub grid_factor_year: u16,
    pub grid_factor_source: String,
    pub grid_zone: String,
    pub site: String,
}

impl From<&Usage> for TurnUsage {
    fn from(usage: &Usage) -> Self {
        let footprint = &usage.footprint;
        Self {
            prompt_tokens: usage.prompt_tokens,
            completion_tokens: usage.completion_tokens,
            cpu_seconds: usage.cpu_seconds,
            energy_joules: footprint.energy.joules.value(),
            energy_method: footprint.energy.method,
            energy_uncertainty_percent: footprint.energy.uncertainty.percent(),
            co2e_grams: footprint.emissions.grams.value(),
            co2e_method: footprint.emissions.method,
            co2e_uncertainty_percent: footprint.emissions.uncertainty.percent(),
            grid_factor_grams_per_kwh: footprint.factor.grams_per_kwh,
            grid_factor_year: footprint.factor.year,
            grid_factor_source: footprint.factor.source.to_owned(),
            grid_zone: footprint.factor.zone.to_owned(),
            site: usage.site.name.clone(),
        }
    }
}
