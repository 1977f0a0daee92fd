//! The reference kernel in plain Rust.

use std::ops::Range;

use super::Product;
use crate::activations::{ActivationBlock, GROUP_ROWS};
use crate::block_format::GROUP_COLUMNS;
use crate::packed_matrix::{TILE_ROWS, TileKind, unit_code, unit_float, unit_scale};

/// Multiplies one tile by some tokens.
pub(super) fn tile(product: &Product, tile: usize, tokens: Range<usize>) {
    let matrix = product.matrix;
    let units = || matrix.tile(tile).chunks_exact(matrix.kind.unit_bytes());
    for token in tokens {
        let mut sums = [0.0_f32; TILE_ROWS];
        match matrix.kind {
            TileKind::Floats => {
                for (unit, value) in units().zip(product.input.floats_of(token)) {
                    // SAFETY: nobody writes a row that is read, by the contract of `multiply`.
                    let value = unsafe { *value.get() };
                    for (lane, sum) in sums.iter_mut().enumerate() {
                        *sum += unit_float(unit, lane) * value;
                    }
                }
            }
            TileKind::Nibbles | TileKind::Bytes | TileKind::BytesMinima => {
                let blocks = product.input.blocks_of(token / GROUP_ROWS);
                for (unit, block) in units().zip(blocks) {
                    // SAFETY: a shared reference to the block would cover rows that other
                    // threads may write, so only this token's places are read.
                    let input = unsafe { TokenGroup::read(block.get(), token % GROUP_ROWS) };
                    for (lane, sum) in sums.iter_mut().enumerate() {
                        *sum += input.dot(matrix.kind, unit, lane);
                    }
                }
            }
        }
        product.write(tile, token, &sums);
    }
}

/// 32 columns of one token.
struct TokenGroup {
    codes: [i8; GROUP_COLUMNS],
    scale: f32,
    sum: f32,
    offset: i32,
}

impl TokenGroup {
    /// # Safety
    /// `block` must be readable and nobody may write `row` of it meanwhile.
    unsafe fn read(block: *const ActivationBlock, row: usize) -> TokenGroup {
        // SAFETY: promised by the caller; only this row's places are read.
        unsafe {
            TokenGroup {
                codes: (&raw const (*block).codes[row]).read(),
                scale: (&raw const (*block).scales[row]).read(),
                sum: (&raw const (*block).sums[row]).read(),
                offset: (&raw const (*block).offsets[row]).read(),
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "sums stay below 2^24")]
    fn dot(&self, kind: TileKind, unit: &[u8], lane: usize) -> f32 {
        let start = if matches!(kind, TileKind::Nibbles) { 0 } else { self.offset };
        let total = self.codes.iter().enumerate().fold(start, |total, (column, code)| {
            total + i32::from(unit_code(kind, unit, lane, column)) * i32::from(*code)
        });
        let (scale, minimum) = unit_scale(kind, unit, lane);
        total as f32 * (scale * self.scale) + minimum * self.sum
    }
}
