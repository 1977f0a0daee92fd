//! The weights of an encoder, packed.

use cpu_kernels::{ActivationKind, PackedMatrix};

use super::EncoderConfig;
use crate::model::{ModelError, Packing, Projection, Source};

/// Everything that is learned.
#[derive(Debug)]
pub(super) struct EncoderWeights {
    pub(super) tokens: PackedMatrix,
    pub(super) positions: PackedMatrix,
    /// What is added to every token: all are of the first type.
    pub(super) token_type: Vec<f32>,
    pub(super) embedding_norm: Norm,
    pub(super) layers: Vec<EncoderLayer>,
}

#[derive(Debug)]
pub(super) struct EncoderLayer {
    pub(super) query: Projection,
    pub(super) key: Projection,
    pub(super) value: Projection,
    pub(super) attention_output: Projection,
    pub(super) attention_norm: Norm,
    pub(super) up: Projection,
    pub(super) down: Projection,
    pub(super) output_norm: Norm,
}

#[derive(Debug)]
pub(super) struct Norm {
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
}

impl EncoderWeights {
    pub(super) fn load(
        source: &mut Source<'_>,
        config: &EncoderConfig,
    ) -> Result<Self, ModelError> {
        let hidden = config.hidden;
        let tokens = source.matrix("token_embd.weight", config.vocabulary, hidden)?;
        let positions = source.matrix("position_embd.weight", config.context_tokens, hidden)?;
        let token_type = token_type(source, hidden)?;
        let embedding_norm = norm(source, "token_embd_norm", hidden)?;
        // Passages are many tokens at a time, where unpacking four bits costs more than reading
        // eight.
        source.pack(Packing::Bytes);
        let layers = (0..config.layers).map(|index| layer(source, config, index));
        let weights = Self {
            tokens,
            positions,
            token_type,
            embedding_norm,
            layers: layers.collect::<Result<_, _>>()?,
        };
        weights.check_formats()?;
        Ok(weights)
    }

    /// How the inputs of all products are held.
    pub(super) fn input_kind(&self) -> ActivationKind {
        let first = self.layers.first();
        first.map_or(ActivationKind::F32, |layer| layer.query.matrix.activation_kind())
    }

    /// One batch of inputs serves several products, so all need the same kind of input.
    fn check_formats(&self) -> Result<(), ModelError> {
        let kind = self.input_kind();
        for (index, layer) in self.layers.iter().enumerate() {
            if layer.projections().iter().any(|part| part.matrix.activation_kind() != kind) {
                return Err(ModelError::MixedFormats { name: format!("blk.{index}") });
            }
        }
        Ok(())
    }
}

impl EncoderLayer {
    fn projections(&self) -> [&Projection; 6] {
        [&self.query, &self.key, &self.value, &self.attention_output, &self.up, &self.down]
    }
}

/// Some files hold one type only, and none a type that a passage alone would have.
fn token_type(source: &mut Source<'_>, hidden: usize) -> Result<Vec<f32>, ModelError> {
    const NAME: &str = "token_types.weight";
    match source.rows(NAME) {
        Some(types) => source.row(NAME, types, hidden, 0),
        None => Ok(vec![0.0; hidden]),
    }
}

fn norm(source: &mut Source<'_>, name: &str, hidden: usize) -> Result<Norm, ModelError> {
    let weight = source.vector(&format!("{name}.weight"), hidden)?;
    Ok(Norm { weight, bias: source.vector(&format!("{name}.bias"), hidden)? })
}

fn layer(
    source: &mut Source<'_>,
    config: &EncoderConfig,
    index: usize,
) -> Result<EncoderLayer, ModelError> {
    let (hidden, ffn) = (config.hidden, config.feed_forward);
    let name = |part: &str| format!("blk.{index}.{part}");
    let [query, key, value] = source.query_key_value(&name("attn"), hidden)?;
    Ok(EncoderLayer {
        query,
        key,
        value,
        attention_output: source.projection(&name("attn_output"), hidden, hidden)?,
        attention_norm: norm(source, &name("attn_output_norm"), hidden)?,
        up: source.projection(&name("ffn_up"), ffn, hidden)?,
        down: source.projection(&name("ffn_down"), hidden, ffn)?,
        output_norm: norm(source, &name("layer_output_norm"), hidden)?,
    })
}
