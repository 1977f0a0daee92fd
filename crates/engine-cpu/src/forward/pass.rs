//! One worker's way through the model.
#![expect(unsafe_code, reason = "workers share buffers, each writes its own part of a phase")]

use std::ops::Range;

use cpu_kernels::{Path, multiply, rms_norm};

use super::{
    Run,
    plan::Plan,
    steps::{Linear, scale},
    workspace::{Scratch, Split, Workspace},
};
use crate::{
    adapter::Place,
    model::{Dense, FeedForward, Layer, Model},
    workers::Worker,
};

/// The kernels compute tokens in groups of this size; parts of workers end between groups.
const TOKEN_GROUP: usize = 8;

/// Everything that a worker needs. Between two barriers each value of a shared buffer belongs to
/// the one worker that writes it, or to all that read it; the parts below say which.
pub(super) struct Pass<'a> {
    pub(super) model: &'a Model,
    pub(super) path: Path,
    pub(super) runs: &'a [Run<'a>],
    pub(super) plan: &'a Plan,
    pub(super) space: &'a Workspace,
    pub(super) worker: &'a Worker<'a>,
}

/// Some tokens of the batch, and what this worker does for them in each step.
pub(super) struct Part {
    pub(super) split: Split,
    /// Token of the batch that is row 0.
    pub(super) first: usize,
    pub(super) len: usize,
    /// Rows whose inputs this worker prepares.
    pub(super) rows: Range<usize>,
    /// Where the inputs of products are.
    pub(super) input_lane: usize,
    /// Where the outputs of products are.
    pub(super) output_lane: usize,
}

