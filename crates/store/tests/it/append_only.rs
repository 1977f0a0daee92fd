//! The audit table against whoever has a shell and SQL.

use domain::{Caller, OrganisationId, Principal, Timestamp};
use governance::{
    AuditEntry,
    ports::{AuditStore as _, LogExtension, LogStore as _},
};
use inference::{UsageOutcome, ports::UsageLedger as _};
use store::Store;
use tempfile::TempDir;
use testkit::Samples;
use transparency_log::{TreeBuilder, decode_tile, leaf_hash};

#[tokio::test]
async fn no_statement_changes_or_removes_an_entry() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("galerne.db");
    let store = Store::open(&path).await.expect("opened");
    let samples = Samples::new(1);
    for _ in 0..3 {
        store.append(&samples.entry(None)).await.expect("appended");
    }
    let before = store.read_after(None, 0, 10).await.expect("read");
    let mut connection = crate::raw(&path).await;
    for statement in [
        "UPDATE audit SET outcome = 'ok'",
        "UPDATE audit SET sequence = sequence + 100",
        "UPDATE audit SET canonical = zeroblob(1) WHERE sequence = 1",
        "UPDATE OR REPLACE audit SET id = zeroblob(16) WHERE sequence = 3",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE sequence = 3",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE sequence = 2",
        "REPLACE INTO audit (sequence, id, at, action, outcome, canonical) \
         VALUES (2, zeroblob(16), 0, 'x', 'x', x'00')",
        "REPLACE INTO audit (id, at, action, outcome, canonical) \
         SELECT id, 0, 'x', 'x', x'00' FROM audit WHERE sequence = 3",
        "INSERT INTO audit (id, at, action, outcome, canonical) \
         SELECT id, 0, 'x', 'x', x'00' FROM audit WHERE sequence = 3 \
         ON CONFLICT (id) DO UPDATE SET action = 'forged'",
    ] {
        let done = sqlx::query(statement).execute(&mut connection).await;
        assert!(done.is_err(), "accepted: {statement}");
        let after = store.read_after(None, 0, 10).await.expect("read");
        assert_eq!(after, before, "{statement}");
    }
    // What is refused leaves no gap, and the trail goes on.
    let next = samples.entry(None);
    store.append(&next).await.expect("appended");
    let last = store.read_after(None, 3, 10).await.expect("read");
    assert_eq!(last, [(4, next)]);
}

#[tokio::test]
async fn no_statement_changes_or_removes_what_was_signed() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("galerne.db");
    let store = Store::open(&path).await.expect("opened");
    let samples = Samples::new(2);
    let mut tree = TreeBuilder::new();
    (0_u8..3).for_each(|leaf| tree.push(leaf_hash(&[leaf])));
    let extension = LogExtension {
        old_size: 0,
        new_size: 3,
        tiles: tree.take_changed(),
        note: "a checkpoint".to_owned(),
        at: samples.now(),
    };
    assert!(store.extend(&extension).await.expect("extended"));
    let mut connection = crate::raw(&path).await;
    for statement in [
        "UPDATE log_tile SET hashes = zeroblob(96)",
        "UPDATE log_tile SET hashes = substr(hashes, 1, 64)",
        "UPDATE log_tile SET position = 1",
        "DELETE FROM log_tile",
        "INSERT OR REPLACE INTO log_tile VALUES (0, 0, zeroblob(96))",
        "UPDATE log_checkpoint SET note = 'another'",
        "DELETE FROM log_checkpoint",
        "INSERT OR REPLACE INTO log_checkpoint VALUES (3, 'another', 0)",
        "INSERT INTO log_checkpoint VALUES (2, 'an earlier one', 0)",
    ] {
        let done = sqlx::query(statement).execute(&mut connection).await;
        assert!(done.is_err(), "accepted: {statement}");
    }
    let tile = store.tile(0, 0).await.expect("read").expect("a tile");
    assert_eq!(decode_tile(&tile).expect("hashes"), extension.tiles[0].1);
    assert_eq!(store.newest_checkpoint().await.expect("read"), Some(extension.note));
}

#[tokio::test]
async fn the_clock_never_goes_back_unless_the_operator_says_so() {
    let store = Store::in_memory().await.expect("opened");
    let samples = Samples::new(3);
    let entry = |seconds: i64, action: &str| {
        let at = Timestamp::from_micros(1_800_000_000_000_000).plus_seconds(seconds);
        AuditEntry { at, action: action.to_owned(), ..samples.entry(None) }
    };
    store.append(&entry(0, "model.list")).await.expect("appended");
    store.append(&entry(-300, "model.list")).await.expect("five minutes are customary");
    store.append(&entry(-301, "model.list")).await.expect_err("more are not");
    store.append(&entry(3_600, "model.list")).await.expect("forward is free");
    store.append(&entry(10, "model.list")).await.expect_err("the newest counts, not the last");
    store.append(&entry(10, "clock.accept")).await.expect("the operator's word");
    store.append(&entry(11, "model.list")).await.expect("counted from there");
    assert_eq!(store.newest_at().await.expect("read"), entry(10, "").at, "noted once a second");
    assert_eq!(store.entry_count().await.expect("read"), 5, "refused entries leave no gap");
}

#[tokio::test]
async fn no_statement_changes_what_answered_a_request() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("galerne.db");
    let store = Store::open(&path).await.expect("opened");
    let samples = Samples::new(3);
    let organisation = OrganisationId::from_uuid(samples.id());
    let project = samples.founding().project;
    let caller = Caller { organisation, ..samples.caller(&project, Principal::Operator) };
    let opened = samples.opened(&caller);
    store.open(&opened, &samples.entry(Some(organisation))).await.expect("opened");
    let before = store.find(&caller, opened.request).await.expect("read");
    let mut connection = crate::raw(&path).await;
    for statement in [
        "UPDATE usage SET model_digest = zeroblob(32)",
        "UPDATE usage SET model_digest = NULL",
        "UPDATE usage SET deployment_id = NULL",
        "UPDATE usage SET deployment_id = deployment_id + 1",
        "UPDATE usage SET deployment_id = NULL, outcome = 'failed'",
        "UPDATE deployment SET statement = '{}'",
        "UPDATE OR REPLACE deployment SET id = 7",
        "DELETE FROM deployment",
        "INSERT OR REPLACE INTO deployment (id, statement) VALUES (1, '{}')",
        "INSERT OR REPLACE INTO deployment (statement) SELECT statement FROM deployment",
    ] {
        let done = sqlx::query(statement).execute(&mut connection).await;
        assert!(done.is_err(), "accepted: {statement}");
        assert_eq!(store.find(&caller, opened.request).await.expect("read"), before, "{statement}");
    }
    // Settling it goes on as before, and the next request of the same server adds no row.
    store.settle(&samples.settled(&opened, UsageOutcome::Finished)).await.expect("settled");
    let next = samples.opened(&caller);
    store.open(&next, &samples.entry(Some(organisation))).await.expect("opened");
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM deployment")
        .fetch_one(&mut connection)
        .await
        .expect("counted");
    assert_eq!(rows, 1);
}
