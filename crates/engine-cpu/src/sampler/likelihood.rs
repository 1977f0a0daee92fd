//! Probabilities from logits, the same on every machine.
//!
//! Only additions, multiplications and comparisons in a fixed order, which IEEE 754 defines to
//! the last bit; written over lanes so that compilers can use vector registers.

const LANES: usize = 16;

/// The largest logit; minus infinity when there is none. Ignores what is not a number.
pub(super) fn maximum(logits: &[f32]) -> f32 {
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let (chunks, rest) = logits.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, &logit) in lanes.iter_mut().zip(chunk) {
            *lane = larger(*lane, logit);
        }
    }
    lanes.iter().chain(rest).copied().fold(f32::NEG_INFINITY, larger)
}

/// The sum of `exp(logit - maximum)`.
pub(super) fn total(logits: &[f32], maximum: f32) -> f64 {
    let mut sum = 0.0;
    // Short runs in single precision, joined in double: many small terms are not lost.
    for run in logits.chunks(LANES * 64) {
        let mut lanes = [0.0_f32; LANES];
        let (chunks, rest) = run.as_chunks::<LANES>();
        for chunk in chunks {
            for (lane, &logit) in lanes.iter_mut().zip(chunk) {
                *lane += exp(logit - maximum);
            }
        }
        let tail = rest.iter().map(|&logit| f64::from(exp(logit - maximum)));
        sum += lanes.iter().map(|&lane| f64::from(lane)).chain(tail).sum::<f64>();
    }
    sum
}

/// Replaces `weights` by `exp((logit - maximum) * scale)` of each logit.
pub(super) fn weigh(logits: &[f32], maximum: f32, scale: f32, weights: &mut Vec<f32>) {
    weights.resize(logits.len(), 0.0);
    for (weight, &logit) in weights.iter_mut().zip(logits) {
        *weight = exp((logit - maximum) * scale);
    }
}

/// The sum of some weights, not too many: in single precision over lanes.
pub(super) fn sum(weights: &[f32]) -> f64 {
    let mut lanes = [0.0_f32; LANES];
    let (chunks, rest) = weights.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, &weight) in lanes.iter_mut().zip(chunk) {
            *lane += weight;
        }
    }
    lanes.iter().chain(rest).map(|&part| f64::from(part)).sum()
}

/// What to subtract from a logit to get its natural-log probability.
pub(super) fn log_sum_exp(logits: &[f32]) -> f32 {
    let maximum = maximum(logits);
    #[expect(clippy::cast_possible_truncation, reason = "a probability needs no f64 precision")]
    let log = total(logits, maximum).ln() as f32;
    maximum + log
}

/// `e^x` for `x` up to 0, within 2 units in the last place; 0 below -87 and for NaN.
#[inline]
pub(super) fn exp(x: f32) -> f32 {
    // Adding 1.5 * 2^23 leaves the nearest whole number in the low bits of the mantissa.
    const ROUNDER: f32 = 12_582_912.0;
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let usable = x > -87.0;
    let inside = if usable { x } else { -87.0 };
    let inside = if inside < 0.0 { inside } else { 0.0 };
    let shifted = inside * std::f32::consts::LOG2_E + ROUNDER;
    let whole = shifted - ROUNDER;
    let rest = (inside - whole * LN_2_HIGH) - whole * LN_2_LOW;
    // Minimax polynomial of Cephes `expf`.
    let mut power = 1.987_569_1e-4_f32;
    power = power * rest + 1.398_2e-3;
    power = power * rest + 8.333_452e-3;
    power = power * rest + 4.166_579_6e-2;
    power = power * rest + 1.666_666_5e-1;
    power = power * rest + 0.5;
    power = power * rest * rest + rest + 1.0;
    // `whole` is from -126 to 0, so 2^whole is a normal number whose bits are its exponent.
    let exponent = shifted.to_bits().wrapping_sub(ROUNDER.to_bits()).wrapping_add(127);
    let scaled = power * f32::from_bits(exponent << 23);
    if usable { scaled } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compared by their bits, except that 0 and -0 are the same.
    fn check(found: f32, expected: f32) {
        assert_eq!((found + 0.0).to_bits(), (expected + 0.0).to_bits(), "{found} {expected}");
    }

    #[test]
    fn exp_agrees_with_the_platform() {
        let mut x = 0.0_f32;
        while x > -86.9 {
            let (ours, exact) = (f64::from(exp(x)), f64::from(x).exp());
            assert!((ours - exact).abs() <= exact * 2.5e-7, "exp({x}) = {ours}, not {exact}");
            x -= 0.001_7;
        }
        for (x, expected) in [(0.0, 1.0), (-0.0, 1.0), (-88.0, 0.0), (f32::NEG_INFINITY, 0.0)] {
            check(exp(x), expected);
        }
        check(exp(f32::NAN), 0.0);
    }

    /// The bits themselves: another machine or compiler must not change them.
    #[test]
    fn exp_is_the_same_everywhere() {
        let bits = [-0.1_f32, -1.0, -10.0, -50.5].map(|x| exp(x).to_bits());
        assert_eq!(bits, [1_063_756_653, 1_052_531_378, 943_614_926, 453_864_698]);
    }

    #[test]
    fn probabilities_add_up_to_one() {
        for length in [1_u8, 15, 16, 17, 200] {
            let logits: Vec<f32> = (0..length).map(|n| f32::from(n % 23) - 7.5).collect();
            let normaliser = log_sum_exp(&logits);
            let sum: f32 = logits.iter().map(|logit| (logit - normaliser).exp()).sum();
            assert!((sum - 1.0).abs() < 1e-5, "{length}: {sum}");
        }
    }

    #[test]
    fn the_maximum_ignores_what_is_not_a_number() {
        check(maximum(&[f32::NAN, 1.0, f32::NAN]), 1.0);
        check(maximum(&[f32::NAN]), f32::NEG_INFINITY);
        let mut many = vec![-3.0; 100];
        many[37] = -1.0;
        check(maximum(&many), -1.0);
    }
}
