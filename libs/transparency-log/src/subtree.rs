//! Ranges of leaves, and the perfect subtrees that they fall into.

use std::ops::Range;

use crate::tile::{TILE_HEIGHT, TileId};

/// Leaves that have a hash of their own in some tree: `from` is a multiple of the lowest power of
/// two that is not below their number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct LeafRange {
    pub(crate) from: u64,
    /// The first leaf behind the range.
    pub(crate) to: u64,
}

/// The perfect subtree over leaves `index * 2^height` up to `(index + 1) * 2^height`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Subtree {
    height: usize,
    index: u64,
}

impl LeafRange {
    /// Both children of the node over these leaves, unless it is a leaf.
    pub(crate) fn split(self) -> Option<(Self, Self)> {
        let last = self.to.checked_sub(self.from)?.checked_sub(1)?;
        // The highest power of two below the number of leaves.
        let middle = self.from + (1_u64 << last.checked_ilog2()?);
        Some((Self { from: self.from, to: middle }, Self { from: middle, to: self.to }))
    }

    /// The perfect subtrees from left to right, each smaller than the one before.
    pub(crate) fn subtrees(self) -> Vec<Subtree> {
        let mut subtrees = Vec::new();
        let mut from = self.from;
        while let Some(height) = self.to.checked_sub(from).and_then(u64::checked_ilog2) {
            subtrees.push(Subtree { height: height as usize, index: from >> height });
            from += 1 << height;
        }
        subtrees
    }
}

impl Subtree {
    /// The tile that its hash is computed from, as a tree of `size` leaves has it.
    pub(crate) fn tile(self, size: u64) -> Option<TileId> {
        let level = u8::try_from(self.height / TILE_HEIGHT).ok()?;
        TileId::in_tree(level, self.first_hash() >> TILE_HEIGHT, size)
    }

    /// The hashes of that tile which it spans: a power of two, at most 128.
    pub(crate) fn within_tile(self) -> Range<usize> {
        // Its place within a tile of 256 hashes is the lowest byte of its place within the level.
        let [first, ..] = self.first_hash().to_le_bytes();
        let first = usize::from(first);
        first..first + (1 << (self.height % TILE_HEIGHT))
    }

    /// The place, within the level of its tile, of the first hash that it spans.
    fn first_hash(self) -> u64 {
        self.index << (self.height % TILE_HEIGHT)
    }
}
