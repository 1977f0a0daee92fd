//! Streams tensors from a file into packed weights.

use std::ops::Range;

use cpu_kernels::{BlockFormat, PackError, PackedMatrix};

use super::{
    Architecture, ConfigError, Experts, ModelConfig, Rope,
    quantize::{floats, q8_0},
    weights::{Dense, ExpertWeights, FeedForward, Layer, Projection, Weights},
};
use crate::{
    checkpoint::{Checkpoint, Layout, ReadError},
    gguf::{TensorInfo, TensorType},
};

/// Bytes of a tensor that are in memory at a time, beside the packed result.
const CHUNK_BYTES: usize = 1 << 20;

/// What a directory says in place of the tensor `rope_freqs`.
const FACTORS: &str = "rope.frequency_factors";

/// Why a model could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error("the model's metadata cannot be used")]
    Config(#[from] ConfigError),
    #[error("the tensor `{name}` is missing")]
    MissingTensor { name: String },
    #[error(
        "the tensor `{name}` is {found:?}, but {expected:?} {} is needed",
        if expected.len() > 2 { "(columns, rows, experts)" } else { "(columns, rows)" }
    )]
    Shape { name: String, found: Vec<u64>, expected: Vec<usize> },
    #[error("the tensor `{name}` mixes exact and quantised arithmetic with its neighbours")]
    MixedFormats { name: String },
    #[error("the tensor `{name}` is stored as {kind}, which the engine cannot read")]
    Format { name: String, kind: &'static str },
    #[error("could not read the tensor `{name}`")]
    Read { name: String, source: ReadError },
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
    file: &Checkpoint,
    config: &ModelConfig,
    perturbation: Option<&Perturbation>,
) -> Result<Weights, ModelError> {
    let mut source = Source::new(file, perturbation);
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
        if layer.matrices().any(|matrix| matrix.activation_kind() != kind) {
            return Err(ModelError::MixedFormats { name: format!("blk.{index}") });
        }
    }
    Ok(())
}

fn layer(source: &mut Source<'_>, config: &ModelConfig, index: usize) -> Result<Layer, ModelError> {
    let hidden = config.hidden;
    let (queries, keys) = (config.query_width(), config.kv_width());
    let name = |part: &str| format!("blk.{index}.{part}");
    let fused = name("attn_qkv");
    let [query, key, value] = if source.file.tensor(&format!("{fused}.weight")).is_some() {
        let (all, values) = (queries + 2 * keys, queries + keys);
        [0..queries, queries..values, values..all]
            .map(|rows| source.projection_part(&fused, all, rows, hidden))
    } else {
        [("attn_q", queries), ("attn_k", keys), ("attn_v", keys)]
            .map(|(part, rows)| source.projection(&name(part), rows, hidden))
    };
    let norm = |source: &mut Source<'_>, part: &str, len: usize, wanted: bool| {
        wanted.then(|| source.vector(&name(part), len)).transpose()
    };
    let (heads, outputs) = (config.architecture.norms_heads(), config.architecture.norms_outputs());
    Ok(Layer {
        attention_norm: source.vector(&name("attn_norm.weight"), hidden)?,
        query: query?,
        key: key?,
        value: value?,
        query_norm: norm(source, "attn_q_norm.weight", config.head_dim, heads)?,
        key_norm: norm(source, "attn_k_norm.weight", config.head_dim, heads)?,
        attention_output: source.projection(&name("attn_output"), hidden, queries)?,
        attention_output_norm: norm(source, "post_attention_norm.weight", hidden, outputs)?,
        feed_forward_norm: source.vector(&name("ffn_norm.weight"), hidden)?,
        feed_forward: match &config.experts {
            None => FeedForward::Dense(Box::new(dense(source, config, index)?)),
            Some(experts) => FeedForward::Experts(expert_weights(source, experts, hidden, index)?),
        },
        feed_forward_output_norm: norm(source, "post_ffw_norm.weight", hidden, outputs)?,
    })
}

fn dense(source: &mut Source<'_>, config: &ModelConfig, index: usize) -> Result<Dense, ModelError> {
    let (hidden, ffn) = (config.hidden, config.feed_forward);
    let name = |part: &str| format!("blk.{index}.{part}");
    let [gate, up] = if config.architecture.fuses_gate() {
        [0..ffn, ffn..2 * ffn]
            .map(|rows| source.projection_part(&name("ffn_up"), 2 * ffn, rows, hidden))
    } else {
        ["ffn_gate", "ffn_up"].map(|part| source.projection(&name(part), ffn, hidden))
    };
    let down = source.projection(&name("ffn_down"), hidden, ffn)?;
    Ok(Dense { gate: gate?, up: up?, down })
}

