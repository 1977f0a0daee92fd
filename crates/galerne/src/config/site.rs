//! Settings of the place that the machine stands at.

use serde::{Deserialize, Serialize};

use crate::failure::Failure;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FileSite {
    /// The operator's name for the place; shown with every answer.
    pub(super) name: String,
    /// Grid zone whose carbon intensity applies, as `FR` or `DE`.
    pub(super) zone: String,
    /// Country in which the machine stands, as two letters of ISO 3166-1: `FR`. This and the rest
    /// is what the operator declares; receipts repeat it as such.
    pub(super) country: Option<String>,
    /// The legal person that runs the machine.
    pub(super) operator: Option<String>,
    /// Country whose law the operator is under.
    pub(super) operator_country: Option<String>,
    /// Country whose law the company at the top of the operator's group is under.
    pub(super) parent_country: Option<String>,
}

impl Default for FileSite {
    fn default() -> Self {
        Self {
            name: "local".to_owned(),
            zone: "FR".to_owned(),
            country: None,
            operator: None,
            operator_country: None,
            parent_country: None,
        }
    }
}

/// What the operator declares of place and law; absent where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct SiteDeclared {
    pub(crate) country: Option<String>,
    pub(crate) operator: Option<String>,
    pub(crate) operator_country: Option<String>,
    pub(crate) parent_country: Option<String>,
}

impl SiteDeclared {
    pub(super) fn of(site: &FileSite) -> Self {
        Self {
            country: site.country.clone(),
            operator: site.operator.clone(),
            operator_country: site.operator_country.clone(),
            parent_country: site.parent_country.clone(),
        }
    }

    pub(super) fn check(&self) -> Result<(), Failure> {
        for (name, country) in [
            ("site.country", &self.country),
            ("site.operator_country", &self.operator_country),
            ("site.parent_country", &self.parent_country),
        ] {
            let is_code = |text: &&String| {
                text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
            };
            if let Some(text) = country.as_ref().filter(|text| !is_code(text)) {
                return Err(Failure::message(format!("`{name}` is `{text}`"))
                    .hint("give a country as two letters of ISO 3166-1, as FR"));
            }
        }
        let is_name = |text: &&String| {
            (1..=200).contains(&text.chars().count()) && !text.chars().any(char::is_control)
        };
        match self.operator.as_ref().filter(|text| !is_name(text)) {
            Some(_) => Err(Failure::message("`site.operator` is no name")
                .hint("give 1 to 200 characters on one line")),
            None => Ok(()),
        }
    }
}
