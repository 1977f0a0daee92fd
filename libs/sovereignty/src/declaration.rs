//! What somebody signed: statements with a document and an end.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{Check, Day, Kind, Level, Measured, Objective, TenderError, tender::levels};

/// A statement about something that no program can see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// What it speaks for.
    pub check: Check,
    /// What is stated.
    pub statement: String,
    /// Who states it.
    pub by: String,
    /// Name of the document that shows it, in the folder of documents.
    pub document: String,
    /// SHA-256 of the document, in lower-case hexadecimal digits.
    pub sha256: String,
    /// The day of the statement, or of the drill that it reports.
    pub made: Day,
    /// The last day on which it counts.
    pub until: Day,
}

/// All that an operator declares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declarations {
    /// Levels that the operator claims.
    pub claims: BTreeMap<Objective, Level>,
    /// At most one for each check.
    pub declarations: BTreeMap<Check, Declaration>,
}

/// How a declaration stands on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It counts.
    Good,
    /// It was made later than today.
    Future,
    /// Its end is over, or it is older than such a statement may be.
    Expired {
        /// The last day on which it counted.
        on: Day,
    },
    /// Its document is not there.
    NoDocument,
    /// Its document is another one.
    OtherDocument {
        /// SHA-256 of what is there.
        found: String,
    },
}

/// The text holds no declarations.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeclarationsError {
    /// Not TOML, or other members than there are.
    #[error("it holds no declarations: {reason}")]
    Malformed {
        /// What the parser says.
        reason: String,
    },
    /// A claim that is none.
    #[error(transparent)]
    Claim(#[from] TenderError),
    /// A name that no check has which is declared.
    #[error("`{name}` is no check that can be declared")]
    Check {
        /// As it was written.
        name: String,
    },
    /// Two for one check.
    #[error("`{name}` is declared twice")]
    Twice {
        /// The check.
        name: String,
    },
    /// Something in one is not as it should be.
    #[error("the declaration of `{name}`: {reason}")]
    Wrong {
        /// The check.
        name: String,
        /// What.
        reason: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    claims: BTreeMap<String, u8>,
    #[serde(default)]
    declaration: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    check: String,
    statement: String,
    by: String,
    document: String,
    sha256: String,
    made: String,
    until: String,
}

impl Declarations {
    /// Reads TOML: `[claims]` with levels by objective, and `[[declaration]]` entries.
    ///
    /// # Errors
    /// [`DeclarationsError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, DeclarationsError> {
        let file: File = toml::from_str(text).map_err(|error: toml::de::Error| {
            DeclarationsError::Malformed { reason: error.message().to_owned() }
        })?;
        let claims = levels(file.claims)?;
        let mut declarations = BTreeMap::new();
        for written in file.declaration {
            let name = written.check.clone();
            let declaration = read(written)?;
            if declarations.insert(declaration.check, declaration).is_some() {
                return Err(DeclarationsError::Twice { name });
            }
        }
        Ok(Self { claims, declarations })
    }

    /// The answer of a check that is declared. `document` finds the SHA-256 of a document by its
    /// name.
    pub fn measure(
        &self,
        check: Check,
        today: Day,
        document: impl Fn(&str) -> Option<String>,
    ) -> Measured {
        let Some(declaration) = self.declarations.get(&check) else {
            return Measured::failed("nothing is declared");
        };
        let Declaration { by, made, until, document: name, .. } = declaration;
        match declaration.standing(today, document) {
            Standing::Good => {
                Measured::passed(format!("declared by {by} on {made}, good until {until}"))
                    .with_raw(declaration.statement.clone())
            }
            Standing::Future => Measured::failed(format!("declared for {made}, which is to come")),
            Standing::Expired { on } => Measured::failed(format!("expired: it counted until {on}")),
            Standing::NoDocument => Measured::failed(format!("the document `{name}` is not there")),
            Standing::OtherDocument { found } => Measured::failed(format!(
                "the document `{name}` is another one: its SHA-256 is {found}"
            )),
        }
    }
}

impl Declaration {
    /// How it stands on a day.
    pub fn standing(&self, today: Day, document: impl Fn(&str) -> Option<String>) -> Standing {
        let age = self.made.days_until(today);
        if age < 0 {
            return Standing::Future;
        }
        if self.until < today {
            return Standing::Expired { on: self.until };
        }
        if age > days_max(self.check) {
            let on = Day::of_unix_seconds(
                (Day::of_unix_seconds(0).days_until(self.made) + days_max(self.check)) * 86_400,
            );
            return Standing::Expired { on };
        }
        match document(&self.document) {
            None => Standing::NoDocument,
            Some(found) if found == self.sha256 => Standing::Good,
            Some(found) => Standing::OtherDocument { found },
        }
    }
}

