//! The memory of keys and values: what running sequences hold and what is kept for others.

use crate::{
    kv_cache::{BLOCK_TOKENS, KvPool, KvSequence, KvShape, PoolFull},
    prefix_tree::{PrefixOwner, PrefixTree},
};

/// Gives room to sequences. What is only kept makes way for what is needed.
pub(crate) struct KvMemory {
    pool: KvPool,
    prefixes: PrefixTree,
    /// Most bytes to keep that no sequence holds; 0 keeps nothing.
    idle_bytes_max: usize,
}

impl KvMemory {
    pub(crate) fn new(pool: KvPool, idle_bytes_max: usize) -> Self {
        Self { pool, prefixes: PrefixTree::default(), idle_bytes_max }
    }

    /// Takes room until `tokens` fit; the sequence keeps what it got when there is no more.
    pub(crate) fn reserve(&mut self, kv: &mut KvSequence, tokens: usize) -> Result<(), PoolFull> {
        loop {
            match kv.reserve(&self.pool, tokens) {
                Ok(()) => return Ok(()),
                Err(PoolFull) if self.idle_bytes() > 0 && self.prefixes.forget_oldest() => {}
                Err(PoolFull) => return Err(PoolFull),
            }
        }
    }

    /// Whether a new sequence would find room for this prompt and one more token now: all but what
    /// sequences hold can be given up, and what they hold of this very prompt is shared.
    pub(crate) fn has_room(&self, shape: KvShape, owner: &PrefixOwner, prompt: &[u32]) -> bool {
        let shared = self.prefixes.held_blocks(owner, reusable(prompt));
        let wanted = ((prompt.len() + 1).div_ceil(BLOCK_TOKENS) - shared) * shape.block_bytes();
        self.pool.bytes().held.saturating_add(wanted) <= self.pool.bytes_max()
    }

    /// Changes when a lookup may find more than before.
    pub(crate) fn version(&self) -> u64 {
        self.prefixes.version()
    }

    /// Gives a sequence the known beginning of its prompt, if that is more than the `computed`
    /// tokens that it has; returns how many tokens it has then.
    pub(crate) fn lend(
        &mut self,
        owner: &PrefixOwner,
        prompt: &[u32],
        kv: &mut KvSequence,
        computed: usize,
    ) -> usize {
        let prompt = reusable(prompt);
        if self.prefixes.known_tokens(owner, prompt) <= computed {
            return computed;
        }
        self.prefixes.lend(owner, prompt, kv)
    }

    /// Keeps the full blocks of `tokens`, all of them computed, for prompts that begin like them.
    pub(crate) fn keep(&mut self, owner: &PrefixOwner, tokens: &[u32], kv: &mut KvSequence) {
        if self.idle_bytes_max > 0 {
            self.prefixes.keep(owner, tokens, kv);
        }
    }

    /// Gives up what is kept beyond the limit. Call when a sequence has let go of its blocks.
    pub(crate) fn trim(&mut self) {
        while self.idle_bytes() > self.idle_bytes_max && self.prefixes.forget_oldest() {}
    }

    pub(crate) fn forget_model(&mut self, model: u64) {
        self.prefixes.forget_model(model);
    }

    /// Gives up everything that is kept.
    pub(crate) fn forget_all(&mut self) {
        self.prefixes = PrefixTree::default();
    }

    fn idle_bytes(&self) -> usize {
        let bytes = self.pool.bytes();
        bytes.used.saturating_sub(bytes.held)
    }
}

/// What of a prompt may be taken from others: the last token is always computed, for its logits.
fn reusable(prompt: &[u32]) -> &[u32] {
    prompt.split_last().map_or(&[], |(_, rest)| rest)
}
