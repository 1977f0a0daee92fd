//! What a batch consists of, decided once for all layers.

use std::{
    ops::Range,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::{LogitsOf, Run};
use crate::{adapter::Adapter, model::ModelConfig};

/// Query tokens of one attention task, when a run has many.
const TASK_TOKENS: usize = 16;
/// With so many tasks a worker the tasks even out by themselves.
const TASKS_PER_WORKER: usize = 8;

/// One token of the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) run: usize,
    pub(super) position: usize,
    pub(super) token: u32,
}

/// Attention of some query heads over one key head, for consecutive slots of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AttentionTask {
    pub(super) run: usize,
    pub(super) slots: Range<usize>,
    pub(super) heads: Range<usize>,
    /// Products of a query and a key.
    cost: usize,
}

/// Consecutive slots with the same adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AdaptedSlots {
    /// One of their runs.
    pub(super) run: usize,
    pub(super) slots: Range<usize>,
}

#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Run after run; those with the same adapter follow one another.
    pub(super) slots: Vec<Slot>,
    pub(super) adapted: Vec<AdaptedSlots>,
    /// The runs in the order of their slots, and the first slot of each.
    order: Vec<usize>,
    first_slots: Vec<usize>,
    /// Slots whose logits are wanted, in the order of the runs.
    pub(super) wanted: Vec<usize>,
    /// Dearest first, so that the last ones taken are small.
    pub(super) tasks: Vec<AttentionTask>,
    /// For each layer, the next task that nobody has taken.
    next_tasks: Vec<AtomicUsize>,
}

impl Plan {
    pub(super) fn build(&mut self, config: &ModelConfig, runs: &[Run<'_>], workers: usize) {
        self.tasks.clear();
        self.place(runs);
        for (index, run) in runs.iter().enumerate() {
            let first = self.first_slots[index];
            let end = first + run.tokens.len();
            match run.logits {
                LogitsOf::None => {}
                LogitsOf::Last => self.wanted.extend((first..end).last()),
                LogitsOf::All => self.wanted.extend(first..end),
            }
            for start in (first..end).step_by(TASK_TOKENS) {
                let slots = start..end.min(start + TASK_TOKENS);
                for kv_head in 0..config.kv_heads {
                    let heads = kv_head * config.group()..(kv_head + 1) * config.group();
                    self.push_task(index, slots.clone(), heads);
                }
            }
        }
        if self.tasks.len() < TASKS_PER_WORKER * workers {
            self.split_heads(config, workers);
        }
        self.tasks.sort_unstable_by_key(|task| std::cmp::Reverse(task.cost));
        self.next_tasks.resize_with(config.layers, AtomicUsize::default);
        self.next_tasks.iter().for_each(|next| next.store(0, Ordering::Relaxed));
    }

    /// Gives every token its slot. No figure depends on the slot, so runs with the same adapter
    /// may stand together.
    fn place(&mut self, runs: &[Run<'_>]) {
        self.slots.clear();
        self.wanted.clear();
        self.adapted.clear();
        self.order.clear();
        self.order.extend(0..runs.len());
        let adapter = |run: usize| runs[run].adapter.map(std::ptr::from_ref::<Adapter>);
        self.order.sort_by_key(|&run| adapter(run));
        self.first_slots.resize(runs.len(), 0);
        for &index in &self.order {
            let run = &runs[index];
            let first = self.slots.len();
            self.first_slots[index] = first;
            let slots = run.tokens.iter().enumerate();
            self.slots.extend(slots.map(|(offset, &token)| Slot {
                run: index,
                position: run.start + offset,
                token,
            }));
            let slots = first..self.slots.len();
            match self.adapted.last_mut() {
                _ if run.adapter.is_none() => {}
                Some(last) if adapter(last.run) == adapter(index) => last.slots.end = slots.end,
                Some(_) | None => self.adapted.push(AdaptedSlots { run: index, slots }),
            }
        }
    }

    /// A task of this layer that nobody else computes.
    pub(super) fn take_task(&self, layer: usize) -> Option<&AttentionTask> {
        self.tasks.get(self.next_tasks[layer].fetch_add(1, Ordering::Relaxed))
    }

    fn push_task(&mut self, run: usize, slots: Range<usize>, heads: Range<usize>) {
        let seen: usize = self.slots[slots.clone()].iter().map(|slot| slot.position + 1).sum();
        self.tasks.push(AttentionTask { run, slots, cost: seen * heads.len(), heads });
    }

    /// Few tasks do not divide evenly: cuts those that straddle the border between two workers'
    /// fair parts of the heads.
    fn split_heads(&mut self, config: &ModelConfig, workers: usize) {
        let whole = std::mem::take(&mut self.tasks);
        let border = |worker: usize| config.heads * worker / workers;
        for task in whole {
            let mut start = task.heads.start;
            let inside = (1..workers).map(border).filter(|at| task.heads.contains(at));
            for cut in inside.chain([task.heads.end]) {
                if cut > start {
                    self.push_task(task.run, task.slots.clone(), start..cut);
                    start = cut;
                }
            }
        }
    }
}
