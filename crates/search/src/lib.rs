//! The port [`knowledge::Index`]: what passages are found by, in sealed segments.
//!
//! Start at [`SegmentIndex`]. A put writes one segment (`segment/building.rs`) and the manifest
//! that names it (`manifest/chain.rs`); a search opens what the newest manifest names
//! (`opened.rs`), makes a filter of what is permitted (`snapshot.rs`) and asks words and vectors
//! for the best of it (`question.rs`); maintenance puts segments together (`tiers.rs`,
//! `segment/merging.rs`). `docs/concepts/search.md` tells it in order.
//!
//! **Never here:** who may read what, texts of documents, models.

mod analysis;
mod deadline;
mod failure;
mod filter;
mod floats;
mod folder;
mod index;
mod lexical;
mod manifest;
mod objects;
mod opened;
mod question;
mod sealing;
mod segment;
mod snapshot;
mod tiers;
mod vectors;
mod workers;

pub use index::{SearchLimits, SegmentIndex, SegmentIndexParts};
pub use objects::objects_in;
pub use sealing::{SealedPlace, SegmentKeys, Unsealed};
