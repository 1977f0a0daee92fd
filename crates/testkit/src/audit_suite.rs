//! What every `AuditStore` does.

use std::sync::Arc;

use domain::OrganisationId;
use governance::{AuditEntry, ports::AuditStore};
use tokio::task::JoinSet;

use crate::Samples;

/// Runs every case, each on a store of its own from `make`, which must be empty.
pub async fn audit_suite<S>(make: impl AsyncFn() -> S)
where
    S: AuditStore + Clone + 'static,
{
    entries_are_read_as_they_were_written(make().await, &Samples::new(21)).await;
    pages_join_without_gaps(make().await, &Samples::new(22)).await;
    an_id_is_written_once(make().await, &Samples::new(23)).await;
    many_append_at_once(make().await, Samples::new(24)).await;
}

async fn entries_are_read_as_they_were_written<S: AuditStore>(store: S, samples: &Samples) {
    let first = Some(OrganisationId::from_uuid(samples.id()));
    let second = Some(OrganisationId::from_uuid(samples.id()));
    let mut written = Vec::new();
    for organisation in [first, None, second, first, None, first] {
        let mut entry = samples.entry(organisation);
        // Bytes, not text: nothing may be normalised.
        entry.canonical.extend_from_slice(b"\x00\xff\r\n ");
        store.append(&entry).await.expect("appended");
        written.push(entry);
    }
    for organisation in [first, second, None] {
        let expected: Vec<&AuditEntry> =
            written.iter().filter(|entry| entry.organisation == organisation).collect();
        let read = read_after(&store, organisation, 0, 100).await;
        assert_eq!(read.iter().map(|(_, entry)| entry).collect::<Vec<_>>(), expected);
        assert!(read.is_sorted_by(|left, right| left.0 < right.0), "sequences ascend");
        assert_eq!(read_after(&store, organisation, 0, 100).await, read, "and stay");
    }
    let stranger = Some(OrganisationId::from_uuid(samples.id()));
    assert_eq!(read_after(&store, stranger, 0, 100).await, []);
}

async fn pages_join_without_gaps<S: AuditStore>(store: S, samples: &Samples) {
    let organisation = Some(OrganisationId::from_uuid(samples.id()));
    for _ in 0..7 {
        store.append(&samples.entry(organisation)).await.expect("appended");
        store.append(&samples.entry(None)).await.expect("appended");
    }
    let whole = read_after(&store, organisation, 0, 100).await;
    assert_eq!(whole.len(), 7);
    let mut pages = Vec::new();
    loop {
        let after = pages.last().map_or(0, |(sequence, _): &(u64, AuditEntry)| *sequence);
        let page = read_after(&store, organisation, after, 3).await;
        assert!(page.len() <= 3, "never more than asked for");
        if page.is_empty() {
            break;
        }
        pages.extend(page);
    }
    assert_eq!(pages, whole);
    assert_eq!(read_after(&store, organisation, u64::MAX, 3).await, []);
    assert_eq!(read_after(&store, organisation, 0, 0).await, []);
}

async fn an_id_is_written_once<S: AuditStore>(store: S, samples: &Samples) {
    let organisation = Some(OrganisationId::from_uuid(samples.id()));
    let entry = samples.entry(organisation);
    store.append(&entry).await.expect("appended");
    let forged = AuditEntry { id: entry.id, ..samples.entry(organisation) };
    store.append(&forged).await.expect_err("entries are never replaced");
    let elsewhere = AuditEntry { id: entry.id, ..samples.entry(None) };
    store.append(&elsewhere).await.expect_err("entries are never replaced");
    let read = read_after(&store, organisation, 0, 100).await;
    assert_eq!(read.iter().map(|(_, entry)| entry).collect::<Vec<_>>(), [&entry]);
    assert_eq!(read_after(&store, None, 0, 100).await, []);
}

async fn many_append_at_once<S>(store: S, samples: Samples)
where
    S: AuditStore + Clone + 'static,
{
    let samples = Arc::new(samples);
    let organisation = Some(OrganisationId::from_uuid(samples.id()));
    let mut tasks = JoinSet::new();
    for _ in 0..64 {
        let (store, samples) = (store.clone(), Arc::clone(&samples));
        tasks.spawn(async move {
            let entry = samples.entry(organisation);
            store.append(&entry).await.expect("appended");
            // Readable as soon as it is acknowledged.
            let read = read_after(&store, organisation, 0, 100).await;
            assert!(read.iter().any(|(_, kept)| *kept == entry), "acknowledged but not there");
        });
    }
    tasks.join_all().await;
    let read = read_after(&store, organisation, 0, 100).await;
    assert_eq!(read.len(), 64);
    assert!(read.is_sorted_by(|left, right| left.0 < right.0), "every sequence once");
}

async fn read_after<S: AuditStore>(
    store: &S,
    organisation: Option<OrganisationId>,
    sequence: u64,
    limit: u32,
) -> Vec<(u64, AuditEntry)> {
    store.read_after(organisation, sequence, limit).await.expect("readable")
}
