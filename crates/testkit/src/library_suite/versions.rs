//! Which version holds when.

use domain::Timestamp;
use knowledge::{
    InForce, StoredDocument, VersionKey, Wanted,
    ports::{NewVersion, Opening, Readable},
};

use super::Case;

const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

/// In force from a time, and in the index.
async fn indexed<S>(case: &Case<S>, of: &StoredDocument, from: i64) -> VersionKey {
    let bytes = case.samples.id();
    let new = case.new_version(of, bytes.as_bytes(), at(from));
    let kept = case.write(&new, bytes.as_bytes()).await.expect("kept");
    let key = kept.document.current.key;
    case.index(key).await;
    key
}

pub(super) async fn the_version_of_a_time_is_found<S>(case: &Case<S>) {
    let library = case.library(case.owner).await;
    let new = case.new_document(case.owner, library, b"first");
    let new = NewVersion { in_force: InForce::since(at(100)), ..new };
    let document = case.write(&new, b"first").await.expect("kept").document;
    let first = document.current.key;
    case.index(first).await;
    let third = indexed(case, &document, 300).await;
    // It came later, and held before.
    let second = indexed(case, &document, 200).await;
    for (time, expected) in [
        (99, None),
        (100, Some(first)),
        (199, Some(first)),
        (200, Some(second)),
        (299, Some(second)),
        (300, Some(third)),
        (9_000, Some(third)),
    ] {
        let found = case.found(case.owner, at(time)).await;
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{time}");
        if let Some(expected) = expected {
            let wanted = Wanted { document: document.id, number: None, at: at(time) };
            let read = case.read(case.owner, wanted).await.expect("there");
            assert_eq!(read.current.key, expected, "{time}");
            assert!(read.current.in_force.holds_at(at(time)));
        }
    }
    // Of two that begin together the later one holds.
    let other = indexed(case, &document, 200).await;
    assert_eq!(case.found(case.owner, at(200)).await, [other]);
    assert_eq!(case.found(case.owner, at(199)).await, [first]);
}

pub(super) async fn a_version_holds_once_it_is_found<S>(case: &Case<S>) {
    let library = case.library(case.owner).await;
    let new = case.new_document(case.owner, library, b"first");
    let in_force = InForce { from: at(100), until: Some(at(500)) };
    let document = case.write(&NewVersion { in_force, ..new }, b"first").await;
    let document = document.expect("kept").document;
    let first = document.current.key;
    assert_eq!(case.found(case.owner, at(100)).await, [], "nothing was read of it");
    case.index(first).await;
    assert_eq!(case.found(case.owner, at(499)).await, [first]);
    assert_eq!(case.found(case.owner, at(500)).await, [], "somebody said when it ends");
    let new = case.new_version(&document, b"next", at(200));
    let next = case.write(&new, b"next").await.expect("kept").document.current.key;
    assert_eq!(case.found(case.owner, at(300)).await, [first], "until the next one is read");
    case.index(next).await;
    assert_eq!(case.found(case.owner, at(300)).await, [next]);
    assert_eq!(case.found(case.owner, at(199)).await, [first]);
    assert_eq!(case.found(case.owner, at(600)).await, [next]);
}

pub(super) async fn nothing_is_found_of_another_library<S>(case: &Case<S>) {
    let (one, two) = (case.library(case.owner).await, case.library(case.owner).await);
    let hidden = case.library(case.other).await;
    let mut keys = Vec::new();
    for library in [one, two, hidden] {
        let key = case.added(library, b"same").await.current.key;
        case.index(key).await;
        keys.push(key);
    }
    let now = case.samples.now();
    assert_eq!(case.found(case.owner, now).await, keys[..2]);
    assert_eq!(case.found(case.other, now).await, keys[2..]);
    assert_eq!(case.found(case.third, now).await, []);
    let readable = Readable { visitor: case.owner, libraries: vec![two, hidden], at: now };
    let found = case.libraries.readable(&readable).await.expect("read");
    assert_eq!(found, keys[1..2]);
    let open = async |version, visitor, began| {
        let opening = Opening { visitor, version, at: now, began };
        case.libraries.open(&opening).await.expect("answered")
    };
    let opened = open(keys[0], case.owner, now).await.expect("seen");
    assert_eq!(opened.document.current.key, keys[0]);
    assert_eq!(opened.reading.digest, opened.document.current.digest);
    assert_eq!(opened.reading.document.text, "Congés");
    assert_eq!(open(keys[2], case.owner, now).await, None, "another one's");
    assert_eq!(open(keys[0], case.owner, at(0)).await, None, "it was put there since");
    assert_eq!(open(VersionKey(999), case.owner, now).await, None);
    let all = [keys[2], VersionKey(999), keys[0]];
    assert_eq!(case.libraries.seen(case.owner, &all).await.expect("read"), keys[..1]);
    assert_eq!(case.libraries.seen(case.other, &all).await.expect("read"), keys[2..]);
    let version = case.documents.version(case.owner, keys[0]).await.expect("read");
    assert_eq!(version.map(|document| document.current.key), Some(keys[0]));
    assert_eq!(case.documents.version(case.third, keys[0]).await.expect("read"), None);
}
