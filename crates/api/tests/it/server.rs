//! A whole service in memory, and a client for it.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use api::{ApiParts, ApiSettings, ApiState, BatchAnswers, CountedLedger, Readiness};
use assistant::{Assistant, AssistantParts};
use async_trait::async_trait;
use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use carbon_ledger::factors;
use domain::{Caller, OrganisationId};
use governance::{
    Access, AccessParts, Admission, Admit, Assessments, AuditEntry, BreakGlass, Erasures,
    ErasuresParts, Holds, HoldsParts, Identities, IdentitiesParts, InstallationKey, LinkKey, Log,
    LogGate, LogParts, Provisioning, ProvisioningParts, ReceiptLog, Rulebook, Trail, TrailParts,
    ports::{Assessor, AssessorError, AuditStore, Rules, StoreError},
};
use http_body_util::BodyExt as _;
use inference::{
    Budgets, BudgetsParts, Chat, ChatLimits, EmbedLimits, Embeddings, EmbeddingsParts, Metering,
    Models, Parts, Prices, Receipts, ReceiptsParts, Site, UsageReports, UsageReportsParts,
};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::{Value, json};
use testkit::{
    FakeEngine, FakeProvider, MemoryStore, MemoryWitness, SeededIds, SeededSecrets, SimulatedClock,
};
use tower::ServiceExt as _;
use transparency_log::Signer;
use workloads::{
    Files, FilesParts, Jobs, JobsParts, Quota, Runner, RunnerLimits, RunnerParts, RunningJobs,
};

use crate::shelves::{Around, Shelves};

/// Nothing here takes long; a test that waits longer hangs.
pub(crate) const HANG: Duration = Duration::from_secs(30);

pub(crate) struct Server {
    pub(crate) router: Router,
    pub(crate) store: MemoryStore,
    pub(crate) engine: FakeEngine,
    pub(crate) clock: SimulatedClock,
    pub(crate) log: Log,
    pub(crate) access: Access,
    pub(crate) assistant: Assistant,
    pub(crate) files: Files,
    pub(crate) jobs: Jobs,
    pub(crate) shelves: Shelves,
    chat: Chat,
    embeddings: Embeddings,
    pub(crate) switches: Arc<Switches>,
    pub(crate) provider: FakeProvider,
    pub(crate) erasures: Erasures,
    pub(crate) holds: Holds,
    pub(crate) budgets: Budgets,
    /// The API key of the first start.
    pub(crate) key: String,
    pub(crate) caller: Caller,
}

/// What a test may break.
#[derive(Default)]
pub(crate) struct Switches {
    pub(crate) audit_is_full: AtomicBool,
    pub(crate) store_is_away: AtomicBool,
    pub(crate) is_stopping: AtomicBool,
    pub(crate) texts_are_locked: AtomicBool,
    pub(crate) models_refused: AtomicUsize,
    pub(crate) assessor_fails: AtomicBool,
    pub(crate) assessments_begun: AtomicUsize,
    /// An assessment waits until a test lets it end.
    pub(crate) assessing: tokio::sync::Mutex<()>,
}

#[async_trait]
impl Assessor for Switches {
    async fn assess(&self, framework: Option<&str>) -> Result<Vec<u8>, AssessorError> {
        self.assessments_begun.fetch_add(1, Ordering::Relaxed);
        let _until_let = self.assessing.lock().await;
        if self.assessor_fails.load(Ordering::Relaxed) {
            return Err(AssessorError { source: "the disk is gone".into() });
        }
        Ok(json!({ "framework": framework }).to_string().into_bytes())
    }
}

pub(crate) struct Setting {
    pub(crate) engine: FakeEngine,
    pub(crate) settings: ApiSettings,
    pub(crate) limits: ChatLimits,
    pub(crate) page: Option<Router>,
    pub(crate) has_provider: bool,
    pub(crate) rules: Option<Arc<dyn Rules>>,
    pub(crate) prices: Prices,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            engine: FakeEngine::new(),
            settings: ApiSettings::default(),
            limits: ChatLimits::default(),
            page: None,
            has_provider: true,
            rules: None,
            prices: Prices::default(),
        }
    }
}

impl Server {
    pub(crate) async fn new() -> Self {
        Self::with(Setting::default()).await
    }

