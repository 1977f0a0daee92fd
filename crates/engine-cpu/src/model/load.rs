//! Streams tensors from a file into packed weights.

use cpu_kernels::{BlockFormat, PackError, PackedMatrix};

use super::{
    ConfigError, ModelConfig,
    weights::{Layer, Projection, Weights},
};
use crate::gguf::{GgufError, GgufFile, TensorInfo, TensorType};

/// Bytes of a tensor that are in memory at a time, beside the packed result.
const CHUNK_BYTES: usize = 1 << 20;

/// Why a model could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error("the model's metadata cannot be used")]
    Config(#[from] ConfigError),
    #[error("the tensor `{name}` is missing")]
    MissingTensor { name: String },
    #[error("the tensor `{name}` is {found:?}, but {expected:?} (columns, rows) is needed")]
    Shape { name: String, found: Vec<u64>, expected: Vec<usize> },
    #[error("the tensor `{name}` mixes exact and quantised arithmetic with its neighbours")]
    MixedFormats { name: String },
    #[error("the tensor `{name}` is stored as {kind}, which the engine cannot read")]
    Format { name: String, kind: &'static str },
    #[error("could not read the tensor `{name}`")]
    Read { name: String, source: GgufError },
    #[error("could not pack the tensor `{name}`")]
    Pack { name: String, source: PackError },
}

/// One number made wrong, to prove that a comparison would notice.
#[derive(Clone, Debug, PartialEq)]
pub enum Perturbation {
    /// Multiplies the frequency of one pair of rotated values.
    RopeFrequency { pair: usize, factor: f32 },
    /// Multiplies one tensor.
    Tensor { name: String, factor: f32 },
}

pub(super) fn weights(
    file: &GgufFile,
    config: &ModelConfig,
    perturbation: Option<&Perturbation>,
) -> Result<Weights, ModelError> {
    let mut source = Source { file, perturbation, buffer: Vec::new() };
    let hidden = config.hidden;
    let embedding = source.matrix("token_embd.weight", config.vocabulary, hidden)?;
    let output = match file.tensor("output.weight") {
        Some(_) => Some(source.matrix("output.weight", config.vocabulary, hidden)?),
        None => None,
    };
    let weights = Weights {
        embedding,
        output,
        output_norm: source.vector("output_norm.weight", hidden)?,
        rope_frequencies: rope_frequencies(&mut source, config)?,
        layers: (0..config.layers)
            .map(|index| layer(&mut source, config, index))
            .collect::<Result<_, _>>()?,
    };
    check_formats(&weights)?;
    Ok(weights)
}

/// One batch of inputs serves all products of the blocks, so all need the same kind of input.
fn check_formats(weights: &Weights) -> Result<(), ModelError> {
    let kind = weights.input_kind();
    for (index, layer) in weights.layers.iter().enumerate() {
        if layer.projections().iter().any(|part| part.matrix.activation_kind() != kind) {
            return Err(ModelError::MixedFormats { name: format!("blk.{index}") });
        }
    }
    Ok(())
}

fn layer(source: &mut Source<'_>, config: &ModelConfig, index: usize) -> Result<Layer, ModelError> {
    let (hidden, ffn) = (config.hidden, config.feed_forward);
    let (queries, keys) = (config.query_width(), config.kv_width());
    let mut projection = |name: &str, rows: usize, columns: usize| {
        source.projection(&format!("blk.{index}.{name}"), rows, columns)
    };
    let query = projection("attn_q", queries, hidden)?;
    let key = projection("attn_k", keys, hidden)?;
    let value = projection("attn_v", keys, hidden)?;
    let attention_output = projection("attn_output", hidden, queries)?;
    let gate = projection("ffn_gate", ffn, hidden)?;
    let up = projection("ffn_up", ffn, hidden)?;
    let down = projection("ffn_down", hidden, ffn)?;
    Ok(Layer {
        attention_norm: source.vector(&format!("blk.{index}.attn_norm.weight"), hidden)?,
        feed_forward_norm: source.vector(&format!("blk.{index}.ffn_norm.weight"), hidden)?,
        query,
        key,
        value,
        attention_output,
        gate,
        up,
        down,
    })
}

/// `base^(-2i / dims)`, divided by the model's own factors where it has them.
#[expect(clippy::cast_precision_loss, reason = "dimensions are small")]
fn rope_frequencies(source: &mut Source<'_>, config: &ModelConfig) -> Result<Vec<f32>, ModelError> {
    let pairs = config.rope_dims / 2;
    let step = f64::from(config.rope_base).powf(-2.0 / config.rope_dims as f64);
    let mut frequencies: Vec<f32> = (0..pairs)
        .map(|pair| {
            let turn = step.powi(i32::try_from(pair).unwrap_or(i32::MAX));
            #[expect(clippy::cast_possible_truncation, reason = "single precision is wanted")]
            let turn = turn as f32;
            turn * config.rope_position_scale
        })
        .collect();
    if source.file.tensor("rope_freqs.weight").is_some() {
        let factors = source.vector("rope_freqs.weight", pairs)?;
        frequencies.iter_mut().zip(&factors).for_each(|(frequency, factor)| *frequency /= factor);
    }
    if let Some(Perturbation::RopeFrequency { pair, factor }) = source.perturbation
        && let Some(frequency) = frequencies.get_mut(*pair)
    {
        *frequency *= factor;
    }
    Ok(frequencies)
}

struct Source<'a> {
    file: &'a GgufFile,
    perturbation: Option<&'a Perturbation>,
    buffer: Vec<u8>,
}

