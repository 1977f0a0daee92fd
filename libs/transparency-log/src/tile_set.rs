//! Tiles that were fetched, and what can be computed from them.

use std::collections::BTreeMap;

use crate::hash::{Hash, empty_root, node_hash};
use crate::proof::ProofError;
use crate::subtree::{LeafRange, Subtree};
use crate::tile::{TILE_WIDTH, TREE_SIZE_MAX, TileId};

/// Hashes of tiles that were fetched; enough for the proofs asked of it.
///
/// Nothing is verified on the way in. A proof that was made from altered tiles does not verify, and
/// [`root`] tells whether tiles give the root that was signed.
#[derive(Clone, Default, Debug)]
pub struct TileSet {
    tiles: BTreeMap<(u8, u64), Vec<Hash>>,
}

impl TileSet {
    /// A set without tiles.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a tile. Of two tiles at one place the one with more hashes is kept: it serves for every
    /// narrower one. What counts are the hashes there are, not the width in the name.
    pub fn insert(&mut self, tile: TileId, mut hashes: Vec<Hash>) {
        hashes.truncate(usize::from(TILE_WIDTH));
        let kept = self.tiles.entry((tile.level(), tile.index())).or_default();
        if kept.len() < hashes.len() {
            *kept = hashes;
        }
    }

    /// The hash over a range of leaves of a tree of `size` leaves.
    fn range(&self, range: LeafRange, size: u64) -> Result<Hash, ProofError> {
        let mut subtrees = range.subtrees();
        let Some(last) = subtrees.pop() else { return Ok(empty_root()) };
        subtrees.iter().rev().try_fold(self.subtree(last, size)?, |right, subtree| {
            Ok(node_hash(&self.subtree(*subtree, size)?, &right))
        })
    }

    fn subtree(&self, subtree: Subtree, size: u64) -> Result<Hash, ProofError> {
        let tile = subtree.tile(size).ok_or(ProofError::TooLarge { size })?;
        let hashes = self.tiles.get(&(tile.level(), tile.index()));
        let hashes = hashes.and_then(|hashes| hashes.get(subtree.within_tile()));
        hashes.and_then(perfect_root).ok_or(ProofError::MissingTile { tile })
    }
}

/// The root over a power of two of hashes, at most 128 of them.
fn perfect_root(hashes: &[Hash]) -> Option<Hash> {
    match hashes {
        [] => None,
        [hash] => Some(*hash),
        _ => {
            let (left, right) = hashes.split_at(hashes.len() / 2);
            Some(node_hash(&perfect_root(left)?, &perfect_root(right)?))
        }
    }
}

/// The tiles that [`root`] needs: those of the right edge, with their widths at `size`.
pub fn root_tiles(size: u64) -> Vec<TileId> {
    TileId::edge(size)
}

/// The root of the tree of the first `size` leaves.
///
/// # Errors
/// [`ProofError::MissingTile`] when one of [`root_tiles`] is absent or too narrow;
/// [`ProofError::TooLarge`] for more than [`TREE_SIZE_MAX`] leaves.
pub fn root(size: u64, tiles: &TileSet) -> Result<Hash, ProofError> {
    supported(size)?;
    tiles.range(LeafRange { from: 0, to: size }, size)
}

/// The tiles that [`inclusion_proof`] needs, with their widths in the tree of `size` leaves.
///
/// # Errors
/// [`ProofError::NoSuchLeaf`] unless `index < size`; [`ProofError::TooLarge`] for more than
/// [`TREE_SIZE_MAX`] leaves.
pub fn inclusion_tiles(index: u64, size: u64) -> Result<Vec<TileId>, ProofError> {
    needed(&inclusion_ranges(index, size)?, size)
}

