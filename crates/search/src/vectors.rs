//! One segment's vectors, in the format of `vector-segments`.

mod centre;
mod rows;

pub(crate) use centre::{CentreInUse, Centres, Sum};
pub(crate) use rows::{Copied, copy_rows};

use knowledge::IndexError;
use tantivy::directory::OwnedBytes;
use vector_segments::{Centre, Dimension, ROTATION_SEED, Segment, SegmentBuilder};

use crate::failure::vector;

/// The vectors of one segment, whose ordinals are those of its passages.
pub(crate) type VectorSegment = Segment<OwnedBytes>;

/// The length of a vector that somebody gave.
pub(crate) fn dimension_of(coordinates: &[f32]) -> Result<Dimension, IndexError> {
    Dimension::new(coordinates.len()).map_err(vector)
}

/// Encodes vectors around a centre.
pub(crate) struct VectorWriter(SegmentBuilder);

impl VectorWriter {
    pub(crate) fn new(dimension: Dimension, centre: &[f32]) -> Result<Self, IndexError> {
        let builder = SegmentBuilder::new(dimension, Centre::Given(centre), ROTATION_SEED);
        builder.map(Self).map_err(vector)
    }

    /// Ordinals ascend.
    pub(crate) fn push(
        &mut self,
        key: u64,
        ordinal: u32,
        coordinates: &[f32],
    ) -> Result<(), IndexError> {
        self.0.push(key, ordinal, coordinates).map_err(vector)
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0.finish().to_bytes()
    }
}
