//! Element-wise functions.

use cpu_kernels::{
    Path, PathKind, RopeStyle, add_in_place, arg_max, geglu, gelu, layer_norm, log_sum_exp,
    rms_norm, rope, swiglu, to_f16,
};
use half::f16;
use proptest::prelude::*;

use crate::noise::Noise;

const LENGTHS: [usize; 12] = [1, 2, 7, 8, 15, 16, 31, 32, 33, 64, 100, 576];

fn assert_near(path: Path, what: &str, value: f32, expected: f64, relative: f64) {
    assert!(
        (f64::from(value) - expected).abs() <= relative * expected.abs() + 1e-36,
        "{} {what}: {value:e} {expected:e}",
        path.name()
    );
}

#[expect(clippy::disallowed_methods, reason = "the emulated processor is chosen outside")]
#[test]
fn paths_are_found_and_named() {
    let paths = Path::available();
    assert_eq!(paths.first(), Some(&Path::SCALAR));
    assert_eq!(paths.last(), Some(&Path::best()));
    for kind in PathKind::ALL {
        assert_eq!(Path::select(kind).is_some(), paths.iter().any(|path| path.kind() == kind));
    }
    let names: Vec<_> = paths.iter().map(|path| path.name()).collect();
    let known: &[&str] = if cfg!(target_arch = "x86_64") {
        &["scalar", "avx2", "avx512-vnni"]
    } else if cfg!(target_arch = "aarch64") {
        &["scalar", "neon"]
    } else {
        &["scalar"]
    };
    assert!(known.starts_with(&names), "{names:?}");
    // `make test-neon` knows the processor that it imitates.
    if let Ok(expected) = std::env::var("GALERNE_EXPECTED_PATHS") {
        assert_eq!(names.join(","), expected);
    }
}

#[test]
fn norm_divides_by_the_root_of_the_mean_square() {
    for path in Path::available() {
        for length in LENGTHS {
            let mut noise = Noise::new(length as u64);
            let (x, weight) = (noise.floats(length), noise.floats(length));
            let mut out = vec![0.0; length];
            rms_norm(path, &x, &weight, 1e-5, &mut out);
            let square: f64 = x.iter().map(|x| f64::from(*x).powi(2)).sum();
            let root = (square / length as f64 + f64::from(1e-5_f32)).sqrt();
            for index in 0..length {
                let expected = f64::from(x[index]) / root * f64::from(weight[index]);
                assert_near(path, "norm", out[index], expected, 1e-6);
            }
        }
    }
}

#[test]
fn layer_norm_centres_and_divides_by_the_deviation() {
    for path in Path::available() {
        for length in LENGTHS {
            let mut noise = Noise::new(length as u64);
            let x: Vec<f32> = noise.floats(length).iter().map(|x| 3.0 + 2.0 * x).collect();
            let (weight, bias) = (noise.floats(length), noise.floats(length));
            let mut out = vec![0.0; length];
            layer_norm(path, &x, (&weight, &bias), 1e-12, &mut out);
            let mean = x.iter().map(|x| f64::from(*x)).sum::<f64>() / length as f64;
            let variance = x.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>();
            let deviation = (variance / length as f64 + f64::from(1e-12_f32)).sqrt();
            for index in 0..length {
                let centred = (f64::from(x[index]) - mean) / deviation;
                let expected = centred * f64::from(weight[index]) + f64::from(bias[index]);
                let difference = (f64::from(out[index]) - expected).abs();
                // One number alone is its own mean.
                let most = if length == 1 { 1e-30 } else { 1e-5 };
                assert!(difference <= most, "{} {length}: {difference}", path.name());
            }
        }
    }
}

