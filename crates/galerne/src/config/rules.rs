//! Settings of the customer's rules.

use serde::{Deserialize, Serialize};

/// Rules that the customer writes; `galerne policy apply` puts them into force.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RulesSettings {
    /// Whether the server starts only with rules in force.
    pub(crate) required: bool,
}
