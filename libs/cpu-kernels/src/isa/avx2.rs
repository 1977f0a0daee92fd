//! AVX2.
#![allow(clippy::wildcard_imports, reason = "intrinsics carry their own prefix")]

use std::arch::x86_64::*;

use super::{Isa, one_instruction};
use crate::block_format::GROUP_COLUMNS;
use crate::vector::{QuantizedGroup, scale_of};

/// Avx22 with FMA and F16C.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

impl Avx2 {
    /// # Safety
    /// The processor must have these instructions.
    pub(crate) unsafe fn assume() -> Avx2 {
        Avx2(())
    }
}

impl Isa for Avx2 {
    const LANES: usize = 8;
    type Vector = __m256;

    one_instruction! {
        fn splat(value: f32) -> __m256 = _mm256_set1_ps(value);
        fn add(left: __m256, right: __m256) -> __m256 = _mm256_add_ps(left, right);
        fn subtract(left: __m256, right: __m256) -> __m256 = _mm256_sub_ps(left, right);
        fn multiply(left: __m256, right: __m256) -> __m256 = _mm256_mul_ps(left, right);
        fn divide(left: __m256, right: __m256) -> __m256 = _mm256_div_ps(left, right);
        fn max(left: __m256, right: __m256) -> __m256 = _mm256_max_ps(left, right);
        fn min(left: __m256, right: __m256) -> __m256 = _mm256_min_ps(left, right);
        fn multiply_add(left: __m256, right: __m256, addend: __m256) -> __m256 =
            _mm256_fmadd_ps(left, right, addend);
        fn round(vector: __m256) -> __m256 = _mm256_round_ps::<8>(vector);
        fn scale_by_power(vector: __m256, power: __m256) -> __m256 = {
            let exponent = _mm256_add_epi32(_mm256_cvtps_epi32(power), _mm256_set1_epi32(127));
            _mm256_mul_ps(vector, _mm256_castsi256_ps(_mm256_slli_epi32::<23>(exponent)))
        };
        fn sum_of_lanes(vector: __m256) -> f32 = {
            let sum = _mm_add_ps(_mm256_castps256_ps128(vector), _mm256_extractf128_ps::<1>(vector));
            let sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
            _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)))
        };
        fn max_of_lanes(vector: __m256) -> f32 = {
            let max = _mm_max_ps(_mm256_castps256_ps128(vector), _mm256_extractf128_ps::<1>(vector));
            let max = _mm_max_ps(max, _mm_movehl_ps(max, max));
            _mm_cvtss_f32(_mm_max_ss(max, _mm_movehdup_ps(max)))
        };
    }

    #[inline(always)]
    fn load(self, from: &[f32]) -> __m256 {
        assert!(from.len() >= Self::LANES, "a load from {} numbers", from.len());
        // SAFETY: the length was checked, `self` proves the instruction, no alignment is needed.
        unsafe { _mm256_loadu_ps(from.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, vector: __m256, to: &mut [f32]) {
        assert!(to.len() >= Self::LANES, "a store to {} numbers", to.len());
        // SAFETY: as in `load`.
        unsafe { _mm256_storeu_ps(to.as_mut_ptr(), vector) }
    }

    #[inline(always)]
    fn load_halves(self, from: &[u16]) -> __m256 {
        assert!(from.len() >= Self::LANES, "a load from {} numbers", from.len());
        // SAFETY: as in `load`.
        unsafe { _mm256_cvtph_ps(_mm_loadu_si128(from.as_ptr().cast())) }
    }

    #[inline(always)]
    fn load_bytes(self, from: &[i8]) -> __m256 {
        assert!(from.len() >= Self::LANES, "a load from {} numbers", from.len());
        // SAFETY: as in `load`.
        unsafe { _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(from.as_ptr().cast()))) }
    }

    #[inline(always)]
    fn store_halves(self, vector: __m256, to: &mut [u16]) {
        assert!(to.len() >= Self::LANES, "a store to {} numbers", to.len());
        // SAFETY: as in `load`.
        unsafe {
            let halves = _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(vector);
            _mm_storeu_si128(to.as_mut_ptr().cast(), halves);
        }
    }

    #[inline(always)]
    fn transpose_halves(self, rows: &[&[u16]], column: usize, to: &mut [f32], stride: usize) {
        let mut block = [self.splat(0.0); 8];
        for (row, vector) in block.iter_mut().enumerate() {
            *vector = self.load_halves(&rows[row][column..]);
        }
        for (index, vector) in transpose(self, &block).iter().enumerate() {
            self.store(*vector, &mut to[index * stride..]);
        }
    }

    #[inline(always)]
    fn quantize_group(self, values: &[f32; GROUP_COLUMNS]) -> QuantizedGroup {
        let mut parts = [self.splat(0.0); 4];
        for (index, part) in parts.iter_mut().enumerate() {
            *part = self.load(&values[8 * index..]);
        }
        // SAFETY: `self` proves the instructions; the store fills the 32 bytes of `codes`.
        unsafe {
            let mask = _mm256_set1_epi32(i32::MAX);
            let mut largest = _mm256_setzero_si256();
            for part in &parts {
                let size = _mm256_and_si256(_mm256_castps_si256(*part), mask);
                largest = _mm256_max_epu32(largest, size);
            }
            let largest = _mm_max_epu32(
                _mm256_castsi256_si128(largest),
                _mm256_extracti128_si256::<1>(largest),
            );
            let largest = _mm_max_epu32(largest, _mm_shuffle_epi32::<0b01_00_11_10>(largest));
            let largest = _mm_max_epu32(largest, _mm_shuffle_epi32::<0b10_11_00_01>(largest));
            let Some((scale, inverse)) = scale_of(_mm_cvtsi128_si32(largest).cast_unsigned())
            else {
                return QuantizedGroup::BROKEN;
            };
            let inverse = _mm256_set1_ps(inverse);
            let mut codes = [mask; 4];
            for (codes, part) in codes.iter_mut().zip(&parts) {
                *codes = _mm256_cvtps_epi32(_mm256_mul_ps(*part, inverse));
            }
            // Packing works on each half of a vector, so the quads come out of order.
            let packed = _mm256_packs_epi16(
                _mm256_packs_epi32(codes[0], codes[1]),
                _mm256_packs_epi32(codes[2], codes[3]),
            );
            let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
            let packed = _mm256_permutevar8x32_epi32(packed, order);
            let mut codes = [0_i8; GROUP_COLUMNS];
            _mm256_storeu_si256(codes.as_mut_ptr().cast(), packed);
            let sum = codes.iter().map(|code| i32::from(*code)).sum();
            QuantizedGroup { codes, scale, sum }
        }
    }
}

