//! Low-rank adapters (LoRA): what a model learned later, as two thin matrices beside some of its
//! products, `y = W x + up (down x)`. The model's own weights are shared by all of its adapters.

use std::collections::BTreeMap;

use cpu_kernels::{ActivationKind, BlockFormat, PackError, PackedMatrix, RopeStyle};

use crate::{
    checkpoint::{Checkpoint, Layout, ReadError},
    gguf::{TensorInfo, TensorType},
    model::{Model, ModelConfig, q8_0},
};

/// Usual ranks are 8 to 64; more than this is no longer thin.
const RANK_MAX: u64 = 1_024;
/// Columns of a block of quantised inputs.
const BLOCK: usize = 32;
const PLACES: usize = 7;

/// The products that an adapter may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Query,
    Key,
    Value,
    AttentionOutput,
    Gate,
    Up,
    Down,
}

/// Why an adapter cannot be used with a model.
#[derive(Debug, thiserror::Error)]
pub enum AdapterError {
    #[error("this is a whole model, not an adapter")]
    WholeModel,
    #[error("it is an adapter of the kind `{kind}`; `lora` is supported")]
    Kind { kind: String },
    #[error("it was made for a model of the architecture `{adapter}`; this one is `{model}`")]
    Architecture { adapter: String, model: String },
    #[error("it changes nothing: it has no tensors")]
    Empty,
    #[error("it does not say how strong it is: `{key}` is missing, infinite or not a number")]
    Strength { key: &'static str },
    #[error("it changes `{name}`, which an adapter of this model cannot; it can change {possible}")]
    Place { name: String, possible: &'static str },
    #[error("`{name}` has no other half")]
    Unpaired { name: String },
    #[error("the tensor `{name}` is {found:?}, but {expected} is needed (columns, rows)")]
    Shape { name: String, found: Vec<u64>, expected: String },
    #[error("`{name}` has the rank {rank}; 1 to {rank_max} are possible")]
    Rank { name: String, rank: u64, rank_max: u64 },
    #[error("the tensor `{name}` is stored as {kind}; F32, F16, BF16 and Q8_0 can be read")]
    Format { name: String, kind: &'static str },
    #[error("the tensor `{name}` holds a number that is infinite or not a number")]
    NotFinite { name: String },
    #[error("could not read the tensor `{name}`")]
    Read { name: String, source: ReadError },
    #[error("could not pack the tensor `{name}`")]
    Pack { name: String, source: PackError },
}

/// What is added to one product.
#[derive(Debug)]
pub(crate) struct LowRank {
    /// From the inputs of the product to a few numbers.
    pub(crate) down: PackedMatrix,
    /// From these, padded with zeros to whole blocks, to the outputs; the strength of the adapter
    /// is part of its weights.
    pub(crate) up: PackedMatrix,
}

/// What an adapter adds to the products of a model.
#[derive(Debug)]
pub(crate) struct Adapter {
    /// For each layer.
    pairs: Vec<[Option<LowRank>; PLACES]>,
    parameters: u64,
}

impl Adapter {
    /// Reads the adapter of a file or a directory and fits it to `model`.
    pub(crate) fn load(file: &Checkpoint, model: &Model) -> Result<Self, AdapterError> {
        check_kind(file, model.config())?;
        let mut adapter = Self {
            pairs: (0..model.config().layers).map(|_| Default::default()).collect(),
            parameters: 0,
        };
        for (name, half) in halves(file)? {
            adapter.add(file, model, &name, half)?;
        }
        if adapter.parameters == 0 {
            return Err(AdapterError::Empty);
        }
        Ok(adapter)
    }

    pub(crate) fn pair(&self, layer: usize, place: Place) -> Option<&LowRank> {
        self.pairs.get(layer)?[place as usize].as_ref()
    }

    /// Numbers that were learned.
    pub(crate) fn parameters(&self) -> u64 {
        self.parameters
    }

    /// Multiply-adds of one token.
    pub(crate) fn multiply_adds(&self) -> usize {
        let size = |matrix: &PackedMatrix| matrix.rows() * matrix.columns();
        self.pairs.iter().flatten().flatten().map(|pair| size(&pair.down) + size(&pair.up)).sum()
    }

    /// Takes the two halves of what is added to the tensor `name` of the model.
    fn add(
        &mut self,
        file: &Checkpoint,
        model: &Model,
        name: &str,
        (down, up): (&TensorInfo, &TensorInfo),
    ) -> Result<(), AdapterError> {
        let config = model.config();
        let Some((layer, target)) = target(name, config) else {
            let possible = if config.experts.is_some() { IN_ATTENTION } else { IN_BLOCKS };
            return Err(AdapterError::Place { name: name.to_owned(), possible });
        };
        let rank = down.shape.get(1).copied().unwrap_or(1);
        check_shape(down, &[target.inputs as u64, rank])?;
        check_shape(up, &[rank, target.outputs as u64])?;
        if rank > RANK_MAX {
            let (name, rank_max) = (name.to_owned(), RANK_MAX);
            return Err(AdapterError::Rank { name, rank, rank_max });
        }
        let strength = strength(file, rank)?;
        let (down, up) = ((down, numbers(file, down)?), (up, numbers(file, up)?));
        self.parameters += (down.1.len() + up.1.len()) as u64;
        let kind = model.weights().input_kind();
        for part in target.parts {
            let width = usize::try_from(rank).unwrap_or(usize::MAX);
            let columns =
                if kind == ActivationKind::Int8 { width.next_multiple_of(BLOCK) } else { width };
            let rows = part.rows.map(|row| {
                let row = &up.1[row * width..(row + 1) * width];
                let scaled = row.iter().map(|number| number * strength);
                scaled.chain(std::iter::repeat(0.0)).take(columns).collect::<Vec<f32>>()
            });
            let rows: Vec<Vec<f32>> = match turn(file, config, part.place) {
                None => rows.collect(),
                Some(turn) => turn.apply(&rows.collect::<Vec<_>>(), config.head_dim),
            };
            let pair = LowRank {
                down: pack(kind, down.0, target.inputs, down.1.chunks_exact(target.inputs))?,
                up: pack(kind, up.0, columns, rows.iter().map(Vec::as_slice))?,
            };
            self.pairs[layer][part.place as usize] = Some(pair);
        }
        Ok(())
    }
}

const IN_BLOCKS: &str = "the projections of attention and of the feed-forward part";
const IN_ATTENTION: &str = "the projections of attention; its experts are not among them";

/// Where the tensor of a model goes, which may be several products in one.
struct Target {
    inputs: usize,
    /// Rows of the tensor.
    outputs: usize,
    parts: Vec<Part>,
}

/// One product.
struct Part {
    place: Place,
    /// Of the tensor.
    rows: std::ops::Range<usize>,
}

/// The layer and the place of `blk.3.attn_q`.
fn target(name: &str, config: &ModelConfig) -> Option<(usize, Target)> {
    let (layer, part) = name.strip_prefix("blk.")?.split_once('.')?;
    let layer = layer.parse().ok().filter(|&layer: &usize| layer < config.layers)?;
    let (hidden, queries, keys) = (config.hidden, config.query_width(), config.kv_width());
    let ffn = config.feed_forward;
    let (inputs, widths): (usize, &[(Place, usize)]) = match part {
        "attn_q" => (hidden, &[(Place::Query, queries)]),
        "attn_k" => (hidden, &[(Place::Key, keys)]),
        "attn_v" => (hidden, &[(Place::Value, keys)]),
        "attn_qkv" => {
            (hidden, &[(Place::Query, queries), (Place::Key, keys), (Place::Value, keys)])
        }
        "attn_output" => (queries, &[(Place::AttentionOutput, hidden)]),
        _ if config.experts.is_some() => return None,
        "ffn_up" if config.architecture.fuses_gate() => {
            (hidden, &[(Place::Gate, ffn), (Place::Up, ffn)])
        }
        "ffn_gate" => (hidden, &[(Place::Gate, ffn)]),
        "ffn_up" => (hidden, &[(Place::Up, ffn)]),
        "ffn_down" => (ffn, &[(Place::Down, hidden)]),
        _ => return None,
    };
    let mut outputs = 0;
    let parts = widths.iter().map(|&(place, width)| {
        outputs += width;
        Part { place, rows: outputs - width..outputs }
    });
    let parts = parts.collect();
    Some((layer, Target { inputs, outputs, parts }))
}

fn check_kind(file: &Checkpoint, config: &ModelConfig) -> Result<(), AdapterError> {
    if !file.is_adapter() {
        return Err(AdapterError::WholeModel);
    }
    let kind = file.text("adapter.type").unwrap_or_default();
    if kind != "lora" {
        return Err(AdapterError::Kind { kind: kind.to_owned() });
    }
    let (adapter, model) = (file.architecture(), config.architecture.as_str());
    // A directory does not say what it was made for.
    if file.layout() == Layout::Gguf && adapter != model {
        let (adapter, model) = (adapter.to_owned(), model.to_owned());
        return Err(AdapterError::Architecture { adapter, model });
    }
    Ok(())
}

/// For each changed tensor, the two that change it: towards the few numbers, and away from them.
type Halves<'a> = BTreeMap<String, (&'a TensorInfo, &'a TensorInfo)>;

fn halves(file: &Checkpoint) -> Result<Halves<'_>, AdapterError> {
    let mut halves = BTreeMap::new();
    for tensor in file.tensors() {
        let split = tensor.name.rsplit_once(".weight.");
        let (name, other) = match split {
            Some((name, "lora_a")) => (name, "lora_b"),
            Some((name, "lora_b")) => (name, "lora_a"),
            Some(_) | None => {
                let name = tensor.name.clone();
                return Err(AdapterError::Place { name, possible: IN_BLOCKS });
            }
        };
        let unpaired = || AdapterError::Unpaired { name: tensor.name.clone() };
        let partner = file.tensor(&format!("{name}.weight.{other}")).ok_or_else(unpaired)?;
        if other == "lora_b" {
            halves.insert(name.to_owned(), (tensor, partner));
        }
    }
    Ok(halves)
}

/// What the second product is multiplied by.
fn strength(file: &Checkpoint, rank: u64) -> Result<f32, AdapterError> {
    const KEY: &str = "adapter.lora.alpha";
    let alpha = file.f32(KEY).filter(|alpha| alpha.is_finite());
    let alpha = alpha.ok_or(AdapterError::Strength { key: KEY })?;
    #[expect(clippy::cast_precision_loss, reason = "at most RANK_MAX")]
    let rank = rank as f32;
    let is_stabilised = file.bool("adapter.lora.rank_stabilised") == Some(true);
    // Zero stands for "as it is" in files.
    Ok(match alpha {
        0.0 => 1.0,
        alpha if is_stabilised => alpha / rank.sqrt(),
        alpha => alpha / rank,
    })
}

fn check_shape(tensor: &TensorInfo, expected: &[u64; 2]) -> Result<(), AdapterError> {
    let found = [tensor.columns(), tensor.rows()];
    if found == *expected && tensor.shape.len() <= 2 {
        return Ok(());
    }
    let (name, found) = (tensor.name.clone(), tensor.shape.clone());
    Err(AdapterError::Shape { name, found, expected: format!("{expected:?}") })
}

/// All numbers of a tensor.
fn numbers(file: &Checkpoint, tensor: &TensorInfo) -> Result<Vec<f32>, AdapterError> {
    let name = || tensor.name.clone();
    let mut bytes = Vec::new();
    file.read_rows(tensor, 0..tensor.rows(), &mut bytes)
        .map_err(|source| AdapterError::Read { name: name(), source })?;
    let mut numbers = Vec::new();
    let is_read = match tensor.kind {
        TensorType::F32 => BlockFormat::F32.read_floats(&bytes, &mut numbers),
        TensorType::F16 => BlockFormat::F16.read_floats(&bytes, &mut numbers),
        TensorType::BF16 => BlockFormat::Bf16.read_floats(&bytes, &mut numbers),
        TensorType::Q8_0 => {
            numbers = bytes_as_numbers(&bytes);
            true
        }
        _ => false,
    };
    if !is_read {
        return Err(AdapterError::Format { name: name(), kind: tensor.kind.as_str() });
    }
    if numbers.iter().any(|number| !number.is_finite()) {
        return Err(AdapterError::NotFinite { name: name() });
    }
    Ok(numbers)
}

fn bytes_as_numbers(blocks: &[u8]) -> Vec<f32> {
    let blocks = blocks.as_chunks::<34>().0.iter();
    let numbers = blocks.flat_map(|[low, high, codes @ ..]| {
        let scale = half::f16::from_le_bytes([*low, *high]).to_f32();
        codes.iter().map(move |code| scale * f32::from(code.cast_signed()))
    });
    numbers.collect()
}

fn pack<'a>(
    kind: ActivationKind,
    tensor: &TensorInfo,
    columns: usize,
    rows: impl ExactSizeIterator<Item = &'a [f32]>,
) -> Result<PackedMatrix, AdapterError> {
    let format = match kind {
        ActivationKind::Int8 => BlockFormat::Q8_0,
        ActivationKind::F32 => BlockFormat::F32,
    };
    let failed = |source| AdapterError::Pack { name: tensor.name.clone(), source };
    let mut packer = PackedMatrix::packer(rows.len(), columns, format).map_err(failed)?;
    let mut bytes = Vec::new();
    for row in rows {
        match kind {
            ActivationKind::Int8 => q8_0(row, &mut bytes),
            ActivationKind::F32 => {
                bytes.clear();
                bytes.extend(row.iter().flat_map(|number| number.to_le_bytes()));
            }
        }
        packer.push_rows(&bytes).map_err(failed)?;
    }
    packer.finish().map_err(failed)
}

/// How the rows of queries and keys change their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// From halves of a head to pairs that lie side by side.
    ToPairs,
    ToHalves,
}

