//! A usage row as it is read again, flattened so that rows can be compared.

use domain::{ModelDigest, ModelId, Timestamp};

use crate::{Usage, UsageOpened};

/// The outcome of a row whose request has not ended.
pub const RUNNING: &str = "running";

/// One row a request.
#[derive(Clone, Debug, PartialEq)]
pub struct UsageRecord {
    pub opened: UsageOpened,
    /// `running`, or the word of a `UsageOutcome`.
    pub outcome: String,
    pub settled_at: Option<Timestamp>,
    /// `None` while the request runs, and for good when its process died.
    pub figures: Option<UsageFigures>,
}

/// What a settled row holds.
#[derive(Clone, Debug, PartialEq)]
pub struct UsageFigures {
    pub prompt_tokens: u32,
    pub completion_tokens: u32,
    pub cpu_seconds: f64,
    pub energy_joules: f64,
    pub energy_method: String,
    pub energy_uncertainty_percent: f64,
    pub co2e_grams: f64,
    pub co2e_method: String,
    pub co2e_uncertainty_percent: f64,
    pub grid_factor_grams_per_kwh: f64,
    pub grid_factor_year: u16,
    pub grid_factor_source: String,
    pub grid_factor_uncertainty_percent: f64,
    pub grid_zone: String,
    pub site: String,
}

impl From<&Usage> for UsageFigures {
    fn from(usage: &Usage) -> Self {
        let footprint = &usage.footprint;
        Self {
            prompt_tokens: usage.prompt_tokens,
            completion_tokens: usage.completion_tokens,
            cpu_seconds: usage.cpu_seconds,
            energy_joules: footprint.energy.joules.value(),
            energy_method: footprint.energy.method.as_str().to_owned(),
            energy_uncertainty_percent: footprint.energy.uncertainty.percent(),
            co2e_grams: footprint.emissions.grams.value(),
            co2e_method: footprint.emissions.method.as_str().to_owned(),
            co2e_uncertainty_percent: footprint.emissions.uncertainty.percent(),
            grid_factor_grams_per_kwh: footprint.factor.grams_per_kwh,
            grid_factor_year: footprint.factor.year,
            grid_factor_source: footprint.factor.source.to_owned(),
            grid_factor_uncertainty_percent: footprint.factor.uncertainty.percent(),
            grid_zone: footprint.factor.zone.to_owned(),
            site: usage.site.name.clone(),
        }
    }
}

/// What the rows of one month, one model and one kind of evidence add up to. Figures that were
/// obtained in different ways stand in different totals.
#[derive(Clone, Debug, PartialEq)]
pub struct UsageTotal {
    /// Of the request, in UTC, as `2026-11`.
    pub month: String,
    pub model: ModelId,
    /// `None` in rows that are older than digests.
    pub digest: Option<ModelDigest>,
    pub requests: u64,
    /// `None` for requests that run or whose process died: nobody knows what they used.
    pub sum: Option<UsageSum>,
}

/// Amounts of rows whose energy was obtained in one way, on one grid.
#[derive(Clone, Debug, PartialEq)]
pub struct UsageSum {
    pub prompt_tokens: u64,
    pub completion_tokens: u64,
    pub energy_joules: f64,
    pub energy_method: String,
    /// Mean of the rows, weighted by energy: they share their cause of doubt.
    pub energy_uncertainty_percent: f64,
    pub co2e_grams: f64,
    pub co2e_method: String,
    pub co2e_uncertainty_percent: f64,
    pub grid_zone: String,
    pub grid_factor_source: String,
}
