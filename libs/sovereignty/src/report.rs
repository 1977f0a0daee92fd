//! An assessment as programs read it. The command and the route give the very same.

use serde::Serialize;

use crate::{
    Assessment, Check, Criterion, Framework, Level, Measured, ObjectiveResult, Share, Tender,
    summary::{BANNER, OF_CRITERIA},
};

/// Everything that one assessment found.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = SovereigntyReport))]
pub struct Report {
    /// That this is no certification.
    pub banner: &'static str,
    /// RFC 3339.
    pub assessed_at: String,
    /// `passed`, `gate failed`, `knock-out` or `could not measure`.
    pub conclusion: &'static str,
    /// What the command ends with: 0, 2, 3, 4.
    pub exit_code: u8,
    /// Of 100; the three are never mixed.
    pub score: ScoreReport,
    /// Names of checks that failed and that no score makes up for.
    pub knock_outs: Vec<&'static str>,
    /// The name of the tender that was compared with.
    pub tender: Option<String>,
    /// One row an objective, in order.
    pub objectives: Vec<ObjectiveReport>,
    /// The text that was asked for.
    pub framework: Option<FrameworkReport>,
    /// Every text that the same checks speak for.
    pub frameworks: Vec<FrameworkReport>,
    /// Every check, in the order of the objectives.
    pub checks: Vec<CheckReport>,
    /// What was built.
    pub program: ProgramReport,
    /// SHA-256 of the policy in force.
    pub policy: String,
    /// SHA-256 of the file of declarations, if there is one.
    pub declarations_sha256: Option<String>,
    /// Whether a server was at work.
    pub server: bool,
    /// The log as it was then.
    pub log: LogReport,
}

/// What was around the assessment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circumstances {
    /// RFC 3339.
    pub assessed_at: String,
    /// What was built.
    pub program: ProgramReport,
    /// SHA-256 of the policy in force.
    pub policy: String,
    /// SHA-256 of the file of declarations, if there is one.
    pub declarations_sha256: Option<String>,
    /// Whether a server was at work.
    pub server: bool,
    /// The log as it was then.
    pub log: LogReport,
}

/// The program that assessed itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = SovereigntyProgram))]
pub struct ProgramReport {
    /// Of the release.
    pub version: &'static str,
    /// The commit, where the build names it.
    pub commit: Option<&'static str>,
}

/// The log as an assessment found it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = SovereigntyLog))]
pub struct LogReport {
    /// Its name.
    pub origin: Option<String>,
    /// Entries.
    pub size: Option<u64>,
    /// The newest checkpoint: a signed note.
    pub checkpoint: Option<String>,
}

/// Points by what they rest on, of 100.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = SovereigntyScore))]
pub struct ScoreReport {
    /// What the deployment itself shows.
    pub proved: f64,
    /// With what a person still has to look at.
    pub with_assisted: f64,
    /// With what somebody says.
    pub with_declared: f64,
}

/// One objective. Fractions are of 1.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = SovereigntyObjective))]
pub struct ObjectiveReport {
    /// `SOV-1` to `SOV-8`.
    pub id: &'static str,
    /// Of the whole score.
    pub weight_percent: u32,
    /// Points of all checks that apply.
    pub points_applicable: u32,
    /// What the deployment itself shows.
    pub proved: f64,
    /// What it shows a part of.
    pub assisted: f64,
    /// What somebody says.
    pub declared: f64,
    /// What nothing shows.
    pub missing: f64,
    /// The level that the operator claims.
    pub claimed: Option<u8>,
    /// The level that checks show.
    pub evidenced: Option<u8>,
    /// What the tender asks for.
    pub gate: Option<GateReport>,
    /// The check that costs most.
    pub worst: Option<&'static str>,
}

/// An objective beside what a tender asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = SovereigntyGate))]
pub struct GateReport {
    /// The level that is asked for.
    pub minimum: u8,
    /// `ok`, `FAIL` or `not measured`.
    pub result: &'static str,
}

/// A text with its criteria.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = SovereigntyFramework))]
pub struct FrameworkReport {
    /// As it is asked for.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// Which revision of the text is meant.
    pub revision: String,
    /// That a criterion asks for more than its checks see.
    pub note: &'static str,
    /// Those that the checks say something about.
    pub criteria: Vec<CriterionReport>,
}

/// How a criterion stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = SovereigntyCriterion))]
pub struct CriterionReport {
    /// As the text numbers it.
    pub id: String,
    /// In a few words.
    pub title: String,
    /// `passed`, `failed`, `not measured` or `not applicable`.
    pub verdict: &'static str,
    /// Checks that passed.
    pub passed: usize,
    /// Checks that apply.
    pub applicable: usize,
    /// What says something about it.
    pub checks: Vec<&'static str>,
    /// Those that failed or were not measured.
    pub open: Vec<&'static str>,
}

/// One check with its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = SovereigntyCheck))]
pub struct CheckReport {
    /// Stable name.
    pub id: &'static str,
    /// What it counts for.
    pub objective: &'static str,
    /// `probe`, `inspect`, `registry` or `declared`.
    pub kind: &'static str,
    /// `proved`, `assisted` or `declared`.
    pub share: &'static str,
    /// How much it counts within its objective.
    pub points: u32,
    /// The level that nobody reaches without it.
    pub level: Option<u8>,
    /// Whether its failure is a knock-out.
    pub knock_out: bool,
    /// What is true where it passes.
    pub expected: &'static str,
    /// What to do where it fails.
    pub hint: &'static str,
    /// `passed`, `failed`, `not measured` or `not applicable`.
    pub verdict: &'static str,
    /// What was seen, or why nothing could be.
    pub observed: String,
    /// What the verdict rests on, in full.
    pub raw: Option<String>,
}

