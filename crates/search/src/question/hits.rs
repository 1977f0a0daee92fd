//! What both lists say of a passage.

use std::collections::BTreeMap;

use knowledge::{IndexHit, VersionKey};

use super::lists::Found;
use crate::snapshot::Snapshot;

/// Every passage of the two lists once, without a score of its own yet.
pub(super) fn hits(snapshot: &Snapshot, lexical: &[Found], dense: &[Found]) -> Vec<IndexHit> {
    let mut hits: BTreeMap<(VersionKey, u32), IndexHit> = BTreeMap::new();
    for (list, is_lexical) in [(lexical, true), (dense, false)] {
        for found in list {
            let Some((version, passage)) = snapshot.passage(found.place, found.ordinal) else {
                continue;
            };
            let hit = hits.entry((version, passage)).or_insert(IndexHit {
                version,
                passage,
                score: 0.0,
                lexical: None,
                dense: None,
            });
            let of_list = if is_lexical { &mut hit.lexical } else { &mut hit.dense };
            *of_list = Some(found.score);
        }
    }
    hits.into_values().collect()
}
