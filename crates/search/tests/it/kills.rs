//! A process that is killed between two objects leaves nothing behind that is found or stays.

use std::{sync::Arc, time::Duration};

use knowledge::{Index as _, IndexError};
use object_store::ObjectStore;
use roaring::RoaringTreemap;

use crate::{
    faults::FaultyStore,
    setup::{OURS, World, query, version},
};

const HOUR: Duration = Duration::from_hours(1);

fn worlds() -> (World, World, Arc<FaultyStore>) {
    let world = World::in_memory();
    let faulty = FaultyStore::before(&world.objects);
    let mortal = world.through(Arc::clone(&faulty) as Arc<dyn ObjectStore>);
    (world, mortal, faulty)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_put_that_is_killed_before_its_manifest_was_never_there() {
    let (world, mortal, faulty) = worlds();
    let (alive, killed) = (world.index(1), mortal.index(2));
    alive.put(OURS, vec![version(1, &["word"])]).await.unwrap();

    faulty.lose_next_manifest();
    let put = killed.put(OURS, vec![version(1, &["word", "word"]), version(2, &["word"])]).await;
    assert!(matches!(put, Err(IndexError::Unavailable { .. })));
    assert_eq!(world.segments().await, 2);
    assert_eq!(alive.search(OURS, query("word", [1, 2])).await.unwrap().len(), 1);

    // Not at once: somebody may be about to write the manifest.
    let live = RoaringTreemap::from([1_u64, 2]);
    assert_eq!(alive.maintain(OURS, &live).await.unwrap().removed, 0);
    world.clock.advance(HOUR);
    assert_eq!(alive.maintain(OURS, &live).await.unwrap().removed, 1);
    assert_eq!(world.segments().await, 1);

    killed.put(OURS, vec![version(1, &["word", "word"]), version(2, &["word"])]).await.unwrap();
    assert_eq!(alive.search(OURS, query("word", [1, 2])).await.unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merge_that_is_killed_before_its_manifest_is_made_again() {
    let (world, mortal, faulty) = worlds();
    let (alive, killed) = (world.index(1), mortal.index(2));
    for key in 1..=8_u64 {
        alive.put(OURS, vec![version(key, &["word"])]).await.unwrap();
    }
    let before = alive.search(OURS, query("word", 1..=8_u64)).await.unwrap();
    let live: RoaringTreemap = (1..=8_u64).collect();

    faulty.lose_next_manifest();
    let merged = killed.maintain(OURS, &live).await;
    assert!(matches!(merged, Err(IndexError::Unavailable { .. })));
    assert_eq!(world.segments().await, 9);
    assert_eq!(alive.search(OURS, query("word", 1..=8_u64)).await.unwrap(), before);

    assert_eq!(alive.maintain(OURS, &live).await.unwrap().replaced, 8);
    assert_eq!(world.segments().await, 10);
    assert_eq!(killed.search(OURS, query("word", 1..=8_u64)).await.unwrap(), before);

    // All but the last of them go: those that were merged, and the one that nobody named.
    world.clock.advance(HOUR);
    alive.put(OURS, vec![version(9, &["late"])]).await.unwrap();
    world.clock.advance(HOUR);
    let live: RoaringTreemap = (1..=9_u64).collect();
    alive.maintain(OURS, &live).await.unwrap();
    assert_eq!(world.segments().await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_lost_is_not_a_put_that_is_lost() {
    let (world, mortal, faulty) = worlds();
    let (alive, unlucky) = (world.index(1), mortal.index(2));
    faulty.leave_next_manifest_unanswered();
    unlucky.put(OURS, vec![version(1, &["word"])]).await.unwrap();
    assert_eq!(alive.search(OURS, query("word", [1])).await.unwrap().len(), 1);
    assert_eq!(world.paths().await.len(), 2);
}
