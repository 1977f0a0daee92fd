//! Adds answers up: scores, levels, knock-outs, the end.

use std::collections::BTreeMap;

use crate::{
    Check, Conclusion, Declarations, Gate, Kind, Level, Measured, Objective, Share, Tender, Verdict,
};

/// Everything that one assessment found.
#[derive(Clone, Debug)]
pub struct Assessment {
    answers: BTreeMap<Check, Measured>,
    claims: BTreeMap<Objective, Level>,
    tender: Option<Tender>,
}

/// What the checks of one objective add up to.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectiveResult {
    /// Which one.
    pub objective: Objective,
    /// Points of checks that passed, by share.
    pub points: [u32; 3],
    /// Points of all checks that apply.
    pub applicable: u32,
    /// What the operator claims.
    pub claimed: Option<Level>,
    /// The highest level all of whose checks pass, and those of the levels below.
    pub evidenced: Option<Level>,
    /// What the tender asks for, and whether it is evidenced.
    pub gate: Option<(Level, Gate)>,
    /// The check that costs most.
    pub worst: Option<Check>,
}

impl ObjectiveResult {
    /// Part of the applicable points that checks of this share brought, 0 to 1.
    pub fn fraction(&self, share: Share) -> f64 {
        if self.applicable == 0 {
            return 0.0;
        }
        f64::from(self.points[share as usize]) / f64::from(self.applicable)
    }

    /// Part of the applicable points that nothing brought, 0 to 1.
    pub fn missing(&self) -> f64 {
        1.0 - Share::ALL.into_iter().map(|share| self.fraction(share)).sum::<f64>()
    }
}

impl Assessment {
    /// Of these answers; a check without one was not measured.
    pub fn new(
        answers: impl IntoIterator<Item = (Check, Measured)>,
        declarations: Option<&Declarations>,
        tender: Option<Tender>,
    ) -> Self {
        let mut answers: BTreeMap<_, _> = answers.into_iter().collect();
        for &check in Check::ALL {
            answers
                .entry(check)
                .or_insert_with(|| Measured::not_measured("it was not carried out"));
        }
        let claims = declarations.map(|declarations| declarations.claims.clone());
        Self { answers, claims: claims.unwrap_or_default(), tender }
    }

    /// Every check with its answer, in order.
    pub fn answers(&self) -> impl Iterator<Item = (Check, &Measured)> {
        self.answers.iter().map(|(check, measured)| (*check, measured))
    }

    /// What became of a check.
    pub fn verdict(&self, check: Check) -> Verdict {
        self.answers.get(&check).map_or(Verdict::NotMeasured, |measured| measured.verdict)
    }

    /// The tender that was compared with.
    pub const fn tender(&self) -> Option<&Tender> {
        self.tender.as_ref()
    }

    /// Checks that failed and are not made up for by any score.
    pub fn knock_outs(&self) -> Vec<Check> {
        self.of_knock_out(Verdict::Failed)
    }

    fn of_knock_out(&self, verdict: Verdict) -> Vec<Check> {
        let all = Check::ALL.iter().copied();
        all.filter(|check| check.facts().knock_out && self.verdict(*check) == verdict).collect()
    }

    /// What each objective came to.
    pub fn objectives(&self) -> Vec<ObjectiveResult> {
        Objective::ALL.into_iter().map(|objective| self.objective(objective)).collect()
    }

    /// What one objective came to.
    pub fn objective(&self, objective: Objective) -> ObjectiveResult {
        let (mut points, mut applicable) = ([0; 3], 0);
        let mut worst: Option<Check> = None;
        for check in Check::of(objective) {
            let facts = check.facts();
            match self.verdict(check) {
                Verdict::NotApplicable => continue,
                Verdict::Passed => points[facts.share as usize] += facts.points,
                Verdict::Failed | Verdict::NotMeasured => {
                    let cost = |check: Check| (check.facts().knock_out, check.facts().points);
                    if worst.is_none_or(|worst| cost(check) > cost(worst)) {
                        worst = Some(check);
                    }
                }
            }
            applicable += facts.points;
        }
        let evidenced = self.evidenced(objective, |verdict| {
            matches!(verdict, Verdict::Passed | Verdict::NotApplicable)
        });
        let asked = self.tender.as_ref().and_then(|tender| tender.minimum(objective));
        ObjectiveResult {
            objective,
            points,
            applicable,
            claimed: self.claims.get(&objective).copied(),
            evidenced,
            gate: asked.map(|asked| (asked, self.gate(objective, asked, evidenced))),
            worst,
        }
    }

    fn gate(&self, objective: Objective, asked: Level, evidenced: Option<Level>) -> Gate {
        if evidenced >= Some(asked) {
            return Gate::Passed;
        }
        // Would it be passed if all that nobody could measure were good?
        let at_best = self.evidenced(objective, |verdict| !matches!(verdict, Verdict::Failed));
        if at_best >= Some(asked) { Gate::NotMeasured } else { Gate::Failed }
    }

    /// The highest level that is reached where these verdicts count as good. Declared checks have no
    /// level, so an objective of declarations alone reaches none; nor does a level that no check
    /// which applies speaks for.
    fn evidenced(&self, objective: Objective, is_good: impl Fn(Verdict) -> bool) -> Option<Level> {
        let mut reached = None;
        for level in Level::ALL {
            let at = || Check::of(objective).filter(|check| check.facts().level == Some(level));
            if !at().all(|check| is_good(self.verdict(check))) {
                break;
            }
            if at().any(|check| self.verdict(check) != Verdict::NotApplicable) {
                reached = Some(level);
            }
        }
        let falls = objective.falls_with_knock_out() && !self.knock_outs().is_empty();
        if falls { reached.min(Some(Level::ONE)) } else { reached }
    }

    /// The score, 0 to 100, of the checks of these shares: the weighted sum over all objectives.
    pub fn score(&self, shares: &[Share]) -> f64 {
        let of = |result: &ObjectiveResult| -> f64 {
            let fraction: f64 = shares.iter().map(|share| result.fraction(*share)).sum();
            f64::from(result.objective.weight_percent()) * fraction
        };
        self.objectives().iter().map(of).sum()
    }

    /// How it ends.
    pub fn conclusion(&self) -> Conclusion {
        let gates: Vec<_> =
            self.objectives().iter().filter_map(|result| Some(result.gate?.1)).collect();
        if !self.knock_outs().is_empty() {
            Conclusion::KnockOut
        } else if gates.contains(&Gate::Failed) {
            Conclusion::GateFailed
        } else if gates.contains(&Gate::NotMeasured)
            || !self.of_knock_out(Verdict::NotMeasured).is_empty()
        {
            Conclusion::NotMeasured
        } else {
            Conclusion::Passed
        }
    }

    /// How many checks of a kind there are, and how many of them have this verdict.
    pub fn count(&self, kind: Kind, verdict: Verdict) -> usize {
        let is_one =
            |check: &&Check| check.facts().kind == kind && self.verdict(**check) == verdict;
        Check::ALL.iter().filter(is_one).count()
    }
}

#[cfg(test)]
mod tests;
