//! Where the numbers of one chunk of positions come from: floats in the working memory, or bytes
//! of the cache. Both give the same numbers.
#![expect(clippy::inline_always, reason = "must melt into a function that has the instructions")]

use std::ops::Range;

use super::{AttentionBlocks, KvLayout, KvPrecision, layout::bytes};
use crate::isa::Isa;

/// With heads of 64 both parts of a chunk fit a first-level cache.
pub(super) const CHUNK: usize = super::CHUNK_POSITIONS;

/// The most lanes of a vector.
const LANES_MAX: usize = 16;
/// The most vectors of positions in a chunk: those of the narrowest vectors.
const TILES_MAX: usize = CHUNK / 4;

/// Keys and values of a chunk, in 8 bits before they are scaled.
pub(super) trait Chunk<I: Isa> {
    /// Number `column` of the keys of `TILES` vectors of positions, the first of them `position`.
    fn keys<const TILES: usize>(
        &self,
        isa: I,
        column: usize,
        position: usize,
    ) -> [I::Vector; TILES];

    /// `TILES` vectors of numbers of the value of `position`, from `column` on.
    fn values<const TILES: usize>(
        &self,
        isa: I,
        position: usize,
        column: usize,
    ) -> [I::Vector; TILES];
}

/// Whether vectors of this many lanes can read such planes.
pub(super) fn suits(blocks: &AttentionBlocks, lanes: usize) -> bool {
    let layout = blocks.layout;
    layout.head_dim.is_multiple_of(lanes)
        && match layout.precision {
            KvPrecision::F16 => true,
            KvPrecision::Q8 => layout.block_tokens.is_multiple_of(lanes),
        }
}

/// A chunk as floats.
pub(super) struct Widened<'a> {
    /// Keys, transposed: number `d` of position `p` is at `d * CHUNK + p`.
    pub(super) keys: &'a mut [f32],
    /// Values, position after position.
    pub(super) values: &'a mut [f32],
    pub(super) dim: usize,
}

impl<I: Isa> Chunk<I> for Widened<'_> {
    #[inline(always)]
    fn keys<const TILES: usize>(
        &self,
        isa: I,
        column: usize,
        position: usize,
    ) -> [I::Vector; TILES] {
        load_all(isa, &self.keys[column * CHUNK + position..])
    }

    #[inline(always)]
    fn values<const TILES: usize>(
        &self,
        isa: I,
        position: usize,
        column: usize,
    ) -> [I::Vector; TILES] {
        load_all(isa, &self.values[position * self.dim + column..])
    }
}

impl Widened<'_> {
    #[inline(always)]
    pub(super) fn fill<I: Isa>(
        &mut self,
        isa: I,
        blocks: &AttentionBlocks,
        positions: &Range<usize>,
    ) {
        match blocks.layout.precision {
            KvPrecision::F16 => {
                self.fill_keys(isa, blocks, positions);
                self.fill_values(isa, blocks, positions);
            }
            KvPrecision::Q8 => self.fill_from(isa, &Codes::of::<I>(blocks, positions)),
        }
    }

    /// Converts keys and stores them transposed; what pads the last vector repeats the last key.
    #[inline(always)]
    fn fill_keys<I: Isa>(&mut self, isa: I, blocks: &AttentionBlocks, positions: &Range<usize>) {
        let mut rows: [&[u16]; LANES_MAX] = [&[]; LANES_MAX];
        let mut rest = Halves::of(blocks, blocks.keys, positions.start).take(positions.len());
        for tile in 0..positions.len().div_ceil(I::LANES) {
            let mut last = rows[LANES_MAX - 1];
            for row in &mut rows[LANES_MAX - I::LANES..] {
                last = rest.next().unwrap_or(last);
                *row = last;
            }
            for column in (0..self.dim).step_by(I::LANES) {
                let to = &mut self.keys[column * CHUNK + tile * I::LANES..];
                isa.transpose_halves(&rows[LANES_MAX - I::LANES..], column, to, CHUNK);
            }
        }
    }

    #[inline(always)]
    fn fill_values<I: Isa>(&mut self, isa: I, blocks: &AttentionBlocks, positions: &Range<usize>) {
        let rows = Halves::of(blocks, blocks.values, positions.start).take(positions.len());
        for (from, to) in rows.zip(self.values.chunks_exact_mut(self.dim)) {
            for (from, to) in from.chunks_exact(I::LANES).zip(to.chunks_exact_mut(I::LANES)) {
                isa.store(isa.load_halves(from), to);
            }
        }
    }

    #[inline(always)]
    fn fill_from<I: Isa>(&mut self, isa: I, codes: &Codes) {
        for tile in 0..codes.positions.div_ceil(I::LANES) {
            for column in 0..self.dim {
                let [keys] = codes.keys::<1>(isa, column, tile * I::LANES);
                isa.store(keys, &mut self.keys[column * CHUNK + tile * I::LANES..]);
            }
        }
        let rows = self.values.chunks_exact_mut(self.dim).take(codes.positions);
        for (position, to) in rows.enumerate() {
            for (tile, to) in to.chunks_exact_mut(I::LANES).enumerate() {
                let [values] = codes.values::<1>(isa, position, tile * I::LANES);
                isa.store(values, to);
            }
        }
    }
}