impl Report {
    /// Of an assessment, `wanted` among all the texts that there is a table for.
    pub fn new(
        assessment: &Assessment,
        wanted: Option<&Framework>,
        all: &[Framework],
        around: Circumstances,
    ) -> Self {
        let conclusion = assessment.conclusion();
        let indexed = |framework: &Framework| FrameworkReport::new(framework, assessment);
        let knock_outs = assessment.knock_outs();
        Self {
            banner: BANNER,
            assessed_at: around.assessed_at,
            conclusion: conclusion.as_str(),
            exit_code: conclusion.exit_code(),
            score: ScoreReport {
                proved: assessment.score(&[Share::Proved]),
                with_assisted: assessment.score(&[Share::Proved, Share::Assisted]),
                with_declared: assessment.score(&Share::ALL),
            },
            knock_outs: names(&knock_outs),
            tender: assessment.tender().map(Tender::name).map(str::to_owned),
            objectives: assessment.objectives().iter().map(ObjectiveReport::from).collect(),
            framework: wanted.map(indexed),
            frameworks: all.iter().map(indexed).collect(),
            checks: assessment.answers().map(CheckReport::from).collect(),
            program: around.program,
            policy: around.policy,
            declarations_sha256: around.declarations_sha256,
            server: around.server,
            log: around.log,
        }
    }
}

fn names(checks: &[Check]) -> Vec<&'static str> {
    checks.iter().map(|check| check.facts().id).collect()
}

impl From<&ObjectiveResult> for ObjectiveReport {
    fn from(result: &ObjectiveResult) -> Self {
        Self {
            id: result.objective.as_str(),
            weight_percent: result.objective.weight_percent(),
            points_applicable: result.applicable,
            proved: result.fraction(Share::Proved),
            assisted: result.fraction(Share::Assisted),
            declared: result.fraction(Share::Declared),
            missing: result.missing().max(0.0),
            claimed: result.claimed.map(Level::number),
            evidenced: result.evidenced.map(Level::number),
            gate: result
                .gate
                .map(|(asked, gate)| GateReport { minimum: asked.number(), result: gate.as_str() }),
            worst: result.worst.map(|check| check.facts().id),
        }
    }
}

impl FrameworkReport {
    fn new(framework: &Framework, assessment: &Assessment) -> Self {
        let of = |criterion: &Criterion| {
            let result = criterion.result(assessment);
            CriterionReport {
                id: criterion.id.clone(),
                title: criterion.title.clone(),
                verdict: result.verdict.as_str(),
                passed: result.passed,
                applicable: result.applicable,
                checks: names(&criterion.checks),
                open: names(&result.open),
            }
        };
        Self {
            id: framework.id.clone(),
            title: framework.title.clone(),
            revision: framework.revision.clone(),
            note: OF_CRITERIA.trim_end_matches(':'),
            criteria: framework.criteria.iter().map(of).collect(),
        }
    }
}

impl From<(Check, &Measured)> for CheckReport {
    fn from((check, measured): (Check, &Measured)) -> Self {
        let facts = check.facts();
        Self {
            id: facts.id,
            objective: facts.objective.as_str(),
            kind: facts.kind.as_str(),
            share: facts.share.as_str(),
            points: facts.points,
            level: facts.level.map(Level::number),
            knock_out: facts.knock_out,
            expected: facts.title,
            hint: facts.hint,
            verdict: measured.verdict.as_str(),
            observed: measured.observed.clone(),
            raw: measured.raw.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frameworks;

    fn report() -> serde_json::Value {
        let answers = Check::ALL.iter().map(|&check| match check {
            Check::DiskEncrypted => (check, Measured::failed("no dm-crypt")),
            Check::EnergyMeasured => (check, Measured::not_measured("no counter")),
            _ => (check, Measured::passed("good")),
        });
        let tender = Tender::parse("name = 'T'\n[minimum]\nSOV-3 = 4\nSOV-8 = 2").unwrap();
        let assessment = Assessment::new(answers, None, Some(tender));
        let all = frameworks().unwrap();
        let around = Circumstances {
            assessed_at: "2026-11-23T00:00:00Z".to_owned(),
            program: ProgramReport { version: "0", commit: None },
            policy: "sha256:0".to_owned(),
            declarations_sha256: None,
            server: true,
            log: LogReport { origin: None, size: None, checkpoint: None },
        };
        serde_json::to_value(Report::new(&assessment, all.get(2), &all, around)).unwrap()
    }

    #[test]
    fn programs_get_what_people_read() {
        let value = report();
        assert_eq!(value["exit_code"], 2);
        assert_eq!(value["checks"].as_array().unwrap().len(), Check::ALL.len());
        assert_eq!(value["objectives"][2]["gate"]["result"], "FAIL");
        assert_eq!(value["objectives"][7]["gate"]["result"], "not measured");
        assert_eq!(value["framework"]["id"], "secnumcloud");
        assert_eq!(value["framework"]["criteria"][2]["open"][0], "data.disk_encrypted");
    }

    #[test]
    fn every_text_is_at_hand_whichever_was_asked_for() {
        let value = report();
        let texts = value["frameworks"].as_array().unwrap();
        assert_eq!(texts.len(), frameworks().unwrap().len());
        assert_eq!(texts[2], value["framework"]);
    }
}
