//! The context on a fake engine and an in-memory store: what is shown, charged and written down.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod admission;
mod budget;
mod gateway;
mod settlement;
mod several;

use std::{sync::Arc, time::Duration};

use carbon_ledger::factors;
use domain::{
    AccountId, Caller, OrganisationId, Permissions, Principal, ProjectId,
    chat::{Message, Role},
};
use governance::{LogGate, Rulebook, Trail, TrailParts};
use inference::{
    AnswerFormat, Budgets, Chat, ChatCommand, ChatEvent, ChatLimits, ChatStream, EmbedLimits,
    Embeddings, EmbeddingsParts, Metering, Parts, Priority, Sampling, Site, ToolUse, UsageRecord,
    ports::UsageLedger,
};
use testkit::{FakeEngine, MemoryStore, SeededIds, SeededSecrets, SimulatedClock, without_budgets};
use tokio::time::timeout;
use uuid::Uuid;

/// No step takes longer on a working context, however slow the machine.
const HANG: Duration = Duration::from_mins(1);

struct World {
    engine: FakeEngine,
    store: Arc<MemoryStore>,
    ledger: Arc<dyn UsageLedger>,
    trail: Trail,
    budgets: Budgets,
    clock: Arc<SimulatedClock>,
    ids: Arc<SeededIds>,
    chat: Chat,
}

impl World {
    fn new(engine: FakeEngine, limits: ChatLimits) -> Self {
        Self::with_ledger(engine, limits, |store| store)
    }

    fn with_ledger(
        engine: FakeEngine,
        limits: ChatLimits,
        ledger: impl FnOnce(Arc<MemoryStore>) -> Arc<dyn UsageLedger>,
    ) -> Self {
        let store = Arc::new(MemoryStore::default());
        let clock = Arc::new(SimulatedClock::default());
        let ids = Arc::new(SeededIds::new(1));
        let trail = Trail::new(TrailParts {
            audit: store.clone(),
            access: store.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            secrets: Arc::new(SeededSecrets::new(2)),
            gate: LogGate::default(),
        });
        let budgets = without_budgets(store.clone(), trail.clone(), clock.clone());
        let ledger = ledger(store.clone());
        let chat = Chat::new(Parts {
            engine: Arc::new(engine.clone()),
            ledger: ledger.clone(),
            trail: trail.clone(),
            rules: Rulebook::without_rules(),
            budgets: budgets.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            metering: metering(),
            limits,
        });
        Self { engine, store, ledger, trail, budgets, clock, ids, chat }
    }

    /// What makes vectors beside the chat, on the same ledger.
    fn embeddings(&self, limits: EmbedLimits) -> Embeddings {
        Embeddings::new(EmbeddingsParts {
            engine: Arc::new(self.engine.clone()),
            ledger: self.ledger.clone(),
            trail: self.trail.clone(),
            rules: Rulebook::without_rules(),
            budgets: self.budgets.clone(),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            metering: metering(),
            limits,
        })
    }

    /// The only usage row.
    fn row(&self) -> UsageRecord {
        let mut rows = self.store.usage_records();
        assert_eq!(rows.len(), 1, "{rows:?}");
        rows.remove(0)
    }

    fn outcomes(&self) -> Vec<String> {
        self.store.audit_entries().into_iter().map(|entry| entry.outcome).collect()
    }
}

fn metering() -> Metering {
    let site = Site { name: "test site".to_owned(), zone: "FR".to_owned() };
    Metering::new(site, factors::grid("FR").unwrap())
}

fn caller() -> Caller {
    Caller {
        organisation: OrganisationId::from_uuid(Uuid::from_u128(1)),
        project: ProjectId::from_uuid(Uuid::from_u128(2)),
        account: AccountId::from_uuid(Uuid::from_u128(3)),
        principal: Principal::Operator,
        permissions: Permissions::NONE,
    }
}

fn question(text: &str) -> ChatCommand {
    ChatCommand {
        model: FakeEngine::model(),
        priority: Priority::Interactive,
        messages: vec![Message::new(Role::User, text)],
        sampling: Sampling::default(),
        format: AnswerFormat::Text,
        tools: ToolUse::default(),
        max_tokens: None,
        stop: Vec::new(),
        top_logprobs: None,
        is_streamed: true,
    }
}

/// The text of an answer and its last event.
async fn read(mut stream: ChatStream) -> (String, ChatEvent) {
    let mut text = String::new();
    loop {
        match timeout(HANG, stream.next()).await.expect("an event or the end") {
            Some(ChatEvent::Token(piece)) => text.push_str(&piece.text),
            Some(ChatEvent::Call(call)) => panic!("nobody asked for {call:?}"),
            Some(last) => return (text, last),
            None => panic!("the stream ended without an end: {text}"),
        }
    }
}
