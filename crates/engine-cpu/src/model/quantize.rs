//! Quantises rows of floating-point numbers when they are read: blocks of 32 signed bytes with a
//! scale (`Q8_0`), which the kernels take as they are.

use half::f16;

const BLOCK: usize = 32;

/// Replaces `out` by whole blocks; the same bytes as ggml's own quantisation gives.
pub(crate) fn q8_0(values: &[f32], out: &mut Vec<u8>) {
    out.clear();
    for block in values.as_chunks::<BLOCK>().0 {
        let scale = largest(block) / 127.0;
        let inverse = if scale == 0.0 { 0.0 } else { 1.0 / scale };
        out.extend(f16::from_f32(scale).to_le_bytes());
        out.extend(block.map(|value| rounded(value * inverse).cast_unsigned()));
    }
}

/// The greatest magnitude, NaN left out. Magnitudes are ordered as their bits are, and integers are
/// compared many at a time.
fn largest(block: &[f32; BLOCK]) -> f32 {
    const INFINITY: i32 = 0x7f80_0000;
    let magnitude = |value: &f32| {
        let bits = value.abs().to_bits().cast_signed();
        if bits > INFINITY { 0 } else { bits }
    };
    f32::from_bits(block.iter().map(magnitude).fold(0, i32::max).cast_unsigned())
}

/// As `f32::round` and a cast do it, halves away from zero, without a call for each number: the
/// number before a half is added, and the rest cut off.
fn rounded(value: f32) -> i8 {
    const BEFORE_HALF: f32 = 0.499_999_97;
    let limited = value.clamp(-128.0, 127.0);
    #[expect(clippy::cast_possible_truncation, reason = "limited to a signed byte; NaN is 0")]
    let code = (limited + BEFORE_HALF.copysign(limited)) as i32 as i8;
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_number_of_a_block_is_exact() {
        let mut values = [0.0_f32; 64];
        values[3] = -2.54;
        values[4] = 1.27;
        values[5] = 0.01;
        let mut out = vec![1];
        q8_0(&values, &mut out);
        assert_eq!(out.len(), 2 * 34);
        assert_eq!(f16::from_le_bytes([out[0], out[1]]), f16::from_f32(0.02));
        assert_eq!(out[2..8], [0, 0, 0, 129, 64, 1]);
        assert_eq!(out[34..], [0; 34]);
    }

    #[test]
    fn broken_numbers_stay_in_their_block() {
        for broken in [f32::NAN, f32::INFINITY, f32::MAX] {
            let mut values = [1.0_f32; 64];
            values[0] = broken;
            let mut out = Vec::new();
            q8_0(&values, &mut out);
            assert_eq!(out[36..], [127; 32]);
        }
    }

    #[test]
    fn numbers_are_rounded_as_ever() {
        #[expect(clippy::cast_possible_truncation, reason = "saturates")]
        let check = |value: f32| assert_eq!(rounded(value), value.round() as i8, "{value}");
        for half in -260_i16..=260 {
            let value = f32::from(half) / 2.0;
            for value in [value, value.next_up(), value.next_down(), value + 0.3] {
                check(value);
            }
        }
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, -1e30, -0.0, 1e-45] {
            check(value);
        }
        for bits in (0..=u32::MAX).step_by(65_537) {
            check(f32::from_bits(bits));
        }
    }
}
