//! Products of a packed matrix and a batch of input vectors.
#![expect(unsafe_code, reason = "threads write disjoint columns of one output")]

use std::ops::Range;

use crate::activations::{Activations, GROUP_ROWS};
use crate::packed_matrix::{PackedMatrix, TILE_ROWS};
use crate::path::{Path, PathKind};

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;

/// Multiplies the rows of `tiles` by each of `tokens`: afterwards `out[token * stride + row]` is
/// the inner product of row `row` of `matrix` and vector `token` of `input`.
///
/// Rows and tokens are indexed as in the whole matrix and the whole batch, so that threads which
/// share one product among them pass the same `out`. Rows that only pad the last tile are not
/// written. An empty range does nothing.
///
/// # Safety
/// `out` must be valid for writes of `(tokens.end - 1) * stride + matrix.rows()` floats; no other
/// thread may use the outputs of the same tiles and tokens at the same time, or write the rows of
/// `input` that are read.
///
/// # Panics
/// If `tiles` or `tokens` lies outside of the matrix or the batch, their columns differ,
/// `stride` is less than the rows of the matrix, or the batch is not of the matrix's
/// [`activation_kind`](PackedMatrix::activation_kind).
#[expect(clippy::too_many_arguments, reason = "one product; a struct would only rename them")]
pub unsafe fn multiply(
    path: Path,
    matrix: &PackedMatrix,
    tiles: Range<usize>,
    input: &Activations,
    tokens: Range<usize>,
    out: *mut f32,
    stride: usize,
) {
    let output = Output { out, stride, adds: false };
    // SAFETY: the caller makes the same promises.
    unsafe { compute(path, &Product { matrix, input, output }, &Batch { tiles, tokens }) }
}

/// As [`multiply`], but adds the products to what is at their places.
///
/// # Safety
/// As for [`multiply`]; the places of the outputs must hold numbers.
///
/// # Panics
/// As [`multiply`].
#[expect(clippy::too_many_arguments, reason = "one product; a struct would only rename them")]
pub unsafe fn multiply_add(
    path: Path,
    matrix: &PackedMatrix,
    tiles: Range<usize>,
    input: &Activations,
    tokens: Range<usize>,
    out: *mut f32,
    stride: usize,
) {
    let output = Output { out, stride, adds: true };
    // SAFETY: the caller makes the same promises.
    unsafe { compute(path, &Product { matrix, input, output }, &Batch { tiles, tokens }) }
}

/// # Safety
/// See [`multiply`].
unsafe fn compute(path: Path, product: &Product<'_>, batch: &Batch) {
    let Batch { tiles, tokens } = batch;
    if tiles.is_empty() || tokens.is_empty() {
        return;
    }
    let Product { matrix, input, output: Output { stride, .. } } = *product;
    assert!(tiles.end <= matrix.tiles(), "tiles {tiles:?} of {}", matrix.tiles());
    assert!(tokens.end <= input.rows(), "tokens {tokens:?} of {}", input.rows());
    assert_eq!(matrix.columns(), input.columns(), "columns of the matrix and of the batch");
    assert_eq!(matrix.activation_kind(), input.kind(), "kind of the batch");
    assert!(stride >= matrix.rows(), "stride {stride} for {} rows", matrix.rows());
    match path.kind() {
        PathKind::Scalar => product.each_tile(batch, scalar::tile),
        #[cfg(target_arch = "x86_64")]
        PathKind::Avx2 => product.each_tile(batch, |product, tile, tokens| {
            // SAFETY: a path of this kind proves that the processor has these instructions.
            unsafe { avx2::tile(product, tile, tokens) }
        }),
        #[cfg(target_arch = "x86_64")]
        PathKind::Avx512Vnni => product.each_tile(batch, |product, tile, tokens| {
            // SAFETY: a path of this kind proves that the processor has these instructions.
            unsafe { avx512::tile(product, tile, tokens) }
        }),
        #[cfg(not(target_arch = "x86_64"))]
        PathKind::Avx2 | PathKind::Avx512Vnni => product.each_tile(batch, scalar::tile),
        #[cfg(target_arch = "aarch64")]
        PathKind::Neon => product.each_tile(batch, |product, tile, tokens| {
            // SAFETY: a path of this kind proves that the processor has these instructions.
            unsafe { neon::tile(product, tile, tokens) }
        }),
        #[cfg(not(target_arch = "aarch64"))]
        PathKind::Neon => product.each_tile(batch, scalar::tile),
    }
}

