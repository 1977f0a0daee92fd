//! Attention of query vectors over paged keys and values.
#![expect(unsafe_code, reason = "calls functions for instructions that a `Path` proves")]

use std::ops::Range;

use crate::path::{Path, PathKind, dispatch};

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod chunk;
mod layout;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod wide;

pub use layout::{KvLayout, KvPrecision};

/// Positions that are taken in at a time. An output does not depend on what is given before the
/// chunk of the first position that a query sees, nor on the queries beside it.
pub const CHUNK_POSITIONS: usize = 64;

/// Keys and values of one key/value head, in planes of `layout.block_tokens` positions.
///
/// Position `p` is token `p % block_tokens` of plane `p / block_tokens`. In half precision the last
/// plane may be cut short after the last position that is seen.
#[derive(Clone, Copy, Debug)]
pub struct AttentionBlocks<'a> {
    /// Planes of keys.
    pub keys: &'a [&'a [u16]],
    /// Planes of values.
    pub values: &'a [&'a [u16]],
    /// What is where in a plane.
    pub layout: KvLayout,
}

/// Working memory of [`attend`], reused from call to call; grows to what the largest call needs.
#[derive(Debug, Default)]
pub struct AttentionScratch {
    floats: Vec<f32>,
}

impl AttentionScratch {
    /// No memory yet.
    pub fn new() -> AttentionScratch {
        AttentionScratch::default()
    }
}

/// Softmax attention of several queries that share one key/value head.
///
/// `queries` and `out` are `n x head_dim`, row after row. Query `i` sees the positions
/// `visible[i]`: `out[i]` is the mean of their values, weighted by `exp(scale * query . key)`. A
/// query that sees nothing yields zeroes.
///
/// # Panics
/// If the lengths of `queries`, `visible` and `out` disagree, `head_dim` or `block_tokens` is 0,
/// or `blocks` has fewer positions than a query sees.
#[expect(clippy::too_many_arguments, reason = "one step; a struct would only rename them")]
pub fn attend(
    path: Path,
    queries: &[f32],
    visible: &[Range<u32>],
    blocks: &AttentionBlocks,
    scale: f32,
    scratch: &mut AttentionScratch,
    out: &mut [f32],
) {
    blocks.check(visible);
    assert_eq!(Some(queries.len()), visible.len().checked_mul(blocks.layout.head_dim), "queries");
    assert_eq!(queries.len(), out.len(), "lengths of the queries and the outputs");
    let queries = Queries { vectors: queries, visible, scale };
    dispatch!(path, attend(&queries, blocks, scratch, out));
}

/// The position after the last one that a query sees.
fn positions(visible: &[Range<u32>]) -> usize {
    visible.iter().map(|seen| seen.end as usize).max().unwrap_or(0)
}

/// The queries of one call of [`attend`].
struct Queries<'a> {
    vectors: &'a [f32],
    visible: &'a [Range<u32>],
    scale: f32,
}

impl AttentionBlocks<'_> {
    /// Panics unless every position that a query sees has its key and value.
    fn check(&self, visible: &[Range<u32>]) {
        let KvLayout { block_tokens, head_dim, .. } = self.layout;
        assert!(head_dim > 0 && block_tokens > 0, "empty heads or blocks");
        let positions = positions(visible);
        assert!(self.keys.len() == self.values.len(), "blocks of keys and of values differ");
        let mut missing = positions;
        for (keys, values) in self.keys.iter().zip(self.values) {
            let tokens = missing.min(block_tokens);
            let length = self.layout.words_read(tokens);
            let held = keys.len().min(values.len());
            assert!(length.is_some_and(|length| length <= held), "a block is cut short");
            missing -= tokens;
        }
        assert!(missing == 0, "{missing} positions are seen but not given");
    }
}
