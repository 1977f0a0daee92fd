//! Libraries of documents: what is plugged where, and what is done though nobody waits for it.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use governance::{Vault, ports::DerivedContent};
use knowledge::{
    AnswerLimits, Answers, AnswersParts, Documents, DocumentsParts, EvidenceRecords,
    EvidenceRecordsParts, Forgetting, ForgettingParts, Index, Ingestion, IngestionLimits,
    IngestionParts, Libraries, LibrariesParts, PageImages, Quota, RunningReadings, Search,
    SearchParts, StoredSources, Traces, TracesParts, Upkeep, UpkeepParts,
    ports::{Embedder, Parser, Sources},
};
use search::{SearchLimits, SegmentIndex, SegmentIndexParts, objects_in};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    config::Settings,
    document_vectors::DocumentVectors,
    failure::Failure,
    log,
    system::{SystemClock, SystemRandom},
    wiring::{Local, Serving},
};

/// Beside the time that a document may be read, for what stands before it and what writes it down.
const PARSE_SPARE: Duration = Duration::from_mins(1);

/// A document may be looked at by a reader, by a recogniser, and by a reader again.
const PARSE_ROUNDS: u64 = 3;

/// What documents are kept in, read by and found in.
pub(crate) struct Knowledge {
    pub(crate) libraries: Libraries,
    pub(crate) documents: Documents,
    pub(crate) page_images: PageImages,
    pub(crate) search: Search,
    pub(crate) answers: Answers,
    pub(crate) traces: Traces,
    pub(crate) evidence: EvidenceRecords,
    /// Documents that are being read.
    pub(crate) running: RunningReadings,
    parser: Arc<dyn Parser>,
    store: Arc<store::Libraries>,
    index: Arc<dyn Index>,
    embedder: Arc<dyn Embedder>,
    limits: IngestionLimits,
}

impl Knowledge {
    /// For the one server of the data directory.
    pub(crate) async fn open(
        local: &Local,
        settings: &Settings,
        (serving, vault): (&Serving, &Arc<Vault>),
        parser: Arc<dyn Parser>,
    ) -> Result<Self, Failure> {
        let store = Arc::new(local.store.libraries(Arc::clone(vault)));
        let index = index(local, settings, vault)?;
        let embedder = embedder(settings, serving)?;
        let running = RunningReadings::default();
        let documents = documents(local, settings, (&store, &running));
        let sources: Arc<dyn Sources> = Arc::new(StoredSources::new(store.clone(), store.clone()));
        Ok(Self {
            libraries: libraries(local, &store),
            page_images: PageImages::new(documents.clone(), Arc::clone(&parser)),
            documents,
            search: search(local, &store, (&index, &embedder)),
            answers: answers(local, serving, (&store, &sources, &embedder)),
            traces: Traces::new(TracesParts {
                traces: store.clone(),
                sources: Arc::clone(&sources),
                trail: local.trail.clone(),
            }),
            evidence: evidence(local, settings, (&store, &sources)).await?,
            running,
            parser,
            store,
            index,
            embedder,
            limits: limits(settings),
        })
    }

    /// Has the index forget what is erased.
    pub(crate) fn derived(&self) -> Arc<dyn DerivedContent> {
        derived(&self.store, &self.index)
    }

    /// What is done though nobody waits for it; it ends with `stop`.
    pub(crate) fn begin_work(&self, tasks: &TaskTracker, stop: &CancellationToken) {
        if !self.embedder.is_there() {
            let model = self.embedder.model();
            tracing::info!(%model, "until it is imported, documents are found by their words alone");
        }
        tasks.spawn(self.ingestion().run(stop.clone()));
        let upkeep = Upkeep::new(UpkeepParts {
            libraries: self.store.clone(),
            documents: self.store.clone(),
            index: Arc::clone(&self.index),
        });
        tasks.spawn(upkeep.run(stop.clone()));
    }

    fn ingestion(&self) -> Ingestion {
        Ingestion::new(IngestionParts {
            store: self.store.clone(),
            documents: self.documents.clone(),
            parser: Arc::clone(&self.parser),
            embedder: Arc::clone(&self.embedder),
            index: Arc::clone(&self.index),
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemRandom),
            running: self.running.clone(),
            limits: self.limits,
        })
    }
}

