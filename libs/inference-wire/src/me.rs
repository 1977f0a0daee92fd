//! What a caller is told of itself, in the shape of Albert (`OpenGateLLM`).

use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::{ListObject, finite};

/// The `object` member of a caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum MeObject {
    /// The only value.
    #[default]
    UserInfo,
}

/// Who asks, and what is left to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Me {
    /// Always `userInfo`.
    pub object: MeObject,
    /// A number made of the id of the account, for clients that want one. No route takes it.
    pub id: u64,
    /// The name of the account, where it is an address.
    pub email: Option<String>,
    /// The name of the account.
    pub name: String,
    /// A number made of the id of the organisation. No route takes it.
    pub organization: u64,
    /// Euros that the key or the account has left in this month, whichever has less; null without
    /// such a limit.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    pub budget: Option<Number>,
    /// Always empty: none of Albert's permissions is given here. See `caller`.
    pub permissions: Vec<String>,
    /// The limits a minute that leave the caller least.
    pub limits: Vec<MeLimit>,
    /// Always null: an account is good until somebody disables it.
    pub expires: Option<i64>,
    /// Always 0: nobody is served before others.
    pub priority: i32,
    /// When the account was made, in seconds since 1970.
    pub created: i64,
    /// The same as `created`: later changes are told by the log alone.
    pub updated: i64,
    /// The same caller in the words of this platform.
    pub caller: MeCaller,
}

/// What a limit a minute counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum MeLimitKind {
    /// Requests a minute.
    Rpm,
    /// Tokens a minute.
    Tpm,
}

/// A limit a minute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MeLimit {
    /// Always 0: a limit is for all models together.
    pub router: u64,
    /// What is counted.
    #[serde(rename = "type")]
    pub kind: MeLimitKind,
    /// How much of it is allowed.
    pub value: u64,
    /// How much of it is left now.
    pub remaining: u64,
}

/// A caller in the words of this platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MeCaller {
    /// The id of the account.
    pub account: String,
    /// `person` or `service`.
    pub kind: String,
    /// The role of the account.
    pub role: String,
    /// The id of the organisation.
    pub organisation: String,
    /// The id of the project.
    pub project: String,
    /// The id of the key; null for a browser.
    pub key: Option<String>,
    /// What this caller may do.
    pub permissions: Vec<String>,
}

/// The `object` member of a request that was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum MeUsageObject {
    /// The only value.
    #[default]
    #[serde(rename = "me.usage")]
    MeUsage,
}

/// Requests of the caller's account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MeUsageList {
    /// Always `list`.
    pub object: ListObject,
    /// The newest first.
    pub data: Vec<MeUsage>,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MeUsage {
    /// Always `me.usage`.
    pub object: MeUsageObject,
    /// The id of the request: `GET /v1/receipts/{id}` takes it.
    pub id: String,
    /// The model that was asked.
    pub model: String,
    /// The id of the key that asked; null for a browser.
    pub key: Option<String>,
    /// `/v1/embeddings` for a model that makes vectors, `/v1/chat/completions` for any other; null
    /// once the model is not served. The path itself is not kept.
    pub endpoint: Option<String>,
    /// `POST` where `endpoint` is told.
    pub method: Option<String>,
    /// 200 where `outcome` is `finished`; null otherwise.
    pub status: Option<u16>,
    /// `running`, `finished`, `cancelled`, `failed` or `interrupted`.
    pub outcome: String,
    /// What it used.
    pub usage: MeUsageDetail,
    /// When it began, in seconds since 1970.
    pub created: i64,
}

/// What one request used. Null for one that runs, or that a crash ended: nobody knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MeUsageDetail {
    /// Tokens of the prompt.
    pub prompt_tokens: Option<u32>,
    /// Tokens that the model wrote.
    pub completion_tokens: Option<u32>,
    /// Both together.
    pub total_tokens: Option<u32>,
    /// Euros, at the price that the model had when the request began.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    pub cost: Option<Number>,
    /// Energy and emissions; absent where `prompt_tokens` is null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impacts: Option<MeImpacts>,
    /// How long it took.
    pub metrics: MeMetrics,
}

/// Energy and emissions of one request. Its receipt tells how both were obtained.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MeImpacts {
    /// Energy in kilowatt-hours.
    #[serde(rename = "kWh", serialize_with = "finite::amount")]
    pub energy_kilowatt_hours: f64,
    /// Emissions in kilograms of CO2 equivalent.
    #[serde(rename = "kgCO2eq", serialize_with = "finite::amount")]
    pub co2e_kilograms: f64,
}

/// Times of one request, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MeMetrics {
    /// From its beginning to its end.
    pub latency: Option<u64>,
    /// Always null: the time to the first token is not kept.
    pub ttft: Option<u64>,
}
