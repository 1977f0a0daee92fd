//! A log, and the exports, checkpoints and proofs of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use transparency_log::{
    BundleId, Checkpoint, Hash, InclusionEvidence, SignedNote, Signer, TileId, TileSet,
    TreeBuilder, encode_bundle, encode_tile, inclusion_proof, leaf_hash,
};

pub(crate) const NAME: &str = "galerne.internal/0123456789abcdef";

/// 2023-11-14T22:13:20Z.
pub(crate) const START_US: i64 = 1_700_000_000_000_000;

#[derive(Clone)]
pub(crate) struct Log {
    pub(crate) entries: Vec<Vec<u8>>,
    seed: u8,
}

impl Log {
    /// One entry a second.
    pub(crate) fn of(size: u64) -> Self {
        Self { entries: (0..size).map(entry).collect(), seed: 7 }
    }

    /// As [`Log::of`], with another key.
    pub(crate) fn with_seed(self, seed: u8) -> Self {
        Self { seed, ..self }
    }

    pub(crate) fn signer(&self) -> Signer {
        Signer::from_seed(NAME, [self.seed; 32]).unwrap()
    }

    pub(crate) fn key(&self) -> String {
        self.signer().verifier().to_string()
    }

    fn tree(&self, size: usize) -> TreeBuilder {
        let mut tree = TreeBuilder::new();
        for entry in &self.entries[..size] {
            tree.push(leaf_hash(entry));
        }
        tree
    }

    fn tiles(&self, size: usize) -> BTreeMap<TileId, Vec<Hash>> {
        self.tree(size).take_changed().into_iter().collect()
    }

    pub(crate) fn checkpoint(&self, size: usize) -> Checkpoint {
        let root = self.tree(size).root();
        Checkpoint { origin: NAME.to_owned(), size: size as u64, root }
    }

    /// The signed checkpoint of the first `size` entries.
    pub(crate) fn note(&self, size: usize) -> SignedNote {
        self.checkpoint(size).sign(&self.signer()).unwrap()
    }

    /// A file of checkpoints, as a witness keeps it.
    pub(crate) fn notes(&self, sizes: &[usize]) -> String {
        sizes.iter().flat_map(|size| [self.note(*size).to_string(), "\n".to_owned()]).collect()
    }

    /// Exports all of it.
    pub(crate) fn export(&self, folder: &Path) {
        let size = self.entries.len();
        write(folder, "checkpoint", self.note(size).to_string().as_bytes());
        write(folder, "log.vkey", format!("{}\n", self.key()).as_bytes());
        self.export_tiles(folder);
        self.export_entries(folder);
    }

    pub(crate) fn export_entries(&self, folder: &Path) {
        let bundles = BundleId::all(self.entries.len() as u64);
        for (bundle, entries) in bundles.zip(self.entries.chunks(256)) {
            write(folder, &bundle.path(), &encode_bundle(entries).unwrap());
        }
    }

    pub(crate) fn export_tiles(&self, folder: &Path) {
        for (tile, hashes) in self.tiles(self.entries.len()) {
            write(folder, &tile.path(), &encode_tile(&hashes));
        }
    }

    /// Evidence for an entry in the log as it is now.
    pub(crate) fn prove(&self, leaf: usize) -> InclusionEvidence {
        let size = self.entries.len();
        let mut tiles = TileSet::new();
        for (tile, hashes) in self.tiles(size) {
            tiles.insert(tile, hashes);
        }
        let proof = inclusion_proof(leaf as u64, size as u64, &tiles).unwrap();
        let extra = Some(self.entries[leaf].clone());
        InclusionEvidence { index: leaf as u64, proof, extra, checkpoint: self.note(size) }
    }
}

pub(crate) fn entry(number: u64) -> Vec<u8> {
    entry_at(number, START_US + i64::try_from(number).unwrap() * 1_000_000)
}

pub(crate) fn entry_at(number: u64, at_us: i64) -> Vec<u8> {
    entry_of("chat.complete", number, at_us)
}

pub(crate) fn entry_of(action: &str, number: u64, at_us: i64) -> Vec<u8> {
    format!(
        "{{\"action\":\"{action}\",\"actor\":\"00112233445566778899aabbccddeeff\",\"at\":{at_us},\
         \"content\":null,\"id\":\"entry-{number}\",\"organisation\":null,\"outcome\":\"ok\",\
         \"subject\":null,\"v\":2}}"
    )
    .into_bytes()
}

pub(crate) fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    path
}

/// The names of all files below a folder, sorted.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for item in next.read_dir().unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                names.push(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    names.sort();
    names
}

/// Numbers that are the same in every run; small, and good enough to choose places with.
pub(crate) struct Random(u64);

impl Random {
    /// Prints the seed, which a failing test shows.
    #[expect(clippy::print_stdout, reason = "shown when the test fails")]
    pub(crate) fn seeded(seed: u64) -> Self {
        println!("seed {seed}");
        Self(seed)
    }

    /// # Source
    /// `SplitMix64` (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ mixed >> 31) % limit as u64).unwrap()
    }
}
