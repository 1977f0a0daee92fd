//! What a tender asks for. The framework itself asks for nothing: floors are the buyer's.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{Level, Objective};

/// The levels that a tender asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tender {
    name: String,
    minimum: BTreeMap<Objective, Level>,
}

/// Whether an objective is as the tender asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gate {
    /// The level is evidenced.
    Passed,
    /// It is not.
    Failed,
    /// It might be, were there not checks that could not be measured. Not passed.
    NotMeasured,
}

impl Gate {
    /// As reports name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "ok",
            Self::Failed => "FAIL",
            Self::NotMeasured => "not measured",
        }
    }
}

/// The text is no tender.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TenderError {
    /// Not TOML, or other members than there are.
    #[error("it is not a tender: {reason}")]
    Malformed {
        /// What the parser says.
        reason: String,
    },
    /// A name that no objective has.
    #[error("`{name}` is no objective: they are SOV-1 to SOV-8")]
    Objective {
        /// As it was written.
        name: String,
    },
    /// A number that no level has.
    #[error("{objective} has the level {number}: give 1 to 4")]
    Level {
        /// Of which objective.
        objective: Objective,
        /// As it was written.
        number: u8,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    minimum: BTreeMap<String, u8>,
}

impl Tender {
    /// Reads TOML: `name`, and under `[minimum]` levels by objective, as `SOV-3 = 2`.
    ///
    /// # Errors
    /// [`TenderError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, TenderError> {
        let malformed =
            |error: toml::de::Error| TenderError::Malformed { reason: error.message().to_owned() };
        let File { name, minimum } = toml::from_str(text).map_err(malformed)?;
        Ok(Self { name, minimum: levels(minimum)? })
    }

    /// As the file calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is asked of an objective, if anything is.
    pub fn minimum(&self, objective: Objective) -> Option<Level> {
        self.minimum.get(&objective).copied()
    }
}

/// Levels by objective, as a tender asks for them and as an operator claims them.
pub(crate) fn levels(
    written: BTreeMap<String, u8>,
) -> Result<BTreeMap<Objective, Level>, TenderError> {
    let level = |(name, number): (String, u8)| {
        let objective: Objective =
            name.parse().map_err(|()| TenderError::Objective { name: name.clone() })?;
        let level = Level::new(number).ok_or(TenderError::Level { objective, number })?;
        Ok((objective, level))
    };
    written.into_iter().map(level).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tender_is_read() {
        let tender = Tender::parse("name = 'Hospital'\n[minimum]\nSOV-3 = 3\nSOV-4 = 1").unwrap();
        assert_eq!(tender.name(), "Hospital");
        assert_eq!(tender.minimum(Objective::Data), Some(Level::THREE));
        assert_eq!(tender.minimum(Objective::Operational), Some(Level::ONE));
        assert_eq!(tender.minimum(Objective::Supply), None);
    }

    #[test]
    fn other_files_are_no_tenders() {
        for (text, expected) in [
            ("", "missing field"),
            ("name = 'T'", "missing field"),
            ("name = 'T'\n[minimum]\nSOV-9 = 1", "`SOV-9` is no objective"),
            ("name = 'T'\n[minimum]\nSOV-1 = 0", "SOV-1 has the level 0"),
            ("name = 'T'\n[minimum]\nSOV-1 = 5", "SOV-1 has the level 5"),
            ("name = 'T'\nprice = 3\n[minimum]", "unknown field"),
            ("name = ", "it is not a tender"),
        ] {
            let error = Tender::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