/// Days after which a statement counts no longer, whatever its own end.
fn days_max(check: Check) -> i64 {
    if check == Check::RestoreDrill { 90 } else { 365 }
}

fn read(written: Written) -> Result<Declaration, DeclarationsError> {
    let Written { check: name, statement, by, document, sha256, made, until } = written;
    let check = Check::from_id(&name).filter(|check| check.facts().kind == Kind::Declared);
    let check = check.ok_or_else(|| DeclarationsError::Check { name: name.clone() })?;
    let wrong = |reason: String| DeclarationsError::Wrong { name: name.clone(), reason };
    let day = |text: &str| text.parse::<Day>().map_err(|error| wrong(error.to_string()));
    let (made, until) = (day(&made)?, day(&until)?);
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if sha256.len() != 64 || !sha256.bytes().all(is_digit) {
        return Err(wrong("`sha256` is not 64 hexadecimal digits in lower case".to_owned()));
    }
    if document.is_empty() || document.starts_with('.') || document.contains(['/', '\\', '\0']) {
        return Err(wrong("`document` is no plain name of a file".to_owned()));
    }
    if [&statement, &by].iter().any(|text| text.trim().is_empty()) {
        return Err(wrong("`statement` and `by` must say something".to_owned()));
    }
    Ok(Declaration { check, statement, by, document, sha256, made, until })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verdict;

    fn written(check: &str, made: &str, until: &str) -> String {
        format!(
            "[[declaration]]\ncheck = '{check}'\nstatement = 'It is so.'\nby = 'A. Martin'\n\
             document = 'a.pdf'\nsha256 = '{}'\nmade = '{made}'\nuntil = '{until}'\n",
            "ab".repeat(32)
        )
    }

    fn standing(made: &str, until: &str, document: Option<&str>) -> Standing {
        let parsed = Declarations::parse(&written("drill.restore", made, until)).unwrap();
        let declaration = parsed.declarations[&Check::RestoreDrill].clone();
        let found = document.map(str::to_owned);
        declaration.standing("2026-11-22".parse().unwrap(), |_| found.clone())
    }

    #[test]
    fn a_declaration_counts_for_its_time_and_with_its_document() {
        let hash = "ab".repeat(32);
        let day = |text: &str| text.parse::<Day>().unwrap();
        let good = |made, until| standing(made, until, Some(&hash));
        assert_eq!(good("2026-11-22", "2026-11-22"), Standing::Good);
        assert_eq!(good("2026-08-24", "2027-11-22"), Standing::Good);
        assert_eq!(good("2026-08-23", "2027-11-22"), Standing::Expired { on: day("2026-11-21") });
        assert_eq!(good("2026-11-01", "2026-11-21"), Standing::Expired { on: day("2026-11-21") });
        assert_eq!(good("2026-11-23", "2027-11-22"), Standing::Future);
        assert_eq!(standing("2026-11-01", "2027-11-22", None), Standing::NoDocument);
        let other = Standing::OtherDocument { found: "cd".to_owned() };
        assert_eq!(standing("2026-11-01", "2027-11-22", Some("cd")), other);
    }

    #[test]
    fn what_is_not_declared_fails() {
        let nothing = Declarations::default();
        let answer = nothing.measure(Check::RestoreDrill, Day::of_unix_seconds(0), |_| None);
        assert_eq!(answer.verdict, Verdict::Failed);
    }

    #[test]
    fn nonsense_is_refused() {
        let good = written("drill.restore", "2026-01-01", "2026-12-31");
        for (text, expected) in [
            (good.replace("drill.restore", "log.verified"), "no check that can be declared"),
            (good.clone() + &good, "declared twice"),
            (good.replace("abab", "ABAB"), "64 hexadecimal digits"),
            (good.replace("a.pdf", "../a.pdf"), "no plain name"),
            (good.replace("It is so.", " "), "must say something"),
            (good.replace("2026-01-01", "soon"), "`soon` is no day"),
            (good.replace("made", "done"), "unknown field"),
            ("[claims]\nSOV-1 = 7".to_owned(), "the level 7"),
        ] {
            let error = Declarations::parse(&text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
