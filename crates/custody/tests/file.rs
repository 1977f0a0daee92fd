//! The wrapping key in a file.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc};

use custody::{KeyFile, KeyFileError};
use domain::{OrganisationId, Timestamp};
use envelope::DataKey;
use governance::{
    DataClass,
    ports::{CustodyError, KeyCustodian as _, StoredDataKey},
};
use testkit::{Samples, SeededSecrets};
use zeroize::Zeroizing;

fn key_file(path: &Path, seed: u64) -> KeyFile {
    KeyFile::new(path.to_owned(), Arc::new(SeededSecrets::new(seed)))
}

async fn stored(by: &KeyFile) -> StoredDataKey {
    let key = DataKey::new(3, Zeroizing::new([7; 32]));
    let (wrapping, wrapped) = by.wrap(b"place", &key).await.expect("wrapped");
    StoredDataKey {
        organisation: OrganisationId::from_uuid(Samples::new(1).id()),
        class: DataClass::Conversations,
        version: 3,
        wrapping,
        wrapped,
        created_at: Timestamp::from_micros(0),
    }
}

#[tokio::test]
async fn what_it_wraps_it_unwraps_while_the_file_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("wrapping.key");
    let file = key_file(&path, 1);
    assert!(file.id().unwrap_err().is_missing());
    let id = file.create().unwrap();
    assert_eq!(file.id().unwrap(), id);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing is left beside it");
    let stored = stored(&file).await;
    assert_eq!(stored.wrapping, id);
    assert_eq!(file.unwrap(b"place", &stored).await.unwrap().version(), 3);
    let refused = file.unwrap(b"another place", &stored).await;
    assert!(matches!(refused, Err(CustodyError::Refused { .. })));
    let away = directory.path().join("away");
    fs::rename(&path, &away).unwrap();
    let refused = file.unwrap(b"place", &stored).await;
    assert!(matches!(refused, Err(CustodyError::Missing { id: missing }) if missing == id));
    key_file(&path, 2).create().unwrap();
    let refused = file.unwrap(b"place", &stored).await;
    assert!(matches!(refused, Err(CustodyError::Missing { .. })), "another key in its place");
    fs::rename(&away, &path).unwrap();
    assert!(file.unwrap(b"place", &stored).await.is_ok());
}

#[tokio::test]
async fn a_key_is_never_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let file = key_file(&directory.path().join("wrapping.key"), 1);
    let id = file.create().unwrap();
    assert!(matches!(file.create(), Err(KeyFileError::Unwritable { .. })));
    assert_eq!(file.id().unwrap(), id);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_file_that_others_may_read_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("wrapping.key");
    let file = key_file(&path, 1);
    file.create().unwrap();
    let stored = stored(&file).await;
    for mode in [0o640, 0o604, 0o660, 0o777] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        assert!(matches!(file.id(), Err(KeyFileError::Open { mode: found, .. }) if found == mode));
        let refused = file.unwrap(b"place", &stored).await;
        assert!(matches!(refused, Err(CustodyError::Unavailable { .. })), "{mode:o}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    assert!(file.unwrap(b"place", &stored).await.is_ok());
}

#[tokio::test]
async fn other_files_are_told_from_keys() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("wrapping.key");
    for text in ["", "galerne-wrapping-key-1:", "00", &"a".repeat(1 << 20)] {
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(key_file(&path, 1).id(), Err(KeyFileError::Malformed { .. })));
    }
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    assert!(matches!(key_file(&path, 1).id(), Err(KeyFileError::Unreadable { .. })));
}

/// Killed between any two steps, every stored key can be unwrapped.
#[tokio::test]
async fn while_a_key_is_replaced_both_count() {
    let directory = tempfile::tempdir().unwrap();
    let file = key_file(&directory.path().join("wrapping.key"), 1);
    let before = file.create().unwrap();
    let old = stored(&file).await;
    let next = file.next();
    let after = key_file(next.path(), 2).create().unwrap();
    assert!(file.unwrap(b"place", &old).await.is_ok(), "made, and not in use yet");
    let new = stored(&next).await;
    assert_eq!((old.wrapping, new.wrapping), (before, after));
    assert!(file.unwrap(b"place", &new).await.is_ok(), "in use, and not in its place yet");
    file.replace().unwrap();
    assert!(file.unwrap(b"place", &new).await.is_ok());
    let gone = file.unwrap(b"place", &old).await;
    assert!(matches!(gone, Err(CustodyError::Missing { .. })), "the old one opens nothing now");
    assert!(next.id().unwrap_err().is_missing());
}
