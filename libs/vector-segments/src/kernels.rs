//! The two inner loops of a search: distances of sketches and products of codes.
//!
//! Both are sums of integers, so the order of the additions does not matter, and all
//! implementations agree to the last bit.
#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "calls of functions for instructions that were detected")
)]

#[cfg(target_arch = "x86_64")]
mod avx2;
mod scalar;
#[cfg(test)]
mod tests;

use crate::instructions::{InstructionSet, Instructions};

/// Bits of a coordinate of a query, when it is compared with sketches.
pub(crate) const PLANES: usize = 4;

/// The largest code of a coordinate of a query, when it is multiplied with codes.
///
/// The sum of [`DIMENSION_MAX`](crate::DIMENSION_MAX) products with codes of any bytes, each at
/// least -128, still fits an `i32`.
pub(crate) const QUERY_CODE_MAX: i16 = 4095;

/// Coordinates in a word of a sketch.
const WORD_BITS: usize = 64;

/// Words that a vector register holds.
const BLOCK_WORDS: usize = 4;

/// Bytes of rows that all have the same length.
#[derive(Clone, Copy)]
pub(crate) struct Table<'a> {
    bytes: &'a [u8],
    row_bytes: usize,
    /// Bytes at the start of a row that the kernels leave out.
    prefix: usize,
}

impl<'a> Table<'a> {
    pub(crate) fn new(bytes: &'a [u8], row_bytes: usize, prefix: usize) -> Self {
        Self { bytes, row_bytes, prefix }
    }

    /// All bytes of a row; nothing for a row that is not there.
    #[inline]
    fn row(&self, row: u32) -> &'a [u8] {
        let place = usize::try_from(row).ok().and_then(|row| {
            let start = row.checked_mul(self.row_bytes)?;
            Some(start..start.checked_add(self.row_bytes)?)
        });
        place.and_then(|place| self.bytes.get(place)).unwrap_or_default()
    }

    /// The bytes of a row that kernels read.
    #[inline]
    fn payload(&self, row: u32) -> &'a [u8] {
        self.row(row).get(self.prefix..).unwrap_or_default()
    }

    /// The number at `place` among those that start a row.
    #[inline]
    pub(crate) fn float(&self, row: u32, place: usize) -> f32 {
        let (floats, _) = self.row(row).as_chunks::<4>();
        floats.get(place).map_or(0.0, |bytes| f32::from_le_bytes(*bytes))
    }
}

/// The coordinates of a query in four bits each, sliced by bit.
pub(crate) struct Planes {
    /// For every 64 coordinates the word of each of their bits, lowest bit first.
    words: Vec<[u64; PLANES]>,
    /// The words of whole blocks again, those of one bit side by side.
    #[cfg_attr(
        not(target_arch = "x86_64"),
        expect(dead_code, reason = "only vector registers need blocks")
    )]
    blocks: Vec<[[u64; BLOCK_WORDS]; PLANES]>,
}

impl Planes {
    /// Slices codes from 0 to 15, a multiple of 64 of them.
    pub(crate) fn new(codes: &[u8]) -> Self {
        let word = |codes: &[u8; WORD_BITS]| -> [u64; PLANES] {
            std::array::from_fn(|plane| {
                let bits = codes.iter().enumerate();
                bits.fold(0_u64, |word, (bit, code)| word | (u64::from((code >> plane) & 1) << bit))
            })
        };
        let words: Vec<[u64; PLANES]> = codes.as_chunks::<WORD_BITS>().0.iter().map(word).collect();
        let block = |words: &[[u64; PLANES]; BLOCK_WORDS]| -> [[u64; BLOCK_WORDS]; PLANES] {
            std::array::from_fn(|plane| words.map(|word| word[plane]))
        };
        let blocks = words.as_chunks::<BLOCK_WORDS>().0.iter().map(block).collect();
        Self { words, blocks }
    }

    /// The words behind the last whole block.
    #[cfg(target_arch = "x86_64")]
    fn rest(&self) -> &[[u64; PLANES]] {
        self.words.as_chunks::<BLOCK_WORDS>().1
    }
}

/// How far each of `rows` is from a query: for each bit of the query the coordinates at which it
/// differs from the sketch, times 1, 2, 4 or 8 from the lowest bit to the highest.
pub(crate) fn distances(
    instructions: Instructions,
    sketches: Table<'_>,
    rows: &[u32],
    planes: &Planes,
    out: &mut [u16],
) {
    match instructions.set() {
        InstructionSet::Scalar => scalar::distances(sketches, rows, planes, out),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `Instructions` of this set prove that the processor has them.
        InstructionSet::Avx2 => unsafe { avx2::distances(sketches, rows, planes, out) },
        #[cfg(not(target_arch = "x86_64"))]
        InstructionSet::Avx2 => scalar::distances(sketches, rows, planes, out),
    }
}

/// The inner product of the codes of each of `rows` with those of a query, each of which is at
/// most [`QUERY_CODE_MAX`] in size; their number is a multiple of 64.
pub(crate) fn products(
    instructions: Instructions,
    codes: Table<'_>,
    rows: &[u32],
    query: &[i16],
    out: &mut [i32],
) {
    match instructions.set() {
        InstructionSet::Scalar => scalar::products(codes, rows, query, out),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as in `distances`.
        InstructionSet::Avx2 => unsafe { avx2::products(codes, rows, query, out) },
        #[cfg(not(target_arch = "x86_64"))]
        InstructionSet::Avx2 => scalar::products(codes, rows, query, out),
    }
}

/// The largest distance is 15 times 4,096.
#[inline]
fn short(distance: u32) -> u16 {
    u16::try_from(distance).unwrap_or(u16::MAX)
}
