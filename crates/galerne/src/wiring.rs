//! What is plugged where.

use std::{net::SocketAddr, num::NonZeroUsize, sync::Arc, time::Duration};

use anyhow::Context as _;
use api::{BatchAnswers, CountedLedger};
use assistant::{Assistant, AssistantParts};
use carbon_ledger::factors;
use domain::Caller;
use engine_cpu::{CpuEngine, EngineOptions, WeightsCacheOptions, WeightsKey};
use governance::{
    Access, AccessError, AccessParts, LinkKey, LogGate, Rulebook, Trail, TrailParts, Vault,
    ports::Rules,
};
use inference::{
    AnsweredBy, Budgets, BudgetsParts, Chat, ChatLimits, Declared, Deployment, EmbedLimits,
    Embeddings, EmbeddingsParts, EngineBuild, Gateway, Metering, Models, Parts, Site, UsageReports,
    UsageReportsParts, ports::Engine,
};
use policy::Keeper;
use store::{OpenError, Store};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use workloads::{
    Files, FilesParts, Jobs, JobsParts, Quota, Runner, RunnerLimits, RunnerParts, RunningJobs,
};

use crate::{
    config::{Settings, prices},
    data_dir::DataDir,
    failure::{Exit, Failure},
    loading::Loads,
    model_files::{Manifest, ModelFiles},
    outbound::Outbound,
    rules,
    served_models::{NotServed, ServedModels},
    system::{SystemClock, SystemRandom},
    trust::TrustSource,
    upstreams,
    waiver::{WAIVER_PURPOSE, WaiverKey},
};

/// What every command needs: the data directory and the contexts that need no model.
pub(crate) struct Local {
    pub(crate) data_dir: DataDir,
    pub(crate) access: Access,
    pub(crate) trail: Trail,
    /// Closes the trail when the log is broken; only a server keeps the log.
    pub(crate) gate: LogGate,
    pub(crate) store: Arc<Store>,
    pub(crate) listen: SocketAddr,
    pub(crate) outbound: Outbound,
    /// The rules of the customer.
    pub(crate) rules: Arc<Keeper>,
    /// Follows from the installation key, as what it keeps from being made by others.
    weights_key: WeightsKey,
    pub(crate) waivers: WaiverKey,
    /// Of links to files and documents.
    pub(crate) links: LinkKey,
}

/// What the key of packed weights is for, among those that follow from the installation key.
const WEIGHTS_PURPOSE: &str = "galerne 2026 packed weights of models";

/// The contexts that answer with models.
pub(crate) struct Serving {
    pub(crate) chat: Chat,
    pub(crate) embeddings: Embeddings,
    /// The same that both ask.
    pub(crate) budgets: Budgets,
    pub(crate) assistant: Assistant,
    pub(crate) files: Files,
    pub(crate) jobs: Jobs,
    /// Batch jobs that are being played.
    pub(crate) running: RunningJobs,
    pub(crate) models: Models,
    /// To the engines that run elsewhere.
    pub(crate) gateway: Gateway,
    pub(crate) not_served: Vec<NotServed>,
}

