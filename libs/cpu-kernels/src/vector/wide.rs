//! Algorithms over vectors of any width.
#![expect(clippy::inline_always, reason = "must melt into a function that has the instructions")]

use super::{GELU_CUBE, GELU_SCALE, QuantizedGroup, TAIL, TAIL_STEP, scalar};
use crate::block_format::GROUP_COLUMNS;
use crate::isa::Isa;

/// Accumulators that hide the latency of additions.
const CHAINS: usize = 4;

#[inline(always)]
pub(super) fn quantize_group<I: Isa>(isa: I, values: &[f32; GROUP_COLUMNS]) -> QuantizedGroup {
    isa.quantize_group(values)
}

#[inline(always)]
pub(super) fn rms_norm<I: Isa>(isa: I, x: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) {
    let mut sums = [isa.splat(0.0); CHAINS];
    let blocks = x.chunks_exact(CHAINS * I::LANES);
    let mut squares = blocks.remainder().iter().map(|value| value * value).sum::<f32>();
    for block in blocks {
        for (sum, part) in sums.iter_mut().zip(block.chunks_exact(I::LANES)) {
            let part = isa.load(part);
            *sum = isa.multiply_add(part, part, *sum);
        }
    }
    squares += sum_of(isa, sums);
    #[expect(clippy::cast_precision_loss, reason = "lengths are far below 2^24")]
    let factor = 1.0 / (squares / x.len() as f32 + epsilon).sqrt();
    let wide = isa.splat(factor);
    let lanes = x.len() - x.len() % I::LANES;
    for start in (0..lanes).step_by(I::LANES) {
        let scaled = isa.multiply(isa.load(&x[start..]), wide);
        isa.store(isa.multiply(scaled, isa.load(&weight[start..])), &mut out[start..]);
    }
    for index in lanes..x.len() {
        out[index] = x[index] * factor * weight[index];
    }
}

#[inline(always)]
#[expect(clippy::cast_precision_loss, reason = "lengths are far below 2^24")]
pub(super) fn layer_norm<I: Isa>(
    isa: I,
    x: &[f32],
    (weight, bias): (&[f32], &[f32]),
    epsilon: f32,
    out: &mut [f32],
) {
    let mut sums = [isa.splat(0.0); CHAINS];
    let blocks = x.chunks_exact(CHAINS * I::LANES);
    let rest = blocks.remainder();
    for block in blocks.clone() {
        for (sum, part) in sums.iter_mut().zip(block.chunks_exact(I::LANES)) {
            *sum = isa.add(*sum, isa.load(part));
        }
    }
    let mean = (sum_of(isa, sums) + rest.iter().sum::<f32>()) / x.len() as f32;
    let wide_mean = isa.splat(mean);
    let mut squares = [isa.splat(0.0); CHAINS];
    for block in blocks {
        for (sum, part) in squares.iter_mut().zip(block.chunks_exact(I::LANES)) {
            let centred = isa.subtract(isa.load(part), wide_mean);
            *sum = isa.multiply_add(centred, centred, *sum);
        }
    }
    let squares = sum_of(isa, squares)
        + rest.iter().map(|value| (value - mean) * (value - mean)).sum::<f32>();
    let factor = 1.0 / (squares / x.len() as f32 + epsilon).sqrt();
    let wide = isa.splat(factor);
    let lanes = x.len() - x.len() % I::LANES;
    for start in (0..lanes).step_by(I::LANES) {
        let centred = isa.multiply(isa.subtract(isa.load(&x[start..]), wide_mean), wide);
        let (weight, bias) = (isa.load(&weight[start..]), isa.load(&bias[start..]));
        isa.store(isa.multiply_add(centred, weight, bias), &mut out[start..]);
    }
    for index in lanes..x.len() {
        out[index] = (x[index] - mean) * factor * weight[index] + bias[index];
    }
}

#[inline(always)]
pub(super) fn gelu<I: Isa>(isa: I, x: &mut [f32]) {
    let lanes = x.len() - x.len() % I::LANES;
    let (zero, one) = (isa.splat(0.0), isa.splat(1.0));
    for start in (0..lanes).step_by(I::LANES) {
        let value = isa.load(&x[start..]);
        let size = isa.max(isa.subtract(zero, value), value);
        let divisor = isa.multiply_add(isa.splat(TAIL_STEP), size, one);
        let step = isa.divide(one, divisor);
        let mut polynomial = isa.splat(TAIL[0]);
        for factor in &TAIL[1..] {
            polynomial = isa.multiply_add(polynomial, step, isa.splat(*factor));
        }
        let near = isa.min(size, isa.splat(13.0));
        let exponent = isa.multiply(isa.multiply(near, near), isa.splat(-0.5));
        let tail = isa.multiply(isa.multiply(polynomial, step), isa.exp(exponent));
        let below = isa.multiply(size, tail);
        isa.store(isa.subtract(isa.max(value, zero), below), &mut x[start..]);
    }
    scalar::gelu(&mut x[lanes..]);
}

#[inline(always)]
pub(super) fn swiglu<I: Isa>(isa: I, gate: &[f32], up: &[f32], out: &mut [f32]) {
    let lanes = gate.len() - gate.len() % I::LANES;
    let one = isa.splat(1.0);
    for start in (0..lanes).step_by(I::LANES) {
        let gate = isa.load(&gate[start..]);
        let divisor = isa.add(isa.exp(isa.subtract(isa.splat(0.0), gate)), one);
        let product = isa.multiply(isa.divide(gate, divisor), isa.load(&up[start..]));
        isa.store(product, &mut out[start..]);
    }
    scalar::swiglu(&gate[lanes..], &up[lanes..], &mut out[lanes..]);
}

