//! The same checks as other texts ask for them.

use serde::Deserialize;

use crate::{Assessment, Check, Verdict};

const TABLE: &str = include_str!("../data/frameworks.toml");

/// A text with criteria, in one revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Framework {
    /// As `--framework` takes it.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// Which revision of the text is meant.
    pub revision: String,
    /// Those that the checks say something about.
    pub criteria: Vec<Criterion>,
}

/// What a text asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Criterion {
    /// As the text numbers it.
    pub id: String,
    /// In a few words.
    pub title: String,
    /// What says something about it.
    pub checks: Vec<Check>,
}

/// How a criterion stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CriterionResult {
    /// Passed where every check passed that applies. The criterion asks for more than they see.
    pub verdict: Verdict,
    /// Checks that passed.
    pub passed: usize,
    /// Checks that apply.
    pub applicable: usize,
    /// Those that failed or were not measured.
    pub open: Vec<Check>,
}

/// The table of frameworks cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameworkError {
    /// Not TOML, or other members than there are.
    #[error("the table of frameworks is damaged: {reason}")]
    Malformed {
        /// What the parser says.
        reason: String,
    },
    /// A name that no check has.
    #[error("{framework} {criterion} names the check `{check}`, which there is not")]
    Check {
        /// Of which text.
        framework: String,
        /// Of which criterion.
        criterion: String,
        /// As it is written.
        check: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    framework: Vec<WrittenFramework>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenFramework {
    id: String,
    title: String,
    revision: String,
    criteria: Vec<WrittenCriterion>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCriterion {
    id: String,
    title: String,
    checks: Vec<String>,
}

/// All texts that there is a table for.
///
/// # Errors
/// [`FrameworkError`] if the table that was built in is damaged.
pub fn frameworks() -> Result<Vec<Framework>, FrameworkError> {
    parse(TABLE)
}

fn parse(text: &str) -> Result<Vec<Framework>, FrameworkError> {
    let table: Table = toml::from_str(text).map_err(|error: toml::de::Error| {
        FrameworkError::Malformed { reason: error.message().to_owned() }
    })?;
    table.framework.into_iter().map(framework).collect()
}

fn framework(written: WrittenFramework) -> Result<Framework, FrameworkError> {
    let WrittenFramework { id, title, revision, criteria } = written;
    let criteria = criteria.into_iter().map(|written| criterion(&id, written));
    let criteria = criteria.collect::<Result<_, _>>()?;
    Ok(Framework { id, title, revision, criteria })
}

fn criterion(framework: &str, written: WrittenCriterion) -> Result<Criterion, FrameworkError> {
    let WrittenCriterion { id, title, checks } = written;
    let find = |name: String| {
        let unknown = || FrameworkError::Check {
            framework: framework.to_owned(),
            criterion: id.clone(),
            check: name.clone(),
        };
        Check::from_id(&name).ok_or_else(unknown)
    };
    let checks = checks.into_iter().map(find).collect::<Result<_, _>>()?;
    Ok(Criterion { id, title, checks })
}

impl Criterion {
    /// How it stands by an assessment.
    pub fn result(&self, assessment: &Assessment) -> CriterionResult {
        let verdicts = self.checks.iter().map(|check| (*check, assessment.verdict(*check)));
        let applicable: Vec<_> =
            verdicts.filter(|(_, verdict)| *verdict != Verdict::NotApplicable).collect();
        let has = |wanted| applicable.iter().any(|(_, verdict)| *verdict == wanted);
        let verdict = if applicable.is_empty() {
            Verdict::NotApplicable
        } else if has(Verdict::Failed) {
            Verdict::Failed
        } else if has(Verdict::NotMeasured) {
            Verdict::NotMeasured
        } else {
            Verdict::Passed
        };
        let open = applicable.iter().filter(|(_, verdict)| *verdict != Verdict::Passed);
        let open: Vec<_> = open.map(|(check, _)| *check).collect();
        let passed = applicable.len() - open.len();
        CriterionResult { verdict, passed, applicable: applicable.len(), open }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::Measured;

    #[test]
    fn the_table_is_whole() {
        let all = frameworks().unwrap();
        let ids: Vec<_> = all.iter().map(|framework| framework.id.as_str()).collect();
        assert_eq!(ids, ["csf", "c3a", "secnumcloud", "eds", "aiact", "nis2", "dora"]);
        for framework in &all {
            assert!(!framework.revision.is_empty(), "{}", framework.id);
            let names: HashSet<_> = framework.criteria.iter().map(|it| &it.id).collect();
            assert_eq!(names.len(), framework.criteria.len(), "{}", framework.id);
            assert!(framework.criteria.iter().all(|criterion| !criterion.checks.is_empty()));
        }
    }

    #[test]
    fn the_first_one_is_made_of_the_objectives() {
        let csf = frameworks().unwrap().remove(0);
        for criterion in &csf.criteria {
            let objective = criterion.id.parse().unwrap();
            let own: Vec<_> = Check::of(objective).collect();
            assert_eq!(criterion.checks, own, "{}", criterion.id);
        }
        assert_eq!(csf.criteria.len(), 8);
    }

    #[test]
    fn a_criterion_is_met_where_all_its_checks_pass() {
        let criterion = Criterion {
            id: "1".to_owned(),
            title: String::new(),
            checks: vec![Check::LogVerified, Check::Auditor],
        };
        let result = |first: Measured, second: Measured| {
            let answers = [(Check::LogVerified, first), (Check::Auditor, second)];
            criterion.result(&Assessment::new(answers, None, None)).verdict
        };
        let (good, bad) = (|| Measured::passed(""), || Measured::failed(""));
        let (unknown, none) = (|| Measured::not_measured(""), || Measured::not_applicable(""));
        assert_eq!(result(good(), good()), Verdict::Passed);
        assert_eq!(result(good(), none()), Verdict::Passed);
        assert_eq!(result(none(), none()), Verdict::NotApplicable);
        assert_eq!(result(good(), unknown()), Verdict::NotMeasured);
        assert_eq!(result(bad(), unknown()), Verdict::Failed);
    }

    #[test]
    fn a_check_that_there_is_not_is_named() {
        let table = "[[framework]]\nid='x'\ntitle='X'\nrevision='1'\n\
                     criteria=[{id='1',title='t',checks=['none']}]";
        let error = parse(table).unwrap_err().to_string();
        assert_eq!(error, "x 1 names the check `none`, which there is not");
    }
}
