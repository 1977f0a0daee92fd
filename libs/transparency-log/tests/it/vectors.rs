//! The test vectors that the Certificate Transparency project publishes for RFC 6962.

use transparency_log::{
    Hash, TileId, TileSet, TreeBuilder, consistency_proof, empty_root, inclusion_proof, leaf_hash,
    node_hash, root, verify_consistency, verify_inclusion,
};

const LEAVES: [&[u8]; 8] = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
];

const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

const LEAF_1: &str = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7";
const LEAF_4: &str = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b";
const NODE_2_TO_4: &str = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e";
const NODE_4_TO_6: &str = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a";
const NODE_4_TO_8: &str = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4";
const NODE_6_TO_8: &str = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";

fn tree() -> (TreeBuilder, TileSet) {
    let mut builder = TreeBuilder::new();
    for leaf in LEAVES {
        builder.push(leaf_hash(leaf));
    }
    let mut tiles = TileSet::new();
    for (tile, hashes) in builder.take_changed() {
        tiles.insert(tile, hashes);
    }
    (builder, tiles)
}

fn hex(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(|hash| format!("{hash:?}")).collect()
}

#[test]
fn hashes_of_leaves_and_nodes() {
    assert_eq!(
        format!("{:?}", empty_root()),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    assert_eq!(format!("{:?}", leaf_hash(b"")), ROOTS[0]);
    assert_eq!(
        format!("{:?}", leaf_hash(b"L123456")),
        "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    );
    assert_eq!(format!("{:?}", node_hash(&leaf_hash(b""), &leaf_hash(b"\x00"))), ROOTS[1]);
}

#[test]
fn roots_at_every_size() {
    let (_, tiles) = tree();
    let mut builder = TreeBuilder::new();
    assert_eq!(builder.root(), empty_root());
    assert_eq!(root(0, &TileSet::new()).unwrap(), empty_root());
    for (leaf, expected) in LEAVES.iter().zip(ROOTS) {
        builder.push(leaf_hash(leaf));
        assert_eq!(format!("{:?}", builder.root()), expected);
        assert_eq!(root(builder.size(), &tiles).unwrap(), builder.root());
    }
}

#[test]
fn inclusion_proofs() {
    let check = |index: u64, size: u64, expected: &[&str]| {
        let (_, tiles) = tree();
        let proof = inclusion_proof(index, size, &tiles).unwrap();
        assert_eq!(hex(&proof), expected);
        let leaf = leaf_hash(LEAVES[usize::try_from(index).unwrap()]);
        verify_inclusion(&leaf, index, size, &proof, &root(size, &tiles).unwrap()).unwrap();
    };
    check(0, 1, &[]);
    check(0, 8, &[LEAF_1, NODE_2_TO_4, NODE_4_TO_8]);
    check(5, 8, &[LEAF_4, NODE_6_TO_8, ROOTS[3]]);
    check(2, 3, &[ROOTS[1]]);
    check(1, 5, &[ROOTS[0], NODE_2_TO_4, LEAF_4]);
}

#[test]
fn consistency_proofs() {
    let check = |old: u64, new: u64, expected: &[&str]| {
        let (_, tiles) = tree();
        let proof = consistency_proof(old, new, &tiles).unwrap();
        assert_eq!(hex(&proof), expected);
        let (old_root, new_root) = (root(old, &tiles).unwrap(), root(new, &tiles).unwrap());
        verify_consistency(old, &old_root, new, &new_root, &proof).unwrap();
    };
    check(1, 1, &[]);
    check(1, 8, &[LEAF_1, NODE_2_TO_4, NODE_4_TO_8]);
    check(6, 8, &[NODE_4_TO_6, NODE_6_TO_8, ROOTS[3]]);
    check(2, 5, &[NODE_2_TO_4, LEAF_4]);
    check(0, 5, &[]);
}

#[test]
fn the_tile_of_eight_leaves() {
    let (mut builder, _) = tree();
    assert_eq!(builder.take_changed(), []);
    assert_eq!(TileId::all(8).collect::<Vec<_>>(), [TileId::new(0, 0, 8).unwrap()]);
}
