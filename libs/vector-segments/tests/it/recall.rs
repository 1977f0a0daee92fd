//! What the two passes find, against arithmetic in double precision.

use roaring::RoaringBitmap;
use vector_segments::{Depth, Dimension, Hit, Instructions, Permitted, Query};

use crate::cone::{Cone, dot, segment_of, snapshot_of};

const LENGTH: usize = 384;
const VECTORS: usize = 20_000;
const QUERIES: usize = 40;
const K: usize = 10;

/// The ordinals of the best vectors, best first.
fn truth(vectors: &[Vec<f32>], query: &[f32]) -> Vec<u32> {
    let mut scored: Vec<(f64, u32)> =
        (0..).zip(vectors).map(|(ordinal, vector)| (dot(vector, query), ordinal)).collect();
    scored.sort_by(|left, right| right.0.total_cmp(&left.0).then(left.1.cmp(&right.1)));
    scored.into_iter().take(K).map(|(_, ordinal)| ordinal).collect()
}

fn shared(hits: &[Hit], ordinals: &[u32]) -> usize {
    hits.iter().filter(|hit| ordinals.contains(&hit.ordinal)).count()
}

/// The share of the right vectors that searches of clusters in a cone find: by codes of all, and by
/// sketches first.
fn recall(seed: u64, clusters: usize, depth: Depth) -> (f64, f64) {
    let mut cone = Cone::new(seed, LENGTH, clusters);
    let vectors = cone.vectors(VECTORS);
    let segment = segment_of(&vectors);
    let (mut by_codes, mut by_sketches) = (0, 0);
    for _ in 0..QUERIES {
        let vector = cone.vector();
        let query = Query::new(segment.dimension(), &vector).unwrap();
        let right = truth(&vectors, &vector);
        let exact = segment.search_exact(&query, Permitted::Everything, K).unwrap();
        let hits = segment.search(&query, Permitted::Everything, depth).unwrap();
        for hit in exact.iter().chain(&hits) {
            let score = dot(&vectors[hit.ordinal as usize], &vector);
            let error = (f64::from(hit.score) - score).abs();
            assert!(error < 5e-4, "seed {seed}: {} instead of {score}", hit.score);
        }
        by_codes += shared(&exact, &right);
        by_sketches += shared(&hits, &right);
    }
    let share = |found: usize| found as f64 / (K * QUERIES) as f64;
    (share(by_codes), share(by_sketches))
}

#[test]
fn clusters_in_a_narrow_cone_are_found() {
    for (seed, clusters) in [(1, 20), (2, 200), (3, 2000)] {
        let (by_codes, by_sketches) = recall(seed, clusters, Depth::new(K));
        println!("seed {seed}: {by_codes} by codes, {by_sketches} by sketches first");
        assert!(by_codes >= 0.94, "seed {seed}: {by_codes}");
        assert!(by_sketches >= by_codes - 0.01, "seed {seed}: {by_sketches} of {by_codes}");
    }
}

#[test]
fn few_candidates_are_enough_for_small_clusters() {
    let (by_codes, by_sketches) = recall(4, 1000, Depth::with_candidates(K, 200));
    assert!(by_sketches >= by_codes - 0.03, "seed 4: {by_sketches} of {by_codes}");
}

#[test]
fn segments_find_together_what_one_finds_alone() {
    let mut cone = Cone::new(6, 96, 10);
    let vectors = cone.vectors(3000);
    let nothing = RoaringBitmap::new();
    let one = snapshot_of(&vectors, 1, &nothing);
    for parts in [2, 3, 7] {
        let several = snapshot_of(&vectors, parts, &nothing);
        for _ in 0..10 {
            let vector = cone.vector();
            let query = Query::new(Dimension::new(96).unwrap(), &vector).unwrap();
            let depth = Depth::with_candidates(5, 1500);
            let alone = one.search(&query, Permitted::Everything, depth).unwrap();
            let together = several.search(&query, Permitted::Everything, depth).unwrap();
            let right = truth(&vectors, &vector);
            // Centres differ, so the last bits of scores do, and rarely the last of the hits.
            assert!(shared(&alone, &right) >= 4, "seed 6, {parts} parts: {alone:?}");
            assert!(shared(&together, &right) >= 4, "seed 6, {parts} parts: {together:?}");
        }
    }
}

#[test]
fn every_processor_finds_the_same() {
    for (seed, length) in [(7, 384), (8, 100), (9, 1), (10, 65), (11, 320)] {
        let mut cone = Cone::new(seed, length, 3);
        let vectors = cone.vectors(700);
        let query = Query::new(Dimension::new(length).unwrap(), &cone.vector()).unwrap();
        let depth = Depth::with_candidates(7, 140);
        let mut answers = Vec::new();
        for instructions in Instructions::available() {
            let segment = segment_of(&vectors).with_instructions(instructions);
            answers.push((
                segment.search(&query, Permitted::Everything, depth).unwrap(),
                segment.search_exact(&query, Permitted::Everything, 7).unwrap(),
            ));
        }
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "seed {seed}");
    }
}
