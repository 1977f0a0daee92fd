//! The reference in plain Rust.
#![expect(clippy::inline_always, reason = "some melt into functions with wider instructions")]

use half::f16;

use super::{GELU_CUBE, GELU_SCALE, QuantizedGroup, TAIL, TAIL_STEP, scale_of};
use crate::block_format::GROUP_COLUMNS;

pub(super) fn quantize_group(values: &[f32; GROUP_COLUMNS]) -> QuantizedGroup {
    let largest = values.iter().fold(0, |largest, value| value.abs().to_bits().max(largest));
    let Some((scale, inverse)) = scale_of(largest) else {
        return QuantizedGroup::BROKEN;
    };
    #[expect(clippy::cast_possible_truncation, reason = "the product lies within 127")]
    let codes = values.map(|value| (value * inverse).round_ties_even() as i8);
    QuantizedGroup { codes, scale, sum: codes.iter().map(|code| i32::from(*code)).sum() }
}

pub(super) fn rms_norm(x: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) {
    #[expect(clippy::cast_precision_loss, reason = "lengths are far below 2^24")]
    let mean = x.iter().map(|value| value * value).sum::<f32>() / x.len() as f32;
    let factor = 1.0 / (mean + epsilon).sqrt();
    for ((out, value), weight) in out.iter_mut().zip(x).zip(weight) {
        *out = value * factor * weight;
    }
}

#[expect(clippy::cast_precision_loss, reason = "lengths are far below 2^24")]
pub(super) fn layer_norm(x: &[f32], weight: &[f32], bias: &[f32], epsilon: f32, out: &mut [f32]) {
    let mean = x.iter().sum::<f32>() / x.len() as f32;
    let square = |value: &f32| (value - mean) * (value - mean);
    let factor = 1.0 / (x.iter().map(square).sum::<f32>() / x.len() as f32 + epsilon).sqrt();
    for (((out, value), weight), bias) in out.iter_mut().zip(x).zip(weight).zip(bias) {
        *out = (value - mean) * factor * weight + bias;
    }
}

pub(super) fn gelu(x: &mut [f32]) {
    for x in x {
        let size = x.abs();
        let step = 1.0 / (1.0 + TAIL_STEP * size);
        let polynomial = TAIL.iter().fold(0.0, |sum, factor| sum * step + factor) * step;
        // Beyond this the tail is nothing, and the square of a large number infinite.
        let near = size.min(13.0);
        let tail = polynomial * (-0.5 * near * near).exp();
        *x = x.max(0.0) - size * tail;
    }
}

pub(super) fn swiglu(gate: &[f32], up: &[f32], out: &mut [f32]) {
    for ((out, gate), up) in out.iter_mut().zip(gate).zip(up) {
        *out = gate / (1.0 + (-gate).exp()) * up;
    }
}

pub(super) fn geglu(gate: &[f32], up: &[f32], out: &mut [f32]) {
    for ((out, gate), up) in out.iter_mut().zip(gate).zip(up) {
        let exponent = -GELU_SCALE * gate * (1.0 + GELU_CUBE * gate * gate);
        *out = gate / (1.0 + exponent.exp()) * up;
    }
}

#[inline(always)]
pub(super) fn add_in_place(x: &mut [f32], y: &[f32]) {
    x.iter_mut().zip(y).for_each(|(x, y)| *x += y);
}

#[inline(always)]
pub(super) fn rope_interleaved(vector: &mut [f32], cos: &[f32], sin: &[f32]) {
    for ((pair, cos), sin) in vector.chunks_exact_mut(2).zip(cos).zip(sin) {
        (pair[0], pair[1]) = (pair[0] * cos - pair[1] * sin, pair[0] * sin + pair[1] * cos);
    }
}

#[inline(always)]
pub(super) fn rope_halves(vector: &mut [f32], cos: &[f32], sin: &[f32]) {
    let (first, second) = vector.split_at_mut(cos.len());
    for (((x, y), cos), sin) in first.iter_mut().zip(second).zip(cos).zip(sin) {
        (*x, *y) = (*x * cos - *y * sin, *x * sin + *y * cos);
    }
}

pub(super) fn to_f16(x: &[f32], out: &mut [u16]) {
    for (out, value) in out.iter_mut().zip(x) {
        *out = f16::from_f32(*value).to_bits();
    }
}

pub(super) fn largest(values: &[f32]) -> f32 {
    values.iter().fold(f32::NEG_INFINITY, |largest, value| largest.max(*value))
}

pub(super) fn log_sum_exp(logits: &[f32]) -> f32 {
    let largest = largest(logits);
    if largest.is_infinite() {
        return if logits.iter().any(|logit| logit.is_nan()) { f32::NAN } else { largest };
    }
    largest + logits.iter().map(|logit| (logit - largest).exp()).sum::<f32>().ln()
}
