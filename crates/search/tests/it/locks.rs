//! Without its keys an index neither reads nor writes, and keeps nothing open.

use knowledge::{Index as _, IndexError};

use crate::setup::{OURS, World, query, version};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_are_taken_away_end_everything_until_they_are_back() {
    let world = World::in_memory();
    let index = world.index(1);
    index.put(OURS, vec![version(1, &["word"])]).await.unwrap();
    assert_eq!(index.search(OURS, query("word", [1])).await.unwrap().len(), 1);

    world.keys.lock(true);
    let searched = index.search(OURS, query("word", [1])).await;
    assert!(matches!(searched, Err(IndexError::Locked(_))));
    let put = index.put(OURS, vec![version(2, &["word"])]).await;
    assert!(matches!(put, Err(IndexError::Locked(_))));

    world.keys.lock(false);
    assert_eq!(index.search(OURS, query("word", [1, 2])).await.unwrap().len(), 1);
}
