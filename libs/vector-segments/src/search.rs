//! The two passes of a search.

use std::cmp::Ordering;

use crate::instructions::Instructions;
use crate::kernels::{Table, distances, products};
use crate::query::Prepared;
use crate::ranking::{Best, Hit, Ranked, keep_best, merge_hits};
use crate::selection::{BATCH_ROWS, Ordinals, Selection};

/// How many of the best sketches are scored by their codes, unless it is said otherwise.
pub const CANDIDATES_DEFAULT: usize = 2000;

/// How many sketches are scored by their codes for every hit, at the least.
pub const CANDIDATES_A_HIT: usize = 20;

/// How many vectors a search returns, and how many it looks at closely for that.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Depth {
    k: usize,
    candidates: usize,
}

impl Depth {
    /// Returns at most `k` vectors out of [`CANDIDATES_DEFAULT`] candidates, or of
    /// [`CANDIDATES_A_HIT`] times `k` if those are more.
    pub fn new(k: usize) -> Self {
        Self::with_candidates(k, CANDIDATES_DEFAULT)
    }

    /// Returns at most `k` vectors out of this many candidates, or of [`CANDIDATES_A_HIT`] times
    /// `k` if those are more.
    pub fn with_candidates(k: usize, candidates: usize) -> Self {
        Self { k, candidates: candidates.max(k.saturating_mul(CANDIDATES_A_HIT)) }
    }

    /// How many vectors are returned at the most.
    pub fn k(self) -> usize {
        self.k
    }

    /// How many vectors are scored by their codes, over all segments.
    pub fn candidates(self) -> usize {
        self.candidates
    }
}

/// What one search needs of one segment.
pub(crate) struct Part<'a> {
    pub(crate) keys: &'a [[u8; 8]],
    pub(crate) ordinals: Ordinals<'a>,
    pub(crate) sketches: Table<'a>,
    pub(crate) codes: Table<'a>,
    pub(crate) instructions: Instructions,
    pub(crate) prepared: Prepared,
    pub(crate) selection: Selection,
}

impl Part<'_> {
    /// The best `keep` rows by their sketches.
    fn estimates(&self, keep: usize) -> Vec<Ranked> {
        let mut best = Best::new(keep);
        let mut found = [0; BATCH_ROWS];
        self.selection.each_batch(|rows| {
            distances(self.instructions, self.sketches, rows, &self.prepared.planes, &mut found);
            for (row, distance) in rows.iter().zip(found) {
                let (scale, offset) = (self.sketches.float(*row, 0), self.sketches.float(*row, 1));
                best.offer(self.prepared.estimate(scale, offset, distance), *row);
            }
        });
        best.finish()
    }

    /// A row of this part, among those of other parts.
    fn candidate(&self, ranked: Ranked, place: usize) -> Option<Candidate> {
        let ordinal = self.ordinals.get(usize::try_from(ranked.row()).ok()?)?;
        Some(Candidate { ranked, ordinal, place })
    }

    /// The best `keep` of some rows by their codes.
    fn hits(&self, rows: &Selection, keep: usize) -> Vec<Hit> {
        let mut best = Best::new(keep);
        let mut found = [0; BATCH_ROWS];
        rows.each_batch(|rows| {
            products(self.instructions, self.codes, rows, &self.prepared.codes, &mut found);
            for (row, product) in rows.iter().zip(found) {
                let (scale, offset) = (self.codes.float(*row, 0), self.sketches.float(*row, 1));
                best.offer(self.prepared.score(scale, offset, product), *row);
            }
        });
        best.finish().into_iter().filter_map(|ranked| self.hit(ranked)).collect()
    }

    /// Whose vector it was.
    fn hit(&self, ranked: Ranked) -> Option<Hit> {
        let row = usize::try_from(ranked.row()).ok()?;
        let key = u64::from_le_bytes(*self.keys.get(row)?);
        Some(Hit { key, ordinal: self.ordinals.get(row)?, score: ranked.score() })
    }
}

/// A row that is worth a look at its codes.
struct Candidate {
    ranked: Ranked,
    ordinal: u32,
    /// Which part it is a row of.
    place: usize,
}

impl Candidate {
    /// Higher estimates first; of equal ones the lower ordinal, whatever part it stands in.
    fn best_first(&self, other: &Self) -> Ordering {
        let scores = other.ranked.compare_scores(self.ranked);
        scores.then(self.ordinal.cmp(&other.ordinal)).then(self.place.cmp(&other.place))
    }
}

/// The best hits of all parts, scored by codes only where sketches promise something.
///
/// Estimates of different parts can be compared, so the candidates are the best of all of them.
pub(crate) fn two_pass(parts: &[Part<'_>], depth: Depth) -> Vec<Hit> {
    let selected = parts.iter().map(|part| part.selection.len()).fold(0, usize::saturating_add);
    if selected <= depth.candidates {
        return exact(parts, depth.k);
    }
    let mut candidates: Vec<Candidate> = Vec::new();
    for (place, part) in parts.iter().enumerate() {
        let best = part.estimates(depth.candidates);
        candidates.extend(best.into_iter().filter_map(|ranked| part.candidate(ranked, place)));
        // Kept short after each part, so that many small segments need no more than one large one.
        keep_best(&mut candidates, depth.candidates, Candidate::best_first);
    }
    let hits = parts.iter().enumerate().map(|(place, part)| {
        let of_part = candidates.iter().filter(|candidate| candidate.place == place);
        let mut rows: Vec<u32> = of_part.map(|candidate| candidate.ranked.row()).collect();
        rows.sort_unstable();
        part.hits(&Selection::Rows(rows), depth.k)
    });
    merge_hits(hits, depth.k)
}

/// The best hits of all parts, all scored by codes.
pub(crate) fn exact(parts: &[Part<'_>], k: usize) -> Vec<Hit> {
    merge_hits(parts.iter().map(|part| part.hits(&part.selection, k)), k)
}
