//! The reference in plain Rust: two passes over all positions.
#![expect(clippy::inline_always, reason = "some melt into functions with wider instructions")]

use half::f16;

use super::{
    AttentionBlocks, AttentionScratch, KvLayout, KvPrecision, Queries,
    layout::{Codes, bytes},
};
use crate::vector::scale_of;

/// Numbers that are rounded at a time.
const PIECE: usize = 32;

pub(super) fn attend(
    queries: &Queries,
    blocks: &AttentionBlocks,
    scratch: &mut AttentionScratch,
    out: &mut [f32],
) {
    let KvLayout { block_tokens, head_dim: dim, .. } = blocks.layout;
    let vectors = queries.vectors.chunks_exact(dim).zip(out.chunks_exact_mut(dim));
    for ((query, out), visible) in vectors.zip(queries.visible) {
        let seen = visible.start as usize..visible.end as usize;
        let scores = &mut scratch.floats;
        scores.clear();
        scores.extend(seen.clone().map(|position| {
            let (plane, token) = (blocks.keys[position / block_tokens], position % block_tokens);
            let key = (0..dim).map(|number| blocks.layout.key_number(plane, token, number));
            query.iter().zip(key).map(|(query, key)| query * key).sum::<f32>() * queries.scale
        }));
        let largest = scores.iter().fold(f32::NEG_INFINITY, |largest, score| largest.max(*score));
        out.fill(0.0);
        let mut total = 0.0;
        for (score, position) in scores.iter().zip(seen) {
            let (plane, token) = (blocks.values[position / block_tokens], position % block_tokens);
            let weight = (score - largest).exp();
            total += weight;
            for (number, out) in out.iter_mut().enumerate() {
                *out += weight * blocks.layout.value_number(plane, token, number);
            }
        }
        if total > 0.0 {
            for out in out {
                *out /= total;
            }
        }
    }
}

impl KvLayout {
    fn key_number(self, plane: &[u16], token: usize, number: usize) -> f32 {
        match self.precision {
            KvPrecision::F16 => f16::from_bits(plane[token * self.head_dim + number]).to_f32(),
            KvPrecision::Q8 => {
                self.scaled(plane, token, bytes(plane)[number * self.block_tokens + token])
            }
        }
    }

    fn value_number(self, plane: &[u16], token: usize, number: usize) -> f32 {
        let at = token * self.head_dim + number;
        match self.precision {
            KvPrecision::F16 => f16::from_bits(plane[at]).to_f32(),
            KvPrecision::Q8 => self.scaled(plane, token, bytes(plane)[at]),
        }
    }

    fn scaled(self, plane: &[u16], token: usize, code: i8) -> f32 {
        self.scales(plane, token).next().map_or(f32::NAN, |scale| scale * f32::from(code))
    }
}

/// Rounds a vector to bytes; returns their scale, which is NaN if one of the numbers is no number
/// or infinite.
#[inline(always)]
pub(super) fn store_codes(vector: &[f32], codes: &Codes) -> f32 {
    let largest = vector.iter().fold(0, |largest, value| value.abs().to_bits().max(largest));
    let (scale, inverse) = scale_of(largest).unwrap_or((f32::NAN, 0.0));
    let (pieces, rest) = vector.as_chunks::<PIECE>();
    for (index, piece) in pieces.iter().enumerate() {
        for (number, code) in piece.map(|value| code_of(value, inverse)).into_iter().enumerate() {
            codes.write(index * PIECE + number, code);
        }
    }
    for (index, value) in rest.iter().enumerate() {
        codes.write(pieces.len() * PIECE + index, code_of(*value, inverse));
    }
    scale
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the product lies within 127, or is NaN")]
fn code_of(value: f32, inverse: f32) -> i8 {
    (value * inverse).round_ties_even() as i8
}
