//! The two lists that a search makes.

use knowledge::IndexError;
use roaring::RoaringBitmap;
use vector_segments::{Depth, Query};

use crate::{
    deadline::Deadline,
    failure::vector as vector_failed,
    filter::Filter,
    lexical::{Part, Ranking, Sought, best},
    snapshot::Snapshot,
};

/// A passage that a list has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Found {
    /// Which of the segments it is in.
    pub(crate) place: usize,
    pub(crate) ordinal: u32,
    pub(crate) score: f32,
}

/// What lists are made of.
pub(crate) struct Lists<'q> {
    pub(crate) snapshot: &'q Snapshot,
    pub(crate) sought: &'q [Sought],
    pub(crate) vector: Option<&'q Query>,
    pub(crate) depth: usize,
    pub(crate) deadline: Deadline,
}

impl Lists<'_> {
    /// The best by words, in no order; all of them hold a word.
    pub(crate) fn lexical(&self, filters: &[Filter]) -> Result<Vec<Found>, IndexError> {
        if self.sought.is_empty() {
            return Ok(Vec::new());
        }
        let ranking =
            Ranking { sought: self.sought, lengths: &self.snapshot.lengths, keep: self.depth };
        let mut list = Best::new(self.depth);
        for (place, (member, filter)) in self.snapshot.members.iter().zip(filters).enumerate() {
            let Some(segment) = &member.segment.lexical else { continue };
            if filter.is_empty() {
                continue;
            }
            let part = Part { segment, place, filter };
            let found = best(part, &ranking, list.floor(), self.deadline)?;
            list.take(found.into_iter().map(|scored| Found {
                place,
                ordinal: scored.ordinal,
                score: scored.score,
            }));
        }
        Ok(list.found)
    }

    /// The best by vectors, in no order. Vectors of another length are of another model, and not
    /// looked at.
    pub(crate) fn dense(&self, filters: &[Filter]) -> Result<Vec<Found>, IndexError> {
        let Some(query) = self.vector else {
            return Ok(Vec::new());
        };
        let mut list = Best::new(self.depth);
        for (place, (member, filter)) in self.snapshot.members.iter().zip(filters).enumerate() {
            self.deadline.check()?;
            let Some(vectors) = &member.segment.vectors else { continue };
            if filter.is_empty() || vectors.dimension() != query.dimension() {
                continue;
            }
            let found = vectors.search(query, filter.permitted(), Depth::new(self.depth));
            let found = found.map_err(vector_failed)?;
            list.take(found.into_iter().map(|hit| Found {
                place,
                ordinal: hit.ordinal,
                score: hit.score,
            }));
        }
        Ok(list.found)
    }
}

/// The best of all segments so far.
struct Best {
    keep: usize,
    found: Vec<Found>,
}

impl Best {
    fn new(keep: usize) -> Self {
        Self { keep, found: Vec::new() }
    }

    fn take(&mut self, found: impl Iterator<Item = Found>) {
        self.found.extend(found);
        if self.keep < self.found.len() {
            self.found.sort_by(|left, right| {
                let by_score = right.score.total_cmp(&left.score);
                by_score.then((left.place, left.ordinal).cmp(&(right.place, right.ordinal)))
            });
            self.found.truncate(self.keep);
        }
    }

    /// What a passage has to score to come among them.
    fn floor(&self) -> f32 {
        if self.found.len() < self.keep {
            return 0.0;
        }
        self.found.iter().map(|found| found.score).fold(f32::INFINITY, f32::min)
    }
}

/// Filters that permit what these lists have, and nothing else.
pub(super) fn filters_of(snapshot: &Snapshot, lists: &[&[Found]]) -> Vec<Filter> {
    let mut ordinals = vec![RoaringBitmap::new(); snapshot.members.len()];
    for found in lists.iter().copied().flatten() {
        if let Some(ordinals) = ordinals.get_mut(found.place) {
            ordinals.insert(found.ordinal);
        }
    }
    let members = snapshot.members.iter().zip(ordinals);
    members.map(|(member, ordinals)| Filter::new(ordinals, member.passages())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_of_all_segments_are_kept() {
        let found = |place, ordinal, score| Found { place, ordinal, score };
        let mut best = Best::new(2);
        assert!(best.floor() <= 0.0);
        best.take([found(0, 1, 2.0), found(0, 2, 1.0)].into_iter());
        assert!((best.floor() - 1.0).abs() < 1e-6);
        best.take([found(1, 0, 1.0), found(1, 1, 3.0)].into_iter());
        assert_eq!(best.found, [found(1, 1, 3.0), found(0, 1, 2.0)]);
    }
}