/// The normal distribution in double precision: a series near zero, a continued fraction beyond.
fn normal(x: f64) -> f64 {
    let density = (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
    if x.abs() < 3.0 {
        let (mut term, mut sum) = (x, x);
        for step in 1..200 {
            term *= x * x / f64::from(2 * step + 1);
            sum += term;
        }
        return 0.5 + density * sum;
    }
    let fraction = (1..200).rev().fold(x.abs(), |rest, step| x.abs() + f64::from(step) / rest);
    let tail = density / fraction;
    if x < 0.0 { tail } else { 1.0 - tail }
}

#[test]
fn gelu_is_exact_but_for_rounding() {
    assert!((normal(1.0) - 0.841_344_746_068_542_9).abs() < 1e-14);
    assert!((normal(-4.0) / 3.167_124_183_311_992e-5 - 1.0).abs() < 1e-12);
    for path in Path::available() {
        let inputs: Vec<f32> = (0..40_007).map(|step| -20.0 + step as f32 / 1e3).collect();
        let mut out = inputs.clone();
        gelu(path, &mut out);
        for (x, out) in inputs.iter().zip(&out) {
            let expected = f64::from(*x) * normal(f64::from(*x));
            let difference = (f64::from(*out) - expected).abs();
            let most = 1e-6 * expected.abs().max(1.0);
            assert!(difference <= most, "{} {x}: {out} {expected}", path.name());
        }
        for length in [6, 64, 7] {
            let extremes = [-1e18, -200.0, -20.0, 20.0, 1e30, f32::NAN];
            let inputs: Vec<f32> = extremes.iter().copied().cycle().take(length).collect();
            let mut out = inputs.clone();
            gelu(path, &mut out);
            for (x, out) in inputs.iter().zip(out) {
                let fine = match *x {
                    x if x.is_nan() => out.is_nan(),
                    x if x < 0.0 => out.abs() < 1e-6,
                    x => out == x,
                };
                assert!(fine, "{} {x}: {out}", path.name());
            }
        }
    }
}

#[test]
fn gate_is_within_its_documented_error() {
    for path in Path::available() {
        let gate: Vec<f32> = (0..40_001).map(|step| -87.0 + step as f32 * (187.0 / 4e4)).collect();
        let up = vec![1.5; gate.len()];
        let mut out = vec![0.0; gate.len()];
        swiglu(path, &gate, &up, &mut out);
        for (gate, out) in gate.iter().zip(&out) {
            let exact = f64::from(*gate);
            assert_near(path, "gate", *out, exact / (1.0 + (-exact).exp()) * 1.5, 1e-6);
        }
        let extremes = [-1e30, -200.0, -90.0, 200.0, 1e30, f32::NAN];
        for length in [6, 64] {
            let gate: Vec<_> = extremes.iter().copied().cycle().take(length).collect();
            let mut out = vec![0.0; length];
            swiglu(path, &gate, &vec![1.0; length], &mut out);
            for (gate, out) in gate.iter().zip(out) {
                let fine = match *gate {
                    gate if gate.is_nan() => out.is_nan(),
                    gate if gate < 0.0 => out.abs() < 1e-6 && (gate < -1e20 || out.abs() < 1e-33),
                    gate => out == gate,
                };
                assert!(fine, "{} gate {gate}: {out}", path.name());
            }
        }
    }
}

/// The approximation itself is part of a model; only its arithmetic is bounded here. Near zero
/// results of large negative numbers the exponent is large, and its rounding counts.
#[test]
fn gelu_is_that_of_the_hyperbolic_tangent() {
    let exact = |x: f64| {
        let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x * x * x);
        x / (1.0 + (-2.0 * inner).exp())
    };
    for path in Path::available() {
        let gate: Vec<f32> = (0..40_001).map(|step| -8.0 + step as f32 * (16.0 / 4e4)).collect();
        let mut out = vec![0.0; gate.len()];
        geglu(path, &gate, &vec![1.5; gate.len()], &mut out);
        for (gate, out) in gate.iter().zip(&out) {
            let expected = exact(f64::from(*gate)) * 1.5;
            assert_near(path, "gate", *out, expected, 1e-5);
        }
        let extremes = [-1e30, -200.0, -20.0, 20.0, 1e30, f32::NAN];
        for length in [6, 64, 7] {
            let gate: Vec<_> = extremes.iter().copied().cycle().take(length).collect();
            let mut out = vec![0.0; length];
            geglu(path, &gate, &vec![1.0; length], &mut out);
            for (gate, out) in gate.iter().zip(out) {
                let fine = match *gate {
                    gate if gate.is_nan() => out.is_nan(),
                    gate if gate < 0.0 => out.abs() < 1e-6,
                    gate => out == gate,
                };
                assert!(fine, "{} gate {gate}: {out}", path.name());
            }
        }
    }
}

#[test]
fn every_length_is_handled_to_its_end() {
    for path in Path::available() {
        for length in LENGTHS {
            let mut noise = Noise::new(5 + length as u64);
            let (x, y) = (noise.floats(length), noise.floats(length));
            let mut sum = x.clone();
            add_in_place(path, &mut sum, &y);
            let mut halves = vec![0; length];
            to_f16(path, &x, &mut halves);
            let mut gate = vec![0.0; length];
            swiglu(path, &x, &y, &mut gate);
            for index in 0..length {
                assert_eq!(sum[index].to_bits(), (x[index] + y[index]).to_bits());
                assert_eq!(halves[index], f16::from_f32(x[index]).to_bits());
                let exact = f64::from(x[index]);
                let expected = exact / (1.0 + (-exact).exp()) * f64::from(y[index]);
                assert_near(path, "gate", gate[index], expected, 1e-6);
            }
        }
    }
}

#[test]
fn conversion_rounds_like_the_standard() {
    let cases = [0.0, -0.0, 1.0, 65504.0, 65520.0, -1e9, 5.96e-8, 2.0e-8, 1.000_488_3, 1.001_464_8];
    for path in Path::available() {
        let x: Vec<_> = cases.iter().copied().cycle().take(40).collect();
        let mut out = vec![0; 40];
        to_f16(path, &x, &mut out);
        for (x, out) in x.iter().zip(out) {
            assert_eq!(out, f16::from_f32(*x).to_bits(), "{} {x}", path.name());
        }
    }
}

