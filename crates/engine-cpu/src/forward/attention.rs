//! Attention of the batch over the caches of its sequences.
#![expect(unsafe_code, reason = "workers share buffers, each writes its own part of a phase")]

use cpu_kernels::{AttentionBlocks, attend};

use super::{
    pass::{Pass, scratch_row},
    plan::AttentionTask,
    workspace::{Scratch, qkv_width},
};
use crate::kv_cache::BLOCK_TOKENS;

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
        for (slot, queries) in task.slots.clone().zip(queries.chunks_exact_mut(width)) {
            let start = slot * qkv_width(config) + task.heads.start * head_dim;
            // SAFETY: nobody writes `qkv` during attention.
            queries.copy_from_slice(unsafe { self.space.qkv.read(start..start + width) });
            let seen = u32::try_from(self.plan.slots[slot].position + 1).unwrap_or(u32::MAX);
            visible.extend(task.heads.clone().map(|_| seen));
        }
        let kv = self.runs[task.run].kv;
        let plane = BLOCK_TOKENS * head_dim;
        let at = kv.keys_at(layer, task.heads.start / config.group());
        let seen = self.plan.slots[task.slots.end - 1].position + 1;
        let mut key_blocks = borrow(keys);
        let mut value_blocks = borrow(values);
        for block in (0..seen.div_ceil(BLOCK_TOKENS)).map(|index| kv.block(index)) {
            // SAFETY: nobody writes the planes of this layer during attention.
            unsafe {
                key_blocks.push(block.read(at..at + plane));
                value_blocks.push(block.read(at + plane..at + 2 * plane));
            }
        }
        let blocks = AttentionBlocks {
            keys: &key_blocks,
            values: &value_blocks,
            block_tokens: BLOCK_TOKENS,
            head_dim,
        };
        #[expect(clippy::cast_precision_loss, reason = "heads are small")]
        let scale = 1.0 / (head_dim as f32).sqrt();
        attend(self.path, queries, visible, &blocks, scale, attention, outputs);
        (*keys, *values) = (give_back(key_blocks), give_back(value_blocks));
        for (slot, outputs) in task.slots.clone().zip(outputs.chunks_exact(width)) {
            let start = slot * config.query_width() + task.heads.start * head_dim;
            // SAFETY: no other task has these heads of this slot.
            unsafe { self.space.attended.write(start..start + width) }.copy_from_slice(outputs);
        }
    }
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
