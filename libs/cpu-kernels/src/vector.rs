//! Element-wise steps between the matrix products.
#![expect(unsafe_code, reason = "calls functions for instructions that a `Path` proves")]

use std::f32::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use crate::block_format::GROUP_COLUMNS;
use crate::path::{Path, PathKind, dispatch};

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod wide;

/// Which numbers of a head form the pairs that a rotary embedding turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RopeStyle {
    /// Pairs `(2 i, 2 i + 1)`, as in GGUF files of the llama family.
    Interleaved,
    /// Pairs `(i, i + n / 2)`.
    Halves,
}

/// 32 numbers as signed bytes.
pub(crate) struct QuantizedGroup {
    pub(crate) codes: [i8; GROUP_COLUMNS],
    pub(crate) scale: f32,
    pub(crate) sum: i32,
}

impl QuantizedGroup {
    /// Of numbers among which one is NaN or infinite.
    pub(crate) const BROKEN: QuantizedGroup =
        QuantizedGroup { codes: [0; GROUP_COLUMNS], scale: f32::NAN, sum: 0 };
}

/// Scale of a group and its inverse, given the bits of the largest magnitude in it; `None` when
/// that is not finite. A scale too small to be inverted is zero.
pub(crate) fn scale_of(largest_bits: u32) -> Option<(f32, f32)> {
    let largest = f32::from_bits(largest_bits);
    let scale = largest / 127.0;
    let inverse = if scale.is_normal() { 127.0 / largest } else { 0.0 };
    largest.is_finite().then_some((if scale.is_normal() { scale } else { 0.0 }, inverse))
}

/// Quantises 32 numbers; see [`Activations`](crate::Activations).
pub(crate) fn quantize_group(path: Path, values: &[f32; GROUP_COLUMNS]) -> QuantizedGroup {
    dispatch!(path, quantize_group(values))
}

/// Root mean square norm: `out[i] = x[i] / sqrt(mean(x^2) + epsilon) * weight[i]`.
///
/// # Panics
/// If the lengths differ.
pub fn rms_norm(path: Path, x: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) {
    assert!(x.len() == weight.len() && x.len() == out.len(), "lengths of a norm differ");
    dispatch!(path, rms_norm(x, weight, epsilon, out));
}

/// Layer norm: `out[i] = (x[i] - mean(x)) / sqrt(variance(x) + epsilon) * weight[i] + bias[i]`.
///
/// # Panics
/// If the lengths differ.
pub fn layer_norm(
    path: Path,
    x: &[f32],
    (weight, bias): (&[f32], &[f32]),
    epsilon: f32,
    out: &mut [f32],
) {
    assert!(x.len() == weight.len() && x.len() == bias.len(), "lengths of a norm differ");
    assert_eq!(x.len(), out.len(), "lengths of a norm differ");
    dispatch!(path, layer_norm(x, weight, bias, epsilon, out));
}

/// The Gaussian error linear unit `x[i] = x[i] * P(X <= x[i])`, exact but for rounding: within
/// 1e-6 of exact arithmetic, or 1e-6 of its value where that is more.
pub fn gelu(path: Path, x: &mut [f32]) {
    dispatch!(path, gelu(x));
}

/// The tail of the normal distribution (Abramowitz and Stegun 7.1.26), for `x >= 0`:
/// `P(X > x) = exp(-x^2 / 2) * t * (t (t (t (t a5 + a4) + a3) + a2) + a1)`, `t = 1 / (1 + p x)`.
/// The error is at most 7.5e-8.
const TAIL: [f32; 5] = [0.530_702_7, -0.726_576, 0.710_706_9, -0.142_248_37, 0.127_414_8];
/// The `p` of [`TAIL`], with the root of two taken in.
const TAIL_STEP: f32 = 0.327_591_1 * FRAC_1_SQRT_2;

/// `out[i] = gate[i] / (1 + exp(-gate[i])) * up[i]`, with a relative error below 1e-6 against
/// exact arithmetic wherever the result is a normal number.
///
/// # Panics
/// If the lengths differ.
pub fn swiglu(path: Path, gate: &[f32], up: &[f32], out: &mut [f32]) {
    assert!(gate.len() == up.len() && gate.len() == out.len(), "lengths of a gate differ");
    dispatch!(path, swiglu(gate, up, out));
}

/// `out[i] = gelu(gate[i]) * up[i]` with the approximation of the Gaussian error linear unit by a
/// hyperbolic tangent: `gelu(x) = x / (1 + exp(-2 u))`, `u = sqrt(2 / pi) (x + 0.044715 x^3)`.
///
/// # Panics
/// If the lengths differ.
pub fn geglu(path: Path, gate: &[f32], up: &[f32], out: &mut [f32]) {
    assert!(gate.len() == up.len() && gate.len() == out.len(), "lengths of a gate differ");
    dispatch!(path, geglu(gate, up, out));
}

/// `2 sqrt(2 / pi)`: what the cubic of [`geglu`] is multiplied by.
const GELU_SCALE: f32 = 2.0 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2;
/// The factor of the cube in [`geglu`].
const GELU_CUBE: f32 = 0.044_715;

/// `x[i] += y[i]`.
///
/// # Panics
/// If the lengths differ.
pub fn add_in_place(path: Path, x: &mut [f32], y: &[f32]) {
    assert_eq!(x.len(), y.len(), "lengths of a sum differ");
    dispatch!(path, add_in_place(x, y));
}

/// Turns the pairs of one head: pair `i` by the angle whose cosine and sine are `cos[i]` and
/// `sin[i]`. Numbers beyond the first `2 * cos.len()` stay as they are.
///
/// # Panics
/// If `cos` and `sin` differ in length or hold more pairs than `vector`.
pub fn rope(path: Path, vector: &mut [f32], cos: &[f32], sin: &[f32], style: RopeStyle) {
    assert_eq!(cos.len(), sin.len(), "lengths of the cosines and sines");
    assert!(2 * cos.len() <= vector.len(), "{} pairs in {} numbers", cos.len(), vector.len());
    let turned = &mut vector[..2 * cos.len()];
    match style {
        RopeStyle::Interleaved => dispatch!(path, rope_interleaved(turned, cos, sin)),
        RopeStyle::Halves => dispatch!(path, rope_halves(turned, cos, sin)),
    }
}

/// Rounds to IEEE 754 half precision (its bits), ties to even.
///
/// # Panics
/// If the lengths differ.
pub fn to_f16(path: Path, x: &[f32], out: &mut [u16]) {
    assert_eq!(x.len(), out.len(), "lengths of a conversion differ");
    dispatch!(path, to_f16(x, out));
}

/// Natural logarithm of the sum of `exp(logit)`, the normaliser of a softmax.
///
/// Negative infinity for no logits or when all are; NaN if one is NaN.
pub fn log_sum_exp(path: Path, logits: &[f32]) -> f32 {
    dispatch!(path, log_sum_exp(logits))
}

/// Numbers that [`arg_max`] compares at a time.
const PIECE: usize = 256;

/// Index of the largest number, the first one of equals; NaN is never the largest. 0 when
/// there is none.
pub fn arg_max(path: Path, values: &[f32]) -> usize {
    let largest = dispatch!(path, largest(values));
    // Counting by pieces has no branches, unlike a search.
    let holds = |piece: &[f32]| piece.iter().filter(|value| **value >= largest).count() > 0;
    let start = values.chunks(PIECE).position(holds).map_or(0, |piece| piece * PIECE);
    let rest = values[start..].iter().position(|value| *value >= largest);
    rest.map_or(0, |index| start + index)
}
