//! Streams the rows of a file into a [`PackedMatrix`].

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

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
    kind: TileKind,
    rows: usize,
    columns: usize,
    pushed: AtomicUsize,
    storage: AlignedBytes,
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
        let storage = AlignedBytes::zeroed(bytes).ok_or(PackError::OutOfMemory { bytes })?;
        let pushed = AtomicUsize::new(0);
        Ok(Packer { format, row_bytes, kind, rows, columns, pushed, storage })
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
        let next = *self.pushed.get_mut();
        let rows = self.rows;
        let Some(mut part) = self.parts(rows).next() else { return Ok(()) };
        part.next = next;
        part.push_rows(raw)
    }

    /// Divides the matrix into parts of about `rows` rows, which several threads may pack at the
    /// same time: whole tiles, so a few rows more.
    pub fn parts(&mut self, rows: usize) -> impl Iterator<Item = PackerPart<'_>> {
        let tiles = rows.clamp(1, self.rows).div_ceil(TILE_ROWS);
        let tile_bytes = self.columns / self.kind.unit_columns() * self.kind.unit_bytes();
        let (all, pushed) = (self.rows, &self.pushed);
        let (format, kind, row_bytes) = (self.format, self.kind, self.row_bytes);
        let parts = self.storage.as_mut_slice().chunks_mut(tiles * tile_bytes).enumerate();
        parts.map(move |(index, bytes)| {
            let start = index * tiles * TILE_ROWS;
            let rows = start..all.min(start + tiles * TILE_ROWS);
            PackerPart { format, kind, row_bytes, tile_bytes, rows, next: 0, bytes, pushed }
        })
    }

    /// A matrix of the same shape without its weights, to stand for the one to come. No product
    /// can be made with it.
    pub fn outline(&self) -> PackedMatrix {
        let Packer { kind, rows, columns, .. } = *self;
        PackedMatrix { kind, rows, columns, storage: Arc::default() }
    }

    /// The tiles themselves, to be filled with what [`PackedMatrix::as_bytes`] gave of a matrix of
    /// the same shape and format. Counts as all rows.
    pub fn restore(&mut self) -> &mut [u8] {
        *self.pushed.get_mut() = self.rows;
        self.storage.as_mut_slice()
    }

    /// Ends packing.
    ///
    /// # Errors
    /// [`PackError::MissingRows`] if fewer rows were pushed than the matrix has.
    pub fn finish(self) -> Result<PackedMatrix, PackError> {
        let Packer { kind, rows, columns, storage, .. } = self;
        let pushed = self.pushed.into_inner();
        if pushed != rows {
            return Err(PackError::MissingRows { rows, pushed });
        }
        Ok(PackedMatrix { kind, rows, columns, storage: Arc::new(storage) })
    }
}

/// Some rows of a matrix that is being packed; see [`Packer::parts`].
#[derive(Debug)]
pub struct PackerPart<'a> {
    format: BlockFormat,
    kind: TileKind,
    row_bytes: usize,
    tile_bytes: usize,
    rows: Range<usize>,
    /// The next row, counted from the first of the part.
    next: usize,
    bytes: &'a mut [u8],
    pushed: &'a AtomicUsize,
}

impl PackerPart<'_> {
    /// Which rows of the matrix these are.
    pub fn rows(&self) -> Range<usize> {
        self.rows.clone()
    }

    /// Packs the next rows, as [`Packer::push_rows`] does.
    ///
    /// # Errors
    /// [`PackError::PartialRow`] or [`PackError::TooManyRows`]; then nothing was packed.
    pub fn push_rows(&mut self, raw: &[u8]) -> Result<(), PackError> {
        if !raw.len().is_multiple_of(self.row_bytes) {
            return Err(PackError::PartialRow { bytes: raw.len(), row_bytes: self.row_bytes });
        }
        let count = raw.len() / self.row_bytes;
        let pushed = self.next + count;
        if pushed > self.rows.len() {
            return Err(PackError::TooManyRows { rows: self.rows.len(), pushed });
        }
        let mut numbers = Vec::new();
        for row in raw.chunks_exact(self.row_bytes) {
            self.push_row(row, &mut numbers);
        }
        // Read by `finish` alone, which nobody can call while a part lives.
        self.pushed.fetch_add(count, Ordering::Relaxed);
        Ok(())
    }

    fn push_row(&mut self, row: &[u8], numbers: &mut Vec<f32>) {
        let (tile, lane) = (self.next / TILE_ROWS, self.next % TILE_ROWS);
        let tile = &mut self.bytes[tile * self.tile_bytes..][..self.tile_bytes];
        let mut units = tile.chunks_exact_mut(self.kind.unit_bytes());
        if self.format.read_floats(row, numbers) {
            for (unit, value) in units.zip(numbers) {
                unit[4 * lane..4 * lane + 4].copy_from_slice(&value.to_ne_bytes());
            }
        } else {
            let kind = self.kind;
            for block in row.chunks_exact(self.format.block_bytes()) {
                for_each_group(self.format, block, |group| {
                    if let Some(unit) = units.next() {
                        store_group(kind, unit, lane, &group);
                    }
                });
            }
        }
        self.next += 1;
    }
}

/// Bytes of the packed matrix, or `None` when they exceed what one allocation may hold.
fn packed_bytes(kind: TileKind, rows: usize, columns: usize) -> Option<usize> {
    let tile_bytes = (columns / kind.unit_columns()).checked_mul(kind.unit_bytes())?;
    let bytes = rows.div_ceil(TILE_ROWS).checked_mul(tile_bytes)?;
    (bytes <= isize::MAX as usize - crate::aligned_bytes::LINE_BYTES).then_some(bytes)
}
