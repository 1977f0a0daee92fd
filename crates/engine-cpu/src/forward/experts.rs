//! A feed-forward part with experts: tokens are grouped by the experts that they use, so that the
//! weights of an expert are read once for all of its tokens.
#![expect(unsafe_code, reason = "workers share buffers, each writes its own part of a phase")]

use std::ops::Range;

use cpu_kernels::{ActivationKind, Activations, PackedMatrix, add_in_place, multiply, rms_norm};

use super::{
    pass::{Pass, span},
    steps::{scale, tile_rows, within},
    workspace::Scratch,
};
use crate::{
    model::{Choice, ExpertWeights, Experts, FeedForward, Layer, Model},
    shared_buffer::SharedBuffer,
};

/// Rows (a token with one of its experts) that are computed between two barriers at most: bounds
/// the memory, and is enough to make up for reading the weights of an expert that is cut in two.
const ROUND_ROWS: usize = 512;
/// Tokens whose experts a worker chooses at a time.
const ROUTER_ROWS: usize = 64;

/// The buffers of feed-forward parts with experts.
pub(super) struct ExpertSpace {
    shape: Shape,
    /// Inputs of the experts, one row a token.
    normed: SharedBuffer<f32>,
    /// The scores of all experts, one row a token.
    scores: SharedBuffer<f32>,
    /// The experts that each token uses.
    choices: SharedBuffer<Choice>,
    /// Inputs of the router, for each worker its own.
    routed: Vec<Activations>,
    /// Rows of a round, as are all that follow.
    inputs: Activations,
    activated_inputs: Activations,
    gate: SharedBuffer<f32>,
    up: SharedBuffer<f32>,
    activated: SharedBuffer<f32>,
    projected: SharedBuffer<f32>,
}

#[derive(PartialEq, Eq)]
struct Shape {
    kind: ActivationKind,
    router: ActivationKind,
    hidden: usize,
    feed_forward: usize,
    workers: usize,
    rows: usize,
}

/// A token with one of the experts that it uses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Assignment {
    expert: u32,
    token: usize,
    weight: f32,
}

/// Where products go.
struct Output<'a> {
    buffer: &'a SharedBuffer<f32>,
    /// Row of the buffer that belongs to row 0 of the input.
    first: usize,
}

impl ExpertSpace {
    /// Makes room for a batch of so many tokens; `None` for a model without experts.
    pub(super) fn fit(
        old: Option<Self>,
        model: &Model,
        tokens: usize,
        workers: usize,
    ) -> Option<Self> {
        let config = model.config();
        let experts = config.experts?;
        let router = model.weights().layers.iter().find_map(|layer| match &layer.feed_forward {
            FeedForward::Experts(experts) => Some(experts.router.activation_kind()),
            FeedForward::Dense(_) => None,
        });
        let rows = (tokens * experts.used).next_power_of_two().clamp(16, ROUND_ROWS);
        let mut shape = Shape {
            kind: model.weights().input_kind(),
            router: router.unwrap_or(ActivationKind::F32),
            hidden: config.hidden,
            feed_forward: experts.feed_forward,
            workers,
            rows,
        };
        if let Some(old) = &old {
            shape.rows = rows.max(old.shape.rows);
        }
        let mut space = match old {
            Some(old) if old.shape == shape => old,
            Some(_) | None => Self::new(shape),
        };
        space.normed.fit(tokens * config.hidden);
        space.scores.fit(tokens * experts.count);
        space.choices.fit(tokens * experts.used);
        Some(space)
    }

    fn new(shape: Shape) -> Self {
        let batch = |kind, rows, columns| {
            let mut batch = Activations::new(kind, rows, columns);
            batch.set_rows(rows);
            batch
        };
        let router = |_| batch(shape.router, ROUTER_ROWS, shape.hidden);
        Self {
            normed: SharedBuffer::default(),
            scores: SharedBuffer::default(),
            choices: SharedBuffer::default(),
            routed: (0..shape.workers).map(router).collect(),
            inputs: batch(shape.kind, shape.rows, shape.hidden),
            activated_inputs: batch(shape.kind, shape.rows, shape.feed_forward),
            gate: SharedBuffer::new(shape.rows * shape.feed_forward),
            up: SharedBuffer::new(shape.rows * shape.feed_forward),
            activated: SharedBuffer::new(shape.rows * shape.feed_forward),
            projected: SharedBuffer::new(shape.rows * shape.hidden),
            shape,
        }
    }
}