impl Local {
    pub(crate) async fn open(settings: &Settings) -> Result<Self, Failure> {
        let data_dir = DataDir::open(&settings.data_dir.value)?;
        let installation = data_dir.installation_key(&SystemRandom)?;
        let store = Store::open(&data_dir.database()).await.map_err(explain)?;
        let store = Arc::new(store);
        let weights_key = WeightsKey::from_bytes(installation.derive(WEIGHTS_PURPOSE));
        let waivers = WaiverKey::from_bytes(installation.derive(WAIVER_PURPOSE));
        let links = LinkKey::of(&installation);
        let gate = LogGate::default();
        let trail = Trail::new(TrailParts {
            audit: store.clone(),
            access: store.clone(),
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemRandom),
            secrets: Arc::new(SystemRandom),
            gate: gate.clone(),
        })
        .under_policy(settings.outbound.digest());
        let rules = rules::keeper(settings, &data_dir, &installation, trail.policy_in_force());
        let access = Access::new(AccessParts {
            store: store.clone(),
            trail: trail.clone(),
            installation,
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemRandom),
            secrets: Arc::new(SystemRandom),
        });
        let listen = settings.listen.value;
        let outbound = settings.outbound.clone().under(&rules);
        Ok(Self {
            data_dir,
            access,
            trail,
            gate,
            store,
            listen,
            outbound,
            rules,
            weights_key,
            waivers,
            links,
        })
    }

    /// Asks the rules of the customer for callers.
    pub(crate) fn rulebook(&self) -> Rulebook {
        Rulebook::new(Arc::clone(&self.rules) as Arc<dyn Rules>, self.store.clone())
    }

    /// Whose signatures of models count here.
    pub(crate) fn trust(&self, settings: &Settings) -> TrustSource {
        let signatures = settings.models.value.signatures;
        TrustSource { signatures, keys: self.data_dir.model_keys(), waivers: self.waivers.clone() }
    }

    /// Whoever types commands on this machine.
    pub(crate) async fn operator(&self) -> Result<Caller, Failure> {
        self.access.operator().await.map_err(|error| match error {
            AccessError::NotFounded => Failure::from(error)
                .hint("`galerne serve` sets the installation up at its first start"),
            error => error.into(),
        })
    }

    /// The same, or nobody in an installation that was not set up yet.
    pub(crate) async fn operator_if_any(&self) -> Result<Option<Caller>, Failure> {
        match self.access.operator().await {
            Ok(caller) => Ok(Some(caller)),
            Err(AccessError::NotFounded) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Loads the models and starts the engine's threads. Blocks while it reads the files.
    pub(crate) fn serving(
        &self,
        settings: &Settings,
        vault: &Arc<Vault>,
        manifests: &[Manifest],
        loads: &Loads,
    ) -> Result<(Serving, ServedModels), Failure> {
        let engine = Arc::new(CpuEngine::start(&EngineOptions {
            weights_cache: Some(self.weights_cache(settings)),
            ..engine_options(settings)
        })?);
        let deployment = deployment(settings, &engine);
        let files = ModelFiles::new(&self.data_dir);
        let mut served = ServedModels::new(engine.clone(), files, self.trust(settings));
        let not_served = served.update(manifests, loads)?;
        let engine: Arc<dyn Engine> = engine;
        let zone = &settings.site_zone.value;
        let factor = factors::grid(zone).context("the grid zone was checked with the settings")?;
        let site = Site { name: settings.site_name.value.clone(), zone: zone.clone() };
        let ledger = Arc::new(CountedLedger::new(self.store.clone()));
        let metering = Metering::new(site, factor).of(deployment);
        let gateway = upstreams::gateway(self, settings)?;
        let budgets = self.budgets(settings)?;
        let embeddings = Embeddings::new(EmbeddingsParts {
            engine: engine.clone(),
            ledger: ledger.clone(),
            trail: self.trail.clone(),
            rules: self.rulebook(),
            budgets: budgets.clone(),
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemRandom),
            metering: metering.clone(),
            limits: EmbedLimits {
                requests_max: settings.limits.value.requests_max,
                ..EmbedLimits::default()
            },
        })
        .through(gateway.clone());
        let chat = Chat::new(Parts {
            engine: engine.clone(),
            ledger,
            trail: self.trail.clone(),
            rules: self.rulebook(),
            budgets: budgets.clone(),
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemRandom),
            metering,
            limits: ChatLimits {
                requests_max: settings.limits.value.requests_max,
                ..ChatLimits::default()
            },
        })
        .through(gateway.clone());
        let assistant = Assistant::new(AssistantParts {
            chat: chat.clone(),
            store: Arc::new(self.store.conversations(Arc::clone(vault))),
            trail: self.trail.clone(),
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemRandom),
        });
        let models = Models::new(engine).through(gateway.clone());
        let (files, jobs) = self.workloads(vault);
        let running = RunningJobs::default();
        let serving = Serving {
            chat,
            embeddings,
            budgets,
            assistant,
            files,
            jobs,
            running,
            models,
            gateway,
            not_served,
        };
        Ok((serving, served))
    }

    fn workloads(&self, vault: &Arc<Vault>) -> (Files, Jobs) {
        let store = Arc::new(self.store.workloads(Arc::clone(vault)));
        let files = Files::new(FilesParts {
            store: store.clone(),
            access: self.access.clone(),
            trail: self.trail.clone(),
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemRandom),
            links: self.links.clone(),
            quota: Quota::default(),
        });
        let jobs = Jobs::new(JobsParts {
            store,
            files: files.clone(),
            trail: self.trail.clone(),
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemRandom),
        });
        (files, jobs)
    }

    /// Limits with the prices and the energy of the settings.
    pub(crate) fn budgets(&self, settings: &Settings) -> Result<Budgets, Failure> {
        let budgets = Budgets::new(BudgetsParts {
            store: self.store.clone(),
            trail: self.trail.clone(),
            clock: Arc::new(SystemClock),
            prices: prices(&settings.prices.value, &settings.upstreams.value)?,
        });
        Ok(budgets.expecting(upstreams::declared_energy(settings)?))
    }

    /// What was used.
    pub(crate) fn usage(&self) -> UsageReports {
        let (store, trail) = (self.store.clone(), self.trail.clone());
        UsageReports::new(UsageReportsParts { store, trail })
    }

    fn weights_cache(&self, settings: &Settings) -> WeightsCacheOptions {
        WeightsCacheOptions {
            directory: self.data_dir.weights(),
            bytes_max: (settings.engine.value.weights_cache_mib as u64) << 20,
            key: self.weights_key.clone(),
        }
    }

    /// Ends the tasks of the store; everything acknowledged is on disk.
    pub(crate) async fn close(&self) {
        self.store.close().await;
    }
}

