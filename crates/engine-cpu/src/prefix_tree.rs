//! Finds the computed keys and values of a prompt's beginning, kept from earlier prompts.
//!
//! A radix tree whose edges are [`BLOCK_TOKENS`] token ids each: a node keeps the block of keys
//! and values that follow from its run of tokens and all runs before it. Two prompts that begin
//! with the same runs share the nodes of these runs, whatever follows.
//!
//! **A tree never joins tenants.** Organisation and project are part of every path's beginning.
//! A prompt that begins like an earlier one is answered sooner, and anybody can measure that: with
//! one tree for all, a caller could guess the text of others, run by run, and watch the clock.
//!
//! Keys and values depend on the model's weights, so the model is part of the beginning too.

mod recency;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use domain::{OrganisationId, ProjectId};

use self::recency::Recency;
use crate::kv_cache::{BLOCK_TOKENS, Kept, KvSequence};

/// Who may use what was computed, and for which model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PrefixOwner {
    /// The number of the loaded model; never used twice in a process.
    pub(crate) model: u64,
    pub(crate) organisation: OrganisationId,
    pub(crate) project: ProjectId,
}

/// The nodes of all owners. Lookup and insertion take time in proportion to the prompt,
/// [`forget_oldest`](Self::forget_oldest) takes constant time over many calls.
///
/// A sequence that holds the block of a node holds those of all nodes above it: it takes and
/// gives whole paths. So every node that nobody holds can go, leaves first.
#[derive(Default)]
pub(crate) struct PrefixTree {
    /// The standard library's keyed hash: what a caller sends cannot make lookups slow.
    edges: HashMap<Edge, usize>,
    nodes: Vec<Option<Node>>,
    free: Vec<usize>,
    /// Every node was used no later than the one above it, so the oldest is a leaf.
    recency: Recency,
    /// Counts the nodes that were ever added.
    version: u64,
}

struct Node {
    edge: Edge,
    model: u64,
    children: usize,
    block: Kept,
}

/// The way to a node from the one above it.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Edge {
    above: Above,
    run: [u32; BLOCK_TOKENS],
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Above {
    Start(PrefixOwner),
    Node(usize),
}

impl PrefixTree {
    /// Grows with every node; a lookup that found little may find more when this has changed.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// How many tokens at the beginning of `tokens` are known.
    pub(crate) fn known_tokens(&self, owner: &PrefixOwner, tokens: &[u32]) -> usize {
        self.path(owner, tokens).count() * BLOCK_TOKENS
    }

    /// How many of the known blocks at the beginning of `tokens` some sequence holds.
    pub(crate) fn held_blocks(&self, owner: &PrefixOwner, tokens: &[u32]) -> usize {
        let held = |&at: &usize| self.nodes[at].as_ref().is_some_and(|node| node.block.is_held());
        self.path(owner, tokens).take_while(held).count()
    }

    /// Lends the known beginning of `tokens` to a sequence; returns how many tokens that are.
    pub(crate) fn lend(
        &mut self,
        owner: &PrefixOwner,
        tokens: &[u32],
        kv: &mut KvSequence,
    ) -> usize {
        let path: Vec<usize> = self.path(owner, tokens).collect();
        for (index, &at) in path.iter().enumerate() {
            if let Some(node) = &self.nodes[at] {
                kv.adopt(index, &node.block);
            }
        }
        self.touch(&path);
        path.len() * BLOCK_TOKENS
    }

    /// Keeps the full blocks of `tokens`, all of them computed. Where equal ones are known, the
    /// sequence reads those from now on, and its own copies go.
    pub(crate) fn keep(&mut self, owner: &PrefixOwner, tokens: &[u32], kv: &mut KvSequence) {
        let mut path = Vec::new();
        let mut above = Above::Start(*owner);
        for (index, &run) in tokens.as_chunks::<BLOCK_TOKENS>().0.iter().enumerate() {
            let edge = Edge { above, run };
            let known = self.edges.get(&edge).copied();
            let at = match known.and_then(|at| Some((at, self.nodes[at].as_ref()?))) {
                Some((at, node)) => {
                    kv.adopt(index, &node.block);
                    at
                }
                None => self.grow(edge, owner.model, kv.share(index)),
            };
            above = Above::Node(at);
            path.push(at);
        }
        self.touch(&path);
    }

    /// Gives up the block that was used longest ago of those that no sequence holds.
    /// `false`: there is none.
    pub(crate) fn forget_oldest(&mut self) -> bool {
        for _ in 0..self.edges.len() {
            let Some(oldest) = self.recency.oldest() else { return false };
            let held = self.nodes[oldest].as_ref().is_some_and(|node| node.block.is_held());
            if !held {
                self.remove(oldest);
                return true;
            }
            // What is in use is not old: it and what is above it come again after all others.
            let path = self.path_to(oldest);
            self.touch(&path);
        }
        false
    }

    /// Gives up everything of a model that was unloaded.
    pub(crate) fn forget_model(&mut self, model: u64) {
        for at in 0..self.nodes.len() {
            if self.nodes[at].as_ref().is_some_and(|node| node.model == model) {
                self.remove(at);
            }
        }
    }

    /// The known nodes of `tokens`, from the first run on.
    fn path(&self, owner: &PrefixOwner, tokens: &[u32]) -> impl Iterator<Item = usize> {
        let mut above = Above::Start(*owner);
        tokens.as_chunks::<BLOCK_TOKENS>().0.iter().map_while(move |&run| {
            let at = self.edges.get(&Edge { above, run }).copied()?;
            above = Above::Node(at);
            Some(at)
        })
    }

    /// The nodes from the first run down to `at`.
    fn path_to(&self, at: usize) -> Vec<usize> {
        let above = |at: &usize| match self.nodes[*at].as_ref()?.edge.above {
            Above::Start(_) => None,
            Above::Node(above) => Some(above),
        };
        let mut path: Vec<usize> = std::iter::successors(Some(at), above).collect();
        path.reverse();
        path
    }

    /// Marks a path as just used, what is above after what is below it.
    fn touch(&mut self, path: &[usize]) {
        for &at in path.iter().rev() {
            self.recency.touch(at);
        }
    }

    fn grow(&mut self, edge: Edge, model: u64, block: Kept) -> usize {
        if let Above::Node(above) = edge.above
            && let Some(above) = &mut self.nodes[above]
        {
            above.children += 1;
        }
        let node = Some(Node { edge: edge.clone(), model, children: 0, block });
        let at = if let Some(at) = self.free.pop() {
            self.nodes[at] = node;
            at
        } else {
            self.nodes.push(node);
            self.nodes.len() - 1
        };
        self.edges.insert(edge, at);
        self.version += 1;
        at
    }

    fn remove(&mut self, at: usize) {
        let Some(node) = self.nodes[at].take() else { return };
        if let Above::Node(above) = node.edge.above
            && let Some(above) = &mut self.nodes[above]
        {
            above.children -= 1;
        }
        self.edges.remove(&node.edge);
        self.recency.remove(at);
        self.free.push(at);
    }
}