#[inline(always)]
pub(super) fn geglu<I: Isa>(isa: I, gate: &[f32], up: &[f32], out: &mut [f32]) {
    let lanes = gate.len() - gate.len() % I::LANES;
    let one = isa.splat(1.0);
    for start in (0..lanes).step_by(I::LANES) {
        let gate = isa.load(&gate[start..]);
        let cubic = isa.multiply_add(isa.multiply(gate, isa.splat(GELU_CUBE)), gate, one);
        let exponent = isa.multiply(isa.multiply(gate, isa.splat(-GELU_SCALE)), cubic);
        let divisor = isa.add(isa.exp(exponent), one);
        let product = isa.multiply(isa.divide(gate, divisor), isa.load(&up[start..]));
        isa.store(product, &mut out[start..]);
    }
    scalar::geglu(&gate[lanes..], &up[lanes..], &mut out[lanes..]);
}

#[inline(always)]
pub(super) fn to_f16<I: Isa>(isa: I, x: &[f32], out: &mut [u16]) {
    let lanes = x.len() - x.len() % I::LANES;
    for start in (0..lanes).step_by(I::LANES) {
        isa.store_halves(isa.load(&x[start..]), &mut out[start..]);
    }
    scalar::to_f16(&x[lanes..], &mut out[lanes..]);
}

#[inline(always)]
pub(super) fn largest<I: Isa>(isa: I, values: &[f32]) -> f32 {
    let mut largest = [isa.splat(f32::NEG_INFINITY); CHAINS];
    let blocks = values.chunks_exact(CHAINS * I::LANES);
    let rest = scalar::largest(blocks.remainder());
    for block in blocks {
        for (largest, part) in largest.iter_mut().zip(block.chunks_exact(I::LANES)) {
            *largest = isa.max(isa.load(part), *largest);
        }
    }
    let [a, b, c, d] = largest;
    isa.max_of_lanes(isa.max(isa.max(a, b), isa.max(c, d))).max(rest)
}

#[inline(always)]
pub(super) fn log_sum_exp<I: Isa>(isa: I, logits: &[f32]) -> f32 {
    let largest = largest(isa, logits);
    if largest.is_infinite() {
        return scalar::log_sum_exp(logits);
    }
    let wide = isa.splat(largest);
    let mut sums = [isa.splat(0.0); CHAINS];
    let blocks = logits.chunks_exact(CHAINS * I::LANES);
    let rest = blocks.remainder().iter().map(|logit| (logit - largest).exp()).sum::<f32>();
    for block in blocks {
        for (sum, part) in sums.iter_mut().zip(block.chunks_exact(I::LANES)) {
            *sum = isa.add(*sum, isa.exp(isa.subtract(isa.load(part), wide)));
        }
    }
    largest + (sum_of(isa, sums) + rest).ln()
}

#[inline(always)]
fn sum_of<I: Isa>(isa: I, [a, b, c, d]: [I::Vector; CHAINS]) -> f32 {
    isa.sum_of_lanes(isa.add(isa.add(a, b), isa.add(c, d)))
}

/// Defines the functions of [`vector`](crate::vector) for one instruction set.
macro_rules! for_isa {
    ($isa:ty, $features:literal) => {
        for_isa! { @define $isa, $features,
            fn quantize_group(values: &[f32; crate::block_format::GROUP_COLUMNS])
                -> crate::vector::QuantizedGroup = |isa| wide::quantize_group(isa, values);
            fn rms_norm(x: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32])
                -> () = |isa| wide::rms_norm(isa, x, weight, epsilon, out);
            fn layer_norm(x: &[f32], weight: &[f32], bias: &[f32], epsilon: f32, out: &mut [f32])
                -> () = |isa| wide::layer_norm(isa, x, (weight, bias), epsilon, out);
            fn gelu(x: &mut [f32]) -> () = |isa| wide::gelu(isa, x);
            fn swiglu(gate: &[f32], up: &[f32], out: &mut [f32])
                -> () = |isa| wide::swiglu(isa, gate, up, out);
            fn geglu(gate: &[f32], up: &[f32], out: &mut [f32])
                -> () = |isa| wide::geglu(isa, gate, up, out);
            fn to_f16(x: &[f32], out: &mut [u16]) -> () = |isa| wide::to_f16(isa, x, out);
            fn largest(values: &[f32]) -> f32 = |isa| wide::largest(isa, values);
            fn log_sum_exp(logits: &[f32]) -> f32 = |isa| wide::log_sum_exp(isa, logits);
            fn add_in_place(x: &mut [f32], y: &[f32])
                -> () = |_isa| scalar::add_in_place(x, y);
            fn rope_interleaved(vector: &mut [f32], cos: &[f32], sin: &[f32])
                -> () = |_isa| scalar::rope_interleaved(vector, cos, sin);
            fn rope_halves(vector: &mut [f32], cos: &[f32], sin: &[f32])
                -> () = |_isa| scalar::rope_halves(vector, cos, sin);
        }
    };
    (@define $isa:ty, $features:literal,
        $(fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty
            = |$proof:ident| $body:expr;)*
    ) => {
        $(
            #[target_feature(enable = $features)]
            pub(super) fn $name($($argument: $type),*) -> $result {
                // SAFETY: this function has the instructions, so it is only reached with them.
                let $proof = unsafe { <$isa>::assume() };
                $body
            }
        )*
    };
}
pub(super) use for_isa;
