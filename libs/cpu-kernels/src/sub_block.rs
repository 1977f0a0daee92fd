//! The formats with a scale for each 16 columns, brought to one for each 32.
//!
//! Eight-bit codes are finer than the two to six bits of these formats, so little is lost: nothing
//! for `Q3_K`, at most half a step of the eight-bit code for the others.

use half::f16;

use crate::block_format::{BYTE_OFFSET, GROUP_COLUMNS, Group, half_at};

/// Columns of one group of a super-block, and how many groups a super-block has.
const GROUPS: usize = 8;

/// Columns that share a scale in these formats.
const SUB_COLUMNS: usize = 16;

/// Columns that are stored together: groups of a half use the same bytes, at other bits.
const HALF_GROUPS: usize = 4;

/// `Q6_K`: low nibbles, then the upper two bits, then a signed scale for each 16, then one for all.
pub(crate) fn for_each_q6k(block: &[u8], mut each: impl FnMut(Group)) {
    let (low, high) = (&block[..128], &block[128..192]);
    let scales = &block[192..208];
    for index in 0..GROUPS {
        let (half, part) = (index / HALF_GROUPS, index % HALF_GROUPS);
        each(integer_group(half_at(block, 208), |column| {
            let nibbles = low[64 * half + part % 2 * 32 + column] >> (part / 2 * 4);
            let upper = (high[32 * half + column] >> (2 * part)) & 3;
            let code = i32::from((nibbles & 15) | (upper << 4)) - 32;
            code * i32::from(scales[2 * index + column / SUB_COLUMNS].cast_signed())
        }));
    }
}

/// `Q3_K`: the upper bit of each code, then two bits of each, then six-bit scales for each 16, then
/// one for all.
pub(crate) fn for_each_q3k(block: &[u8], mut each: impl FnMut(Group)) {
    let (upper, low) = (&block[..32], &block[32..96]);
    for index in 0..GROUPS {
        let (half, part) = (index / HALF_GROUPS, index % HALF_GROUPS);
        each(integer_group(half_at(block, 108), |column| {
            let bits = (low[32 * half + column] >> (2 * part)) & 3;
            let upper = (upper[column] >> index) & 1;
            let code = i32::from(bits | (upper << 2)) - 4;
            code * q3k_scale(&block[96..108], 2 * index + column / SUB_COLUMNS)
        }));
    }
}

/// Low nibbles of the 16 scales in eight bytes, their upper two bits in four.
fn q3k_scale(packed: &[u8], index: usize) -> i32 {
    let low = (packed[index % 8] >> (index / 8 * 4)) & 15;
    let high = (packed[8 + index % 4] >> (index / 4 * 2)) & 3;
    i32::from(low | (high << 4)) - 32
}

/// `Q2_K`: a four-bit scale and minimum for each 16, then two bits of each code, then a scale and a
/// minimum for all.
pub(crate) fn for_each_q2k(block: &[u8], mut each: impl FnMut(Group)) {
    let scale = half_at(block, 80).to_f32();
    let minimum = half_at(block, 82).to_f32();
    for index in 0..GROUPS {
        let (half, part) = (index / HALF_GROUPS, index % HALF_GROUPS);
        each(ranged_group(&std::array::from_fn(|column| {
            let packed = block[2 * index + column / SUB_COLUMNS];
            let code = (block[16 + 32 * half + column] >> (2 * part)) & 3;
            scale * f32::from(packed & 15) * f32::from(code) - minimum * f32::from(packed >> 4)
        })));
    }
}

/// A group whose column `c` is `integer(c) * scale`.
///
/// Integers that fit a byte are the codes, and nothing is lost; those of `Q3_K` always fit. Where
/// they fit divided by their common divisor, only the folded scale is rounded. Otherwise a step is
/// the greatest magnitude / 127, and a value is wrong by at most half of it.
fn integer_group(scale: f16, integer: impl Fn(usize) -> i32) -> Group {
    let mut integers: [i32; GROUP_COLUMNS] = std::array::from_fn(integer);
    let mut scale = scale.to_f32();
    let extreme = integers.iter().copied().max_by_key(|value| value.abs()).unwrap_or(0);
    // A byte reaches to -128 but only to 127, so the greatest magnitude is made negative.
    if extreme > 0 {
        integers = integers.map(|value| -value);
        scale = -scale;
    }
    let (lowest, highest) = (-extreme.abs(), integers.iter().copied().max().unwrap_or(0));
    let fits = |divisor: &i32| {
        lowest / divisor >= i32::from(i8::MIN) && highest / divisor <= i32::from(i8::MAX)
    };
    let common = integers.iter().copied().fold(0, common_divisor).max(1);
    if let Some(divisor) = [1, common].into_iter().find(fits) {
        #[expect(clippy::cast_precision_loss, reason = "products are below 2^13")]
        let folded = f16::from_f32(scale * divisor as f32);
        return Group {
            codes: integers.map(|value| byte(value / divisor)),
            scale: folded,
            minimum: f16::ZERO,
        };
    }
    #[expect(clippy::cast_precision_loss, reason = "products are below 2^13")]
    let folded = f16::from_f32(scale * extreme.abs() as f32 / 127.0);
    // Divided by the scale as it is stored, so that its rounding adds nothing.
    let inverse = scale / folded.to_f32();
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "products are below 2^13; a cast of NaN is 0 and others saturate"
    )]
    let code = |value: i32| byte((value as f32 * inverse).round_ties_even() as i32);
    Group { codes: integers.map(code), scale: folded, minimum: f16::ZERO }
}

/// A group of any numbers: 255 steps between the least and the greatest of them, so that a number
/// is wrong by at most half of a step and what the rounding of the middle adds.
fn ranged_group(values: &[f32; GROUP_COLUMNS]) -> Group {
    let lowest = values.iter().copied().fold(f32::INFINITY, f32::min);
    let highest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    // `min` and `max` pass over NaN, which must show in the outputs.
    if values.iter().any(|value| !value.is_finite()) {
        return Group { codes: [BYTE_OFFSET; GROUP_COLUMNS], scale: f16::NAN, minimum: f16::NAN };
    }
    let scale = f16::from_f32((highest - lowest) / 255.0);
    // Codes reach from -128 to 127, half a step below zero on the whole. Measured from the middle,
    // a scale that was rounded down cuts both ends by as little as possible.
    let minimum = f16::from_f32((lowest + highest + scale.to_f32()) / 2.0);
    let inverse = if scale > f16::ZERO { 1.0 / scale.to_f32() } else { 0.0 };
    #[expect(clippy::cast_possible_truncation, reason = "saturates, and `byte` clamps")]
    let code = |value: f32| byte(((value - minimum.to_f32()) * inverse).round_ties_even() as i32);
    Group { codes: values.map(code), scale, minimum }
}

/// The stored form of a signed code.
fn byte(code: i32) -> u8 {
    #[expect(clippy::cast_possible_truncation, reason = "clamped to a signed byte")]
    let code = code.clamp(i32::from(i8::MIN), i32::from(i8::MAX)) as i8;
    code.cast_unsigned() ^ BYTE_OFFSET
}

fn common_divisor(left: i32, right: i32) -> i32 {
    let (mut left, mut right) = (left.abs(), right.abs());
    while right != 0 {
        (left, right) = (right, left % right);
    }
    left
}
