//! Quantiles, and how sure one may be of a difference between two of them.

use serde_json::{Value, json};
use testkit::Random;

/// How often all pairs are drawn again.
const RESAMPLES: usize = 1_000;

/// Pairs that are drawn together: what disturbs one, as a checkpoint does, disturbs its neighbours.
const BLOCK: usize = 50;

/// The same request to both.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair<T> {
    pub(crate) bare: T,
    pub(crate) guarded: T,
}

pub(crate) fn summary(values: &[f64]) -> Value {
    let at = |share| quantile(&mut values.to_vec(), share);
    json!({ "count": values.len(), "p50": at(0.5), "p95": at(0.95), "p99": at(0.99), "max": at(1.0) })
}

/// Of all rounds together, and the spread over them.
pub(crate) fn compared(rounds: &[Vec<Pair<f64>>]) -> Value {
    let all = rounds.concat();
    json!({
        "bare": summary(&bare(&all)),
        "guarded": summary(&guarded(&all)),
        // Of each pair by itself.
        "difference": summary(&all.iter().map(|pair| pair.guarded - pair.bare).collect::<Vec<_>>()),
        "added_p50": added(&all, rounds, 0.5),
        "added_p99": added(&all, rounds, 0.99),
    })
}

/// The difference of one quantile: over all rounds, its interval, and of each round.
fn added(all: &[Pair<f64>], rounds: &[Vec<Pair<f64>>], share: f64) -> Value {
    let mut drawn = resampled(all, share);
    let interval = [quantile(&mut drawn, 0.025), quantile(&mut drawn, 0.975)];
    let by_round: Vec<f64> = rounds.iter().map(|round| difference(round, share)).collect();
    json!({ "all": difference(all, share), "interval_95": interval, "rounds": by_round })
}

/// The same difference, of blocks of pairs drawn with repetition.
fn resampled(pairs: &[Pair<f64>], share: f64) -> Vec<f64> {
    let mut random = Random::new(1);
    let starts = pairs.len().saturating_sub(BLOCK) + 1;
    let draw = |random: &mut Random| {
        let mut drawn = Vec::with_capacity(pairs.len() + BLOCK);
        while drawn.len() < pairs.len() {
            let start = usize::try_from(random.below(starts as u64)).unwrap_or(0);
            drawn.extend_from_slice(&pairs[start..pairs.len().min(start + BLOCK)]);
        }
        difference(&drawn, share)
    };
    (0..RESAMPLES).map(|_| draw(&mut random)).collect()
}

fn difference(pairs: &[Pair<f64>], share: f64) -> f64 {
    quantile(&mut guarded(pairs), share) - quantile(&mut bare(pairs), share)
}

fn bare(pairs: &[Pair<f64>]) -> Vec<f64> {
    pairs.iter().map(|pair| pair.bare).collect()
}

fn guarded(pairs: &[Pair<f64>]) -> Vec<f64> {
    pairs.iter().map(|pair| pair.guarded).collect()
}

/// The last one for 1; not a number of nothing.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "lists are short and shares lie between 0 and 1"
)]
fn quantile(values: &mut [f64], share: f64) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    let at = ((values.len() as f64 * share) as usize).min(values.len() - 1);
    *values.select_nth_unstable_by(at, f64::total_cmp).1
}
