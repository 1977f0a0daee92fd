//! NEON.
#![allow(clippy::wildcard_imports, reason = "intrinsics carry their own prefix")]

use std::arch::aarch64::*;

use super::{Isa, one_instruction};
use crate::block_format::GROUP_COLUMNS;
use crate::vector::{QuantizedGroup, scale_of};

/// NEON with the byte dot product, which [`multiply`](crate::multiply) uses.
#[derive(Clone, Copy)]
pub(crate) struct Neon(());

impl Neon {
    /// # Safety
    /// The processor must have these instructions.
    pub(crate) unsafe fn assume() -> Neon {
        Neon(())
    }
}

impl Isa for Neon {
    const LANES: usize = 4;
    type Vector = float32x4_t;

    one_instruction! {
        fn splat(value: f32) -> float32x4_t = vdupq_n_f32(value);
        fn add(left: float32x4_t, right: float32x4_t) -> float32x4_t = vaddq_f32(left, right);
        fn subtract(left: float32x4_t, right: float32x4_t) -> float32x4_t = vsubq_f32(left, right);
        fn multiply(left: float32x4_t, right: float32x4_t) -> float32x4_t = vmulq_f32(left, right);
        fn divide(left: float32x4_t, right: float32x4_t) -> float32x4_t = vdivq_f32(left, right);
        // Neither of the processor's own treatments of NaN is the one that `Isa` asks for.
        fn max(left: float32x4_t, right: float32x4_t) -> float32x4_t =
            vbslq_f32(vcgtq_f32(left, right), left, right);
        fn min(left: float32x4_t, right: float32x4_t) -> float32x4_t =
            vbslq_f32(vcltq_f32(left, right), left, right);
        fn multiply_add(left: float32x4_t, right: float32x4_t, addend: float32x4_t)
            -> float32x4_t = vfmaq_f32(addend, left, right);
        fn round(vector: float32x4_t) -> float32x4_t = vrndnq_f32(vector);
        fn scale_by_power(vector: float32x4_t, power: float32x4_t) -> float32x4_t = {
            let exponent = vaddq_s32(vcvtnq_s32_f32(power), vdupq_n_s32(127));
            vmulq_f32(vector, vreinterpretq_f32_s32(vshlq_n_s32::<23>(exponent)))
        };
        fn sum_of_lanes(vector: float32x4_t) -> f32 = vaddvq_f32(vector);
        fn max_of_lanes(vector: float32x4_t) -> f32 = vmaxvq_f32(vector);
    }

    #[inline(always)]
    fn load(self, from: &[f32]) -> float32x4_t {
        assert!(from.len() >= Self::LANES, "a load from {} numbers", from.len());
        // SAFETY: the length was checked, `self` proves the instruction, no alignment is needed.
        unsafe { vld1q_f32(from.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, vector: float32x4_t, to: &mut [f32]) {
        assert!(to.len() >= Self::LANES, "a store to {} numbers", to.len());
        // SAFETY: as in `load`.
        unsafe { vst1q_f32(to.as_mut_ptr(), vector) }
    }

    #[inline(always)]
    fn load_halves(self, from: &[u16]) -> float32x4_t {
        assert!(from.len() >= Self::LANES, "a load from {} numbers", from.len());
        // SAFETY: as in `load`.
        unsafe { vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(from.as_ptr()))) }
    }

    #[inline(always)]
    fn load_bytes(self, from: &[i8]) -> float32x4_t {
        assert!(from.len() >= Self::LANES, "a load from {} numbers", from.len());
        // SAFETY: as in `load`.
        unsafe {
            let bytes = vcreate_s8(u64::from(from.as_ptr().cast::<u32>().read_unaligned()));
            vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(bytes))))
        }
    }

    #[inline(always)]
    fn store_halves(self, vector: float32x4_t, to: &mut [u16]) {
        assert!(to.len() >= Self::LANES, "a store to {} numbers", to.len());
        // SAFETY: as in `load`.
        unsafe { vst1_u16(to.as_mut_ptr(), vreinterpret_u16_f16(vcvt_f16_f32(vector))) }
    }

    #[inline(always)]
    fn transpose_halves(self, rows: &[&[u16]], column: usize, to: &mut [f32], stride: usize) {
        let mut block = [self.splat(0.0); 4];
        for (row, vector) in block.iter_mut().enumerate() {
            *vector = self.load_halves(&rows[row][column..]);
        }
        for (index, vector) in transpose(self, &block).iter().enumerate() {
            self.store(*vector, &mut to[index * stride..]);
        }
    }

    #[inline(always)]
    fn quantize_group(self, values: &[f32; GROUP_COLUMNS]) -> QuantizedGroup {
        let mut parts = [self.splat(0.0); 8];
        for (part, values) in parts.iter_mut().zip(values.as_chunks::<4>().0) {
            *part = self.load(values);
        }
        // SAFETY: `self` proves the instructions; each store fills the eight bytes of its chunk.
        unsafe {
            // Magnitudes compare as integers do, with infinity and NaN above all.
            let mut largest = vdupq_n_u32(0);
            for part in &parts {
                largest = vmaxq_u32(largest, vreinterpretq_u32_f32(vabsq_f32(*part)));
            }
            let Some((scale, inverse)) = scale_of(vmaxvq_u32(largest)) else {
                return QuantizedGroup::BROKEN;
            };
            let mut sums = vdupq_n_s32(0);
            let mut codes = [0_i8; GROUP_COLUMNS];
            let chunks = codes.as_chunks_mut::<8>().0;
            for (codes, parts) in chunks.iter_mut().zip(parts.as_chunks::<2>().0) {
                let first = vcvtnq_s32_f32(vmulq_n_f32(parts[0], inverse));
                let second = vcvtnq_s32_f32(vmulq_n_f32(parts[1], inverse));
                sums = vaddq_s32(sums, vaddq_s32(first, second));
                let narrow = vmovn_s16(vcombine_s16(vmovn_s32(first), vmovn_s32(second)));
                vst1_s8(codes.as_mut_ptr(), narrow);
            }
            QuantizedGroup { codes, scale, sum: vaddvq_s32(sums) }
        }
    }
}

/// Exchanges rows and columns.
#[inline(always)]
fn transpose(_proof: Neon, rows: &[float32x4_t; 4]) -> [float32x4_t; 4] {
    let mut columns = *rows;
    // SAFETY: `_proof` proves the instructions.
    unsafe {
        // Half `h` of `quads[p]` is number `2 h` of rows `2 p` and `2 p + 1`, that of
        // `quads[p + 2]` the number after it.
        let mut quads = *rows;
        for pair in 0..2 {
            let (first, second) = (rows[2 * pair], rows[2 * pair + 1]);
            quads[pair] = vtrn1q_f32(first, second);
            quads[pair + 2] = vtrn2q_f32(first, second);
        }
        for odd in 0..2 {
            let first = vreinterpretq_f64_f32(quads[2 * odd]);
            let second = vreinterpretq_f64_f32(quads[2 * odd + 1]);
            columns[odd] = vreinterpretq_f32_f64(vzip1q_f64(first, second));
            columns[odd + 2] = vreinterpretq_f32_f64(vzip2q_f64(first, second));
        }
    }
    columns
}
