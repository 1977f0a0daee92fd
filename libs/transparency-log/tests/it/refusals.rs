//! Proofs that are refused, and what is said about them.

use transparency_log::{
    Hash, ProofError, TileId, TileSet, consistency_proof, empty_root, inclusion_proof,
    inclusion_tiles, leaf_hash, node_hash, root, verify_consistency, verify_inclusion,
};

use crate::forest::{Stored, entry};

fn other() -> Hash {
    leaf_hash(b"other")
}

#[test]
fn leaves_behind_the_end_cannot_be_proved() {
    let tiles = Stored::with(8).all(8);
    let head = root(8, &tiles).unwrap();
    for (index, size) in [(8, 8), (u64::MAX, 8), (0, 0)] {
        let refused = ProofError::NoSuchLeaf { index, size };
        assert_eq!(inclusion_proof(index, size, &tiles), Err(refused));
        assert_eq!(inclusion_tiles(index, size), Err(refused));
        assert_eq!(verify_inclusion(&other(), index, size, &[], &head), Err(refused));
    }
}

#[test]
fn trees_do_not_shrink() {
    let tiles = Stored::with(8).all(8);
    let refused = ProofError::Shrunk { old_size: 8, new_size: 7 };
    assert_eq!(consistency_proof(8, 7, &tiles), Err(refused));
    assert_eq!(verify_consistency(8, &other(), 7, &other(), &[]), Err(refused));
    assert_eq!(refused.to_string(), "a tree of 7 leaves cannot continue one of 8");
}

#[test]
fn equal_sizes_need_equal_roots() {
    let refused = ProofError::OtherRoot { expected: other(), computed: leaf_hash(b"") };
    assert_eq!(verify_consistency(7, &leaf_hash(b""), 7, &other(), &[]), Err(refused));
    assert_eq!(verify_consistency(7, &other(), 7, &other(), &[]), Ok(()));
    let long = ProofError::Length { expected: 0, found: 1 };
    assert_eq!(verify_consistency(7, &other(), 7, &other(), &[other()]), Err(long));
}

#[test]
fn every_tree_continues_the_empty_one() {
    let empty = empty_root();
    let refused = Err(ProofError::OtherRoot { expected: other(), computed: empty });
    assert_eq!(verify_consistency(0, &empty, 5, &other(), &[]), Ok(()));
    assert_eq!(verify_consistency(0, &empty, 0, &empty, &[]), Ok(()));
    assert_eq!(verify_consistency(0, &other(), 5, &other(), &[]), refused);
    assert_eq!(verify_consistency(0, &other(), 0, &empty, &[]), refused);
    assert_eq!(verify_consistency(0, &empty, 0, &other(), &[]), refused);
    assert_eq!(verify_consistency(0, &other(), 0, &other(), &[]), refused);
    let long = Err(ProofError::Length { expected: 0, found: 1 });
    assert_eq!(verify_consistency(0, &empty, 5, &other(), &[other()]), long);
}

/// Whoever forges a tree can choose every hash of a proof, but not both roots.
#[test]
fn a_proof_must_lead_to_both_roots() {
    let tiles = Stored::with(7).all(7);
    let (three, seven) = (root(3, &tiles).unwrap(), root(7, &tiles).unwrap());
    let proof = consistency_proof(3, 7, &tiles).unwrap();
    verify_consistency(3, &three, 7, &seven, &proof).unwrap();
    let wrong_old = verify_consistency(3, &other(), 7, &seven, &proof);
    assert_eq!(wrong_old, Err(ProofError::OtherRoot { expected: other(), computed: three }));
    let wrong_new = verify_consistency(3, &three, 7, &other(), &proof);
    assert_eq!(wrong_new, Err(ProofError::OtherRoot { expected: other(), computed: seven }));
}

/// The hash of a node is never that of a leaf, so a node cannot be passed off as an entry.
#[test]
fn a_node_is_no_leaf() {
    let tiles = Stored::with(4).all(4);
    let head = root(4, &tiles).unwrap();
    let [left, right] =
        [0, 2].map(|first| node_hash(&leaf_hash(&entry(first)), &leaf_hash(&entry(first + 1))));
    // As hashes they fit into a tree of two leaves ...
    verify_inclusion(&left, 0, 2, &[right], &head).unwrap();
    // ... but no entry has such a hash: its first byte is prescribed.
    let children = [leaf_hash(&entry(0)), leaf_hash(&entry(1))];
    let forged = children.map(|hash| *hash.as_bytes()).concat();
    assert!(verify_inclusion(&leaf_hash(&forged), 0, 2, &[right], &head).is_err());
}

#[test]
fn a_missing_tile_is_named() {
    let tile = TileId::in_tree(0, 1, 300).unwrap();
    let missing = root(300, &TileSet::new()).unwrap_err();
    assert_eq!(missing, ProofError::MissingTile { tile });
    assert_eq!(missing.to_string(), "tile `tile/0/001.p/44` is missing or too narrow");
    // One hash too few.
    let stored = Stored::with(300);
    let mut tiles = stored.set([TileId::in_tree(1, 0, 300).unwrap()]);
    tiles.insert(tile, stored.tile(TileId::new(0, 1, 43).unwrap()).1);
    assert_eq!(root(300, &tiles), Err(ProofError::MissingTile { tile }));
}
