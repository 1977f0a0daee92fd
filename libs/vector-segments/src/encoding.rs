//! How a vector becomes a sketch and codes.

use crate::rotation::Rotation;
use crate::vector::product;

/// Bytes before the bits of a sketch: its scale and the offset, both `f32`.
pub(crate) const SKETCH_PREFIX: usize = 8;

/// Bytes before the codes of a vector: their scale, `f32`.
pub(crate) const CODES_PREFIX: usize = 4;

/// The largest code of a stored coordinate.
const CODE_MAX: f32 = 127.0;

/// Turns vectors into rows of a segment: around its centre, in its rotation.
pub(crate) struct Encoder {
    rotation: Rotation,
    /// The centre, rotated.
    centre: Vec<f32>,
}

impl Encoder {
    /// `centre` is not rotated yet.
    pub(crate) fn new(rotation: Rotation, centre: &[f32]) -> Self {
        let centre = rotation.apply(centre);
        Self { rotation, centre }
    }

    /// The rotated centre, as a segment keeps it.
    pub(crate) fn centre(&self) -> &[f32] {
        &self.centre
    }

    /// Appends the sketch and the codes of one vector.
    pub(crate) fn encode(&self, vector: &[f32], sketches: &mut Vec<u8>, codes: &mut Vec<u8>) {
        let mut residual = self.rotation.apply(vector);
        residual.iter_mut().zip(&self.centre).for_each(|(value, centre)| *value -= centre);
        let offset = narrow(product(&self.centre, &residual));
        append_sketch(&residual, offset, sketches);
        append_codes(&residual, codes);
    }
}

/// Appends the scale, the offset and the signs of a residual.
fn append_sketch(residual: &[f32], offset: f32, sketches: &mut Vec<u8>) {
    let signs = residual.iter().map(|value| if is_positive(*value) { 1.0 } else { -1.0 });
    sketches.extend(fitted_scale(residual, signs).to_le_bytes());
    sketches.extend(offset.to_le_bytes());
    let bytes = residual.chunks(8).map(|eight| {
        let bits = eight.iter().enumerate();
        bits.fold(0_u8, |byte, (bit, value)| byte | (u8::from(is_positive(*value)) << bit))
    });
    sketches.extend(bytes);
}

/// Appends the scale and the codes of a residual.
fn append_codes(residual: &[f32], codes: &mut Vec<u8>) {
    let inverse = CODE_MAX / largest(residual);
    let levels = residual.iter().map(|value| level(value * inverse));
    codes.extend(fitted_scale(residual, levels.clone().map(f64::from)).to_le_bytes());
    codes.extend(levels.map(i8::cast_unsigned));
}

/// Zero counts as positive, so that every coordinate has a sign.
fn is_positive(value: f32) -> bool {
    value >= 0.0
}

#[expect(clippy::cast_possible_truncation, reason = "the values are rounded and clamped")]
fn level(value: f32) -> i8 {
    value.round().clamp(-CODE_MAX, CODE_MAX) as i8
}

/// The largest size of a value; 0 for no values.
pub(crate) fn largest(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |largest, value| largest.max(value.abs()))
}

/// The factor for `code` whose product with `vector` is that of `vector` with itself.
///
/// With it, estimates of products with `vector` from `code` err to neither side: on average over
/// random rotations, what `code` has beside `vector` stands at right angles to everything. It is 0
/// for a vector of zeros, of which there is nothing to estimate.
pub(crate) fn fitted_scale(vector: &[f32], code: impl Iterator<Item = f64>) -> f32 {
    let mut shared = 0.0;
    for (value, level) in vector.iter().zip(code) {
        shared += f64::from(*value) * level;
    }
    let scale = product(vector, vector) / shared;
    if scale.is_finite() { narrow(scale) } else { 0.0 }
}

/// Rounds to single precision.
#[expect(clippy::cast_possible_truncation, reason = "rounding is what is asked for")]
pub(crate) fn narrow(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn float(bytes: &[u8]) -> f32 {
        f32::from_le_bytes(*bytes.first_chunk().unwrap())
    }

    #[test]
    fn sketches_hold_scale_offset_and_signs() {
        let residual = [1.0, -2.0, 0.0, -1.0, 0.5, 0.5, 1.0, 2.0];
        let mut sketch = Vec::new();
        append_sketch(&residual, 0.25, &mut sketch);
        // The sum of squares over the sum of sizes.
        assert!((float(&sketch) - 11.5 / 8.0).abs() < 1e-6);
        assert!((float(&sketch[4..]) - 0.25).abs() < 1e-9);
        assert_eq!(sketch[SKETCH_PREFIX..], [0b1111_0101]);
    }

    #[test]
    fn codes_fill_the_range_and_scale_back() {
        let residual = [0.5, -1.0, 0.0, 0.25];
        let mut codes = Vec::new();
        append_codes(&residual, &mut codes);
        let scale = float(&codes);
        let levels: Vec<i8> = codes[CODES_PREFIX..].iter().map(|code| code.cast_signed()).collect();
        assert_eq!(levels, [64, -127, 0, 32]);
        for (value, level) in residual.iter().zip(levels) {
            assert!((value - scale * f32::from(level)).abs() < 0.005);
        }
    }

    #[test]
    fn nothing_to_estimate_has_scale_zero() {
        for residual in [[0.0; 8], [1e-45; 8]] {
            let (mut sketch, mut codes) = (Vec::new(), Vec::new());
            append_sketch(&residual, 0.0, &mut sketch);
            append_codes(&residual, &mut codes);
            assert!(float(&sketch).abs() < 1e-30 && float(&codes).abs() < 1e-30);
        }
    }
}
