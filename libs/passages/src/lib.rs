//! What can be read of a document, and where each word of it stands.
//!
//! A [`Document`] is one text with its blocks and pages; a [`Span`] of it is the only kind of
//! place there is. Parsers build documents with [`Document::new`], which refuses what does not
//! hold together. From there:
//!
//! - [`sentences()`] finds where sentences begin and end,
//! - [`chunks()`] packs sentences for retrieval, structure first,
//! - [`MatchText`] and [`find_quote`] resolve a quote to the exact span that it was taken from,
//! - [`areas()`] gives the rectangles of a span on its pages,
//! - [`missing_claims`] says what of a statement its quotes do not hold.
//!
//! All of it is deterministic: the same document gives the same sentences, chunks and rectangles
//! on every machine, so that a citation can be checked again years later.
//!
//! **Never here:** files, formats of files, models, indexes, who may read what.

mod areas;
mod characters;
mod chunks;
mod claims;
mod document;
mod normal;
mod quote;
mod sentences;

pub use areas::areas;
pub use chunks::{Chunk, ChunkLimits, ChunkLimitsError, CountTokens, chunks};
pub use claims::{Claimed, Missing, missing_claims};
pub use document::{
    Area, Block, BlockKind, Document, DocumentError, Note, Page, Place, Run, Size, Span, SpanFault,
};
pub use normal::normalised;
pub use quote::{MatchText, QUOTE_BYTES_MAX, find_quote, find_quote_in};
pub use sentences::{Sentence, sentences};
