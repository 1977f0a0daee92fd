//! The tiles above level 0, as they follow from the leaves.

use transparency_log::{Hash, TILE_WIDTH, TileId, node_hash};

/// Grows the upper levels of a tree of known size, one full level-0 tile after another.
#[derive(Debug)]
pub(super) struct UpperTiles {
    size: u64,
    /// From level 1 on.
    levels: Vec<Level>,
}

#[derive(Debug, Default)]
struct Level {
    /// The place of the tile that is being filled.
    index: u64,
    hashes: Vec<Hash>,
}

impl UpperTiles {
    pub(super) fn new(size: u64) -> Self {
        Self { size, levels: Vec::new() }
    }

    /// Takes the next 256 leaves; returns the tiles that they complete.
    pub(super) fn take(&mut self, leaves: &[Hash]) -> Vec<(TileId, Vec<Hash>)> {
        let mut completed = Vec::new();
        let mut root = root(leaves);
        let mut level = 0;
        while let Some(hash) = root.take() {
            if self.levels.len() == level {
                self.levels.push(Level::default());
            }
            let Level { index, hashes } = &mut self.levels[level];
            hashes.push(hash);
            level += 1;
            if hashes.len() == usize::from(TILE_WIDTH) {
                let hashes = std::mem::take(hashes);
                root = self::root(&hashes);
                completed.extend(tile(level, *index, self.size).map(|id| (id, hashes)));
                *index += 1;
            }
        }
        completed
    }

    /// The tiles at the right edge.
    pub(super) fn finish(self) -> Vec<(TileId, Vec<Hash>)> {
        let partial =
            self.levels.into_iter().enumerate().filter(|(_, level)| !level.hashes.is_empty());
        let tiles = partial.filter_map(|(below, level)| {
            Some((tile(below + 1, level.index, self.size)?, level.hashes))
        });
        tiles.collect()
    }
}

fn tile(level: usize, index: u64, size: u64) -> Option<TileId> {
    TileId::in_tree(u8::try_from(level).ok()?, index, size)
}

/// The root of a full tile.
fn root(hashes: &[Hash]) -> Option<Hash> {
    let mut hashes = hashes.to_vec();
    while hashes.len() > 1 {
        let (pairs, _) = hashes.as_chunks();
        hashes = pairs.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    hashes.pop()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use transparency_log::{TreeBuilder, leaf_hash};

    use super::*;

    fn check(size: u64) {
        let leaves: Vec<Hash> = (0..size).map(|leaf| leaf_hash(&leaf.to_be_bytes())).collect();
        let mut tree = TreeBuilder::new();
        for leaf in &leaves {
            tree.push(*leaf);
        }
        let mut expected: BTreeMap<TileId, Vec<Hash>> = tree.take_changed().into_iter().collect();
        expected.retain(|tile, _| tile.level() > 0);

        let mut upper = UpperTiles::new(size);
        let full = leaves.chunks(256).filter(|tile| tile.len() == 256);
        let mut found: BTreeMap<_, _> = full.flat_map(|tile| upper.take(tile)).collect();
        found.extend(upper.finish());
        assert_eq!(found, expected, "{size} leaves");
    }

    #[test]
    fn they_are_those_of_a_tree() {
        for size in [0, 1, 255, 256, 257, 512, 65_535, 65_536, 65_537, 65_536 + 256, 132_000] {
            check(size);
        }
    }
}
