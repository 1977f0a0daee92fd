//! Blocks of tensors as they are stored, before they are packed.

use cpu_kernels::BlockFormat;

use super::ModelError;
use crate::gguf::{TensorInfo, TensorType};

/// Multiplies the scale of every block; for single precision, every number.
pub(super) fn scale_blocks(format: BlockFormat, bytes: &mut [u8], factor: f32) {
    let scale_at = match format {
        BlockFormat::Q2K => 80,
        BlockFormat::Q3K => 108,
        BlockFormat::Q6K => 208,
        BlockFormat::F32
        | BlockFormat::F16
        | BlockFormat::Bf16
        | BlockFormat::Q4_0
        | BlockFormat::Q4_1
        | BlockFormat::Q5_0
        | BlockFormat::Q5_1
        | BlockFormat::Q8_0
        | BlockFormat::Q4K
        | BlockFormat::Q5K => 0,
    };
    for block in bytes.chunks_exact_mut(format.block_bytes()) {
        if let Ok(number) = <[u8; 4]>::try_from(&*block) {
            block.copy_from_slice(&(f32::from_le_bytes(number) * factor).to_le_bytes());
        } else if let [low, high, ..] = &mut block[scale_at..] {
            let scale = half::f16::from_le_bytes([*low, *high]).to_f32() * factor;
            [*low, *high] = half::f16::from_f32(scale).to_le_bytes();
        }
    }
}

/// `Q4_0` as `Q8_0`: the same scales, and codes that stand for the same numbers.
pub(super) fn widen(stored: &[u8], widened: &mut Vec<u8>) {
    widened.clear();
    for block in stored.as_chunks::<18>().0 {
        widened.extend_from_slice(&block[..2]);
        let code = |nibble: u8| nibble.wrapping_sub(8);
        widened.extend(block[2..].iter().map(|byte| code(byte & 15)));
        widened.extend(block[2..].iter().map(|byte| code(byte >> 4)));
    }
}

pub(super) fn format_error(tensor: &TensorInfo) -> ModelError {
    ModelError::Format { name: tensor.name.clone(), kind: tensor.kind.as_str() }
}

pub(super) fn block_format(tensor: &TensorInfo) -> Result<BlockFormat, ModelError> {
    match tensor.kind {
        TensorType::F32 => Ok(BlockFormat::F32),
        TensorType::F16 => Ok(BlockFormat::F16),
        TensorType::BF16 => Ok(BlockFormat::Bf16),
        TensorType::Q4_0 => Ok(BlockFormat::Q4_0),
        TensorType::Q4_1 => Ok(BlockFormat::Q4_1),
        TensorType::Q5_0 => Ok(BlockFormat::Q5_0),
        TensorType::Q5_1 => Ok(BlockFormat::Q5_1),
        TensorType::Q8_0 => Ok(BlockFormat::Q8_0),
        TensorType::Q2_K => Ok(BlockFormat::Q2K),
        TensorType::Q3_K => Ok(BlockFormat::Q3K),
        TensorType::Q4_K => Ok(BlockFormat::Q4K),
        TensorType::Q5_K => Ok(BlockFormat::Q5K),
        TensorType::Q6_K => Ok(BlockFormat::Q6K),
        TensorType::IQ2_XXS
        | TensorType::IQ2_XS
        | TensorType::IQ3_XXS
        | TensorType::IQ1_S
        | TensorType::IQ4_NL
        | TensorType::IQ3_S
        | TensorType::IQ2_S
        | TensorType::IQ4_XS
        | TensorType::I8
        | TensorType::I16
        | TensorType::I32
        | TensorType::I64
        | TensorType::F64
        | TensorType::IQ1_M
        | TensorType::TQ1_0
        | TensorType::TQ2_0
        | TensorType::MXFP4 => Err(format_error(tensor)),
    }
}
