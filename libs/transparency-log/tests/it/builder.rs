//! Growing, storing and resuming.

use transparency_log::{
    Hash, ResumeError, TREE_SIZE_MAX, TileId, TreeBuilder, consistency_proof, inclusion_proof,
    leaf_hash, root, verify_consistency, verify_inclusion,
};

use crate::forest::{Random, Stored, entry};

/// The roots of RFC 6962, section 2.1, by its own recursion.
fn definition(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => transparency_log::empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            transparency_log::node_hash(&definition(left), &definition(right))
        }
    }
}

#[test]
fn roots_follow_the_definition() {
    let leaves: Vec<Hash> = (0..600).map(|index| leaf_hash(&entry(index))).collect();
    let mut builder = TreeBuilder::new();
    for size in 0..leaves.len() {
        assert_eq!(builder.root(), definition(&leaves[..size]), "size {size}");
        assert_eq!(builder.size(), size as u64);
        builder.push(leaves[size]);
    }
}

#[test]
fn resuming_at_every_size_up_to_1100_equals_a_fresh_build() {
    let mut fresh = TreeBuilder::new();
    let mut stored = Stored::default();
    for size in 0..=1100 {
        let edge: Vec<_> = TileId::edge(size).into_iter().map(|tile| stored.tile(tile)).collect();
        let mut resumed = TreeBuilder::resume(size, &edge).unwrap();
        let mut continued = fresh.clone();
        assert_eq!(resumed.take_changed(), [], "what was stored has not changed");
        for index in size..size + 300 {
            assert_eq!(resumed.root(), continued.root(), "resumed at {size}, now {index}");
            resumed.push(leaf_hash(&entry(index)));
            continued.push(leaf_hash(&entry(index)));
        }
        assert_eq!(resumed.size(), size + 300);
        assert_eq!(resumed.take_changed(), continued.take_changed(), "resumed at {size}");
        fresh.push(leaf_hash(&entry(size)));
        stored.keep(&mut fresh);
    }
}

#[test]
fn resuming_takes_wider_tiles_than_the_size_needs() {
    let stored = Stored::with(1000);
    for size in [1, 255, 257, 300, 700, 999] {
        let edge: Vec<_> = TileId::edge(1000)
            .into_iter()
            .chain(TileId::all(1000))
            .map(|tile| stored.tile(tile))
            .collect();
        let resumed = TreeBuilder::resume(size, &edge).unwrap();
        assert_eq!(resumed.root(), root(size, &stored.all(1000)).unwrap());
    }
}

#[test]
fn resuming_names_the_tile_it_lacks() {
    let stored = Stored::with(300);
    let edge: Vec<_> = TileId::edge(300).into_iter().map(|tile| stored.tile(tile)).collect();
    let [(leaves, hashes), (above, _)] = edge.as_slice() else { panic!("two levels") };
    let missing = TreeBuilder::resume(300, &edge[1..]).unwrap_err();
    assert_eq!(missing, ResumeError::Missing { tile: *leaves });
    let missing = TreeBuilder::resume(300, &edge[..1]).unwrap_err();
    assert_eq!(missing, ResumeError::Missing { tile: *above });
    let cut = [(*leaves, hashes[1..].to_vec()), edge[1].clone()];
    let short = TreeBuilder::resume(300, &cut).unwrap_err();
    assert_eq!(short, ResumeError::Short { tile: *leaves, hashes: 43 });
    assert_eq!(short.to_string(), "tile `tile/0/001.p/44` of the right edge holds 43 hashes only");
    let large = TreeBuilder::resume(u64::MAX, &edge).unwrap_err();
    assert_eq!(large, ResumeError::TooLarge { size: u64::MAX });
}

#[test]
fn the_largest_tree_can_be_resumed_and_grown() {
    let hash = leaf_hash(b"");
    let edge: Vec<_> = TileId::edge(TREE_SIZE_MAX)
        .into_iter()
        .map(|tile| (tile, vec![hash; usize::from(tile.width())]))
        .collect();
    let mut builder = TreeBuilder::resume(TREE_SIZE_MAX, &edge).unwrap();
    builder.push(hash);
    builder.push(hash);
    assert_eq!(builder.size(), TREE_SIZE_MAX + 2);
    builder.take_changed();
}

/// Checkpoints fall anywhere, and more leaves follow before the next one.
#[test]
fn stored_tiles_serve_every_earlier_checkpoint() {
    let mut random = Random::new(1);
    for _ in 0..4 {
        let mut builder = TreeBuilder::new();
        let mut stored = Stored::default();
        let mut checkpoints = vec![(0, builder.root())];
        while builder.size() < 1500 {
            for _ in 0..random.within(1, 70) {
                builder.push(leaf_hash(&entry(builder.size())));
            }
            stored.keep(&mut builder);
            checkpoints.push((builder.size(), builder.root()));
        }
        let (newest, newest_root) = *checkpoints.last().unwrap();
        let tiles = stored.all(newest);
        for (size, head) in checkpoints {
            assert_eq!(root(size, &tiles).unwrap(), head);
            let proof = consistency_proof(size, newest, &tiles).unwrap();
            verify_consistency(size, &head, newest, &newest_root, &proof).unwrap();
            for index in (0..size).step_by(37) {
                let proof = inclusion_proof(index, size, &tiles).unwrap();
                verify_inclusion(&leaf_hash(&entry(index)), index, size, &proof, &head).unwrap();
            }
        }
    }
}

#[test]
fn changed_tiles_are_told_once_in_order() {
    let mut builder = TreeBuilder::new();
    let mut paths = |until: u64| {
        while builder.size() < until {
            builder.push(leaf_hash(&entry(builder.size())));
        }
        let tiles = builder.take_changed();
        tiles.iter().map(|(tile, _)| tile.path()).collect::<Vec<_>>()
    };
    assert_eq!(paths(0), [""; 0]);
    assert_eq!(paths(3), ["tile/0/000.p/3"]);
    assert_eq!(paths(3), [""; 0]);
    assert_eq!(paths(256), ["tile/0/000", "tile/1/000.p/1"]);
    assert_eq!(paths(257), ["tile/0/001.p/1"]);
    assert_eq!(paths(800), ["tile/0/001", "tile/0/002", "tile/0/003.p/32", "tile/1/000.p/3"]);
    let many = paths(65_540);
    let expected = ["tile/0/255", "tile/0/256.p/4", "tile/1/000", "tile/2/000.p/1"];
    assert_eq!(many[many.len() - 4..], expected);
}
