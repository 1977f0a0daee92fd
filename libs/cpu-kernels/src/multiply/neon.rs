//! Kernels for NEON with the byte dot product: a lane is a row, a tile is four quarters of four
//! rows, and one instruction takes four columns of a quarter.
#![allow(clippy::wildcard_imports, reason = "intrinsics carry their own prefix")]

use std::arch::aarch64::*;
use std::arch::asm;
use std::ops::Range;

use super::{Product, Run, for_count};
use crate::activations::{ActivationBlock, GROUP_ROWS};
use crate::packed_matrix::{TILE_ROWS, TileKind};

/// Tokens multiplied at a time, so that sums stay in the 32 registers.
const COUNT_MAX: usize = 4;

/// Sums of the four quarters of a tile.
type Quarters = [float32x4_t; 4];

/// The 32 codes of a token.
type Codes = [int8x16_t; 2];

/// Multiplies one tile by some tokens.
#[target_feature(enable = "neon,dotprod")]
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
#[target_feature(enable = "neon,dotprod")]
fn quantised<const UNIT: usize, const NIBBLES: bool, const MINIMA: bool, const COUNT: usize>(
    product: &Product,
    tile: usize,
    run: &Run,
) -> [Quarters; COUNT] {
    assert!(run.row + COUNT <= GROUP_ROWS, "a run crosses groups");
    let mut sums = [[vdupq_n_f32(0.0); 4]; COUNT];
    let (units, _) = product.matrix.tile(tile).as_chunks::<UNIT>();
    for (unit, block) in units.iter().zip(product.input.blocks_of(run.group)) {
        let input = TokenGroup { block: block.get(), row: run.row };
        let mut codes = [[vdupq_n_s8(0); 2]; COUNT];
        for (token, codes) in codes.iter_mut().enumerate() {
            *codes = input.codes(token);
        }
        // A loop would not be unrolled, and sums in memory would be read and written each time.
        add_quarter::<UNIT, NIBBLES, MINIMA, COUNT, 0>(unit, &input, &codes, &mut sums);
        add_quarter::<UNIT, NIBBLES, MINIMA, COUNT, 1>(unit, &input, &codes, &mut sums);
        add_quarter::<UNIT, NIBBLES, MINIMA, COUNT, 2>(unit, &input, &codes, &mut sums);
        add_quarter::<UNIT, NIBBLES, MINIMA, COUNT, 3>(unit, &input, &codes, &mut sums);
    }
    sums
}

/// Adds the products of four rows of a unit.
#[target_feature(enable = "neon,dotprod")]
#[inline]
fn add_quarter<
    const UNIT: usize,
    const NIBBLES: bool,
    const MINIMA: bool,
    const COUNT: usize,
    const QUARTER: usize,
>(
    unit: &[u8; UNIT],
    input: &TokenGroup,
    codes: &[Codes; COUNT],
    sums: &mut [Quarters; COUNT],
) {
    let code_bytes = if NIBBLES { 256 } else { 512 };
    let dots: [int32x4_t; COUNT] = if NIBBLES {
        nibble_dots(&unit[16 * QUARTER..], codes)
    } else {
        byte_dots(&unit[16 * QUARTER..], codes)
    };
    let scale = four_halves(&unit[code_bytes + 8 * QUARTER..]);
    for (token, (sums, dot)) in sums.iter_mut().zip(&dots).enumerate() {
        let scale = vmulq_n_f32(scale, input.scale(token));
        sums[QUARTER] = vfmaq_f32(sums[QUARTER], vcvtq_f32_s32(*dot), scale);
        if MINIMA {
            let minimum = four_halves(&unit[code_bytes + 32 + 8 * QUARTER..]);
            sums[QUARTER] = vfmaq_n_f32(sums[QUARTER], minimum, input.sum(token));
        }
    }
}

/// Integer products of four rows of four-bit codes, the bytes of which start at `weights`.
#[target_feature(enable = "neon,dotprod")]
fn nibble_dots<const COUNT: usize>(weights: &[u8], codes: &[Codes; COUNT]) -> [int32x4_t; COUNT] {
    let mut dots = [vdupq_n_s32(0); COUNT];
    for half in 0..2 {
        let mut quads = [vdupq_n_s8(0); 4];
        for (index, pair) in quads.as_chunks_mut::<2>().0.iter_mut().enumerate() {
            let packed = load(&weights[128 * half + 64 * index..]);
            pair[0] = vreinterpretq_s8_u8(vandq_u8(packed, vdupq_n_u8(15)));
            pair[1] = vreinterpretq_s8_u8(vshrq_n_u8::<4>(packed));
        }
        for (dot, codes) in dots.iter_mut().zip(codes) {
            *dot = dot_quads(*dot, &quads, codes[half]);
        }
    }
    dots
}

/// Integer products of four rows of eight-bit codes, the bytes of which start at `weights`; the
/// offset of the codes is taken off, so that both sides are signed.
#[target_feature(enable = "neon,dotprod")]
fn byte_dots<const COUNT: usize>(weights: &[u8], codes: &[Codes; COUNT]) -> [int32x4_t; COUNT] {
    let mut dots = [vdupq_n_s32(0); COUNT];
    for half in 0..2 {
        let mut quads = [vdupq_n_s8(0); 4];
        for (quad, signed) in quads.iter_mut().enumerate() {
            let code = load(&weights[256 * half + 64 * quad..]);
            *signed = vreinterpretq_s8_u8(veorq_u8(code, vdupq_n_u8(128)));
        }
        for (dot, codes) in dots.iter_mut().zip(codes) {
            *dot = dot_quads(*dot, &quads, codes[half]);
        }
    }
    dots
}