#[test]
fn rope_turns_the_pairs_of_its_style() {
    for path in Path::available() {
        for pairs in [1, 3, 4, 8, 16, 32, 33] {
            let mut noise = Noise::new(pairs as u64);
            // Two numbers beyond the turned ones stay.
            let vector = noise.floats(2 * pairs + 2);
            let angles = noise.floats(pairs);
            let cos: Vec<_> = angles.iter().map(|angle| angle.cos()).collect();
            let sin: Vec<_> = angles.iter().map(|angle| angle.sin()).collect();
            for style in [RopeStyle::Interleaved, RopeStyle::Halves] {
                let mut turned = vector.clone();
                rope(path, &mut turned, &cos, &sin, style);
                for pair in 0..pairs {
                    let (first, second) = match style {
                        RopeStyle::Interleaved => (2 * pair, 2 * pair + 1),
                        RopeStyle::Halves => (pair, pair + pairs),
                    };
                    let (x, y) = (f64::from(vector[first]), f64::from(vector[second]));
                    let (c, s) = (f64::from(cos[pair]), f64::from(sin[pair]));
                    let near = |value: f32, expected: f64| {
                        assert!((f64::from(value) - expected).abs() < 1e-6, "{style:?} {pair}");
                    };
                    near(turned[first], x * c - y * s);
                    near(turned[second], x * s + y * c);
                }
                assert_eq!(turned[2 * pairs..], vector[2 * pairs..]);
            }
        }
    }
}

#[test]
fn log_sum_exp_is_that_of_exact_arithmetic() {
    for path in Path::available() {
        for length in LENGTHS {
            for spread in [1.0, 30.0, 1000.0] {
                let logits: Vec<_> = Noise::new(length as u64)
                    .floats(length)
                    .into_iter()
                    .map(|value| value * spread)
                    .collect();
                let largest = logits.iter().copied().fold(f32::MIN, f32::max);
                let sum: f64 = logits.iter().map(|logit| f64::from(logit - largest).exp()).sum();
                let expected = f64::from(largest) + sum.ln();
                let difference = f64::from(log_sum_exp(path, &logits)) - expected;
                assert!(difference.abs() <= 1e-6 * expected.abs().max(1.0), "{}", path.name());
            }
        }
        let check = |logits: &[f32], expected: f32| {
            assert_eq!(log_sum_exp(path, logits), expected, "{} {logits:?}", path.name());
        };
        check(&[], f32::NEG_INFINITY);
        check(&[f32::NEG_INFINITY; 70], f32::NEG_INFINITY);
        check(&[f32::INFINITY; 70], f32::INFINITY);
        let mut broken = vec![0.0; 70];
        for place in [3, 69] {
            broken[place] = f32::NAN;
            assert!(log_sum_exp(path, &broken).is_nan(), "{}", path.name());
            broken[place] = 0.0;
        }
    }
}

#[test]
fn arg_max_is_the_first_of_the_largest() {
    for path in Path::available() {
        let check = |values: &[f32], expected: usize| {
            assert_eq!(arg_max(path, values), expected, "{} {values:?}", path.name());
        };
        check(&[], 0);
        check(&[3.0], 0);
        check(&[1.0, 2.0, 2.0], 1);
        check(&[f32::NAN, -1.0, f32::NAN], 1);
        check(&[f32::NAN; 70], 0);
        check(&[f32::NEG_INFINITY; 70], 0);
        for length in [64, 65, 100, 1000] {
            for place in [0, 1, 63, length - 1] {
                let mut values = vec![-1.0; length];
                values[place] = 4.0;
                values[length - 1] = 4.0;
                check(&values, place);
                values[(place + 1) % length] = f32::NAN;
                let expected = if (place + 1) % length == length - 1 || place == length - 1 {
                    values.iter().position(|value| *value == 4.0).unwrap_or(0)
                } else {
                    place
                };
                check(&values, expected);
            }
        }
    }
}

proptest! {
    #[test]
    fn nothing_crashes_on_any_bits(bits in prop::collection::vec(any::<u32>(), 0..200)) {
        let x: Vec<_> = bits.iter().map(|bits| f32::from_bits(*bits)).collect();
        let (mut out, mut halves) = (x.clone(), vec![0; x.len()]);
        for path in Path::available() {
            rms_norm(path, &x, &x, 1e-5, &mut out);
            swiglu(path, &x, &x, &mut out);
            add_in_place(path, &mut out, &x);
            to_f16(path, &x, &mut halves);
            log_sum_exp(path, &x);
            let largest = arg_max(path, &x);
            prop_assert_eq!(largest, arg_max(Path::SCALAR, &x));
        }
    }
}
