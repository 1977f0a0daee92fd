//! Immutable segments of unit vectors that are searched through exact filters, without a graph.
//!
//! A segment holds vectors of one dimension, each with the key of its document and an ordinal of
//! its own. A vector is kept twice: as a sketch of one bit a coordinate, which a search reads for
//! every permitted vector, and as codes of eight bits, by which the best sketches are scored
//! again. For 384 dimensions that is 56 + 388 + 12 bytes.
//!
//! | to | start at |
//! |---|---|
//! | write a segment | [`SegmentBuilder::push`], [`SegmentBuilder::finish`], [`SegmentFile`] |
//! | read one | [`Segment::open`], [`Segment::verify`] |
//! | search one | [`Query::new`], [`Segment::search`], [`Segment::search_exact`] |
//! | search several, with deletions | [`Snapshot::push`], [`Snapshot::search`] |
//! | join answers of several searchers | [`merge_hits`] |
//!
//! ```
//! use roaring::RoaringBitmap;
//! use vector_segments::{
//!     Centre, Depth, Dimension, Permitted, Query, ROTATION_SEED, Segment, SegmentBuilder,
//! };
//!
//! let dimension = Dimension::new(2)?;
//! let mut builder = SegmentBuilder::new(dimension, Centre::Mean, ROTATION_SEED)?;
//! builder.push(70, 0, &[1.0, 0.0])?;
//! builder.push(71, 1, &[0.6, 0.8])?;
//! builder.push(72, 2, &[0.0, 1.0])?;
//!
//! let segment = Segment::open(builder.finish().to_bytes())?;
//! segment.verify()?;
//!
//! // Who asks may not see the nearest vector, so it is not even looked at.
//! let query = Query::new(dimension, &[0.0, 1.0])?;
//! let permitted = RoaringBitmap::from([0, 1]);
//! let hits = segment.search(&query, Permitted::Only(&permitted), Depth::new(1))?;
//! assert_eq!((hits[0].key, hits[0].ordinal), (71, 1));
//! assert!((hits[0].score - 0.8).abs() < 0.01);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How a score comes about
//! With `c` the centre of the segment, `x` a vector and `q` the query, all rotated by the same
//! random rotation, `<q, x> = <q, c> + <c, x - c> + <q - c, x - c>`. The first two are known
//! exactly; only the last is estimated, from signs or from codes of `x - c`. Embeddings that fill
//! a narrow cone differ little from their centre, so what is estimated is small.
//!
//! Sums over signs and codes are sums of integers, the few others are added up in one order: every
//! processor finds the same scores.
//!
//! # Source
//! Gao and Long, "`RaBitQ`: Quantizing High-Dimensional Vectors with a Theoretical Error Bound for
//! Approximate Nearest Neighbor Search", SIGMOD 2024 (arXiv 2405.12497).
//!
//! **Never here:** files, sockets, threads, clocks; texts, models, and who may see what.
#![deny(missing_docs)]

mod builder;
mod encoding;
mod format;
mod instructions;
mod kernels;
mod query;
mod ranking;
mod rotation;
mod search;
mod segment;
mod selection;
mod snapshot;
mod vector;

pub use builder::{BuildError, Centre, ROTATION_SEED, SegmentBuilder, SegmentFile};
pub use format::{FORMAT_VERSION, Section, SegmentError};
pub use instructions::Instructions;
pub use query::Query;
pub use ranking::{Hit, merge_hits};
pub use search::{CANDIDATES_A_HIT, CANDIDATES_DEFAULT, Depth};
pub use segment::{Row, Segment};
pub use selection::Permitted;
pub use snapshot::Snapshot;
pub use vector::{DIMENSION_MAX, Dimension, DimensionError, UNIT_TOLERANCE, VectorError};
