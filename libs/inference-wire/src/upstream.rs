use serde::{Deserialize, Serialize};

/// How the engines that run elsewhere are, who would be asked now, and what share runs where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpstreamOverview {
    /// In the order of the settings.
    pub upstreams: Vec<UpstreamState>,
    /// One a model that an upstream has.
    pub routes: Vec<UpstreamRoute>,
    /// What each engine answered in the last days, by project and model.
    pub shares: Vec<UpstreamShare>,
    /// The days that the shares are of.
    pub shares_days: u32,
}

/// An engine that runs elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpstreamState {
    /// Its name in receipts, figures and refusals.
    pub id: String,
    /// Whether it runs on machines of the organisation that runs this installation.
    pub own: bool,
    /// Its models, as they are called here.
    pub models: Vec<String>,
    /// The rule that keeps content from going there; absent if none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denied: Option<UpstreamDenial>,
    /// `well`, `doubtful` after a failure, `down` while nothing is sent there.
    pub health: UpstreamHealth,
    /// Requests that it answers now.
    pub running: u64,
    /// Requests that it is given at the same time.
    pub requests_max: u64,
}

/// Why nothing is sent to an upstream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpstreamDenial {
    /// Stable code, as `residency.denied`.
    pub code: String,
    /// The rule, for people.
    pub reason: String,
}

/// How an upstream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum UpstreamHealth {
    /// It answers.
    Well,
    /// It failed lately; asked when nobody else is there.
    Doubtful,
    /// Nothing is sent there until it is well again.
    Down,
}

/// Who would answer a request for a model now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpstreamRoute {
    /// The model.
    pub model: String,
    /// Who is asked, and who after them if they do not answer: ids of upstreams, or `here`. Empty
    /// if nobody is.
    pub order: Vec<String>,
    /// What told the first from the second: `only`, `share`, `health`, `load`, `prefix`, `price`,
    /// `carbon` or `order`; absent if nobody is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// Who is not asked.
    pub left_out: Vec<UpstreamLeftOut>,
}

/// Somebody who is not asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpstreamLeftOut {
    /// The id of the upstream, or `here`.
    pub id: String,
    /// The code of the rule that denies it, `down` or `full`.
    pub because: String,
}

/// What an engine answered: requests that it finished, and those that the caller stopped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpstreamShare {
    /// The id of the project.
    pub project: String,
    /// The model.
    pub model: String,
    /// The id of the upstream, or `here`.
    pub upstream: String,
    /// Whether it runs on machines of the organisation that runs this installation.
    pub own: bool,
    /// How many requests.
    pub requests: u64,
    /// Tokens of prompts and answers together.
    pub tokens: u64,
    /// Of the tokens of the project for the model, in percent.
    pub percent: f64,
}
