//! Kernels for AVX2: a lane is a row, a tile is two halves of eight rows.
#![allow(clippy::wildcard_imports, reason = "intrinsics carry their own prefix")]
#![expect(clippy::cast_ptr_alignment, reason = "unaligned loads and reads")]

use std::arch::x86_64::*;
use std::ops::Range;

use super::{Product, Run, for_count};
use crate::activations::{ActivationBlock, GROUP_ROWS};
use crate::packed_matrix::{TILE_ROWS, TileKind};

/// Tokens multiplied at a time, so that sums stay in the 16 registers.
const COUNT_MAX: usize = 4;

/// How far ahead of the current unit weights are fetched, in bytes.
const PREFETCH_BYTES: usize = 2048;

/// Sums of the two halves of a tile.
type Halves = [__m256; 2];

/// Multiplies one tile by some tokens.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn tile(product: &Product, tile: usize, tokens: Range<usize>) {
    for run in Run::split(tokens, COUNT_MAX) {
        for_count!(run.count, COUNT in [1, 2, 3; COUNT_MAX] => {
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
#[target_feature(enable = "avx2,fma,f16c")]
fn quantised<const UNIT: usize, const NIBBLES: bool, const MINIMA: bool, const COUNT: usize>(
    product: &Product,
    tile: usize,
    run: &Run,
) -> [Halves; COUNT] {
    assert!(run.row + COUNT <= GROUP_ROWS, "a run crosses groups");
    let code_bytes = if NIBBLES { 256 } else { 512 };
    let mut sums = [[_mm256_setzero_ps(); 2]; COUNT];
    let (units, _) = product.matrix.tile(tile).as_chunks::<UNIT>();
    for (unit, block) in units.iter().zip(product.input.blocks_of(run.group)) {
        prefetch(unit);
        let input = TokenGroup { block: block.get(), row: run.row };
        for half in 0..2 {
            let dots: [__m256i; COUNT] = if NIBBLES {
                nibble_dots(&unit[32 * half..], &input)
            } else {
                byte_dots(&unit[32 * half..], &input)
            };
            let scale = eight_halves(&unit[code_bytes + 16 * half..]);
            for (index, (sums, dot)) in sums.iter_mut().zip(&dots).enumerate() {
                let (dot, scale) =
                    (_mm256_cvtepi32_ps(*dot), _mm256_mul_ps(scale, input.scale(index)));
                sums[half] = _mm256_fmadd_ps(dot, scale, sums[half]);
                if MINIMA {
                    let minimum = eight_halves(&unit[code_bytes + 32 + 16 * half..]);
                    sums[half] = _mm256_fmadd_ps(minimum, input.sum(index), sums[half]);
                }
            }
        }
    }
    sums
}

/// Integer products of eight rows of four-bit codes, the bytes of which start at `codes`.
///
/// A product of two columns is at most 2 * 15 * 127, so eight of them fit 16 bits.
#[target_feature(enable = "avx2,fma,f16c")]
fn nibble_dots<const COUNT: usize>(codes: &[u8], input: &TokenGroup) -> [__m256i; COUNT] {
    let mask = _mm256_set1_epi8(15);
    let mut dots = [_mm256_setzero_si256(); COUNT];
    for pair in 0..4 {
        let packed = load(&codes[64 * pair..]);
        let low = _mm256_and_si256(packed, mask);
        let high = _mm256_and_si256(_mm256_srli_epi16::<4>(packed), mask);
        for (index, dot) in dots.iter_mut().enumerate() {
            let low = _mm256_maddubs_epi16(low, input.quad(index, 2 * pair));
            let high = _mm256_maddubs_epi16(high, input.quad(index, 2 * pair + 1));
            *dot = _mm256_add_epi16(*dot, _mm256_add_epi16(low, high));
        }
    }
    for dot in &mut dots {
        *dot = _mm256_madd_epi16(*dot, _mm256_set1_epi16(1));
    }
    dots
}

/// Integer products of eight rows of eight-bit codes, the bytes of which start at `codes`.
///
/// The offset of the codes is taken off and the sign moved to the activation: a product of two
/// columns is then at most 2 * 128 * 127 and fits 16 bits, which it would not otherwise.
#[target_feature(enable = "avx2,fma,f16c")]
fn byte_dots<const COUNT: usize>(codes: &[u8], input: &TokenGroup) -> [__m256i; COUNT] {
    let mut dots = [_mm256_setzero_si256(); COUNT];
    for quad in 0..8 {
        let signed = _mm256_xor_si256(load(&codes[64 * quad..]), _mm256_set1_epi8(i8::MIN));
        let size = _mm256_abs_epi8(signed);
        for (index, dot) in dots.iter_mut().enumerate() {
            let value = _mm256_sign_epi8(input.quad(index, quad), signed);
            let pairs = _mm256_maddubs_epi16(size, value);
            *dot = _mm256_add_epi32(*dot, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
        }
    }
    dots
}

/// Products of a single-precision tile with `COUNT` tokens.
#[target_feature(enable = "avx2,fma,f16c")]
fn floats<const COUNT: usize>(product: &Product, tile: usize, run: &Run) -> [Halves; COUNT] {
    let mut sums = [[_mm256_setzero_ps(); 2]; COUNT];
    let mut rows = [product.input.floats_of(run.first); COUNT];
    for (index, row) in rows.iter_mut().enumerate() {
        *row = product.input.floats_of(run.first + index);
    }
    let (units, _) = product.matrix.tile(tile).as_chunks::<64>();
    for (column, unit) in units.iter().enumerate() {
        let weights = [load(unit), load(&unit[32..])];
        for (row, sums) in rows.iter().zip(&mut sums) {
            // SAFETY: nobody writes a row that is read, by the contract of `multiply`.
            let value = _mm256_set1_ps(unsafe { *row[column].get() });
            for (weights, sum) in weights.iter().zip(sums) {
                *sum = _mm256_fmadd_ps(_mm256_castsi256_ps(*weights), value, *sum);
            }
        }
    }
    sums
}

/// Fetches the weights that will be needed a while after `unit`.
#[target_feature(enable = "avx2,fma,f16c")]
fn prefetch(unit: &[u8]) {
    for line in 0..unit.len() / 64 {
        let ahead = unit.as_ptr().wrapping_add(PREFETCH_BYTES + 64 * line);
        _mm_prefetch::<_MM_HINT_T0>(ahead.cast());
    }
}

/// The 32 bytes at the start of `bytes`.
#[target_feature(enable = "avx2,fma,f16c")]
fn load(bytes: &[u8]) -> __m256i {
    assert!(bytes.len() >= 32, "a load of 32 bytes from {}", bytes.len());
    // SAFETY: the length was checked, and the load needs no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

/// Eight half-precision numbers at the start of `bytes`.
#[target_feature(enable = "avx2,fma,f16c")]
fn eight_halves(bytes: &[u8]) -> __m256 {
    assert!(bytes.len() >= 16, "a load of 16 bytes from {}", bytes.len());
    // SAFETY: the length was checked, and the load needs no alignment.
    _mm256_cvtph_ps(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
}

/// 32 columns of tokens that lie side by side, each value broadcast to all rows.
///
/// It is made from a block that outlives it; nobody writes the rows of its tokens, by the
/// contract of `multiply`. Places are computed without a reference to the whole block, other
/// rows of which may be written.
struct TokenGroup {
    block: *const ActivationBlock,
    row: usize,
}

impl TokenGroup {
    /// Columns `4 quad .. 4 quad + 4` of a token.
    #[target_feature(enable = "avx2,fma,f16c")]
    fn quad(&self, token: usize, quad: usize) -> __m256i {
        assert!(quad < 8, "quad {quad} of a group");
        // SAFETY: see the type; eight quads are the 32 codes of a row.
        let quad = unsafe {
            let codes = &raw const (*self.block).codes[self.row + token];
            codes.cast::<i32>().add(quad).read_unaligned()
        };
        _mm256_set1_epi32(quad)
    }

    #[target_feature(enable = "avx2,fma,f16c")]
    fn scale(&self, token: usize) -> __m256 {
        // SAFETY: see the type.
        _mm256_set1_ps(unsafe { (&raw const (*self.block).scales[self.row + token]).read() })
    }

    #[target_feature(enable = "avx2,fma,f16c")]
    fn sum(&self, token: usize) -> __m256 {
        // SAFETY: see the type.
        _mm256_set1_ps(unsafe { (&raw const (*self.block).sums[self.row + token]).read() })
    }
}

/// Writes the products of one tile with consecutive tokens, the first of them `first`.
#[target_feature(enable = "avx2,fma,f16c")]
fn store<const COUNT: usize>(product: &Product, tile: usize, first: usize, sums: &[Halves; COUNT]) {
    for (index, sums) in sums.iter().enumerate() {
        let mut products = [0.0; TILE_ROWS];
        for (products, sum) in products.as_chunks_mut::<8>().0.iter_mut().zip(sums) {
            // SAFETY: eight floats are 32 bytes, and the store needs no alignment.
            unsafe { _mm256_storeu_ps(products.as_mut_ptr(), *sum) };
        }
        product.write(tile, first + index, &products);
    }
}
