//! What is not permitted is not found, whatever else is asked.

use proptest::{collection::btree_set, prelude::*};
use roaring::RoaringBitmap;
use vector_segments::{Depth, Dimension, Hit, Permitted, Query};

use crate::cone::{Cone, Noise, segment_of, snapshot_of};

const LENGTH: usize = 32;
const VECTORS: usize = 400;

/// All vectors by their codes, best first.
fn ranking(hits: &[Hit], live: impl Fn(u32) -> bool, k: usize) -> Vec<Hit> {
    hits.iter().filter(|hit| live(hit.ordinal)).take(k).copied().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A filter takes vectors away and changes nothing else: neither scores nor the order.
    #[test]
    fn filters_and_deletions_are_exact(
        seed in 0..1000_u64,
        parts in 1..5_usize,
        permitted in proptest::option::of(btree_set(0..500_u32, 0..400)),
        deleted in btree_set(0..500_u32, 0..60),
        k in 0..25_usize,
    ) {
        let mut cone = Cone::new(seed, LENGTH, 5);
        let vectors = cone.vectors(VECTORS);
        let permitted = permitted.map(RoaringBitmap::from_iter);
        let deleted = RoaringBitmap::from_iter(deleted);
        let filter = permitted.as_ref().map_or(Permitted::Everything, Permitted::Only);
        let live = |ordinal: u32| {
            permitted.as_ref().is_none_or(|set| set.contains(ordinal)) && !deleted.contains(ordinal)
        };
        let query = Query::new(Dimension::new(LENGTH).unwrap(), &cone.vector()).unwrap();
        let whole = snapshot_of(&vectors, parts, &RoaringBitmap::new());
        let all = whole.search_exact(&query, Permitted::Everything, VECTORS).unwrap();
        prop_assert_eq!(all.len(), VECTORS);

        let snapshot = snapshot_of(&vectors, parts, &deleted);
        let expected = ranking(&all, live, k);
        let exact = snapshot.search_exact(&query, filter, k).unwrap();
        prop_assert_eq!(&exact, &expected);
        // As many candidates as vectors: the sketches decide nothing.
        let found = snapshot.search(&query, filter, Depth::with_candidates(k, VECTORS)).unwrap();
        prop_assert_eq!(&found, &expected);

        // Few candidates: the sketches may lose the best, but let nothing in.
        let found = snapshot.search(&query, filter, Depth::with_candidates(k, 0)).unwrap();
        prop_assert_eq!(found.len(), expected.len());
        for hit in &found {
            prop_assert!(live(hit.ordinal), "{} is not permitted", hit.ordinal);
            prop_assert_eq!(hit.key, u64::from(hit.ordinal) + 1000);
        }
        let scores = ranking(&all, |ordinal| found.iter().any(|hit| hit.ordinal == ordinal), k);
        prop_assert_eq!(found, scores);
    }
}

/// Ten thousand searches, each by somebody who may see other vectors.
#[test]
fn ten_thousand_filtered_searches_leak_nothing() {
    let mut cone = Cone::new(21, LENGTH, 10);
    let vectors = cone.vectors(2000);
    let segment = segment_of(&vectors);
    let mut noise = Noise::new(22);
    for round in 0..10_000 {
        let (start, length) = (noise.below(2000), noise.below(300));
        let step = 1 + noise.below(7);
        let ordinals = (start..start + length * step).step_by(step);
        let permitted: RoaringBitmap = ordinals.map(|ordinal| ordinal as u32).collect();
        let vector = &vectors[noise.below(2000)];
        let query = Query::new(segment.dimension(), vector).unwrap();
        let depth = Depth::with_candidates(3, 60);
        let hits = segment.search(&query, Permitted::Only(&permitted), depth).unwrap();
        let there = permitted.range(0..2000).count();
        assert_eq!(hits.len(), there.min(3), "round {round}");
        assert!(hits.iter().all(|hit| permitted.contains(hit.ordinal)), "round {round}: {hits:?}");
    }
}

#[test]
fn a_filter_for_nobody_finds_nothing() {
    let mut cone = Cone::new(23, LENGTH, 2);
    let vectors = cone.vectors(50);
    let segment = segment_of(&vectors);
    let query = Query::new(segment.dimension(), &vectors[0]).unwrap();
    let (nobody, elsewhere) = (RoaringBitmap::new(), RoaringBitmap::from([50, 1000, u32::MAX]));
    for permitted in [&nobody, &elsewhere] {
        let permitted = Permitted::Only(permitted);
        assert!(segment.search(&query, permitted, Depth::new(5)).unwrap().is_empty());
        assert!(segment.search_exact(&query, permitted, 5).unwrap().is_empty());
    }
    assert!(segment.search(&query, Permitted::Everything, Depth::new(0)).unwrap().is_empty());
}
