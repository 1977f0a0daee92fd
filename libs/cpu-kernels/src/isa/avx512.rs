//! AVX-512.
#![allow(clippy::wildcard_imports, reason = "intrinsics carry their own prefix")]

use std::arch::x86_64::*;

use super::{Isa, one_instruction};
use crate::block_format::GROUP_COLUMNS;
use crate::vector::{QuantizedGroup, scale_of};

/// Avx512-512 (F, BW, DQ, VL), with Avx5122, FMA and F16C.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

impl Avx512 {
    /// # Safety
    /// The processor must have these instructions.
    pub(crate) unsafe fn assume() -> Avx512 {
        Avx512(())
    }
}

impl Isa for Avx512 {
    const LANES: usize = 16;
    type Vector = __m512;

    one_instruction! {
        fn splat(value: f32) -> __m512 = _mm512_set1_ps(value);
        fn add(left: __m512, right: __m512) -> __m512 = _mm512_add_ps(left, right);
        fn subtract(left: __m512, right: __m512) -> __m512 = _mm512_sub_ps(left, right);
        fn multiply(left: __m512, right: __m512) -> __m512 = _mm512_mul_ps(left, right);
        fn divide(left: __m512, right: __m512) -> __m512 = _mm512_div_ps(left, right);
        fn max(left: __m512, right: __m512) -> __m512 = _mm512_max_ps(left, right);
        fn min(left: __m512, right: __m512) -> __m512 = _mm512_min_ps(left, right);
        fn multiply_add(left: __m512, right: __m512, addend: __m512) -> __m512 =
            _mm512_fmadd_ps(left, right, addend);
        fn round(vector: __m512) -> __m512 = _mm512_roundscale_ps::<8>(vector);
        fn scale_by_power(vector: __m512, power: __m512) -> __m512 =
            _mm512_scalef_ps(vector, power);
        fn sum_of_lanes(vector: __m512) -> f32 = _mm512_reduce_add_ps(vector);
        fn max_of_lanes(vector: __m512) -> f32 = _mm512_reduce_max_ps(vector);
    }

    #[inline(always)]
    fn load(self, from: &[f32]) -> __m512 {
        assert!(from.len() >= Self::LANES, "a load from {} numbers", from.len());
        // SAFETY: the length was checked, `self` proves the instruction, no alignment is needed.
        unsafe { _mm512_loadu_ps(from.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, vector: __m512, to: &mut [f32]) {
        assert!(to.len() >= Self::LANES, "a store to {} numbers", to.len());
        // SAFETY: as in `load`.
        unsafe { _mm512_storeu_ps(to.as_mut_ptr(), vector) }
    }

    #[inline(always)]
    fn load_halves(self, from: &[u16]) -> __m512 {
        assert!(from.len() >= Self::LANES, "a load from {} numbers", from.len());
        // SAFETY: as in `load`.
        unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(from.as_ptr().cast())) }
    }

    #[inline(always)]
    fn load_bytes(self, from: &[i8]) -> __m512 {
        assert!(from.len() >= Self::LANES, "a load from {} numbers", from.len());
        // SAFETY: as in `load`.
        unsafe { _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(from.as_ptr().cast()))) }
    }

    #[inline(always)]
    fn store_halves(self, vector: __m512, to: &mut [u16]) {
        assert!(to.len() >= Self::LANES, "a store to {} numbers", to.len());
        // SAFETY: as in `load`.
        unsafe {
            let halves = _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(vector);
            _mm256_storeu_si256(to.as_mut_ptr().cast(), halves);
        }
    }

    #[inline(always)]
    fn transpose_halves(self, rows: &[&[u16]], column: usize, to: &mut [f32], stride: usize) {
        let mut block = [self.splat(0.0); 16];
        for (row, vector) in block.iter_mut().enumerate() {
            *vector = self.load_halves(&rows[row][column..]);
        }
        for (index, vector) in transpose(self, &block).iter().enumerate() {
            self.store(*vector, &mut to[index * stride..]);
        }
    }

    #[inline(always)]
    fn quantize_group(self, values: &[f32; GROUP_COLUMNS]) -> QuantizedGroup {
        let (low, high) = (self.load(&values[..16]), self.load(&values[16..]));
        // SAFETY: `self` proves the instructions; the store fills the 32 bytes of `codes`.
        unsafe {
            // Magnitudes compare as integers do, with infinity and NaN above all.
            let sizes = _mm512_max_epu32(
                _mm512_castps_si512(_mm512_abs_ps(low)),
                _mm512_castps_si512(_mm512_abs_ps(high)),
            );
            let Some((scale, inverse)) = scale_of(_mm512_reduce_max_epu32(sizes)) else {
                return QuantizedGroup::BROKEN;
            };
            let inverse = _mm512_set1_ps(inverse);
            let low = _mm512_cvtps_epi32(_mm512_mul_ps(low, inverse));
            let high = _mm512_cvtps_epi32(_mm512_mul_ps(high, inverse));
            let mut codes = [0_i8; GROUP_COLUMNS];
            let (first, second) = codes.split_at_mut(16);
            _mm_storeu_si128(first.as_mut_ptr().cast(), _mm512_cvtepi32_epi8(low));
            _mm_storeu_si128(second.as_mut_ptr().cast(), _mm512_cvtepi32_epi8(high));
            let sum = _mm512_reduce_add_epi32(_mm512_add_epi32(low, high));
            QuantizedGroup { codes, scale, sum }
        }
    }
}

/// Exchanges rows and columns.
#[inline(always)]
fn transpose(_proof: Avx512, rows: &[__m512; 16]) -> [__m512; 16] {
    let mut quads = *rows;
    let mut columns = *rows;
    // SAFETY: `_proof` proves the instructions.
    unsafe {
        // Afterwards quarter `q` of `quads[b + c]` is column `4 q + c` of rows `b .. b + 4`.
        for base in [0, 4, 8, 12] {
            for half in [0, 1] {
                let (first, second) = (rows[base + 2 * half], rows[base + 2 * half + 1]);
                columns[base + 2 * half] = _mm512_unpacklo_ps(first, second);
                columns[base + 2 * half + 1] = _mm512_unpackhi_ps(first, second);
            }
            for half in [0, 1] {
                let first = _mm512_castps_pd(columns[base + half]);
                let second = _mm512_castps_pd(columns[base + half + 2]);
                quads[base + 2 * half] = _mm512_castpd_ps(_mm512_unpacklo_pd(first, second));
                quads[base + 2 * half + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(first, second));
            }
        }
        // Even quarters and odd ones of the quads, then each quarter of all four.
        for column in 0..4 {
            let quad = |index: usize| quads[column + 4 * index];
            let even = (
                _mm512_shuffle_f32x4::<0b10_00_10_00>(quad(0), quad(1)),
                _mm512_shuffle_f32x4::<0b10_00_10_00>(quad(2), quad(3)),
            );
            let odd = (
                _mm512_shuffle_f32x4::<0b11_01_11_01>(quad(0), quad(1)),
                _mm512_shuffle_f32x4::<0b11_01_11_01>(quad(2), quad(3)),
            );
            columns[column] = _mm512_shuffle_f32x4::<0b10_00_10_00>(even.0, even.1);
            columns[column + 4] = _mm512_shuffle_f32x4::<0b10_00_10_00>(odd.0, odd.1);
            columns[column + 8] = _mm512_shuffle_f32x4::<0b11_01_11_01>(even.0, even.1);
            columns[column + 12] = _mm512_shuffle_f32x4::<0b11_01_11_01>(odd.0, odd.1);
        }
    }
    columns
}
