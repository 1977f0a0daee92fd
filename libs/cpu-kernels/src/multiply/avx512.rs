//! Kernels for AVX-512 with VNNI: a lane is a row, and one instruction takes four columns.
#![allow(clippy::wildcard_imports, reason = "intrinsics carry their own prefix")]
#![expect(clippy::cast_ptr_alignment, reason = "unaligned loads and reads")]

use std::arch::x86_64::*;
use std::ops::Range;

use super::{Product, Run, for_count};
use crate::activations::{ActivationBlock, GROUP_ROWS};
use crate::packed_matrix::{TILE_ROWS, TileKind};

/// How far ahead of the current unit weights are fetched, in bytes.
const PREFETCH_BYTES: usize = 2048;

/// Multiplies one tile by some tokens.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
pub(super) fn tile(product: &Product, tile: usize, tokens: Range<usize>) {
    for run in Run::split(tokens, GROUP_ROWS) {
        for_count!(run.count, COUNT in [1, 2, 3, 4, 5, 6, 7; GROUP_ROWS] => {
            let sums = match product.matrix.kind {
                TileKind::Nibbles => quantised::<320, true, true, COUNT>(product, tile, &run),
                TileKind::Bytes => quantised::<544, false, false, COUNT>(product, tile, &run),
                TileKind::BytesMinima => quantised::<576, false, true, COUNT>(product, tile, &run),
                TileKind::Floats => floats::<COUNT>(product, tile, &run),
            };
            store(product, tile, run.first, &sums);
        });
    }
}

/// Products of a quantised tile with `COUNT` tokens whose activations lie side by side.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
fn quantised<const UNIT: usize, const NIBBLES: bool, const MINIMA: bool, const COUNT: usize>(
    product: &Product,
    tile: usize,
    run: &Run,
) -> [__m512; COUNT] {
    assert!(run.row + COUNT <= GROUP_ROWS, "a run crosses groups");
    let code_bytes = if NIBBLES { 256 } else { 512 };
    let mut sums = [_mm512_setzero_ps(); COUNT];
    let (units, _) = product.matrix.tile(tile).as_chunks::<UNIT>();
    for (unit, block) in units.iter().zip(product.input.blocks_of(run.group)) {
        prefetch(unit);
        let weights = if NIBBLES { unpack_nibbles(unit) } else { load_bytes(unit) };
        let scale = halves(&unit[code_bytes..]);
        let minimum = if MINIMA { halves(&unit[code_bytes + 32..]) } else { scale };
        for (index, sum) in sums.iter_mut().enumerate() {
            let input = TokenGroup { block: block.get(), row: run.row + index };
            let start = if NIBBLES { _mm512_setzero_si512() } else { input.offset() };
            let dot = _mm512_cvtepi32_ps(input.dot(start, &weights));
            *sum = _mm512_fmadd_ps(dot, _mm512_mul_ps(scale, input.scale()), *sum);
            if MINIMA {
                *sum = _mm512_fmadd_ps(minimum, input.sum(), *sum);
            }
        }
    }
    sums
}

/// Products of a single-precision tile with `COUNT` tokens.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
fn floats<const COUNT: usize>(product: &Product, tile: usize, run: &Run) -> [__m512; COUNT] {
    let mut sums = [_mm512_setzero_ps(); COUNT];
    let mut rows = [product.input.floats_of(run.first); COUNT];
    for (index, row) in rows.iter_mut().enumerate() {
        *row = product.input.floats_of(run.first + index);
    }
    let (units, _) = product.matrix.tile(tile).as_chunks::<64>();
    for (column, unit) in units.iter().enumerate() {
        // SAFETY: a unit is 64 bytes, and loads need no alignment.
        let weights = unsafe { _mm512_loadu_ps(unit.as_ptr().cast()) };
        for (row, sum) in rows.iter().zip(&mut sums) {
            // SAFETY: nobody writes a row that is read, by the contract of `multiply`.
            let value = unsafe { *row[column].get() };
            *sum = _mm512_fmadd_ps(weights, _mm512_set1_ps(value), *sum);
        }
    }
    sums
}