impl Serving {
    /// What is done though nobody waits for it.
    pub(crate) fn begin_work(&self, local: &Local, tasks: &TaskTracker, stop: &CancellationToken) {
        tasks.spawn(self.gateway.clone().watch(stop.clone()));
        tasks.spawn(self.runner(local).run(stop.clone()));
    }

    /// Plays batch jobs, those of an earlier process too.
    fn runner(&self, local: &Local) -> Runner {
        Runner::new(RunnerParts {
            jobs: self.jobs.clone(),
            answers: Arc::new(BatchAnswers::new(self.chat.clone(), self.embeddings.clone())),
            access: local.access.clone(),
            running: self.running.clone(),
            limits: RunnerLimits::default(),
        })
    }

    pub(crate) async fn shut_down(&self, settings: &Settings) {
        let deadline = Duration::from_secs(settings.limits.value.drain_seconds);
        // The assistant shuts the chat and the engine down too, before the last turns are written
        // down; requests for vectors end meanwhile.
        tokio::join!(self.assistant.shut_down(deadline), self.embeddings.shut_down());
    }
}

fn engine_options(settings: &Settings) -> EngineOptions {
    let (limits, engine) = (settings.limits.value, settings.engine.value);
    EngineOptions {
        threads: NonZeroUsize::new(settings.threads.value),
        queue_max: limits.requests_max,
        sequences_max: limits.sequences_max,
        kv_bytes_max: limits.kv_cache_mib << 20,
        prefix_bytes_max: limits.prefix_cache_mib << 20,
        cpu_path: engine.cpu_path.0,
        guesses: engine.guesses,
        kv_precision: engine.kv_cache_type.0,
        ..EngineOptions::default()
    }
}

/// What receipts tell of this server.
fn deployment(settings: &Settings, engine: &CpuEngine) -> Deployment {
    Deployment {
        engine: AnsweredBy::Here(EngineBuild {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            // A build from a checkout names it: `GALERNE_COMMIT=$(git rev-parse HEAD)`.
            commit: option_env!("GALERNE_COMMIT").map(str::to_owned),
            cpu_path: engine.cpu_path().to_owned(),
            kv_cache_type: settings.engine.value.kv_cache_type.0.name().to_owned(),
        }),
        declared: declared(settings),
    }
}

/// What the operator says of this machine.
pub(crate) fn declared(settings: &Settings) -> Declared {
    let site = settings.site_declared.value.clone();
    Declared {
        site: settings.site_name.value.clone(),
        grid_zone: settings.site_zone.value.clone(),
        country: site.country,
        operator: site.operator,
        operator_country: site.operator_country,
        parent_country: site.parent_country,
    }
}

fn explain(error: OpenError) -> Failure {
    let exit = match &error {
        OpenError::NewerThanBinary { .. } => Exit::NewerData,
        _ => Exit::Failed,
    };
    let hint = error.hint().to_owned();
    Failure::new(exit, error).hint(hint)
}