impl Pass<'_> {
    /// `residual += sum of weight * expert(norm(residual))` for the whole batch. `mine` are the
    /// tokens whose residuals this worker may read now. All workers have finished afterwards.
    pub(super) fn experts(&self, layer: &Layer, weights: &ExpertWeights, mine: &Range<usize>) {
        let (Some(space), Some(experts)) = (&self.space.experts, self.model.config().experts)
        else {
            return;
        };
        self.route(space, &experts, layer, weights, mine);
        self.worker.wait();
        let assignments = self.assign(space, &experts);
        for round in assignments.chunks(space.shape.rows) {
            self.take_inputs(space, round);
            self.worker.wait();
            self.gate_experts(space, weights, round);
            self.worker.wait();
            self.take_expert_activations(space, round.len());
            self.worker.wait();
            self.add_experts(space, weights, round);
        }
        self.scratch().assignments = assignments;
        self.worker.wait();
    }

    /// Chooses the experts of some tokens.
    fn route(
        &self,
        space: &ExpertSpace,
        experts: &Experts,
        layer: &Layer,
        weights: &ExpertWeights,
        tokens: &Range<usize>,
    ) {
        let config = self.model.config();
        let input = &space.routed[self.worker.index];
        let Scratch { order, .. } = self.scratch();
        for first in tokens.clone().step_by(ROUTER_ROWS) {
            let some = first..tokens.end.min(first + ROUTER_ROWS);
            for (index, token) in some.clone().enumerate() {
                let place = span(token, config.hidden);
                // SAFETY: the residuals of these tokens are complete, as the caller promises;
                // these rows and the inputs of the router belong to this worker.
                unsafe {
                    let residual = self.space.residual.read(place.clone());
                    let normed = space.normed.write(place);
                    let weight = &layer.feed_forward_norm;
                    rms_norm(self.path, residual, weight, config.norm_epsilon, normed);
                    input.quantize_row_shared(self.path, index, normed);
                }
            }
            let tiles = 0..weights.router.tiles();
            let rows = 0..some.len();
            let output = Output { buffer: &space.scores, first };
            self.expert_product(&weights.router, tiles, input, rows, &output);
            for token in some {
                // SAFETY: the scores and choices of these tokens belong to this worker.
                unsafe {
                    let scores = space.scores.read(span(token, experts.count));
                    let chosen = space.choices.write(span(token, experts.used));
                    experts.choose(scores, order, chosen);
                }
            }
        }
    }

    /// All tokens with their experts, grouped by expert. Every worker does this by itself, which
    /// costs less than waiting for one that does.
    fn assign(&self, space: &ExpertSpace, experts: &Experts) -> Vec<Assignment> {
        let tokens = self.plan.slots.len();
        let scratch = self.scratch();
        let mut assignments = std::mem::take(&mut scratch.assignments);
        // SAFETY: complete since the barrier before; nobody writes choices before the next layer.
        let choices = unsafe { space.choices.read(0..tokens * experts.used) };
        group(choices, experts, &mut scratch.order, &mut assignments);
        assignments
    }

    /// The inputs of a round, divided among the workers.
    fn take_inputs(&self, space: &ExpertSpace, round: &[Assignment]) {
        let hidden = self.model.config().hidden;
        for index in self.worker.share(round.len()) {
            // SAFETY: normed residuals are complete since the barrier after `route`; each row of
            // the inputs has one worker, and nobody multiplies before the barrier that follows.
            unsafe {
                let normed = space.normed.read(span(round[index].token, hidden));
                space.inputs.quantize_row_shared(self.path, index, normed);
            }
        }
    }

    /// `activated = f(gate(input)) * up(input)` with the expert of each row; the rows of each
    /// matrix are divided among the workers.
    fn gate_experts(&self, space: &ExpertSpace, weights: &ExpertWeights, round: &[Assignment]) {
        let width = space.shape.feed_forward;
        for rows in round.chunk_by(|a, b| a.expert == b.expert).scan(0, in_order) {
            let expert = round[rows.start].expert as usize;
            let tiles = self.worker.share(weights.gate[expert].tiles());
            let columns = tile_rows(&tiles, width);
            for (matrix, buffer) in
                [(&weights.gate[expert], &space.gate), (&weights.up[expert], &space.up)]
            {
                let (tiles, rows) = (tiles.clone(), rows.clone());
                let output = Output { buffer, first: 0 };
                self.expert_product(matrix, tiles, &space.inputs, rows, &output);
            }
            for row in rows {
                // SAFETY: these columns of this row belong to this worker in all three buffers.
                unsafe {
                    let gate = space.gate.read(within(row, width, &columns));
                    let up = space.up.read(within(row, width, &columns));
                    self.activate(gate, up, space.activated.write(within(row, width, &columns)));
                }
            }
        }
    }

    fn take_expert_activations(&self, space: &ExpertSpace, rows: usize) {
        for index in self.worker.share(rows) {
            // SAFETY: complete since the barrier before; rows as in `take_inputs`.
            unsafe {
                let activated = space.activated.read(span(index, space.shape.feed_forward));
                space.activated_inputs.quantize_row_shared(self.path, index, activated);
            }
        }
    }

    /// `residual += weight * down(activated)`; a worker has the same columns of every row.
    fn add_experts(&self, space: &ExpertSpace, weights: &ExpertWeights, round: &[Assignment]) {
        let config = self.model.config();
        let hidden = config.hidden;
        for rows in round.chunk_by(|a, b| a.expert == b.expert).scan(0, in_order) {
            let matrix = &weights.down[round[rows.start].expert as usize];
            let tiles = self.worker.share(matrix.tiles());
            let columns = tile_rows(&tiles, hidden);
            let input = &space.activated_inputs;
            let output = Output { buffer: &space.projected, first: 0 };
            self.expert_product(matrix, tiles, input, rows.clone(), &output);
            for row in rows {
                let Assignment { token, weight, .. } = round[row];
                // SAFETY: these columns belong to this worker in both buffers.
                unsafe {
                    let projected = space.projected.write(within(row, hidden, &columns));
                    let residual = self.space.residual.write(within(token, hidden, &columns));
                    scale(projected, weight * config.residual_scale);
                    add_in_place(self.path, residual, projected);
                }
            }
        }
    }

    /// Some tiles of a product of `rows` of the input.
    fn expert_product(
        &self,
        matrix: &PackedMatrix,
        tiles: Range<usize>,
        input: &Activations,
        rows: Range<usize>,
        output: &Output<'_>,
    ) {
        let (&Output { buffer, first }, stride) = (output, matrix.rows());
        assert!((first + rows.end) * stride <= buffer.len(), "room for a product");
        // SAFETY: every output is in bounds by the assertion; the outputs of these tiles and rows
        // belong to this worker; the inputs are complete since the last barrier.
        unsafe {
            let out = buffer.as_mut_ptr().add(first * stride);
            multiply(self.path, matrix, tiles, input, rows, out, stride);
        }
    }
}

