//! Merging is never seen from outside, and stops at nothing.

use knowledge::{Index as _, IndexQuery, SearchMode};
use proptest::{prelude::*, test_runner::TestCaseResult};
use roaring::RoaringTreemap;

use crate::setup::{OURS, World, query, towards, version};

const WORDS: [&str; 6] = ["rain", "sun", "snow", "storm", "rainbow", "sunset"];

#[derive(Clone, Debug)]
enum Step {
    Put { key: u64, words: Vec<usize> },
    Pass { hours: u64 },
    Maintain,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1..25_u64, prop::collection::vec(0..WORDS.len(), 0..4))
            .prop_map(|(key, words)| Step::Put { key, words }),
        1 => (0..30_u64).prop_map(|hours| Step::Pass { hours }),
        2 => Just(Step::Maintain),
    ]
}

/// What a process does that never merges is what one does that merges now and then.
async fn check(steps: &[Step]) -> TestCaseResult {
    let (plain, merged) = (World::in_memory(), World::in_memory());
    let (one, other) = (plain.index(1), merged.index(1));
    let all: RoaringTreemap = (1..25_u64).collect();
    for step in steps {
        match step {
            Step::Put { key, words } => {
                let texts: Vec<&str> = words.iter().map(|word| WORDS[*word]).collect();
                one.put(OURS, vec![version(*key, &texts)]).await.unwrap();
                other.put(OURS, vec![version(*key, &texts)]).await.unwrap();
            }
            Step::Pass { hours } => {
                merged.clock.advance(std::time::Duration::from_secs(hours * 3600));
            }
            Step::Maintain => {
                other.maintain(OURS, &all).await.unwrap();
            }
        }
    }
    for mode in [SearchMode::Lexical, SearchMode::Dense, SearchMode::Hybrid] {
        let query = IndexQuery { vector: Some(towards(3)), mode, ..query("sun rain", 1..25_u64) };
        let expected = one.search(OURS, query.clone()).await.unwrap();
        let found = other.search(OURS, query).await.unwrap();
        let passages = |hits: &[knowledge::IndexHit]| {
            let mut passages: Vec<_> = hits.iter().map(|hit| (hit.version, hit.passage)).collect();
            passages.sort_unstable();
            passages
        };
        prop_assert_eq!(passages(&expected), passages(&found), "{:?}", mode);
        if mode == SearchMode::Dense {
            // Vectors are the same to the last bit; words are told among fewer passages once
            // replaced ones are gone.
            prop_assert_eq!(&expected, &found);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_merged_is_found_as_before(steps in prop::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(check(&steps))?;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_small_segments_become_few() {
    let world = World::in_memory();
    let index = world.index(1);
    for key in 1..=70_u64 {
        index.put(OURS, vec![version(key, &["shared words", "of it"])]).await.unwrap();
    }
    let live: RoaringTreemap = (1..=70_u64).collect();
    let before = index.search(OURS, query("shared", 1..=70_u64)).await.unwrap();
    loop {
        let maintained = index.maintain(OURS, &live).await.unwrap();
        assert_eq!((maintained.dropped, maintained.removed), (0, 0));
        if !maintained.is_unfinished {
            break;
        }
    }
    assert_eq!(index.search(OURS, query("shared", 1..=70_u64)).await.unwrap(), before);

    // What they were made of goes once nobody can be reading it any more.
    world.clock.advance(std::time::Duration::from_hours(1));
    index.put(OURS, vec![version(71, &["late"])]).await.unwrap();
    world.clock.advance(std::time::Duration::from_hours(1));
    let removed = index.maintain(OURS, &live).await.unwrap().removed;
    assert!(removed > 70, "{removed}");
    assert!(world.segments().await < 20);
    // One that has never seen any of it finds the same.
    let found = world.index(2).search(OURS, query("shared", 1..=70_u64)).await.unwrap();
    assert_eq!(found.len(), before.len());
}
