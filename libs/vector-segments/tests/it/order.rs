//! Equal scores, several lists, several segments: one order.

use proptest::{collection::vec, prelude::*};
use roaring::RoaringBitmap;
use vector_segments::{Depth, Dimension, Hit, Permitted, Query, Snapshot, VectorError, merge_hits};

use crate::cone::{Cone, bytes_of, opened, segment_of};

fn ordinals(hits: &[Hit]) -> Vec<u32> {
    hits.iter().map(|hit| hit.ordinal).collect()
}

#[test]
fn equal_vectors_come_by_their_ordinals() {
    let vector = Cone::new(31, 64, 1).vector();
    let other = Cone::new(32, 64, 1).vector();
    let mut vectors = vec![vector.clone(); 600];
    vectors[7] = other;
    let segment = segment_of(&vectors);
    let query = Query::new(segment.dimension(), &vector).unwrap();
    let expected = [0, 1, 2, 3, 4, 5, 6, 8, 9, 10];
    let exact = segment.search_exact(&query, Permitted::Everything, 10).unwrap();
    assert_eq!(ordinals(&exact), expected);
    let depth = Depth::with_candidates(10, 200);
    let found = segment.search(&query, Permitted::Everything, depth).unwrap();
    assert_eq!(ordinals(&found), expected);
}

#[test]
fn the_order_of_segments_does_not_matter() {
    let mut cone = Cone::new(33, 64, 4);
    let vectors = cone.vectors(900);
    let dimension = Dimension::new(64).unwrap();
    let part = |start: usize| {
        let rows = (0_u32..).zip(&vectors).skip(start).step_by(3).collect::<Vec<_>>();
        opened(bytes_of(rows))
    };
    let query = Query::new(dimension, &cone.vector()).unwrap();
    let mut answers = Vec::new();
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let mut snapshot = Snapshot::new(dimension);
        for start in order {
            snapshot.push(part(start), RoaringBitmap::from([4, 5, 6])).unwrap();
        }
        assert_eq!(snapshot.segments().count(), 3);
        let depth = Depth::with_candidates(10, 200);
        answers.push(snapshot.search(&query, Permitted::Everything, depth).unwrap());
    }
    assert_eq!(answers[0].len(), 10);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "seed 33");
}

#[test]
fn equal_vectors_of_many_segments_come_by_their_ordinals() {
    let vector = Cone::new(37, 64, 1).vector();
    let dimension = Dimension::new(64).unwrap();
    let mut snapshot = Snapshot::new(dimension);
    for place in (0..300_u32).rev() {
        let rows = [(2 * place, &vector), (2 * place + 1, &vector)];
        snapshot.push(opened(bytes_of(rows)), RoaringBitmap::new()).unwrap();
    }
    let query = Query::new(dimension, &vector).unwrap();
    let depth = Depth::with_candidates(10, 200);
    let found = snapshot.search(&query, Permitted::Everything, depth).unwrap();
    assert_eq!(ordinals(&found), (0..10).collect::<Vec<u32>>());
}

#[test]
fn deletions_are_those_of_one_segment() {
    let vectors = Cone::new(34, 64, 1).vectors(2);
    let dimension = Dimension::new(64).unwrap();
    let mut snapshot = Snapshot::new(dimension);
    // The second vector took the place of the first without a new ordinal.
    let versions = [(&vectors[0], RoaringBitmap::from([5])), (&vectors[1], RoaringBitmap::new())];
    for (vector, deleted) in versions {
        snapshot.push(opened(bytes_of([(5, vector)])), deleted).unwrap();
    }
    let query = Query::new(dimension, &vectors[0]).unwrap();
    let hits = snapshot.search(&query, Permitted::Everything, Depth::new(10)).unwrap();
    assert_eq!(ordinals(&hits), [5]);
    assert!(hits[0].score < 0.999, "{hits:?}");
}

#[test]
fn other_dimensions_are_refused() {
    let vectors = Cone::new(35, 64, 1).vectors(3);
    let segment = segment_of(&vectors);
    let other = Dimension::new(65).unwrap();
    let query = Query::new(other, &Cone::new(36, 65, 1).vector()).unwrap();
    let expected = VectorError::Dimension { expected: 64, found: 65 };
    let found = segment.search(&query, Permitted::Everything, Depth::new(1));
    assert_eq!(found, Err(expected));
    let found = segment.search_exact(&query, Permitted::Everything, 1);
    assert_eq!(found, Err(expected));
    let mut snapshot = Snapshot::new(other);
    let found = snapshot.push(segment, RoaringBitmap::new());
    assert_eq!(found, Err(VectorError::Dimension { expected: 65, found: 64 }));
    assert_eq!(snapshot.search(&query, Permitted::Everything, Depth::new(1)), Ok(Vec::new()));
}

#[test]
fn depths_have_twenty_candidates_a_hit() {
    for (k, wanted, expected) in
        [(10, 2000, 2000), (0, 0, 0), (10, 7, 200), (200, 2000, 4000), (1, usize::MAX, usize::MAX)]
    {
        assert_eq!(Depth::with_candidates(k, wanted).candidates(), expected);
    }
    assert_eq!(Depth::new(10).candidates(), 2000);
    assert_eq!(Depth::new(usize::MAX).candidates(), usize::MAX);
}

proptest! {
    #[test]
    fn merging_does_not_depend_on_who_answers_first(
        scores in vec((0..4_u8, 0..50_u32, 0..3_u64), 0..60),
        cuts in vec(0..60_usize, 0..4),
        k in 0..70_usize,
    ) {
        let hit = |(score, ordinal, key): (u8, u32, u64)| Hit { key, ordinal, score: score.into() };
        let hits: Vec<Hit> = scores.into_iter().map(hit).collect();
        let merged = merge_hits([hits.clone()], k);
        prop_assert_eq!(merged.len(), hits.len().min(k));
        let place = |hit: &Hit| (-hit.score, hit.ordinal, hit.key);
        prop_assert!(merged.iter().map(place).is_sorted());
        let mut lists = Vec::new();
        let mut rest = hits;
        for cut in cuts {
            lists.push(rest.split_off(cut.min(rest.len())));
        }
        lists.push(rest);
        // A searcher need not send more than what is asked for.
        let short: Vec<Vec<Hit>> =
            lists.iter().rev().map(|list| merge_hits([list.clone()], k)).collect();
        prop_assert_eq!(merge_hits(short, k), merged.clone());
        prop_assert_eq!(merge_hits(lists, k), merged);
    }
}
