//! Attention over vectors of any width: one pass over the positions in chunks, with a running
//! maximum, so that keys and values are read and converted once for all queries.
#![expect(clippy::inline_always, reason = "must melt into a function that has the instructions")]

use std::ops::Range;

use super::{
    AttentionBlocks, AttentionScratch, KvPrecision, Queries,
    chunk::{CHUNK, Chunk, Codes, Scales, Widened, load_all, suits},
    positions, scalar,
};
use crate::isa::Isa;

/// Queries that share each load of a key or a value.
const QUERIES: usize = 4;

/// A line of the cache, in floats.
const LINE: usize = 16;

/// The queries of a call and what has been summed up for them.
struct Sums<'a> {
    visible: &'a [Range<u32>],
    /// The queries times the scale.
    queries: &'a mut [f32],
    /// Scores of some queries with the chunk, then their weights.
    weights: &'a mut [f32],
    /// Largest score of each query so far.
    largest: &'a mut [f32],
    /// Sum of the weights of each query so far.
    totals: &'a mut [f32],
    /// Weighted values of each query so far.
    out: &'a mut [f32],
}

/// The parts of the working memory: room for a chunk as floats, weights, queries, and two numbers
/// for each query.
fn parts(scratch: &mut AttentionScratch, count: usize, dim: usize) -> [&mut [f32]; 6] {
    let sizes = [CHUNK * dim, CHUNK * dim, QUERIES * CHUNK, count * dim, count, count];
    let needed = sizes.iter().sum::<usize>() + LINE;
    let floats = &mut scratch.floats;
    if floats.len() < needed {
        floats.resize(needed, 0.0);
    }
    let start = floats.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
    let mut rest = &mut floats[start..];
    sizes.map(|size| {
        let (part, later) = std::mem::take(&mut rest).split_at_mut(size);
        rest = later;
        part
    })
}

/// `TILES` is how many vectors of positions, and of values, are multiplied at a time.
#[inline(always)]
pub(super) fn attend<I: Isa, const TILES: usize>(
    isa: I,
    queries: &Queries,
    blocks: &AttentionBlocks,
    scratch: &mut AttentionScratch,
    out: &mut [f32],
) {
    if !suits(blocks, I::LANES) {
        return scalar::attend(queries, blocks, scratch, out);
    }
    let (visible, dim) = (queries.visible, blocks.layout.head_dim);
    let [keys, values, weights, scaled, largest, totals] = parts(scratch, visible.len(), dim);
    let mut widened = Widened { keys, values, dim };
    let mut sums = Sums { visible, queries: scaled, weights, largest, totals, out };
    sums.begin(queries);
    // Few queries read each number as often as it would be widened.
    let direct = blocks.layout.precision == KvPrecision::Q8 && visible.len() <= QUERIES;
    let positions = positions(visible);
    for start in (0..positions).step_by(CHUNK) {
        let part = start..positions.min(start + CHUNK);
        let scales = Scales::of(blocks, &part);
        if direct {
            let codes = Codes::of::<I>(blocks, &part);
            sums.add::<I, TILES>(isa, &codes, &part, scales.as_ref());
        } else {
            widened.fill(isa, blocks, &part);
            sums.add::<I, TILES>(isa, &widened, &part, scales.as_ref());
        }
    }
    sums.finish(dim);
}

