//! Words of several segments as those of one.

use roaring::RoaringBitmap;
use tantivy::{
    BitSet,
    directory::{OwnedBytes, RamDirectory},
    fastfield::{AliveBitSet, write_alive_bitset},
    indexer::merge_filtered_segments,
};

use super::{files::LexicalFiles, reading::LexicalSegment, schema::settings};

/// What of a segment stays.
pub(crate) struct Kept<'s> {
    pub(crate) segment: &'s LexicalSegment,
    /// Ordinals, at least one; they follow each other in the new segment.
    pub(crate) ordinals: &'s RoaringBitmap,
}

/// The files of one segment with all that is kept, in the order of `kept`; there is something.
pub(crate) fn merge(kept: &[Kept<'_>]) -> tantivy::Result<LexicalFiles> {
    let folder = RamDirectory::create();
    let segments: Vec<_> = kept.iter().map(|kept| kept.segment.segment().clone()).collect();
    let alive = kept.iter().map(alive).collect::<tantivy::Result<Vec<_>>>()?;
    let index = merge_filtered_segments(&segments, settings(), alive, folder.clone())?;
    LexicalFiles::written(&index, &folder)
}

/// Nothing where all of it stays, so that sums of lengths stay exact.
fn alive(kept: &Kept<'_>) -> tantivy::Result<Option<AliveBitSet>> {
    let passages = kept.segment.passages();
    if kept.ordinals.len() == u64::from(passages) {
        return Ok(None);
    }
    let mut bits = BitSet::with_max_value(passages);
    for ordinal in kept.ordinals {
        bits.insert(ordinal);
    }
    let mut bytes = Vec::new();
    write_alive_bitset(&bits, &mut bytes)?;
    Ok(Some(AliveBitSet::open(OwnedBytes::new(bytes))))
}
