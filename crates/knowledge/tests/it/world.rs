//! Answers over a scripted model, a library and stores in memory.

use std::{sync::Arc, time::Duration};

use carbon_ledger::factors;
use domain::{AccountId, Caller, OrganisationId, Permissions, Principal, ProjectId};
use governance::{Log, LogGate, LogParts, ReceiptLog, Rulebook, Trail, TrailParts};
use inference::{Chat, ChatLimits, Metering, Models, Parts, Site};
use knowledge::{
    Answer, AnswerCommand, AnswerError, AnswerLimits, AnswerMode, AnswerProgress, Answers,
    AnswersParts, EvidenceRecords, EvidenceRecordsParts, IndexHit, Searched, Traces, TracesParts,
    VersionKey, ports::Embedder,
};
use testkit::{
    FakeEngine, MemoryStore, MemoryTraces, MemoryWitness, SeededIds, SeededSecrets, SimulatedClock,
    without_budgets,
};
use tokio::{sync::mpsc, time::timeout};
use transparency_log::Signer;
use uuid::Uuid;

use crate::{
    engine::ScriptedEngine,
    library::{FakeEmbedder, FakeLibrary, hit, library},
};

/// No step takes longer on a working context, however slow the machine.
const HANG: Duration = Duration::from_mins(1);

pub(crate) const QUESTION: &str = "Combien coûte le passeport ?";

pub(crate) struct World {
    pub(crate) engine: ScriptedEngine,
    pub(crate) store: MemoryStore,
    pub(crate) library: FakeLibrary,
    pub(crate) traces: MemoryTraces,
    pub(crate) caller: Caller,
    trail: Trail,
    gate: LogGate,
    clock: Arc<SimulatedClock>,
    ids: Arc<SeededIds>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with_context(8_192)
    }

    pub(crate) fn with_context(context_tokens: u32) -> Self {
        let store = MemoryStore::default();
        let clock = Arc::new(SimulatedClock::default());
        let ids = Arc::new(SeededIds::new(1));
        let gate = LogGate::default();
        let trail = Trail::new(TrailParts {
            audit: Arc::new(store.clone()),
            access: Arc::new(store.clone()),
            clock: clock.clone(),
            ids: ids.clone(),
            secrets: Arc::new(SeededSecrets::new(2)),
            gate: gate.clone(),
        });
        Self {
            engine: ScriptedEngine::new(context_tokens),
            traces: MemoryTraces::beside(store.clone()),
            store,
            library: FakeLibrary::default(),
            caller: caller(3),
            trail,
            gate,
            clock,
            ids,
        }
    }

    fn chat(&self) -> Chat {
        let site = Site { name: "test site".to_owned(), zone: "FR".to_owned() };
        let store = Arc::new(self.store.clone());
        let budgets = without_budgets(store.clone(), self.trail.clone(), self.clock.clone());
        Chat::new(Parts {
            engine: Arc::new(self.engine.clone()),
            ledger: store,
            trail: self.trail.clone(),
            rules: Rulebook::without_rules(),
            budgets,
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            metering: Metering::new(site, factors::grid("FR").unwrap()),
            limits: ChatLimits::default(),
        })
    }

    pub(crate) fn answers(&self, embedder: Option<f32>) -> Answers {
        let embedder =
            embedder.map(|cosine| Arc::new(FakeEmbedder::new(cosine)) as Arc<dyn Embedder>);
        Answers::new(AnswersParts {
            chat: self.chat(),
            models: Models::new(Arc::new(self.engine.clone())),
            sources: Arc::new(self.library.clone()),
            traces: Arc::new(self.traces.clone()),
            embedder,
            trail: self.trail.clone(),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            limits: AnswerLimits::default(),
        })
    }

    /// Asks with an encoder that finds everything alike.
    pub(crate) async fn ask(&self, mode: AnswerMode, hits: Vec<IndexHit>) -> Answer {
        self.ask_with(Some(0.99), command(mode, hits)).await.0.unwrap()
    }

    pub(crate) async fn ask_with(
        &self,
        embedder: Option<f32>,
        command: AnswerCommand,
    ) -> (Result<Answer, AnswerError>, Vec<AnswerProgress>) {
        let (sender, mut receiver) = mpsc::channel(100);
        let answers = self.answers(embedder);
        let asked = answers.answer(&self.caller, command, &sender);
        let answer = timeout(HANG, asked).await.expect("an answer in time");
        drop(sender);
        let mut progress = Vec::new();
        while let Some(next) = receiver.recv().await {
            progress.push(next);
        }
        (answer, progress)
    }

    pub(crate) fn trace_reader(&self) -> Traces {
        Traces::new(TracesParts {
            traces: Arc::new(self.traces.clone()),
            sources: Arc::new(self.library.clone()),
            trail: self.trail.clone(),
        })
    }

    pub(crate) async fn log(&self) -> Log {
        Log::open(LogParts {
            store: Arc::new(self.store.clone()),
            signer: signer(),
            witness: Arc::new(MemoryWitness::new(signer().verifier())),
            clock: self.clock.clone(),
            gate: self.gate.clone(),
            every: Duration::from_secs(5),
            witness_grace: Duration::from_mins(10),
        })
        .await
        .unwrap()
    }

    /// Without patience: what is not signed is not waited for.
    pub(crate) fn evidence(&self, log: &Log) -> EvidenceRecords {
        EvidenceRecords::new(EvidenceRecordsParts {
            traces: Arc::new(self.traces.clone()),
            sources: Arc::new(self.library.clone()),
            log: ReceiptLog::new(log.reader().clone(), signer()),
            trail: self.trail.clone(),
            clock: self.clock.clone(),
            patience: Duration::ZERO,
        })
    }

    /// What was written down: action and outcome.
    pub(crate) fn entries(&self) -> Vec<(String, String)> {
        let entries = self.store.audit_entries().into_iter();
        entries.map(|entry| (entry.action, entry.outcome)).collect()
    }

    /// Two documents about passports and one about something else.
    pub(crate) fn passports(&self) -> Vec<VersionKey> {
        vec![
            self.library.add(
                1,
                "Passeport",
                "Le passeport coûte 86 €. Il est valable 10 ans. La demande est faite en mairie.",
            ),
            self.library.add(2, "Mineurs", "Pour un mineur, il coûte 17 €. Il dure 5 ans."),
            self.library.add(3, "Jardins", "Le jardin ouvre à 8 heures."),
        ]
    }
}

pub(crate) fn signer() -> Signer {
    Signer::from_seed("example.org/log", [5; 32]).unwrap()
}

pub(crate) fn caller(account: u128) -> Caller {
    Caller {
        organisation: OrganisationId::from_uuid(Uuid::from_u128(1)),
        project: ProjectId::from_uuid(Uuid::from_u128(2)),
        account: AccountId::from_uuid(Uuid::from_u128(account)),
        principal: Principal::Operator,
        permissions: Permissions::NONE,
    }
}

/// The first passage of each.
pub(crate) fn hits(versions: &[VersionKey]) -> Vec<IndexHit> {
    versions.iter().map(|version| hit(*version, 0)).collect()
}

pub(crate) fn command(mode: AnswerMode, hits: Vec<IndexHit>) -> AnswerCommand {
    AnswerCommand {
        question: QUESTION.to_owned(),
        model: FakeEngine::model(),
        mode,
        searched: Searched { libraries: vec![library()], as_of: None },
        hits,
    }
}
