//! Trees of sizes that nobody can build: all their leaves are equal, so every tile is known.

use tlog_tiles::{Error, HashReader, prove_record, prove_tree, split_stored_hash_index, tree_hash};
use transparency_log::{
    Hash, ProofError, TREE_SIZE_MAX, TileId, TileSet, consistency_proof, consistency_tiles,
    inclusion_proof, inclusion_tiles, leaf_hash, node_hash, root, root_tiles, verify_consistency,
    verify_inclusion,
};

use crate::forest::Random;

/// The roots of the perfect subtrees, by height.
struct Vast(Vec<Hash>);

impl Vast {
    fn new() -> Self {
        let mut hashes = vec![leaf_hash(b"again")];
        while let Some(last) = hashes.last().filter(|_| hashes.len() < 64) {
            hashes.push(node_hash(last, last));
        }
        Self(hashes)
    }

    fn set(&self, tiles: Vec<TileId>) -> TileSet {
        let mut set = TileSet::new();
        for tile in tiles {
            let hash = self.0[8 * usize::from(tile.level())];
            set.insert(tile, vec![hash; usize::from(tile.width())]);
        }
        set
    }

    fn root(&self, size: u64) -> Hash {
        root(size, &self.set(root_tiles(size))).unwrap()
    }
}

impl HashReader for Vast {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, Error> {
        let heights = indexes.iter().map(|index| split_stored_hash_index(*index).0);
        Ok(heights
            .map(|height| tlog_tiles::Hash(*self.0[usize::from(height)].as_bytes()))
            .collect())
    }
}

fn check(vast: &Vast, index: u64, old_size: u64, size: u64) -> (Vec<Hash>, Vec<Hash>) {
    let head = vast.root(size);
    let tiles = vast.set(inclusion_tiles(index, size).unwrap());
    let inclusion = inclusion_proof(index, size, &tiles).unwrap();
    verify_inclusion(&vast.0[0], index, size, &inclusion, &head).unwrap();

    let tiles = vast.set(consistency_tiles(old_size, size).unwrap());
    let consistency = consistency_proof(old_size, size, &tiles).unwrap();
    verify_consistency(old_size, &vast.root(old_size), size, &head, &consistency).unwrap();
    assert!(inclusion.len() <= 63 && consistency.len() <= 64);
    (inclusion, consistency)
}

#[test]
fn sampled_sizes_up_to_2_to_the_60_as_tlog_tiles_has_them() {
    let vast = Vast::new();
    let mut random = Random::new(5);
    for _ in 0..2_000 {
        let size = 1 + (random.next() >> random.within(4, 60));
        let (index, old_size) = (random.within(0, size), random.within(1, size + 1));
        let (inclusion, consistency) = check(&vast, index, old_size, size);
        let theirs = |hash: &Hash| tlog_tiles::Hash(*hash.as_bytes());
        assert_eq!(theirs(&vast.root(size)), tree_hash(size, &vast).unwrap());
        let inclusion: Vec<_> = inclusion.iter().map(theirs).collect();
        assert_eq!(inclusion, prove_record(size, index, &vast).unwrap(), "{index} of {size}");
        let consistency: Vec<_> = consistency.iter().map(theirs).collect();
        assert_eq!(consistency, prove_tree(size, old_size, &vast).unwrap(), "{old_size} to {size}");
    }
}

#[test]
fn the_largest_supported_sizes() {
    let vast = Vast::new();
    let mut random = Random::new(6);
    for _ in 0..500 {
        let size = TREE_SIZE_MAX - random.next() % 1_000;
        check(&vast, random.within(0, size), random.within(0, size + 1), size);
        check(&vast, size - 1, size - 1, size);
        check(&vast, 0, 1 << 62, size);
    }
}

#[test]
fn larger_sizes_are_refused() {
    let (hash, tiles) = (leaf_hash(b""), TileSet::new());
    for size in [TREE_SIZE_MAX + 1, u64::MAX] {
        let refused = ProofError::TooLarge { size };
        assert_eq!(root(size, &tiles), Err(refused));
        assert_eq!(inclusion_proof(0, size, &tiles), Err(refused));
        assert_eq!(inclusion_tiles(size - 1, size), Err(refused));
        assert_eq!(consistency_proof(1, size, &tiles), Err(refused));
        assert_eq!(consistency_tiles(size, size), Err(refused));
        assert_eq!(verify_inclusion(&hash, 0, size, &[hash; 64], &hash), Err(refused));
        assert_eq!(verify_consistency(1, &hash, size, &hash, &[hash; 64]), Err(refused));
        assert_eq!(verify_consistency(size, &hash, size, &hash, &[]), Err(refused));
    }
}
