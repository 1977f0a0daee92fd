//! The best of many, in an order that leaves nothing to chance.

use std::cmp::{Ordering, Reverse};

/// A vector that was found.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Hit {
    /// The key of its document.
    pub key: u64,
    /// Its ordinal.
    pub ordinal: u32,
    /// Its inner product with the query, up to the rounding of eight bits: the cosine of the angle
    /// between them, about -1 to 1.
    pub score: f32,
}

impl Hit {
    /// Higher scores first; of equal scores the lower ordinal, then the lower key.
    fn best_first(&self, other: &Self) -> Ordering {
        let scores = other.score.total_cmp(&self.score);
        scores.then(self.ordinal.cmp(&other.ordinal)).then(self.key.cmp(&other.key))
    }
}

/// The best `k` of several lists, for example of searchers that hold different segments.
///
/// Higher scores come first; of equal scores the lower ordinal, then the lower key. So the order of
/// the lists does not matter.
pub fn merge_hits(lists: impl IntoIterator<Item = Vec<Hit>>, k: usize) -> Vec<Hit> {
    let mut hits: Vec<Hit> = lists.into_iter().flatten().collect();
    hits.sort_unstable_by(Hit::best_first);
    hits.truncate(k);
    hits
}

/// A row and its score; what is greater is better.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Ranked {
    /// Bits of the score, turned so that they have the order of the scores.
    score: u32,
    /// Of equal scores, the lower row is better.
    row: Reverse<u32>,
}

impl Ranked {
    fn new(score: f32, row: u32) -> Self {
        // The sum turns -0 into 0, which are equal.
        let bits = (score + 0.0).to_bits();
        let score = if bits & SIGN == 0 { bits | SIGN } else { !bits };
        Self { score, row: Reverse(row) }
    }

    pub(crate) fn row(self) -> u32 {
        self.row.0
    }

    /// The order of the scores alone.
    pub(crate) fn compare_scores(self, other: Self) -> Ordering {
        self.score.cmp(&other.score)
    }

    pub(crate) fn score(self) -> f32 {
        let bits = if self.score & SIGN == 0 { !self.score } else { self.score & !SIGN };
        f32::from_bits(bits)
    }
}

const SIGN: u32 = 1 << 31;

/// Collects the best of the rows that are offered.
pub(crate) struct Best {
    keep: usize,
    /// At least the best `keep` so far, and some that will be dropped together.
    ranked: Vec<Ranked>,
    /// The last of the best when some were dropped: what is not better cannot be among the best.
    floor: Option<Ranked>,
}

impl Best {
    /// Keeps the best `keep` rows.
    pub(crate) fn new(keep: usize) -> Self {
        Self { keep, ranked: Vec::new(), floor: None }
    }

    /// Takes a row if it may be among the best. A score that is no number never is.
    #[inline]
    pub(crate) fn offer(&mut self, score: f32, row: u32) {
        let ranked = Ranked::new(score, row);
        if score.is_nan() || self.floor.is_some_and(|floor| ranked <= floor) {
            return;
        }
        self.ranked.push(ranked);
        if self.ranked.len() >= self.keep.saturating_mul(2).max(64) {
            self.drop_rest();
        }
    }

    /// The best rows, best first.
    pub(crate) fn finish(mut self) -> Vec<Ranked> {
        self.drop_rest();
        self.ranked.sort_unstable_by_key(|ranked| Reverse(*ranked));
        self.ranked
    }

    fn drop_rest(&mut self) {
        keep_best(&mut self.ranked, self.keep, |left, right| right.cmp(left));
        if self.ranked.len() == self.keep {
            self.floor = self.ranked.iter().min().copied();
        }
    }
}

/// Drops all but the first `keep` items in this order, and leaves those unsorted.
pub(crate) fn keep_best<T>(items: &mut Vec<T>, keep: usize, order: impl FnMut(&T, &T) -> Ordering) {
    if keep == 0 {
        items.clear();
    } else if keep < items.len() {
        items.select_nth_unstable_by(keep - 1, order);
        items.truncate(keep);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_keep_their_order_and_come_back() {
        let scores = [f32::NEG_INFINITY, -2.0, -1e-40, 0.0, 1e-40, 0.5, 1.0, f32::INFINITY];
        for pair in scores.windows(2) {
            assert!(Ranked::new(pair[0], 0) < Ranked::new(pair[1], 9), "{pair:?}");
        }
        for score in scores {
            assert_eq!(Ranked::new(score, 3).score().to_bits(), score.to_bits());
        }
        assert_eq!(Ranked::new(-0.0, 3), Ranked::new(0.0, 3));
        assert!(Ranked::new(1.0, 3) > Ranked::new(1.0, 4));
    }

    #[test]
    fn the_best_are_those_of_a_full_sort() {
        for keep in [0, 1, 2, 7, 31, 32, 33, 100, 999, 1000, 2000] {
            let mut state = 88_172_645_463_325_252_u64;
            let (mut best, mut all) = (Best::new(keep), Vec::new());
            for row in 0..1000 {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                // Few different scores, so that many are equal.
                let score = f32::from(state.to_le_bytes()[4] % 16) - 8.0;
                best.offer(score, row);
                best.offer(f32::NAN, row);
                all.push((score, row));
            }
            all.sort_by(|left, right| right.0.total_cmp(&left.0).then(left.1.cmp(&right.1)));
            all.truncate(keep);
            let found: Vec<_> =
                best.finish().into_iter().map(|ranked| (ranked.score(), ranked.row())).collect();
            assert_eq!(found, all, "{keep}");
        }
    }
}