    #[expect(clippy::too_many_lines, reason = "each part of a whole service, once")]
    pub(crate) async fn with(setting: Setting) -> Self {
        let Setting { engine, settings, limits, page, has_provider, rules, prices } = setting;
        let store = MemoryStore::default();
        let clock = SimulatedClock::default();
        let ids = Arc::new(SeededIds::new(1));
        let switches = Arc::new(Switches::default());
        let audit = Audit { store: store.clone(), switches: Arc::clone(&switches) };
        let gate = LogGate::default();
        let trail = Trail::new(TrailParts {
            audit: Arc::new(audit),
            access: Arc::new(store.clone()),
            clock: Arc::new(clock.clone()),
            ids: ids.clone(),
            secrets: Arc::new(SeededSecrets::new(3)),
            gate: gate.clone(),
        });
        let log = log(&store, &clock, gate).await;
        let rules = match rules {
            Some(rules) => Rulebook::new(rules, Arc::new(store.clone())),
            None => Rulebook::without_rules(),
        };
        let access = Access::new(AccessParts {
            store: Arc::new(store.clone()),
            trail: trail.clone(),
            installation: InstallationKey::from_bytes([7; 32]),
            clock: Arc::new(clock.clone()),
            ids: ids.clone(),
            secrets: Arc::new(SeededSecrets::new(2)),
        });
        let key = access.found().await.unwrap().unwrap();
        let key = key.secret.expose();
        let caller = access.authenticate_key(&key).await.unwrap();
        let site = Site { name: "local".to_owned(), zone: "FR".to_owned() };
        let budgets = Budgets::new(BudgetsParts {
            store: Arc::new(store.clone()),
            trail: trail.clone(),
            clock: Arc::new(clock.clone()),
            prices,
        });
        let usage = UsageReports::new(UsageReportsParts {
            store: Arc::new(store.clone()),
            trail: trail.clone(),
        });
        let parts = Parts {
            engine: Arc::new(engine.clone()),
            ledger: Arc::new(CountedLedger::new(Arc::new(store.clone()))),
            trail: trail.clone(),
            rules: rules.clone(),
            budgets: budgets.clone(),
            clock: Arc::new(clock.clone()),
            ids: ids.clone(),
            metering: Metering::new(site, factors::grid("FR").unwrap()).of(testkit::deployment()),
            limits,
        };
        let receipts = receipts(&parts, &log);
        let embeddings = embeddings(&parts);
        let chat = Chat::new(parts);
        let assistant = Assistant::new(AssistantParts {
            chat: chat.clone(),
            store: Arc::new(store.clone()),
            trail: trail.clone(),
            clock: Arc::new(clock.clone()),
            ids: ids.clone(),
        });
        let (files, jobs) = workloads(&access, &store, &clock, &trail);
        let models = Models::new(Arc::new(engine.clone()));
        let shelves = Shelves::new(Around {
            store: &store,
            clock: &clock,
            access: &access,
            trail: &trail,
            chat: &chat,
            models: models.clone(),
            log: &log,
        });
        let provider = FakeProvider::new("subject-1", Some("anne"), &["staff"]);
        let identities = has_provider.then(|| identities(&access, &store, &provider));
        let assessor = Arc::clone(&switches) as Arc<dyn Assessor>;
        let assessments = Assessments::new(assessor, trail.clone());
        let erasures = Erasures::new(ErasuresParts {
            store: Arc::new(store.clone()),
            access: access.clone(),
            log: ReceiptLog::new(log.reader().clone(), signer()),
            turns: Some(Arc::new(assistant.clone())),
            patience: Duration::ZERO,
        });
        let holds = Holds::new(HoldsParts {
            store: Arc::new(store.clone()),
            trail: trail.clone(),
            clock: Arc::new(clock.clone()),
            ids: ids.clone(),
        });
        let router = api::router(ApiState::new(ApiParts {
            access: access.clone(),
            identities,
            provisioning: provisioning(&access, &store),
            break_glass: BreakGlass::new(access.clone(), Arc::new(store.clone())),
            trail,
            rules,
            log: log.clone(),
            chat: chat.clone(),
            embeddings: embeddings.clone(),
            assistant: assistant.clone(),
            files: files.clone(),
            jobs: jobs.clone(),
            libraries: shelves.libraries.clone(),
            documents: shelves.documents.clone(),
            page_images: shelves.page_images.clone(),
            search: shelves.search.clone(),
            answers: shelves.answers.clone(),
            traces: shelves.traces.clone(),
            evidence: shelves.evidence.clone(),
            models,
            receipts,
            assessments,
            erasures: erasures.clone(),
            holds: holds.clone(),
            budgets: budgets.clone(),
            usage,
            clock: Arc::new(clock.clone()),
            ids,
            readiness: Arc::clone(&switches) as Arc<dyn Readiness>,
            metrics: metrics(),
            settings,
            page,
        }));
        Self {
            router,
            store,
            engine,
            clock,
            log,
            access,
            assistant,
            files,
            jobs,
            shelves,
            chat,
            embeddings,
            switches,
            provider,
            erasures,
            holds,
            budgets,
            key,
            caller,
        }
    }

