//! How a segment is laid out in bytes.
//!
//! All numbers are little endian. Nothing is aligned, and nothing lies between the sections; where
//! each begins follows from the dimension and the number of rows.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `GLRN-VEC` |
//! | 4 | version: [`FORMAT_VERSION`] |
//! | 4 | dimension `d`; `p` is `d` rounded up to a multiple of 64 |
//! | 8 | seed of the rotation |
//! | 4 | rows |
//! | 5 * 32 | BLAKE3 of each section |
//! | 32 | BLAKE3 of all bytes before |
//! | 4 * `p` | centre: `f32`, rotated |
//! | 8 a row | keys of documents: `u64` |
//! | 4 a row | ordinals: `u32`, each greater than the one before |
//! | 8 + `p`/8 a row | sketches: scale `f32`, offset `f32`, one bit a coordinate, lowest first |
//! | 4 + `p` a row | codes: scale `f32`, one `i8` a coordinate |

use std::ops::Range;

use crate::encoding::{CODES_PREFIX, SKETCH_PREFIX};
use crate::vector::Dimension;

/// The version of the layout that is written, and the only one that is read.
pub const FORMAT_VERSION: u32 = 1;

const MAGIC: [u8; 8] = *b"GLRN-VEC";
const DIGEST_BYTES: usize = blake3::OUT_LEN;
const SECTIONS: usize = Section::BODY.len();
/// Bytes before the digest of the header.
const SIGNED_BYTES: usize = MAGIC.len() + 4 + 4 + 8 + 4 + SECTIONS * DIGEST_BYTES;
const HEADER_BYTES: usize = SIGNED_BYTES + DIGEST_BYTES;

/// A part of a segment that has a checksum of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Section {
    /// What all others are read by.
    Header,
    /// The point around which vectors are encoded.
    Centre,
    /// Keys of documents.
    Keys,
    /// Ordinals of vectors.
    Ordinals,
    /// One bit a coordinate.
    Sketches,
    /// Eight bits a coordinate.
    Codes,
}

impl Section {
    /// All sections behind the header, in their order.
    pub(crate) const BODY: [Section; 5] =
        [Section::Centre, Section::Keys, Section::Ordinals, Section::Sketches, Section::Codes];

    /// A short stable name, for messages.
    pub fn name(self) -> &'static str {
        match self {
            Section::Header => "header",
            Section::Centre => "centre",
            Section::Keys => "keys",
            Section::Ordinals => "ordinals",
            Section::Sketches => "sketches",
            Section::Codes => "codes",
        }
    }

    /// Bytes of one of its rows.
    pub(crate) fn row_bytes(self, dimension: Dimension) -> usize {
        match self {
            Section::Header => HEADER_BYTES,
            Section::Centre => 4 * dimension.padded(),
            Section::Keys => 8,
            Section::Ordinals => 4,
            Section::Sketches => SKETCH_PREFIX + dimension.padded() / 8,
            Section::Codes => CODES_PREFIX + dimension.padded(),
        }
    }

    /// How many rows it has in a segment of `rows` vectors.
    fn rows(self, rows: u32) -> u32 {
        match self {
            Section::Header | Section::Centre => 1,
            Section::Keys | Section::Ordinals | Section::Sketches | Section::Codes => rows,
        }
    }
}

/// Bytes are no segment, or no longer the segment that was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SegmentError {
    /// They do not begin as a segment does.
    #[error("the bytes are no segment of vectors")]
    NotASegment,
    /// They were written in another layout.
    #[error("the segment has version {found}; only {FORMAT_VERSION} can be read")]
    Version {
        /// The version of its layout.
        found: u32,
    },
    /// No segment has vectors of this many coordinates.
    #[error("the segment has vectors of {found} coordinates")]
    Dimension {
        /// What the header says.
        found: u32,
    },
    /// They are cut, or something follows them.
    #[error("the segment has {found} bytes instead of {expected}")]
    Length {
        /// What follows from the header; for less than a header, the length of one.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// A part of them is not what was written.
    #[error("the {} of the segment are damaged", .section.name())]
    Damaged {
        /// Which part.
        section: Section,
    },
    /// The centre has a coordinate that is infinite or no number.
    #[error("the centre of the segment is not finite")]
    Centre,
    /// An ordinal is not greater than the one before.
    #[error("the ordinal of row {row} is not greater than the one before")]
    Order {
        /// Which row, counted from 0.
        row: u32,
    },
}

/// Where everything lies in the bytes of a segment, and what it must hash to.
pub(crate) struct Outline {
    pub(crate) dimension: Dimension,
    pub(crate) seed: u64,
    pub(crate) rows: u32,
    /// BLAKE3 of the header; as that holds the digests of the sections, of the whole segment.
    pub(crate) digest: [u8; DIGEST_BYTES],
    ranges: [Range<usize>; SECTIONS],
    digests: [[u8; DIGEST_BYTES]; SECTIONS],
}

