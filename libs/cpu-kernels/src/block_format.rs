//! The block layouts of the GGUF file format, and their division into groups of 32 columns.

use half::{bf16, f16};

use crate::sub_block::{for_each_q2k, for_each_q3k, for_each_q6k};

/// Columns that share one scale in packed matrices and in quantised activations.
pub(crate) const GROUP_COLUMNS: usize = 32;

/// How a matrix is stored in a GGUF file: rows of blocks, each block some bytes for a fixed
/// number of columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BlockFormat {
    /// 32-bit floating point.
    F32,
    /// IEEE 754 16-bit floating point.
    F16,
    /// The upper 16 bits of a 32-bit floating point number.
    Bf16,
    /// 32 four-bit codes less 8, and a scale.
    Q4_0,
    /// 32 four-bit codes, a scale and a minimum.
    Q4_1,
    /// 32 five-bit codes less 16, and a scale.
    Q5_0,
    /// 32 five-bit codes, a scale and a minimum.
    Q5_1,
    /// 32 signed bytes and a scale.
    Q8_0,
    /// 256 two-bit codes; a four-bit scale and minimum for each 16.
    Q2K,
    /// 256 three-bit codes less 4; a six-bit scale for each 16.
    Q3K,
    /// 256 four-bit codes; a six-bit scale and minimum for each 32.
    Q4K,
    /// 256 five-bit codes; a six-bit scale and minimum for each 32.
    Q5K,
    /// 256 six-bit codes less 32; an eight-bit scale for each 16.
    Q6K,
}

impl BlockFormat {
    /// Every format.
    pub const ALL: [BlockFormat; 13] = [
        BlockFormat::F32,
        BlockFormat::F16,
        BlockFormat::Bf16,
        BlockFormat::Q4_0,
        BlockFormat::Q4_1,
        BlockFormat::Q5_0,
        BlockFormat::Q5_1,
        BlockFormat::Q8_0,
        BlockFormat::Q2K,
        BlockFormat::Q3K,
        BlockFormat::Q4K,
        BlockFormat::Q5K,
        BlockFormat::Q6K,
    ];

    /// Columns in one block.
    pub const fn block_len(self) -> usize {
        match self {
            BlockFormat::F32 | BlockFormat::F16 | BlockFormat::Bf16 => 1,
            BlockFormat::Q4_0
            | BlockFormat::Q4_1
            | BlockFormat::Q5_0
            | BlockFormat::Q5_1
            | BlockFormat::Q8_0 => 32,
            BlockFormat::Q2K
            | BlockFormat::Q3K
            | BlockFormat::Q4K
            | BlockFormat::Q5K
            | BlockFormat::Q6K => 256,
        }
    }

    /// Bytes of one block.
    pub const fn block_bytes(self) -> usize {
        match self {
            BlockFormat::F32 => 4,
            BlockFormat::F16 | BlockFormat::Bf16 => 2,
            BlockFormat::Q4_0 => 18,
            BlockFormat::Q4_1 => 20,
            BlockFormat::Q5_0 => 22,
            BlockFormat::Q5_1 => 24,
            BlockFormat::Q8_0 => 34,
            BlockFormat::Q2K => 84,
            BlockFormat::Q3K => 110,
            BlockFormat::Q4K => 144,
            BlockFormat::Q5K => 176,
            BlockFormat::Q6K => 210,
        }
    }

    /// Bytes of one row of `columns`, or `None` when the row is not a whole number of blocks or
    /// its size does not fit `usize`.
    pub const fn row_bytes(self, columns: usize) -> Option<usize> {
        if columns.is_multiple_of(self.block_len()) {
            (columns / self.block_len()).checked_mul(self.block_bytes())
        } else {
            None
        }
    }

    /// Replaces `numbers` by those of a floating-point format. `false` for the formats with
    /// scales; then nothing is changed.
    pub fn read_floats(self, bytes: &[u8], numbers: &mut Vec<f32>) -> bool {
        let halves = bytes.as_chunks::<2>().0.iter();
        match self {
            BlockFormat::F32 => {
                numbers.clear();
                let words = bytes.as_chunks::<4>().0.iter();
                numbers.extend(words.map(|one| f32::from_le_bytes(*one)));
            }
            BlockFormat::F16 => {
                numbers.clear();
                numbers.extend(halves.map(|one| f16::from_le_bytes(*one).to_f32()));
            }
            BlockFormat::Bf16 => {
                numbers.clear();
                numbers.extend(halves.map(|one| bf16::from_le_bytes(*one).to_f32()));
            }
            BlockFormat::Q4_0
            | BlockFormat::Q4_1
            | BlockFormat::Q5_0
            | BlockFormat::Q5_1
            | BlockFormat::Q8_0
            | BlockFormat::Q2K
            | BlockFormat::Q3K
            | BlockFormat::Q4K
            | BlockFormat::Q5K
            | BlockFormat::Q6K => return false,
        }
        true
    }
}

