//! What is plugged where.

use std::{net::SocketAddr, num::NonZeroUsize, sync::Arc, time::Duration};

use anyhow::Context as _;
use api::CountedLedger;
use assistant::{Assistant, AssistantParts};
use carbon_ledger::factors;
use domain::{Caller, ModelId};
use engine_cpu::{CpuEngine, EngineOptions, ModelFile};
use governance::{Access, AccessError, AccessParts, LogGate, Trail, TrailParts};
use inference::{
    Chat, ChatLimits, EmbedLimits, Embeddings, EmbeddingsParts, Metering, Models, Parts, Site,
    ports::Engine,
};
use store::{OpenError, Store};

use crate::{
    config::Settings,
    data_dir::DataDir,
    failure::{Exit, Failure},
    model_files::{Manifest, ModelFiles},
    system::{SystemClock, SystemRandom},
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
}

/// The contexts that answer with models.
pub(crate) struct Serving {
    pub(crate) chat: Chat,
    pub(crate) embeddings: Embeddings,
    pub(crate) assistant: Assistant,
    pub(crate) models: Models,
    pub(crate) not_served: Vec<NotServed>,
}

/// A model that is imported and cannot be used.
pub(crate) struct NotServed {
    pub(crate) id: String,
    pub(crate) reason: String,
}

impl Local {
    pub(crate) async fn open(settings: &Settings) -> Result<Self, Failure> {
        let data_dir = DataDir::open(&settings.data_dir.value)?;
        let installation = data_dir.installation_key(&SystemRandom)?;
        let store = Store::open(&data_dir.database()).await.map_err(explain)?;
        let store = Arc::new(store);
        let gate = LogGate::default();
        let trail = Trail::new(TrailParts {
            audit: store.clone(),
            access: store.clone(),
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemRandom),
            secrets: Arc::new(SystemRandom),
            gate: gate.clone(),
        });
        let access = Access::new(AccessParts {
            store: store.clone(),
            trail: trail.clone(),
            installation,
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemRandom),
            secrets: Arc::new(SystemRandom),
        });
        Ok(Self { data_dir, access, trail, gate, store, listen: settings.listen.value })
    }

    /// Whoever types commands on this machine.
    pub(crate) async fn operator(&self) -> Result<Caller, Failure> {
        self.access.operator().await.map_err(|error| match error {
            AccessError::NotFounded => Failure::from(error)
                .hint("`galerne serve` sets the installation up at its first start"),
            error => error.into(),
        })
    }

    /// Loads the models and starts the engine's threads. Blocks while it reads the files.
    pub(crate) fn serving(
        &self,
        settings: &Settings,
        manifests: &[Manifest],
    ) -> Result<Serving, Failure> {
        let engine = CpuEngine::start(&engine_options(settings))?;
        let not_served = self.load(&engine, manifests)?;
        let engine: Arc<dyn Engine> = Arc::new(engine);
        let zone = &settings.site_zone.value;
        let factor = factors::grid(zone).context("the grid zone was checked with the settings")?;
        let site = Site { name: settings.site_name.value.clone(), zone: zone.clone() };
        let ledger = Arc::new(CountedLedger::new(self.store.clone()));
        let metering = Metering::new(site, factor);
        let embeddings = Embeddings::new(EmbeddingsParts {
            engine: engine.clone(),
            ledger: ledger.clone(),
            trail: self.trail.clone(),
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemRandom),
            metering: metering.clone(),
            limits: EmbedLimits {
                requests_max: settings.limits.value.requests_max,
                ..EmbedLimits::default()
            },
        });
        let chat = Chat::new(Parts {
            engine: engine.clone(),
            ledger,
            trail: self.trail.clone(),
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemRandom),
            metering,
            limits: ChatLimits {
                requests_max: settings.limits.value.requests_max,
                ..ChatLimits::default()
            },
        });
        let assistant = Assistant::new(AssistantParts {
            chat: chat.clone(),
            store: self.store.clone(),
            trail: self.trail.clone(),
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemRandom),
        });
        Ok(Serving { chat, embeddings, assistant, models: Models::new(engine), not_served })
    }

    /// A model that cannot be loaded does not keep the others from being served.
    fn load(&self, engine: &CpuEngine, manifests: &[Manifest]) -> Result<Vec<NotServed>, Failure> {
        let files = ModelFiles::new(&self.data_dir);
        let mut not_served = Vec::new();
        for manifest in manifests {
            let id: ModelId = manifest.id.parse()?;
            let file = ModelFile {
                path: files.path(&id, manifest.format),
                id,
                digest: manifest.sha256.clone(),
                created_at: manifest.imported_at,
            };
            if let Err(error) = engine.load(file) {
                let reason = format!("{:#}", anyhow::Error::new(error));
                not_served.push(NotServed { id: manifest.id.clone(), reason });
            }
        }
        Ok(not_served)
    }

    /// Ends the tasks of the store; everything acknowledged is on disk.
    pub(crate) async fn close(&self) {
        self.store.close().await;
    }
}

impl Serving {
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
        ..EngineOptions::default()
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
