//! What every `LogStore` does.

use domain::{AccountId, Caller, OrganisationId, Permissions, Principal, ProjectId};
use governance::{
    AuditEntry,
    ports::{AuditStore, EntryRef, FoundEntry, LogExtension, LogStore},
};
use inference::ports::UsageLedger;
use transparency_log::{Hash, TreeBuilder, decode_tile, leaf_hash};

use crate::Samples;

/// Runs every case, each on a store of its own from `make`, which must be empty.
pub async fn log_suite<S>(make: impl AsyncFn() -> S)
where
    S: LogStore + AuditStore + UsageLedger,
{
    entries_are_numbered_from_zero(make().await, &Samples::new(41)).await;
    entries_are_found_by_id_and_by_request(make().await, &Samples::new(42)).await;
    the_newest_time_is_known(make().await, &Samples::new(43)).await;
    tiles_and_checkpoints_grow_together(make().await, &Samples::new(44)).await;
    a_checkpoint_that_comes_too_late_changes_nothing(make().await, &Samples::new(45)).await;
    make().await.probe().await.expect("writable");
}

async fn entries_are_numbered_from_zero<S: LogStore + AuditStore>(store: S, samples: &Samples) {
    assert_eq!(store.entry_count().await.expect("read"), 0);
    assert_eq!(store.entries(0, 10).await.expect("read"), Vec::<Vec<u8>>::new());
    let written = append(&store, samples, 5).await;
    assert_eq!(store.entry_count().await.expect("read"), 5);
    let bytes: Vec<_> = written.into_iter().map(|entry| entry.canonical).collect();
    assert_eq!(store.entries(0, 10).await.expect("read"), bytes);
    assert_eq!(store.entries(1, 3).await.expect("read"), bytes[1..4]);
    assert_eq!(store.entries(4, 3).await.expect("read"), bytes[4..]);
    for index in [5, 6, u64::MAX] {
        assert_eq!(store.entries(index, 3).await.expect("read"), Vec::<Vec<u8>>::new());
    }
}

async fn entries_are_found_by_id_and_by_request<S>(store: S, samples: &Samples)
where
    S: LogStore + AuditStore + UsageLedger,
{
    let others = append(&store, samples, 2).await;
    let organisation = OrganisationId::from_uuid(samples.id());
    let caller = Caller {
        organisation,
        project: ProjectId::from_uuid(samples.id()),
        account: AccountId::from_uuid(samples.id()),
        principal: Principal::Operator,
        permissions: Permissions::NONE,
    };
    let opened = samples.opened(&caller);
    let entry = AuditEntry { request: Some(opened.request), ..samples.entry(Some(organisation)) };
    store.open(&opened, &entry).await.expect("opened");

    let asked_by = Some((organisation, Principal::Operator));
    let found = Some(FoundEntry { index: 2, asked_by });
    let by_request = store.find_entry(EntryRef::Request(opened.request)).await;
    assert_eq!(by_request.expect("read"), found);
    assert_eq!(store.find_entry(EntryRef::Entry(entry.id)).await.expect("read"), found);
    let other = store.find_entry(EntryRef::Entry(others[1].id)).await.expect("read");
    assert_eq!(other, Some(FoundEntry { index: 1, asked_by: None }));
    let unknown = EntryRef::Entry(samples.id());
    assert_eq!(store.find_entry(unknown).await.expect("read"), None);
}

async fn the_newest_time_is_known<S: LogStore + AuditStore>(store: S, samples: &Samples) {
    let written = append(&store, samples, 3).await;
    let (newest, found) = (written[2].at, store.newest_at().await.expect("read"));
    assert!(found <= newest && newest <= found.plus_seconds(1), "{found} for {newest}");
}

async fn tiles_and_checkpoints_grow_together<S: LogStore>(store: S, samples: &Samples) {
    assert_eq!(store.newest_checkpoint().await.expect("read"), None);
    assert_eq!(store.tile(0, 0).await.expect("read"), None);
    let mut tree = TreeBuilder::new();
    let mut leaves = Vec::new();
    for (old_size, new_size) in [(0, 3), (3, 256), (256, 700)] {
        grow(&mut tree, &mut leaves, new_size);
        let extension = extension(samples, &mut tree, old_size);
        assert!(store.extend(&extension).await.expect("written"));
        assert_eq!(store.newest_checkpoint().await.expect("read"), Some(extension.note));
        for (index, tile) in (0..).zip(leaves.chunks(256)) {
            let stored = store.tile(0, index).await.expect("read").expect("a tile");
            assert_eq!(decode_tile(&stored).expect("hashes"), tile, "tile {index} of {new_size}");
        }
    }
    assert_eq!(store.tile(0, 3).await.expect("read"), None);
    assert_eq!(store.tile(1, 0).await.expect("read").expect("a tile").len(), 2 * 32);
    let after = |size, limit| store.checkpoints_after(size, limit);
    assert_eq!(after(0, 10).await.expect("read").len(), 3);
    assert_eq!(after(3, 10).await.expect("read").len(), 2);
    assert_eq!(after(0, 1).await.expect("read"), ["checkpoint of 3"]);
    assert_eq!(after(700, 10).await.expect("read"), Vec::<String>::new());
}

async fn a_checkpoint_that_comes_too_late_changes_nothing<S: LogStore>(
    store: S,
    samples: &Samples,
) {
    let (mut tree, mut leaves) = (TreeBuilder::new(), Vec::new());
    grow(&mut tree, &mut leaves, 3);
    let first = extension(samples, &mut tree, 0);
    assert!(store.extend(&first).await.expect("written"));
    grow(&mut tree, &mut leaves, 5);
    let late = extension(samples, &mut tree, 0);
    assert!(!store.extend(&late).await.expect("answered"));
    assert_eq!(store.newest_checkpoint().await.expect("read"), Some(first.note));
    assert_eq!(store.tile(0, 0).await.expect("read").expect("a tile").len(), 3 * 32);
}

async fn append<S: AuditStore>(store: &S, samples: &Samples, count: usize) -> Vec<AuditEntry> {
    let mut written = Vec::new();
    for _ in 0..count {
        let entry = samples.entry(None);
        store.append(&entry).await.expect("appended");
        written.push(entry);
    }
    written
}

fn grow(tree: &mut TreeBuilder, leaves: &mut Vec<Hash>, size: u64) {
    while tree.size() < size {
        let leaf = leaf_hash(&tree.size().to_be_bytes());
        tree.push(leaf);
        leaves.push(leaf);
    }
}

fn extension(samples: &Samples, tree: &mut TreeBuilder, old_size: u64) -> LogExtension {
    LogExtension {
        old_size,
        new_size: tree.size(),
        tiles: tree.take_changed(),
        note: format!("checkpoint of {}", tree.size()),
        at: samples.now(),
    }
}
