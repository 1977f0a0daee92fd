//! `galerne serve`: from the data directory to a drained stop.

use std::{
    net::{SocketAddr, TcpListener as StdListener},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use api::{ApiParts, ApiSettings, ApiState, Readiness, ServeLimits};
use async_trait::async_trait;
use companion::Pipes;
use domain::Clock as _;
use governance::{
    Assessments, BreakGlass, CreatedKey, Erasures, Identities, Log, Vault, ports::AccessStore as _,
};
use inference::{ModelCard, ModelPurpose, Receipts, ports::UsageLedger as _};
use metrics_exporter_prometheus::PrometheusHandle;
use store::Store;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    assessor::{self, DeploymentAssessor},
    command::{page_link, wait},
    config::{Settings, environment},
    confinement::{Confined, confine_server},
    data_dir::DataDir,
    document_worker,
    failure::{Exit, Failure},
    libraries::Knowledge,
    loading::{Loads, watched},
    log,
    model_files::{Manifest, ModelFiles},
    output::{Output, line},
    protection::{self, Protection},
    rules, sign_in,
    signals::Signals,
    system::{SystemClock, SystemRandom},
    vault, web,
    wiring::{Local, Serving},
};

/// The async threads only parse, encode and wait; the engine has threads of its own.
const ASYNC_THREADS: usize = 2;

/// `config` is the settings file that was named.
pub(crate) fn run(
    settings: &Settings,
    config: Option<&Path>,
    output: Output,
) -> Result<(), Failure> {
    start_log();
    let data_dir = DataDir::open(&settings.data_dir.value)?;
    let _lock = data_dir.lock()?;
    let listener = bind(settings.listen.value)?;
    let companions = Companions {
        keeper: vault::start_keeper(settings)?,
        assessor: assessor::start(settings, config)?,
        documents: document_worker::start(settings, config)?,
    };
    // Before the first thread: all others are confined with it.
    let confined = confine_server(settings)?;
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(ASYNC_THREADS)
        .enable_all()
        .build()?
        .block_on(serve(settings, Begun { listener, companions, confined }, output))
}

/// What was done before there were threads.
struct Begun {
    listener: StdListener,
    companions: Companions,
    confined: Confined,
}

/// Processes that do what the server gives up.
struct Companions {
    /// Of the token of the wrapping key, if there is one.
    keeper: Option<Pipes>,
    assessor: Pipes,
    /// One for each document that is read at the same time.
    documents: Vec<Pipes>,
}

async fn serve(settings: &Settings, begun: Begun, output: Output) -> Result<(), Failure> {
    let Begun { listener, companions, confined } = begun;
    let listener = TcpListener::from_std(listener)?;
    let metrics = api::recorder()?;
    let local = Local::open(settings).await?;
    rules::must_be_usable(&local.rules, settings)?;
    let log = log::open(&local, &settings.log.value).await?;
    close_running(&local).await?;
    let address = listener.local_addr()?;
    let first_key = local.access.found().await?;
    let vault = vault::open(&local, settings, companions.keeper).await?;
    let manifests = manifests(&local)?;
    let load = |loads: &Loads| local.serving(settings, &vault, &manifests, loads);
    let (loaded, mut signals) = watched(Signals::listen()?, load).await?;
    let Some((serving, mut models)) = loaded else {
        tracing::warn!("stopped before the models were loaded");
        local.close().await;
        return Ok(());
    };
    close_interrupted(&serving).await?;
    let caller = local.operator().await?;
    models.record_refusals(&local.trail, caller).await;
    let token = local.access.create_link(&caller).await?;
    let start = Start { address, first_key, token, log: log.clone() };
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let receipts = receipts(&local, settings).await?;
    let parser = document_worker::connect(companions.documents, settings, &tasks, &stop)?;
    let knowledge = Knowledge::open(&local, settings, (&serving, &vault), Arc::new(parser)).await?;
    let protection = Protection::open(&local, settings, (&serving, &knowledge)).await?;
    let refused = models.refused();
    let identities = sign_in::open(&local, &settings.identity.value).await?;
    let assessments = assessments(&local, companions.assessor, &stop)?;
    let parts = Parts {
        local: &local,
        serving: &serving,
        knowledge: &knowledge,
        log: &log,
        vault: &vault,
        settings,
        refused,
        assessments: &assessments,
    };
    let erasures = protection.erasures.clone();
    let router = api::router(parts.state(metrics, (receipts, erasures), identities, &stop));
    let keeping = Keeping::start(&log);
    let limits = ServeLimits::default();
    let server = tasks.spawn(api::serve(listener, router, stop.clone(), limits));
    confined.tell();
    start.print(&serving, output)?;
    let seconds = settings.encryption.value.check_seconds;
    tasks.spawn(vault::watch(Arc::clone(&vault), seconds, stop.clone()));
    protection.begin_work(&tasks, &stop);
    serving.begin_work(&local, &tasks, &stop);
    knowledge.begin_work(&tasks, &stop);
    tasks.spawn(models.watch(local.trail.clone(), caller, stop.clone()));
    signals.next().await;
    tokio::select! {
        () = drain(settings, &serving, &stop, &tasks) => {}
        _ = signals.next() => {
            local.close().await;
            return Err(cut());
        }
    }
    server.await??;
    assessments.shut_down().await;
    // After the last answer: its entry is signed too.
    keeping.stop().await;
    local.close().await;
    Ok(())
}

