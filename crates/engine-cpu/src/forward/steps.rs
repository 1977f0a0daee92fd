//! The steps of a transformer block for one part of the batch.
#![expect(unsafe_code, reason = "workers share buffers, each writes its own part of a phase")]

use std::ops::Range;

use cpu_kernels::{Activations, add_in_place, geglu, multiply, rms_norm, rope, swiglu};

use super::{
    pass::{Part, Pass, scratch_row, span},
    workspace::{Split, qkv_width},
};
use crate::{
    adapter::Place,
    kv_cache::BLOCK_TOKENS,
    model::{Activation, Dense, Layer, LayerRope, Projection},
    shared_buffer::SharedBuffer,
};

const TILE_ROWS: usize = 16;

/// One of the model's linear maps.
#[derive(Clone, Copy)]
pub(super) struct Linear<'a> {
    pub(super) layer: usize,
    pub(super) place: Place,
    pub(super) projection: &'a Projection,
}

/// Rows of an output buffer.
struct Output<'a> {
    buffer: &'a SharedBuffer<f32>,
    /// Row of the buffer that belongs to row 0 of the part.
    first: usize,
    stride: usize,
    /// Column of the buffer that belongs to row 0 of the matrix.
    column: usize,
}

impl Pass<'_> {
    /// Looks up the tokens and turns their positions into angles.
    pub(super) fn embed(&self, tokens: Range<usize>) {
        let (weights, config) = (self.model.weights(), self.model.config());
        let hidden = config.hidden;
        let pairs = weights.rope_frequencies.len();
        for token in tokens {
            let slot = self.plan.slots[token];
            // SAFETY: the tokens of workers are disjoint, and all wait before they read others'.
            let (residual, cosines, sines) = unsafe {
                (
                    self.space.residual.write(span(token, hidden)),
                    self.space.cosines.write(span(token, pairs)),
                    self.space.sines.write(span(token, pairs)),
                )
            };
            weights.embedding.dequantize_row(slot.token as usize, residual);
            scale(residual, config.embedding_scale);
            #[expect(clippy::cast_precision_loss, reason = "contexts are below 2^24 tokens")]
            let position = slot.position as f32;
            for (pair, frequency) in weights.rope_frequencies.iter().enumerate() {
                (sines[pair], cosines[pair]) = (position * frequency).sin_cos();
            }
            scale(sines, config.rope.amplitude);
            scale(cosines, config.rope.amplitude);
        }
    }

    /// Normed residuals as inputs of the next products.
    pub(super) fn norm(&self, part: &Part, weight: &[f32], input: &Activations) {
        let config = self.model.config();
        let row = scratch_row(&mut self.scratch().row, config.hidden);
        for index in part.rows.clone() {
            // SAFETY: the residuals of this part are complete: written by this worker, or by all
            // before the last barrier; nobody writes them in this step.
            let residual =
                unsafe { self.space.residual.read(span(part.first + index, config.hidden)) };
            rms_norm(self.path, residual, weight, config.norm_epsilon, row);
            // SAFETY: the rows of a shared lane are divided among the workers; nobody multiplies
            // before the barrier that follows.
            unsafe { input.quantize_row_shared(self.path, index, row) };
        }
    }

    /// Queries into `qkv`, keys and values into the caches of their sequences.
    pub(super) fn query_key_value(&self, index: usize, layer: &Layer, part: &Part) {
        let config = self.model.config();
        let (heads, kv_heads) = (config.heads, config.kv_heads);
        let units = self.share(part, heads + 2 * kv_heads);
        let input = &self.space.lanes[part.input_lane].hidden;
        let tiles_per_head = config.head_dim / TILE_ROWS;
        let mut first_unit = 0;
        for (place, projection, count) in [
            (Place::Query, &layer.query, heads),
            (Place::Key, &layer.key, kv_heads),
            (Place::Value, &layer.value, kv_heads),
        ] {
            let inside = |unit: usize| unit.clamp(first_unit, first_unit + count) - first_unit;
            let tiles = inside(units.start) * tiles_per_head..inside(units.end) * tiles_per_head;
            let output = Output {
                buffer: &self.space.qkv,
                first: part.first,
                stride: qkv_width(config),
                column: first_unit * config.head_dim,
            };
            let linear = Linear { layer: index, place, projection };
            self.product(part, linear, tiles, input, &output);
            first_unit += count;
        }
        for token in part.first..part.first + part.len {
            for unit in units.clone() {
                self.finish_head(index, layer, token, unit);
            }
        }
    }

    /// Norms and turns a query or key; stores a key or value.
    fn finish_head(&self, index: usize, layer: &Layer, token: usize, unit: usize) {
        let config = self.model.config();
        let (heads, kv_heads, head_dim) = (config.heads, config.kv_heads, config.head_dim);
        let start = token * qkv_width(config) + unit * head_dim;
        // SAFETY: this worker has just computed this head of this token.
        let head = unsafe { self.space.qkv.write(start..start + head_dim) };
        if unit < heads {
            self.norm_head(layer.query_norm.as_deref(), head);
            self.turn(index, token, head);
            if let Some(growth) = config.query_growth {
                scale(head, growth.at(self.plan.slots[token].position));
            }
            return;
        }
        if unit < heads + kv_heads {
            self.norm_head(layer.key_norm.as_deref(), head);
            self.turn(index, token, head);
        }
        self.store(index, token, unit - heads, head);
    }

    fn norm_head(&self, weight: Option<&[f32]>, head: &mut [f32]) {
        let Some(weight) = weight else { return };
        let row = scratch_row(&mut self.scratch().row, head.len());
        row.copy_from_slice(head);
        rms_norm(self.path, row, weight, self.model.config().norm_epsilon, head);
    }

    /// Turns a query or key by its position.
    fn turn(&self, layer: usize, token: usize, head: &mut [f32]) {
        let config = self.model.config();
        let pairs = config.rope.dims / 2;
        let first = match config.attention[layer].rope {
            LayerRope::None => return,
            LayerRope::Global => 0,
            LayerRope::Local => pairs,
        };
        let start = token * self.model.weights().rope_frequencies.len() + first;
        // SAFETY: the angles are complete since the barrier after `embed`.
        let (cosines, sines) = unsafe {
            let angles = start..start + pairs;
            (self.space.cosines.read(angles.clone()), self.space.sines.read(angles))
        };
        rope(self.path, head, cosines, sines, config.rope.style);
    }

    /// Puts a key or value into the cache of its sequence; values follow keys.
    fn store(&self, layer: usize, token: usize, unit: usize, head: &[f32]) {
        let config = self.model.config();
        let slot = self.plan.slots[token];
        let kv = self.runs[slot.run].kv;
        let (layout, keys) = (kv.layout(), kv.keys_at(layer, unit % config.kv_heads));
        let (block, place) = (slot.position / BLOCK_TOKENS, slot.position % BLOCK_TOKENS);
        let block = kv.block(block);
        assert!(keys + 2 * layout.plane_words() <= block.len(), "room for keys and values");
        // SAFETY: both planes are inside the block; every (token, head) has its own place, and
        // only the worker that computed it writes it; attention reads after the barrier.
        unsafe {
            let keys = block.as_mut_ptr().add(keys);
            if unit < config.kv_heads {
                layout.store_key(self.path, head, place, keys);
            } else {
                let values = keys.add(layout.plane_words());
                layout.store_value(self.path, head, place, values);
            }
        }
    }

    /// The outputs of attention as inputs of the next product.
    pub(super) fn take_attended(&self, part: &Part) {
        let input = &self.space.lanes[part.input_lane].attended;
        for index in part.rows.clone() {
            let row = span(part.first + index, self.model.config().query_width());
            // SAFETY: complete since the barrier after attention; rows as in `norm`.
            unsafe {
                let attended = self.space.attended.read(row);
                input.quantize_row_shared(self.path, index, attended);
            }
        }
    }

    /// `residual += projection(input)`, normed and scaled where the model does so.
    pub(super) fn project_and_add(
        &self,
        part: &Part,
        linear: Linear<'_>,
        norm: Option<&[f32]>,
        input: &Activations,
    ) {
        let hidden = self.model.config().hidden;
        let tiles = self.share(part, linear.projection.matrix.tiles());
        let first = part.output_lane * self.space.lane_tokens();
        let output = Output { buffer: &self.space.projected, first, stride: hidden, column: 0 };
        let columns = tile_rows(&tiles, hidden);
        self.product(part, linear, tiles, input, &output);
        match norm {
            None => (0..part.len).for_each(|index| self.add(part, index, &columns)),
            Some(weight) => {
                // A norm needs whole rows, and each row has one worker.
                self.wait_for_outputs(part);
                for index in self.share(part, part.len) {
                    self.norm_projected(first + index, weight);
                    self.add(part, index, &(0..hidden));
                }
            }
        }
    }

    fn norm_projected(&self, row: usize, weight: &[f32]) {
        let config = self.model.config();
        let copy = scratch_row(&mut self.scratch().row, config.hidden);
        // SAFETY: all products of this row are complete since the barrier before, and it belongs
        // to this worker.
        let projected = unsafe { self.space.projected.write(span(row, config.hidden)) };
        copy.copy_from_slice(projected);
        rms_norm(self.path, copy, weight, config.norm_epsilon, projected);
    }

    /// Adds some columns of what was projected for row `index` of a part.
    fn add(&self, part: &Part, index: usize, columns: &Range<usize>) {
        let config = self.model.config();
        let hidden = config.hidden;
        let first = part.output_lane * self.space.lane_tokens();
        // SAFETY: these columns of this row belong to this worker in both buffers.
        unsafe {
            let projected = self.space.projected.write(within(first + index, hidden, columns));
            let residual = self.space.residual.write(within(part.first + index, hidden, columns));
            scale(projected, config.residual_scale);
            add_in_place(self.path, residual, projected);
        }
    }

    /// `activated = f(gate(input)) * up(input)`.
    pub(super) fn gate(&self, layer: usize, part: &Part, dense: &Dense) {
        let width = self.model.config().feed_forward;
        let input = &self.space.lanes[part.input_lane].hidden;
        let tiles = self.share(part, dense.gate.matrix.tiles());
        let first = part.output_lane * self.space.lane_tokens();
        for (place, projection, buffer) in
            [(Place::Gate, &dense.gate, &self.space.gate), (Place::Up, &dense.up, &self.space.up)]
        {
            let output = Output { buffer, first, stride: width, column: 0 };
            let linear = Linear { layer, place, projection };
            self.product(part, linear, tiles.clone(), input, &output);
        }
        let rows = tile_rows(&tiles, width);
        for index in first..first + part.len {
            // SAFETY: these rows of the matrices belong to this worker in all three buffers.
            unsafe {
                let gate = self.space.gate.read(within(index, width, &rows));
                let up = self.space.up.read(within(index, width, &rows));
                let activated = self.space.activated.write(within(index, width, &rows));
                self.activate(gate, up, activated);
            }
        }
    }

    /// `out = f(gate) * up`.
    pub(super) fn activate(&self, gate: &[f32], up: &[f32], out: &mut [f32]) {
        match self.model.config().activation {
            Activation::Silu => swiglu(self.path, gate, up, out),
            Activation::Gelu => geglu(self.path, gate, up, out),
        }
    }

    pub(super) fn take_activated(&self, part: &Part) {
        let width = self.model.config().feed_forward;
        let input = &self.space.lanes[part.input_lane].activated;
        let first = part.output_lane * self.space.lane_tokens();
        for index in part.rows.clone() {
            // SAFETY: complete: computed by this worker, or by all before the last barrier; rows
            // as in `norm`.
            unsafe {
                let activated = self.space.activated.read(span(first + index, width));
                input.quantize_row_shared(self.path, index, activated);
            }
        }
    }

    fn share(&self, part: &Part, units: usize) -> Range<usize> {
        match part.split {
            Split::Rows | Split::RowsAlone => self.worker.share(units),
            Split::Tokens => 0..units,
        }
    }

    fn product(
        &self,
        part: &Part,
        linear: Linear<'_>,
        tiles: Range<usize>,
        input: &Activations,
        output: &Output<'_>,
    ) {
        let Linear { projection, .. } = linear;
        let matrix = &projection.matrix;
        let rows = tile_rows(&tiles, matrix.rows());
        if rows.is_empty() || part.len == 0 {
            return;
        }
        let start = output.first * output.stride + output.column;
        let end = start + (part.len - 1) * output.stride + matrix.rows();
        assert!(end <= output.buffer.len(), "room for a product");
        // SAFETY: in bounds by the assertion; the outputs of these tiles and tokens belong to
        // this worker; the inputs are complete, see `Pass::wait_for_inputs`.
        unsafe {
            let out = output.buffer.as_mut_ptr().add(start);
            multiply(self.path, matrix, tiles.clone(), input, 0..part.len, out, output.stride);
            self.add_low_rank(part, linear, tiles, input, (out, output.stride));
        }
        let Some(bias) = &projection.bias else { return };
        for index in 0..part.len {
            let first = start + index * output.stride;
            let place = first + rows.start..first + rows.end;
            // SAFETY: as above.
            let values = unsafe { output.buffer.write(place) };
            add_in_place(self.path, values, &bias[rows.clone()]);
        }
    }
}

/// Multiplies by what most models leave at one.
pub(super) fn scale(values: &mut [f32], factor: f32) {
    if factor.to_bits() != 1.0_f32.to_bits() {
        for value in values {
            *value *= factor;
        }
    }
}

/// Rows of a matrix that some of its tiles hold.
pub(super) fn tile_rows(tiles: &Range<usize>, rows: usize) -> Range<usize> {
    (tiles.start * TILE_ROWS).min(rows)..(tiles.end * TILE_ROWS).min(rows)
}

/// Some columns of row `index` in a buffer of rows of `width`.
pub(super) fn within(index: usize, width: usize, columns: &Range<usize>) -> Range<usize> {
    index * width + columns.start..index * width + columns.end
}
