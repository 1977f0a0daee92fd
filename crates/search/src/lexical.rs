//! One segment's words: an index of tantivy with nothing but postings and lengths.
//!
//! tantivy writes, merges and reads the postings. What is made of them is done here: which
//! passages count is known before anything is scored, statistics are those of all segments
//! together, and the parameters of BM25 are ours.

mod files;
mod merging;
mod reading;
mod schema;
mod scoring;
mod weights;
mod writing;

pub(crate) use files::{LexicalFile, LexicalFiles};
pub(crate) use merging::{Kept, merge};
pub(crate) use reading::LexicalSegment;
pub(crate) use schema::TextField;
pub(crate) use scoring::{Part, Ranking, Sought, best, holding_all};
pub(crate) use weights::{Lengths, rarity};
pub(crate) use writing::LexicalWriter;

/// A number of 32 bits as a place in a slice.
pub(crate) fn place_of(ordinal: u32) -> usize {
    usize::try_from(ordinal).unwrap_or(usize::MAX)
}
