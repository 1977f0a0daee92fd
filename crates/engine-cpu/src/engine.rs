//! The port of the engine, answered by a thread of its own.

use std::{
    num::NonZeroUsize,
    path::Path as FilePath,
    sync::{Arc, Mutex, PoisonError, RwLock, mpsc as commands},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use cpu_kernels::{KvPrecision, Path, PathKind};
use domain::{ModelId, Timestamp};
use inference::{
    BareText, ModelCard,
    ports::{
        Asked, Embed, Embedding, Engine, EngineError, Generate, Generation, Passage, Passages,
        Prompt, WhenTooLong,
    },
};
use llguidance::Matcher;
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    checkpoint::Checkpoint,
    encoder::Encoder,
    energy::{EnergyMeter, PowerSources},
    grammar::{Constraint, MaskThread},
    kv_cache::{KvBytes, KvPool},
    kv_memory::KvMemory,
    model::{LoadProgress, Loading},
    scheduler::{CallWriting, Command, EVENTS_MAX, EmbedJob, Job, Parts, Places, Scheduler},
    served::{LoadError, ModelFile, Served},
    served_encoder::ServedEncoder,
    weights_cache::{UnkeptWeights, WeightsCache, WeightsCacheOptions},
};

/// A request for vectors may be one text or thousands: this is a guess.
const EMBED_RETRY_SECONDS: u32 = 2;

/// How an engine is built.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Threads that compute; `None` takes every processor this process may use.
    pub threads: Option<NonZeroUsize>,
    /// Generations that run at the same time.
    pub sequences_max: usize,
    /// Generations that may wait beside those that run.
    pub queue_max: usize,
    /// Memory for keys and values of all generations together. Taken as they need it.
    pub kv_bytes_max: usize,
    /// Of these, what may stay occupied by beginnings of prompts that no generation uses now; 0
    /// computes every prompt as a whole.
    pub prefix_bytes_max: usize,
    /// Whether tokens that may follow are guessed and checked together. Answers are the same
    /// without, and later.
    pub guesses: bool,
    /// How exactly keys and values are kept.
    pub kv_precision: KvPrecision,
    /// Instructions to use; `None` takes the best of this processor.
    pub cpu_path: Option<PathKind>,
    pub power: PowerSources,
    /// Keeps packed weights on disk for the next start; `None` neither reads nor writes any.
    pub weights_cache: Option<WeightsCacheOptions>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            threads: None,
            sequences_max: 16,
            queue_max: 64,
            kv_bytes_max: 2 << 30,
            prefix_bytes_max: 256 << 20,
            guesses: true,
            kv_precision: KvPrecision::default(),
            cpu_path: None,
            power: PowerSources::default(),
            weights_cache: None,
        }
    }
}

/// Why an engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("this processor lacks the instructions of `{}`; it has those of {}", path.name(), names())]
    CpuPath { path: PathKind },
    #[error("could not start the engine's threads")]
    Threads { source: std::io::Error },
}

/// Runs models on the processors of this machine.
///
/// Dropping it stops running generations and joins every thread.
pub struct CpuEngine {
    models: RwLock<Vec<Arc<Served>>>,
    encoders: RwLock<Vec<Arc<ServedEncoder>>>,
    places: Places,
    /// Of requests for vectors, so that they take no place of an answer.
    embed_places: Places,
    sequences_max: usize,
    threads: usize,
    cache: Option<WeightsCache>,
    pool: KvPool,
    kv_precision: KvPrecision,
    path: Path,
    commands: Mutex<Commands>,
    /// Closed when the thread has ended.
    ended: watch::Receiver<()>,
    thread: Mutex<Option<JoinHandle<()>>>,
    masks: Mutex<Option<MaskThread>>,
}

/// The way to the engine's thread. The lock puts every generation before or after the stop.
struct Commands {
    sender: commands::Sender<Command>,
    stopping: bool,
}

