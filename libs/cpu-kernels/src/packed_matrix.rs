//! A weight matrix in the layout that the kernels stream.

use std::sync::Arc;

use half::f16;

use crate::activations::ActivationKind;
use crate::aligned_bytes::AlignedBytes;
use crate::block_format::{BYTE_OFFSET, BlockFormat, GROUP_COLUMNS, Group};
use crate::packer::{PackError, Packer};

/// Number of the layout of tiles: another one whenever the same rows become other bytes, so that
/// tiles that were kept somewhere are not taken for those of today.
pub const TILE_LAYOUT: u32 = 1;

/// Rows of one tile: the lanes of a 512-bit vector of 32-bit numbers.
pub(crate) const TILE_ROWS: usize = 16;

/// What a tile is made of. A tile of 16 rows is a run of units, one for each 32 columns (one
/// for each column in [`TileKind::Floats`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TileKind {
    /// 256 bytes of four-bit codes, 16 scales, 16 minima.
    ///
    /// Byte `64 j + 4 r + b` holds column `8 j + b` of row `r` in its low nibble and column
    /// `8 j + 4 + b` in its high one: one 64-byte load carries four columns for every row, twice.
    Nibbles,
    /// 512 bytes of eight-bit codes plus 128, 16 scales; byte `64 q + 4 r + b` is column
    /// `4 q + b` of row `r`.
    Bytes,
    /// As `Bytes`, followed by 16 minima.
    BytesMinima,
    /// 16 single-precision numbers, one a row.
    Floats,
}

impl TileKind {
    pub(crate) fn of(format: BlockFormat) -> TileKind {
        match format {
            BlockFormat::F32 | BlockFormat::F16 | BlockFormat::Bf16 => TileKind::Floats,
            BlockFormat::Q4_0 | BlockFormat::Q4_1 | BlockFormat::Q4K => TileKind::Nibbles,
            BlockFormat::Q5_0 | BlockFormat::Q8_0 | BlockFormat::Q3K | BlockFormat::Q6K => {
                TileKind::Bytes
            }
            BlockFormat::Q5_1 | BlockFormat::Q2K | BlockFormat::Q5K => TileKind::BytesMinima,
        }
    }

    pub(crate) const fn unit_columns(self) -> usize {
        match self {
            TileKind::Nibbles | TileKind::Bytes | TileKind::BytesMinima => GROUP_COLUMNS,
            TileKind::Floats => 1,
        }
    }

    pub(crate) const fn unit_bytes(self) -> usize {
        match self {
            TileKind::Nibbles => 320,
            TileKind::Bytes => 544,
            TileKind::BytesMinima => 576,
            TileKind::Floats => 64,
        }
    }

    /// Bytes of the codes, which come first in a unit; the scales follow, then the minima.
    pub(crate) const fn code_bytes(self) -> usize {
        match self {
            TileKind::Nibbles => 256,
            TileKind::Bytes | TileKind::BytesMinima => 512,
            TileKind::Floats => 64,
        }
    }

    pub(crate) const fn has_minima(self) -> bool {
        match self {
            TileKind::Nibbles | TileKind::BytesMinima => true,
            TileKind::Bytes | TileKind::Floats => false,
        }
    }
}

/// A matrix of `rows x columns` weights, repacked into tiles of 16 rows.
///
/// Made by [`PackedMatrix::packer`]. Rows beyond the last whole tile are padded with zeroes,
/// which are never written to an output. A clone shares the weights.
#[derive(Clone)]
pub struct PackedMatrix {
    pub(crate) kind: TileKind,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) storage: Arc<AlignedBytes>,
}

impl PackedMatrix {
    /// Starts packing a matrix whose rows arrive in `format`, in order.
    ///
    /// Address space for the whole result is reserved here and touched as rows arrive, so
    /// `rows` should be checked against the size of the source first. What is packed is the same
    /// for every [`Path`](crate::Path).
    ///
    /// # Errors
    /// [`PackError::Empty`], [`PackError::PartialBlock`], [`PackError::TooLarge`] or
    /// [`PackError::OutOfMemory`].
    pub fn packer(rows: usize, columns: usize, format: BlockFormat) -> Result<Packer, PackError> {
        Packer::new(rows, columns, format)
    }

    /// Rows of the matrix, which are the outputs of a product.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns of the matrix, which are the inputs of a product.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Tiles of 16 rows, the last one possibly padded: `rows / 16`, rounded up.
    pub fn tiles(&self) -> usize {
        self.rows.div_ceil(TILE_ROWS)
    }

    /// Bytes of memory that the weights occupy, which a product reads once.
    pub fn bytes(&self) -> usize {
        self.storage.as_slice().len()
    }