/// Fetches the weights that will be needed a while after `unit`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
fn prefetch(unit: &[u8]) {
    for line in 0..unit.len() / 64 {
        let ahead = unit.as_ptr().wrapping_add(PREFETCH_BYTES + 64 * line);
        _mm_prefetch::<_MM_HINT_T0>(ahead.cast());
    }
}

/// The 64 bytes at the start of `bytes`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
fn load(bytes: &[u8]) -> __m512i {
    assert!(bytes.len() >= 64, "a load of 64 bytes from {}", bytes.len());
    // SAFETY: the length was checked, and the load needs no alignment.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

/// Sixteen half-precision numbers at the start of `bytes`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
fn halves(bytes: &[u8]) -> __m512 {
    assert!(bytes.len() >= 32, "a load of 32 bytes from {}", bytes.len());
    // SAFETY: the length was checked, and the load needs no alignment.
    _mm512_cvtph_ps(unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) })
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
fn unpack_nibbles(unit: &[u8]) -> [__m512i; 8] {
    let low = _mm512_set1_epi8(15);
    let mut weights = [low; 8];
    for (index, pair) in weights.as_chunks_mut::<2>().0.iter_mut().enumerate() {
        let packed = load(&unit[64 * index..]);
        *pair =
            [_mm512_and_si512(packed, low), _mm512_and_si512(_mm512_srli_epi16::<4>(packed), low)];
    }
    weights
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
fn load_bytes(unit: &[u8]) -> [__m512i; 8] {
    let mut weights = [_mm512_setzero_si512(); 8];
    for (quad, weights) in weights.iter_mut().enumerate() {
        *weights = load(&unit[64 * quad..]);
    }
    weights
}

/// 32 columns of one token, each value broadcast to all rows.
struct TokenGroup {
    block: *const ActivationBlock,
    row: usize,
}

impl TokenGroup {
    /// `start` plus the products of the codes, summed over the 32 columns.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
    fn dot(&self, start: __m512i, weights: &[__m512i; 8]) -> __m512i {
        // SAFETY: made from a block that outlives this value; nobody writes this row, by the
        // contract of `multiply`. A place is computed without a reference to the whole block.
        let codes = unsafe { &raw const (*self.block).codes[self.row] }.cast::<i32>();
        let mut dot = start;
        for (quad, weights) in weights.iter().enumerate() {
            // SAFETY: as above; eight quads are the 32 codes of this row.
            let quad = unsafe { codes.add(quad).read_unaligned() };
            dot = _mm512_dpbusd_epi32(dot, *weights, _mm512_set1_epi32(quad));
        }
        dot
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
    fn scale(&self) -> __m512 {
        // SAFETY: as in `dot`.
        _mm512_set1_ps(unsafe { (&raw const (*self.block).scales[self.row]).read() })
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
    fn sum(&self) -> __m512 {
        // SAFETY: as in `dot`.
        _mm512_set1_ps(unsafe { (&raw const (*self.block).sums[self.row]).read() })
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
    fn offset(&self) -> __m512i {
        // SAFETY: as in `dot`.
        _mm512_set1_epi32(unsafe { (&raw const (*self.block).offsets[self.row]).read() })
    }
}

/// Writes the products of one tile with consecutive tokens, the first of them `first`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
fn store<const COUNT: usize>(product: &Product, tile: usize, first: usize, sums: &[__m512; COUNT]) {
    for (index, sum) in sums.iter().enumerate() {
        let mut products = [0.0; TILE_ROWS];
        // SAFETY: sixteen floats are 64 bytes, and the store needs no alignment.
        unsafe { _mm512_storeu_ps(products.as_mut_ptr(), *sum) };
        product.write(tile, first + index, &products);
    }
}
