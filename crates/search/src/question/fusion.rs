//! One list of two.
//!
//! Scores of words and of vectors have nothing in common: one is a sum without a bound, the other
//! a cosine that is between 0.7 and 0.9 for everything. So each becomes its distance from the mean
//! of its list, in standard deviations, and the two are added. Mean and deviation are those of the
//! passages that the list really matched; a passage that it did not match gets the lowest of its
//! list, as if it were its last one. Ranks, or a score of zero, would be made up: for a question in
//! another language than the documents, where words match next to nothing, they would decide.

use knowledge::{IndexHit, SearchMode};

/// The best hits, best first. `hits` hold what each list says.
pub(super) fn ranked(mut hits: Vec<IndexHit>, mode: SearchMode, limit: usize) -> Vec<IndexHit> {
    match mode {
        SearchMode::Lexical => score(&mut hits, |hit| hit.lexical.unwrap_or_default()),
        SearchMode::Dense => score(&mut hits, |hit| hit.dense.unwrap_or_default()),
        SearchMode::Hybrid => {
            let lexical = Scale::of(hits.iter().filter_map(|hit| hit.lexical));
            let dense = Scale::of(hits.iter().filter_map(|hit| hit.dense));
            score(&mut hits, |hit| lexical.place(hit.lexical) + dense.place(hit.dense));
        }
    }
    // Of equal scores the first passage comes first, wherever it is stored.
    hits.sort_by(|left, right| {
        let by_score = right.score.total_cmp(&left.score);
        by_score.then((left.version, left.passage).cmp(&(right.version, right.passage)))
    });
    hits.truncate(limit);
    hits
}

fn score(hits: &mut [IndexHit], score: impl Fn(&IndexHit) -> f32) {
    for hit in hits {
        hit.score = score(hit);
    }
}

/// What the scores of a list are like.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Scale {
    mean: f32,
    /// 0 where all are equal, or there is one or none: then the list says nothing.
    deviation: f32,
    /// The lowest of them, in deviations from the mean.
    lowest: f32,
}

impl Scale {
    fn of(scores: impl Iterator<Item = f32>) -> Self {
        let scores: Vec<f32> = scores.collect();
        let mean = mean(&scores);
        let squares: Vec<f32> = scores.iter().map(|score| (score - mean).powi(2)).collect();
        let deviation = self::mean(&squares).sqrt();
        let deviation = if deviation > f32::EPSILON * mean.abs() { deviation } else { 0.0 };
        let scale = Self { mean, deviation, lowest: 0.0 };
        let lowest = scores.iter().map(|score| scale.place(Some(*score))).fold(0.0, f32::min);
        Self { lowest, ..scale }
    }

    /// How far a score is from the mean, in deviations.
    fn place(&self, score: Option<f32>) -> f32 {
        match score {
            Some(score) if self.deviation > 0.0 => (score - self.mean) / self.deviation,
            Some(_) => 0.0,
            None => self.lowest,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a list has few hits")]
fn mean(values: &[f32]) -> f32 {
    values.iter().sum::<f32>() / values.len().max(1) as f32
}

#[cfg(test)]
mod tests {
    use knowledge::VersionKey;

    use super::*;

    fn hit(key: u64, lexical: Option<f32>, dense: Option<f32>) -> IndexHit {
        IndexHit { version: VersionKey(key), passage: 0, score: 0.0, lexical, dense }
    }

    fn check(hits: Vec<IndexHit>, mode: SearchMode, expected: &[u64]) {
        let ranked = ranked(hits, mode, 10);
        let keys: Vec<u64> = ranked.iter().map(|hit| hit.version.0).collect();
        assert_eq!(keys, expected, "{mode:?} {ranked:?}");
    }

    #[test]
    fn both_lists_count() {
        let hits = vec![
            hit(1, Some(9.0), Some(0.80)),
            hit(2, Some(8.0), Some(0.88)),
            hit(3, Some(1.0), Some(0.90)),
            hit(4, None, Some(0.81)),
        ];
        check(hits.clone(), SearchMode::Lexical, &[1, 2, 3, 4]);
        check(hits.clone(), SearchMode::Dense, &[3, 2, 4, 1]);
        check(hits, SearchMode::Hybrid, &[2, 3, 1, 4]);
    }

    /// As for a question in another language: one word happens to match.
    #[test]
    fn a_list_of_one_decides_nothing() {
        let hits = vec![
            hit(1, Some(30.0), Some(0.80)),
            hit(2, None, Some(0.88)),
            hit(3, None, Some(0.90)),
        ];
        check(hits, SearchMode::Hybrid, &[3, 2, 1]);
    }

    #[test]
    fn equal_scores_are_ordered_by_their_passages() {
        let hits = vec![hit(2, Some(1.0), None), hit(1, Some(1.0), None)];
        check(hits.clone(), SearchMode::Hybrid, &[1, 2]);
        check(hits, SearchMode::Lexical, &[1, 2]);
        check(Vec::new(), SearchMode::Hybrid, &[]);
    }

    #[test]
    fn what_a_list_did_not_match_gets_its_lowest() {
        let scale = Scale::of([1.0, 2.0, 6.0].into_iter());
        assert!((scale.place(None) - scale.place(Some(1.0))).abs() < 1e-6);
        assert!(scale.place(Some(6.0)) > 1.0);
    }
}