/// Proves that leaf `index` is in the tree of the first `size` leaves: the hashes beside its path,
/// the lowest first; at most 63.
///
/// # Errors
/// Those of [`inclusion_tiles`], and [`ProofError::MissingTile`] when one of them is absent or too
/// narrow.
///
/// # Source
/// RFC 6962, section 2.1.1.
pub fn inclusion_proof(index: u64, size: u64, tiles: &TileSet) -> Result<Vec<Hash>, ProofError> {
    let ranges = inclusion_ranges(index, size)?;
    ranges.into_iter().map(|range| tiles.range(range, size)).collect()
}

/// The tiles that [`consistency_proof`] needs, with their widths in the tree of `new_size` leaves.
///
/// # Errors
/// [`ProofError::Shrunk`] unless `old_size <= new_size`; [`ProofError::TooLarge`] for more than
/// [`TREE_SIZE_MAX`] leaves.
pub fn consistency_tiles(old_size: u64, new_size: u64) -> Result<Vec<TileId>, ProofError> {
    needed(&consistency_ranges(old_size, new_size)?, new_size)
}

/// Proves that the tree of the first `new_size` leaves begins with that of the first `old_size`.
///
/// Nothing needs to be shown for an empty old tree nor for equal sizes: the proof is empty then.
/// It has at most 64 hashes.
///
/// # Errors
/// Those of [`consistency_tiles`], and [`ProofError::MissingTile`] when one of them is absent or
/// too narrow.
///
/// # Source
/// RFC 6962, section 2.1.2.
pub fn consistency_proof(
    old_size: u64,
    new_size: u64,
    tiles: &TileSet,
) -> Result<Vec<Hash>, ProofError> {
    let ranges = consistency_ranges(old_size, new_size)?;
    ranges.into_iter().map(|range| tiles.range(range, new_size)).collect()
}

fn supported(size: u64) -> Result<(), ProofError> {
    if size > TREE_SIZE_MAX { Err(ProofError::TooLarge { size }) } else { Ok(()) }
}

/// The ranges of leaves whose hashes make up the proof, in its order.
fn inclusion_ranges(index: u64, size: u64) -> Result<Vec<LeafRange>, ProofError> {
    supported(size)?;
    if index >= size {
        return Err(ProofError::NoSuchLeaf { index, size });
    }
    let mut ranges = Vec::new();
    let mut around = LeafRange { from: 0, to: size };
    while let Some((left, right)) = around.split() {
        let (beside, within) = if index < right.from { (right, left) } else { (left, right) };
        ranges.push(beside);
        around = within;
    }
    ranges.reverse();
    Ok(ranges)
}

/// The ranges of leaves whose hashes make up the proof, in its order.
fn consistency_ranges(old_size: u64, new_size: u64) -> Result<Vec<LeafRange>, ProofError> {
    supported(new_size)?;
    if old_size > new_size {
        return Err(ProofError::Shrunk { old_size, new_size });
    }
    let mut ranges = Vec::new();
    let mut around = LeafRange { from: 0, to: new_size };
    if old_size == 0 {
        return Ok(ranges);
    }
    // Walks to the subtree that ends where the old tree ended.
    while around.to != old_size {
        let Some((left, right)) = around.split() else { break };
        let (beside, within) = if old_size <= right.from { (right, left) } else { (left, right) };
        ranges.push(beside);
        around = within;
    }
    // The verifier knows this subtree when it is the whole old tree.
    if around.from > 0 {
        ranges.push(around);
    }
    ranges.reverse();
    Ok(ranges)
}

/// The tiles that hold the subtrees of the ranges, each once, in order.
fn needed(ranges: &[LeafRange], size: u64) -> Result<Vec<TileId>, ProofError> {
    let subtrees = ranges.iter().flat_map(|range| range.subtrees());
    let tiles = subtrees.map(|subtree| subtree.tile(size));
    let tiles: Option<Vec<TileId>> = tiles.collect();
    let mut tiles = tiles.ok_or(ProofError::TooLarge { size })?;
    tiles.sort_unstable();
    tiles.dedup();
    Ok(tiles)
}