    /// Plays batch jobs, once it is run.
    pub(crate) fn runner(&self) -> Runner {
        Runner::new(RunnerParts {
            jobs: self.jobs.clone(),
            answers: Arc::new(BatchAnswers::new(self.chat.clone(), self.embeddings.clone())),
            access: self.access.clone(),
            running: RunningJobs::default(),
            limits: RunnerLimits::default(),
        })
    }

    /// Sends a request that has everything it needs already.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let sent = self.router.clone().oneshot(request);
        let response = tokio::time::timeout(HANG, sent).await.unwrap().unwrap();
        let (parts, body) = response.into_parts();
        let body = tokio::time::timeout(HANG, body.collect()).await.unwrap().unwrap().to_bytes();
        let body = String::from_utf8_lossy(&body).into_owned();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// As [`Server::send`], for answers that are no text.
    pub(crate) async fn send_raw(&self, request: Request<Body>) -> RawAnswer {
        let sent = self.router.clone().oneshot(request);
        let response = tokio::time::timeout(HANG, sent).await.unwrap().unwrap();
        let (parts, body) = response.into_parts();
        let body = tokio::time::timeout(HANG, body.collect()).await.unwrap().unwrap().to_bytes();
        RawAnswer { headers: parts.headers, bytes: body.to_vec() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path, Body::empty())).await
    }

    pub(crate) async fn chat(&self, body: impl Into<Body>) -> Answer {
        self.send(self.request(Method::POST, "/v1/chat/completions", body)).await
    }

    /// With the host and the key that requests should have.
    pub(crate) fn request(
        &self,
        method: Method,
        path: &str,
        body: impl Into<Body>,
    ) -> Request<Body> {
        let mut request = anonymous(method, path, body);
        let key = format!("Bearer {}", self.key).parse().unwrap();
        request.headers_mut().insert(header::AUTHORIZATION, key);
        request
    }

    /// Actions and outcomes of the audit trail since the first start.
    pub(crate) fn audit(&self) -> Vec<(String, String)> {
        let entries = self.store.audit_entries();
        entries.into_iter().skip(1).map(|entry| (entry.action, entry.outcome)).collect()
    }

    #[track_caller]
    pub(crate) fn assert_audit(&self, expected: &[(&str, &str)]) {
        let audit = self.audit();
        let audit: Vec<_> = audit.iter().map(|(a, o)| (a.as_str(), o.as_str())).collect();
        assert_eq!(audit, expected);
    }
}

/// Groups by the name of `devs` make developers, by that of `dpo` data officers.
fn provisioning(access: &Access, store: &MemoryStore) -> Provisioning {
    let roles = [("devs", domain::Role::Developer), ("dpo", domain::Role::DataOfficer)];
    Provisioning::new(ProvisioningParts {
        access: access.clone(),
        store: Arc::new(store.clone()),
        roles: roles.map(|(group, role)| (group.to_owned(), role)).into(),
    })
}

/// Whoever is of the staff is a member.
fn identities(access: &Access, store: &MemoryStore, provider: &FakeProvider) -> Identities {
    let roles = [("staff".to_owned(), domain::Role::Member)].into();
    Identities::new(IdentitiesParts {
        access: access.clone(),
        store: Arc::new(store.clone()),
        provider: Arc::new(provider.clone()),
        admission: Admission::new(Admit::Mapped, roles).unwrap(),
    })
}

fn workloads(
    access: &Access,
    store: &MemoryStore,
    clock: &SimulatedClock,
    trail: &Trail,
) -> (Files, Jobs) {
    let files = Files::new(FilesParts {
        store: Arc::new(store.clone()),
        access: access.clone(),
        trail: trail.clone(),
        clock: Arc::new(clock.clone()),
        ids: Arc::new(SeededIds::new(5)),
        links: LinkKey::of(&InstallationKey::from_bytes([9; 32])),
        quota: Quota { file_bytes_max: 100_000, bytes_max: 1_000_000 },
    });
    let jobs = Jobs::new(JobsParts {
        store: Arc::new(store.clone()),
        files: files.clone(),
        trail: trail.clone(),
        clock: Arc::new(clock.clone()),
        ids: Arc::new(SeededIds::new(6)),
    });
    (files, jobs)
}

