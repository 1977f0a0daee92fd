//! Names and bytes of tiles and bundles.

use transparency_log::{
    BundleError, BundleId, Hash, TREE_SIZE_MAX, TileId, TileIdError, TilePathError, TileSet,
    TileSizeError, TreeBuilder, decode_bundle, decode_tile, encode_bundle, encode_tile, leaf_hash,
    root,
};

use crate::forest::{Random, Stored};

#[test]
fn paths_as_published() {
    let check = |level: u8, index: u64, width: u16, path: &str| {
        let tile = TileId::new(level, index, width).unwrap();
        assert_eq!(tile.path(), path);
        assert_eq!(TileId::parse(path).unwrap(), tile);
    };
    check(0, 1_234_067, 256, "tile/0/x001/x234/067");
    check(0, 1_067, 8, "tile/0/x001/067.p/8");
    check(1, 0, 1, "tile/1/000.p/1");
    check(2, 999, 256, "tile/2/999");
    check(3, 1_000_000, 255, "tile/3/x001/x000/000.p/255");
    check(0, (TREE_SIZE_MAX >> 8) - 1, 256, "tile/0/x036/x028/x797/x018/x963/966");
    let bundle = BundleId::new(1_067, 8).unwrap();
    assert_eq!(bundle.path(), "tile/entries/x001/067.p/8");
    assert_eq!(BundleId::parse("tile/entries/x001/067.p/8").unwrap(), bundle);
    assert_eq!(BundleId::parse("tile/entries/005").unwrap(), BundleId::new(5, 256).unwrap());
}

#[test]
fn paths_have_one_spelling() {
    let refused = [
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "/tile/0/000",
        "tile/0/000/",
        "tile/0/000\n",
        "tile/00/000",
        "tile/+0/000",
        "tile/-1/000",
        "tile/256/000",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/+00",
        "tile/0/x000/001",
        "tile/0/x001",
        "tile/0/001/002",
        "tile/0/xx001/002",
        "tile/0/x01/002",
        "tile/0/x1000/000",
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/1.p/1",
        "tile/0/000.p/1/",
        "tile/0/../000",
        "tile/entries/000",
        "tile/8/0/000",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
    ];
    for path in refused {
        let malformed = TilePathError::Malformed { path: path.to_owned() };
        assert_eq!(TileId::parse(path), Err(malformed), "{path}");
        let path = path.replacen("tile/0/", "tile/entries/", 1);
        if path != "tile/entries/000" {
            assert!(BundleId::parse(&path).is_err(), "{path}");
        }
    }
    let far = "tile/7/x001/000";
    let error = TileIdError::Index { level: 7, index: 1000 };
    assert_eq!(TileId::parse(far), Err(TilePathError::Impossible(error)));
    let high = TileId::parse("tile/8/000").unwrap_err();
    assert_eq!(high, TilePathError::Impossible(TileIdError::Level { level: 8 }));
    let none = TileId::parse("tile/0/000.p/0").unwrap_err();
    assert_eq!(none, TilePathError::Impossible(TileIdError::Width { width: 0 }));
}

/// `tlog_tiles` names tiles as Go does, with the height of a tile behind `tile/`.
#[test]
fn paths_as_tlog_tiles_has_them() {
    let mut random = Random::new(2);
    for _ in 0..5_000 {
        let level = u8::try_from(random.within(0, 8)).unwrap();
        let index = random.next() >> random.within(8, 64);
        let width = u16::try_from(random.within(1, 257)).unwrap();
        if let Ok(tile) = TileId::new(level, index, width) {
            let theirs = tlog_tiles::Tile::new(8, level, index, width.into(), false).path();
            assert_eq!(tile.path(), theirs.replacen("tile/8/", "tile/", 1));
            assert_eq!(TileId::parse(&tile.path()), Ok(tile));
        }
    }
}

#[test]
fn the_largest_tree_bounds_the_names() {
    assert_eq!(TileId::new(8, 0, 1), Err(TileIdError::Level { level: 8 }));
    assert_eq!(TileId::new(0, 0, 257), Err(TileIdError::Width { width: 257 }));
    assert_eq!(TileId::new(0, 0, 0), Err(TileIdError::Width { width: 0 }));
    let last = TREE_SIZE_MAX >> 8;
    assert!(TileId::new(0, last, 255).is_ok());
    assert_eq!(TileId::new(0, last, 256), Err(TileIdError::Index { level: 0, index: last }));
    let far = TileIdError::Index { level: 0, index: u64::MAX };
    assert_eq!(TileId::new(0, u64::MAX, 1), Err(far));
    assert!(TileId::new(7, 0, 127).is_ok());
    assert_eq!(TileId::new(7, 0, 128), Err(TileIdError::Index { level: 7, index: 0 }));
    assert_eq!(TileId::in_tree(8, 0, u64::MAX), None);
    assert_eq!(TileId::in_tree(0, u64::MAX, u64::MAX), None);
}

