//! Settings of residency and of destinations beyond this machine.

use std::{
    fmt::{self, Display},
    path::PathBuf,
    str::FromStr,
};

use residency::{DataClass, Effect, Name, Purpose, Zone};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Where data may go.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ResidencySettings {
    /// Whose law the installation is run under: `eu`, `eea` or two letters of a country. `eu` when
    /// absent. A file that says it must declare every destination.
    pub(crate) region: Option<Text<Zone>>,
    /// File with the address ranges of hyperscalers, as `galerne residency import-ranges` writes it.
    pub(crate) ranges: Option<PathBuf>,
    /// Rules beside those that are built in.
    pub(crate) rules: Vec<RuleSettings>,
}

/// A rule of the operator. Lists that are empty do not restrict it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleSettings {
    /// By which refusals name it.
    pub(crate) name: Text<Name>,
    /// `deny` or `allow`.
    pub(crate) effect: EffectSetting,
    /// `public`, `metadata`, `personal`, `content`, `special`.
    #[serde(default)]
    pub(crate) classes: Vec<Text<DataClass>>,
    /// `witness`, `identity`, `keys`, `inference`, `documents`, `tools`.
    #[serde(default)]
    pub(crate) purposes: Vec<Text<Purpose>>,
    /// `eu`, `eea` or countries: a denial is about what lies in one of them with site, operator or
    /// parent, a permission about what lies in them with all three.
    #[serde(default)]
    pub(crate) zones: Vec<Text<Zone>>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EffectSetting {
    Deny,
    Allow,
}

impl From<EffectSetting> for Effect {
    fn from(effect: EffectSetting) -> Self {
        match effect {
            EffectSetting::Deny => Self::Deny,
            EffectSetting::Allow => Self::Allow,
        }
    }
}

/// Who may be reached.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EgressSettings {
    /// What is declared of destinations.
    pub(crate) destinations: Vec<DestinationSettings>,
}

/// A destination: where it is, who runs it, and whose laws reach them.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DestinationSettings {
    /// Scheme, host and port: `https://witness.example.org`.
    pub(crate) address: String,
    /// What it is reached for: `witness`, `identity`, `keys`, `inference`, `documents`, `tools`.
    pub(crate) purpose: Text<Purpose>,
    /// Who runs it.
    pub(crate) operator: Text<Name>,
    /// Country where its machines stand, or `eu` or `eea`.
    pub(crate) site: Text<Zone>,
    /// Country whose law binds the operator.
    pub(crate) jurisdiction: Text<Zone>,
    /// Country whose law binds the operator's parent company; that of the operator if it has none.
    pub(crate) parent: Text<Zone>,
    /// Whether its name leads into the operator's own network.
    #[serde(default)]
    pub(crate) internal: bool,
}

/// A value that is written as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Text<T>(pub(crate) T);

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(D::Error::custom)
    }
}

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<T: Display> Display for Text<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
