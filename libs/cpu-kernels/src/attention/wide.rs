//! Attention over vectors of any width: one pass over the positions in chunks, with a running
//! maximum, so that keys and values are read and converted once for all queries.
#![expect(clippy::inline_always, reason = "must melt into a function that has the instructions")]

use std::ops::Range;

use super::{AttentionBlocks, AttentionScratch, Queries, positions, scalar};
use crate::isa::Isa;

/// With heads of 64 both parts of a chunk fit a first-level cache.
const CHUNK: usize = super::CHUNK_POSITIONS;

/// Queries that share each load of a key or a value.
const QUERIES: usize = 4;

/// A line of the cache, in floats.
const LINE: usize = 16;

/// The parts of the working memory.
struct Work<'a> {
    /// Keys of the chunk, transposed: number `d` of position `p` is at `d * CHUNK + p`.
    keys: &'a mut [f32],
    /// Values of the chunk, position after position.
    values: &'a mut [f32],
    /// Scores of some queries with the chunk, then their weights.
    weights: &'a mut [f32],
    /// The queries times the scale.
    queries: &'a mut [f32],
    /// Largest score of each query so far.
    largest: &'a mut [f32],
    /// Sum of the weights of each query so far.
    totals: &'a mut [f32],
}

impl<'a> Work<'a> {
    fn in_scratch(scratch: &'a mut AttentionScratch, count: usize, dim: usize) -> Work<'a> {
        let sizes = 2 * CHUNK * dim + QUERIES * CHUNK + count * (dim + 2);
        let floats = &mut scratch.floats;
        if floats.len() < sizes + LINE {
            floats.resize(sizes + LINE, 0.0);
        }
        let start = floats.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
        let (keys, rest) = floats[start..].split_at_mut(CHUNK * dim);
        let (values, rest) = rest.split_at_mut(CHUNK * dim);
        let (weights, rest) = rest.split_at_mut(QUERIES * CHUNK);
        let (queries, rest) = rest.split_at_mut(count * dim);
        let (largest, rest) = rest.split_at_mut(count);
        Work { keys, values, weights, queries, largest, totals: &mut rest[..count] }
    }
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
    let dim = blocks.head_dim;
    if !dim.is_multiple_of(I::LANES) {
        return scalar::attend(queries, blocks, scratch, out);
    }
    let count = queries.visible.len();
    let mut work = Work::in_scratch(scratch, count, dim);
    for (scaled, query) in work.queries.iter_mut().zip(queries.vectors) {
        *scaled = query * queries.scale;
    }
    work.largest.fill(f32::NEG_INFINITY);
    work.totals.fill(0.0);
    out.fill(0.0);
    let positions = positions(queries.visible);
    for start in (0..positions).step_by(CHUNK) {
        let end = positions.min(start + CHUNK);
        load_keys(isa, blocks, start..end, work.keys);
        load_values(isa, blocks, start..end, work.values);
        let mut first = 0;
        while first < count {
            let step = QUERIES.min(count - first);
            let group = Group { first, start, positions: end - start, dim };
            match step {
                1 => group.attend::<I, 1, TILES>(isa, queries.visible, &mut work, out),
                2 => group.attend::<I, 2, TILES>(isa, queries.visible, &mut work, out),
                3 => group.attend::<I, 3, TILES>(isa, queries.visible, &mut work, out),
                _ => group.attend::<I, QUERIES, TILES>(isa, queries.visible, &mut work, out),
            }
            first += step;
        }
    }
    for (out, total) in out.chunks_exact_mut(dim).zip(&*work.totals) {
        if *total > 0.0 || total.is_nan() {
            for out in out {
                *out /= total;
            }
        }
    }
}

/// Converts keys and stores them transposed; what pads the last vector repeats the last key.
#[inline(always)]
fn load_keys<I: Isa>(isa: I, blocks: &AttentionBlocks, positions: Range<usize>, keys: &mut [f32]) {
    let mut rows: [&[u16]; LINE] = [&[]; LINE];
    let mut rest = blocks.vectors(blocks.keys, positions.start).take(positions.len());
    for tile in 0..positions.len().div_ceil(I::LANES) {
        let mut last = rows[LINE - 1];
        for row in &mut rows[LINE - I::LANES..] {
            last = rest.next().unwrap_or(last);
            *row = last;
        }
        for column in (0..blocks.head_dim).step_by(I::LANES) {
            let to = &mut keys[column * CHUNK + tile * I::LANES..];
            isa.transpose_halves(&rows[LINE - I::LANES..], column, to, CHUNK);
        }
    }
}

#[inline(always)]
fn load_values<I: Isa>(
    isa: I,
    blocks: &AttentionBlocks,
    positions: Range<usize>,
    values: &mut [f32],
) {
    let rows = blocks.vectors(blocks.values, positions.start).take(positions.len());
    for (from, to) in rows.zip(values.chunks_exact_mut(blocks.head_dim)) {
        for (from, to) in from.chunks_exact(I::LANES).zip(to.chunks_exact_mut(I::LANES)) {
            isa.store(isa.load_halves(from), to);
        }
    }
}

/// Some queries with one chunk of positions.
struct Group {
    /// The first query.
    first: usize,
    /// The first position of the chunk.
    start: usize,
    /// Positions of the chunk.
    positions: usize,
    dim: usize,
}

impl Group {
    #[inline(always)]
    fn attend<I: Isa, const COUNT: usize, const TILES: usize>(
        &self,
        isa: I,
        visible: &[Range<u32>],
        work: &mut Work,
        out: &mut [f32],
    ) {
        let seen: [Range<usize>; COUNT] = std::array::from_fn(|index| {
            let here =
                |position: u32| (position as usize).saturating_sub(self.start).min(self.positions);
            let visible = &visible[self.first + index];
            here(visible.start)..here(visible.end)
        });
        let longest = seen.iter().map(|seen| seen.end).max().unwrap_or(0);
        if longest == 0 {
            return;
        }
        let own = self.first * self.dim..(self.first + COUNT) * self.dim;
        let (queries, out) = (&work.queries[own.clone()], &mut out[own]);
        let padded = longest.next_multiple_of(I::LANES);
        let mut tile = 0;
        while tile < padded {
            if padded - tile >= TILES * I::LANES {
                self.scores::<I, COUNT, TILES>(isa, queries, work.keys, tile, work.weights);
                tile += TILES * I::LANES;
            } else {
                self.scores::<I, COUNT, 1>(isa, queries, work.keys, tile, work.weights);
                tile += I::LANES;
            }
        }
        for (index, seen) in seen.into_iter().enumerate() {
            let weights = &mut work.weights[index * CHUNK..index * CHUNK + padded];
            let query = self.first + index;
            let out = &mut out[index * self.dim..][..self.dim];
            let state = (&mut work.largest[query], &mut work.totals[query]);
            soften(isa, weights, seen, state, out);
        }
        let mut column = 0;
        while column < self.dim {
            if self.dim - column >= TILES * I::LANES {
                self.mix::<I, COUNT, TILES>(isa, work, longest, column, out);
                column += TILES * I::LANES;
            } else {
                self.mix::<I, COUNT, 1>(isa, work, longest, column, out);
                column += I::LANES;
            }
        }
    }