/// What would be refused if a file of rules were in force, asked in a process of its own.
fn assessments(
    local: &Local,
    assessor: Pipes,
    stop: &CancellationToken,
) -> Result<Assessments, Failure> {
    let assessor = DeploymentAssessor::connect(assessor, stop.clone())?;
    Ok(Assessments::new(Arc::new(assessor), local.trail.clone()))
}

/// Whoever asks for a receipt waits for the next checkpoint, and for a moment more.
async fn receipts(local: &Local, settings: &Settings) -> Result<Receipts, Failure> {
    let log = &settings.log.value;
    let patience = Duration::from_secs(log.checkpoint_seconds.saturating_add(2));
    log::receipts(local, log, patience).await
}

/// Of the models that were imported.
fn manifests(local: &Local) -> Result<Vec<Manifest>, Failure> {
    let files = ModelFiles::new(&local.data_dir);
    let _lock = files.looking_patiently()?;
    files.list()
}

async fn close_running(local: &Local) -> Result<(), Failure> {
    let interrupted = local.store.close_interrupted(SystemClock.now()).await?;
    if interrupted > 0 {
        tracing::warn!(interrupted, "closed the usage rows that an earlier process left running");
    }
    Ok(())
}

/// Before the first request: later ones are this process's own.
async fn close_interrupted(serving: &Serving) -> Result<(), Failure> {
    let interrupted = serving.assistant.close_interrupted().await?;
    if interrupted > 0 {
        tracing::warn!(interrupted, "closed the answers that an earlier process left unfinished");
    }
    Ok(())
}

/// The tasks that keep the log while the server runs.
struct Keeping {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Keeping {
    fn start(log: &Log) -> Self {
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let (keeper, until) = (log.clone(), stop.clone());
        tasks.spawn(async move { keeper.run(until).await });
        let (examiner, until) = (log.clone(), stop.clone());
        tasks.spawn(async move {
            // What it finds closes the log; that it could not read is seen by the keeper too.
            if let Some(Err(error)) = until.run_until_cancelled(examiner.examine()).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the log was not examined"
                );
            }
        });
        tasks.close();
        Self { stop, tasks }
    }

    async fn stop(self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

/// What the routes are made of.
struct Parts<'a> {
    local: &'a Local,
    serving: &'a Serving,
    knowledge: &'a Knowledge,
    log: &'a Log,
    vault: &'a Arc<Vault>,
    settings: &'a Settings,
    /// How many models are refused now.
    refused: Arc<AtomicUsize>,
    assessments: &'a Assessments,
}

impl Parts<'_> {
    fn state(
        &self,
        metrics: PrometheusHandle,
        (receipts, erasures): (Receipts, Erasures),
        identities: Option<Identities>,
        stop: &CancellationToken,
    ) -> ApiState {
        let Self { local, serving, knowledge, log, settings, .. } = *self;
        let (store, vault) = (local.store.clone(), Arc::clone(self.vault));
        let (stop, refused) = (stop.clone(), self.refused.clone());
        let readiness = ServerReadiness { store, vault, stop, refused };
        ApiState::new(ApiParts {
            access: local.access.clone(),
            identities,
            provisioning: sign_in::provisioning(local, &settings.identity.value),
            break_glass: BreakGlass::new(local.access.clone(), local.store.clone()),
            trail: local.trail.clone(),
            rules: local.rulebook(),
            log: log.clone(),
            chat: serving.chat.clone(),
            embeddings: serving.embeddings.clone(),
            assistant: serving.assistant.clone(),
            files: serving.files.clone(),
            jobs: serving.jobs.clone(),
            libraries: knowledge.libraries.clone(),
            documents: knowledge.documents.clone(),
            page_images: knowledge.page_images.clone(),
            search: knowledge.search.clone(),
            answers: knowledge.answers.clone(),
            traces: knowledge.traces.clone(),
            evidence: knowledge.evidence.clone(),
            models: serving.models.clone(),
            receipts,
            assessments: self.assessments.clone(),
            erasures,
            holds: protection::holds(local),
            budgets: serving.budgets.clone(),
            usage: local.usage(),
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemRandom),
            readiness: Arc::new(readiness),
            metrics,
            settings: ApiSettings {
                hosts: settings.hosts.value.clone(),
                returns_encrypted: settings.identity.value.returns_encrypted(),
                model_types: settings.models.value.types.into(),
                ..ApiSettings::default()
            },
            page: Some(web::routes()),
        })
    }
}