impl CpuEngine {
    /// Starts the threads; models are added by [`load`](Self::load).
    pub fn start(options: &EngineOptions) -> Result<Self, StartError> {
        let path = match options.cpu_path {
            None => Path::best(),
            Some(path) => Path::select(path).ok_or(StartError::CpuPath { path })?,
        };
        let threads = options
            .threads
            .or_else(|| std::thread::available_parallelism().ok())
            .map_or(1, NonZeroUsize::get);
        let pool = KvPool::new(options.kv_bytes_max);
        let (sender, receiver) = commands::channel();
        let (ending, ended) = watch::channel(());
        let parts = Parts {
            commands: receiver,
            sequences_max: options.sequences_max,
            threads,
            memory: KvMemory::new(pool.clone(), options.prefix_bytes_max),
            path,
            meter: EnergyMeter::new(&options.power),
            guesses: options.guesses,
        };
        let thread = spawn(parts, ending).map_err(|source| StartError::Threads { source })?;
        let masks = MaskThread::start().map_err(|source| StartError::Threads { source })?;
        Ok(Self {
            models: RwLock::default(),
            encoders: RwLock::default(),
            embed_places: Places::new(options.queue_max),
            places: Places::new(options.sequences_max.saturating_add(options.queue_max)),
            sequences_max: options.sequences_max.max(1),
            threads,
            cache: options.weights_cache.clone().map(WeightsCache::open),
            pool,
            kv_precision: options.kv_precision,
            path,
            commands: Mutex::new(Commands { sender, stopping: false }),
            ended,
            thread: Mutex::new(Some(thread)),
            masks: Mutex::new(Some(masks)),
        })
    }

    /// Reads and packs a model, which takes from tenths of a second to minutes: call it off async
    /// threads.
    pub fn load(&self, file: ModelFile) -> Result<ModelCard, LoadError> {
        self.load_watched(file, &LoadProgress::default())
    }

    /// As [`load`](Self::load), watched by another thread, which may call it off.
    pub fn load_watched(
        &self,
        file: ModelFile,
        progress: &LoadProgress,
    ) -> Result<ModelCard, LoadError> {
        let checkpoint = Checkpoint::open(&file.path)
            .map_err(|source| LoadError::File { path: file.path.clone(), source })?;
        let kept = self.cache.as_ref().and_then(|cache| cache.find(&file, &checkpoint));
        let loading = Loading { threads: self.threads, progress, kept: kept.as_ref() };
        let card = self.serve(file.clone(), &checkpoint, &loading)?;
        if let (Some(cache), Some(kept)) = (&self.cache, kept) {
            cache.settle(file, kept);
        }
        Ok(card)
    }

    /// Packed weights of models that were loaded and are not on disk yet.
    pub fn take_unkept(&self) -> Vec<UnkeptWeights> {
        self.cache.as_ref().map(WeightsCache::take_unkept).unwrap_or_default()
    }

    fn serve(
        &self,
        file: ModelFile,
        checkpoint: &Checkpoint,
        loading: &Loading<'_>,
    ) -> Result<ModelCard, LoadError> {
        if Encoder::is_in(checkpoint) {
            return self.add_encoder(ServedEncoder::load(file, checkpoint, loading)?);
        }
        let precision = self.kv_precision;
        self.add(Served::load(file, checkpoint, &self.pool, loading, precision)?)
    }

    /// Reads an adapter of a loaded model, which is asked by the adapter's own name from then on.
    /// The weights are shared; requests for the model and all of its adapters are computed
    /// together. Takes a moment; call it off async threads.
    pub fn load_adapter(&self, file: ModelFile, base: &ModelId) -> Result<ModelCard, LoadError> {
        let checkpoint = Checkpoint::open(&file.path)
            .map_err(|source| LoadError::File { path: file.path.clone(), source })?;
        let base = self
            .served(base)
            .ok()
            .filter(|base| base.adapter.is_none())
            .ok_or_else(|| LoadError::NoBase { model: file.id.clone(), base: base.clone() })?;
        self.add(base.adapted(file, &checkpoint)?)
    }

    fn add(&self, served: Served) -> Result<ModelCard, LoadError> {
        let card = served.card.clone();
        let served = Arc::new(served);
        let mut models = self.models.write().unwrap_or_else(PoisonError::into_inner);
        if models.iter().any(|one| one.card.id == card.id) || self.encoder(&card.id).is_some() {
            return Err(LoadError::Duplicate { model: card.id });
        }
        models.push(served);
        Ok(card)
    }

    fn add_encoder(&self, served: ServedEncoder) -> Result<ModelCard, LoadError> {
        let card = served.card.clone();
        // In this order everywhere: models, then encoders.
        let models = self.models.read().unwrap_or_else(PoisonError::into_inner);
        let mut encoders = self.encoders.write().unwrap_or_else(PoisonError::into_inner);
        let is_model = models.iter().any(|one| one.card.id == card.id);
        if is_model || encoders.iter().any(|one| one.card.id == card.id) {
            return Err(LoadError::Duplicate { model: card.id });
        }
        encoders.push(Arc::new(served));
        Ok(card)
    }

