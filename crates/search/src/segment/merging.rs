//! A segment of what stays of several.

use std::collections::HashSet;

use knowledge::{IndexError, VersionKey};
use roaring::RoaringBitmap;

use super::{OpenSegment, layout::Contents, table::Table};
use crate::{
    failure::unreadable,
    lexical::{Kept, merge as merge_lexical, place_of},
    vectors::{Copied, copy_rows},
};

/// A segment, and what of it goes.
pub(crate) struct Source<'s> {
    pub(crate) segment: &'s OpenSegment,
    pub(crate) dropped: HashSet<VersionKey>,
}

/// What is left of some segments.
pub(crate) struct Merged {
    pub(crate) bytes: Vec<u8>,
    pub(crate) passages: u32,
    pub(crate) has_vectors: bool,
}

/// One segment of all that stays, in the order of `sources`; `None` if nothing does.
///
/// The vectors of all of them lie around the same centre.
pub(crate) fn merge(sources: &[Source<'_>]) -> Result<Option<Merged>, IndexError> {
    let plan = Plan::of(sources);
    if plan.table.runs().next().is_none() {
        return Ok(None);
    }
    let mut kept = Vec::new();
    for (source, ordinals) in sources.iter().zip(&plan.kept) {
        if let Some(segment) = &source.segment.lexical
            && !ordinals.is_empty()
        {
            kept.push(Kept { segment, ordinals });
        }
    }
    let lexical = if kept.is_empty() { None } else { Some(merge_lexical(&kept)) };
    let lexical = lexical.transpose().map_err(unreadable)?;
    let vectors = merge_vectors(sources, &plan)?.unwrap_or_default();
    let has_vectors = !vectors.is_empty();
    let contents = Contents { table: plan.table.to_bytes(), lexical, vectors };
    let passages = plan.table.passages();
    Ok(Some(Merged { bytes: contents.assemble(), passages, has_vectors }))
}

/// Which passages stay, and under which ordinals.
struct Plan {
    table: Table,
    /// Ordinals of each source.
    kept: Vec<RoaringBitmap>,
    /// The new ordinal of the first passage of each source.
    starts: Vec<u32>,
}

impl Plan {
    fn of(sources: &[Source<'_>]) -> Self {
        let mut plan = Self { table: Table::default(), kept: Vec::new(), starts: Vec::new() };
        for source in sources {
            plan.starts.push(plan.table.passages());
            let mut kept = RoaringBitmap::new();
            for (run, range) in source.segment.table.ranges() {
                if !source.dropped.contains(&run.version) {
                    let numbers = source.segment.table.numbers(range.clone()).iter().copied();
                    plan.table.push(run.version, run.language, numbers);
                    kept.insert_range(range);
                }
            }
            plan.kept.push(kept);
        }
        plan
    }
}

fn merge_vectors(sources: &[Source<'_>], plan: &Plan) -> Result<Option<Vec<u8>>, IndexError> {
    let kept = plan.kept.iter().zip(&plan.starts);
    let moved: Vec<Moved> = kept.map(|(kept, start)| Moved::new(kept, *start)).collect();
    let ordinals: Vec<_> =
        moved.iter().map(|moved| move |ordinal: u32| moved.of(ordinal)).collect();
    let mut copied = Vec::new();
    for (source, ordinal) in sources.iter().zip(&ordinals) {
        if let Some(segment) = &source.segment.vectors {
            copied.push(Copied { segment, bytes: &source.segment.vector_bytes, ordinal });
        }
    }
    copy_rows(&copied).map_err(unreadable)
}

/// The new ordinals of one source.
struct Moved(Vec<Option<u32>>);

impl Moved {
    fn new(kept: &RoaringBitmap, start: u32) -> Self {
        let last = kept.max().map_or(0, |last| place_of(last) + 1);
        let mut moved = vec![None; last];
        for (old, new) in kept.iter().zip(start..) {
            if let Some(place) = moved.get_mut(place_of(old)) {
                *place = Some(new);
            }
        }
        Self(moved)
    }

    fn of(&self, ordinal: u32) -> Option<u32> {
        self.0.get(place_of(ordinal)).copied().flatten()
    }
}