/// Has the index forget what is erased, where no server works. Nobody else may write into the
/// folder of the index meanwhile.
pub(crate) fn derived_alone(
    local: &Local,
    settings: &Settings,
    vault: &Arc<Vault>,
) -> Result<Arc<dyn DerivedContent>, Failure> {
    let store = Arc::new(local.store.libraries(Arc::clone(vault)));
    Ok(derived(&store, &index(local, settings, vault)?))
}

fn derived(store: &Arc<store::Libraries>, index: &Arc<dyn Index>) -> Arc<dyn DerivedContent> {
    Arc::new(Forgetting::new(ForgettingParts {
        libraries: store.clone(),
        index: Arc::clone(index),
    }))
}

/// On objects in the data directory, sealed under the keys of the vault.
fn index(
    local: &Local,
    settings: &Settings,
    vault: &Arc<Vault>,
) -> Result<Arc<dyn Index>, Failure> {
    let folder = local.data_dir.index();
    let objects = objects_in(&folder)
        .with_context(|| format!("could not open the index in {}", folder.display()))?;
    let memory_bytes_max = settings.index.value.memory_mib << 20;
    Ok(Arc::new(SegmentIndex::new(SegmentIndexParts {
        objects,
        keys: vault.clone(),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemRandom),
        limits: SearchLimits { memory_bytes_max, ..SearchLimits::default() },
    })))
}

fn embedder(settings: &Settings, serving: &Serving) -> Result<Arc<dyn Embedder>, Failure> {
    let documents = &settings.documents.value;
    let model = documents.model()?;
    let prefixes = documents.prefixes(&model);
    Ok(Arc::new(DocumentVectors::new(serving.embeddings.clone(), model, prefixes)))
}

fn libraries(local: &Local, store: &Arc<store::Libraries>) -> Libraries {
    Libraries::new(LibrariesParts {
        store: store.clone(),
        trail: local.trail.clone(),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemRandom),
    })
}

fn documents(
    local: &Local,
    settings: &Settings,
    (store, running): (&Arc<store::Libraries>, &RunningReadings),
) -> Documents {
    let document_bytes_max = settings.documents.value.size_mib_max << 20;
    Documents::new(DocumentsParts {
        store: store.clone(),
        libraries: store.clone(),
        access: local.access.clone(),
        trail: local.trail.clone(),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemRandom),
        links: local.links.clone(),
        quota: Quota { document_bytes_max, ..Quota::default() },
        running: running.clone(),
    })
}

fn search(
    local: &Local,
    store: &Arc<store::Libraries>,
    (index, embedder): (&Arc<dyn Index>, &Arc<dyn Embedder>),
) -> Search {
    Search::new(SearchParts {
        store: store.clone(),
        index: Arc::clone(index),
        embedder: Arc::clone(embedder),
        trail: local.trail.clone(),
        clock: Arc::new(SystemClock),
    })
}

fn answers(
    local: &Local,
    serving: &Serving,
    (store, sources, embedder): (&Arc<store::Libraries>, &Arc<dyn Sources>, &Arc<dyn Embedder>),
) -> Answers {
    Answers::new(AnswersParts {
        chat: serving.chat.clone(),
        models: serving.models.clone(),
        sources: Arc::clone(sources),
        traces: store.clone(),
        embedder: Some(Arc::clone(embedder)),
        trail: local.trail.clone(),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemRandom),
        limits: AnswerLimits::default(),
    })
}

async fn evidence(
    local: &Local,
    settings: &Settings,
    (store, sources): (&Arc<store::Libraries>, &Arc<dyn Sources>),
) -> Result<EvidenceRecords, Failure> {
    let log = &settings.log.value;
    Ok(EvidenceRecords::new(EvidenceRecordsParts {
        traces: store.clone(),
        sources: Arc::clone(sources),
        log: log::receipt_log(local, log).await?,
        trail: local.trail.clone(),
        clock: Arc::new(SystemClock),
        // For the next checkpoint, as receipts.
        patience: Duration::from_secs(log.checkpoint_seconds.saturating_add(2)),
    }))
}

/// As many documents are read at a time as there are processes that read them.
fn limits(settings: &Settings) -> IngestionLimits {
    let documents = &settings.documents.value;
    let seconds = documents.seconds_max.saturating_mul(PARSE_ROUNDS);
    IngestionLimits {
        readings: documents.workers,
        parse: Duration::from_secs(seconds) + PARSE_SPARE,
        ..IngestionLimits::default()
    }
}
