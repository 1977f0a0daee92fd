//! A database that the first version wrote is read by this one.

#[path = "../fixtures/v0001/rows.rs"]
mod rows;

use std::{fs, path::PathBuf};

use domain::{OrganisationId, Timestamp};
use governance::ports::{AccessStore as _, AuditStore as _};
use inference::ports::UsageLedger as _;
use store::Store;
use tempfile::TempDir;
use testkit::{UsageFigures, UsageRecord, UsageRows as _};

use crate::rows::Rows;

/// A copy: opening a database may change it.
fn copy() -> (TempDir, PathBuf) {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/v0001/galerne.db");
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("galerne.db");
    // Not a copy of the file's mode: a checkout may be read-only.
    fs::write(&path, fs::read(source).expect("the fixture")).expect("copied");
    (directory, path)
}

fn organisation() -> OrganisationId {
    rows::founding().organisation.id
}

#[tokio::test]
async fn tenants_keys_links_and_sessions_are_there() {
    let (_directory, path) = copy();
    let store = Store::open(&path).await.expect("opened");
    let founding = rows::founding();
    let home = store.home().await.expect("read");
    assert_eq!(home, Some((founding.organisation.clone(), founding.project.clone())));
    let key = store.pseudonym_key(organisation()).await.expect("read");
    assert_eq!(key, Some(founding.pseudonym_key));
    let first = store.find_key(founding.key.key.id).await.expect("read");
    assert_eq!(first.as_ref(), Some(&founding.key));
    let mut second = rows::second_key();
    second.key.revoked_at = Some(rows::time(20));
    let listed = store.list_keys(organisation(), founding.project.id).await.expect("read");
    assert_eq!(listed, [second.key, founding.key.key]);

    let at = rows::time(45);
    let link = store.find_link(&rows::link().token, at).await.expect("read");
    assert_eq!(link, Some(rows::link()));
    let used = store.find_link(&rows::used_link().token, at).await.expect("read");
    assert_eq!(used, None);
    let session = store.find_session(&rows::session().token, at).await.expect("read");
    assert_eq!(session, Some(rows::session()));
}

#[tokio::test]
async fn usage_and_audit_are_there() {
    let (_directory, path) = copy();
    let store = Store::open(&path).await.expect("opened");
    let entries = rows::entries();
    let (refused, ours) = entries.split_last().expect("entries");
    let numbered: Vec<_> = (1..).zip(ours.iter().cloned()).collect();
    let read = store.read_after(Some(organisation()), 0, 100).await.expect("read");
    assert_eq!(read, numbered);
    let read = store.read_after(None, 0, 100).await.expect("read");
    assert_eq!(read, [(9, refused.clone())]);

    let settled = rows::settled();
    let finished = UsageRecord {
        opened: rows::opened(),
        outcome: "finished".to_owned(),
        settled_at: Some(settled.settled_at),
        figures: Some(UsageFigures::from(&settled.usage)),
    };
    let ended = |outcome: &str, settled_at: Option<Timestamp>| UsageRecord {
        opened: rows::running(),
        outcome: outcome.to_owned(),
        settled_at,
        figures: None,
    };
    let usage = Rows(path);
    let expected = [finished.clone(), ended("running", None)];
    assert_eq!(usage.usage_rows(organisation()).await, expected);

    let at = rows::time(100);
    assert_eq!(store.close_interrupted(at).await.expect("closed"), 1);
    let expected = [finished, ended("interrupted", Some(at))];
    assert_eq!(usage.usage_rows(organisation()).await, expected);
}

/// Whatever a later version adds, the fixture of this one stays as it was written.
#[test]
fn the_fixture_is_frozen() {
    let (_directory, path) = copy();
    let bytes = fs::read(path).expect("the fixture");
    assert_eq!(&bytes[..16], b"SQLite format 3\0");
    assert!(bytes.len() < 200_000, "a small file");
    // The application id stands at offset 68 of every SQLite file.
    assert_eq!(&bytes[68..72], b"GLRN");
}
