//! Attention of query vectors over paged half-precision keys and values.
#![expect(unsafe_code, reason = "calls functions for instructions that a `Path` proves")]

use std::ops::Range;

use crate::path::{Path, PathKind, dispatch};

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod wide;

/// Positions that are taken in at a time. An output does not depend on what is given before the
/// chunk of the first position that a query sees, nor on the queries beside it.
pub const CHUNK_POSITIONS: usize = 64;

/// Keys and values of one key/value head, in blocks of `block_tokens` positions.
///
/// Position `p` is token `p % block_tokens` of block `p / block_tokens`; within a block, token
/// `t` is the `head_dim` numbers from `t * head_dim`. Numbers are the bits of IEEE 754 half
/// precision (see [`to_f16`](crate::to_f16)). The last block may be cut short after the last
/// position that is seen.
#[derive(Clone, Copy, Debug)]
pub struct AttentionBlocks<'a> {
    /// Blocks of keys.
    pub keys: &'a [&'a [u16]],
    /// Blocks of values.
    pub values: &'a [&'a [u16]],
    /// Positions in one block.
    pub block_tokens: usize,
    /// Length of a key, a value and a query.
    pub head_dim: usize,
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
    assert_eq!(Some(queries.len()), visible.len().checked_mul(blocks.head_dim), "queries");
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

impl<'a> AttentionBlocks<'a> {
    /// Panics unless every position that a query sees has its key and value.
    fn check(&self, visible: &[Range<u32>]) {
        assert!(self.head_dim > 0 && self.block_tokens > 0, "empty heads or blocks");
        let positions = positions(visible);
        assert!(self.keys.len() == self.values.len(), "blocks of keys and of values differ");
        let mut missing = positions;
        for (keys, values) in self.keys.iter().zip(self.values) {
            let tokens = missing.min(self.block_tokens);
            let length = tokens.checked_mul(self.head_dim);
            let held = keys.len().min(values.len());
            assert!(length.is_some_and(|length| length <= held), "a block is cut short");
            missing -= tokens;
        }
        assert!(missing == 0, "{missing} positions are seen but not given");
    }

    /// The vectors of `blocks` from `position` on.
    fn vectors(&self, blocks: &'a [&'a [u16]], position: usize) -> Vectors<'a> {
        Vectors {
            blocks,
            block: position / self.block_tokens,
            token: position % self.block_tokens,
            block_tokens: self.block_tokens,
            head_dim: self.head_dim,
        }
    }
}

/// Keys or values, position after position.
struct Vectors<'a> {
    blocks: &'a [&'a [u16]],
    block: usize,
    token: usize,
    block_tokens: usize,
    head_dim: usize,
}

impl<'a> Iterator for Vectors<'a> {
    type Item = &'a [u16];

    fn next(&mut self) -> Option<&'a [u16]> {
        let start = self.token * self.head_dim;
        let vector = self.blocks.get(self.block)?.get(start..start + self.head_dim)?;
        self.token += 1;
        if self.token == self.block_tokens {
            (self.block, self.token) = (self.block + 1, 0);
        }
        Some(vector)
    }
}