impl<'a> Source<'a> {
    fn projection(
        &mut self,
        name: &str,
        rows: usize,
        columns: usize,
    ) -> Result<Projection, ModelError> {
        let matrix = self.matrix(&format!("{name}.weight"), rows, columns)?;
        let bias = format!("{name}.bias");
        let bias = match self.file.tensor(&bias) {
            Some(_) => Some(self.vector(&bias, rows)?),
            None => None,
        };
        Ok(Projection { matrix, bias })
    }

    fn matrix(
        &mut self,
        name: &str,
        rows: usize,
        columns: usize,
    ) -> Result<PackedMatrix, ModelError> {
        let tensor = self.tensor(name, &[columns, rows])?;
        let format = block_format(tensor)?;
        let packing = |source| ModelError::Pack { name: name.to_owned(), source };
        let mut packer = PackedMatrix::packer(rows, columns, format).map_err(packing)?;
        let factor = self.factor(name);
        let step = (CHUNK_BYTES / packer.row_bytes()).max(1) as u64;
        let mut row = 0;
        while row < rows as u64 {
            let end = (rows as u64).min(row + step);
            self.file
                .read_rows(tensor, row..end, &mut self.buffer)
                .map_err(|source| ModelError::Read { name: name.to_owned(), source })?;
            if let Some(factor) = factor {
                scale_blocks(format, &mut self.buffer, factor);
            }
            packer.push_rows(&self.buffer).map_err(packing)?;
            row = end;
        }
        packer.finish().map_err(packing)
    }

    fn vector(&mut self, name: &str, len: usize) -> Result<Vec<f32>, ModelError> {
        let tensor = self.tensor(name, &[len])?;
        if block_format(tensor)? != BlockFormat::F32 {
            return Err(format_error(tensor));
        }
        self.file
            .read_rows(tensor, 0..1, &mut self.buffer)
            .map_err(|source| ModelError::Read { name: name.to_owned(), source })?;
        let factor = self.factor(name).unwrap_or(1.0);
        let number = |bytes: &[u8; 4]| f32::from_le_bytes(*bytes) * factor;
        Ok(self.buffer.as_chunks::<4>().0.iter().map(number).collect())
    }

    fn tensor(&self, name: &str, shape: &[usize]) -> Result<&'a TensorInfo, ModelError> {
        let file = self.file;
        let tensor =
            file.tensor(name).ok_or_else(|| ModelError::MissingTensor { name: name.to_owned() })?;
        // Trailing dimensions of one are the same tensor.
        let dimensions = tensor.shape.len().max(shape.len());
        let found = (0..dimensions).map(|at| tensor.shape.get(at).copied().unwrap_or(1));
        let wanted = (0..dimensions).map(|at| shape.get(at).map_or(1, |&size| size as u64));
        if found.eq(wanted) {
            Ok(tensor)
        } else {
            Err(ModelError::Shape {
                name: name.to_owned(),
                found: tensor.shape.clone(),
                expected: shape.to_vec(),
            })
        }
    }

    fn factor(&self, wanted: &str) -> Option<f32> {
        match self.perturbation {
            Some(Perturbation::Tensor { name, factor }) if name == wanted => Some(*factor),
            Some(Perturbation::Tensor { .. } | Perturbation::RopeFrequency { .. }) | None => None,
        }
    }
}

/// Multiplies the scale of every block; for single precision, every number.
fn scale_blocks(format: BlockFormat, bytes: &mut [u8], factor: f32) {
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

fn format_error(tensor: &TensorInfo) -> ModelError {
    ModelError::Format { name: tensor.name.clone(), kind: tensor.kind.as_str() }
}

fn block_format(tensor: &TensorInfo) -> Result<BlockFormat, ModelError> {
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
