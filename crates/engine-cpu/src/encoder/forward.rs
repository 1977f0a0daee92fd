//! A batch of passages on its way through the layers, some layers at a time.

use std::ops::Range;

use cpu_kernels::{ActivationKind, Activations, AttentionScratch, Path};

use super::{Encoder, EncoderConfig, Pooling, pass::Pass};
use crate::{
    shared_buffer::SharedBuffer,
    workers::{Crew, CrewBroken},
};

/// Tokens that a worker carries through a layer at a time: few enough for its inputs to stay in
/// the second-level cache.
pub(super) const LANE_TOKENS: usize = 128;

/// The buffers of a batch, reused from batch to batch.
pub(crate) struct EncoderForward {
    path: Path,
    tokens: Vec<u32>,
    /// Passage `i` is `tokens[starts[i]..starts[i + 1]]`.
    starts: Vec<usize>,
    /// Layers that are computed.
    layer: usize,
    space: Workspace,
}

/// What the workers share.
#[derive(Default)]
pub(super) struct Workspace {
    shape: Option<Shape>,
    /// One row a token, as in `queries`.
    pub(super) hidden: SharedBuffer<f32>,
    pub(super) queries: SharedBuffer<f32>,
    /// By layers, odd and even: a worker writes those of a layer while another one still reads
    /// those of the layer before. Passage after passage, in each head after head.
    pub(super) keys: [SharedBuffer<u16>; 2],
    pub(super) values: [SharedBuffer<u16>; 2],
    pub(super) lanes: SharedBuffer<Lane>,
}

/// What one worker needs for itself.
pub(super) struct Lane {
    pub(super) input: Activations,
    pub(super) wide_input: Activations,
    /// Outputs of products of some tokens.
    pub(super) outputs: Vec<f32>,
    pub(super) attended: Vec<f32>,
    pub(super) head_queries: Vec<f32>,
    pub(super) head_outputs: Vec<f32>,
    pub(super) visible: Vec<Range<u32>>,
    pub(super) attention: AttentionScratch,
}

#[derive(PartialEq, Eq)]
struct Shape {
    kind: ActivationKind,
    hidden: usize,
    feed_forward: usize,
    workers: usize,
}

impl EncoderForward {
    pub(crate) fn new(path: Path) -> Self {
        let (tokens, starts) = (Vec::new(), Vec::new());
        Self { path, tokens, starts, layer: 0, space: Workspace::default() }
    }

    /// Takes a batch on. Passages must have at least one token, not more than the model's context,
    /// and only tokens of its vocabulary.
    pub(crate) fn begin<'a>(
        &mut self,
        model: &Encoder,
        crew: &Crew,
        passages: impl IntoIterator<Item = &'a [u32]>,
    ) {
        self.layer = 0;
        self.tokens.clear();
        self.starts.clear();
        self.starts.push(0);
        for passage in passages {
            self.tokens.extend_from_slice(passage);
            self.starts.push(self.tokens.len());
        }
        self.space.fit(model, self.tokens.len(), crew.len());
    }

    /// Computes up to `count` more layers; `true` when all are computed.
    pub(crate) fn advance(
        &mut self,
        model: &Encoder,
        crew: &Crew,
        count: usize,
    ) -> Result<bool, CrewBroken> {
        let last = model.config().layers.min(self.layer.saturating_add(count));
        let layers = self.layer..last;
        let (path, tokens, starts, space) = (self.path, &*self.tokens, &*self.starts, &self.space);
        crew.run(&|worker| {
            Pass { model, path, tokens, starts, space, worker }.run(layers.clone());
        })?;
        self.layer = last;
        Ok(last == model.config().layers)
    }

    /// One vector a passage, of length one.
    pub(crate) fn vectors(&mut self, config: &EncoderConfig) -> Vec<Vec<f32>> {
        let hidden = self.space.hidden.get_mut();
        let passages = self.starts.windows(2);
        let rows =
            passages.map(|bounds| &hidden[bounds[0] * config.hidden..bounds[1] * config.hidden]);
        rows.map(|rows| pool(rows, config)).collect()
    }

    /// Gives the buffers back to the system.
    pub(crate) fn release(&mut self) {
        *self = Self::new(self.path);
    }
}

fn pool(rows: &[f32], config: &EncoderConfig) -> Vec<f32> {
    let taken = match config.pooling {
        Pooling::Mean => rows,
        Pooling::First => &rows[..config.hidden],
    };
    // The length is made one, so that the sum does as well as the mean.
    let mut sum = vec![0.0_f64; config.hidden];
    for row in taken.chunks_exact(config.hidden) {
        sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += f64::from(*value));
    }
    let length = sum.iter().map(|value| value * value).sum::<f64>().sqrt();
    let factor = if length > 0.0 { 1.0 / length } else { 0.0 };
    #[expect(clippy::cast_possible_truncation, reason = "vectors are told in single precision")]
    let vector = sum.iter().map(|value| (value * factor) as f32).collect();
    vector
}

impl Workspace {
    fn fit(&mut self, model: &Encoder, tokens: usize, workers: usize) {
        let config = model.config();
        for buffer in [&mut self.hidden, &mut self.queries] {
            buffer.fit(tokens * config.hidden);
        }
        for buffer in self.keys.iter_mut().chain(&mut self.values) {
            buffer.fit(tokens * config.hidden);
        }
        let shape = Shape {
            kind: model.weights.input_kind(),
            hidden: config.hidden,
            feed_forward: config.feed_forward,
            workers,
        };
        if self.shape.as_ref() != Some(&shape) {
            self.lanes = SharedBuffer::from_values((0..workers).map(|_| Lane::new(&shape)));
            self.shape = Some(shape);
        }
    }
}

impl Lane {
    fn new(shape: &Shape) -> Self {
        Self {
            input: Activations::new(shape.kind, LANE_TOKENS, shape.hidden),
            wide_input: Activations::new(shape.kind, LANE_TOKENS, shape.feed_forward),
            outputs: vec![0.0; LANE_TOKENS * shape.hidden.max(shape.feed_forward)],
            attended: vec![0.0; LANE_TOKENS * shape.hidden],
            head_queries: Vec::new(),
            head_outputs: Vec::new(),
            visible: Vec::new(),
            attention: AttentionScratch::new(),
        }
    }
}
