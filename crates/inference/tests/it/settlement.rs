use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{Caller, OrganisationId, RequestId, Timestamp};
use governance::AuditEntry;
use inference::{
    AnsweredShare, ChatEvent, ChatLimits, FinishReason, UsageOpened, UsageRecord, UsageSettled,
    UsageTotal,
    ports::{LedgerError, UsageLedger},
};
use testkit::{Behaviour, FakeEngine, MemoryStore};
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};

use crate::{HANG, World, caller, question, read};

fn world(engine: FakeEngine) -> World {
    World::new(engine, ChatLimits::default())
}

#[tokio::test]
async fn an_answer_is_shown_charged_and_written_down() {
    let world = world(FakeEngine::new());
    let stream = world.chat.start(&caller(), question("one two three")).await.unwrap();
    let request = stream.request();
    let (text, last) = read(stream).await;
    assert_eq!(text, "one two three");
    let ChatEvent::Finished { reason: FinishReason::Stop, usage } = last else {
        panic!("{last:?}")
    };
    let row = world.row();
    assert_eq!(row.opened.request, request);
    assert_eq!(row.outcome, "finished");
    let figures = row.figures.unwrap();
    assert_eq!(figures.completion_tokens, usage.completion_tokens);
    let (recorded, shown) = (figures.energy_joules, usage.footprint.energy.joules.value());
    assert_eq!(recorded.to_bits(), shown.to_bits());
    assert_eq!(figures.grid_zone, "FR");
    let digest = "0".repeat(64).parse().unwrap();
    assert_eq!(row.opened.digest, Some(digest), "of the model that answered");
    let entry = world.store.audit_entries().pop().unwrap();
    let entry: serde_json::Value = serde_json::from_slice(&entry.canonical).unwrap();
    assert_eq!(entry["model"], digest.to_string());
    assert_eq!(world.outcomes(), ["ok"]);
}

#[tokio::test]
async fn row_and_entry_are_written_before_the_first_token() {
    let (engine, stepper) = FakeEngine::new().stepped();
    let world = world(engine);
    let stream = world.chat.start(&caller(), question("one two three")).await.unwrap();
    assert_eq!(world.row().outcome, "running");
    assert_eq!(world.outcomes(), ["ok"]);
    stepper.release();
    read(stream).await;
}

#[tokio::test]
async fn a_caller_that_leaves_is_charged_what_was_used() {
    let (engine, stepper) = FakeEngine::new().stepped();
    let world = world(engine);
    let mut stream = world.chat.start(&caller(), question("one two three four")).await.unwrap();
    stepper.step(2);
    for _ in 0..2 {
        timeout(HANG, stream.next()).await.unwrap().unwrap();
    }
    drop(stream);
    timeout(HANG, world.engine.reached(|counts| counts.cancelled == 1)).await.unwrap();
    timeout(HANG, world.chat.shut_down(HANG)).await.unwrap();
    let row = world.row();
    assert_eq!(row.outcome, "cancelled");
    assert_eq!(row.figures.unwrap().completion_tokens, 2);
}

#[tokio::test]
async fn a_caller_that_stops_is_told_what_was_used() {
    let (engine, stepper) = FakeEngine::new().stepped();
    let world = world(engine);
    let mut stream = world.chat.start(&caller(), question("one two three four")).await.unwrap();
    stepper.step(2);
    for _ in 0..2 {
        timeout(HANG, stream.next()).await.unwrap().unwrap();
    }
    stream.stop();
    let (rest, last) = read(stream).await;
    let ChatEvent::Stopped { usage } = last else { panic!("{last:?}") };
    assert_eq!((rest.as_str(), usage.completion_tokens), ("", 2));
    let row = world.row();
    assert_eq!((row.outcome.as_str(), row.figures.unwrap().completion_tokens), ("cancelled", 2));
    assert_eq!(world.engine.counts().finished, 0);
}

#[tokio::test]
async fn a_stop_before_the_first_token_and_one_after_the_end_are_no_errors() {
    let (engine, stepper) = FakeEngine::new().stepped();
    let world = world(engine);
    let stream = world.chat.start(&caller(), question("one two")).await.unwrap();
    stream.stop();
    let (text, last) = read(stream).await;
    assert!(text.is_empty() && matches!(last, ChatEvent::Stopped { .. }), "{text} {last:?}");

    stepper.release();
    let mut stream = world.chat.start(&caller(), question("one two")).await.unwrap();
    while let Some(event) = timeout(HANG, stream.next()).await.unwrap() {
        if matches!(event, ChatEvent::Finished { .. }) {
            stream.stop();
        }
    }
    stream.stop();
    assert_eq!(timeout(HANG, stream.next()).await.unwrap(), None);
    let outcomes: Vec<String> =
        world.store.usage_records().into_iter().map(|row| row.outcome).collect();
    assert_eq!(outcomes, ["cancelled", "finished"]);
}

