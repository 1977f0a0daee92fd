//! Streams the rows of a file into a [`PackedMatrix`].

use std::collections::TryReserveError;

use half::{bf16, f16};

use crate::aligned_bytes::AlignedBytes;
use crate::block_format::{BlockFormat, for_each_group};
use crate::packed_matrix::{PackedMatrix, TILE_ROWS, TileKind, store_group};

/// Why a matrix could not be packed.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The matrix has no rows or no columns.
    #[error("a matrix of {rows} x {columns} is empty")]
    Empty {
        /// Rows asked for.
        rows: usize,
        /// Columns asked for.
        columns: usize,
    },
    /// A row is not a whole number of blocks.
    #[error("{columns} columns are not a whole number of blocks of {block_len} ({format:?})")]
    PartialBlock {
        /// Columns asked for.
        columns: usize,
        /// Columns of one block.
        block_len: usize,
        /// Format asked for.
        format: BlockFormat,
    },
    /// The packed size does not fit the address space.
    #[error("a matrix of {rows} x {columns} is larger than the address space")]
    TooLarge {
        /// Rows asked for.
        rows: usize,
        /// Columns asked for.
        columns: usize,
    },
    /// The memory could not be reserved.
    #[error("could not reserve {bytes} bytes for a packed matrix")]
    OutOfMemory {
        /// Bytes that the packed matrix needs.
        bytes: usize,
        /// What the allocator said.
        source: TryReserveError,
    },
    /// The pushed bytes are not a whole number of rows.
    #[error("{bytes} bytes are not a whole number of rows of {row_bytes} bytes")]
    PartialRow {
        /// Bytes pushed.
        bytes: usize,
        /// Bytes of one row.
        row_bytes: usize,
    },
    /// More rows were pushed than the matrix has.
    #[error("{pushed} rows pushed for a matrix of {rows}")]
    TooManyRows {
        /// Rows of the matrix.
        rows: usize,
        /// Rows pushed, the refused ones included.
        pushed: usize,
    },
    /// Packing was finished before all rows were pushed.
    #[error("only {pushed} of {rows} rows were pushed")]
    MissingRows {
        /// Rows of the matrix.
        rows: usize,
        /// Rows pushed.
        pushed: usize,
    },
}

/// Packs the rows of one matrix as they arrive; see [`PackedMatrix::packer`].
#[derive(Debug)]
pub struct Packer {
    format: BlockFormat,
    row_bytes: usize,
    pushed: usize,
    matrix: PackedMatrix,
}

impl Packer {
    pub(crate) fn new(rows: usize, columns: usize, format: BlockFormat) -> Result<Self, PackError> {
        if rows == 0 || columns == 0 {
            return Err(PackError::Empty { rows, columns });
        }
        let block_len = format.block_len();
        if !columns.is_multiple_of(block_len) {
            return Err(PackError::PartialBlock { columns, block_len, format });
        }
        let kind = TileKind::of(format);
        let sizes = format.row_bytes(columns).zip(packed_bytes(kind, rows, columns));
        let Some((row_bytes, bytes)) = sizes else {
            return Err(PackError::TooLarge { rows, columns });
        };
        let storage = AlignedBytes::reserve(bytes)
            .map_err(|source| PackError::OutOfMemory { bytes, source })?;
        let matrix = PackedMatrix { kind, rows, columns, storage };
        Ok(Packer { format, row_bytes, pushed: 0, matrix })
    }

    /// Bytes of one row as it arrives.
    pub fn row_bytes(&self) -> usize {
        self.row_bytes
    }

    /// Packs the next rows. `raw` is any whole number of rows in the format of the packer.
    ///
    /// # Errors
    /// [`PackError::PartialRow`] or [`PackError::TooManyRows`]; then nothing was packed.
    pub fn push_rows(&mut self, raw: &[u8]) -> Result<(), PackError> {
        if !raw.len().is_multiple_of(self.row_bytes) {
            return Err(PackError::PartialRow { bytes: raw.len(), row_bytes: self.row_bytes });
        }
        let pushed = self.pushed + raw.len() / self.row_bytes;
        if pushed > self.matrix.rows {
            return Err(PackError::TooManyRows { rows: self.matrix.rows, pushed });
        }
        for row in raw.chunks_exact(self.row_bytes) {
            self.push_row(row);
        }
        Ok(())
    }

    /// Ends packing.
    ///
    /// # Errors
    /// [`PackError::MissingRows`] if fewer rows were pushed than the matrix has.
    pub fn finish(self) -> Result<PackedMatrix, PackError> {
        if self.pushed == self.matrix.rows {
            Ok(self.matrix)
        } else {
            Err(PackError::MissingRows { rows: self.matrix.rows, pushed: self.pushed })
        }
    }

    fn push_row(&mut self, row: &[u8]) {
        let (tile, lane) = (self.pushed / TILE_ROWS, self.pushed % TILE_ROWS);
        let kind = self.matrix.kind;
        let bytes = self.matrix.tile_bytes();
        self.matrix.storage.grow_to((tile + 1) * bytes);
        let tile = &mut self.matrix.storage.as_mut_slice()[tile * bytes..][..bytes];
        let mut units = tile.chunks_exact_mut(kind.unit_bytes());
        for block in row.chunks_exact(self.format.block_bytes()) {
            if let Some(value) = float(self.format, block) {
                if let Some(unit) = units.next() {
                    unit[4 * lane..4 * lane + 4].copy_from_slice(&value.to_ne_bytes());
                }
            } else {
                for_each_group(self.format, block, |group| {
                    if let Some(unit) = units.next() {
                        store_group(kind, unit, lane, &group);
                    }
                });
            }
        }
        self.pushed += 1;
    }
}

/// Value of a block of one of the floating-point formats.
fn float(format: BlockFormat, block: &[u8]) -> Option<f32> {
    match format {
        BlockFormat::F32 => Some(f32::from_le_bytes([block[0], block[1], block[2], block[3]])),
        BlockFormat::F16 => Some(f16::from_le_bytes([block[0], block[1]]).to_f32()),
        BlockFormat::Bf16 => Some(bf16::from_le_bytes([block[0], block[1]]).to_f32()),
        BlockFormat::Q4_0
        | BlockFormat::Q4_1
        | BlockFormat::Q5_0
        | BlockFormat::Q5_1
        | BlockFormat::Q8_0
        | BlockFormat::Q2K
        | BlockFormat::Q3K
        | BlockFormat::Q4K
        | BlockFormat::Q5K
        | BlockFormat::Q6K => None,
    }
}

/// Bytes of the packed matrix, or `None` when they exceed what one allocation may hold.
fn packed_bytes(kind: TileKind, rows: usize, columns: usize) -> Option<usize> {
    let tile_bytes = (columns / kind.unit_columns()).checked_mul(kind.unit_bytes())?;
    let bytes = rows.div_ceil(TILE_ROWS).checked_mul(tile_bytes)?;
    (bytes <= isize::MAX as usize - crate::aligned_bytes::LINE_BYTES).then_some(bytes)
}
