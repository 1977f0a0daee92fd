//! Keys and values of the tokens that a sequence has seen, in blocks taken from a bounded pool.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::shared_buffer::SharedBuffer;

/// Tokens in one block.
pub(crate) const BLOCK_TOKENS: usize = 32;

/// What decides the size of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KvShape {
    pub(crate) layers: usize,
    pub(crate) kv_heads: usize,
    pub(crate) head_dim: usize,
}

impl KvShape {
    /// Values of one (layer, head) plane of keys, or of values, in a block.
    pub(crate) const fn plane(self) -> usize {
        BLOCK_TOKENS * self.head_dim
    }

    const fn block_values(self) -> usize {
        2 * self.layers * self.kv_heads * self.plane()
    }

    pub(crate) const fn block_bytes(self) -> usize {
        self.block_values() * size_of::<u16>()
    }
}

/// Counts the bytes of all blocks in use. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct KvPool {
    bytes_used: Arc<AtomicUsize>,
    bytes_max: usize,
}

/// The pool has no room for another block now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PoolFull;

impl KvPool {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { bytes_used: Arc::default(), bytes_max }
    }

    pub(crate) fn bytes_used(&self) -> usize {
        self.bytes_used.load(Ordering::Acquire)
    }

    pub(crate) fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    /// Tokens that one sequence alone could hold.
    pub(crate) fn tokens_max(&self, shape: KvShape) -> usize {
        self.bytes_max / shape.block_bytes() * BLOCK_TOKENS
    }

    /// Whether `tokens` more tokens of a new sequence would fit now.
    pub(crate) fn has_room(&self, shape: KvShape, tokens: usize) -> bool {
        let wanted = tokens.div_ceil(BLOCK_TOKENS) * shape.block_bytes();
        self.bytes_used() + wanted <= self.bytes_max
    }

    fn block(&self, shape: KvShape) -> Result<Block, PoolFull> {
        let bytes = shape.block_bytes();
        let take = |used: usize| used.checked_add(bytes).filter(|&sum| sum <= self.bytes_max);
        self.bytes_used
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, take)
            .map_err(|_| PoolFull)?;
        let lease = Lease { bytes_used: Arc::clone(&self.bytes_used), bytes };
        Ok(Block { values: SharedBuffer::new(shape.block_values()), _lease: lease })
    }
}

/// Gives its bytes back to the pool when the block goes.
struct Lease {
    bytes_used: Arc<AtomicUsize>,
    bytes: usize,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.bytes_used.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

struct Block {
    values: SharedBuffer<u16>,
    _lease: Lease,
}

/// Keys and values of one sequence, as IEEE half-precision floats.
pub(crate) struct KvSequence {
    shape: KvShape,
    blocks: Vec<Block>,
}

impl KvSequence {
    pub(crate) fn new(shape: KvShape) -> Self {
        Self { shape, blocks: Vec::new() }
    }

    pub(crate) fn capacity_tokens(&self) -> usize {
        self.blocks.len() * BLOCK_TOKENS
    }

    /// Takes blocks until `tokens` fit; keeps what it got when the pool is full.
    pub(crate) fn reserve(&mut self, pool: &KvPool, tokens: usize) -> Result<(), PoolFull> {
        while self.capacity_tokens() < tokens {
            self.blocks.push(pool.block(self.shape)?);
        }
        Ok(())
    }

    pub(crate) fn block(&self, index: usize) -> &SharedBuffer<u16> {
        &self.blocks[index].values
    }

    /// Where the keys of (layer, head) start in every block; the values follow after one plane.
    pub(crate) fn keys_at(&self, layer: usize, kv_head: usize) -> usize {
        2 * (layer * self.shape.kv_heads + kv_head) * self.shape.plane()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: KvShape = KvShape { layers: 2, kv_heads: 3, head_dim: 4 };

    #[test]
    fn a_sequence_takes_blocks_as_it_grows_and_returns_them() {
        let pool = KvPool::new(3 * SHAPE.block_bytes());
        assert_eq!(pool.tokens_max(SHAPE), 3 * BLOCK_TOKENS);
        let mut first = KvSequence::new(SHAPE);
        assert_eq!(pool.bytes_used(), 0, "nothing is taken before it is needed");
        first.reserve(&pool, 1).expect("room");
        first.reserve(&pool, BLOCK_TOKENS).expect("the same block");
        assert_eq!(pool.bytes_used(), SHAPE.block_bytes());
        let mut second = KvSequence::new(SHAPE);
        assert_eq!(second.reserve(&pool, 3 * BLOCK_TOKENS), Err(PoolFull));
        assert_eq!(second.capacity_tokens(), 2 * BLOCK_TOKENS, "it keeps what it got");
        assert!(!pool.has_room(SHAPE, 1));
        drop(first);
        assert_eq!(second.reserve(&pool, 3 * BLOCK_TOKENS), Ok(()));
        drop(second);
        assert_eq!(pool.bytes_used(), 0);
    }

    #[test]
    fn planes_of_heads_do_not_overlap() {
        let mut sequence = KvSequence::new(SHAPE);
        sequence.reserve(&KvPool::new(usize::MAX), 1).expect("room");
        let mut starts: Vec<usize> = (0..SHAPE.layers)
            .flat_map(|layer| (0..SHAPE.kv_heads).map(move |head| (layer, head)))
            .flat_map(|(layer, head)| {
                let keys = sequence.keys_at(layer, head);
                [keys, keys + SHAPE.plane()]
            })
            .collect();
        starts.sort_unstable();
        let expected: Vec<usize> = (0..12).map(|plane| plane * SHAPE.plane()).collect();
        assert_eq!(starts, expected);
        assert_eq!(sequence.block(0).len(), 12 * SHAPE.plane());
    }
}
