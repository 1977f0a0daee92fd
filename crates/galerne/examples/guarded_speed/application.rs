//! The real router and the real contexts over ports of either kind.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use api::{ApiParts, ApiSettings, ApiState, CountedLedger, Readiness};
use assistant::{Assistant, AssistantParts, ports::ConversationStore};
use async_trait::async_trait;
use axum::Router;
use carbon_ledger::factors;
use governance::{
    Access, AccessParts, Assessments, BreakGlass, Erasures, ErasuresParts, Holds, HoldsParts,
    InstallationKey, LinkKey, Log, LogGate, PolicyDigest, Provisioning, ProvisioningParts,
    ReceiptLog, Rulebook, Trail, TrailParts,
    ports::{AccessStore, Assessor, AssessorError, AuditStore},
};
use inference::{
    Budgets, BudgetsParts, Chat, ChatLimits, EmbedLimits, Embeddings, EmbeddingsParts, Metering,
    Models, Parts, Prices, Receipts, ReceiptsParts, Site, UsageReports, UsageReportsParts,
    ports::{Engine, UsageLedger},
};
use metrics_exporter_prometheus::PrometheusHandle;
use testkit::MemoryStore;
use transparency_log::Signer;
use workloads::{Files, FilesParts, Jobs, JobsParts, Quota};

use crate::{
    client::{Asking, Times, ask, request},
    libraries::Knowledge,
    system::{SystemClock, SystemRandom},
};

/// The contexts that let somebody in, and the key of whoever asks.
#[derive(Clone)]
pub(crate) struct Founded {
    pub(crate) trail: Trail,
    pub(crate) access: Access,
    pub(crate) gate: LogGate,
    pub(crate) key: String,
}

impl Founded {
    pub(crate) async fn new(
        access: Arc<dyn AccessStore>,
        audit: Arc<dyn AuditStore>,
    ) -> anyhow::Result<Self> {
        let gate = LogGate::default();
        let trail = Trail::new(TrailParts {
            audit,
            access: Arc::clone(&access),
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemRandom),
            secrets: Arc::new(SystemRandom),
            gate: gate.clone(),
        })
        .under_policy(PolicyDigest([2; 32]));
        let access = Access::new(AccessParts {
            store: access,
            trail: trail.clone(),
            installation: InstallationKey::from_bytes([7; 32]),
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemRandom),
            secrets: Arc::new(SystemRandom),
        });
        let key = access.found().await?.context("the store was founded before")?;
        Ok(Self { trail, access, gate, key: key.secret.expose() })
    }
}

/// What an application stands on.
#[derive(Clone)]
pub(crate) struct Ports {
    pub(crate) founded: Founded,
    pub(crate) ledger: Arc<dyn UsageLedger>,
    pub(crate) conversations: Arc<dyn ConversationStore>,
    pub(crate) log: Log,
    pub(crate) rules: Rulebook,
}

/// The key of the log, the same for both.
pub(crate) fn signer() -> anyhow::Result<Signer> {
    Ok(Signer::from_seed("example.org/log", [5; 32])?)
}

/// A router, and somebody who asks it.
pub(crate) struct Application {
    pub(crate) router: Router,
    pub(crate) key: String,
}

impl Application {
    pub(crate) fn new(
        ports: &Ports,
        engine: &Arc<dyn Engine>,
        metrics: &PrometheusHandle,
    ) -> anyhow::Result<Self> {
        Ok(Self { router: router(ports, engine, metrics)?, key: ports.founded.key.clone() })
    }

    pub(crate) async fn ask(&self, asking: Asking) -> anyhow::Result<Times> {
        ask(&self.router, request(asking, &self.key)?, asking).await
    }
}

