//! The keeper of the log on an in-memory store and witness: what is signed, published, refused.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{Clock as _, Timestamp};
use governance::{
    Action, AuditError, AuditFact, Log, LogError, LogFault, LogParts, LogReader, Outside, Subject,
    ports::{EntryRef, FoundEntry, LogExtension, LogStore, StoreError, Witness},
};
use testkit::{MemoryStore, MemoryWitness};
use transparency_log::{Finding, Signer, leaf_hash};

use crate::World;

const SEED: [u8; 32] = [5; 32];
const GRACE: Duration = Duration::from_mins(10);

fn signer() -> Signer {
    Signer::from_seed("example.org/log", SEED).unwrap()
}

async fn open(world: &World, witness: &MemoryWitness) -> Result<Log, LogError> {
    let witness: Arc<dyn Witness> = Arc::new(witness.clone());
    Log::open(LogParts {
        store: world.store.clone(),
        signer: signer(),
        witness,
        clock: Arc::new(world.clock.clone()),
        gate: world.gate.clone(),
        every: Duration::from_secs(5),
        witness_grace: GRACE,
    })
    .await
}

async fn access(world: &World, times: usize) {
    let caller = world.access.operator().await.unwrap();
    let fact = AuditFact::ok(Action::ModelList, caller, Subject::Nothing);
    for _ in 0..times {
        world.trail.record(&fact).await.unwrap();
    }
}

/// A log of some entries that the witness holds.
async fn kept(entries: usize) -> (World, MemoryWitness, Log) {
    let world = World::founded().await;
    let witness = MemoryWitness::new(signer().verifier());
    access(&world, entries).await;
    let log = open(&world, &witness).await.unwrap();
    log.checkpoint().await.unwrap();
    (world, witness, log)
}

#[tokio::test]
async fn every_entry_is_signed_and_proven() {
    let (world, _, log) = kept(600).await;
    let status = log.status();
    let checkpoint = status.checkpoint.unwrap();
    assert_eq!((checkpoint.size, status.witness_size), (601, 601));
    assert_eq!((status.behind_since, status.faults.len()), (None, 0));
    for index in [0, 1, 255, 256, 600] {
        let evidence = log.reader().prove(index).await.unwrap();
        let entry = world.store.entries(index, 1).await.unwrap().remove(0);
        let proven = evidence.verify(&entry, &signer().verifier()).unwrap();
        assert_eq!(proven, checkpoint);
        assert!(evidence.verify(b"another", &signer().verifier()).is_err());
    }
    assert!(log.reader().prove(601).await.is_err());
    assert_eq!(log.reader().examine(Outside::default()).await.unwrap().unwrap().size, 601);
}

#[tokio::test]
async fn a_start_goes_on_where_the_last_one_ended() {
    let (world, witness, log) = kept(3).await;
    let first = log.status().checkpoint.unwrap();
    access(&world, 300).await;
    let second = open(&world, &witness).await.unwrap().checkpoint().await.unwrap().unwrap();
    assert_eq!((first.size, second.size), (4, 304));
    let proof = log.reader().consistency(4, 304).await.unwrap();
    transparency_log::verify_consistency(4, &first.root, 304, &second.root, &proof).unwrap();
}

#[tokio::test]
async fn nothing_new_is_signed_once() {
    let (_world, witness, log) = kept(3).await;
    for _ in 0..3 {
        assert_eq!(log.checkpoint().await.unwrap().unwrap().size, 4);
    }
    let sizes: Vec<_> = witness.checkpoints().iter().map(|checkpoint| checkpoint.size).collect();
    assert_eq!(sizes, [0, 4], "the empty log asks where the witness stands");
}