    /// Products of the queries with `TILES` vectors of positions, the first of them `tile`.
    #[inline(always)]
    fn scores<I: Isa, const COUNT: usize, const TILES: usize>(
        &self,
        isa: I,
        queries: &[f32],
        keys: &[f32],
        tile: usize,
        scores: &mut [f32],
    ) {
        let mut sums = [[isa.splat(0.0); TILES]; COUNT];
        for (column, keys) in keys.chunks_exact(CHUNK).enumerate() {
            let keys: [I::Vector; TILES] = load_all(isa, &keys[tile..]);
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
        work: &Work,
        positions: usize,
        column: usize,
        out: &mut [f32],
    ) {
        let mut sums = [[isa.splat(0.0); TILES]; COUNT];
        for (query, sums) in sums.iter_mut().enumerate() {
            *sums = load_all(isa, &out[query * self.dim + column..]);
        }
        for (position, values) in work.values.chunks_exact(self.dim).take(positions).enumerate() {
            let values: [I::Vector; TILES] = load_all(isa, &values[column..]);
            for (query, sums) in sums.iter_mut().enumerate() {
                let weight = isa.splat(work.weights[query * CHUNK + position]);
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

/// Consecutive vectors from the start of `from`.
///
/// Here and above, loops over vectors count over arrays alone: their length is known, so that
/// they unroll and the vectors stay in registers.
#[inline(always)]
fn load_all<I: Isa, const COUNT: usize>(isa: I, from: &[f32]) -> [I::Vector; COUNT] {
    let mut vectors = [isa.splat(0.0); COUNT];
    for (index, vector) in vectors.iter_mut().enumerate() {
        *vector = isa.load(&from[index * I::LANES..]);
    }
    vectors
}

/// Turns scores into weights relative to the largest score so far, zero outside of `seen`, and
/// brings the sums of earlier chunks to the same measure.
#[inline(always)]
fn soften<I: Isa>(
    isa: I,
    weights: &mut [f32],
    seen: Range<usize>,
    (largest, total): (&mut f32, &mut f32),
    out: &mut [f32],
) {
    if seen.is_empty() {
        // Nothing to measure by; the sums stay as they are.
        return weights.fill(0.0);
    }
    weights[..seen.start].fill(f32::NEG_INFINITY);
    weights[seen.end..].fill(f32::NEG_INFINITY);
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
    weights[..seen.start].fill(0.0);
    weights[seen.end..].fill(0.0);
    let mut sum = isa.splat(0.0);
    for part in weights.chunks_exact(I::LANES) {
        sum = isa.add(sum, isa.load(part));
    }
    *total += isa.sum_of_lanes(sum);
}