#[test]
fn census_of_70_000_leaves() {
    let tiles: Vec<TileId> = TileId::all(70_000).collect();
    let count = |level: u8, width: u16| {
        tiles.iter().filter(|tile| tile.level() == level && tile.width() == width).count()
    };
    assert_eq!([count(0, 256), count(0, 112)], [273, 1]);
    assert_eq!([count(1, 256), count(1, 17)], [1, 1]);
    assert_eq!([count(2, 1), tiles.len()], [1, 277]);
    let edge: Vec<String> = TileId::edge(70_000).iter().map(TileId::path).collect();
    assert_eq!(edge, ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
    let bundles: Vec<BundleId> = BundleId::all(70_000).collect();
    assert_eq!(bundles.len(), 274);
    assert_eq!(bundles[273], BundleId::new(273, 112).unwrap());
    assert_eq!(
        TileId::all(256).map(|tile| tile.path()).collect::<Vec<_>>(),
        ["tile/0/000", "tile/1/000.p/1"]
    );
    assert_eq!(TileId::all(0).count() + TileId::edge(0).len() + BundleId::all(0).count(), 0);
}

/// The names listed for a size are exactly those that a builder stores on its way there.
#[test]
fn the_tiles_of_a_size_are_those_a_builder_makes() {
    for size in [1, 255, 256, 257, 65_535, 65_536, 65_537, 70_000] {
        let stored = Stored::with(size);
        let made: Vec<_> = stored
            .0
            .iter()
            .map(|((level, index), hashes)| (*level, *index, hashes.len()))
            .collect();
        let listed = TileId::all(size);
        let listed: Vec<_> =
            listed.map(|tile| (tile.level(), tile.index(), usize::from(tile.width()))).collect();
        assert_eq!(made, listed, "size {size}");
        for tile in tlog_tiles::Tile::new_tiles(8, 0, size) {
            let path = tile.path().replacen("tile/8/", "tile/", 1);
            assert!(TileId::all(size).any(|ours| ours.path() == path), "{path}");
        }
    }
}

#[test]
fn bytes_of_tiles() {
    let hashes: Vec<Hash> = (0..=255).map(|index| leaf_hash(&[index])).collect();
    for width in [1, 2, 255, 256] {
        let bytes = encode_tile(&hashes[..width]);
        assert_eq!(bytes.len(), 32 * width);
        assert_eq!(decode_tile(&bytes).unwrap(), hashes[..width]);
    }
    for bytes in [0, 1, 31, 33, 8191, 8193, 8224] {
        assert_eq!(decode_tile(&vec![0; bytes]), Err(TileSizeError { bytes }));
    }
}

#[test]
fn bytes_of_bundles() {
    let longest = vec![9; 65_535];
    let bundle = encode_bundle(&[b"ab".as_slice(), b"", &longest]).unwrap();
    assert_eq!(bundle[..6], *b"\x00\x02ab\x00\x00");
    assert_eq!(decode_bundle(&bundle).unwrap(), [b"ab".to_vec(), Vec::new(), longest.clone()]);

    let too_long = [Vec::new(), vec![0; 65_536]];
    assert_eq!(encode_bundle(&too_long), Err(BundleError::TooLong { index: 1, bytes: 65_536 }));
    let many = vec![b"x"; 257];
    assert!(encode_bundle(&many[1..]).is_ok());
    assert_eq!(encode_bundle(&many), Err(BundleError::Count { count: 257 }));
    assert_eq!(encode_bundle(&many[..0]), Err(BundleError::Count { count: 0 }));

    assert_eq!(decode_bundle(b""), Err(BundleError::Count { count: 0 }));
    assert_eq!(decode_bundle(b"\x00"), Err(BundleError::CutOff { index: 0 }));
    assert_eq!(decode_bundle(b"\x00\x00\x00\x02a"), Err(BundleError::CutOff { index: 1 }));
    assert_eq!(decode_bundle(&[0; 514]), Err(BundleError::Count { count: 257 }));
    assert_eq!(decode_bundle(&bundle[..bundle.len() - 1]), Err(BundleError::CutOff { index: 2 }));
}

#[test]
fn a_wider_tile_serves_for_a_narrower_one() {
    let mut builder = TreeBuilder::new();
    (0..9).for_each(|index| builder.push(leaf_hash(&[index])));
    let head = builder.root();
    let (tile, hashes) = builder.take_changed().remove(0);
    let mut tiles = TileSet::new();
    tiles.insert(tile, hashes.clone());
    tiles.insert(TileId::new(0, 0, 3).unwrap(), hashes[..3].to_vec());
    assert_eq!(root(9, &tiles).unwrap(), head);
    // The hashes count, not the width in the name.
    let mut tiles = TileSet::new();
    tiles.insert(TileId::new(0, 0, 256).unwrap(), hashes[..3].to_vec());
    assert!(root(9, &tiles).is_err());
}
