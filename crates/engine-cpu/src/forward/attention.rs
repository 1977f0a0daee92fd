//! Attention of the batch over the caches of its sequences.
#![expect(unsafe_code, reason = "workers share buffers, each writes its own part of a phase")]

use std::ops::Range;

use cpu_kernels::{AttentionBlocks, CHUNK_POSITIONS, attend};

use super::{
    pass::{Pass, scratch_row},
    plan::AttentionTask,
    workspace::{Scratch, qkv_width},
};
use crate::kv_cache::BLOCK_TOKENS;

/// Positions where attention may begin: at a block, and at a chunk of the kernels.
const ALIGNED: usize = if BLOCK_TOKENS.is_multiple_of(CHUNK_POSITIONS) {
    BLOCK_TOKENS
} else {
    assert!(CHUNK_POSITIONS.is_multiple_of(BLOCK_TOKENS), "one holds the other");
    CHUNK_POSITIONS
};

impl Pass<'_> {
    /// Takes tasks until none is left. Queries, keys and values are complete since the barrier
    /// before.
    pub(super) fn attention(&self, layer: usize) {
        while let Some(task) = self.plan.take_task(layer) {
            self.attend(layer, task);
        }
    }

    fn attend(&self, layer: usize, task: &AttentionTask) {
        let config = self.model.config();
        let head_dim = config.head_dim;
        let width = task.heads.len() * head_dim;
        let Scratch { queries, outputs, visible, keys, values, attention, .. } = self.scratch();
        let queries = scratch_row(queries, task.slots.len() * width);
        let outputs = scratch_row(outputs, task.slots.len() * width);
        visible.clear();
        // Later slots see nothing before what the first one sees. Sums begin at the same positions
        // whoever is beside, so that no bit of an output depends on that.
        let first = self.seen(layer, task.slots.start).start / ALIGNED * ALIGNED;
        for (slot, queries) in task.slots.clone().zip(queries.chunks_exact_mut(width)) {
            let start = slot * qkv_width(config) + task.heads.start * head_dim;
            // SAFETY: nobody writes `qkv` during attention.
            queries.copy_from_slice(unsafe { self.space.qkv.read(start..start + width) });
            let seen = self.seen(layer, slot);
            let seen = relative(seen.start, first)..relative(seen.end, first);
            visible.extend(task.heads.clone().map(|_| seen.clone()));
        }
        let kv = self.runs[task.run].kv;
        let layout = kv.layout();
        let plane = layout.plane_words();
        let at = kv.keys_at(layer, task.heads.start / config.group());
        let seen = self.seen(layer, task.slots.end - 1).end;
        let mut key_blocks = borrow(keys);
        let mut value_blocks = borrow(values);
        for index in first / BLOCK_TOKENS..seen.div_ceil(BLOCK_TOKENS) {
            let block = kv.block(index);
            // SAFETY: nobody writes the planes of this layer during attention.
            unsafe {
                key_blocks.push(block.read(at..at + plane));
                value_blocks.push(block.read(at + plane..at + 2 * plane));
            }
        }
        let blocks = AttentionBlocks { keys: &key_blocks, values: &value_blocks, layout };
        attend(self.path, queries, visible, &blocks, config.attention_scale, attention, outputs);
        (*keys, *values) = (give_back(key_blocks), give_back(value_blocks));
        for (slot, outputs) in task.slots.clone().zip(outputs.chunks_exact(width)) {
            let start = slot * config.query_width() + task.heads.start * head_dim;
            // SAFETY: no other task has these heads of this slot.
            unsafe { self.space.attended.write(start..start + width) }.copy_from_slice(outputs);
        }
    }

    /// The positions that a slot sees in a layer.
    fn seen(&self, layer: usize, slot: usize) -> Range<usize> {
        let end = self.plan.slots[slot].position + 1;
        let window = self.model.config().attention[layer].window;
        window.map_or(0, |window| end.saturating_sub(window))..end
    }
}

/// A position counted from the first block that is given.
fn relative(position: usize, first: usize) -> u32 {
    u32::try_from(position - first).unwrap_or(u32::MAX)
}

/// Lends out an empty list's memory for references that live shorter.
fn borrow<'a>(list: &mut Vec<&'static [u16]>) -> Vec<&'a [u16]> {
    std::mem::take(list)
}

/// Empties the list and keeps its memory, without the references.
fn give_back(mut list: Vec<&[u16]>) -> Vec<&'static [u16]> {
    list.clear();
    list.into_iter().map(|_| -> &'static [u16] { &[] }).collect()
}