struct ServerReadiness {
    store: Arc<Store>,
    vault: Arc<Vault>,
    stop: CancellationToken,
    refused: Arc<AtomicUsize>,
}

#[async_trait]
impl Readiness for ServerReadiness {
    async fn store_answers(&self) -> bool {
        self.store.home().await.is_ok()
    }

    fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    fn texts_are_locked(&self) -> bool {
        !self.vault.is_open()
    }

    fn models_refused(&self) -> usize {
        self.refused.load(Ordering::Relaxed)
    }
}

/// Lets running answers end.
async fn drain(
    settings: &Settings,
    serving: &Serving,
    stop: &CancellationToken,
    tasks: &TaskTracker,
) {
    tracing::info!(seconds = settings.limits.value.drain_seconds, "draining");
    stop.cancel();
    tasks.close();
    serving.shut_down(settings).await;
    tasks.wait().await;
}

fn cut() -> Failure {
    Failure::message("stopped by a second signal; running answers were cut")
        .exit(Exit::Interrupted)
        .hint("their usage rows are closed as interrupted at the next start")
}

fn bind(address: SocketAddr) -> Result<StdListener, Failure> {
    let bound =
        wait(async { Ok(TcpListener::bind(address).await.and_then(TcpListener::into_std)) })?;
    bound.with_context(|| format!("could not listen on {address}")).map_err(|error| {
        Failure::new(Exit::InUse, error)
            .hint("give another address with --listen or GALERNE_LISTEN")
    })
}

/// What is logged unless somebody says otherwise: what is wrong, what the server gave up, loads
/// that take long, and that documents have no vectors.
const DEFAULT_FILTER: &str =
    "warn,galerne::confinement=info,galerne::libraries=info,galerne::loading=info";

/// Logs go to standard error as lines of JSON when nobody watches, as text on a terminal.
pub(crate) fn start_log() {
    let filter = environment("GALERNE_LOG").unwrap_or_else(|| DEFAULT_FILTER.to_owned());
    let log = tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(filter))
        .with_writer(std::io::stderr);
    if crate::output::is_watched() { log.init() } else { log.json().init() }
}

/// What a start has to say.
struct Start {
    address: SocketAddr,
    first_key: Option<CreatedKey>,
    token: String,
    log: Log,
}

impl Start {
    fn print(&self, serving: &Serving, output: Output) -> Result<(), Failure> {
        let base = format!("http://{}", self.address);
        let page = page_link(&base, &self.token);
        let cards = serving.models.list();
        let key = self.first_key.as_ref().map(|created| created.secret.expose());
        if output.is_json() {
            let ids: Vec<_> = cards.iter().map(|card| card.id.to_string()).collect();
            let value = serde_json::json!({
                "version": env!("CARGO_PKG_VERSION"), "address": base, "page": page,
                "api_key": key, "models": ids, "log_key": self.log.reader().verifier().to_string(),
            });
            return output.show("", &value);
        }
        line(&format!("galerne {}", env!("CARGO_PKG_VERSION")))?;
        for card in &cards {
            line(&match &card.weights {
                Some(weights) => format!(
                    "model: {} ({}M parameters, {}, {} tokens of context)",
                    card.id,
                    weights.parameters / 1_000_000,
                    weights.quantization,
                    card.context_tokens
                ),
                None => format!(
                    "model: {} (elsewhere, {} tokens of context)",
                    card.id, card.context_tokens
                ),
            })?;
        }
        for model in &serving.not_served {
            line(&format!("model: {} is not served: {}", model.id, model.reason))?;
        }
        if cards.is_empty() && serving.not_served.is_empty() {
            line("model: none yet; add one with `galerne model import FILE --id ID`")?;
        }
        line(&format!("log key: {}", self.log.reader().verifier()))?;
        line(&format!("page: {page}"))?;
        line("      (valid once, 10 minutes; `galerne login-link` prints another)")?;
        match &key {
            Some(key) => line(&format!("api key: {key}"))?,
            None => line("api key: made at the first start; `galerne key create` makes another")?,
        }
        let shown = key.as_deref().unwrap_or("$GALERNE_API_KEY");
        let answers = |card: &&ModelCard| card.purpose == ModelPurpose::Chat;
        let model = cards.iter().find(answers).map_or("MODEL", |card| card.id.as_str());
        line(&format!(
            "try: curl {base}/v1/chat/completions -H \"Authorization: Bearer {shown}\" \
             -H \"Content-Type: application/json\" -d '{{\"model\":\"{model}\",\"messages\":\
             [{{\"role\":\"user\",\"content\":\"Hello\"}}]}}'"
        ))?;
        line("ready")
    }
}