    /// Takes a model away and forgets what was kept of its prompts; generations that run on it end
    /// as usual. Returns whether it was loaded. Waits for the step that is being computed: call it
    /// off async threads.
    pub fn unload(&self, model: &ModelId) -> bool {
        if let Some(encoder) = self.encoder(model) {
            let mut encoders = self.encoders.write().unwrap_or_else(PoisonError::into_inner);
            encoders.retain(|one| !Arc::ptr_eq(one, &encoder));
            return true;
        }
        let served = {
            let mut models = self.models.write().unwrap_or_else(PoisonError::into_inner);
            let Some(at) = models.iter().position(|one| one.card.id == *model) else {
                return false;
            };
            models.remove(at)
        };
        served.unload();
        let (done, forgotten) = commands::sync_channel(1);
        let command = Command::Forget { model: served.number, done };
        let sent = {
            let commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
            commands.sender.send(command)
        };
        if sent.is_err() || forgotten.recv().is_err() {
            tracing::debug!("the engine's thread has ended, and its memory with it");
        }
        true
    }

    /// Tells of a model without loading its weights: what [`load`](Self::load) would serve.
    pub fn inspect(path: &FilePath) -> Result<crate::ModelConfig, LoadError> {
        let file = crate::checkpoint::Checkpoint::open(path)
            .map_err(|source| LoadError::File { path: path.to_owned(), source })?;
        crate::ModelConfig::from_checkpoint(&file)
            .map_err(|source| LoadError::Unsupported { path: path.to_owned(), source })
    }

    /// The instructions in use, for people.
    pub fn cpu_path(&self) -> &'static str {
        self.path.name()
    }

    /// Memory that keys and values occupy now.
    pub fn kv_bytes(&self) -> KvBytes {
        self.pool.bytes()
    }

    /// Generations that run or wait now.
    pub fn generations(&self) -> usize {
        self.places.taken()
    }

    fn served(&self, model: &ModelId) -> Result<Arc<Served>, EngineError> {
        let models = self.models.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(served) = models.iter().find(|served| served.card.id == *model) {
            return Ok(Arc::clone(served));
        }
        let model = model.clone();
        Err(match self.encoder(&model) {
            Some(_) => {
                EngineError::Unsuited { model, does: "makes vectors and answers no conversations" }
            }
            None => EngineError::UnknownModel { model },
        })
    }

    fn encoder(&self, model: &ModelId) -> Option<Arc<ServedEncoder>> {
        let encoders = self.encoders.read().unwrap_or_else(PoisonError::into_inner);
        encoders.iter().find(|served| served.card.id == *model).cloned()
    }

    fn served_encoder(&self, model: &ModelId) -> Result<Arc<ServedEncoder>, EngineError> {
        if let Some(served) = self.encoder(model) {
            return Ok(served);
        }
        let models = self.models.read().unwrap_or_else(PoisonError::into_inner);
        let model = model.clone();
        Err(if models.iter().any(|served| served.card.id == model) {
            EngineError::Unsuited { model, does: "answers conversations and makes no vectors" }
        } else {
            EngineError::UnknownModel { model }
        })
    }

    /// What keeps an answer to its form, and what reads its calls. The first mask is computed from
    /// now on, while the prompt is read.
    fn writing(
        &self,
        served: &Served,
        request: &Generate,
    ) -> Result<(Option<Constraint>, Option<CallWriting>), EngineError> {
        let Generate { format, tools, .. } = request;
        let forms = served.forms(format, tools, Matcher::deep_clone)?;
        let masks = || {
            let masks = self.masks.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(masks.as_ref().ok_or(EngineError::Stopping)?.masks())
        };
        let constraint = match forms.answer {
            Some(matcher) => Some(Constraint::begin(matcher, masks()?)),
            None => None,
        };
        let begun = match forms.call {
            Some(matcher) => Some((matcher, masks()?)),
            None => None,
        };
        let ends_with_first = served.calls_once(tools);
        let reader = served.call_reader(tools);
        let calls = reader.map(|reader| CallWriting { reader, begun, ends_with_first });
        Ok((constraint, calls))
    }

    /// Tells the thread to end at `deadline`, and refuses generations from now on.
    fn stop(&self, deadline: Instant) {
        let mut commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        commands.stopping = true;
        if commands.sender.send(Command::Stop(deadline)).is_err() {
            tracing::debug!("the engine's thread had already ended");
        }
    }

    fn join(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the engine's thread ended by a panic");
        }
        // With the thread went every generation that could ask for masks.
        let masks = self.masks.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(masks) = masks {
            masks.join();
        }
    }

    /// A generation takes about a second, and as many run at once as there are places.
    fn retry_after_seconds(&self) -> u32 {
        u32::try_from(1 + self.places.taken() / self.sequences_max).unwrap_or(u32::MAX)
    }
}

