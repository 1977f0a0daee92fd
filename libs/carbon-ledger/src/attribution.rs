//! Divides a measured or estimated total among the pieces of work that caused it.
//!
//! Shares are proportional to work (for example multiply-accumulates, or token positions times
//! layers). Nothing is lost and nothing is invented: [`share`] returns parts that add up to the
//! total, and where no work is known ([`share`] with all weights zero) the total is split equally,
//! because energy that was used must be charged to somebody.

use crate::units::Joules;

/// Divides `total` in proportion to `work`.
///
/// - The parts add up to `total` up to the rounding of the additions (relative error below
///   `len * 2^-52`); the last piece with work takes the remainder, never below zero.
/// - A weight that is negative, NaN or infinite counts as no work.
/// - If no piece has any work, every piece gets the same part; with no pieces at all the result is
///   empty and the caller keeps the total.
pub fn share(total: Joules, work: &[f64]) -> Vec<Joules> {
    let scale = work.iter().copied().map(counted).fold(0.0, f64::max);
    if scale == 0.0 {
        return equal_parts(total, work.len());
    }
    // Dividing by the largest weight first keeps the sum of huge weights finite.
    let total_work: f64 = work.iter().map(|&piece| counted(piece) / scale).sum();
    let mut parts: Vec<Joules> =
        work.iter().map(|&piece| portion(total, counted(piece) / scale, total_work)).collect();
    if let Some(last) = work.iter().rposition(|&piece| counted(piece) > 0.0) {
        let others: Joules =
            parts.iter().enumerate().filter(|(at, _)| *at != last).map(|(_, part)| *part).sum();
        parts[last] = total.since(others);
    }
    parts
}

/// The part of `total` that belongs to `work` out of `total_work`, without any allocation.
///
/// The result lies between zero and `total`, grows with `work`, and the parts of works that add up
/// to `total_work` add up to `total` up to rounding. Zero, negative or non-finite work, or a total
/// work that is not positive, gives zero: the caller decides what to do with energy that nobody's
/// work explains ([`share`] splits it equally).
pub fn portion(total: Joules, work: f64, total_work: f64) -> Joules {
    let (work, total_work) = (counted(work), counted(total_work));
    if total_work == 0.0 {
        return Joules::ZERO;
    }
    Joules::derived(total.value() * (work / total_work).min(1.0))
}

fn equal_parts(total: Joules, count: usize) -> Vec<Joules> {
    let ones = vec![1.0; count];
    if ones.is_empty() { Vec::new() } else { share(total, &ones) }
}

/// Work that can be counted: finite and at least zero, anything else is none.
fn counted(work: f64) -> f64 {
    if work.is_finite() { work.max(0.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(total: f64, work: &[f64], expected: &[f64]) {
        let parts = share(Joules::new(total).expect("valid"), work);
        let parts: Vec<f64> = parts.into_iter().map(Joules::value).collect();
        assert_eq!(parts.len(), expected.len(), "{total} J over {work:?}");
        for (part, expected) in parts.iter().zip(expected) {
            assert!((part - expected).abs() < 1e-9, "{total} J over {work:?}: {parts:?}");
        }
    }

    #[test]
    fn shares_follow_work() {
        check(10.0, &[1.0, 3.0], &[2.5, 7.5]);
        check(10.0, &[5.0], &[10.0]);
        check(10.0, &[0.0, 2.0, 0.0], &[0.0, 10.0, 0.0]);
        check(0.0, &[1.0, 2.0], &[0.0, 0.0]);
        check(10.0, &[], &[]);
    }

    #[test]
    fn without_known_work_the_split_is_equal() {
        check(9.0, &[0.0, 0.0, 0.0], &[3.0, 3.0, 3.0]);
        check(9.0, &[f64::NAN, -1.0, f64::INFINITY], &[3.0, 3.0, 3.0]);
    }

    #[test]
    fn a_weight_that_is_no_work_gets_nothing() {
        check(8.0, &[f64::NAN, 1.0, -5.0, 3.0, f64::INFINITY], &[0.0, 2.0, 0.0, 6.0, 0.0]);
    }

    #[test]
    fn a_portion_without_total_work_is_zero() {
        let total = Joules::new(5.0).expect("valid");
        for (work, total_work) in [(1.0, 0.0), (0.0, 1.0), (f64::NAN, 1.0), (1.0, f64::NAN)] {
            assert_eq!(portion(total, work, total_work), Joules::ZERO, "{work} of {total_work}");
        }
        assert_eq!(portion(total, 9.0, 3.0), total, "more work than the total takes it all");
    }

    fn weights() -> impl Strategy<Value = Vec<f64>> {
        let weight = prop_oneof![8 => 0.0..1e12_f64, 1 => Just(0.0), 1 => any::<f64>()];
        prop::collection::vec(weight, 1..64)
    }

    proptest! {
        #[test]
        fn the_sum_is_preserved(total in 0.0..1e15_f64, work in weights()) {
            let parts = share(Joules::new(total).unwrap(), &work);
            let sum: Joules = parts.iter().copied().sum();
            prop_assert!((sum.value() - total).abs() <= total * 1e-12, "{} != {total}", sum.value());
            for part in parts {
                prop_assert!(Joules::new(part.value()).is_ok(), "{part:?}");
                prop_assert!(part.value() <= total * (1.0 + 1e-12));
            }
        }

        #[test]
        fn more_work_is_never_charged_less(total in 0.0..1e15_f64, work in weights()) {
            let parts = share(Joules::new(total).unwrap(), &work);
            let pairs = || work.iter().zip(&parts).filter(|(work, _)| work.is_finite());
            for (left, left_part) in pairs() {
                for (right, right_part) in pairs() {
                    if left.max(0.0) <= right.max(0.0) {
                        let slack = total * 1e-12;
                        prop_assert!(left_part.value() <= right_part.value() + slack);
                    }
                }
            }
        }

        #[test]
        fn portions_agree_with_shares(
            total in 0.0..1e15_f64,
            work in prop::collection::vec(1e-3..1e12_f64, 1..64),
        ) {
            let total_joules = Joules::new(total).unwrap();
            let total_work: f64 = work.iter().sum();
            for (piece, part) in work.iter().zip(share(total_joules, &work)) {
                let portion = portion(total_joules, *piece, total_work);
                prop_assert!((portion.value() - part.value()).abs() <= total * 1e-12);
            }
        }
    }
}