/// Exchanges rows and columns.
#[inline(always)]
fn transpose(_proof: Avx2, rows: &[__m256; 8]) -> [__m256; 8] {
    let mut quads = *rows;
    let mut columns = *rows;
    // SAFETY: `_proof` proves the instructions.
    unsafe {
        // Afterwards half `h` of `quads[b + c]` is column `4 h + c` of rows `b .. b + 4`.
        for base in [0, 4] {
            for half in [0, 1] {
                let (first, second) = (rows[base + 2 * half], rows[base + 2 * half + 1]);
                columns[base + 2 * half] = _mm256_unpacklo_ps(first, second);
                columns[base + 2 * half + 1] = _mm256_unpackhi_ps(first, second);
            }
            for half in [0, 1] {
                let first = _mm256_castps_pd(columns[base + half]);
                let second = _mm256_castps_pd(columns[base + half + 2]);
                quads[base + 2 * half] = _mm256_castpd_ps(_mm256_unpacklo_pd(first, second));
                quads[base + 2 * half + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(first, second));
            }
        }
        for column in 0..4 {
            let (first, second) = (quads[column], quads[column + 4]);
            columns[column] = _mm256_permute2f128_ps::<0x20>(first, second);
            columns[column + 4] = _mm256_permute2f128_ps::<0x31>(first, second);
        }
    }
    columns
}
