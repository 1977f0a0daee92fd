//! Trees, stored tiles and repeatable randomness for the tests.

use std::collections::BTreeMap;

use transparency_log::{Hash, Signer, TileId, TileSet, TreeBuilder, leaf_hash};

/// Tiles as a log stores them: a newer state of a tile replaces the older one.
#[derive(Default)]
pub(crate) struct Stored(pub(crate) BTreeMap<(u8, u64), Vec<Hash>>);

impl Stored {
    /// The tiles of a log with the entries of [`entry`].
    pub(crate) fn with(size: u64) -> Self {
        let mut stored = Self::default();
        let mut builder = TreeBuilder::new();
        for index in 0..size {
            builder.push(leaf_hash(&entry(index)));
        }
        stored.keep(&mut builder);
        stored
    }

    pub(crate) fn keep(&mut self, builder: &mut TreeBuilder) {
        for (tile, hashes) in builder.take_changed() {
            assert_eq!(hashes.len(), usize::from(tile.width()));
            let kept = self.0.entry((tile.level(), tile.index())).or_default();
            assert!(hashes.starts_with(kept), "tile {} only grows", tile.path());
            *kept = hashes;
        }
    }

    /// A tile as the tree had it when its width was that.
    pub(crate) fn tile(&self, tile: TileId) -> (TileId, Vec<Hash>) {
        let hashes = &self.0[&(tile.level(), tile.index())];
        (tile, hashes[..usize::from(tile.width())].to_vec())
    }

    pub(crate) fn set(&self, tiles: impl IntoIterator<Item = TileId>) -> TileSet {
        let mut set = TileSet::new();
        for tile in tiles {
            let (tile, hashes) = self.tile(tile);
            set.insert(tile, hashes);
        }
        set
    }

    pub(crate) fn all(&self, size: u64) -> TileSet {
        self.set(TileId::all(size))
    }
}

/// Entry number `index` of the logs in these tests; lengths vary, one is empty.
pub(crate) fn entry(index: u64) -> Vec<u8> {
    let length = usize::try_from(index % 9).unwrap();
    index.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes().repeat(2)[..length].to_vec()
}

pub(crate) fn signer() -> Signer {
    Signer::from_seed("example.org/log", [7; 32]).unwrap()
}

/// `SplitMix64`: repeats with its seed, which is printed when a test fails.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        println!("seed {seed}");
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number of `from..to`.
    pub(crate) fn within(&mut self, from: u64, to: u64) -> u64 {
        from + self.next() % (to - from)
    }
}
