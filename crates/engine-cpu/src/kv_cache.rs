//! Keys and values of the tokens that a sequence has seen, in blocks taken from a bounded pool.
//!
//! A block that is full may be read by several sequences that begin with the same tokens.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use cpu_kernels::{KvLayout, KvPrecision};

use crate::shared_buffer::SharedBuffer;

/// Tokens in one block. Prompts share whole blocks: on average half a block of what is known is
/// computed again.
pub(crate) const BLOCK_TOKENS: usize = 16;

/// What decides the size of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KvShape {
    pub(crate) layers: usize,
    pub(crate) kv_heads: usize,
    pub(crate) head_dim: usize,
    pub(crate) precision: KvPrecision,
}

impl KvShape {
    /// How the keys, or the values, of one (layer, head) lie in a block.
    pub(crate) const fn layout(self) -> KvLayout {
        let Self { precision, head_dim, .. } = self;
        KvLayout { precision, block_tokens: BLOCK_TOKENS, head_dim }
    }

    const fn block_words(self) -> usize {
        2 * self.layers * self.kv_heads * self.layout().plane_words()
    }

    pub(crate) const fn block_bytes(self) -> usize {
        self.block_words() * size_of::<u16>()
    }
}

/// Counts the bytes of all blocks. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct KvPool {
    counters: Arc<Counters>,
    bytes_max: usize,
}

#[derive(Debug, Default)]
struct Counters {
    /// Of all blocks that exist.
    used: AtomicUsize,
    /// Of those that a sequence holds.
    held: AtomicUsize,
    /// Of those that are kept for sequences to come, held or not.
    kept: AtomicUsize,
}

/// Memory of keys and values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KvBytes {
    /// All that is occupied now.
    pub used: usize,
    /// What running generations hold. What several hold is counted once.
    pub held: usize,
    /// What prompts to come may use again, held now or not.
    pub kept: usize,
}

/// The pool has no room for another block now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PoolFull;

impl KvPool {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { counters: Arc::default(), bytes_max }
    }

    pub(crate) fn bytes(&self) -> KvBytes {
        let Counters { used, held, kept } = &*self.counters;
        let [used, held, kept] = [used, held, kept].map(|count| count.load(Ordering::Acquire));
        KvBytes { used, held, kept }
    }

    pub(crate) fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    /// Tokens that one sequence alone could hold.
    pub(crate) fn tokens_max(&self, shape: KvShape) -> usize {
        self.bytes_max / shape.block_bytes() * BLOCK_TOKENS
    }

    fn block(&self, shape: KvShape) -> Result<Arc<Block>, PoolFull> {
        let bytes = shape.block_bytes();
        let take = |used: usize| used.checked_add(bytes).filter(|&sum| sum <= self.bytes_max);
        self.counters
            .used
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, take)
            .map_err(|_| PoolFull)?;
        let lease = Lease { counters: Arc::clone(&self.counters), bytes };
        let words = SharedBuffer::new(shape.block_words());
        Ok(Arc::new(Block { words, holders: AtomicUsize::new(0), lease }))
    }
}

/// Gives its bytes back to the pool when the block goes.
struct Lease {
    counters: Arc<Counters>,
    bytes: usize,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.counters.used.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

/// Keys and values of [`BLOCK_TOKENS`] consecutive tokens.
///
/// While one sequence alone has it, that sequence writes it. Once it is full it may be shared,
/// and from then on nobody writes it: [`KvSequence`] keeps that promise.
struct Block {
    words: SharedBuffer<u16>,
    /// Sequences that have it.
    holders: AtomicUsize,
    lease: Lease,
}

/// A sequence's part in a block; the block counts as held as long as there is one.
struct Held(Arc<Block>);

impl Held {
    fn new(block: Arc<Block>) -> Self {
        if block.holders.fetch_add(1, Ordering::AcqRel) == 0 {
            block.lease.counters.held.fetch_add(block.lease.bytes, Ordering::AcqRel);
        }
        Self(block)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.0.holders.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.lease.counters.held.fetch_sub(self.0.lease.bytes, Ordering::AcqRel);
        }
    }
}

/// A full block that is kept for sequences to come. There is one for a block at most.
pub(crate) struct Kept(Arc<Block>);

impl Kept {
    fn new(block: Arc<Block>) -> Self {
        block.lease.counters.kept.fetch_add(block.lease.bytes, Ordering::AcqRel);
        Self(block)
    }

    /// Whether a sequence has it now. What nobody holds can be given up.
    pub(crate) fn is_held(&self) -> bool {
        self.0.holders.load(Ordering::Acquire) > 0
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.lease.counters.kept.fetch_sub(self.0.lease.bytes, Ordering::AcqRel);
    }
}

/// Keys and values of one sequence.
///
/// The first `shared` blocks are full and others may read them, so this sequence no longer writes
/// them: whoever computes begins at [`tokens_shared`](Self::tokens_shared) or after. The blocks
/// behind them are this sequence's alone.
pub(crate) struct KvSequence {
    shape: KvShape,
    blocks: Vec<Held>,
    shared: usize,
}

impl KvSequence {
    pub(crate) fn new(shape: KvShape) -> Self {
        Self { shape, blocks: Vec::new(), shared: 0 }
    }

    pub(crate) fn capacity_tokens(&self) -> usize {
        self.blocks.len() * BLOCK_TOKENS
    }

    /// Tokens whose blocks must not be written again.
    pub(crate) fn tokens_shared(&self) -> usize {
        self.shared * BLOCK_TOKENS
    }

