//! Checkpoints, as an examination uses them: one a size, in order.

use crate::checkpoint::Checkpoint;
use crate::finding::Finding;
use crate::hash::{Hash, empty_root};

/// The root that was signed for a size.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seal {
    pub(super) size: u64,
    pub(super) root: Hash,
    /// Whether it is known from outside of the log only.
    pub(super) outside: bool,
}

/// Every pair of checkpoints of one size with different roots, smallest size first; further roots
/// of a size are paired with the one that was given first.
///
/// A checkpoint of size 0 with another root than that of an empty tree counts too: nothing else
/// can be the history of an empty log.
pub fn forks(checkpoints: &[Checkpoint]) -> Vec<Finding> {
    let seals = checkpoints.iter().map(|checkpoint| seal(checkpoint, true)).collect();
    sorted(seals).1
}

/// # Errors
/// [`Finding::Forked`], for the smallest size.
pub(super) fn seals(own: Vec<Checkpoint>, outside: Vec<Checkpoint>) -> Result<Vec<Seal>, Finding> {
    let own = own.into_iter().map(|checkpoint| seal(&checkpoint, false));
    let outside = outside.into_iter().map(|checkpoint| seal(&checkpoint, true));
    let (seals, forks) = sorted(own.chain(outside).collect());
    match forks.into_iter().next() {
        Some(fork) => Err(fork),
        None => Ok(seals),
    }
}

fn seal(checkpoint: &Checkpoint, outside: bool) -> Seal {
    Seal { size: checkpoint.size, root: checkpoint.root, outside }
}

/// The first seal of every size, and what contradicts it.
fn sorted(mut seals: Vec<Seal>) -> (Vec<Seal>, Vec<Finding>) {
    // Stable, so that of one size the seals stay in the order in which they were given.
    seals.sort_by_key(|seal| seal.size);
    let mut kept: Vec<Seal> = Vec::with_capacity(seals.len());
    let mut forks = Vec::new();
    for seal in seals {
        let first = kept.last().filter(|first| first.size == seal.size).map(|first| first.root);
        let expected = first.or((seal.size == 0).then(empty_root));
        if let Some(expected) = expected
            && expected != seal.root
        {
            forks.push(Finding::Forked { size: seal.size, roots: [expected, seal.root] });
        } else if first.is_none() {
            kept.push(seal);
        }
    }
    // The same fork is told once, however often its checkpoints were given.
    let mut told = Vec::with_capacity(forks.len());
    for fork in forks {
        if told.last() != Some(&fork) {
            told.push(fork);
        }
    }
    (kept, told)
}
