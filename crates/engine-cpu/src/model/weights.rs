//! The weights of a model, packed.

use cpu_kernels::{ActivationKind, PackedMatrix};

/// Everything that is learned.
#[derive(Debug)]
pub(crate) struct Weights {
    pub(crate) embedding: PackedMatrix,
    pub(crate) layers: Vec<Layer>,
    pub(crate) output_norm: Vec<f32>,
    /// `None` when the embedding is also the output head.
    pub(crate) output: Option<PackedMatrix>,
    /// How fast each pair of values turns with the position: the pairs of the global rotary
    /// embedding, then those of the local one where there is one.
    pub(crate) rope_frequencies: Vec<f32>,
}

/// One transformer block.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) attention_norm: Vec<f32>,
    pub(crate) query: Projection,
    pub(crate) key: Projection,
    pub(crate) value: Projection,
    /// Norms of each head of the queries and of the keys.
    pub(crate) query_norm: Option<Vec<f32>>,
    pub(crate) key_norm: Option<Vec<f32>>,
    pub(crate) attention_output: Projection,
    /// Norm of what attention yields.
    pub(crate) attention_output_norm: Option<Vec<f32>>,
    pub(crate) feed_forward_norm: Vec<f32>,
    pub(crate) gate: Projection,
    pub(crate) up: Projection,
    pub(crate) down: Projection,
    /// Norm of what the feed-forward part yields.
    pub(crate) feed_forward_output_norm: Option<Vec<f32>>,
}

/// A matrix and what is added to its product.
#[derive(Debug)]
pub(crate) struct Projection {
    pub(crate) matrix: PackedMatrix,
    pub(crate) bias: Option<Vec<f32>>,
}

impl Weights {
    pub(crate) fn head(&self) -> &PackedMatrix {
        self.output.as_ref().unwrap_or(&self.embedding)
    }

    /// How the inputs of all blocks are held.
    pub(crate) fn input_kind(&self) -> ActivationKind {
        self.layers
            .first()
            .map_or(ActivationKind::F32, |layer| layer.query.matrix.activation_kind())
    }

    pub(crate) fn bytes(&self) -> usize {
        let layers: usize = self.layers.iter().map(Layer::bytes).sum();
        layers + self.embedding.bytes() + self.output.as_ref().map_or(0, PackedMatrix::bytes)
    }
}

impl Layer {
    pub(crate) fn projections(&self) -> [&Projection; 7] {
        [
            &self.query,
            &self.key,
            &self.value,
            &self.attention_output,
            &self.gate,
            &self.up,
            &self.down,
        ]
    }

    fn bytes(&self) -> usize {
        self.projections().iter().map(|projection| projection.matrix.bytes()).sum()
    }

    /// Multiply-adds of one token in all products of this block.
    pub(crate) fn multiply_adds(&self) -> usize {
        let size =
            |projection: &&Projection| projection.matrix.rows() * projection.matrix.columns();
        self.projections().iter().map(size).sum()
    }
}
