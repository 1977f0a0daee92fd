//! The most likely tokens in order, without sorting the vocabulary.
//!
//! The maxima of small blocks tell a logit that at least `count` tokens reach; only those tokens
//! are collected and sorted.

use std::cmp::Ordering;

use super::likelihood::{exp, maximum, total};

const BLOCK: usize = 64;
/// How many candidates a search for a share of the probability starts with, and how it grows.
const SHARE_START: usize = 64;
const SHARE_GROWTH: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Candidate {
    pub(super) logit: f32,
    pub(super) token: u32,
}

impl Candidate {
    /// Most likely first, lowest id among equals.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the sorting functions pass references")]
    fn order(one: &Self, other: &Self) -> Ordering {
        other.logit.total_cmp(&one.logit).then(one.token.cmp(&other.token))
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Head {
    block_maxima: Vec<f32>,
    ranked_maxima: Vec<f32>,
    candidates: Vec<Candidate>,
}

impl Head {
    /// What the last selection kept, best first.
    pub(super) fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// The `count` most likely tokens, fewer when fewer are usable.
    pub(super) fn select(&mut self, logits: &[f32], count: usize) -> &[Candidate] {
        self.candidates.clear();
        if count == 0 {
            return &self.candidates;
        }
        self.block_maxima.clear();
        self.block_maxima.extend(logits.chunks(BLOCK).map(maximum));
        let reached = self.reached_by(count);
        for (block, largest) in self.block_maxima.iter().enumerate() {
            // A block without a usable logit has the maximum minus infinity.
            if *largest < reached || *largest == f32::NEG_INFINITY {
                continue;
            }
            let start = block * BLOCK;
            for (place, &logit) in logits[start..].iter().take(BLOCK).enumerate() {
                if logit >= reached && logit > f32::NEG_INFINITY {
                    #[expect(clippy::cast_possible_truncation, reason = "far below 2^32 tokens")]
                    self.candidates.push(Candidate { logit, token: (start + place) as u32 });
                }
            }
        }
        if self.candidates.len() > count {
            self.candidates.select_nth_unstable_by(count - 1, Candidate::order);
            self.candidates.truncate(count);
        }
        self.candidates.sort_unstable_by(Candidate::order);
        &self.candidates
    }

    /// The fewest most likely tokens that together have `share` of the probability: their number.
    pub(super) fn select_share(&mut self, logits: &[f32], maximum: f32, share: f32) -> usize {
        let wanted = total(logits, maximum) * f64::from(share);
        let mut count = SHARE_START;
        loop {
            let kept = self.select(logits, count);
            let needed = share_count(kept, maximum, wanted);
            if needed < kept.len() || kept.len() < count {
                return needed;
            }
            count *= SHARE_GROWTH;
        }
    }

    /// A logit that at least `count` tokens reach, if so many are usable.
    fn reached_by(&mut self, count: usize) -> f32 {
        if count >= self.block_maxima.len() {
            return f32::NEG_INFINITY;
        }
        self.ranked_maxima.clone_from(&self.block_maxima);
        let (_, reached, _) =
            self.ranked_maxima.select_nth_unstable_by(count - 1, |a, b| b.total_cmp(a));
        *reached
    }
}

/// How many of the ordered candidates it takes to reach the weight `wanted`; at least one.
pub(super) fn share_count(candidates: &[Candidate], maximum: f32, wanted: f64) -> usize {
    let mut sum = 0.0;
    let reached = candidates.iter().position(|one| {
        sum += f64::from(exp(one.logit - maximum));
        sum >= wanted
    });
    reached.map_or(candidates.len(), |place| place + 1)
}