impl Sums<'_> {
    fn begin(&mut self, queries: &Queries) {
        for (scaled, query) in self.queries.iter_mut().zip(queries.vectors) {
            *scaled = query * queries.scale;
        }
        self.largest.fill(f32::NEG_INFINITY);
        self.totals.fill(0.0);
        self.out.fill(0.0);
    }

    /// Adds a chunk for all queries.
    #[inline(always)]
    fn add<I: Isa, const TILES: usize>(
        &mut self,
        isa: I,
        chunk: &impl Chunk<I>,
        positions: &Range<usize>,
        scales: Option<&Scales>,
    ) {
        let count = self.visible.len();
        let dim = self.queries.len() / count.max(1);
        let mut first = 0;
        while first < count {
            let step = QUERIES.min(count - first);
            let group = Group {
                chunk,
                scales,
                first,
                start: positions.start,
                positions: positions.len(),
                dim,
            };
            match step {
                1 => group.attend::<I, 1, TILES>(isa, self),
                2 => group.attend::<I, 2, TILES>(isa, self),
                3 => group.attend::<I, 3, TILES>(isa, self),
                _ => group.attend::<I, QUERIES, TILES>(isa, self),
            }
            first += step;
        }
    }

    fn finish(&mut self, dim: usize) {
        for (out, total) in self.out.chunks_exact_mut(dim).zip(&*self.totals) {
            if *total > 0.0 || total.is_nan() {
                for out in out {
                    *out /= total;
                }
            }
        }
    }
}

/// Some queries with one chunk of positions.
struct Group<'a, C> {
    chunk: &'a C,
    scales: Option<&'a Scales>,
    /// The first query.
    first: usize,
    /// The first position of the chunk.
    start: usize,
    /// Positions of the chunk.
    positions: usize,
    dim: usize,
}

impl<C> Group<'_, C> {
    #[inline(always)]
    fn attend<I: Isa, const COUNT: usize, const TILES: usize>(&self, isa: I, sums: &mut Sums)
    where
        C: Chunk<I>,
    {
        let seen: [Range<usize>; COUNT] = std::array::from_fn(|index| {
            let here =
                |position: u32| (position as usize).saturating_sub(self.start).min(self.positions);
            let visible = &sums.visible[self.first + index];
            here(visible.start)..here(visible.end)
        });
        let longest = seen.iter().map(|seen| seen.end).max().unwrap_or(0);
        if longest == 0 {
            return;
        }
        let own = self.first * self.dim..(self.first + COUNT) * self.dim;
        let (queries, out) = (&sums.queries[own.clone()], &mut sums.out[own]);
        let padded = longest.next_multiple_of(I::LANES);
        let mut tile = 0;
        while tile < padded {
            if padded - tile >= TILES * I::LANES {
                self.scores::<I, COUNT, TILES>(isa, queries, tile, sums.weights);
                tile += TILES * I::LANES;
            } else {
                self.scores::<I, COUNT, 1>(isa, queries, tile, sums.weights);
                tile += I::LANES;
            }
        }
        for (index, seen) in seen.into_iter().enumerate() {
            let weights = &mut sums.weights[index * CHUNK..index * CHUNK + padded];
            let query = self.first + index;
            let out = &mut out[index * self.dim..][..self.dim];
            let state = (&mut sums.largest[query], &mut sums.totals[query]);
            self.weigh(isa, weights, &seen, state, out);
        }
        let mut column = 0;
        while column < self.dim {
            if self.dim - column >= TILES * I::LANES {
                self.mix::<I, COUNT, TILES>(isa, sums.weights, longest, column, out);
                column += TILES * I::LANES;
            } else {
                self.mix::<I, COUNT, 1>(isa, sums.weights, longest, column, out);
                column += I::LANES;
            }
        }
    }

    /// Turns what the queries were multiplied with into what values are multiplied by.
    #[inline(always)]
    fn weigh<I: Isa>(
        &self,
        isa: I,
        weights: &mut [f32],
        seen: &Range<usize>,
        state: (&mut f32, &mut f32),
        out: &mut [f32],
    ) {
        if seen.is_empty() {
            // Nothing to measure by; the sums stay as they are.
            return weights.fill(0.0);
        }
        if let Some(scales) = self.scales {
            multiply_in_place(isa, weights, &scales.keys);
        }
        soften(isa, weights, seen, state, out);
        if let Some(scales) = self.scales {
            multiply_in_place(isa, weights, &scales.values);
            // The scale of a value that is not seen may be anything.
            hide(weights, seen, 0.0);
        }
    }

    /// Products of the queries with `TILES` vectors of positions, the first of them `tile`.
    #[inline(always)]
    fn scores<I: Isa, const COUNT: usize, const TILES: usize>(
        &self,
        isa: I,
        queries: &[f32],
        tile: usize,
        scores: &mut [f32],
    ) where
        C: Chunk<I>,
    {
        let mut sums = [[isa.splat(0.0); TILES]; COUNT];
        for column in 0..self.dim {
            let keys = self.chunk.keys::<TILES>(isa, column, tile);
            for (query, sums) in sums.iter_mut().enumerate() {
                let number = isa.splat(queries[query * self.dim + column]);
                for (sum, keys) in sums.iter_mut().zip(&keys) {
                    *sum = isa.multiply_add(number, *keys, *sum);
                }
            }
        }
        for (query, sums) in sums.iter().enumerate() {
            for (index, sum) in sums.iter().enumerate() {
                isa.store(*sum, &mut scores[query * CHUNK + tile + index * I::LANES..]);
            }
        }
    }

    /// Adds the weighted values of `positions` to `TILES` vectors of each output.
    #[inline(always)]
    fn mix<I: Isa, const COUNT: usize, const TILES: usize>(
        &self,
        isa: I,
        weights: &[f32],
        positions: usize,
        column: usize,
        out: &mut [f32],
    ) where
        C: Chunk<I>,
    {
        let mut sums = [[isa.splat(0.0); TILES]; COUNT];
        for (query, sums) in sums.iter_mut().enumerate() {
            *sums = load_all(isa, &out[query * self.dim + column..]);
        }
        for position in 0..positions {
            let values = self.chunk.values::<TILES>(isa, position, column);
            for (query, sums) in sums.iter_mut().enumerate() {
                let weight = isa.splat(weights[query * CHUNK + position]);
                for (sum, values) in sums.iter_mut().zip(&values) {
                    *sum = isa.multiply_add(weight, *values, *sum);
                }
            }
        }
        for (query, sums) in sums.iter().enumerate() {
            for (tile, sum) in sums.iter().enumerate() {
                isa.store(*sum, &mut out[query * self.dim + column + tile * I::LANES..]);
            }
        }
    }
}

