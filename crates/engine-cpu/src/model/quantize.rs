//! Quantises rows of floating-point numbers when they are read: blocks of 32 signed bytes with a
//! scale (`Q8_0`), which the kernels take as they are.

use cpu_kernels::BlockFormat;
use half::{bf16, f16};

const BLOCK: usize = 32;

/// The numbers of a tensor in one of the three formats; `None` for others.
pub(super) fn floats(format: BlockFormat, bytes: &[u8]) -> Option<Vec<f32>> {
    let halves = || bytes.as_chunks::<2>().0.iter();
    match format {
        BlockFormat::F32 => {
            Some(bytes.as_chunks::<4>().0.iter().map(|one| f32::from_le_bytes(*one)).collect())
        }
        BlockFormat::F16 => Some(halves().map(|one| f16::from_le_bytes(*one).to_f32()).collect()),
        BlockFormat::Bf16 => Some(halves().map(|one| bf16::from_le_bytes(*one).to_f32()).collect()),
        BlockFormat::Q4_0
        | BlockFormat::Q4_1
        | BlockFormat::Q5_0
        | BlockFormat::Q5_1
        | BlockFormat::Q8_0
        | BlockFormat::Q2K
        | BlockFormat::Q3K
        | BlockFormat::Q4K
        | BlockFormat::Q5K
        | BlockFormat::Q6K => None,
    }
}

/// Replaces `out` by whole blocks; the same bytes as ggml's own quantisation gives.
pub(super) fn q8_0(values: &[f32], out: &mut Vec<u8>) {
    out.clear();
    for block in values.as_chunks::<BLOCK>().0 {
        let largest = block.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        let scale = largest / 127.0;
        let inverse = if scale == 0.0 { 0.0 } else { 1.0 / scale };
        out.extend(f16::from_f32(scale).to_le_bytes());
        #[expect(clippy::cast_possible_truncation, reason = "at most 127 in size")]
        out.extend(
            block.iter().map(|value| (value * inverse).round() as i8).map(i8::cast_unsigned),
        );
    }
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
    fn three_formats_are_floats() {
        let (value, expected) = (1.5_f32, Some(vec![1.5]));
        assert_eq!(floats(BlockFormat::F32, &value.to_le_bytes()), expected);
        assert_eq!(floats(BlockFormat::F16, &f16::from_f32(value).to_le_bytes()), expected);
        assert_eq!(floats(BlockFormat::Bf16, &bf16::from_f32(value).to_le_bytes()), expected);
        assert_eq!(floats(BlockFormat::Q8_0, &[0; 34]), None);
    }
}
