//! The buffers between the steps.

use std::ops::Range;

use cpu_kernels::{ActivationKind, Activations, AttentionScratch};

use super::{
    adapted::LowRankScratch,
    experts::{Assignment, ExpertSpace},
    plan::Plan,
};
use crate::{
    model::{Model, ModelConfig},
    shared_buffer::SharedBuffer,
};

/// Tokens that a worker carries through a block at a time: few enough for its inputs to stay in
/// the second-level cache, enough to make up for reading the weights once more.
pub(super) const LANE_TOKENS: usize = 128;

/// Up to this many tokens every worker prepares all inputs by itself, which costs less than
/// waiting for one that does.
pub(super) const REDUNDANT_TOKENS_MAX: usize = 4;

/// How a batch is divided among the workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Split {
    /// By the rows of each matrix; every worker prepares all inputs for itself.
    RowsAlone,
    /// By the rows of each matrix; the inputs are prepared together.
    Rows,
    /// By tokens.
    Tokens,
}

impl Split {
    pub(super) fn of(tokens: usize, workers: usize) -> Self {
        if tokens <= REDUNDANT_TOKENS_MAX {
            Self::RowsAlone
        } else if tokens < (16 * workers).min(LANE_TOKENS) {
            Self::Rows
        } else {
            Self::Tokens
        }
    }
}

/// Inputs of matrix products, for one worker or for all together.
pub(super) struct Lane {
    pub(super) hidden: Activations,
    pub(super) attended: Activations,
    pub(super) activated: Activations,
}

/// What one worker needs for itself.
#[derive(Default)]
pub(super) struct Scratch {
    pub(super) row: Vec<f32>,
    pub(super) queries: Vec<f32>,
    pub(super) outputs: Vec<f32>,
    pub(super) visible: Vec<Range<u32>>,
    pub(super) keys: Vec<&'static [u16]>,
    pub(super) values: Vec<&'static [u16]>,
    pub(super) attention: AttentionScratch,
    /// Experts by score, and places of experts.
    pub(super) order: Vec<u32>,
    pub(super) assignments: Vec<Assignment>,
    pub(super) low_rank: LowRankScratch,
}

#[derive(Default)]
pub(super) struct Workspace {
    shape: Option<Shape>,
    /// One row a token, as are `queries`, `attended` and the angles.
    pub(super) residual: SharedBuffer<f32>,
    /// Queries, keys and values side by side.
    pub(super) qkv: SharedBuffer<f32>,
    pub(super) attended: SharedBuffer<f32>,
    pub(super) cosines: SharedBuffer<f32>,
    pub(super) sines: SharedBuffer<f32>,
    /// Rows of the lanes, one lane after the other, as are the next three.
    pub(super) projected: SharedBuffer<f32>,
    pub(super) gate: SharedBuffer<f32>,
    pub(super) up: SharedBuffer<f32>,
    pub(super) activated: SharedBuffer<f32>,
    pub(super) lanes: Vec<Lane>,
    /// For models whose feed-forward parts have experts.
    pub(super) experts: Option<ExpertSpace>,
    pub(super) head: Option<Activations>,
    pub(super) logits: SharedBuffer<f32>,
    pub(super) scratch: SharedBuffer<Scratch>,
}

/// What the lanes were made for.
#[derive(PartialEq, Eq)]
struct Shape {
    kind: ActivationKind,
    hidden: usize,
    query_width: usize,
    feed_forward: usize,
    workers: usize,
    lane_tokens: usize,
}

impl Workspace {
    /// Makes room for a batch; allocates only when it is larger than all before.
    pub(super) fn fit(&mut self, model: &Model, plan: &Plan, workers: usize) {
        let config = model.config();
        let tokens = plan.slots.len();
        self.fit_lanes(model, tokens, workers);
        self.experts = ExpertSpace::fit(self.experts.take(), model, tokens, workers);
        self.residual.fit(tokens * config.hidden);
        self.qkv.fit(tokens * qkv_width(config));
        self.attended.fit(tokens * config.query_width());
        let angles = tokens * model.weights().rope_frequencies.len();
        self.cosines.fit(angles);
        self.sines.fit(angles);
        self.logits.fit(plan.wanted.len() * config.vocabulary);
        self.fit_head(model, plan.wanted.len());
    }

    fn fit_lanes(&mut self, model: &Model, tokens: usize, workers: usize) {
        let config = model.config();
        // Few sizes, so that a batch that grows by one token does not build everything anew.
        let lane_tokens = tokens.next_power_of_two().clamp(16, LANE_TOKENS);
        let mut shape = Shape {
            kind: model.weights().input_kind(),
            hidden: config.hidden,
            query_width: config.query_width(),
            // With experts the lanes end before the feed-forward part.
            feed_forward: if config.experts.is_some() { 0 } else { config.feed_forward },
            workers,
            lane_tokens,
        };
        if let Some(old) = &self.shape {
            shape.lane_tokens = lane_tokens.max(old.lane_tokens);
        }
        if self.shape.as_ref() == Some(&shape) {
            return;
        }
        let batch = |columns| {
            let mut batch = Activations::new(shape.kind, shape.lane_tokens, columns);
            batch.set_rows(shape.lane_tokens);
            batch
        };
        let lane = |_| Lane {
            hidden: batch(shape.hidden),
            attended: batch(shape.query_width),
            activated: batch(shape.feed_forward),
        };
        self.lanes = (0..workers).map(lane).collect();
        self.scratch = SharedBuffer::from_values((0..workers).map(|_| Scratch::default()));
        let rows = workers * shape.lane_tokens;
        self.projected.fit(rows * shape.hidden);
        self.gate.fit(rows * shape.feed_forward);
        self.up.fit(rows * shape.feed_forward);
        self.activated.fit(rows * shape.feed_forward);
        self.shape = Some(shape);
    }

    fn fit_head(&mut self, model: &Model, wanted: usize) {
        let matrix = model.weights().head();
        let (kind, columns) = (matrix.activation_kind(), matrix.columns());
        let fits = |head: &Activations| {
            head.kind() == kind && head.columns() == columns && head.capacity_rows() >= wanted
        };
        if !self.head.as_ref().is_some_and(fits) {
            self.head = Some(Activations::new(kind, wanted.next_power_of_two().max(16), columns));
        }
        if let Some(head) = &mut self.head {
            head.set_rows(wanted);
        }
    }

    /// Tokens in a lane.
    pub(super) fn lane_tokens(&self) -> usize {
        self.shape.as_ref().map_or(0, |shape| shape.lane_tokens)
    }
}

pub(super) fn qkv_width(config: &ModelConfig) -> usize {
    config.query_width() + 2 * config.kv_width()
}