fn expert_weights(
    source: &mut Source<'_>,
    experts: &Experts,
    hidden: usize,
    index: usize,
) -> Result<ExpertWeights, ModelError> {
    let ffn = experts.feed_forward;
    let name = |part: &str| format!("blk.{index}.{part}");
    let [gate, up, down] = [("gate", ffn, hidden), ("up", ffn, hidden), ("down", hidden, ffn)].map(
        |(part, rows, columns)| {
            source.stack(&name(&format!("ffn_{part}")), experts.count, rows, columns)
        },
    );
    let router = source.router(&name("ffn_gate_inp.weight"), experts.count, hidden)?;
    Ok(ExpertWeights { router, gate: gate?, up: up?, down: down? })
}

/// Those of the rotary embedding, divided by the model's own factors where it has them; then
/// those of the local one.
fn rope_frequencies(source: &mut Source<'_>, config: &ModelConfig) -> Result<Vec<f32>, ModelError> {
    let mut frequencies: Vec<f32> = config.rope.frequencies().collect();
    if source.file.tensor("rope_freqs.weight").is_some() {
        let factors = source.vector("rope_freqs.weight", frequencies.len())?;
        frequencies.iter_mut().zip(&factors).for_each(|(frequency, factor)| *frequency /= factor);
    }
    if let Some(factors) = source.file.floats(&format!("{}.{FACTORS}", source.file.architecture()))
    {
        if factors.len() != frequencies.len() {
            let value = factors.len().to_string();
            let expected = "there must be one for each pair of turned values";
            return Err(ConfigError::OutOfRange { key: FACTORS.to_owned(), value, expected }.into());
        }
        frequencies.iter_mut().zip(&factors).for_each(|(frequency, factor)| *frequency /= factor);
    }
    frequencies.extend(config.local_rope.iter().flat_map(Rope::frequencies));
    if let Some(Perturbation::RopeFrequency { pair, factor }) = source.perturbation
        && let Some(frequency) = frequencies.get_mut(*pair)
    {
        *frequency *= factor;
    }
    Ok(frequencies)
}

/// How matrices lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    /// In as many bits as the file has.
    AsStored,
    /// Four bits in eight: nothing is lost, and large batches are faster.
    Bytes,
}

