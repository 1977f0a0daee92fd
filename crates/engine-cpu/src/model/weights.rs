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
    /// What they are in short contexts, where that makes a difference.
    pub(crate) short_rope_frequencies: Option<Vec<f32>>,
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
    pub(crate) feed_forward: FeedForward,
    /// Norm of what the feed-forward part yields.
    pub(crate) feed_forward_output_norm: Option<Vec<f32>>,
}

/// What follows attention in a block.
#[derive(Debug)]
pub(crate) enum FeedForward {
    Dense(Box<Dense>),
    Experts(ExpertWeights),
}

/// A feed-forward part that every token goes through.
#[derive(Debug)]
pub(crate) struct Dense {
    pub(crate) gate: Projection,
    pub(crate) up: Projection,
    pub(crate) down: Projection,
}

/// Experts, of which each token goes through a few.
#[derive(Debug)]
pub(crate) struct ExpertWeights {
    /// One score for each expert.
    pub(crate) router: PackedMatrix,
    pub(crate) gate: Vec<PackedMatrix>,
    pub(crate) up: Vec<PackedMatrix>,
    pub(crate) down: Vec<PackedMatrix>,
}

/// A matrix and what is added to its product.
#[derive(Debug)]
pub(crate) struct Projection {
    pub(crate) matrix: PackedMatrix,
    pub(crate) bias: Option<Vec<f32>>,
}

impl Weights {
    /// Turns as in short contexts from here on.
    pub(crate) fn reach_short(&mut self) {
        if let Some(short) = self.short_rope_frequencies.take() {
            self.rope_frequencies = short;
        }
    }

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
    /// The matrices whose inputs are all held alike: all but the router.
    pub(crate) fn matrices(&self) -> impl Iterator<Item = &PackedMatrix> {
        let attention = [&self.query, &self.key, &self.value, &self.attention_output];
        let (dense, experts) = match &self.feed_forward {
            FeedForward::Dense(dense) => (Some([&dense.gate, &dense.up, &dense.down]), None),
            FeedForward::Experts(experts) => (None, Some(experts)),
        };
        let experts = experts.map(|it| it.gate.iter().chain(&it.up).chain(&it.down));
        let dense = dense.into_iter().flatten();
        attention
            .into_iter()
            .chain(dense)
            .map(|projection| &projection.matrix)
            .chain(experts.into_iter().flatten())
    }

    fn bytes(&self) -> usize {
        let matrices: usize = self.matrices().map(PackedMatrix::bytes).sum();
        matrices + self.router().map_or(0, PackedMatrix::bytes)
    }

    fn router(&self) -> Option<&PackedMatrix> {
        match &self.feed_forward {
            FeedForward::Dense(_) => None,
            FeedForward::Experts(experts) => Some(&experts.router),
        }
    }

    /// Multiply-adds of one token in all products of this block, of which a token uses so many
    /// experts.
    pub(crate) fn multiply_adds(&self, experts_used: usize) -> usize {
        let size = |matrix: &PackedMatrix| matrix.rows() * matrix.columns();
        let all: usize = self.matrices().map(size).sum();
        let FeedForward::Experts(experts) = &self.feed_forward else { return all };
        let parts = [&experts.gate, &experts.up, &experts.down];
        let unused =
            |part: &Vec<PackedMatrix>| part.iter().skip(experts_used).map(size).sum::<usize>();
        all - parts.map(unused).iter().sum::<usize>() + size(&experts.router)
    }
}

#[cfg(test)]
mod tests {
    use cpu_kernels::BlockFormat;

    use super::*;

    fn matrix(rows: usize, columns: usize) -> PackedMatrix {
        let mut packer = PackedMatrix::packer(rows, columns, BlockFormat::F32).unwrap();
        packer.push_rows(&vec![0; 4 * rows * columns]).unwrap();
        packer.finish().unwrap()
    }

    fn layer(feed_forward: FeedForward) -> Layer {
        let projection = || Projection { matrix: matrix(4, 4), bias: None };
        Layer {
            attention_norm: Vec::new(),
            query: projection(),
            key: projection(),
            value: projection(),
            query_norm: None,
            key_norm: None,
            attention_output: projection(),
            attention_output_norm: None,
            feed_forward_norm: Vec::new(),
            feed_forward,
            feed_forward_output_norm: None,
        }
    }

    #[test]
    fn a_token_is_charged_for_the_experts_that_it_uses() {
        let stack = |rows, columns| (0..5).map(|_| matrix(rows, columns)).collect();
        let experts = ExpertWeights {
            router: matrix(5, 4),
            gate: stack(3, 4),
            up: stack(3, 4),
            down: stack(4, 3),
        };
        let mixture = layer(FeedForward::Experts(experts));
        let (attention, router, expert) = (4 * 4 * 4, 5 * 4, 3 * 12);
        assert_eq!(mixture.multiply_adds(2), attention + router + 2 * expert);
        assert_eq!(mixture.matrices().count(), 4 + 3 * 5);

        let projection = |rows, columns| Projection { matrix: matrix(rows, columns), bias: None };
        let dense = Dense { gate: projection(3, 4), up: projection(3, 4), down: projection(4, 3) };
        let dense = layer(FeedForward::Dense(Box::new(dense)));
        assert_eq!(dense.multiply_adds(0), attention + expert);
    }
}