/// Half-precision keys or values, position after position.
struct Halves<'a> {
    planes: &'a [&'a [u16]],
    block: usize,
    token: usize,
    block_tokens: usize,
    head_dim: usize,
}

impl<'a> Halves<'a> {
    /// The vectors of `planes` from `position` on.
    fn of(blocks: &AttentionBlocks, planes: &'a [&'a [u16]], position: usize) -> Halves<'a> {
        let KvLayout { block_tokens, head_dim, .. } = blocks.layout;
        let (block, token) = (position / block_tokens, position % block_tokens);
        Halves { planes, block, token, block_tokens, head_dim }
    }
}

impl<'a> Iterator for Halves<'a> {
    type Item = &'a [u16];

    fn next(&mut self) -> Option<&'a [u16]> {
        let start = self.token * self.head_dim;
        let vector = self.planes.get(self.block)?.get(start..start + self.head_dim)?;
        self.token += 1;
        if self.token == self.block_tokens {
            (self.block, self.token) = (self.block + 1, 0);
        }
        Some(vector)
    }
}

/// A chunk as it lies in planes of 8 bits, whose tokens are a multiple of the lanes.
pub(super) struct Codes<'a> {
    /// For each vector of positions, where number 0 of their keys is.
    keys: [&'a [i8]; TILES_MAX],
    /// For each vector of positions, where their values begin.
    values: [&'a [i8]; TILES_MAX],
    tokens: usize,
    dim: usize,
    positions: usize,
}

impl<'a> Codes<'a> {
    #[inline(always)]
    pub(super) fn of<I: Isa>(blocks: &AttentionBlocks<'a>, positions: &Range<usize>) -> Codes<'a> {
        let (tokens, dim) = (blocks.layout.block_tokens, blocks.layout.head_dim);
        let mut codes = Codes {
            keys: [&[]; TILES_MAX],
            values: [&[]; TILES_MAX],
            tokens,
            dim,
            positions: positions.len(),
        };
        let (mut block, mut token) = (positions.start / tokens, positions.start % tokens);
        let mut first = 0;
        while first < positions.len() {
            let count = (positions.len() - first).min(tokens - token);
            let (keys, values) = (bytes(blocks.keys[block]), bytes(blocks.values[block]));
            for tile in 0..count.div_ceil(I::LANES) {
                let (to, token) = (first / I::LANES + tile, token + tile * I::LANES);
                codes.keys[to] = &keys[token..tokens * dim];
                codes.values[to] = &values[token * dim..tokens * dim];
            }
            (block, token, first) = (block + 1, 0, first + count);
        }
        codes
    }
}

impl<I: Isa> Chunk<I> for Codes<'_> {
    #[inline(always)]
    fn keys<const TILES: usize>(
        &self,
        isa: I,
        column: usize,
        position: usize,
    ) -> [I::Vector; TILES] {
        let mut vectors = [isa.splat(0.0); TILES];
        for (index, vector) in vectors.iter_mut().enumerate() {
            let tile = self.keys[position / I::LANES + index];
            *vector = isa.load_bytes(&tile[column * self.tokens..]);
        }
        vectors
    }

    #[inline(always)]
    fn values<const TILES: usize>(
        &self,
        isa: I,
        position: usize,
        column: usize,
    ) -> [I::Vector; TILES] {
        let mut vectors = [isa.splat(0.0); TILES];
        let row = position % I::LANES * self.dim + column;
        let row = &self.values[position / I::LANES][row..];
        for (index, vector) in vectors.iter_mut().enumerate() {
            *vector = isa.load_bytes(&row[index * I::LANES..]);
        }
        vectors
    }
}

/// What the numbers of a chunk of 8 bits are multiplied by, for each position.
pub(super) struct Scales {
    pub(super) keys: [f32; CHUNK],
    pub(super) values: [f32; CHUNK],
}

impl Scales {
    pub(super) fn of(blocks: &AttentionBlocks, positions: &Range<usize>) -> Option<Scales> {
        let read = |planes: &[&[u16]]| {
            let mut scales = [0.0; CHUNK];
            let tokens = blocks.layout.block_tokens;
            let (mut block, mut token) = (positions.start / tokens, positions.start % tokens);
            let mut rest = &mut scales[..positions.len()];
            while !rest.is_empty() {
                let (now, later) = rest.split_at_mut(rest.len().min(tokens - token));
                for (to, scale) in now.iter_mut().zip(blocks.layout.scales(planes[block], token)) {
                    *to = scale;
                }
                (block, token, rest) = (block + 1, 0, later);
            }
            scales
        };
        match blocks.layout.precision {
            KvPrecision::F16 => None,
            KvPrecision::Q8 => {
                Some(Scales { keys: read(blocks.keys), values: read(blocks.values) })
            }
        }
    }
}

/// Consecutive vectors from the start of `from`.
///
/// Here and where vectors are multiplied, loops over vectors count over arrays alone: their length
/// is known, so that they unroll and the vectors stay in registers.
#[inline(always)]
pub(super) fn load_all<I: Isa, const COUNT: usize>(isa: I, from: &[f32]) -> [I::Vector; COUNT] {
    let mut vectors = [isa.splat(0.0); COUNT];
    for (index, vector) in vectors.iter_mut().enumerate() {
        *vector = isa.load(&from[index * I::LANES..]);
    }
    vectors
}