impl Pass<'_> {
    pub(super) fn run(&self) {
        let tokens = self.plan.slots.len();
        let split = Split::of(tokens, self.worker.count);
        let mine = match split {
            Split::RowsAlone | Split::Rows => self.worker.share(tokens),
            Split::Tokens => {
                let groups = self.worker.share(tokens.div_ceil(TOKEN_GROUP));
                groups.start * TOKEN_GROUP..tokens.min(groups.end * TOKEN_GROUP)
            }
        };
        self.embed(mine.clone());
        self.worker.wait();
        let lane_tokens = self.space.lane_tokens();
        for (index, layer) in self.model.weights().layers.iter().enumerate() {
            self.each_part(split, &mine, lane_tokens, |part| {
                self.before_attention(index, layer, part);
            });
            self.worker.wait();
            self.attention(index);
            self.worker.wait();
            self.each_part(split, &mine, lane_tokens, |part| {
                self.after_attention(index, layer, part);
            });
            if let FeedForward::Experts(experts) = &layer.feed_forward {
                self.experts(layer, experts, &mine);
            }
        }
        if !self.plan.wanted.is_empty() {
            self.worker.wait();
            self.head();
        }
    }

    fn each_part(
        &self,
        split: Split,
        mine: &Range<usize>,
        lane_tokens: usize,
        mut compute: impl FnMut(&Part),
    ) {
        let me = self.worker.index;
        let len = self.plan.slots.len();
        let (rows, input_lane) = match split {
            Split::RowsAlone => (0..len, me),
            Split::Rows => (self.worker.share(len), 0),
            Split::Tokens => {
                for first in mine.clone().step_by(lane_tokens) {
                    let len = lane_tokens.min(mine.end - first);
                    let lane = me;
                    let rows = 0..len;
                    compute(&Part { split, first, len, rows, input_lane: lane, output_lane: lane });
                }
                return;
            }
        };
        compute(&Part { split, first: 0, len, rows, input_lane, output_lane: 0 });
    }

    fn before_attention(&self, index: usize, layer: &Layer, part: &Part) {
        let input = &self.space.lanes[part.input_lane].hidden;
        self.norm(part, &layer.attention_norm, input);
        self.wait_for_inputs(part);
        self.query_key_value(index, layer, part);
    }

    fn after_attention(&self, index: usize, layer: &Layer, part: &Part) {
        let lane = &self.space.lanes[part.input_lane];
        self.take_attended(part);
        self.wait_for_inputs(part);
        let norm = layer.attention_output_norm.as_deref();
        let (place, projection) = (Place::AttentionOutput, &layer.attention_output);
        let linear = Linear { layer: index, place, projection };
        self.project_and_add(part, linear, norm, &lane.attended);
        self.wait_for_outputs(part);
        match &layer.feed_forward {
            FeedForward::Dense(dense) => self.feed_forward(index, layer, dense, part),
            // They take the whole batch at once.
            FeedForward::Experts(_) => {}
        }
    }

    fn feed_forward(&self, index: usize, layer: &Layer, dense: &Dense, part: &Part) {
        let lane = &self.space.lanes[part.input_lane];
        self.norm(part, &layer.feed_forward_norm, &lane.hidden);
        self.wait_for_inputs(part);
        self.gate(index, part, dense);
        self.wait_for_outputs(part);
        self.take_activated(part);
        self.wait_for_inputs(part);
        let norm = layer.feed_forward_output_norm.as_deref();
        let linear = Linear { layer: index, place: Place::Down, projection: &dense.down };
        self.project_and_add(part, linear, norm, &lane.activated);
        self.wait_for_outputs(part);
    }

    /// After inputs were prepared: together only where they are shared.
    fn wait_for_inputs(&self, part: &Part) {
        match part.split {
            Split::Rows => self.worker.wait(),
            Split::RowsAlone | Split::Tokens => {}
        }
    }

    /// After a product whose rows were divided.
    pub(super) fn wait_for_outputs(&self, part: &Part) {
        match part.split {
            Split::Rows | Split::RowsAlone => self.worker.wait(),
            Split::Tokens => {}
        }
    }

    fn head(&self) {
        let (weights, config) = (self.model.weights(), self.model.config());
        let Some(input) = &self.space.head else { return };
        let scratch = self.scratch();
        let row = scratch_row(&mut scratch.row, config.hidden);
        for index in self.worker.share(self.plan.wanted.len()) {
            let token = self.plan.wanted[index];
            // SAFETY: all residuals were complete at the barrier before; nobody writes them now.
            let residual = unsafe { self.space.residual.read(span(token, config.hidden)) };
            rms_norm(self.path, residual, &weights.output_norm, config.norm_epsilon, row);
            scale(row, config.logit_scale);
            // SAFETY: `share` gives each row to one worker, and products start after a barrier.
            unsafe { input.quantize_row_shared(self.path, index, row) };
        }
        self.worker.wait();
        let matrix = weights.head();
        let tiles = self.worker.share(matrix.tiles());
        let rows = 0..self.plan.wanted.len();
        assert!(self.space.logits.len() >= rows.end * config.vocabulary, "room for the logits");
        let out = self.space.logits.as_mut_ptr();
        // SAFETY: the buffer holds a row for each wanted token (asserted), the tiles of workers
        // are disjoint, and the inputs were complete at the barrier.
        unsafe { multiply(self.path, matrix, tiles, input, rows, out, config.vocabulary) };
    }

    #[expect(clippy::mut_from_ref, reason = "each worker has its own scratch memory")]
    pub(super) fn scratch(&self) -> &mut Scratch {
        // SAFETY: only this worker uses the scratch memory of its index, and every step takes it
        // once and lets it go before the next.
        unsafe { self.space.scratch.slot(self.worker.index) }
    }
}

/// The values of row `index` in a buffer of rows of `width`.
pub(super) fn span(index: usize, width: usize) -> Range<usize> {
    index * width..(index + 1) * width
}

/// A row of scratch memory, grown once.
pub(super) fn scratch_row(row: &mut Vec<f32>, len: usize) -> &mut [f32] {
    if row.len() < len {
        row.resize(len, 0.0);
    }
    &mut row[..len]
}
