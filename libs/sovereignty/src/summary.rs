//! An assessment as people read it.

use std::fmt::Write as _;

use crate::{Assessment, Framework, Level, ObjectiveResult, Share, Verdict};

/// Stands under every report.
pub const BANNER: &str = "This is an assessment by the deployment itself. It is no certification; floors come from the tender.";

/// Stands over the criteria of a text.
pub(crate) const OF_CRITERIA: &str =
    "Checks that speak for each criterion, which asks for more than its checks can see:";

/// The report in lines: one an objective, then the score, then what to do.
pub fn text(assessment: &Assessment, framework: Option<&Framework>) -> String {
    let mut text = String::new();
    line(
        &mut text,
        "obj    weight proved assisted declared missing  claimed evidenced gate       worst finding",
    );
    for result in assessment.objectives() {
        line(&mut text, &row(&result));
    }
    line(&mut text, &totals(assessment));
    if let Some(framework) = framework {
        criteria(&mut text, framework, assessment);
    }
    findings(&mut text, assessment);
    line(&mut text, BANNER);
    text.truncate(text.trim_end().len());
    text
}

fn row(result: &ObjectiveResult) -> String {
    let percent = |fraction: f64| format!("{:.0} %", (100.0 * fraction).max(0.0));
    let level = |level: Option<Level>| level.map_or("-".to_owned(), |level| level.to_string());
    let gate = match result.gate {
        Some((asked, gate)) => format!(">={asked} {}", gate.as_str()),
        None => "-".to_owned(),
    };
    let worst = result.worst.map_or("-", |check| check.facts().id);
    format!(
        "{:<6} {:>6} {:>6} {:>8} {:>8} {:>7}  {:<7} {:<9} {:<10} {worst}",
        result.objective,
        format!("{} %", result.objective.weight_percent()),
        percent(result.fraction(Share::Proved)),
        percent(result.fraction(Share::Assisted)),
        percent(result.fraction(Share::Declared)),
        percent(result.missing()),
        level(result.claimed),
        level(result.evidenced),
        gate,
    )
}

fn totals(assessment: &Assessment) -> String {
    let conclusion = assessment.conclusion();
    format!(
        "score {:.1} proved only | {:.1} with assisted | {:.1} with declarations      \
         knock-outs: {}   exit {} ({})",
        assessment.score(&[Share::Proved]),
        assessment.score(&[Share::Proved, Share::Assisted]),
        assessment.score(&Share::ALL),
        assessment.knock_outs().len(),
        conclusion.exit_code(),
        conclusion.as_str(),
    )
}

fn criteria(text: &mut String, framework: &Framework, assessment: &Assessment) {
    line(text, &format!("\n{}, {}", framework.title, framework.revision));
    line(text, OF_CRITERIA);
    for criterion in &framework.criteria {
        let result = criterion.result(assessment);
        let open: Vec<_> = result.open.iter().map(|check| check.facts().id).collect();
        let open = if open.is_empty() { "-".to_owned() } else { open.join(", ") };
        let (verdict, title) = (result.verdict.as_str(), &criterion.title);
        let counts = format!("{}/{}", result.passed, result.applicable);
        line(text, &format!("{:<9} {verdict:<14} {counts:>5}  {title}: {open}", criterion.id));
    }
}

/// What failed first, then what could not be measured, knock-outs before the others.
fn findings(text: &mut String, assessment: &Assessment) {
    for wanted in [Verdict::Failed, Verdict::NotMeasured] {
        let mut found: Vec<_> =
            assessment.answers().filter(|(_, measured)| measured.verdict == wanted).collect();
        found.sort_by_key(|(check, _)| !check.facts().knock_out);
        for (check, measured) in found {
            let facts = check.facts();
            let knock_out = if facts.knock_out { ", knock-out" } else { "" };
            line(
                text,
                &format!(
                    "\n{}: {} ({}, {}{knock_out}): {}",
                    wanted.as_str(),
                    facts.id,
                    facts.objective,
                    facts.kind.as_str(),
                    measured.observed
                ),
            );
            line(text, &format!("  expected: {}\n  hint: {}", facts.title, facts.hint));
        }
    }
    text.push('\n');
}

fn line(text: &mut String, content: &str) {
    // Writing to a string cannot fail.
    writeln!(text, "{content}").ok();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Check, Measured, Tender, frameworks};

    fn assessment() -> Assessment {
        let answers = Check::ALL.iter().map(|&check| match check {
            Check::DiskEncrypted => (check, Measured::failed("no dm-crypt")),
            Check::EnergyMeasured => (check, Measured::not_measured("no counter")),
            _ => (check, Measured::passed("good")),
        });
        let tender = Tender::parse("name = 'T'\n[minimum]\nSOV-3 = 4\nSOV-8 = 2").unwrap();
        Assessment::new(answers, None, Some(tender))
    }

    #[test]
    fn every_failure_comes_with_what_to_do() {
        let text = text(&assessment(), None);
        assert!(text.contains("SOV-3    10 %"), "{text}");
        assert!(text.contains(">=4 FAIL"), "{text}");
        assert!(text.contains(">=2 not measured"), "{text}");
        assert!(text.contains("failed: data.disk_encrypted (SOV-3, inspect): no dm-crypt"));
        assert!(text.contains("not measured: energy.measured (SOV-8, inspect): no counter"));
        assert_eq!(text.matches("  hint: ").count(), 2);
        assert!(text.contains("exit 2 (gate failed)") && text.ends_with(BANNER), "{text}");
    }

    #[test]
    fn a_framework_lists_its_criteria() {
        let framework = frameworks().unwrap().remove(2);
        assert!(text(&assessment(), Some(&framework)).contains("10        failed"));
    }

    #[test]
    fn nothing_is_called_certified() {
        let text = text(&assessment(), None).to_lowercase();
        assert!(!text.contains("certified") && text.contains("no certification"));
    }
}
