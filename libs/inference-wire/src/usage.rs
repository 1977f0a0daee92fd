use serde::{Deserialize, Serialize};

use crate::finite;

/// How a figure was obtained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum EvidenceMethod {
    /// Read from a counter of the hardware.
    Measured,
    /// Computed by a model fitted to measurements.
    Modelled,
    /// Computed from documented parameters of a class of hardware.
    Estimated,
}

/// Tokens of the prompt by where they came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PromptTokensDetails {
    /// Tokens that were computed for an earlier prompt of the project, which began alike.
    pub cached_tokens: u32,
}

/// What a request used: tokens, energy, carbon. Complete answers and last chunks always carry it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Usage {
    /// Tokens of the prompt that were processed.
    pub prompt_tokens: u32,
    /// Tokens that the model wrote.
    pub completion_tokens: u32,
    /// Both together.
    pub total_tokens: u32,
    /// Where the prompt's tokens came from. Told with the answer, and not kept: absent in what is
    /// read later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_tokens_details: Option<PromptTokensDetails>,
    /// Energy and carbon, among the other members.
    #[serde(flatten)]
    pub footprint: Footprint,
}

/// The energy and the carbon of a request, and how both were obtained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Footprint {
    /// Energy attributed to this request, in joules.
    #[serde(serialize_with = "finite::amount")]
    pub energy_joules: f64,
    /// How the energy was obtained.
    pub energy_method: EvidenceMethod,
    /// Half-width of the energy's range, in per cent of its value.
    #[serde(serialize_with = "finite::amount")]
    pub energy_uncertainty_percent: f64,
    /// Emissions in grams of CO2 equivalent.
    #[serde(serialize_with = "finite::amount")]
    pub co2e_grams: f64,
    /// How the emissions were obtained.
    pub co2e_method: EvidenceMethod,
    /// Half-width of the emissions' range, in per cent of their value.
    #[serde(serialize_with = "finite::amount")]
    pub co2e_uncertainty_percent: f64,
    /// Emissions of one kilowatt-hour from the grid, in grams of CO2 equivalent.
    #[serde(serialize_with = "finite::amount")]
    pub grid_factor_grams_per_kwh: f64,
    /// The year that the grid factor describes.
    pub grid_factor_year: u16,
    /// Data set, publisher and licence of the grid factor.
    pub grid_factor_source: String,
    /// The grid, as an ISO 3166-1 code or `EU`.
    pub grid_zone: String,
    /// The operator's name for the place where the work was done.
    pub site: String,
}