/// Adds to each row of `sums` the products of its sixteen `weights` with as many codes.
#[target_feature(enable = "neon,dotprod")]
fn dot_quads(sums: int32x4_t, weights: &[int8x16_t; 4], codes: int8x16_t) -> int32x4_t {
    let sums = dot_quad::<0>(sums, weights[0], codes);
    let sums = dot_quad::<1>(sums, weights[1], codes);
    let sums = dot_quad::<2>(sums, weights[2], codes);
    dot_quad::<3>(sums, weights[3], codes)
}

/// Adds to each row of `sums` the product of its four `weights` with the codes of quad `QUAD`.
///
/// This is `vdotq_laneq_s32`, which stable Rust lacks (feature `stdarch_neon_dotprod`).
#[target_feature(enable = "neon,dotprod")]
fn dot_quad<const QUAD: i32>(sums: int32x4_t, weights: int8x16_t, codes: int8x16_t) -> int32x4_t {
    let mut sums = sums;
    // SAFETY: the instruction works on these registers alone, and this function has it.
    unsafe {
        asm!(
            "sdot {sums:v}.4s, {weights:v}.16b, {codes:v}.4b[{quad}]",
            sums = inout(vreg) sums,
            weights = in(vreg) weights,
            codes = in(vreg) codes,
            quad = const QUAD,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}

/// Products of a single-precision tile with `COUNT` tokens.
#[target_feature(enable = "neon,dotprod")]
fn floats<const COUNT: usize>(product: &Product, tile: usize, run: &Run) -> [Quarters; COUNT] {
    let mut sums = [[vdupq_n_f32(0.0); 4]; COUNT];
    let mut rows = [product.input.floats_of(run.first); COUNT];
    for (index, row) in rows.iter_mut().enumerate() {
        *row = product.input.floats_of(run.first + index);
    }
    let (units, _) = product.matrix.tile(tile).as_chunks::<64>();
    for (column, unit) in units.iter().enumerate() {
        let mut weights = [vdupq_n_f32(0.0); 4];
        for (weights, bytes) in weights.iter_mut().zip(unit.as_chunks::<16>().0) {
            *weights = vreinterpretq_f32_u8(load(bytes));
        }
        for (row, sums) in rows.iter().zip(&mut sums) {
            // SAFETY: nobody writes a row that is read, by the contract of `multiply`.
            let value = unsafe { *row[column].get() };
            for (weights, sum) in weights.iter().zip(sums) {
                *sum = vfmaq_n_f32(*sum, *weights, value);
            }
        }
    }
    sums
}

/// The 16 bytes at the start of `bytes`.
#[target_feature(enable = "neon,dotprod")]
fn load(bytes: &[u8]) -> uint8x16_t {
    assert!(bytes.len() >= 16, "a load of 16 bytes from {}", bytes.len());
    // SAFETY: the length was checked, and the load needs no alignment.
    unsafe { vld1q_u8(bytes.as_ptr()) }
}

/// Four half-precision numbers at the start of `bytes`.
#[target_feature(enable = "neon,dotprod")]
fn four_halves(bytes: &[u8]) -> float32x4_t {
    assert!(bytes.len() >= 8, "a load of 8 bytes from {}", bytes.len());
    // SAFETY: the length was checked, and a load of bytes needs no alignment.
    let bits = unsafe { vld1_u8(bytes.as_ptr()) };
    vcvt_f32_f16(vreinterpret_f16_u16(vreinterpret_u16_u8(bits)))
}

/// 32 columns of tokens that lie side by side.
///
/// It is made from a block that outlives it; nobody writes the rows of its tokens, by the
/// contract of `multiply`. Places are computed without a reference to the whole block, other
/// rows of which may be written.
struct TokenGroup {
    block: *const ActivationBlock,
    row: usize,
}

impl TokenGroup {
    #[target_feature(enable = "neon,dotprod")]
    fn codes(&self, token: usize) -> Codes {
        // SAFETY: see the type; a row is 32 codes.
        unsafe {
            let codes = (&raw const (*self.block).codes[self.row + token]).cast::<i8>();
            [vld1q_s8(codes), vld1q_s8(codes.add(16))]
        }
    }

    #[target_feature(enable = "neon,dotprod")]
    fn scale(&self, token: usize) -> f32 {
        // SAFETY: see the type.
        unsafe { (&raw const (*self.block).scales[self.row + token]).read() }
    }

    #[target_feature(enable = "neon,dotprod")]
    fn sum(&self, token: usize) -> f32 {
        // SAFETY: see the type.
        unsafe { (&raw const (*self.block).sums[self.row + token]).read() }
    }
}

/// Writes the products of one tile with consecutive tokens, the first of them `first`.
#[target_feature(enable = "neon,dotprod")]
fn store<const COUNT: usize>(
    product: &Product,
    tile: usize,
    first: usize,
    sums: &[Quarters; COUNT],
) {
    for (index, sums) in sums.iter().enumerate() {
        let mut products = [0.0; TILE_ROWS];
        for (products, sum) in products.as_chunks_mut::<4>().0.iter_mut().zip(sums) {
            // SAFETY: the chunk has room for the four floats.
            unsafe { vst1q_f32(products.as_mut_ptr(), *sum) };
        }
        product.write(tile, first + index, &products);
    }
}
