//! The reference in plain Rust: two passes over all positions.

use half::f16;

use super::{AttentionBlocks, AttentionScratch, Queries};

pub(super) fn attend(
    queries: &Queries,
    blocks: &AttentionBlocks,
    scratch: &mut AttentionScratch,
    out: &mut [f32],
) {
    let dim = blocks.head_dim;
    let vectors = queries.vectors.chunks_exact(dim).zip(out.chunks_exact_mut(dim));
    for ((query, out), visible) in vectors.zip(queries.visible) {
        let scores = &mut scratch.floats;
        scores.clear();
        let keys = blocks.vectors(blocks.keys, visible.start as usize).take(visible.len());
        scores.extend(keys.map(|key| {
            let key = key.iter().map(|bits| f16::from_bits(*bits).to_f32());
            query.iter().zip(key).map(|(query, key)| query * key).sum::<f32>() * queries.scale
        }));
        let largest = scores.iter().fold(f32::NEG_INFINITY, |largest, score| largest.max(*score));
        out.fill(0.0);
        let mut total = 0.0;
        for (score, value) in
            scores.iter().zip(blocks.vectors(blocks.values, visible.start as usize))
        {
            let weight = (score - largest).exp();
            total += weight;
            for (out, bits) in out.iter_mut().zip(value) {
                *out += weight * f16::from_bits(*bits).to_f32();
            }
        }
        if total > 0.0 {
            for out in out {
                *out /= total;
            }
        }
    }
}
