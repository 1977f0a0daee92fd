//! Files that are opened, and files that are refused with a reason.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
};

use governance::ports::{AccessStore as _, AuditStore as _};
use sqlx::Connection as _;
use store::{OpenError, Store};
use tempfile::TempDir;
use testkit::Samples;
use tokio::task::JoinSet;

async fn refusal(path: &Path) -> OpenError {
    match Store::open(path).await {
        Ok(_) => panic!("opened {}", path.display()),
        Err(error) => error,
    }
}

/// The files of a refused database stay as they were.
async fn refused_untouched(path: &Path) -> OpenError {
    let before = fs::read(path).expect("readable");
    let error = refusal(path).await;
    assert_eq!(fs::read(path).expect("readable"), before, "changed by a refusal: {error}");
    assert!(!error.hint().is_empty());
    error
}

#[tokio::test]
async fn files_are_for_their_owner_alone() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("galerne.db");
    let store = Store::open(&path).await.expect("opened");
    store.append(&Samples::new(1).entry(None)).await.expect("appended");
    for name in ["galerne.db", "galerne.db-wal", "galerne.db-shm"] {
        let mode = fs::metadata(directory.path().join(name)).expect(name).permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn an_empty_file_becomes_a_database() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("galerne.db");
    fs::write(&path, b"").expect("written");
    let store = Store::open(&path).await.expect("opened");
    assert_eq!(store.home().await.expect("readable"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_may_open_a_new_database_at_once() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("galerne.db");
    let mut tasks = JoinSet::new();
    for seed in 0..6 {
        let path = path.clone();
        tasks.spawn(async move {
            let store = Store::open(&path).await.expect("opened");
            let samples = Samples::new(seed);
            let founding = samples.founding();
            let entry = samples.entry(Some(founding.organisation.id));
            store.found(&founding, &entry).await.expect("answered")
        });
    }
    let founded = tasks.join_all().await.into_iter().filter(|made| *made).count();
    assert_eq!(founded, 1, "one installation");
}

#[tokio::test]
async fn other_files_are_not_ours() {
    let directory = TempDir::new().expect("a directory");
    let text = directory.path().join("text.db");
    fs::write(&text, "not a database\n".repeat(1_000)).expect("written");
    let error = refused_untouched(&text).await;
    assert!(matches!(error, OpenError::NotOurs { .. }), "{error:?}");

    let other = directory.path().join("other.db");
    let mut connection = {
        fs::write(&other, b"").expect("written");
        crate::raw(&other).await
    };
    sqlx::query("CREATE TABLE audit (x)").execute(&mut connection).await.expect("created");
    connection.close().await.expect("closed");
    let error = refused_untouched(&other).await;
    assert!(matches!(error, OpenError::NotOurs { .. }), "{error:?}");

    let error = refusal(directory.path()).await;
    assert!(matches!(error, OpenError::NotOurs { .. }), "a directory: {error:?}");
}

#[tokio::test]
async fn damaged_files_are_called_so() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("galerne.db");
    Store::open(&path).await.expect("opened").close().await;
    let mut bytes = fs::read(&path).expect("readable");
    // The tree of the schema, after the header of the file.
    bytes[100..2_000].fill(0xa5);
    fs::write(&path, bytes).expect("written");
    let error = refused_untouched(&path).await;
    assert!(matches!(error, OpenError::Corrupt { .. }), "{error:?}");
}

#[tokio::test]
async fn a_place_that_does_not_exist_is_named() {
    let directory = TempDir::new().expect("a directory");
    let file = directory.path().join("file");
    fs::write(&file, b"").expect("written");
    let dangling = directory.path().join("dangling");
    symlink(directory.path().join("gone/galerne.db"), &dangling).expect("linked");
    for path in [directory.path().join("gone/galerne.db"), file.join("galerne.db")] {
        let error = refusal(&path).await;
        assert!(matches!(error, OpenError::NoDirectory { .. }), "{}: {error:?}", path.display());
        assert!(error.to_string().contains("does not exist"), "{error}");
    }
    let error = refusal(&dangling).await;
    assert!(matches!(error, OpenError::NotOurs { .. }), "{error:?}");
}

#[tokio::test]
async fn a_newer_database_is_refused() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("galerne.db");
    Store::open(&path).await.expect("opened").close().await;
    let mut connection = crate::raw(&path).await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'from the future', TRUE, x'00', 0)",
    )
    .execute(&mut connection)
    .await
    .expect("inserted");
    connection.close().await.expect("closed");
    let error = refused_untouched(&path).await;
    assert!(
        matches!(error, OpenError::NewerThanBinary { found: 9999, known: 13, .. }),
        "{error:?}"
    );
    assert!(error.hint().contains("newer Galerne"), "{}", error.hint());
}

#[tokio::test]
async fn a_database_with_another_migration_is_refused() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("galerne.db");
    Store::open(&path).await.expect("opened").close().await;
    let mut connection = crate::raw(&path).await;
    sqlx::query("UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 1")
        .execute(&mut connection)
        .await
        .expect("updated");
    connection.close().await.expect("closed");
    let error = refused_untouched(&path).await;
    assert!(matches!(error, OpenError::Diverged { version: 1, .. }), "{error:?}");
}