#[tokio::test]
async fn an_older_store_is_not_taken_up() {
    let (world, witness, _) = kept(10).await;
    world.store.roll_back(0);
    let error = open(&world, &witness).await.map(drop).unwrap_err();
    assert!(matches!(error, LogError::RolledBack { witness_size: 11, size: 0, .. }), "{error:?}");

    let (world, witness, log) = kept(10).await;
    access(&world, 5).await;
    log.checkpoint().await.unwrap();
    world.store.roll_back(11);
    let error = open(&world, &witness).await.map(drop).unwrap_err();
    assert!(matches!(error, LogError::RolledBack { witness_size: 16, size: 11, .. }), "{error:?}");
    assert_eq!(error.fault(), LogFault::RolledBack);
}

#[tokio::test]
async fn another_history_is_not_taken_up() {
    let (_, witness, _) = kept(10).await;
    let other = World::seeded(crate::SEED + 9).await;
    access(&other, 10).await;
    let elsewhere = MemoryWitness::new(signer().verifier());
    open(&other, &elsewhere).await.unwrap().checkpoint().await.unwrap();
    let error = open(&other, &witness).await.map(drop).unwrap_err();
    assert!(matches!(error, LogError::Forked { .. }), "{error:?}");
}

#[tokio::test]
async fn a_running_log_closes_when_the_witness_holds_more() {
    let (world, witness, log) = kept(10).await;
    access(&world, 1).await;
    // Another process on the same store, as `galerne audit checkpoint`.
    let ahead = open(&world, &witness).await.unwrap().checkpoint().await.unwrap().unwrap();
    assert_eq!(ahead.size, 12);
    world.store.roll_back(11);
    let error = log.checkpoint().await.unwrap_err();
    assert_eq!(error.fault(), LogFault::RolledBack);
}

#[tokio::test]
async fn a_falsified_entry_is_named_and_closes_the_log() {
    let (world, _, log) = kept(300).await;
    world.store.falsify(270, b"{}".to_vec());
    assert_eq!(log.examine().await.unwrap(), [Finding::Edited { leaf: 270 }]);
    assert_eq!(world.gate.closed(), Some(LogFault::Altered));
    let caller = world.access.operator().await;
    let fact = AuditFact::ok(Action::ModelList, caller.unwrap(), Subject::Nothing);
    let refused = world.trail.record(&fact).await;
    assert!(matches!(refused, Err(AuditError::Closed { fault: LogFault::Altered })));
}

/// The newest one alone would still be what was signed.
#[tokio::test]
async fn an_older_checkpoint_that_makes_no_sense_closes_the_log() {
    let (world, _, log) = kept(3).await;
    access(&world, 3).await;
    log.checkpoint().await.unwrap();
    world.store.falsify_checkpoint(4, "nonsense");
    let error = log.examine().await.unwrap_err();
    assert_eq!(error.fault(), LogFault::Altered, "{error:?}");
    assert_eq!(world.gate.closed(), Some(LogFault::Altered));
}

#[tokio::test]
async fn a_falsified_tile_above_the_leaves_is_found() {
    let (world, _, log) = kept(600).await;
    world.store.falsify_tile(1, 0);
    assert_eq!(log.examine().await.unwrap(), [Finding::TilesAltered { leaf: 0 }]);
}

/// Signs what is new as soon as the first tile was read.
struct SignsMeanwhile {
    store: Arc<MemoryStore>,
    log: Log,
}

#[async_trait]
impl LogStore for SignsMeanwhile {
    async fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let tile = self.store.tile(level, index).await;
        self.log.checkpoint().await.unwrap();
        tile
    }

    async fn entry_count(&self) -> Result<u64, StoreError> {
        self.store.entry_count().await
    }

    async fn entries(&self, index: u64, limit: u32) -> Result<Vec<Vec<u8>>, StoreError> {
        self.store.entries(index, limit).await
    }

    async fn find_entry(&self, wanted: EntryRef) -> Result<Option<FoundEntry>, StoreError> {
        self.store.find_entry(wanted).await
    }

    async fn newest_at(&self) -> Result<Timestamp, StoreError> {
        self.store.newest_at().await
    }

    async fn newest_checkpoint(&self) -> Result<Option<String>, StoreError> {
        self.store.newest_checkpoint().await
    }

    async fn checkpoints_after(&self, size: u64, limit: u32) -> Result<Vec<String>, StoreError> {
        self.store.checkpoints_after(size, limit).await
    }

    async fn probe(&self) -> Result<(), StoreError> {
        self.store.probe().await
    }

    async fn extend(&self, extension: &LogExtension) -> Result<bool, StoreError> {
        self.store.extend(extension).await
    }
}

