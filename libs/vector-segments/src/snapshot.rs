//! Several segments as they were at one time, with what was deleted since they were written.

use roaring::RoaringBitmap;

use crate::query::Query;
use crate::ranking::Hit;
use crate::search::{Depth, Part, exact, two_pass};
use crate::segment::Segment;
use crate::selection::Permitted;
use crate::vector::{Dimension, VectorError};

/// Segments of one dimension that are searched as one.
///
/// Ordinals are those of the collection, so one filter serves all segments. A vector that is
/// replaced gets a new ordinal, and the old one is deleted; where two segments hold the same
/// ordinal all the same, each of them is searched and may be found.
pub struct Snapshot<B> {
    dimension: Dimension,
    entries: Vec<Entry<B>>,
}

struct Entry<B> {
    segment: Segment<B>,
    /// Ordinals that are not to be found in this segment any more.
    deleted: RoaringBitmap,
}

impl<B: AsRef<[u8]>> Snapshot<B> {
    /// No segments yet.
    pub fn new(dimension: Dimension) -> Self {
        Self { dimension, entries: Vec::new() }
    }

    /// Adds a segment, without the vectors of the ordinals in `deleted`.
    ///
    /// # Errors
    /// [`VectorError::Dimension`] if it has another dimension.
    pub fn push(&mut self, segment: Segment<B>, deleted: RoaringBitmap) -> Result<(), VectorError> {
        let (expected, found) = (self.dimension.get(), segment.dimension().get());
        if expected != found {
            return Err(VectorError::Dimension { expected, found });
        }
        self.entries.push(Entry { segment, deleted });
        Ok(())
    }

    /// The segments in the order in which they were added, each with its deleted ordinals.
    pub fn segments(&self) -> impl Iterator<Item = (&Segment<B>, &RoaringBitmap)> {
        self.entries.iter().map(|entry| (&entry.segment, &entry.deleted))
    }

    /// The best `depth.k()` of the permitted vectors that are not deleted, best first; of equal
    /// scores the lower ordinal comes first.
    ///
    /// Hits do not depend on the order of the segments, unless two hold the same ordinal.
    ///
    /// # Errors
    /// [`VectorError::Dimension`] if the query has another dimension.
    pub fn search(
        &self,
        query: &Query,
        permitted: Permitted<'_>,
        depth: Depth,
    ) -> Result<Vec<Hit>, VectorError> {
        Ok(two_pass(&self.parts(query, permitted)?, depth))
    }

    /// As [`search`](Self::search), but by the codes of all permitted vectors.
    ///
    /// # Errors
    /// [`VectorError::Dimension`] if the query has another dimension.
    pub fn search_exact(
        &self,
        query: &Query,
        permitted: Permitted<'_>,
        k: usize,
    ) -> Result<Vec<Hit>, VectorError> {
        Ok(exact(&self.parts(query, permitted)?, k))
    }

    fn parts(&self, query: &Query, permitted: Permitted<'_>) -> Result<Vec<Part<'_>>, VectorError> {
        let (expected, found) = (self.dimension.get(), query.dimension().get());
        if expected != found {
            return Err(VectorError::Dimension { expected, found });
        }
        self.entries
            .iter()
            .map(|entry| entry.segment.part(query, permitted, &entry.deleted))
            .collect()
    }
}
