//! A deployment in which every check passes, and for each check one break of it.
//!
//! Every break is made in a copy: it turns its own check red, and no other one.

mod breaks;
mod stage;

use std::collections::BTreeSet;

use sovereignty::{Check, Verdict};

use self::{
    breaks::BREAKS,
    stage::{Stage, Template},
};

fn failed(stage: &Stage) -> (BTreeSet<Check>, Vec<String>) {
    let assessment = stage.assess();
    let of = |verdict| {
        let answers = assessment.answers();
        answers.filter(move |(_, measured)| measured.verdict == verdict)
    };
    let told =
        of(Verdict::Failed).map(|(check, it)| format!("{}: {}", check.facts().id, it.observed));
    (of(Verdict::Failed).map(|(check, _)| check).collect(), told.collect())
}

#[test]
fn every_check_is_broken_once() {
    let broken: Vec<_> = BREAKS.iter().map(|(check, _, _)| *check).collect();
    assert_eq!(broken, Check::ALL);
}

#[test]
fn a_good_deployment_passes_every_check() {
    let template = Template::new();
    let assessment = template.copy().assess();
    for (check, measured) in assessment.answers() {
        assert_eq!(measured.verdict, Verdict::Passed, "{check:?}: {}", measured.observed);
    }
}

/// In two halves, which run beside each other.
fn break_each(part: usize) {
    let template = Template::new();
    for (check, steps, also) in BREAKS.iter().skip(part).step_by(2) {
        let mut stage = template.copy();
        for step in *steps {
            stage.take(step);
        }
        let expected: BTreeSet<_> = also.iter().copied().chain([*check]).collect();
        let (failed, told) = failed(&stage);
        assert_eq!(failed, expected, "{check:?} was broken: {told:?}");
    }
}

#[test]
fn each_break_turns_its_check_red_and_no_other_even() {
    break_each(0);
}

#[test]
fn each_break_turns_its_check_red_and_no_other_odd() {
    break_each(1);
}