/// The tile that was read first ends before the one that was read after the checkpoint begins.
#[tokio::test]
async fn an_examination_passes_while_the_log_grows() {
    for signed in [10, 200, 255, 256, 300] {
        let (world, _, log) = kept(signed).await;
        access(&world, 300).await;
        let store = SignsMeanwhile { store: world.store.clone(), log: log.clone() };
        let reader = LogReader::new(Arc::new(store), signer().verifier());
        let examined = reader.examine(Outside::default()).await.unwrap();
        assert_eq!(examined.map(|examined| examined.size), Ok(signed as u64 + 301), "{signed}");
    }
}

#[tokio::test]
async fn an_entry_that_is_gone_is_named() {
    let (world, witness, log) = kept(20).await;
    assert_eq!(log.examine().await.unwrap(), []);
    world.store.roll_back_entries(15);
    let findings = log.examine().await.unwrap();
    assert_eq!(findings, [Finding::Truncated { size: 15, signed_size: 21 }]);
    let error = open(&world, &witness).await.map(drop).unwrap_err();
    assert!(matches!(error, LogError::Truncated { entries: 15, signed_size: 21 }), "{error:?}");
}

#[tokio::test]
async fn a_witness_that_is_away_too_long_closes_the_log_until_it_is_back() {
    let (world, witness, log) = kept(3).await;
    witness.go_away();
    access(&world, 1).await;
    log.checkpoint().await.unwrap();
    let status = log.status();
    assert_eq!((status.witness_size, status.behind_since), (4, Some(world.clock.now())));
    assert_eq!(status.faults, []);
    world.clock.advance(GRACE);
    log.checkpoint().await.unwrap();
    assert_eq!(log.status().faults, [LogFault::WitnessLate]);
    witness.come_back();
    let checkpoint = log.checkpoint().await.unwrap().unwrap();
    let status = log.status();
    assert_eq!((status.witness_size, status.behind_since), (checkpoint.size, None));
    assert_eq!(status.faults, []);
}

#[tokio::test]
async fn a_log_starts_without_its_witness() {
    let world = World::founded().await;
    let witness = MemoryWitness::new(signer().verifier());
    witness.go_away();
    let log = open(&world, &witness).await.unwrap();
    log.checkpoint().await.unwrap();
    assert_eq!(log.status().witness_size, 0);
    witness.come_back();
    log.checkpoint().await.unwrap();
    assert_eq!(log.status().witness_size, 1);
}

#[tokio::test]
async fn a_clock_behind_the_newest_entry_stops_a_start() {
    let (world, witness, _) = kept(3).await;
    world.clock.go_back(Duration::from_secs(299));
    open(&world, &witness).await.unwrap();
    world.clock.go_back(Duration::from_hours(1));
    let error = open(&world, &witness).await.map(drop).unwrap_err();
    assert!(matches!(error, LogError::ClockMovedBack { .. }), "{error:?}");
}

#[tokio::test]
async fn leaves_are_the_canonical_bytes() {
    let (world, _, log) = kept(2).await;
    let recorded = log.reader().recorded(0).await.unwrap().unwrap();
    let entries = world.store.audit_entries();
    let leaves: Vec<_> = entries.iter().map(|entry| leaf_hash(&entry.canonical)).collect();
    assert_eq!(recorded, leaves);
}