/// 32 columns of one row: the value of column `c` is `codes[c] * scale + minimum`, where the
/// codes of eight-bit tiles carry an offset of 128 that is taken off first.
pub(crate) struct Group {
    pub(crate) codes: [u8; GROUP_COLUMNS],
    pub(crate) scale: f16,
    pub(crate) minimum: f16,
}

/// Offset of the codes in eight-bit tiles, which turns signed bytes into unsigned ones.
pub(crate) const BYTE_OFFSET: u8 = 128;

/// Calls `each` with every group of one block of a quantised `format`, in column order.
///
/// The floating-point formats have no groups; for them nothing is called.
pub(crate) fn for_each_group(format: BlockFormat, block: &[u8], mut each: impl FnMut(Group)) {
    match format {
        BlockFormat::F32 | BlockFormat::F16 | BlockFormat::Bf16 => {}
        BlockFormat::Q4_0 => {
            let scale = half_at(block, 0);
            let minimum = f16::from_f32(-8.0 * scale.to_f32());
            each(Group { codes: nibbles(&block[2..18]), scale, minimum });
        }
        BlockFormat::Q4_1 => each(Group {
            codes: nibbles(&block[4..20]),
            scale: half_at(block, 0),
            minimum: half_at(block, 2),
        }),
        BlockFormat::Q5_0 => {
            let mut codes = nibbles(&block[6..22]);
            add_fifth_bits(&mut codes, &block[2..6]);
            let codes = codes.map(|code| code + BYTE_OFFSET - 16);
            each(Group { codes, scale: half_at(block, 0), minimum: f16::ZERO });
        }
        BlockFormat::Q5_1 => {
            let mut codes = nibbles(&block[8..24]);
            add_fifth_bits(&mut codes, &block[4..8]);
            let codes = codes.map(|code| code + BYTE_OFFSET);
            each(Group { codes, scale: half_at(block, 0), minimum: half_at(block, 2) });
        }
        BlockFormat::Q8_0 => {
            let codes = std::array::from_fn(|column| block[2 + column] ^ BYTE_OFFSET);
            each(Group { codes, scale: half_at(block, 0), minimum: f16::ZERO });
        }
        BlockFormat::Q2K => for_each_q2k(block, each),
        BlockFormat::Q3K => for_each_q3k(block, each),
        BlockFormat::Q6K => for_each_q6k(block, each),
        BlockFormat::Q4K => {
            for index in 0..8 {
                let codes = super_block_nibbles(&block[16..144], index);
                let (scale, minimum) = super_block_scale(block, index);
                each(Group { codes, scale, minimum });
            }
        }
        BlockFormat::Q5K => {
            for index in 0..8 {
                let mut codes = super_block_nibbles(&block[48..176], index);
                for (code, bits) in codes.iter_mut().zip(&block[16..48]) {
                    *code += ((bits >> index) & 1) * 16 + BYTE_OFFSET;
                }
                let (scale, minimum) = super_block_scale(block, index);
                each(Group { codes, scale, minimum });
            }
        }
    }
}

pub(crate) fn half_at(block: &[u8], offset: usize) -> f16 {
    f16::from_le_bytes([block[offset], block[offset + 1]])
}

/// Low nibbles are columns 0 to 15, high nibbles 16 to 31.
fn nibbles(bytes: &[u8]) -> [u8; GROUP_COLUMNS] {
    std::array::from_fn(
        |column| {
            if column < 16 { bytes[column] & 15 } else { bytes[column - 16] >> 4 }
        },
    )
}

fn add_fifth_bits(codes: &mut [u8; GROUP_COLUMNS], bits: &[u8]) {
    for (column, code) in codes.iter_mut().enumerate() {
        *code |= ((bits[column / 8] >> (column % 8)) & 1) << 4;
    }
}

/// Groups 2i and 2i + 1 share 32 bytes: low nibbles first, then high ones.
fn super_block_nibbles(bytes: &[u8], index: usize) -> [u8; GROUP_COLUMNS] {
    let bytes = &bytes[index / 2 * 32..][..32];
    let shift = index % 2 * 4;
    std::array::from_fn(|column| (bytes[column] >> shift) & 15)
}

/// Scale and minimum of a group, folded with those of the super-block and rounded to 16 bits.
fn super_block_scale(block: &[u8], index: usize) -> (f16, f16) {
    let packed = &block[4..16];
    let (scale, minimum) = if index < 4 {
        (packed[index] & 63, packed[index + 4] & 63)
    } else {
        (
            (packed[index + 4] & 15) | ((packed[index - 4] >> 6) << 4),
            (packed[index + 4] >> 4) | ((packed[index] >> 6) << 4),
        )
    };
    (
        f16::from_f32(half_at(block, 0).to_f32() * f32::from(scale)),
        f16::from_f32(-half_at(block, 2).to_f32() * f32::from(minimum)),
    )
}
