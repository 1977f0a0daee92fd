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

/// Relative rounding of the scales while packing.
pub(crate) fn scale_rounding(format: BlockFormat) -> f64 {
    match format {
        BlockFormat::Q4K | BlockFormat::Q5K => 1.0 / 2048.0,
        BlockFormat::F32
        | BlockFormat::F16
        | BlockFormat::Bf16
        | BlockFormat::Q4_0
        | BlockFormat::Q4_1
        | BlockFormat::Q5_0
        | BlockFormat::Q5_1
        | BlockFormat::Q8_0 => 0.0,
    }
}
