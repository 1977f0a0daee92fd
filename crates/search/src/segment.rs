//! A segment: some passages, how they are found by words, and how by vectors.
//!
//! One object holds all of it, and is never changed. [`build()`] makes one of passages,
//! [`merge()`] one of several, [`OpenSegment::open`] reads one.

mod building;
mod layout;
mod merging;
mod table;

pub(crate) use building::build;
pub(crate) use merging::{Source, merge};

use roaring::RoaringTreemap;
use tantivy::directory::OwnedBytes;
use vector_segments::Segment;

use crate::{lexical::LexicalSegment, vectors::VectorSegment};
use layout::{Part, Parts, SegmentDamage};
use table::Table;

/// A segment that is searched, wholly in memory.
pub(crate) struct OpenSegment {
    pub(crate) table: Table,
    /// `None` without passages.
    pub(crate) lexical: Option<LexicalSegment>,
    /// `None` without vectors.
    pub(crate) vectors: Option<VectorSegment>,
    vector_bytes: OwnedBytes,
    /// Every version that it speaks of, also those of which it has no passages.
    pub(crate) versions: RoaringTreemap,
    /// What it takes in memory, about.
    pub(crate) bytes: u64,
}

impl OpenSegment {
    /// Compares every digest before anything is read.
    pub(crate) fn open(bytes: Vec<u8>) -> Result<Self, SegmentDamage> {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let parts = Parts::read(&OwnedBytes::new(bytes))?;
        let table = Table::read(parts.part(Part::Table)).ok_or(SegmentDamage::Table)?;
        let lexical = match table.passages() {
            0 => None,
            passages => {
                let lexical = LexicalSegment::open(parts.lexical_files());
                let lexical = lexical.map_err(SegmentDamage::Lexical)?;
                if lexical.passages() != passages {
                    return Err(SegmentDamage::Table);
                }
                Some(lexical)
            }
        };
        let vector_bytes = parts.part(Part::Vectors).clone();
        let vectors = if vector_bytes.is_empty() {
            None
        } else {
            let opened = Segment::open(vector_bytes.clone());
            Some(opened.map_err(SegmentDamage::Vectors)?)
        };
        let versions = table.runs().map(|run| run.version.0).collect();
        Ok(Self { table, lexical, vectors, vector_bytes, versions, bytes: length })
    }
}

#[cfg(test)]
mod tests;