    /// All tiles as they lie in memory, to be kept and given to [`Packer::restore`] by a program
    /// with the same [`TILE_LAYOUT`] on a machine with the same order of bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.storage.as_slice()
    }

    /// The kind of [`Activations`](crate::Activations) that [`multiply`](crate::multiply) needs
    /// with this matrix.
    pub fn activation_kind(&self) -> ActivationKind {
        match self.kind {
            TileKind::Nibbles | TileKind::Bytes | TileKind::BytesMinima => ActivationKind::Int8,
            TileKind::Floats => ActivationKind::F32,
        }
    }

    /// Writes row `row` as single-precision numbers to `out`.
    ///
    /// # Panics
    /// If `row` is not below [`rows`](Self::rows) or `out` is not [`columns`](Self::columns)
    /// long.
    pub fn dequantize_row(&self, row: usize, out: &mut [f32]) {
        assert!(row < self.rows, "row {row} of a matrix of {} rows", self.rows);
        assert_eq!(out.len(), self.columns, "length of the output row");
        let lane = row % TILE_ROWS;
        let units = self.tile(row / TILE_ROWS).chunks_exact(self.kind.unit_bytes());
        for (unit, out) in units.zip(out.chunks_exact_mut(self.kind.unit_columns())) {
            for (column, value) in out.iter_mut().enumerate() {
                *value = unit_value(self.kind, unit, lane, column);
            }
        }
    }

    /// Bytes of one tile.
    pub(crate) fn tile_bytes(&self) -> usize {
        self.columns / self.kind.unit_columns() * self.kind.unit_bytes()
    }

    /// The units of tile `tile`.
    pub(crate) fn tile(&self, tile: usize) -> &[u8] {
        let bytes = self.tile_bytes();
        &self.storage.as_slice()[tile * bytes..][..bytes]
    }
}

impl std::fmt::Debug for PackedMatrix {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("PackedMatrix")
            .field("kind", &self.kind)
            .field("rows", &self.rows)
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}

/// Stores one group of one row in its unit, which holds zeroes there.
pub(crate) fn store_group(kind: TileKind, unit: &mut [u8], lane: usize, group: &Group) {
    let mut store = |quad: usize, four: &[u8]| {
        unit[64 * quad + 4 * lane..][..4].copy_from_slice(four);
    };
    match kind {
        TileKind::Nibbles => {
            for (pair, eight) in group.codes.as_chunks::<8>().0.iter().enumerate() {
                let four: [u8; 4] = std::array::from_fn(|at| eight[at] | (eight[at + 4] << 4));
                store(pair, &four);
            }
        }
        TileKind::Bytes | TileKind::BytesMinima | TileKind::Floats => {
            for (quad, four) in group.codes.as_chunks::<4>().0.iter().enumerate() {
                store(quad, four);
            }
        }
    }
    let scale = kind.code_bytes() + 2 * lane;
    unit[scale..scale + 2].copy_from_slice(&group.scale.to_le_bytes());
    if kind.has_minima() {
        let minimum = scale + 2 * TILE_ROWS;
        unit[minimum..minimum + 2].copy_from_slice(&group.minimum.to_le_bytes());
    }
}

/// Code of one column of one row, offset included.
pub(crate) fn unit_code(kind: TileKind, unit: &[u8], lane: usize, column: usize) -> u8 {
    let (index, shift) = code_position(kind, lane, column);
    match kind {
        TileKind::Nibbles => (unit[index] >> shift) & 15,
        TileKind::Bytes | TileKind::BytesMinima | TileKind::Floats => unit[index],
    }
}

/// Scale and minimum of one row of a unit.
pub(crate) fn unit_scale(kind: TileKind, unit: &[u8], lane: usize) -> (f32, f32) {
    let half_at = |index: usize| f16::from_le_bytes([unit[index], unit[index + 1]]).to_f32();
    let scale = kind.code_bytes() + 2 * lane;
    (half_at(scale), if kind.has_minima() { half_at(scale + 2 * TILE_ROWS) } else { 0.0 })
}

/// The number at `lane` of a unit of [`TileKind::Floats`].
pub(crate) fn unit_float(unit: &[u8], lane: usize) -> f32 {
    let bytes = &unit[4 * lane..4 * lane + 4];
    f32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

fn unit_value(kind: TileKind, unit: &[u8], lane: usize, column: usize) -> f32 {
    match kind {
        TileKind::Floats => unit_float(unit, lane),
        TileKind::Nibbles => {
            let (scale, minimum) = unit_scale(kind, unit, lane);
            f32::from(unit_code(kind, unit, lane, column)) * scale + minimum
        }
        TileKind::Bytes | TileKind::BytesMinima => {
            let (scale, minimum) = unit_scale(kind, unit, lane);
            let code = unit_code(kind, unit, lane, column);
            (f32::from(code) - f32::from(BYTE_OFFSET)) * scale + minimum
        }
    }
}

/// Index of the byte that holds a code, and how far left the code is shifted in it.
fn code_position(kind: TileKind, lane: usize, column: usize) -> (usize, usize) {
    let (quad, byte) = (column / 4, column % 4);
    match kind {
        TileKind::Nibbles => (64 * (quad / 2) + 4 * lane + byte, 4 * (quad % 2)),
        TileKind::Bytes | TileKind::BytesMinima | TileKind::Floats => {
            (64 * quad + 4 * lane + byte, 0)
        }
    }
}