    /// Takes blocks until `tokens` fit; keeps what it got when the pool is full.
    pub(crate) fn reserve(&mut self, pool: &KvPool, tokens: usize) -> Result<(), PoolFull> {
        while self.capacity_tokens() < tokens {
            self.blocks.push(Held::new(pool.block(self.shape)?));
        }
        Ok(())
    }

    /// The block at `index`, which is full and nobody keeps yet, for others to read. The caller
    /// shares every block before it too, in order.
    pub(crate) fn share(&mut self, index: usize) -> Kept {
        self.shared = self.shared.max(index + 1);
        Kept::new(Arc::clone(&self.blocks[index].0))
    }

    /// Reads `block` at `index` from now on, in place of what it had there; its own copy goes.
    /// The caller does this for every block before it too, in order.
    pub(crate) fn adopt(&mut self, index: usize, block: &Kept) {
        let held = Held::new(Arc::clone(&block.0));
        match self.blocks.get_mut(index) {
            Some(own) => *own = held,
            None => self.blocks.push(held),
        }
        self.shared = self.shared.max(index + 1);
    }

    pub(crate) fn block(&self, index: usize) -> &SharedBuffer<u16> {
        &self.blocks[index].0.words
    }

    /// How the keys, or the values, of one (layer, head) lie in a block.
    pub(crate) fn layout(&self) -> KvLayout {
        self.shape.layout()
    }

    /// Where the keys of (layer, head) start in every block; the values follow after one plane.
    pub(crate) fn keys_at(&self, layer: usize, kv_head: usize) -> usize {
        2 * (layer * self.shape.kv_heads + kv_head) * self.layout().plane_words()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: KvShape =
        KvShape { layers: 2, kv_heads: 3, head_dim: 4, precision: KvPrecision::F16 };

    #[test]
    fn eight_bits_take_half_the_memory() {
        let of = |precision| KvShape { head_dim: 64, precision, ..SHAPE }.block_bytes();
        assert_eq!(of(KvPrecision::F16), 2 * 2 * 3 * 16 * 128);
        // And four bytes for the scale of 64.
        assert_eq!(of(KvPrecision::Q8), 2 * 2 * 3 * 16 * 68);
        let shape = KvShape { precision: KvPrecision::Q8, ..SHAPE };
        assert_eq!(KvPool::new(shape.block_bytes() * 5 + 1).tokens_max(shape), 80);
    }

    #[test]
    fn a_sequence_takes_blocks_as_it_grows_and_returns_them() {
        let pool = KvPool::new(3 * SHAPE.block_bytes());
        assert_eq!(pool.tokens_max(SHAPE), 3 * BLOCK_TOKENS);
        let mut first = KvSequence::new(SHAPE);
        assert_eq!(pool.bytes().used, 0, "nothing is taken before it is needed");
        first.reserve(&pool, 1).expect("room");
        first.reserve(&pool, BLOCK_TOKENS).expect("the same block");
        assert_eq!(pool.bytes().used, SHAPE.block_bytes());
        let mut second = KvSequence::new(SHAPE);
        assert_eq!(second.reserve(&pool, 3 * BLOCK_TOKENS), Err(PoolFull));
        assert_eq!(second.capacity_tokens(), 2 * BLOCK_TOKENS, "it keeps what it got");
        drop(first);
        assert_eq!(second.reserve(&pool, 3 * BLOCK_TOKENS), Ok(()));
        drop(second);
        assert_eq!(pool.bytes(), KvBytes { used: 0, held: 0, kept: 0 });
    }

    #[test]
    fn a_shared_block_is_counted_once_and_lives_as_long_as_anybody_has_it() {
        let bytes = SHAPE.block_bytes();
        let pool = KvPool::new(usize::MAX);
        let check = |used: usize, held: usize, kept: usize| {
            let expected = KvBytes { used: used * bytes, held: held * bytes, kept: kept * bytes };
            assert_eq!(pool.bytes(), expected);
        };
        let (mut first, mut second) = (KvSequence::new(SHAPE), KvSequence::new(SHAPE));
        first.reserve(&pool, 2 * BLOCK_TOKENS).expect("room");
        second.reserve(&pool, 2 * BLOCK_TOKENS).expect("room");
        let kept = first.share(0);
        assert_eq!((first.tokens_shared(), second.tokens_shared()), (BLOCK_TOKENS, 0));
        second.adopt(0, &kept);
        assert_eq!(second.tokens_shared(), BLOCK_TOKENS);
        check(3, 3, 1);
        drop(first);
        check(2, 2, 1);
        assert!(kept.is_held());
        drop(second);
        check(1, 0, 1);
        assert!(!kept.is_held());
        drop(kept);
        check(0, 0, 0);
    }

    #[test]
    fn planes_of_heads_do_not_overlap() {
        for precision in KvPrecision::ALL {
            let shape = KvShape { precision, ..SHAPE };
            let mut sequence = KvSequence::new(shape);
            sequence.reserve(&KvPool::new(usize::MAX), 1).expect("room");
            let plane = shape.layout().plane_words();
            let mut starts: Vec<usize> = (0..shape.layers)
                .flat_map(|layer| (0..shape.kv_heads).map(move |head| (layer, head)))
                .flat_map(|(layer, head)| {
                    let keys = sequence.keys_at(layer, head);
                    [keys, keys + plane]
                })
                .collect();
            starts.sort_unstable();
            let expected: Vec<usize> = (0..12).map(|index| index * plane).collect();
            assert_eq!(starts, expected);
            assert_eq!(sequence.block(0).len(), 12 * plane);
        }
    }
}