#[tokio::test]
async fn an_answer_that_breaks_off_ends_with_its_usage() {
    let world = world(FakeEngine::new());
    world.engine.behave(Behaviour::FailAfter { tokens: 2 });
    let stream = world.chat.start(&caller(), question("one two three four")).await.unwrap();
    let (text, last) = read(stream).await;
    assert_eq!(text, "one two");
    assert!(matches!(last, ChatEvent::Failed { .. }), "{last:?}");
    assert_eq!(world.row().outcome, "failed");
}

#[tokio::test(start_paused = true)]
async fn a_finish_that_cannot_be_recorded_is_not_called_finished_and_recorded_later() {
    let (engine, stepper) = FakeEngine::new().stepped();
    let world = world(engine);
    let stream = world.chat.start(&caller(), question("one two")).await.unwrap();
    world.store.break_down();
    stepper.release();
    let (_, last) = read(stream).await;
    assert!(matches!(last, ChatEvent::Unrecorded { .. }), "{last:?}");
    sleep(Duration::from_secs(5)).await;
    world.store.repair();
    assert_eq!(world.row().outcome, "running");
    // The pause between two tries has grown to 4 s by now.
    sleep(Duration::from_secs(5)).await;
    assert_eq!(world.row().outcome, "finished");
    assert!(world.row().figures.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_does_not_wait_for_a_broken_ledger() {
    let (engine, stepper) = FakeEngine::new().stepped();
    let world = world(engine);
    let stream = world.chat.start(&caller(), question("one two")).await.unwrap();
    world.store.break_down();
    stepper.release();
    read(stream).await;
    timeout(HANG, world.chat.shut_down(Duration::from_secs(1))).await.unwrap();
    world.store.repair();
    assert_eq!(world.row().outcome, "running", "the next start closes it");
}

/// Has written the row, and keeps whoever waits for it waiting: a commit on its way to the disk.
pub(crate) struct LateLedger {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) written: Arc<Notify>,
    pub(crate) acknowledge: Arc<Notify>,
}

#[async_trait]
impl UsageLedger for LateLedger {
    async fn open(&self, usage: &UsageOpened, audit: &AuditEntry) -> Result<(), LedgerError> {
        self.store.open(usage, audit).await?;
        self.written.notify_one();
        self.acknowledge.notified().await;
        Ok(())
    }

    async fn settle(&self, usage: &UsageSettled) -> Result<(), LedgerError> {
        self.store.settle(usage).await
    }

    async fn find(
        &self,
        caller: &Caller,
        request: RequestId,
    ) -> Result<Option<UsageRecord>, LedgerError> {
        self.store.find(caller, request).await
    }

    async fn totals(&self, organisation: OrganisationId) -> Result<Vec<UsageTotal>, LedgerError> {
        self.store.totals(organisation).await
    }

    async fn shares(
        &self,
        organisation: OrganisationId,
        since: Timestamp,
    ) -> Result<Vec<AnsweredShare>, LedgerError> {
        self.store.shares(organisation, since).await
    }

    async fn close_interrupted(&self, at: Timestamp) -> Result<u64, LedgerError> {
        self.store.close_interrupted(at).await
    }
}

#[tokio::test]
async fn a_caller_that_leaves_while_its_entry_is_written_leaves_no_open_row() {
    let (engine, _stepper) = FakeEngine::new().stepped();
    let (written, acknowledge) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (seen, release) = (Arc::clone(&written), Arc::clone(&acknowledge));
    let world = World::with_ledger(engine, ChatLimits::default(), |store| {
        Arc::new(LateLedger { store, written, acknowledge })
    });
    let caller = caller();
    let start = world.chat.start(&caller, question("one two three"));
    tokio::select! {
        started = start => panic!("started before its entry was durable: {started:?}"),
        waited = timeout(HANG, seen.notified()) => waited.unwrap(),
    }
    assert_eq!(world.row().outcome, "running");
    release.notify_one();
    timeout(HANG, world.chat.shut_down(HANG)).await.unwrap();
    assert_eq!(world.row().outcome, "cancelled");
}
