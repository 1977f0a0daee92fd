//! Nothing is found that is not permitted, whatever is asked and whatever is revoked meanwhile.

use std::{collections::BTreeSet, time::Duration};

use knowledge::{Index as _, IndexHit, IndexQuery, IndexVersion, SearchMode};
use proptest::{prelude::*, test_runner::TestCaseResult};
use roaring::RoaringTreemap;
use testkit::Random;

use crate::setup::{OURS, World, query, towards, version};

const SEED: u64 = 0x1ea4;
const QUERIES: u64 = 10_000;
const VERSIONS: u64 = 60;
const WORDS: [&str; 8] =
    ["budget", "contrat", "salaire", "secret", "réunion", "marché", "audit", "facture"];

/// A version whose passages all hold one word in common and some of their own.
fn sample(key: u64, random: &mut Random) -> IndexVersion {
    let texts: Vec<String> = (0..=random.below(4))
        .map(|_| format!("document {} {}", any_word(random), any_word(random)))
        .collect();
    version(key, &texts.iter().map(String::as_str).collect::<Vec<_>>())
}

fn any_word(random: &mut Random) -> &'static str {
    WORDS[usize::try_from(random.below(8)).unwrap()]
}

fn any_mode(random: &mut Random) -> SearchMode {
    match random.below(4) {
        0 => SearchMode::Lexical,
        1 => SearchMode::Dense,
        _ => SearchMode::Hybrid,
    }
}

fn is_permitted(hits: &[IndexHit], permitted: &BTreeSet<u64>) -> bool {
    hits.iter().all(|hit| permitted.contains(&hit.version.0))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_searches_leak_nothing() {
    let mut random = Random::new(SEED);
    let world = World::in_memory();
    let index = world.index(1);
    let mut passages = vec![0; usize::try_from(VERSIONS).unwrap() + 1];
    let all: RoaringTreemap = (1..=VERSIONS).collect();
    let mut permitted: BTreeSet<u64> = (1..=VERSIONS).collect();
    for at in 0..QUERIES {
        if at % 100 == 0 {
            let key = 1 + random.below(VERSIONS);
            let sample = sample(key, &mut random);
            passages[usize::try_from(key).unwrap()] = sample.passages.len();
            index.put(OURS, vec![sample]).await.unwrap();
        }
        if at % 700 == 0 {
            world.clock.advance(Duration::from_hours(2));
            index.maintain(OURS, &all).await.unwrap();
        }
        // Somebody loses a permission, and somebody else is given one.
        permitted.remove(&(1 + random.below(VERSIONS)));
        permitted.insert(1 + random.below(VERSIONS));
        let mode = any_mode(&mut random);
        let text = format!("document {}", any_word(&mut random));
        let vector = Some(towards(random.below(500)));
        let query = IndexQuery { vector, mode, ..query(&text, permitted.iter().copied()) };
        let hits = index.search(OURS, query).await.unwrap();
        assert!(is_permitted(&hits, &permitted), "seed {SEED:#x}, query {at}: {hits:?}");
        // All of them hold the common word or have a vector, so nothing permitted is missing.
        let expected: usize =
            permitted.iter().map(|key| passages[usize::try_from(*key).unwrap()]).sum();
        assert_eq!(hits.len(), expected.min(100), "seed {SEED:#x}, query {at}");
    }
}

async fn check(permitted: &BTreeSet<u64>, words: &[usize], limit: usize) -> TestCaseResult {
    let mut random = Random::new(SEED);
    let index = World::in_memory().index(1);
    for group in 0..4 {
        let keys = (1..=5).map(|key| group * 5 + key);
        let versions = keys.map(|key| sample(key, &mut random)).collect();
        index.put(OURS, versions).await.unwrap();
    }
    let text = words.iter().map(|word| WORDS[*word]).collect::<Vec<_>>().join(" \"");
    let vector = Some(towards(limit as u64));
    let query = IndexQuery {
        vector,
        limit,
        mode: SearchMode::Hybrid,
        ..query(&text, permitted.iter().copied())
    };
    let hits = index.search(OURS, query).await.unwrap();
    prop_assert!(hits.len() <= limit);
    prop_assert!(is_permitted(&hits, permitted), "{:?}", hits);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn hybrid_searches_find_only_what_is_permitted(
        permitted in prop::collection::btree_set(0..30_u64, 0..20),
        words in prop::collection::vec(0..WORDS.len(), 0..6),
        limit in 0..30_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(check(&permitted, &words, limit))?;
    }
}
