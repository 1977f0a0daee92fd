//! `records.toml`: what only people can say.

use std::{fs, io::ErrorKind, path::Path};

use anyhow::Context as _;
use serde::Deserialize;

use crate::failure::{Exit, Failure};

/// Larger files hold no declarations.
const BYTES_MAX: u64 = 1 << 20;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Declared {
    pub(crate) controller: Person,
    pub(crate) data_officer: Person,
    pub(crate) processing: Processing,
    pub(crate) ai_act: AiAct,
    pub(crate) dora: Dora,
}

/// Somebody who can be written to.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Person {
    pub(crate) name: Option<String>,
    pub(crate) contact: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Processing {
    pub(crate) purposes: Vec<String>,
    pub(crate) legal_bases: Vec<String>,
    pub(crate) subjects: Vec<String>,
    pub(crate) categories: Vec<String>,
    /// Where the settings of retention say none, and for copies elsewhere.
    pub(crate) time_limits: Vec<String>,
    /// Only where data leave the European Economic Area.
    pub(crate) safeguards: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AiAct {
    pub(crate) system: Option<String>,
    pub(crate) intended_purpose: Option<String>,
    pub(crate) risk_class: Option<String>,
    pub(crate) human_oversight: Option<String>,
    pub(crate) input_data: Option<String>,
    pub(crate) people_informed: Option<String>,
    pub(crate) incident_contact: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Dora {
    pub(crate) lei: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) country: Option<String>,
    pub(crate) entity_type: Option<String>,
    pub(crate) competent_authority: Option<String>,
    pub(crate) functions: Vec<Function>,
    pub(crate) contracts: Vec<Contract>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Function {
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) licensed_activity: Option<String>,
    pub(crate) critical: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) assessed: Option<String>,
}

/// With whom a destination of the settings is contracted.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Contract {
    /// The address, as the settings have it.
    pub(crate) destination: Option<String>,
    pub(crate) reference: Option<String>,
    pub(crate) provider_code: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) function: Option<String>,
    pub(crate) start: Option<String>,
    pub(crate) end: Option<String>,
    pub(crate) governing_law: Option<String>,
    pub(crate) annual_cost: Option<String>,
    pub(crate) exit_plan: Option<String>,
}

impl Declared {
    /// Nothing is declared where there is no file.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let wrong = |error: anyhow::Error| {
            Failure::new(Exit::Settings, error)
                .hint("docs/operate/records.md lists what records.toml may say")
        };
        match fs::metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Ok(found) if found.len() > BYTES_MAX => {
                return Err(wrong(anyhow::anyhow!("{} is too large", path.display())));
            }
            Ok(_) | Err(_) => {}
        }
        let shown = path.display();
        let text = fs::read_to_string(path).with_context(|| format!("could not read {shown}"));
        let text = text.map_err(wrong)?;
        toml::from_str(&text)
            .map_err(|error| wrong(anyhow::anyhow!("{shown}: {}", error.message())))
    }
}
