//! Rows of several segments as those of one, as they are.
//!
//! A row tells its vector around the centre and in the rotation of its segment, and of nothing
//! else. So rows of segments with the same ones are copied: at the speed of memory, without a loss,
//! and without the vectors, which nobody has any more. To decode and encode them anew would blur
//! them a little each time.
//!
//! The layout is that which `vector-segments` documents for its version 1, the one thing that this
//! crate knows of the inside of another; what is written is opened and verified by that library
//! before anybody relies on it.

use vector_segments::{Dimension, FORMAT_VERSION, SegmentError};

use super::VectorSegment;

const _: () = assert!(FORMAT_VERSION == 1, "read the layout anew before rows are copied");

const MAGIC: &[u8; 8] = b"GLRN-VEC";
const SECTIONS: usize = 5;
const DIGEST: usize = 32;
const SEED_AT: usize = 16;
const SEED: usize = 8;
const HEADER: usize = 28 + SECTIONS * DIGEST + DIGEST;

/// Segments cannot be put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RowsError {
    #[error("the segments have other dimensions, rotations or centres")]
    Unlike,
    #[error("the segment is shorter than its rows")]
    Short,
    #[error("what was put together is no segment")]
    Damaged(#[source] SegmentError),
}

/// A segment, and what becomes of its rows.
pub(crate) struct Copied<'s> {
    pub(crate) segment: &'s VectorSegment,
    pub(crate) bytes: &'s [u8],
    /// The new ordinal of one that stays. Of those that stay, it ascends, also from one segment to
    /// the next.
    pub(crate) ordinal: &'s dyn Fn(u32) -> Option<u32>,
}

/// The bytes of one segment with all rows that stay; `None` where there is no segment.
pub(crate) fn copy_rows(copied: &[Copied<'_>]) -> Result<Option<Vec<u8>>, RowsError> {
    let Some(first) = copied.first() else {
        return Ok(None);
    };
    let frame = Frame::of(first)?;
    let mut sections: [Vec<u8>; SECTIONS] = std::array::from_fn(|_| Vec::new());
    sections[0].extend_from_slice(frame.centre);
    let mut rows = 0_u32;
    for one in copied {
        if Frame::of(one)? != frame {
            return Err(RowsError::Unlike);
        }
        rows += append(one, &mut sections)?;
    }
    let bytes = assemble(&frame, rows, &sections);
    let written = vector_segments::Segment::open(bytes.as_slice()).map_err(RowsError::Damaged)?;
    written.verify().map_err(RowsError::Damaged)?;
    Ok(Some(bytes))
}

/// What segments have in common whose rows mean the same.
#[derive(PartialEq)]
struct Frame<'s> {
    dimension: Dimension,
    seed: &'s [u8],
    centre: &'s [u8],
}

impl<'s> Frame<'s> {
    fn of(copied: &Copied<'s>) -> Result<Self, RowsError> {
        let dimension = copied.segment.dimension();
        let seed = copied.bytes.get(SEED_AT..SEED_AT + SEED).ok_or(RowsError::Short)?;
        let centre = HEADER..HEADER + row_bytes(dimension)[0];
        let centre = copied.bytes.get(centre).ok_or(RowsError::Short)?;
        Ok(Self { dimension, seed, centre })
    }
}

/// Bytes of the centre, and of a row of each section behind it: keys, ordinals, sketches, codes.
fn row_bytes(dimension: Dimension) -> [usize; SECTIONS] {
    let padded = dimension.get().next_multiple_of(64);
    [4 * padded, 8, 4, 8 + padded / 8, 4 + padded]
}

/// Appends all rows that stay; how many.
fn append(copied: &Copied<'_>, sections: &mut [Vec<u8>; SECTIONS]) -> Result<u32, RowsError> {
    let lengths = row_bytes(copied.segment.dimension());
    let total = usize::try_from(copied.segment.len()).map_err(|_| RowsError::Short)?;
    let mut kept = 0;
    for (row, old) in copied.segment.rows().enumerate() {
        let Some(ordinal) = (copied.ordinal)(old.ordinal) else { continue };
        sections[1].extend_from_slice(&old.key.to_le_bytes());
        sections[2].extend_from_slice(&ordinal.to_le_bytes());
        for section in [3, 4] {
            let before: usize = lengths[1..section].iter().map(|length| length * total).sum();
            let start = HEADER + lengths[0] + before + row * lengths[section];
            let bytes = copied.bytes.get(start..start + lengths[section]);
            sections[section].extend_from_slice(bytes.ok_or(RowsError::Short)?);
        }
        kept += 1;
    }
    Ok(kept)
}