/// What a header says beside checksums.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) dimension: Dimension,
    pub(crate) seed: u64,
    pub(crate) rows: u32,
}

impl Shape {
    /// The header of a segment with these sections, in the order of [`Section::BODY`].
    pub(crate) fn header(self, sections: &[Vec<u8>; SECTIONS]) -> Vec<u8> {
        let mut header: Vec<u8> = Vec::with_capacity(HEADER_BYTES);
        header.extend(MAGIC);
        header.extend(FORMAT_VERSION.to_le_bytes());
        header.extend(self.dimension.as_u32().to_le_bytes());
        header.extend(self.seed.to_le_bytes());
        header.extend(self.rows.to_le_bytes());
        for section in sections {
            header.extend(blake3::hash(section).as_bytes());
        }
        let digest = blake3::hash(&header);
        header.extend(digest.as_bytes());
        header
    }

    /// Where the sections lie, if `length` is what a segment of this shape has.
    fn ranges(self, length: usize) -> Result<[Range<usize>; SECTIONS], SegmentError> {
        let mut ends = [0_u64; SECTIONS];
        let mut end = wide(HEADER_BYTES);
        for (section, section_end) in Section::BODY.into_iter().zip(&mut ends) {
            // A row has less than 2^14 bytes and there are less than 2^32 rows.
            end += wide(section.row_bytes(self.dimension)) * u64::from(section.rows(self.rows));
            *section_end = end;
        }
        let error = SegmentError::Length { expected: end, found: wide(length) };
        if end != wide(length) {
            return Err(error);
        }
        let mut start = HEADER_BYTES;
        let mut ranges: [Range<usize>; SECTIONS] = std::array::from_fn(|_| 0..0);
        for (range, end) in ranges.iter_mut().zip(ends) {
            let end = usize::try_from(end).map_err(|_| error)?;
            *range = start..end;
            start = end;
        }
        Ok(ranges)
    }
}

impl Outline {
    /// Reads a header and checks it against its own checksum and the number of bytes.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, SegmentError> {
        let mut reader = Reader { rest: bytes, length: bytes.len() };
        let magic: [u8; MAGIC.len()] = reader.take()?;
        if magic != MAGIC {
            return Err(SegmentError::NotASegment);
        }
        let version = u32::from_le_bytes(reader.take()?);
        if version != FORMAT_VERSION {
            return Err(SegmentError::Version { found: version });
        }
        let coordinates = u32::from_le_bytes(reader.take()?);
        let seed = u64::from_le_bytes(reader.take()?);
        let rows = u32::from_le_bytes(reader.take()?);
        let mut digests = [[0; DIGEST_BYTES]; SECTIONS];
        for digest in &mut digests {
            *digest = reader.take()?;
        }
        let digest: [u8; DIGEST_BYTES] = reader.take()?;
        let signed = bytes.get(..SIGNED_BYTES).unwrap_or_default();
        if *blake3::hash(signed).as_bytes() != digest {
            return Err(SegmentError::Damaged { section: Section::Header });
        }
        let dimension =
            usize::try_from(coordinates).ok().and_then(|count| Dimension::new(count).ok());
        let dimension = dimension.ok_or(SegmentError::Dimension { found: coordinates })?;
        let ranges = Shape { dimension, seed, rows }.ranges(bytes.len())?;
        Ok(Self { dimension, seed, rows, digest, ranges, digests })
    }

    /// The bytes of a section.
    pub(crate) fn section<'a>(&self, bytes: &'a [u8], section: Section) -> &'a [u8] {
        let place = Section::BODY.iter().position(|other| *other == section);
        let range = match place {
            Some(place) => self.ranges[place].clone(),
            None => 0..HEADER_BYTES,
        };
        bytes.get(range).unwrap_or_default()
    }

    /// Whether a section is what was written. The header was checked when it was read.
    pub(crate) fn verify(&self, bytes: &[u8], section: Section) -> Result<(), SegmentError> {
        let place = Section::BODY.iter().position(|other| *other == section);
        let Some(place) = place else {
            return Ok(());
        };
        let digest = blake3::hash(self.section(bytes, section));
        if *digest.as_bytes() != self.digests[place] {
            return Err(SegmentError::Damaged { section });
        }
        Ok(())
    }
}

/// Takes numbers from the front of a header.
struct Reader<'a> {
    rest: &'a [u8],
    length: usize,
}

impl Reader<'_> {
    fn take<const COUNT: usize>(&mut self) -> Result<[u8; COUNT], SegmentError> {
        let short = SegmentError::Length { expected: wide(HEADER_BYTES), found: wide(self.length) };
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(short)?;
        self.rest = rest;
        Ok(*bytes)
    }
}

/// Lengths are at most 64 bits wide.
fn wide(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
