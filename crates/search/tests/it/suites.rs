//! The index passes the suite of its port.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use search::objects_in;
use testkit::{IndexUnderTest, index_suite};

use crate::setup::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_in_memory_pass_the_suite() {
    index_suite(async || {
        let world = World::in_memory();
        IndexUnderTest { index: Arc::new(world.index(1)), clock: world.clock }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_passes_the_suite() {
    let folder = tempfile::tempdir().unwrap();
    let count = AtomicU64::new(0);
    index_suite(async || {
        let own = folder.path().join(count.fetch_add(1, Ordering::SeqCst).to_string());
        let world = World::on(objects_in(&own).unwrap());
        IndexUnderTest { index: Arc::new(world.index(1)), clock: world.clock }
    })
    .await;
}