/// The rows of a group that follows the groups before.
#[expect(clippy::unnecessary_wraps, reason = "a step of `Iterator::scan`")]
fn in_order(next: &mut usize, group: &[Assignment]) -> Option<Range<usize>> {
    let first = *next;
    *next += group.len();
    Some(first..*next)
}

/// Sorts by expert, then by token, by counting.
fn group(
    choices: &[Choice],
    experts: &Experts,
    starts: &mut Vec<u32>,
    assignments: &mut Vec<Assignment>,
) {
    starts.clear();
    starts.resize(experts.count + 1, 0);
    for choice in choices {
        starts[choice.expert as usize + 1] += 1;
    }
    for expert in 0..experts.count {
        starts[expert + 1] += starts[expert];
    }
    assignments.clear();
    assignments.resize(choices.len(), Assignment::default());
    for (index, &Choice { expert, weight }) in choices.iter().enumerate() {
        let place = &mut starts[expert as usize];
        assignments[*place as usize] = Assignment { expert, token: index / experts.used, weight };
        *place += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_grouped_by_expert() {
        let experts = Experts { count: 5, used: 2, feed_forward: 8, normalized: true, scale: 1.0 };
        let choose = |expert, weight| Choice { expert, weight };
        let choices = [
            choose(3, 0.75),
            choose(0, 0.25),
            choose(0, 0.5),
            choose(4, 0.5),
            choose(3, 0.625),
            choose(0, 0.375),
        ];
        let mut found = vec![Assignment::default(); 9];
        group(&choices, &experts, &mut vec![7; 9], &mut found);
        let found: Vec<_> = found.iter().map(|it| (it.expert, it.token, it.weight)).collect();
        let expected =
            [(0, 0, 0.25), (0, 1, 0.5), (0, 2, 0.375), (3, 0, 0.75), (3, 2, 0.625), (4, 1, 0.5)];
        assert_eq!(found, expected);
    }
}