/// The instructions that this processor has.
fn names() -> String {
    let names: Vec<String> =
        Path::available().iter().map(|path| format!("`{}`", path.name())).collect();
    names.join(", ")
}

/// Starts the engine's thread and waits until its workers run.
fn spawn(parts: Parts, ending: watch::Sender<()>) -> std::io::Result<JoinHandle<()>> {
    let (started, start) = commands::sync_channel(1);
    let work = move || {
        let (scheduler, outcome) = match Scheduler::new(parts) {
            Ok(scheduler) => (Some(scheduler), Ok(())),
            Err(error) => (None, Err(error)),
        };
        if started.send(outcome).is_ok()
            && let Some(scheduler) = scheduler
        {
            scheduler.run();
        }
        drop(ending);
    };
    let thread = std::thread::Builder::new().name("engine-0".to_owned()).spawn(work)?;
    match start.recv() {
        Ok(Ok(())) => Ok(thread),
        Ok(Err(error)) => Err(error),
        Err(commands::RecvError) => Err(std::io::Error::other("the engine's thread panicked")),
    }
}

#[async_trait]
impl Engine for CpuEngine {
    fn models(&self) -> Vec<ModelCard> {
        let models = self.models.read().unwrap_or_else(PoisonError::into_inner);
        let encoders = self.encoders.read().unwrap_or_else(PoisonError::into_inner);
        let embedding = encoders.iter().map(|served| served.card.clone());
        models.iter().map(|served| served.card.clone()).chain(embedding).collect()
    }

    fn prepare(
        &self,
        model: &ModelId,
        asked: Asked<'_>,
        now: Timestamp,
    ) -> Result<Prompt, EngineError> {
        self.served(model)?.prepare(asked, now)
    }

    fn prepare_text(&self, model: &ModelId, text: &BareText) -> Result<Prompt, EngineError> {
        self.served(model)?.prepare_text(text)
    }

    fn generate(&self, request: Generate) -> Result<Generation, EngineError> {
        let served = self.served(&request.prompt.model)?;
        served.check(&request.prompt)?;
        let (constraint, calls) = self.writing(&served, &request)?;
        let commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        if commands.stopping {
            return Err(EngineError::Stopping);
        }
        let Some(place) = self.places.take() else {
            return Err(EngineError::Busy { retry_after_seconds: self.retry_after_seconds() });
        };
        let (events, event_receiver) = mpsc::channel(EVENTS_MAX);
        let (settled, settled_receiver) = oneshot::channel();
        let job = Box::new(Job { served, request, constraint, calls, events, settled, place });
        commands.sender.send(Command::Generate(job)).map_err(|_| EngineError::Failed {
            detail: "the engine's thread has ended".to_owned(),
        })?;
        Ok(Generation { events: event_receiver, settled: settled_receiver })
    }

    fn prepare_passages(
        &self,
        model: &ModelId,
        passages: Vec<Passage>,
        when_too_long: WhenTooLong,
    ) -> Result<Passages, EngineError> {
        self.served_encoder(model)?.prepare(passages, when_too_long)
    }

    fn embed(&self, request: Embed) -> Result<Embedding, EngineError> {
        let served = self.served_encoder(&request.passages.model)?;
        served.check(&request.passages)?;
        let commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        if commands.stopping {
            return Err(EngineError::Stopping);
        }
        let Some(place) = self.embed_places.take() else {
            return Err(EngineError::Busy { retry_after_seconds: EMBED_RETRY_SECONDS });
        };
        let (vectors, vectors_receiver) = oneshot::channel();
        let (settled, settled_receiver) = oneshot::channel();
        let job = Box::new(EmbedJob { served, request, vectors, settled, place });
        commands.sender.send(Command::Embed(job)).map_err(|_| EngineError::Failed {
            detail: "the engine's thread has ended".to_owned(),
        })?;
        Ok(Embedding { vectors: vectors_receiver, settled: settled_receiver })
    }

    async fn shut_down(&self, deadline: Duration) {
        const DAY: Duration = Duration::from_hours(24);
        self.stop(Instant::now() + deadline.min(DAY));
        let mut ended = self.ended.clone();
        while ended.changed().await.is_ok() {}
        self.join();
    }
}

impl Drop for CpuEngine {
    fn drop(&mut self) {
        self.stop(Instant::now());
        self.join();
    }
}
