//! Batches of input vectors in the form that the kernels read.
#![expect(unsafe_code, reason = "threads may write disjoint rows of one batch")]

use std::cell::UnsafeCell;

use crate::block_format::{BYTE_OFFSET, GROUP_COLUMNS};
use crate::path::Path;
use crate::vector::quantize_group;

/// Rows of activations that are stored side by side.
pub(crate) const GROUP_ROWS: usize = 8;

/// How a batch of input vectors is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActivationKind {
    /// Signed bytes with one single-precision scale for each 32 columns; for quantised matrices.
    Int8,
    /// Single precision as given; for matrices packed from a floating-point format.
    F32,
}

/// 32 columns of 8 input vectors.
#[repr(C, align(32))]
pub(crate) struct ActivationBlock {
    /// Codes from -127 to 127.
    pub(crate) codes: [[i8; GROUP_COLUMNS]; GROUP_ROWS],
    /// What a code is multiplied by.
    pub(crate) scales: [f32; GROUP_ROWS],
    /// Sums of the codes, multiplied by the scale: what the minima of weights are multiplied by.
    pub(crate) sums: [f32; GROUP_ROWS],
    /// Sums of the codes times -128: takes off the offset of the codes in eight-bit tiles.
    pub(crate) offsets: [i32; GROUP_ROWS],
}

impl ActivationBlock {
    const ZERO: ActivationBlock = ActivationBlock {
        codes: [[0; GROUP_COLUMNS]; GROUP_ROWS],
        scales: [0.0; GROUP_ROWS],
        sums: [0.0; GROUP_ROWS],
        offsets: [0; GROUP_ROWS],
    };
}

/// A batch of input vectors ("rows") for [`multiply`](crate::multiply), reused from batch to
/// batch without allocation.
///
/// With [`ActivationKind::Int8`] each 32 columns of a row become signed bytes `c` and a scale
/// `s = max |x| / 127`, rounded to nearest, ties to even; the value read back is `c * s`. A
/// group that holds a NaN or an infinity becomes NaN as a whole, so that broken inputs show in
/// the outputs.
pub struct Activations {
    kind: ActivationKind,
    capacity_rows: usize,
    columns: usize,
    rows: usize,
    blocks: Box<[UnsafeCell<ActivationBlock>]>,
    floats: Box<[UnsafeCell<f32>]>,
}

// SAFETY: shared access only reads, except `quantize_row_shared`, whose contract forbids any
// other access to the same row at the same time; rows never share bytes.
unsafe impl Sync for Activations {}

impl Activations {
    /// Room for `capacity_rows` vectors of `columns` numbers, all zero; holds no rows until
    /// [`set_rows`](Self::set_rows).
    ///
    /// # Panics
    /// If `columns` is not a multiple of 32 with [`ActivationKind::Int8`], or the size exceeds
    /// the address space.
    pub fn new(kind: ActivationKind, capacity_rows: usize, columns: usize) -> Activations {
        let (blocks, floats) = match kind {
            ActivationKind::Int8 => {
                assert!(columns.is_multiple_of(GROUP_COLUMNS), "{columns} columns, not 32 n");
                (capacity_rows.div_ceil(GROUP_ROWS) * (columns / GROUP_COLUMNS), 0)
            }
            ActivationKind::F32 => (0, capacity_rows.saturating_mul(columns)),
        };
        let zero_block = || UnsafeCell::new(ActivationBlock::ZERO);
        Activations {
            kind,
            capacity_rows,
            columns,
            rows: 0,
            blocks: std::iter::repeat_with(zero_block).take(blocks).collect(),
            floats: std::iter::repeat_with(|| UnsafeCell::new(0.0)).take(floats).collect(),
        }
    }

    /// How the vectors are held.
    pub fn kind(&self) -> ActivationKind {
        self.kind
    }

    /// Length of a vector.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The most vectors that the batch can hold.
    pub fn capacity_rows(&self) -> usize {
        self.capacity_rows
    }

    /// Vectors in the batch.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Sets how many vectors the batch holds. Their contents stay what was last written.
    ///
    /// # Panics
    /// If `count` exceeds the capacity.
    pub fn set_rows(&mut self, count: usize) {
        assert!(count <= self.capacity_rows, "{count} rows in room for {}", self.capacity_rows);
        self.rows = count;
    }

    /// Stores `values` as row `index`.
    ///
    /// # Panics
    /// If `index` is not below [`rows`](Self::rows) or `values` is not
    /// [`columns`](Self::columns) long.
    pub fn quantize_row(&mut self, path: Path, index: usize, values: &[f32]) {
        // SAFETY: the exclusive borrow excludes every other access.
        unsafe { self.quantize_row_shared(path, index, values) }
    }

    /// Stores `values` as row `index` while other threads write other rows.
    ///
    /// # Safety
    /// No other thread may write row `index` or read it (through [`multiply`](crate::multiply))
    /// at the same time.
    ///
    /// # Panics
    /// If `index` is not below [`rows`](Self::rows) or `values` is not
    /// [`columns`](Self::columns) long.
    pub unsafe fn quantize_row_shared(&self, path: Path, index: usize, values: &[f32]) {
        assert!(index < self.rows, "row {index} of a batch of {}", self.rows);
        assert_eq!(values.len(), self.columns, "length of the input row");
        match self.kind {
            ActivationKind::Int8 => {
                let blocks = self.blocks_of(index / GROUP_ROWS);
                for (block, values) in blocks.iter().zip(values.as_chunks().0) {
                    let group = quantize_group(path, values);
                    let (block, row) = (block.get(), index % GROUP_ROWS);
                    // SAFETY: the caller promises that nobody else uses this row, and the
                    // places written belong to this row alone; no reference to the whole block
                    // is made.
                    unsafe {
                        (&raw mut (*block).codes[row]).write(group.codes);
                        (&raw mut (*block).scales[row]).write(group.scale);
                        #[expect(clippy::cast_precision_loss, reason = "at most 32 * 128")]
                        (&raw mut (*block).sums[row]).write(group.scale * group.sum as f32);
                        (&raw mut (*block).offsets[row]).write(-i32::from(BYTE_OFFSET) * group.sum);
                    }
                }
            }
            ActivationKind::F32 => {
                let row = &self.floats[index * self.columns..][..self.columns];
                for (cell, value) in row.iter().zip(values) {
                    // SAFETY: the caller promises that nobody else uses this row.
                    unsafe { cell.get().write(*value) };
                }
            }
        }
    }

    /// Bytes that one vector takes in the batch; at least 1.
    pub(crate) fn row_bytes(&self) -> usize {
        let bytes = match self.kind {
            ActivationKind::Int8 => {
                self.columns / GROUP_COLUMNS * size_of::<ActivationBlock>() / GROUP_ROWS
            }
            ActivationKind::F32 => self.columns * size_of::<f32>(),
        };
        bytes.max(1)
    }

    /// The blocks of rows `8 group .. 8 group + 8`.
    pub(crate) fn blocks_of(&self, group: usize) -> &[UnsafeCell<ActivationBlock>] {
        let blocks = self.columns / GROUP_COLUMNS;
        &self.blocks[group * blocks..][..blocks]
    }

    /// Row `index` of a batch of [`ActivationKind::F32`].
    pub(crate) fn floats_of(&self, index: usize) -> &[UnsafeCell<f32>] {
        &self.floats[index * self.columns..][..self.columns]
    }
}

impl std::fmt::Debug for Activations {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Activations")
            .field("kind", &self.kind)
            .field("rows", &self.rows)
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}
