//! GGUF blocks decoded a second time, straight from the description of the formats.

use cpu_kernels::BlockFormat;
use half::{bf16, f16};

use crate::noise::Noise;

/// A row of blocks with random codes and moderate scales.
pub(crate) fn random_row(noise: &mut Noise, format: BlockFormat, columns: usize) -> Vec<u8> {
    let mut row = vec![0; format.row_bytes(columns).expect("whole blocks")];
    for byte in &mut row {
        *byte = noise.byte();
    }
    for block in row.chunks_exact_mut(format.block_bytes()) {
        let mut put = |at: usize, value: f32| {
            block[at..at + 2].copy_from_slice(&f16::from_f32(value).to_le_bytes());
        };
        match format {
            BlockFormat::F32 => block.copy_from_slice(&noise.float().to_le_bytes()),
            BlockFormat::Bf16 => {
                block.copy_from_slice(&bf16::from_f32(noise.float()).to_le_bytes());
            }
            BlockFormat::F16 | BlockFormat::Q4_0 | BlockFormat::Q5_0 | BlockFormat::Q8_0 => {
                put(0, noise.float());
            }
            BlockFormat::Q4_1 | BlockFormat::Q5_1 | BlockFormat::Q4K | BlockFormat::Q5K => {
                put(0, noise.float());
                put(2, noise.float());
            }
            BlockFormat::Q2K => {
                put(80, noise.float());
                put(82, noise.float());
            }
            BlockFormat::Q3K => put(108, noise.float()),
            BlockFormat::Q6K => put(208, noise.float()),
        }
    }
    row
}

/// The numbers that a row of blocks stands for.
pub(crate) fn decode_row(format: BlockFormat, row: &[u8]) -> Vec<f64> {
    row.chunks_exact(format.block_bytes()).flat_map(|block| decode_block(format, block)).collect()
}

fn decode_block(format: BlockFormat, block: &[u8]) -> Vec<f64> {
    let half = |at: usize| f16::from_le_bytes([block[at], block[at + 1]]).to_f64();
    let nibble = |from: usize, column: usize| {
        f64::from(if column < 16 {
            block[from + column] & 15
        } else {
            block[from + column - 16] >> 4
        })
    };
    let fifth = |from: usize, column: usize| {
        let bits = u32::from_le_bytes(block[from..from + 4].try_into().expect("four bytes"));
        f64::from(((bits >> column) & 1) * 16)
    };
    match format {
        BlockFormat::F32 => vec![f64::from(f32::from_le_bytes(block.try_into().expect("four")))],
        BlockFormat::F16 => vec![half(0)],
        BlockFormat::Bf16 => vec![bf16::from_le_bytes([block[0], block[1]]).to_f64()],
        BlockFormat::Q4_0 => (0..32).map(|c| (nibble(2, c) - 8.0) * half(0)).collect(),
        BlockFormat::Q4_1 => (0..32).map(|c| nibble(4, c) * half(0) + half(2)).collect(),
        BlockFormat::Q5_0 => {
            (0..32).map(|c| (nibble(6, c) + fifth(2, c) - 16.0) * half(0)).collect()
        }
        BlockFormat::Q5_1 => {
            (0..32).map(|c| (nibble(8, c) + fifth(4, c)) * half(0) + half(2)).collect()
        }
        BlockFormat::Q8_0 => {
            (0..32).map(|c| f64::from(block[2 + c].cast_signed()) * half(0)).collect()
        }
        BlockFormat::Q2K => (0..256)
            .map(|column| {
                let scales = block[column / 16];
                let code = two_bits(&block[16..80], column);
                half(80) * f64::from((scales & 15) * code) - half(82) * f64::from(scales >> 4)
            })
            .collect(),
        BlockFormat::Q3K => (0..256)
            .map(|column| {
                let upper = (block[column % 32] >> (column / 32)) & 1;
                let code = i32::from(two_bits(&block[32..96], column) + 4 * upper) - 4;
                half(108) * f64::from(code * six_bit_scale(&block[96..108], column / 16))
            })
            .collect(),
        BlockFormat::Q6K => (0..256)
            .map(|column| {
                let low = block[column / 128 * 64 + column % 64];
                let low = if column % 128 < 64 { low & 15 } else { low >> 4 };
                let code = i32::from(low | (two_bits(&block[128..192], column) << 4)) - 32;
                half(208) * f64::from(code * i32::from(block[192 + column / 16].cast_signed()))
            })
            .collect(),
        BlockFormat::Q4K => super_block(block, |column| nibble_of_super(&block[16..], column)),
        BlockFormat::Q5K => super_block(block, |column| {
            let bit = (block[16 + column % 32] >> (column / 32)) & 1;
            nibble_of_super(&block[48..], column) + f64::from(bit * 16)
        }),
    }
}

