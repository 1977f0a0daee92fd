//! Verifying that a leaf is in a tree, and that one tree is the beginning of another.

use crate::hash::{Hash, empty_root, node_hash};
use crate::tile::{TREE_SIZE_MAX, TileId};

/// A proof cannot be made, or it proves nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ProofError {
    /// The leaf lies behind the end of the tree.
    #[error("a tree of {size} leaves has no leaf {index}")]
    NoSuchLeaf {
        /// The leaf, counted from 0.
        index: u64,
        /// Leaves of the tree.
        size: u64,
    },
    /// The newer tree is the smaller one.
    #[error("a tree of {new_size} leaves cannot continue one of {old_size}")]
    Shrunk {
        /// Leaves of the older tree.
        old_size: u64,
        /// Leaves of the newer tree.
        new_size: u64,
    },
    /// The size is beyond what is supported.
    #[error("a tree of {size} leaves is too large; at most {TREE_SIZE_MAX} are supported")]
    TooLarge {
        /// Leaves of the tree.
        size: u64,
    },
    /// A tile that the proof is made from is absent or too narrow.
    #[error("tile `{}` is missing or too narrow", tile.path())]
    MissingTile {
        /// Which one, with the width it has in the tree.
        tile: TileId,
    },
    /// The proof has too many or too few hashes for these sizes.
    #[error("the proof has {found} hashes where {expected} are needed")]
    Length {
        /// Hashes that a proof for these sizes has.
        expected: usize,
        /// Hashes it has.
        found: usize,
    },
    /// The proof leads to another root: something in it, the leaf or the root is not what it was.
    #[error("the proof leads to the root {computed:?}, not to {expected:?}")]
    OtherRoot {
        /// The root that was to be reached; the older one if the proof fails there already.
        expected: Hash,
        /// The root that was reached.
        computed: Hash,
    },
}

/// Verifies that `leaf` is leaf number `index` of the tree of `size` leaves that has this `root`.
///
/// The size counts only as part of the path: take `size` and `root` from one signed checkpoint.
///
/// # Errors
/// [`ProofError::NoSuchLeaf`], [`ProofError::TooLarge`], [`ProofError::Length`] and
/// [`ProofError::OtherRoot`]; each means that nothing is proved.
///
/// # Source
/// RFC 9162, section 2.1.3.2.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if size > TREE_SIZE_MAX {
        return Err(ProofError::TooLarge { size });
    }
    if index >= size {
        return Err(ProofError::NoSuchLeaf { index, size });
    }
    let parting = Parting::of(index, size - 1);
    of_length(proof, parting.below + parting.above)?;
    let (below, above) = proof.split_at(parting.below);
    let hash = below.iter().enumerate().fold(*leaf, |hash, (height, beside)| {
        if (index >> height) & 1 == 0 { node_hash(&hash, beside) } else { node_hash(beside, &hash) }
    });
    let computed = above.iter().fold(hash, |hash, beside| node_hash(beside, &hash));
    reached(root, computed)
}

/// Verifies that the tree of `new_size` leaves with `new_root` begins with the tree of `old_size`
/// leaves with `old_root`.
///
/// Every tree begins with the empty one, and equal sizes need equal roots; both take an empty proof.
///
/// # Errors
/// [`ProofError::Shrunk`], [`ProofError::TooLarge`], [`ProofError::Length`] and
/// [`ProofError::OtherRoot`]; each means that nothing is proved.
///
/// # Source
/// RFC 9162, section 2.1.4.2.
pub fn verify_consistency(
    old_size: u64,
    old_root: &Hash,
    new_size: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if new_size > TREE_SIZE_MAX {
        return Err(ProofError::TooLarge { size: new_size });
    }
    if old_size > new_size {
        return Err(ProofError::Shrunk { old_size, new_size });
    }
    if old_size == 0 || old_size == new_size {
        // Nothing is to be proved: the old tree is empty, or it is the new one.
        of_length(proof, 0)?;
        if old_size == 0 {
            reached(old_root, empty_root())?;
        }
        return if old_size == new_size { reached(new_root, *old_root) } else { Ok(()) };
    }
    // Both trees have the subtree that ends where the old one ends. It is the whole old tree if
    // that has a power of two of leaves; otherwise the proof begins with its hash.
    let height = old_size.trailing_zeros();
    let (position, last) = ((old_size - 1) >> height, (new_size - 1) >> height);
    let parting = Parting::of(position, last);
    let first = usize::from(!old_size.is_power_of_two());
    of_length(proof, first + parting.below + parting.above)?;
    let (shared, beside) = proof.split_at(first);
    let (below, above) = beside.split_at(parting.below);
    let mut old = shared.first().copied().unwrap_or(*old_root);
    let mut new = old;
    for (height, beside) in below.iter().enumerate() {
        if (position >> height) & 1 == 0 {
            new = node_hash(&new, beside);
        } else {
            old = node_hash(beside, &old);
            new = node_hash(beside, &new);
        }
    }
    for beside in above {
        old = node_hash(beside, &old);
        new = node_hash(beside, &new);
    }
    reached(old_root, old)?;
    reached(new_root, new)
}

/// How many siblings there are on the way from one node to the root, if another node is the last of
/// its height.
struct Parting {
    /// Below the node in which the ways of both meet: one on each level.
    below: usize,
    /// From there on: only to the left, where the way comes from the right.
    above: usize,
}

impl Parting {
    fn of(position: u64, last: u64) -> Self {
        let below = (position ^ last).checked_ilog2().map_or(0, |highest| highest + 1);
        let above = (position >> below).count_ones();
        Self { below: below as usize, above: above as usize }
    }
}

fn of_length(proof: &[Hash], expected: usize) -> Result<(), ProofError> {
    let found = proof.len();
    if found == expected { Ok(()) } else { Err(ProofError::Length { expected, found }) }
}

fn reached(expected: &Hash, computed: Hash) -> Result<(), ProofError> {
    if *expected == computed {
        Ok(())
    } else {
        Err(ProofError::OtherRoot { expected: *expected, computed })
    }
}
