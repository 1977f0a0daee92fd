//! Objects that somebody changed are errors, and never answers.

use knowledge::{Index as _, IndexError, VersionKey};
use object_store::{GetOptions, PutOptions, PutPayload, RenameOptions, path::Path};
use roaring::RoaringTreemap;

use crate::setup::{OURS, World, query, version};

async fn read(world: &World, path: &Path) -> Vec<u8> {
    let got = world.objects.get_opts(path, GetOptions::default()).await.unwrap();
    got.bytes().await.unwrap().to_vec()
}

async fn write(world: &World, path: &Path, bytes: Vec<u8>) {
    let payload = PutPayload::from(bytes);
    world.objects.put_opts(path, payload, PutOptions::default()).await.unwrap();
}

async fn check_is_damaged(world: &World, what: &str) {
    let searched = world.index(9).search(OURS, query("word", [1, 2])).await;
    let Err(IndexError::Damaged { object, .. }) = searched else {
        panic!("{what}: {searched:?}");
    };
    assert!(object.starts_with(&OURS.to_string()), "{object}");
}

async fn world() -> World {
    let world = World::in_memory();
    let index = world.index(1);
    index.put(OURS, vec![version(1, &["word", "other word"])]).await.unwrap();
    index.put(OURS, vec![version(2, &["word"])]).await.unwrap();
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn altered_and_cut_objects_are_told_apart_from_answers() {
    let world = world().await;
    let paths = world.paths().await;
    let newest = paths.iter().filter(|path| path.as_ref().contains("/manifests/")).max().unwrap();
    let read_by_searches =
        paths.iter().filter(|path| path.as_ref().contains("/segments/")).chain([newest]);
    for path in read_by_searches {
        let whole = read(&world, path).await;
        for place in [0, 9, 13, 17, whole.len() / 3, whole.len() / 2, whole.len() - 1] {
            let mut altered = whole.clone();
            altered[place] ^= 0x10;
            write(&world, path, altered).await;
            check_is_damaged(&world, &format!("{path} at {place}")).await;
        }
        for length in [0, 7, 12, 15, whole.len() / 2, whole.len() - 1] {
            write(&world, path, whole[..length].to_vec()).await;
            check_is_damaged(&world, &format!("{path} cut to {length}")).await;
        }
        write(&world, path, whole).await;
        let found = world.index(9).search(OURS, query("word", [1, 2])).await.unwrap();
        assert_eq!(found.len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_do_not_open_in_the_place_of_others() {
    let world = world().await;
    let paths = world.paths().await;
    let segments: Vec<&Path> =
        paths.iter().filter(|path| path.as_ref().contains("/segments/")).collect();
    let (first, second) = (read(&world, segments[0]).await, read(&world, segments[1]).await);
    write(&world, segments[0], second).await;
    check_is_damaged(&world, "another segment").await;
    write(&world, segments[0], first).await;

    let manifests: Vec<&Path> =
        paths.iter().filter(|path| path.as_ref().contains("/manifests/")).collect();
    let older = read(&world, manifests[0]).await;
    write(&world, manifests[1], older).await;
    check_is_damaged(&world, "an older manifest").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_segment_that_is_gone_is_told() {
    let world = world().await;
    let paths = world.paths().await;
    let segment = paths.iter().find(|path| path.as_ref().contains("/segments/")).unwrap();
    let elsewhere = Path::from("elsewhere");
    world.objects.rename_opts(segment, &elsewhere, RenameOptions::default()).await.unwrap();
    check_is_damaged(&world, "a segment that is gone").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_reads_all_that_is_stored() {
    let world = world().await;
    let whole: Vec<u64> = world.index(3).check(OURS).await.unwrap().iter().collect();
    assert_eq!(whole, [1, 2]);
    for path in &world.paths().await {
        let index = world.index(9);
        index.search(OURS, query("word", [1, 2])).await.unwrap();
        let whole = read(&world, path).await;
        let mut altered = whole.clone();
        altered[whole.len() / 2] ^= 0x10;
        write(&world, path, altered).await;
        let checked = index.check(OURS).await;
        assert!(matches!(checked, Err(IndexError::Damaged { .. })), "{path}: {checked:?}");
        write(&world, path, whole).await;
        assert_eq!(index.check(OURS).await.unwrap().len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_damaged_is_begun_anew() {
    let world = world().await;
    for (seed, kind) in [(11, "/manifests/"), (12, "/segments/")] {
        let paths = world.paths().await;
        let newest = paths.iter().filter(|path| path.as_ref().contains(kind)).max().unwrap();
        write(&world, newest, b"nonsense".to_vec()).await;
        let index = world.index(seed);
        index.remove_all(OURS).await.unwrap();
        assert!(world.paths().await.is_empty());
        assert!(index.check(OURS).await.unwrap().is_empty());
        // An erasure does not wait for it any more.
        index.forget(OURS, &RoaringTreemap::new(), VersionKey(9)).await.unwrap();
        index.put(OURS, vec![version(1, &["word"])]).await.unwrap();
        assert_eq!(index.search(OURS, query("word", [1, 2])).await.unwrap().len(), 1);
    }
}