fn router(
    ports: &Ports,
    engine: &Arc<dyn Engine>,
    metrics: &PrometheusHandle,
) -> anyhow::Result<Router> {
    let Founded { trail, access, .. } = &ports.founded;
    let parts = parts(ports, engine)?;
    let embeddings = embeddings(&parts);
    let log = || anyhow::Ok(ReceiptLog::new(ports.log.reader().clone(), signer()?));
    let receipts = Receipts::new(ReceiptsParts {
        ledger: Arc::clone(&parts.ledger),
        log: log()?,
        trail: trail.clone(),
        clock: Arc::new(SystemClock),
        patience: Duration::ZERO,
    });
    let budgets = parts.budgets.clone();
    let chat = Chat::new(parts);
    let assistant = assistant(ports, &chat);
    // Of contexts that these requests never come to.
    let elsewhere = Arc::new(MemoryStore::default());
    let (files, jobs) = workloads(&ports.founded, &elsewhere);
    let models = Models::new(Arc::clone(engine));
    let knowledge = Knowledge::new(&ports.founded, &elsewhere, (&chat, &models, log()?));
    Ok(api::router(ApiState::new(ApiParts {
        access: access.clone(),
        identities: None,
        provisioning: Provisioning::new(ProvisioningParts {
            access: access.clone(),
            store: elsewhere.clone(),
            roles: [].into(),
        }),
        break_glass: BreakGlass::new(access.clone(), elsewhere.clone()),
        trail: trail.clone(),
        rules: ports.rules.clone(),
        log: ports.log.clone(),
        chat,
        embeddings,
        assistant,
        models,
        receipts,
        assessments: Assessments::new(Arc::new(Idle), trail.clone()),
        erasures: erasures(&ports.founded, &elsewhere, log()?),
        files,
        jobs,
        libraries: knowledge.libraries,
        documents: knowledge.documents,
        page_images: knowledge.page_images,
        search: knowledge.search,
        answers: knowledge.answers,
        traces: knowledge.traces,
        evidence: knowledge.evidence,
        budgets,
        usage: UsageReports::new(UsageReportsParts {
            store: elsewhere.clone(),
            trail: trail.clone(),
        }),
        holds: Holds::new(HoldsParts {
            store: elsewhere,
            trail: trail.clone(),
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemRandom),
        }),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemRandom),
        readiness: Arc::new(Idle),
        metrics: metrics.clone(),
        settings: ApiSettings::default(),
        page: None,
    })))
}

fn assistant(ports: &Ports, chat: &Chat) -> Assistant {
    Assistant::new(AssistantParts {
        chat: chat.clone(),
        store: Arc::clone(&ports.conversations),
        trail: ports.founded.trail.clone(),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemRandom),
    })
}

fn erasures(founded: &Founded, store: &Arc<MemoryStore>, log: ReceiptLog) -> Erasures {
    Erasures::new(ErasuresParts {
        store: store.clone(),
        access: founded.access.clone(),
        log,
        turns: None,
        patience: Duration::ZERO,
    })
}

fn workloads(founded: &Founded, store: &Arc<MemoryStore>) -> (Files, Jobs) {
    let Founded { trail, access, .. } = founded;
    let files = Files::new(FilesParts {
        store: store.clone(),
        access: access.clone(),
        trail: trail.clone(),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemRandom),
        links: LinkKey::of(&InstallationKey::from_bytes([6; 32])),
        quota: Quota::default(),
    });
    let jobs = Jobs::new(JobsParts {
        store: store.clone(),
        files: files.clone(),
        trail: trail.clone(),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemRandom),
    });
    (files, jobs)
}

fn parts(ports: &Ports, engine: &Arc<dyn Engine>) -> anyhow::Result<Parts> {
    let site = Site { name: "local".to_owned(), zone: "FR".to_owned() };
    let factor = factors::grid("FR").context("a factor of the grid zone")?;
    Ok(Parts {
        engine: Arc::clone(engine),
        ledger: Arc::new(CountedLedger::new(Arc::clone(&ports.ledger))),
        trail: ports.founded.trail.clone(),
        rules: ports.rules.clone(),
        budgets: Budgets::new(BudgetsParts {
            // Without a limit; what is used is counted all the same.
            store: Arc::new(MemoryStore::default()),
            trail: ports.founded.trail.clone(),
            clock: Arc::new(SystemClock),
            prices: Prices::default(),
        }),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemRandom),
        metering: Metering::new(site, factor).of(testkit::deployment()),
        limits: ChatLimits::default(),
    })
}

fn embeddings(parts: &Parts) -> Embeddings {
    Embeddings::new(EmbeddingsParts {
        engine: Arc::clone(&parts.engine),
        ledger: Arc::clone(&parts.ledger),
        trail: parts.trail.clone(),
        rules: parts.rules.clone(),
        budgets: parts.budgets.clone(),
        clock: Arc::clone(&parts.clock),
        ids: Arc::clone(&parts.ids),
        metering: parts.metering.clone(),
        limits: EmbedLimits::default(),
    })
}

/// Of routes that nobody asks here.
struct Idle;

#[async_trait]
impl Assessor for Idle {
    async fn assess(&self, _: Option<&str>) -> Result<Vec<u8>, AssessorError> {
        Err(AssessorError { source: "nothing is assessed here".into() })
    }
}

#[async_trait]
impl Readiness for Idle {
    async fn store_answers(&self) -> bool {
        true
    }

    fn is_stopping(&self) -> bool {
        false
    }

    fn texts_are_locked(&self) -> bool {
        false
    }

    fn models_refused(&self) -> usize {
        0
    }
}