/// Bytes of activations that are multiplied by every tile before the next ones: less than a
/// second-level cache, so that they are read from memory once.
const CHUNK_BYTES: usize = 512 << 10;

/// Which part of a product is computed.
struct Batch {
    tiles: Range<usize>,
    tokens: Range<usize>,
}

/// The checked operands of one call of [`multiply`].
struct Product<'a> {
    matrix: &'a PackedMatrix,
    input: &'a Activations,
    output: Output,
}

/// Where the products go.
#[derive(Clone, Copy)]
struct Output {
    out: *mut f32,
    stride: usize,
    /// Whether products are added to what is there.
    adds: bool,
}

/// Consecutive tokens whose activations lie in the same blocks.
struct Run {
    /// Index of the first token.
    first: usize,
    /// How many tokens, at most [`GROUP_ROWS`].
    count: usize,
    /// Index of the group of rows that holds their activations.
    group: usize,
    /// Row of the first token in its group.
    row: usize,
}

impl Run {
    /// Divides `tokens` at the borders of groups and after at most `longest`.
    fn split(tokens: Range<usize>, longest: usize) -> impl Iterator<Item = Run> {
        let mut next = tokens.start;
        std::iter::from_fn(move || {
            let (first, group, row) = (next, next / GROUP_ROWS, next % GROUP_ROWS);
            let count = (tokens.end - first).min(GROUP_ROWS - row).min(longest);
            next += count;
            (count > 0).then_some(Run { first, count, group, row })
        })
    }
}

/// Evaluates the body with a constant equal to a count from 1 to the last of the numbers.
macro_rules! for_count {
    ($count:expr, $constant:ident in [$($small:literal),*; $last:expr] => $body:block) => {
        match $count {
            $($small => {
                const $constant: usize = $small;
                $body
            })*
            _ => {
                const $constant: usize = $last;
                $body
            }
        }
    };
}
use for_count;

impl Product<'_> {
    fn each_tile(&self, batch: &Batch, kernel: impl Fn(&Self, usize, Range<usize>)) {
        let chunk = (CHUNK_BYTES / self.input.row_bytes()).max(1).next_multiple_of(GROUP_ROWS);
        for start in batch.tokens.clone().step_by(chunk) {
            let end = batch.tokens.end.min(start + chunk);
            for tile in batch.tiles.clone() {
                kernel(self, tile, start..end);
            }
        }
    }

    /// Rows of a tile that are rows of the matrix.
    fn rows_in(&self, tile: usize) -> usize {
        (self.matrix.rows() - tile * TILE_ROWS).min(TILE_ROWS)
    }

    /// Writes the products of one tile with one token.
    fn write(&self, tile: usize, token: usize, products: &[f32; TILE_ROWS]) {
        let index = token * self.output.stride + tile * TILE_ROWS;
        // SAFETY: the caller of `multiply` promises room for the outputs of every token and
        // that nobody else uses these; `rows_in` stops at the last row of the matrix.
        unsafe {
            let place = self.output.out.add(index);
            if self.output.adds {
                let old = std::slice::from_raw_parts_mut(place, self.rows_in(tile));
                old.iter_mut().zip(products).for_each(|(old, product)| *old += product);
                return;
            }
            match self.rows_in(tile) {
                // A known length is copied without a call.
                TILE_ROWS => place.cast::<[f32; TILE_ROWS]>().write_unaligned(*products),
                rows => std::ptr::copy_nonoverlapping(products.as_ptr(), place, rows),
            }
        }
    }
}