fn nibble_of_super(codes: &[u8], column: usize) -> f64 {
    let byte = codes[column / 64 * 32 + column % 32];
    f64::from(if column % 64 < 32 { byte & 15 } else { byte >> 4 })
}

fn super_block(block: &[u8], code: impl Fn(usize) -> f64) -> Vec<f64> {
    let half = |at: usize| f16::from_le_bytes([block[at], block[at + 1]]).to_f64();
    let q = &block[4..16];
    (0..256)
        .map(|column| {
            let group = column / 32;
            let (scale, minimum) = if group < 4 {
                (q[group] & 63, q[group + 4] & 63)
            } else {
                (
                    (q[group + 4] & 15) | ((q[group - 4] >> 6) << 4),
                    (q[group + 4] >> 4) | ((q[group] >> 6) << 4),
                )
            };
            half(0) * f64::from(scale) * code(column) - half(2) * f64::from(minimum)
        })
        .collect()
}

/// Each byte holds columns `c`, `c + 32`, `c + 64` and `c + 96`, from its low bits on.
fn two_bits(codes: &[u8], column: usize) -> u8 {
    (codes[column / 128 * 32 + column % 32] >> (column % 128 / 32 * 2)) & 3
}

/// As in the table of the format: the low nibbles A to P, then their upper bits.
fn six_bit_scale(packed: &[u8], index: usize) -> i32 {
    let low = if index < 8 { packed[index] & 15 } else { packed[index - 8] >> 4 };
    let high = (packed[8 + index % 4] >> [0, 2, 4, 6][index / 4]) & 3;
    i32::from(low + 16 * high) - 32
}

/// How far a packed value may be from the exact one, given the 32 exact values of its group.
///
/// Formats with a scale for each 32 columns keep their codes; where the scale is folded with that
/// of a super-block, the product is rounded to 11 bits. With a scale for each 16, codes of eight
/// bits take their place: half a step of the new code, whose step is rounded to 11 bits itself,
/// and for `Q2_K` the rounding of the middle. Scales near zero are whole multiples of 2^-24.
pub(crate) fn packing_error(format: BlockFormat, group: &[f64]) -> f64 {
    const ROUNDING: f64 = 1.0 / 2048.0;
    let tiny = 2.0_f64.powi(-25);
    let largest = group.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    match format {
        BlockFormat::Q4K | BlockFormat::Q5K => ROUNDING * (31.0 + 1.0) * 63.0,
        BlockFormat::Q6K => {
            // Codes that are kept suffer the rounding of the scale alone.
            let half_a_step = largest / 127.0 / 2.0 * (1.0 + ROUNDING);
            half_a_step.max(largest * ROUNDING) + 128.0 * tiny
        }
        BlockFormat::Q2K => {
            let lowest = group.iter().copied().fold(f64::INFINITY, f64::min);
            let highest = group.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let half_a_step = (highest - lowest) / 255.0 / 2.0 * (1.0 + ROUNDING);
            // The ends may be cut by what 128 steps were rounded, and the middle is rounded.
            half_a_step + largest * ROUNDING + 128.0 * tiny
        }
        BlockFormat::F32
        | BlockFormat::F16
        | BlockFormat::Bf16
        | BlockFormat::Q4_0
        | BlockFormat::Q4_1
        | BlockFormat::Q5_0
        | BlockFormat::Q5_1
        | BlockFormat::Q8_0
        | BlockFormat::Q3K => largest * f64::from(f32::EPSILON) / 2.0,
    }
}