/// With what the chat has, and no patience.
fn receipts(parts: &Parts, log: &Log) -> Receipts {
    Receipts::new(ReceiptsParts {
        ledger: parts.ledger.clone(),
        log: ReceiptLog::new(log.reader().clone(), signer()),
        trail: parts.trail.clone(),
        clock: parts.clock.clone(),
        patience: Duration::ZERO,
    })
}

/// With what the chat has, and little room.
fn embeddings(parts: &Parts) -> Embeddings {
    Embeddings::new(EmbeddingsParts {
        engine: parts.engine.clone(),
        ledger: parts.ledger.clone(),
        trail: parts.trail.clone(),
        rules: parts.rules.clone(),
        budgets: parts.budgets.clone(),
        clock: parts.clock.clone(),
        ids: parts.ids.clone(),
        metering: parts.metering.clone(),
        limits: EmbedLimits { tokens_max: 300, ..EmbedLimits::default() },
    })
}

pub(crate) fn signer() -> Signer {
    Signer::from_seed("example.org/log", [5; 32]).unwrap()
}

/// A log that nothing keeps by itself: tests say when it is signed.
async fn log(store: &MemoryStore, clock: &SimulatedClock, gate: LogGate) -> Log {
    let signer = signer();
    let witness = Arc::new(MemoryWitness::new(signer.verifier()));
    Log::open(LogParts {
        store: Arc::new(store.clone()),
        signer,
        witness,
        clock: Arc::new(clock.clone()),
        gate,
        every: Duration::from_secs(5),
        witness_grace: Duration::from_mins(10),
    })
    .await
    .unwrap()
}

pub(crate) fn anonymous(method: Method, path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "localhost:8080")
        .body(body.into())
        .unwrap()
}

/// A request to the fake model, which repeats the last message.
pub(crate) fn hello(members: Value) -> String {
    let mut body = json!({
        "model": "fake-model",
        "messages": [{"role": "user", "content": "Bonjour tout le monde"}],
    });
    for (key, value) in members.as_object().unwrap() {
        body[key] = value.clone();
    }
    body.to_string()
}

/// The recorder of the process: there can be only one.
pub(crate) fn metrics() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| api::recorder().unwrap()).clone()
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// An answer that is no text.
pub(crate) struct RawAnswer {
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl RawAnswer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The body without the id of the request.
    pub(crate) fn without_id(&self) -> String {
        self.body.replace(self.header("x-request-id"), "ID")
    }

    /// An error with everything that both families of clients read.
    #[track_caller]
    pub(crate) fn assert_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status.as_u16(), status, "{code}: {}", self.body);
        let body = self.json();
        assert_eq!(body["code"], code, "{body}");
        assert_eq!(body["object"], "error", "{body}");
        for member in ["message", "type", "param", "code"] {
            assert_eq!(body[member], body["error"][member], "{body}");
        }
        assert!(body["message"].as_str().is_some_and(|text| !text.is_empty()), "{body}");
        assert_eq!(body["detail"].is_array(), status == 422, "{body}");
        assert_eq!(self.header("www-authenticate") == "Bearer", status == 401, "{code}");
        self.assert_common_headers();
    }

    #[track_caller]
    pub(crate) fn assert_common_headers(&self) {
        assert_eq!(self.header("x-request-id").len(), 32);
        assert_eq!(self.header("cache-control"), "no-store");
        assert_eq!(self.header("x-content-type-options"), "nosniff");
        assert!(!self.headers.contains_key("access-control-allow-origin"));
    }
}

struct Audit {
    store: MemoryStore,
    switches: Arc<Switches>,
}

#[async_trait]
impl AuditStore for Audit {
    async fn append(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        if self.switches.audit_is_full.load(Ordering::SeqCst) {
            let source = Box::from("no space left");
            return Err(StoreError {
                action: "append to the audit trail",
                is_locked: false,
                source,
            });
        }
        self.store.append(entry).await
    }

    async fn read_after(
        &self,
        organisation: Option<OrganisationId>,
        sequence: u64,
        limit: u32,
    ) -> Result<Vec<(u64, AuditEntry)>, StoreError> {
        self.store.read_after(organisation, sequence, limit).await
    }
}

#[async_trait]
impl Readiness for Switches {
    async fn store_answers(&self) -> bool {
        !self.store_is_away.load(Ordering::SeqCst)
    }

    fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::SeqCst)
    }

    fn texts_are_locked(&self) -> bool {
        self.texts_are_locked.load(Ordering::SeqCst)
    }

    fn models_refused(&self) -> usize {
        self.models_refused.load(Ordering::SeqCst)
    }
}