/// The tensors of a file, read one piece at a time.
pub(crate) struct Source<'a> {
    file: &'a Checkpoint,
    perturbation: Option<&'a Perturbation>,
    packing: Packing,
    buffer: Vec<u8>,
    /// Rows of the buffer that were quantised.
    blocks: Vec<u8>,
    widened: Vec<u8>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(file: &'a Checkpoint, perturbation: Option<&'a Perturbation>) -> Self {
        let (buffer, widened) = (Vec::new(), Vec::new());
        Self { file, perturbation, packing: Packing::AsStored, buffer, blocks: Vec::new(), widened }
    }

    /// Packs the matrices to come in this way.
    pub(crate) fn pack(&mut self, packing: Packing) {
        self.packing = packing;
    }

    /// Three square projections, which some files hold as one: `<name>_qkv`.
    pub(crate) fn query_key_value(
        &mut self,
        name: &str,
        width: usize,
    ) -> Result<[Projection; 3], ModelError> {
        let fused = format!("{name}_qkv");
        let is_fused = self.file.tensor(&format!("{fused}.weight")).is_some();
        let mut part = |index: usize, own: &str| {
            if is_fused {
                let rows = index * width..(index + 1) * width;
                return self.projection_part(&fused, 3 * width, rows, width);
            }
            self.projection(&format!("{name}_{own}"), width, width)
        };
        Ok([part(0, "q")?, part(1, "k")?, part(2, "v")?])
    }

    pub(crate) fn projection(
        &mut self,
        name: &str,
        rows: usize,
        columns: usize,
    ) -> Result<Projection, ModelError> {
        self.projection_part(name, rows, 0..rows, columns)
    }

    /// Some of the `all` rows of what the file holds as one projection.
    fn projection_part(
        &mut self,
        name: &str,
        all: usize,
        rows: Range<usize>,
        columns: usize,
    ) -> Result<Projection, ModelError> {
        let matrix = self.matrix_part(&format!("{name}.weight"), all, rows.clone(), columns)?;
        let bias = format!("{name}.bias");
        let bias = match self.file.tensor(&bias) {
            Some(_) => Some(self.vector(&bias, all)?[rows].to_vec()),
            None => None,
        };
        Ok(Projection { matrix, bias })
    }

    pub(crate) fn matrix(
        &mut self,
        name: &str,
        rows: usize,
        columns: usize,
    ) -> Result<PackedMatrix, ModelError> {
        self.matrix_part(name, rows, 0..rows, columns)
    }

    /// Scores decide which experts a token uses, so they are never rounded here.
    fn router(
        &mut self,
        name: &str,
        rows: usize,
        columns: usize,
    ) -> Result<PackedMatrix, ModelError> {
        let tensor = self.tensor(name, &[columns, rows])?;
        self.packed_rows(tensor, 0..rows, columns, block_format(tensor)?)
    }

    /// The matrices of all experts: one tensor with all of them, or one for each.
    fn stack(
        &mut self,
        name: &str,
        count: usize,
        rows: usize,
        columns: usize,
    ) -> Result<Vec<PackedMatrix>, ModelError> {
        if self.file.tensor(&format!("{name}.0.weight")).is_some() {
            let one = |at| self.matrix(&format!("{name}.{at}.weight"), rows, columns);
            return (0..count).map(one).collect();
        }
        let tensor = self.tensor(&format!("{name}_exps.weight"), &[columns, rows, count])?;
        let format = self.packed_format(tensor)?;
        let one = |at| self.packed_rows(tensor, at * rows..(at + 1) * rows, columns, format);
        (0..count).map(one).collect()
    }

    /// Some of the `all` rows of a tensor.
    fn matrix_part(
        &mut self,
        name: &str,
        all: usize,
        rows: Range<usize>,
        columns: usize,
    ) -> Result<PackedMatrix, ModelError> {
        let tensor = self.tensor(name, &[columns, all])?;
        let format = self.packed_format(tensor)?;
        self.packed_rows(tensor, rows, columns, format)
    }

    /// The format in which a matrix is packed: its own, or for safetensors the one that fits the
    /// tiles of the kernels without another rounding.
    fn packed_format(&self, tensor: &TensorInfo) -> Result<BlockFormat, ModelError> {
        let stored = block_format(tensor)?;
        Ok(match self.file.layout() {
            Layout::Gguf => stored,
            Layout::Safetensors => BlockFormat::Q8_0,
        })
    }

    fn packed_rows(
        &mut self,
        tensor: &TensorInfo,
        rows: Range<usize>,
        columns: usize,
        format: BlockFormat,
    ) -> Result<PackedMatrix, ModelError> {
        let name = &tensor.name;
        let stored = block_format(tensor)?;
        let packing = |source| ModelError::Pack { name: name.to_owned(), source };
        let widens = self.packing == Packing::Bytes && format == BlockFormat::Q4_0;
        let packed_format = if widens { BlockFormat::Q8_0 } else { format };
        let mut packer =
            PackedMatrix::packer(rows.len(), columns, packed_format).map_err(packing)?;
        let factor = self.factor(name);
        let step = (CHUNK_BYTES / packer.row_bytes()).max(1) as u64;
        let (mut row, last) = (rows.start as u64, rows.end as u64);
        while row < last {
            let end = last.min(row + step);
            self.file
                .read_rows(tensor, row..end, &mut self.buffer)
                .map_err(|source| ModelError::Read { name: name.to_owned(), source })?;
            let rows = if stored == format {
                &mut self.buffer
            } else {
                let numbers = floats(stored, &self.buffer).ok_or_else(|| format_error(tensor))?;
                q8_0(&numbers, &mut self.blocks);
                &mut self.blocks
            };
            if let Some(factor) = factor {
                scale_blocks(format, rows, factor);
            }
            if widens {
                widen(rows, &mut self.widened);
            }
            let packed = if widens { &self.widened } else { &*rows };
            packer.push_rows(packed).map_err(packing)?;
            row = end;
        }
        packer.finish().map_err(packing)
    }

    pub(crate) fn vector(&mut self, name: &str, len: usize) -> Result<Vec<f32>, ModelError> {
        let tensor = self.tensor(name, &[len])?;
        let format = block_format(tensor)?;
        self.file
            .read_rows(tensor, 0..1, &mut self.buffer)
            .map_err(|source| ModelError::Read { name: name.to_owned(), source })?;
        let factor = self.factor(name).unwrap_or(1.0);
        let mut numbers = floats(format, &self.buffer).ok_or_else(|| format_error(tensor))?;
        let rest = self.norm_rest(name);
        for number in &mut numbers {
            *number = (*number + rest) * factor;
        }
        Ok(numbers)
    }

    /// Safetensors of Gemma hold its norms less one.
    fn norm_rest(&self, name: &str) -> f32 {
        let is_gemma = self.file.architecture() == Architecture::Gemma3.as_str();
        let holds_less = is_gemma && self.file.layout() == Layout::Safetensors;
        if holds_less && name.ends_with("norm.weight") { 1.0 } else { 0.0 }
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

/// `Q4_0` as `Q8_0`: the same scales, and codes that stand for the same numbers.
fn widen(stored: &[u8], widened: &mut Vec<u8>) {
    widened.clear();
    for block in stored.as_chunks::<18>().0 {
        widened.extend_from_slice(&block[..2]);
        let code = |nibble: u8| nibble.wrapping_sub(8);
        widened.extend(block[2..].iter().map(|byte| code(byte & 15)));
        widened.extend(block[2..].iter().map(|byte| code(byte >> 4)));
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
