//! A log whose key and leaves come from a seed.

use transparency_log::{
    Checkpoint, SignedNote, Signer, TileSet, TreeBuilder, Verifier, consistency_proof, leaf_hash,
    root,
};

use governance::ports::Addition;

use crate::Random;

/// Grows leaf by leaf and signs a checkpoint of any size that it had. The seed is in its name.
#[derive(Clone, Debug)]
pub struct SampleLog {
    name: String,
    key: [u8; 32],
    builder: TreeBuilder,
    tiles: TileSet,
    leaves: Random,
}

impl SampleLog {
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut key = [0; 32];
        random.fill(&mut key);
        Self {
            name: format!("log.example/{seed}"),
            key,
            builder: TreeBuilder::new(),
            tiles: TileSet::new(),
            leaves: random,
        }
    }

    /// A log with the same key and the same leaves up to now, which goes on with other ones.
    #[must_use]
    pub fn fork(&self) -> Self {
        let leaves = Random::new(self.leaves.clone().next());
        Self { leaves, ..self.clone() }
    }

    /// Adds this many leaves and returns the new size.
    pub fn grow(&mut self, leaves: u64) -> u64 {
        for _ in 0..leaves {
            self.builder.push(leaf_hash(&self.leaves.next().to_be_bytes()));
        }
        for (tile, hashes) in self.builder.take_changed() {
            self.tiles.insert(tile, hashes);
        }
        self.builder.size()
    }

    pub fn signer(&self) -> Signer {
        Signer::from_seed(&self.name, self.key).expect("a key")
    }

    pub fn verifier(&self) -> Verifier {
        self.signer().verifier()
    }

    /// Signs the tree of the first `size` leaves.
    pub fn checkpoint(&self, size: u64) -> SignedNote {
        let root = root(size, &self.tiles).expect("a size that the log had");
        Checkpoint { origin: self.name.clone(), size, root }.sign(&self.signer()).expect("signed")
    }

    /// The checkpoint of `size` for a witness that holds the one of `old_size`.
    pub fn addition(&self, old_size: u64, size: u64) -> Addition {
        let proof = consistency_proof(old_size, size, &self.tiles).expect("sizes it had");
        Addition { old_size, proof, checkpoint: self.checkpoint(size) }
    }
}
