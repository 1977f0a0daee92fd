//! A segment that is read.

use roaring::RoaringBitmap;

use crate::encoding::{CODES_PREFIX, SKETCH_PREFIX};
use crate::format::{Outline, Section, SegmentError};
use crate::instructions::Instructions;
use crate::kernels::Table;
use crate::query::{Prepared, Query};
use crate::ranking::Hit;
use crate::rotation::Rotation;
use crate::search::{Depth, Part, exact, two_pass};
use crate::selection::{Ordinals, Permitted, Selection};
use crate::vector::{Dimension, VectorError};

/// Whose vector stands in a row of a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row {
    /// The key of its document.
    pub key: u64,
    /// Its ordinal.
    pub ordinal: u32,
}

/// A segment in bytes that somebody else holds or that it owns: a slice, a `Vec`, an `Arc`, a map
/// of a file.
///
/// Sketches and codes are read where they lie and only when they are searched. The bytes must not
/// change; if they do, searches find the wrong vectors, but do not panic for that reason, and
/// still find none that are not permitted.
pub struct Segment<B> {
    bytes: B,
    outline: Outline,
    rotation: Rotation,
    /// Rotated.
    centre: Vec<f32>,
    instructions: Instructions,
}

impl<B: AsRef<[u8]>> Segment<B> {
    /// Reads the header, the centre, the keys and the ordinals, and checks those: what is found
    /// is never ascribed to another document.
    ///
    /// The rest is checked by [`verify`](Self::verify), which reads all of it: once is enough,
    /// after it was written or fetched. Bytes that fail there are safe to search nevertheless.
    ///
    /// # Errors
    /// [`SegmentError`] for bytes that are no segment, or whose checked parts are damaged.
    pub fn open(bytes: B) -> Result<Self, SegmentError> {
        let content = bytes.as_ref();
        let outline = Outline::parse(content)?;
        outline.verify(content, Section::Centre)?;
        outline.verify(content, Section::Keys)?;
        outline.verify(content, Section::Ordinals)?;
        let centre = read_centre(outline.section(content, Section::Centre))?;
        check_order(Ordinals::new(outline.section(content, Section::Ordinals)))?;
        let rotation = Rotation::new(outline.dimension, outline.seed);
        Ok(Self { bytes, outline, rotation, centre, instructions: Instructions::best() })
    }

    /// Checks that all bytes are what was written.
    ///
    /// Whoever wrote them may have written anything: compare [`digest`](Self::digest) with a
    /// trusted one if that matters.
    ///
    /// # Errors
    /// [`SegmentError::Damaged`] for the first part that is not.
    pub fn verify(&self) -> Result<(), SegmentError> {
        let mut sections = Section::BODY.into_iter();
        sections.try_for_each(|section| self.outline.verify(self.bytes.as_ref(), section))
    }

    /// Searches with these instructions instead of the best ones, which find the same.
    #[must_use]
    pub fn with_instructions(self, instructions: Instructions) -> Self {
        Self { instructions, ..self }
    }

    /// BLAKE3 of the header, and so of the whole segment, as the header holds the digests of all
    /// sections.
    pub fn digest(&self) -> [u8; 32] {
        self.outline.digest
    }

    /// How many coordinates its vectors have.
    pub fn dimension(&self) -> Dimension {
        self.outline.dimension
    }

    /// How many vectors it holds, deleted ones included.
    pub fn len(&self) -> u32 {
        self.outline.rows
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whose vectors it holds, by ascending ordinal.
    pub fn rows(&self) -> impl Iterator<Item = Row> {
        let (keys, _) = self.section(Section::Keys).as_chunks::<8>();
        let ordinals = Ordinals::new(self.section(Section::Ordinals));
        keys.iter()
            .zip(ordinals.iter())
            .map(|(key, ordinal)| Row { key: u64::from_le_bytes(*key), ordinal })
    }

    /// The best `depth.k()` of the permitted vectors, best first; of equal scores the lower
    /// ordinal comes first.
    ///
    /// Sketches of all permitted vectors are read, codes of the best of them. If no more vectors
    /// are permitted than `depth.candidates()`, it finds the same as
    /// [`search_exact`](Self::search_exact).
    ///
    /// # Errors
    /// [`VectorError::Dimension`] if the query has another dimension.
    pub fn search(
        &self,
        query: &Query,
        permitted: Permitted<'_>,
        depth: Depth,
    ) -> Result<Vec<Hit>, VectorError> {
        let part = self.part(query, permitted, &RoaringBitmap::new())?;
        Ok(two_pass(&[part], depth))
    }

    /// The best `k` of the permitted vectors by their codes, all of which are read: slower by
    /// several times, and the measure of what [`search`](Self::search) finds.
    ///
    /// # Errors
    /// [`VectorError::Dimension`] if the query has another dimension.
    pub fn search_exact(
        &self,
        query: &Query,
        permitted: Permitted<'_>,
        k: usize,
    ) -> Result<Vec<Hit>, VectorError> {
        let part = self.part(query, permitted, &RoaringBitmap::new())?;
        Ok(exact(&[part], k))
    }

    /// All that one search needs of this segment.
    pub(crate) fn part(
        &self,
        query: &Query,
        permitted: Permitted<'_>,
        deleted: &RoaringBitmap,
    ) -> Result<Part<'_>, VectorError> {
        let (expected, found) = (self.dimension(), query.dimension());
        if expected != found {
            return Err(VectorError::Dimension { expected: expected.get(), found: found.get() });
        }
        let ordinals = Ordinals::new(self.section(Section::Ordinals));
        Ok(Part {
            keys: self.section(Section::Keys).as_chunks().0,
            ordinals,
            sketches: self.table(Section::Sketches, SKETCH_PREFIX),
            codes: self.table(Section::Codes, CODES_PREFIX),
            instructions: self.instructions,
            prepared: Prepared::new(query, &self.rotation, &self.centre),
            selection: Selection::new(ordinals, permitted, deleted),
        })
    }

    fn section(&self, section: Section) -> &[u8] {
        self.outline.section(self.bytes.as_ref(), section)
    }

    fn table(&self, section: Section, prefix: usize) -> Table<'_> {
        Table::new(self.section(section), section.row_bytes(self.dimension()), prefix)
    }
}

fn read_centre(bytes: &[u8]) -> Result<Vec<f32>, SegmentError> {
    let (coordinates, _) = bytes.as_chunks::<4>();
    let centre: Vec<f32> = coordinates.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    if centre.iter().all(|value| value.is_finite()) {
        Ok(centre)
    } else {
        Err(SegmentError::Centre)
    }
}

/// Filters are found by bisection, which needs order.
fn check_order(ordinals: Ordinals<'_>) -> Result<(), SegmentError> {
    let mut last: Option<u32> = None;
    for (ordinal, row) in ordinals.iter().zip(0..) {
        if last.is_some_and(|last| ordinal <= last) {
            return Err(SegmentError::Order { row });
        }
        last = Some(ordinal);
    }
    Ok(())
}
