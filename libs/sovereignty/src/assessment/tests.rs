use proptest::prelude::*;

use super::*;

fn all(verdict: Verdict) -> BTreeMap<Check, Measured> {
    let measured = |verdict| Measured { verdict, observed: String::new(), raw: None };
    Check::ALL.iter().map(|check| (*check, measured(verdict))).collect()
}

fn with(changes: &[(Check, Verdict)], tender: &str) -> Assessment {
    let mut answers = all(Verdict::Passed);
    for (check, verdict) in changes {
        answers.get_mut(check).unwrap().verdict = *verdict;
    }
    let tender = (!tender.is_empty()).then(|| Tender::parse(tender).unwrap());
    Assessment::new(answers, None, tender)
}

const DATA_TWO: &str = "name = 'T'\n[minimum]\nSOV-3 = 2";

#[test]
fn everything_passed_is_everything() {
    let assessment = with(&[], "");
    assert!((assessment.score(&Share::ALL) - 100.0).abs() < 1e-9);
    assert_eq!(assessment.conclusion(), Conclusion::Passed);
    assert!(assessment.score(&[Share::Proved]) < 100.0);
}

#[test]
fn declarations_alone_reach_no_level() {
    let strategic = with(&[], "name = 'T'\n[minimum]\nSOV-1 = 1").objective(Objective::Strategic);
    assert_eq!(strategic.evidenced, None);
    assert_eq!(strategic.gate, Some((Level::ONE, Gate::Failed)));
    assert!((strategic.fraction(Share::Declared) - 1.0).abs() < 1e-9);
}

#[test]
fn a_level_needs_all_below_it() {
    let level = |check| with(&[(check, Verdict::Failed)], "").objective(Objective::Data).evidenced;
    assert_eq!(level(Check::DiskEncrypted), Some(Level::THREE));
    assert_eq!(level(Check::RangesFresh), Some(Level::TWO));
    assert_eq!(level(Check::DataLocal), Some(Level::ONE));
    assert_eq!(level(Check::RegionSaid), None);
}

#[test]
fn a_knock_out_caps_three_objectives() {
    let assessment = with(&[(Check::WeightsIntact, Verdict::Failed)], "");
    assert_eq!(assessment.conclusion(), Conclusion::KnockOut);
    for objective in Objective::ALL {
        let evidenced = assessment.objective(objective).evidenced;
        if objective.falls_with_knock_out() {
            assert_eq!(evidenced, Some(Level::ONE), "{objective}");
        }
    }
    assert_eq!(assessment.objective(Objective::Technology).evidenced, Some(Level::TWO));
    assert_eq!(assessment.objective(Objective::Supply).evidenced, None);
}

#[test]
fn the_end_is_told_by_what_is_worst() {
    let end = |changes: &[(Check, Verdict)], tender| with(changes, tender).conclusion();
    let (failed, unknown) = (Verdict::Failed, Verdict::NotMeasured);
    assert_eq!(end(&[], DATA_TWO), Conclusion::Passed);
    assert_eq!(end(&[(Check::DataLocal, failed)], ""), Conclusion::Passed);
    assert_eq!(end(&[(Check::DataLocal, failed)], DATA_TWO), Conclusion::GateFailed);
    assert_eq!(end(&[(Check::DataLocal, unknown)], DATA_TWO), Conclusion::NotMeasured);
    assert_eq!(end(&[(Check::DiskEncrypted, unknown)], DATA_TWO), Conclusion::Passed);
    assert_eq!(end(&[(Check::LogVerified, unknown)], ""), Conclusion::NotMeasured);
    assert_eq!(end(&[(Check::LogVerified, failed)], DATA_TWO), Conclusion::KnockOut);
    let both = [(Check::DataLocal, failed), (Check::LogVerified, unknown)];
    assert_eq!(end(&both, DATA_TWO), Conclusion::GateFailed);
}

#[test]
fn what_does_not_apply_is_left_out() {
    let changes = [(Check::ModelsSigned, Verdict::NotApplicable)];
    let result = with(&changes, "").objective(Objective::Supply);
    assert!(result.missing().abs() < 1e-9);
    assert_eq!(result.evidenced, Some(Level::FOUR));
    let nothing = Assessment::new(all(Verdict::NotApplicable), None, None);
    assert_eq!(nothing.objective(Objective::Supply).evidenced, None);
    assert!(nothing.score(&Share::ALL).abs() < 1e-9);
}

#[test]
fn a_check_without_an_answer_was_not_measured() {
    let assessment = Assessment::new([], None, None);
    assert!(Check::ALL.iter().all(|check| assessment.verdict(*check) == Verdict::NotMeasured));
    assert_eq!(assessment.conclusion(), Conclusion::NotMeasured);
    assert!(assessment.score(&Share::ALL).abs() < 1e-9);
}

fn verdicts() -> impl Strategy<Value = Vec<Verdict>> {
    let one = prop_oneof![
        Just(Verdict::Passed),
        Just(Verdict::Failed),
        Just(Verdict::NotMeasured),
        Just(Verdict::NotApplicable)
    ];
    prop::collection::vec(one, Check::ALL.len())
}

fn assessed(verdicts: &[Verdict]) -> Assessment {
    let answers = Check::ALL.iter().zip(verdicts).map(|(check, verdict)| {
        (*check, Measured { verdict: *verdict, observed: String::new(), raw: None })
    });
    Assessment::new(answers, None, Some(Tender::parse(DATA_TWO).unwrap()))
}

proptest! {
    #[test]
    fn shares_add_up(verdicts in verdicts()) {
        for result in assessed(&verdicts).objectives() {
            prop_assert!(result.missing() > -1e-9);
            prop_assert!(result.points.iter().sum::<u32>() <= result.applicable);
        }
    }

    #[test]
    fn to_measure_nothing_is_never_better_than_to_fail(verdicts in verdicts(), at in 0..Check::ALL.len()) {
        let (mut failed, mut unknown) = (verdicts.clone(), verdicts);
        failed[at] = Verdict::Failed;
        unknown[at] = Verdict::NotMeasured;
        let (failed, unknown) = (assessed(&failed), assessed(&unknown));
        prop_assert!((failed.score(&Share::ALL) - unknown.score(&Share::ALL)).abs() < 1e-9);
        prop_assert!(unknown.conclusion() != Conclusion::Passed || failed.conclusion() != Conclusion::NotMeasured);
    }

    #[test]
    fn a_failure_never_helps(verdicts in verdicts(), at in 0..Check::ALL.len()) {
        let (mut passed, mut failed) = (verdicts.clone(), verdicts);
        passed[at] = Verdict::Passed;
        failed[at] = Verdict::Failed;
        let (passed, failed) = (assessed(&passed), assessed(&failed));
        prop_assert!(failed.score(&Share::ALL) < passed.score(&Share::ALL) + 1e-9);
        for (failed, passed) in failed.objectives().iter().zip(passed.objectives()) {
            prop_assert!(failed.evidenced <= passed.evidenced);
        }
    }
}