/// Turns scores into weights relative to the largest score so far, zero outside of `seen`, and
/// brings the sums of earlier chunks to the same measure.
#[inline(always)]
fn soften<I: Isa>(
    isa: I,
    weights: &mut [f32],
    seen: &Range<usize>,
    (largest, total): (&mut f32, &mut f32),
    out: &mut [f32],
) {
    hide(weights, seen, f32::NEG_INFINITY);
    let mut highest = isa.splat(*largest);
    for part in weights.chunks_exact(I::LANES) {
        highest = isa.max(isa.load(part), highest);
    }
    let highest = isa.max_of_lanes(highest);
    if highest > *largest {
        let factor = (*largest - highest).exp();
        *total *= factor;
        let wide = isa.splat(factor);
        for part in out.chunks_exact_mut(I::LANES) {
            isa.store(isa.multiply(isa.load(part), wide), part);
        }
        *largest = highest;
    }
    let wide = isa.splat(highest);
    for part in weights.chunks_exact_mut(I::LANES) {
        isa.store(isa.exp(isa.subtract(isa.load(part), wide)), part);
    }
    hide(weights, seen, 0.0);
    let mut sum = isa.splat(0.0);
    for part in weights.chunks_exact(I::LANES) {
        sum = isa.add(sum, isa.load(part));
    }
    *total += isa.sum_of_lanes(sum);
}

/// Overwrites what is outside of `seen`.
fn hide(weights: &mut [f32], seen: &Range<usize>, with: f32) {
    weights[..seen.start].fill(with);
    weights[seen.end..].fill(with);
}

#[inline(always)]
fn multiply_in_place<I: Isa>(isa: I, numbers: &mut [f32], factors: &[f32]) {
    let factors = factors.chunks_exact(I::LANES);
    for (part, factors) in numbers.chunks_exact_mut(I::LANES).zip(factors) {
        isa.store(isa.multiply(isa.load(part), isa.load(factors)), part);
    }
}
