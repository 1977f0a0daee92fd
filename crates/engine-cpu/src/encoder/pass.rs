//! One worker's way through some layers: its tokens, and what they see of others.
#![expect(unsafe_code, reason = "workers share buffers, each writes its own part of a phase")]

use std::ops::Range;

use cpu_kernels::{
    Activations, AttentionBlocks, KvLayout, KvPrecision, Path, add_in_place, attend, gelu,
    layer_norm, multiply, to_f16,
};

use super::{
    Encoder,
    forward::{LANE_TOKENS, Lane, Workspace},
    weights::{EncoderLayer, Norm},
};
use crate::{model::Projection, shared_buffer::SharedBuffer, workers::Worker};

/// The kernels compute tokens in groups of this size; parts of workers end between groups.
const TOKEN_GROUP: usize = 8;

/// Each worker has its tokens in all layers. Its rows of `hidden` and `queries` are its own; keys
/// and values are read by others after the one barrier of a layer.
pub(super) struct Pass<'a> {
    pub(super) model: &'a Encoder,
    pub(super) path: Path,
    pub(super) tokens: &'a [u32],
    pub(super) starts: &'a [usize],
    pub(super) space: &'a Workspace,
    pub(super) worker: &'a Worker<'a>,
}

impl Pass<'_> {
    pub(super) fn run(&self, layers: Range<usize>) {
        let groups = self.worker.share(self.tokens.len().div_ceil(TOKEN_GROUP));
        let first = (groups.start * TOKEN_GROUP).min(self.tokens.len());
        let mine = first..self.tokens.len().min(groups.end * TOKEN_GROUP);
        // SAFETY: only this worker uses the lane of its index, and only through this reference.
        let lane = unsafe { self.space.lanes.slot(self.worker.index) };
        if layers.start == 0 {
            self.embed(mine.clone(), lane);
        }
        for index in layers {
            let layer = &self.model.weights.layers[index];
            for part in parts(&mine) {
                self.project(index, layer, part, lane);
            }
            self.worker.wait();
            for part in parts(&mine) {
                self.attend(index, part.clone(), lane);
                self.finish(layer, part, lane);
            }
        }
    }

    /// Token, position and type together, normed.
    fn embed(&self, tokens: Range<usize>, lane: &mut Lane) {
        let weights = &self.model.weights;
        let hidden = self.model.config.hidden;
        let (sum, position_row) = (&mut lane.outputs[..hidden], &mut lane.attended[..hidden]);
        for token in tokens {
            let position = token - self.starts[self.passage_of(token)];
            weights.tokens.dequantize_row(self.tokens[token] as usize, sum);
            weights.positions.dequantize_row(position, position_row);
            add_in_place(self.path, sum, position_row);
            add_in_place(self.path, sum, &weights.token_type);
            self.norm(&weights.embedding_norm, sum, self.hidden(token..token + 1));
        }
    }

    /// Queries, keys and values.
    fn project(&self, index: usize, layer: &EncoderLayer, part: Range<usize>, lane: &mut Lane) {
        let hidden = self.model.config.hidden;
        let Lane { input, outputs, .. } = lane;
        take(self.path, input, self.hidden(part.clone()), hidden);
        // SAFETY: these rows belong to this worker.
        let queries = unsafe { self.space.queries.write(part.start * hidden..part.end * hidden) };
        product(self.path, &layer.query, input, queries);
        let outputs = &mut outputs[..part.len() * hidden];
        product(self.path, &layer.key, input, outputs);
        self.store(&self.space.keys[index % 2], part.clone(), outputs);
        product(self.path, &layer.value, input, outputs);
        self.store(&self.space.values[index % 2], part, outputs);
    }

    /// Puts the heads of some tokens where attention reads them.
    fn store(&self, buffer: &SharedBuffer<u16>, part: Range<usize>, rows: &[f32]) {
        let (hidden, head_dim) = (self.model.config.hidden, self.model.config.head_dim());
        for (token, row) in part.zip(rows.chunks_exact(hidden)) {
            let passage = self.passage_of(token);
            let (start, end) = (self.starts[passage], self.starts[passage + 1]);
            for (head, values) in row.chunks_exact(head_dim).enumerate() {
                let at =
                    start * hidden + head * (end - start) * head_dim + (token - start) * head_dim;
                // SAFETY: this place is of this token alone, which is this worker's; others read
                // it after the barrier, and those of the layer before lie elsewhere.
                let place = unsafe { buffer.write(at..at + head_dim) };
                to_f16(self.path, values, place);
            }
        }
    }

    /// What each token takes from its passage.
    fn attend(&self, index: usize, part: Range<usize>, lane: &mut Lane) {
        let mut token = part.start;
        while token < part.end {
            let passage = self.passage_of(token);
            let end = part.end.min(self.starts[passage + 1]);
            for head in 0..self.model.config.heads {
                self.attend_head(index, (passage, head), token..end, part.start, lane);
            }
            token = end;
        }
    }

    fn attend_head(
        &self,
        index: usize,
        (passage, head): (usize, usize),
        tokens: Range<usize>,
        first: usize,
        lane: &mut Lane,
    ) {
        let (hidden, head_dim) = (self.model.config.hidden, self.model.config.head_dim());
        let (start, end) = (self.starts[passage], self.starts[passage + 1]);
        let Lane { attended, head_queries, head_outputs, visible, attention, .. } = lane;
        let seen = 0..u32::try_from(end - start).unwrap_or(u32::MAX);
        visible.clear();
        visible.resize(tokens.len(), seen);
        head_queries.clear();
        for token in tokens.clone() {
            let at = token * hidden + head * head_dim;
            // SAFETY: these rows belong to this worker.
            head_queries.extend_from_slice(unsafe { self.space.queries.read(at..at + head_dim) });
        }
        head_outputs.resize(head_queries.len(), 0.0);
        let plane = (end - start) * head_dim;
        let at = start * hidden + head * plane;
        // SAFETY: complete since the barrier; the next layer's lie elsewhere, and nobody comes to
        // the one after it before all have left this one.
        let (keys, values) = unsafe {
            let (keys, values) = (&self.space.keys[index % 2], &self.space.values[index % 2]);
            (keys.read(at..at + plane), values.read(at..at + plane))
        };
        let layout = KvLayout { precision: KvPrecision::F16, block_tokens: end - start, head_dim };
        let blocks = AttentionBlocks { keys: &[keys], values: &[values], layout };
        #[expect(clippy::cast_precision_loss, reason = "heads are small")]
        let scale = 1.0 / (head_dim as f32).sqrt();
        attend(self.path, head_queries, visible, &blocks, scale, attention, head_outputs);
        for (token, output) in tokens.zip(head_outputs.chunks_exact(head_dim)) {
            let at = (token - first) * hidden + head * head_dim;
            attended[at..at + head_dim].copy_from_slice(output);
        }
    }

    /// The rest of a layer, from what was attended.
    fn finish(&self, layer: &EncoderLayer, part: Range<usize>, lane: &mut Lane) {
        let (hidden, wide) = (self.model.config.hidden, self.model.config.feed_forward);
        let Lane { input, wide_input, outputs, attended, .. } = lane;
        let count = part.len();
        take(self.path, input, &attended[..count * hidden], hidden);
        product(self.path, &layer.attention_output, input, &mut outputs[..count * hidden]);
        self.add_and_norm(&layer.attention_norm, part.clone(), outputs);
        take(self.path, input, self.hidden(part.clone()), hidden);
        product(self.path, &layer.up, input, &mut outputs[..count * wide]);
        gelu(self.path, &mut outputs[..count * wide]);
        take(self.path, wide_input, &outputs[..count * wide], wide);
        product(self.path, &layer.down, wide_input, &mut outputs[..count * hidden]);
        self.add_and_norm(&layer.output_norm, part, outputs);
    }

    fn add_and_norm(&self, norm: &Norm, part: Range<usize>, outputs: &mut [f32]) {
        let hidden = self.model.config.hidden;
        for (token, sum) in part.zip(outputs.chunks_exact_mut(hidden)) {
            let row = self.hidden(token..token + 1);
            add_in_place(self.path, sum, row);
            self.norm(norm, sum, row);
        }
    }

    fn norm(&self, norm: &Norm, sum: &[f32], out: &mut [f32]) {
        let epsilon = self.model.config.norm_epsilon;
        layer_norm(self.path, sum, (&norm.weight, &norm.bias), epsilon, out);
    }

    /// The residuals of some tokens of this worker.
    #[expect(clippy::mut_from_ref, reason = "each worker has its own rows")]
    fn hidden(&self, tokens: Range<usize>) -> &mut [f32] {
        let hidden = self.model.config.hidden;
        // SAFETY: the tokens of workers are disjoint, nobody reads those of others, and every
        // step takes them once and lets them go before the next.
        unsafe { self.space.hidden.write(tokens.start * hidden..tokens.end * hidden) }
    }

    fn passage_of(&self, token: usize) -> usize {
        self.starts.partition_point(|&start| start <= token) - 1
    }
}

fn parts(tokens: &Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let end = tokens.end;
    tokens.clone().step_by(LANE_TOKENS).map(move |first| first..end.min(first + LANE_TOKENS))
}

/// Rows as inputs of the next product.
fn take(path: Path, input: &mut Activations, rows: &[f32], width: usize) {
    input.set_rows(rows.len() / width);
    for (index, row) in rows.chunks_exact(width).enumerate() {
        input.quantize_row(path, index, row);
    }
}

/// All outputs of a projection, row after row.
fn product(path: Path, projection: &Projection, input: &Activations, out: &mut [f32]) {
    let matrix = &projection.matrix;
    let (rows, width) = (input.rows(), matrix.rows());
    assert_eq!(out.len(), rows * width, "room for a product");
    // SAFETY: the room was checked, and the exclusive borrow excludes everybody else.
    unsafe { multiply(path, matrix, 0..matrix.tiles(), input, 0..rows, out.as_mut_ptr(), width) };
    if let Some(bias) = &projection.bias {
        out.chunks_exact_mut(width).for_each(|row| add_in_place(path, row, bias));
    }
}