/// Files and directories hold the rows of queries and keys in different orders, and the adapter
/// may be stored in another way than the model.
fn turn(file: &Checkpoint, config: &ModelConfig, place: Place) -> Option<Turn> {
    if !matches!(place, Place::Query | Place::Key) {
        return None;
    }
    let stored = match file.layout() {
        Layout::Gguf => config.architecture.rope_style(),
        Layout::Safetensors => RopeStyle::Halves,
    };
    match (stored, config.rope.style) {
        (RopeStyle::Halves, RopeStyle::Interleaved) => Some(Turn::ToPairs),
        (RopeStyle::Interleaved, RopeStyle::Halves) => Some(Turn::ToHalves),
        (RopeStyle::Halves, RopeStyle::Halves)
        | (RopeStyle::Interleaved, RopeStyle::Interleaved) => None,
    }
}

impl Turn {
    fn apply(self, rows: &[Vec<f32>], head_dim: usize) -> Vec<Vec<f32>> {
        let source = |row: usize| {
            let (head, at) = (row / head_dim * head_dim, row % head_dim);
            head + match self {
                Self::ToPairs => at / 2 + at % 2 * (head_dim / 2),
                Self::ToHalves => at % (head_dim / 2) * 2 + at / (head_dim / 2),
            }
        };
        (0..rows.len()).map(|row| rows[source(row)].clone()).collect()
    }
}
