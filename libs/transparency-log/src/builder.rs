//! A tree that grows at its right edge.

use std::mem;

use crate::hash::{Hash, empty_root, node_hash};
use crate::tile::{TILE_HEIGHT, TILE_WIDTH, TREE_SIZE_MAX, TileId};

/// Bits of a size, hence the most perfect subtrees that a tree falls into.
const PEAKS: usize = 64;

/// Grows a tree leaf by leaf; keeps its right edge only.
///
/// A leaf costs one node hash on average and allocates nothing (one allocation per full tile). The
/// tiles that filled up wait for [`TreeBuilder::take_changed`]: who does not take them pays 32
/// bytes a leaf.
#[derive(Clone, Debug)]
pub struct TreeBuilder {
    size: u64,
    /// The root of the perfect subtree of 2^n leaves, for every bit n that is set in `size`.
    peaks: [Hash; PEAKS],
    /// The partial tile of every level.
    edge: Vec<EdgeTile>,
    /// Full tiles that were not taken yet.
    full: Vec<(TileId, Vec<Hash>)>,
}

#[derive(Clone, Debug)]
struct EdgeTile {
    hashes: Vec<Hash>,
    /// How many of them were taken already.
    taken: usize,
}

/// A tree cannot be resumed from these tiles.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ResumeError {
    /// The size is beyond what is supported.
    #[error("a tree of {size} leaves is too large; at most {TREE_SIZE_MAX} are supported")]
    TooLarge {
        /// Leaves that were asked for.
        size: u64,
    },
    /// A tile of the edge is missing.
    #[error("tile `{}` of the right edge is missing", tile.path())]
    Missing {
        /// Which one.
        tile: TileId,
    },
    /// A tile of the edge holds too few hashes.
    #[error("tile `{}` of the right edge holds {hashes} hashes only", tile.path())]
    Short {
        /// Which one, with the width it should have.
        tile: TileId,
        /// Hashes it holds.
        hashes: usize,
    },
}

impl Default for TreeBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl TreeBuilder {
    /// A tree without leaves.
    pub fn new() -> Self {
        Self { size: 0, peaks: [empty_root(); PEAKS], edge: Vec::new(), full: Vec::new() }
    }

    /// Continues a tree of `size` leaves from the tiles that [`TileId::edge`] lists.
    ///
    /// A tile may be wider than listed (it grew after this size); the hashes beyond are ignored.
    /// Nothing is verified: compare [`TreeBuilder::root`] with a checkpoint of this size.
    ///
    /// # Errors
    /// [`ResumeError`] when a tile is missing or too short, or the size is not supported.
    pub fn resume(size: u64, edge: &[(TileId, Vec<Hash>)]) -> Result<Self, ResumeError> {
        if size > TREE_SIZE_MAX {
            return Err(ResumeError::TooLarge { size });
        }
        let mut builder = Self::new();
        builder.size = size;
        for tile in TileId::edge(size) {
            let at = |id: &TileId| (id.level(), id.index());
            let found = edge.iter().find(|(id, _)| at(id) == at(&tile));
            let (_, hashes) = found.ok_or(ResumeError::Missing { tile })?;
            let width = usize::from(tile.width());
            let short = ResumeError::Short { tile, hashes: hashes.len() };
            let hashes = hashes.get(..width).ok_or(short)?;
            let level = usize::from(tile.level());
            let edge = edge_tile(&mut builder.edge, level);
            edge.hashes.extend_from_slice(hashes);
            edge.taken = width;
            for (position, hash) in hashes.iter().enumerate() {
                raise(&mut builder.peaks[TILE_HEIGHT * level..], position, *hash);
            }
        }
        Ok(builder)
    }

    /// Leaves of the tree.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree as it stands. At most 63 node hashes.
    pub fn root(&self) -> Hash {
        let mut peaks = (0..PEAKS).filter(|height| (self.size >> height) & 1 == 1);
        let Some(lowest) = peaks.next() else { return empty_root() };
        peaks.fold(self.peaks[lowest], |right, height| node_hash(&self.peaks[height], &right))
    }

    /// Adds a leaf at the right.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        let mut height = 0;
        loop {
            if height % TILE_HEIGHT == 0 {
                self.append(height / TILE_HEIGHT, self.size >> height, hash);
            }
            if (self.size >> height) & 1 == 0 {
                break;
            }
            hash = node_hash(&self.peaks[height], &hash);
            height += 1;
        }
        self.peaks[height] = hash;
        self.size += 1;
    }

    /// The tiles that filled up or grew since the last call, as they stand now, by level and place.
    ///
    /// Storing them over what was stored before is enough to resume, and to serve every proof for
    /// this size and all earlier ones. The first call after [`TreeBuilder::resume`] returns only
    /// what changed since.
    pub fn take_changed(&mut self) -> Vec<(TileId, Vec<Hash>)> {
        let mut changed = mem::take(&mut self.full);
        for tile in TileId::edge(self.size) {
            if let Some(edge) = self.edge.get_mut(usize::from(tile.level()))
                && edge.taken < edge.hashes.len()
            {
                edge.taken = edge.hashes.len();
                changed.push((tile, edge.hashes.clone()));
            }
        }
        changed.sort_unstable_by_key(|(tile, _)| *tile);
        changed
    }

    /// Puts a hash behind the others of its level.
    fn append(&mut self, level: usize, position: u64, hash: Hash) {
        let edge = edge_tile(&mut self.edge, level);
        edge.hashes.push(hash);
        if edge.hashes.len() == usize::from(TILE_WIDTH) {
            let hashes = mem::replace(edge, EdgeTile::new()).hashes;
            // Past the supported size there is no name for the tile; nobody gets there by counting.
            let level = u8::try_from(level).ok();
            let tile = level.and_then(|level| TileId::full(level, position >> TILE_HEIGHT));
            self.full.extend(tile.map(|tile| (tile, hashes)));
        }
    }
}

impl EdgeTile {
    fn new() -> Self {
        Self { hashes: Vec::with_capacity(usize::from(TILE_WIDTH)), taken: 0 }
    }
}

/// The partial tile of a level, made on first use.
fn edge_tile(edge: &mut Vec<EdgeTile>, level: usize) -> &mut EdgeTile {
    if edge.len() <= level {
        edge.resize_with(level + 1, EdgeTile::new);
    }
    &mut edge[level]
}

/// Adds the hash at `position` to the perfect subtrees whose heights start at that of the hash.
fn raise(peaks: &mut [Hash], position: usize, mut hash: Hash) {
    let mut height = 0;
    while (position >> height) & 1 == 1 {
        hash = node_hash(&peaks[height], &hash);
        height += 1;
    }
    peaks[height] = hash;
}
