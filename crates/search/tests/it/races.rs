//! Of two who write at once, one is told, and neither loses anything.

use std::{sync::Arc, time::Duration};

use knowledge::{Index as _, IndexError, VersionKey};
use object_store::ObjectStore;
use roaring::RoaringTreemap;

use crate::{
    faults::FaultyStore,
    setup::{OURS, World, query, version},
};

fn worlds() -> (World, World, Arc<FaultyStore>) {
    let world = World::in_memory();
    let faulty = FaultyStore::before(&world.objects);
    let slow = world.through(Arc::clone(&faulty) as Arc<dyn ObjectStore>);
    (world, slow, faulty)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_puts_at_once_are_both_there() {
    let (world, slow, faulty) = worlds();
    let (fast, slow) = (world.index(1), slow.index(2));
    let held = faulty.hold_next_manifest();
    let late = slow.put(OURS, vec![version(1, &["word late"]), version(2, &["word"])]);
    let early = async {
        held.reached.await.unwrap();
        fast.put(OURS, vec![version(1, &["word early"]), version(3, &["word"])]).await.unwrap();
        held.release.send(()).unwrap();
    };
    let (late, ()) = tokio::join!(late, early);
    late.unwrap();
    for index in [&fast, &slow] {
        assert_eq!(index.search(OURS, query("word", 1..=3_u64)).await.unwrap().len(), 3);
        // The one that ended later counts.
        assert_eq!(index.search(OURS, query("late", 1..=3_u64)).await.unwrap().len(), 1);
        assert!(index.search(OURS, query("early", 1..=3_u64)).await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_put_during_a_merge_stays() {
    let (world, slow, faulty) = worlds();
    let (fast, slow) = (world.index(1), slow.index(2));
    for key in 1..=8_u64 {
        fast.put(OURS, vec![version(key, &["word early"])]).await.unwrap();
    }
    let live: RoaringTreemap = (1..=9_u64).collect();
    let held = faulty.hold_next_manifest();
    let merge = slow.maintain(OURS, &live);
    let put = async {
        held.reached.await.unwrap();
        fast.put(OURS, vec![version(8, &["word late"]), version(9, &["word"])]).await.unwrap();
        held.release.send(()).unwrap();
    };
    let (merged, ()) = tokio::join!(merge, put);
    assert!(merged.unwrap().replaced >= 8);
    for index in [&fast, &slow] {
        assert_eq!(index.search(OURS, query("word", 1..=9_u64)).await.unwrap().len(), 9);
        assert_eq!(index.search(OURS, query("early", 1..=9_u64)).await.unwrap().len(), 7);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_merges_of_the_same_segments_one_counts() {
    let (world, slow, faulty) = worlds();
    let (fast, slow) = (world.index(1), slow.index(2));
    for key in 1..=8_u64 {
        fast.put(OURS, vec![version(key, &["word"])]).await.unwrap();
    }
    let before = fast.search(OURS, query("word", 1..=8_u64)).await.unwrap();
    let live: RoaringTreemap = (1..=8_u64).collect();
    let held = faulty.hold_next_manifest();
    let second = slow.maintain(OURS, &live);
    let first = async {
        held.reached.await.unwrap();
        let first = fast.maintain(OURS, &live).await.unwrap();
        held.release.send(()).unwrap();
        first
    };
    let (second, first) = tokio::join!(second, first);
    assert_eq!((first.replaced, second.unwrap().replaced), (8, 0));
    for index in [&fast, &slow] {
        assert_eq!(index.search(OURS, query("word", 1..=8_u64)).await.unwrap(), before);
    }
}

/// The manifests that it would have followed are removed while a writer sleeps, and its segment
/// too, so that it finds its generation free and names what is not there any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_that_slept_too_long_does_not_write_into_the_past() {
    let (world, slow, faulty) = worlds();
    let (fast, slow) = (world.index(1), slow.index(2));
    fast.put(OURS, vec![version(1, &["word"])]).await.unwrap();
    let live: RoaringTreemap = (1..=9_u64).collect();
    let held = faulty.hold_next_manifest();
    let late = slow.put(OURS, vec![version(2, &["word"])]);
    let others = async {
        held.reached.await.unwrap();
        for key in 3..=6_u64 {
            fast.put(OURS, vec![version(key, &["word"])]).await.unwrap();
        }
        world.clock.advance(Duration::from_mins(10));
        fast.put(OURS, vec![version(7, &["word"])]).await.unwrap();
        world.clock.advance(Duration::from_mins(10));
        assert_eq!(fast.maintain(OURS, &live).await.unwrap().removed, 4 + 1);
        held.release.send(()).unwrap();
    };
    let (late, ()) = tokio::join!(late, others);
    assert!(matches!(late, Err(IndexError::Busy)));
    assert_eq!(fast.search(OURS, query("word", 1..=9_u64)).await.unwrap().len(), 6);
    slow.put(OURS, vec![version(2, &["word"])]).await.unwrap();
    for index in [&fast, &slow] {
        let found = index.search(OURS, query("word", 1..=9_u64)).await.unwrap();
        assert_eq!(found.len(), 7);
    }
}

/// Who saw an earlier manifest does not take it for the newest one once those behind it are gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_forgotten_is_forgotten_by_every_process() {
    let world = World::in_memory();
    let (one, other) = (world.index(1), world.index(2));
    for key in 1..=2_u64 {
        one.put(OURS, vec![version(key, &["word"])]).await.unwrap();
    }
    assert_eq!(other.search(OURS, query("word", 1..=2_u64)).await.unwrap().len(), 2);
    one.forget(OURS, &RoaringTreemap::from_iter([2_u64]), VersionKey(2)).await.unwrap();
    let paths = world.paths().await;
    let manifests = paths.iter().filter(|path| path.as_ref().contains("/manifests/"));
    assert_eq!((manifests.count(), world.segments().await), (1, 1));
    for index in [&one, &other] {
        assert_eq!(index.search(OURS, query("word", 1..=2_u64)).await.unwrap().len(), 1);
    }
}

/// As after a put that was broken off.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn segments_that_nobody_named_are_forgotten_too() {
    let (world, slow, faulty) = worlds();
    world.index(1).put(OURS, vec![version(1, &["word"])]).await.unwrap();
    faulty.lose_next_manifest();
    slow.index(2).put(OURS, vec![version(2, &["word"])]).await.unwrap_err();
    assert_eq!(world.segments().await, 2);
    world.clock.advance(Duration::from_mins(11));
    let index = world.index(3);
    index.forget(OURS, &RoaringTreemap::from_iter([1_u64]), VersionKey(2)).await.unwrap();
    assert_eq!(world.segments().await, 1);
}
