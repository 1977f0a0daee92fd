//! What adapters add to products: for each token that has one, two thin products on top.
#![expect(unsafe_code, reason = "workers share buffers, each writes its own part of a phase")]

use std::ops::Range;

use cpu_kernels::{Activations, multiply, multiply_add};

use super::{
    pass::{Part, Pass},
    steps::Linear,
    workspace::LANE_TOKENS,
};
use crate::adapter::LowRank;

/// What lies between the two products of an adapter, for one worker.
#[derive(Default)]
pub(super) struct LowRankScratch {
    /// Outputs of the first product, one row a token.
    reduced: Vec<f32>,
    /// One of them, as long as the inputs of the second product.
    row: Vec<f32>,
    /// Inputs of the second product; one batch for each length that occurs.
    inputs: Vec<Activations>,
}

impl Pass<'_> {
    /// `out += up * (down * input)` for the tokens of the part that have an adapter here, and the
    /// outputs of `tiles`. Every worker reduces all inputs by itself: that is a few rows of
    /// products, and costs less than waiting for one that does.
    ///
    /// # Safety
    /// As for [`multiply_add`]: `out` and its stride have room for the outputs of the part, and
    /// those of `tiles` belong to this worker, which has written them.
    pub(super) unsafe fn add_low_rank(
        &self,
        part: &Part,
        linear: Linear<'_>,
        tiles: Range<usize>,
        input: &Activations,
        (out, stride): (*mut f32, usize),
    ) {
        let Linear { layer, place, .. } = linear;
        for adapted in &self.plan.adapted {
            let first = adapted.slots.start.max(part.first);
            let end = adapted.slots.end.min(part.first + part.len);
            let adapter = self.runs[adapted.run].adapter;
            let Some(pair) = adapter.and_then(|adapter| adapter.pair(layer, place)) else {
                continue;
            };
            if first >= end {
                continue;
            }
            let tokens = first - part.first..end - part.first;
            let reduced = self.reduce(pair, input, tokens.clone());
            // SAFETY: the caller promises room and ownership for these tokens and tiles; the
            // inputs are this worker's own.
            unsafe {
                let tiles = tiles.clone();
                multiply_add(self.path, &pair.up, tiles, reduced, tokens, out, stride);
            }
        }
    }

    /// `down * input` for some tokens, as inputs of the product that follows.
    fn reduce(&self, pair: &LowRank, input: &Activations, tokens: Range<usize>) -> &Activations {
        let LowRankScratch { reduced, row, inputs } = &mut self.scratch().low_rank;
        let (rank, columns) = (pair.down.rows(), pair.up.columns());
        reduced.resize(reduced.len().max(tokens.end * rank), 0.0);
        // SAFETY: the buffer is this worker's own and has a row for each of the tokens.
        unsafe {
            let (tiles, out) = (0..pair.down.tiles(), reduced.as_mut_ptr());
            multiply(self.path, &pair.down, tiles, input, tokens.clone(), out, rank);
        }
        let fits = |batch: &Activations| batch.kind() == input.kind() && batch.columns() == columns;
        let at = inputs.iter().position(fits).unwrap_or_else(|| {
            let mut batch = Activations::new(input.kind(), LANE_TOKENS, columns);
            batch.set_rows(LANE_TOKENS);
            inputs.push(batch);
            inputs.len() - 1
        });
        row.clear();
        row.resize(columns, 0.0);
        for token in tokens {
            row[..rank].copy_from_slice(&reduced[token * rank..(token + 1) * rank]);
            inputs[at].quantize_row(self.path, token, row);
        }
        &inputs[at]
    }
}
