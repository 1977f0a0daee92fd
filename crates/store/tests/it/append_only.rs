//! The audit table against whoever has a shell and SQL.

use governance::ports::AuditStore as _;
use store::Store;
use tempfile::TempDir;
use testkit::Samples;

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
