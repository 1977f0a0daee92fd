//! An assistant whose engine says one token a step.

use std::{sync::Arc, time::Duration};

use assistant::{
    Append, Assistant, AssistantError, AssistantParts, Entry, HistoryPart, Idempotency, Question,
    Start, TurnEvent, TurnRead, TurnReader, TurnSettings, ports::ConversationStore,
};
use carbon_ledger::factors;
use domain::{Caller, ConversationId, EntryId, Principal};
use governance::{
    LogGate, Rulebook, Trail, TrailParts,
    ports::{AccessStore as _, Founding},
};
use inference::{Chat, ChatLimits, Metering, Parts, Site, UsageRecord};
use testkit::{
    FakeEngine, MemoryStore, Samples, SeededIds, SeededSecrets, SimulatedClock, Stepper,
    without_budgets,
};
use tokio::time::timeout;

use crate::failing_store::FailingStore;

/// No step takes longer on a working context, however slow the machine.
pub(crate) const HANG: Duration = Duration::from_mins(10);

pub(crate) struct World {
    pub(crate) engine: FakeEngine,
    pub(crate) stepper: Stepper,
    pub(crate) memory: Arc<MemoryStore>,
    pub(crate) store: Arc<FailingStore>,
    pub(crate) assistant: Assistant,
    pub(crate) caller: Caller,
    /// Ids go on over restarts.
    ids: Arc<SeededIds>,
}

impl World {
    /// Nothing is said until the stepper says so.
    pub(crate) async fn stepped() -> Self {
        let memory = Arc::new(MemoryStore::default());
        let samples = Samples::new(1);
        let founding = samples.founding();
        let entry = samples.entry(Some(founding.organisation.id));
        assert!(memory.found(&founding, &entry).await.unwrap());
        Self::over(memory, caller(&founding), Arc::new(SeededIds::new(2)))
    }

    /// Tokens come as fast as they are taken.
    pub(crate) async fn new() -> Self {
        let world = Self::stepped().await;
        world.stepper.release();
        world
    }

    /// Another process on the same store, after the death of this one.
    pub(crate) async fn reborn(&self) -> Self {
        let world = Self::over(self.memory.clone(), self.caller, self.ids.clone());
        world.assistant.close_interrupted().await.unwrap();
        world
    }

    fn over(memory: Arc<MemoryStore>, caller: Caller, ids: Arc<SeededIds>) -> Self {
        let (engine, stepper) = FakeEngine::new().stepped();
        let clock = Arc::new(SimulatedClock::default());
        let trail = Trail::new(TrailParts {
            audit: memory.clone(),
            access: memory.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            secrets: Arc::new(SeededSecrets::new(3)),
            gate: LogGate::default(),
        });
        let site = Site { name: "test site".to_owned(), zone: "FR".to_owned() };
        let budgets = without_budgets(memory.clone(), trail.clone(), clock.clone());
        let chat = Chat::new(Parts {
            engine: Arc::new(engine.clone()),
            ledger: memory.clone(),
            trail: trail.clone(),
            rules: Rulebook::without_rules(),
            budgets,
            clock: clock.clone(),
            ids: ids.clone(),
            metering: Metering::new(site, factors::grid("FR").unwrap()),
            limits: ChatLimits::default(),
        });
        let store = Arc::new(FailingStore::new(memory.clone()));
        let parts = AssistantParts {
            chat,
            store: store.clone() as Arc<dyn ConversationStore>,
            trail,
            clock,
            ids: ids.clone(),
        };
        let assistant = Assistant::new(parts);
        Self { engine, stepper, memory, store, assistant, caller, ids }
    }

    pub(crate) async fn start(&self, text: &str) -> TurnReader {
        timeout(HANG, self.assistant.start(&self.caller, start(text))).await.unwrap().unwrap()
    }

    pub(crate) async fn append(
        &self,
        id: ConversationId,
        append: Append,
    ) -> Result<TurnReader, AssistantError> {
        timeout(HANG, self.assistant.append(&self.caller, id, append)).await.unwrap()
    }

    /// A conversation of one turn.
    pub(crate) async fn asked(&self, text: &str) -> (ConversationId, EntryId) {
        let reader = self.start(text).await;
        let ids = (reader.conversation(), reader.entry());
        read(reader).await;
        ids
    }

    pub(crate) async fn entries(&self, id: ConversationId) -> Vec<Entry> {
        let history = self.assistant.history(&self.caller, id, HistoryPart::All).await;
        history.unwrap().entries
    }

    pub(crate) async fn kept(&self, (conversation, entry): (ConversationId, EntryId)) -> Entry {
        let scope = (&self.caller).into();
        self.memory.entry(scope, conversation, entry).await.unwrap().unwrap()
    }

    /// The only usage row.
    pub(crate) fn row(&self) -> UsageRecord {
        let mut rows = self.memory.usage_records();
        assert_eq!(rows.len(), 1, "{rows:?}");
        rows.remove(0)
    }

    /// What was written down since the founding: action and outcome.
    pub(crate) fn trail(&self) -> Vec<(String, String)> {
        let entries = self.memory.audit_entries().into_iter().skip(1);
        entries.map(|entry| (entry.action, entry.outcome)).collect()
    }
}

fn caller(founding: &Founding) -> Caller {
    Caller {
        organisation: founding.organisation.id,
        project: founding.project.id,
        account: founding.owner.id,
        principal: Principal::Operator,
        permissions: founding.owner.role.permissions(),
    }
}

pub(crate) fn start(text: &str) -> Start {
    Start {
        name: None,
        description: None,
        instructions: None,
        model: FakeEngine::model(),
        settings: TurnSettings::default(),
        metadata: None,
        question: question(text),
        idempotency: None,
    }
}

pub(crate) fn question(text: &str) -> Question {
    Question { text: text.to_owned(), attachments: Vec::new() }
}

pub(crate) fn ask(text: &str) -> Append {
    Append { question: Some(question(text)), ..Append::default() }
}

pub(crate) fn key(text: &str, digest: u8) -> Idempotency {
    Idempotency { key: text.parse().unwrap(), digest: [digest; 32] }
}

pub(crate) async fn read(reader: TurnReader) -> TurnRead {
    timeout(HANG, reader.read_to_end()).await.expect("an end in time").unwrap()
}

/// Reads on until so many bytes are known.
pub(crate) async fn read_until(reader: &mut TurnReader, bytes: u64) {
    loop {
        match timeout(HANG, reader.next()).await.expect("an event in time") {
            Some(TurnEvent::Text { offset, .. }) if offset >= bytes => return,
            Some(TurnEvent::Started(_) | TurnEvent::Text { .. }) => {}
            Some(TurnEvent::Ended(_)) | None => panic!("it ended before byte {bytes}"),
        }
    }
}
