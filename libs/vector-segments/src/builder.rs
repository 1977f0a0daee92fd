//! A segment that is written.

use std::io::{self, Write};

use crate::encoding::{Encoder, narrow};
use crate::format::{Section, Shape};
use crate::rotation::Rotation;
use crate::vector::{Dimension, VectorError};

/// The seed of the rotation where there is no reason for another one.
pub const ROTATION_SEED: u64 = 0x6761_6c65_726e_6521;

/// The point around which vectors are encoded. The nearer it is to them, the less their sketches
/// and codes have to tell.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Centre<'a> {
    /// The mean of the vectors. The builder holds all of them, four bytes a coordinate, until it
    /// has seen the last one.
    Mean,
    /// This point, for example the mean of vectors of the same model. Vectors are encoded as they
    /// come.
    Given(&'a [f32]),
}

/// A vector cannot be added to a segment.
#[derive(Clone, Copy, PartialEq, Debug, thiserror::Error)]
pub enum BuildError {
    /// It cannot be stored at all.
    #[error("the vector of ordinal {ordinal} cannot be stored")]
    Vector {
        /// Its ordinal.
        ordinal: u32,
        /// What is wrong with it.
        source: VectorError,
    },
    /// Ordinals ascend.
    #[error("ordinal {ordinal} does not follow {last}")]
    Order {
        /// The ordinal of the last vector.
        last: u32,
        /// The ordinal of this one.
        ordinal: u32,
    },
    /// A segment holds less than 2^32 vectors.
    #[error("the segment is full")]
    Full,
}

/// Collects vectors and encodes them.
pub struct SegmentBuilder {
    dimension: Dimension,
    seed: u64,
    /// Absent until the centre is known.
    encoder: Option<Encoder>,
    /// Vectors that wait for the centre.
    waiting: Vec<f32>,
    last: Option<u32>,
    rows: u32,
    keys: Vec<u8>,
    ordinals: Vec<u8>,
    sketches: Vec<u8>,
    codes: Vec<u8>,
}

impl SegmentBuilder {
    /// Starts a segment. Segments of one collection may have different centres and seeds.
    ///
    /// # Errors
    /// [`VectorError`] if a given centre has another dimension or is not finite.
    pub fn new(dimension: Dimension, centre: Centre<'_>, seed: u64) -> Result<Self, VectorError> {
        let encoder = match centre {
            Centre::Mean => None,
            Centre::Given(centre) => {
                dimension.check_finite(centre)?;
                Some(Encoder::new(Rotation::new(dimension, seed), centre))
            }
        };
        Ok(Self {
            dimension,
            seed,
            encoder,
            waiting: Vec::new(),
            last: None,
            rows: 0,
            keys: Vec::new(),
            ordinals: Vec::new(),
            sketches: Vec::new(),
            codes: Vec::new(),
        })
    }

    /// Adds a vector of length 1 of the document `key`. Each `ordinal` is greater than the one
    /// before; filters and deletions speak of vectors by their ordinals.
    ///
    /// # Errors
    /// [`BuildError`], and then nothing was added.
    pub fn push(&mut self, key: u64, ordinal: u32, vector: &[f32]) -> Result<(), BuildError> {
        let check = self.dimension.check_unit(vector);
        check.map_err(|source| BuildError::Vector { ordinal, source })?;
        if let Some(last) = self.last.filter(|last| ordinal <= *last) {
            return Err(BuildError::Order { last, ordinal });
        }
        self.rows = self.rows.checked_add(1).ok_or(BuildError::Full)?;
        self.last = Some(ordinal);
        self.keys.extend(key.to_le_bytes());
        self.ordinals.extend(ordinal.to_le_bytes());
        match &self.encoder {
            Some(encoder) => encoder.encode(vector, &mut self.sketches, &mut self.codes),
            None => self.waiting.extend(vector),
        }
        Ok(())
    }

    /// How many vectors were added.
    pub fn len(&self) -> u32 {
        self.rows
    }

    /// Whether none was added.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Encodes what waits, and hands out the segment. One without vectors is a segment too.
    pub fn finish(mut self) -> SegmentFile {
        let waiting = std::mem::take(&mut self.waiting);
        let encoder = self.encoder.take().unwrap_or_else(|| {
            let centre = mean(&waiting, self.dimension);
            Encoder::new(Rotation::new(self.dimension, self.seed), &centre)
        });
        for vector in waiting.chunks_exact(self.dimension.get()) {
            encoder.encode(vector, &mut self.sketches, &mut self.codes);
        }
        let centre: Vec<u8> =
            encoder.centre().iter().flat_map(|value| value.to_le_bytes()).collect();
        let sections = [centre, self.keys, self.ordinals, self.sketches, self.codes];
        let shape = Shape { dimension: self.dimension, seed: self.seed, rows: self.rows };
        SegmentFile { header: shape.header(&sections), sections }
    }
}

/// The mean of vectors that lie one behind the other; zeros for none.
fn mean(vectors: &[f32], dimension: Dimension) -> Vec<f32> {
    let mut sums = vec![0.0_f64; dimension.get()];
    let mut count = 0.0_f64;
    for vector in vectors.chunks_exact(dimension.get()) {
        sums.iter_mut().zip(vector).for_each(|(sum, value)| *sum += f64::from(*value));
        count += 1.0;
    }
    sums.into_iter().map(|sum| narrow(sum / count.max(1.0))).collect()
}

/// An encoded segment, in the parts that follow each other in its bytes.
pub struct SegmentFile {
    header: Vec<u8>,
    sections: [Vec<u8>; Section::BODY.len()],
}

impl SegmentFile {
    /// How many bytes it has.
    pub fn length(&self) -> usize {
        self.parts().map(<[u8]>::len).sum()
    }

    /// Writes all bytes, in a few large pieces.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_to(&self, out: &mut impl Write) -> io::Result<()> {
        self.parts().try_for_each(|part| out.write_all(part))
    }

    /// All bytes, as [`Segment::open`](crate::Segment::open) takes them.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.length());
        self.parts().for_each(|part| bytes.extend_from_slice(part));
        bytes
    }

    fn parts(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::once(&self.header).chain(&self.sections).map(Vec::as_slice)
    }
}
