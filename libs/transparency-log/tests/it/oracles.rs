//! Proofs compared with two other implementations: `ct-merkle` and `tlog_tiles`.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use sha2::Sha256;
use tlog_tiles::{
    Error, HashReader, check_record, check_tree, prove_record, prove_tree, stored_hash_index,
    stored_hashes, tree_hash,
};
use transparency_log::{
    Hash, ProofError, TileId, consistency_proof, consistency_tiles, inclusion_proof,
    inclusion_tiles, leaf_hash, root, root_tiles, verify_consistency, verify_inclusion,
};

use crate::forest::{Random, Stored, entry};

/// Hashes in the order in which `tlog_tiles` numbers them.
struct TlogStorage(Vec<tlog_tiles::Hash>);

impl HashReader for TlogStorage {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, Error> {
        Ok(indexes.iter().map(|index| self.0[usize::try_from(*index).unwrap()]).collect())
    }
}

impl TlogStorage {
    fn with(size: u64) -> Self {
        let mut storage = Self(Vec::new());
        for index in 0..size {
            let hashes = stored_hashes(index, &entry(index), &storage).unwrap();
            assert_eq!(storage.0.len() as u64, stored_hash_index(0, index));
            storage.0.extend(hashes);
        }
        storage
    }
}

fn theirs(hash: &Hash) -> tlog_tiles::Hash {
    tlog_tiles::Hash(*hash.as_bytes())
}

fn ours(hashes: &[tlog_tiles::Hash]) -> Vec<Hash> {
    hashes.iter().map(|hash| Hash::from_bytes(hash.0)).collect()
}

fn bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

#[test]
fn every_inclusion_proof_up_to_300_leaves() {
    let (stored, storage) = (Stored::with(300), TlogStorage::with(300));
    let mut merkle = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    for size in 1..=300 {
        merkle.push(entry(size - 1));
        let tiles = stored.all(size);
        let head = root(size, &tiles).unwrap();
        assert_eq!(head.as_bytes().as_slice(), merkle.root().as_bytes().as_slice());
        assert_eq!(theirs(&head), tree_hash(size, &storage).unwrap());
        for index in 0..size {
            let proof = inclusion_proof(index, size, &tiles).unwrap();
            let expected = merkle.prove_inclusion(usize::try_from(index).unwrap());
            assert_eq!(bytes(&proof), expected.as_bytes(), "leaf {index} of {size}");
            assert_eq!(proof, ours(&prove_record(size, index, &storage).unwrap()));
            let leaf = leaf_hash(&entry(index));
            verify_inclusion(&leaf, index, size, &proof, &head).unwrap();
        }
    }
}

#[test]
fn every_consistency_proof_up_to_140_leaves() {
    let (stored, storage) = (Stored::with(140), TlogStorage::with(140));
    let mut merkle = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    for new_size in 1..=140 {
        merkle.push(entry(new_size - 1));
        let tiles = stored.all(new_size);
        let new_root = root(new_size, &tiles).unwrap();
        for old_size in 1..=new_size {
            let old_root = root(old_size, &tiles).unwrap();
            let proof = consistency_proof(old_size, new_size, &tiles).unwrap();
            if old_size < new_size {
                let expected =
                    merkle.prove_consistency(usize::try_from(new_size - old_size).unwrap());
                assert_eq!(bytes(&proof), expected.as_bytes(), "{old_size} to {new_size}");
            }
            assert_eq!(proof, ours(&prove_tree(new_size, old_size, &storage).unwrap()));
            verify_consistency(old_size, &old_root, new_size, &new_root, &proof).unwrap();
        }
    }
}

/// The listed tiles suffice, each of them is needed, and with their listed widths.
#[test]
fn the_tiles_named_for_a_proof_are_those_it_needs() {
    let stored = Stored::with(1300);
    let check = |tiles: Vec<TileId>, prove: &dyn Fn(&[TileId]) -> Result<(), ProofError>| {
        prove(&tiles).unwrap();
        for missing in 0..tiles.len() {
            let mut fewer = tiles.clone();
            let tile = fewer.remove(missing);
            assert_eq!(prove(&fewer), Err(ProofError::MissingTile { tile }));
        }
    };
    let mut random = Random::new(3);
    for size in [1, 2, 255, 256, 257, 511, 512, 513, 1024, 1025, 1279, 1280, 1281, 1300] {
        check(root_tiles(size), &|tiles| root(size, &stored.set(tiles.to_vec())).map(drop));
        for _ in 0..50 {
            let index = random.within(0, size);
            check(inclusion_tiles(index, size).unwrap(), &|tiles| {
                inclusion_proof(index, size, &stored.set(tiles.to_vec())).map(drop)
            });
            check(consistency_tiles(index, size).unwrap(), &|tiles| {
                consistency_proof(index, size, &stored.set(tiles.to_vec())).map(drop)
            });
        }
    }
}

#[test]
fn sampled_proofs_of_large_trees() {
    let mut random = Random::new(4);
    for size in [70_000, 1_000_000] {
        let (stored, storage) = (Stored::with(size), TlogStorage::with(size));
        for _ in 0..300 {
            let new_size = random.within(size / 2, size) + 1;
            let new_root = root(new_size, &stored.set(root_tiles(new_size))).unwrap();
            assert_eq!(theirs(&new_root), tree_hash(new_size, &storage).unwrap());

            let index = random.within(0, new_size);
            let tiles = stored.set(inclusion_tiles(index, new_size).unwrap());
            let proof = inclusion_proof(index, new_size, &tiles).unwrap();
            assert_eq!(proof, ours(&prove_record(new_size, index, &storage).unwrap()));
            let leaf = leaf_hash(&entry(index));
            verify_inclusion(&leaf, index, new_size, &proof, &new_root).unwrap();
            let proof: Vec<_> = proof.iter().map(theirs).collect();
            check_record(&proof, new_size, theirs(&new_root), index, theirs(&leaf)).unwrap();

            let old_size = random.within(1, new_size + 1);
            let old_root = root(old_size, &stored.set(root_tiles(old_size))).unwrap();
            let tiles = stored.set(consistency_tiles(old_size, new_size).unwrap());
            let proof = consistency_proof(old_size, new_size, &tiles).unwrap();
            assert_eq!(proof, ours(&prove_tree(new_size, old_size, &storage).unwrap()));
            verify_consistency(old_size, &old_root, new_size, &new_root, &proof).unwrap();
            let proof: Vec<_> = proof.iter().map(theirs).collect();
            check_tree(&proof, new_size, theirs(&new_root), old_size, theirs(&old_root)).unwrap();
        }
    }
}