fn assemble(frame: &Frame<'_>, rows: u32, sections: &[Vec<u8>; SECTIONS]) -> Vec<u8> {
    let dimension = u32::try_from(frame.dimension.get()).unwrap_or(u32::MAX);
    let length: usize = sections.iter().map(Vec::len).sum();
    let mut bytes = Vec::with_capacity(HEADER + length);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
    bytes.extend_from_slice(&dimension.to_le_bytes());
    bytes.extend_from_slice(frame.seed);
    bytes.extend_from_slice(&rows.to_le_bytes());
    for section in sections {
        bytes.extend_from_slice(blake3::hash(section).as_bytes());
    }
    let digest = blake3::hash(&bytes);
    bytes.extend_from_slice(digest.as_bytes());
    for section in sections {
        bytes.extend_from_slice(section);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use tantivy::directory::OwnedBytes;
    use vector_segments::{Permitted, Query, Segment};

    use super::*;
    use crate::vectors::VectorWriter;

    /// A vector of 70 coordinates that is the `at`th of many different ones.
    fn vector(at: u32) -> Vec<f32> {
        let value =
            |place: u32| f32::from(u8::try_from((at * 31 + place * 17) % 97).unwrap()) - 48.0;
        let values: Vec<f32> = (0..70).map(value).collect();
        let length = values.iter().map(|value| value * value).sum::<f32>().sqrt();
        values.iter().map(|value| value / length).collect()
    }

    fn bytes_of(vectors: impl Iterator<Item = (u32, u32)>, centre: f32) -> Vec<u8> {
        let dimension = Dimension::new(70).unwrap();
        let mut writer = VectorWriter::new(dimension, &[centre; 70]).unwrap();
        for (ordinal, at) in vectors {
            writer.push(u64::from(at), ordinal, &vector(at)).unwrap();
        }
        writer.finish()
    }

    fn open(bytes: &[u8]) -> VectorSegment {
        Segment::open(OwnedBytes::new(bytes.to_vec())).unwrap()
    }

    #[test]
    fn copies_are_what_would_have_been_written() {
        let left = bytes_of((0..40).map(|at| (at, at)), 0.01);
        let right = bytes_of((0..30).map(|at| (at, at + 100)), 0.01);
        // Every third goes.
        let kept = |ordinal: u32| (!ordinal.is_multiple_of(3)).then_some(ordinal);
        let shifted = |ordinal: u32| kept(ordinal).map(|ordinal| ordinal + 40);
        let copied = copy_rows(&[
            Copied { segment: &open(&left), bytes: &left, ordinal: &kept },
            Copied { segment: &open(&right), bytes: &right, ordinal: &shifted },
        ]);
        let of_left = (0..40).filter(|at| at % 3 != 0).map(|at| (at, at));
        let of_right = (0..30).filter(|at| at % 3 != 0).map(|at| (at + 40, at + 100));
        assert_eq!(copied.unwrap().unwrap(), bytes_of(of_left.chain(of_right), 0.01));
    }

    #[test]
    fn a_segment_of_nothing_is_one_too() {
        let bytes = bytes_of((0..5).map(|at| (at, at)), 0.0);
        let copied = [Copied { segment: &open(&bytes), bytes: &bytes, ordinal: &|_| None }];
        let copied = open(&copy_rows(&copied).unwrap().unwrap());
        let query = Query::new(copied.dimension(), &vector(1)).unwrap();
        assert!(copied.search_exact(&query, Permitted::Everything, 10).unwrap().is_empty());
        assert_eq!(copy_rows(&[]), Ok(None));
    }

    #[test]
    fn segments_around_other_centres_are_not_put_together() {
        let left = bytes_of((0..5).map(|at| (at, at)), 0.01);
        let right = bytes_of((0..5).map(|at| (at, at)), 0.02);
        let copied = copy_rows(&[
            Copied { segment: &open(&left), bytes: &left, ordinal: &Some },
            Copied { segment: &open(&right), bytes: &right, ordinal: &|at| Some(at + 5) },
        ]);
        assert_eq!(copied, Err(RowsError::Unlike));
    }
}
