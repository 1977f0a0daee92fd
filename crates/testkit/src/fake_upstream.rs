//! An upstream that does what a test tells it.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use carbon_ledger::{Energy, Joules, Method, Uncertainty, factors};
use inference::{
    AnswerFormat, AnsweredBy, Declared, Deployment, FinishReason, Metering, ModelPurpose, Site,
    TokenPiece, UpstreamEngine,
    ports::{
        Announced, AnnouncedPassages, Asking, AskingPassages, BrokenOff, Consumed, Denial,
        Embedding, EngineEvent, Generation, Passage, Upstream, UpstreamCard, UpstreamError,
        UpstreamModel,
    },
};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::task::TaskTracker;

use crate::OtherEnd;

/// What it does when it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UpstreamBehaviour {
    /// Says its name and ends.
    Answers,
    /// Does not answer, for this reason.
    Refuses(UpstreamError),
    /// Says its name and breaks off.
    BreaksOff,
    /// The same, and says why.
    BreaksOffBecause(BrokenOff),
    /// Says its name and nothing more until nobody listens.
    Stalls,
    /// Does not even begin.
    NeverBegins,
}

/// Cheap to clone; clones are the same upstream.
#[derive(Clone)]
pub struct FakeUpstream {
    shared: Arc<Shared>,
}

struct Shared {
    card: UpstreamCard,
    behaviour: Mutex<UpstreamBehaviour>,
    denied: Mutex<Option<&'static str>>,
    announced: AtomicUsize,
    sent: AtomicUsize,
    probed: AtomicUsize,
    /// The texts of each request.
    received: Mutex<Vec<String>>,
    /// Somebody has left an answer that stalls.
    left: Notify,
    tasks: TaskTracker,
}

/// What has reached it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpstreamCounts {
    pub announced: usize,
    pub sent: usize,
    pub probed: usize,
}

impl FakeUpstream {
    /// In France; has one model that answers, `model`, and one that makes vectors of two numbers,
    /// `model` with `-vectors`.
    pub fn new(id: &str, model: &str) -> Self {
        let purposes =
            [("", ModelPurpose::Chat), ("-vectors", ModelPurpose::Embeddings { dimensions: 2 })];
        let models = purposes.map(|(end, purpose)| UpstreamModel {
            id: format!("{model}{end}").parse().expect("a name of a model"),
            context_tokens: 4096,
            purpose,
        });
        let deployment = Deployment {
            engine: AnsweredBy::Upstream(UpstreamEngine {
                id: id.to_owned(),
                kind: "fake".to_owned(),
                party: format!("https://{id}.example"),
                is_own: true,
            }),
            declared: Declared {
                site: id.to_owned(),
                grid_zone: "FR".to_owned(),
                ..Declared::default()
            },
        };
        let site = Site { name: id.to_owned(), zone: "FR".to_owned() };
        let card = UpstreamCard {
            id: id.parse().expect("a name of an upstream"),
            models: models.into(),
            is_own: true,
            requests_max: 4,
            microeuros_per_million: 0,
            metering: Metering::new(site, factors::grid("FR").expect("listed")).of(deployment),
        };
        let shared = Shared {
            card,
            behaviour: Mutex::new(UpstreamBehaviour::Answers),
            denied: Mutex::new(None),
            announced: AtomicUsize::new(0),
            sent: AtomicUsize::new(0),
            probed: AtomicUsize::new(0),
            received: Mutex::default(),
            left: Notify::new(),
            tasks: TaskTracker::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The same for other money, in millionths of a euro for a million tokens. Not for clones.
    #[must_use]
    pub fn with_price(mut self, microeuros_per_million: u64) -> Self {
        let shared = Arc::get_mut(&mut self.shared).expect("nobody has a clone yet");
        shared.card.microeuros_per_million = microeuros_per_million;
        self
    }

    pub fn behave(&self, behaviour: UpstreamBehaviour) {
        *lock(&self.shared.behaviour) = behaviour;
    }

    /// With the code of a rule: nothing may be sent to it.
    pub fn deny(&self, code: Option<&'static str>) {
        *lock(&self.shared.denied) = code;
    }

    pub fn counts(&self) -> UpstreamCounts {
        let of = |counter: &AtomicUsize| counter.load(Ordering::SeqCst);
        let Shared { announced, sent, probed, .. } = &*self.shared;
        UpstreamCounts { announced: of(announced), sent: of(sent), probed: of(probed) }
    }

    fn denial(&self) -> Result<(), Denial> {
        match *lock(&self.shared.denied) {
            Some(code) => Err(Denial { code, reason: "a test says so".to_owned() }),
            None => Ok(()),
        }
    }

    fn announced(&self) -> Result<(), UpstreamError> {
        self.denial().map_err(UpstreamError::Denied)?;
        self.shared.announced.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    /// What it does now; counts as sent.
    async fn begin(&self, content: String) -> Result<UpstreamBehaviour, UpstreamError> {
        self.shared.sent.fetch_add(1, Ordering::SeqCst);
        lock(&self.shared.received).push(content);
        let behaviour = lock(&self.shared.behaviour).clone();
        match behaviour {
            UpstreamBehaviour::Refuses(error) => Err(error),
            UpstreamBehaviour::NeverBegins => std::future::pending().await,
            behaviour => Ok(behaviour),
        }
    }
}

#[async_trait]
impl Upstream for FakeUpstream {
    fn card(&self) -> &UpstreamCard {
        &self.shared.card
    }

    fn admits(&self) -> Result<(), Denial> {
        self.denial()
    }

    async fn announce(&self, asking: &Asking) -> Result<Box<dyn Announced>, UpstreamError> {
        if matches!(asking.format, AnswerFormat::Quotes(_)) {
            return Err(UpstreamError::Unsuited { field: "quotes" });
        }
        self.announced()?;
        let texts = asking.messages.iter().map(|message| message.content.clone()).collect();
        let prompt_tokens = asking.prompt_tokens_estimated();
        Ok(Box::new(Ready { upstream: self.clone(), texts, prompt_tokens }))
    }

    async fn announce_passages(
        &self,
        asking: &AskingPassages,
    ) -> Result<Box<dyn AnnouncedPassages>, UpstreamError> {
        self.announced()?;
        let text = |passage: &Passage| match passage {
            Passage::Text(text) => text.clone(),
            Passage::Tokens(tokens) => format!("{tokens:?}"),
        };
        let texts = asking.passages.iter().map(text).collect();
        let prompt_tokens = asking.prompt_tokens_estimated();
        Ok(Box::new(Ready { upstream: self.clone(), texts, prompt_tokens }))
    }

    async fn probe(&self) -> Result<(), UpstreamError> {
        self.shared.probed.fetch_add(1, Ordering::SeqCst);
        let behaviour = lock(&self.shared.behaviour).clone();
        match behaviour {
            UpstreamBehaviour::Refuses(error) => Err(error),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl OtherEnd for FakeUpstream {
    fn received(&self) -> Vec<String> {
        lock(&self.shared.received).clone()
    }

    async fn left(&self) {
        self.shared.left.notified().await;
    }
}

struct Ready {
    upstream: FakeUpstream,
    /// One a message or a passage.
    texts: Vec<String>,
    prompt_tokens: u32,
}

#[async_trait]
impl Announced for Ready {
    fn consumed_by_prompt(&self) -> Consumed {
        of_prompt(self.prompt_tokens)
    }

    async fn send(self: Box<Self>) -> Result<Generation, UpstreamError> {
        let Self { upstream, texts, .. } = *self;
        let behaviour = upstream.begin(texts.join("\n")).await?;
        let name = upstream.card().id.to_string();
        let (sender, events) = mpsc::channel(4);
        let (settle, settled) = oneshot::channel();
        let shared = Arc::clone(&upstream.shared);
        upstream.shared.tasks.spawn(async move {
            let text = TokenPiece { text: name, logprobs: Vec::new() };
            sender.send(EngineEvent::Token(text)).await.ok();
            let failed = |because| {
                Some(EngineEvent::Failed { detail: "a test says so".to_owned(), because })
            };
            let last = match behaviour {
                UpstreamBehaviour::Answers => Some(EngineEvent::Finished(FinishReason::Stop)),
                UpstreamBehaviour::Stalls => {
                    sender.closed().await;
                    shared.left.notify_one();
                    None
                }
                UpstreamBehaviour::BreaksOffBecause(because) => failed(because),
                _ => failed(BrokenOff::Cut),
            };
            if let Some(last) = last {
                sender.send(last).await.ok();
            }
            settle.send(consumed()).ok();
        });
        Ok(Generation { events, settled })
    }
}

#[async_trait]
impl AnnouncedPassages for Ready {
    fn consumed_by_prompt(&self) -> Consumed {
        of_prompt(self.prompt_tokens)
    }

    async fn send(self: Box<Self>) -> Result<Embedding, UpstreamError> {
        let Self { upstream, texts, .. } = *self;
        upstream.begin(texts.join("\n")).await?;
        let (sender, vectors) = oneshot::channel();
        let (settle, settled) = oneshot::channel();
        sender.send(Ok(vec![vec![1.0, 0.0]; texts.len()])).ok();
        settle.send(consumed()).ok();
        Ok(Embedding { vectors, settled })
    }
}

fn of_prompt(prompt_tokens: u32) -> Consumed {
    Consumed { prompt_tokens, completion_tokens: 0, ..consumed() }
}

fn consumed() -> Consumed {
    Consumed {
        prompt_tokens: 3,
        cached_prompt_tokens: 0,
        completion_tokens: 1,
        energy: Energy {
            joules: Joules::new(2.5).expect("a quantity"),
            method: Method::Estimated,
            uncertainty: Uncertainty::from_percent(50.0).expect("a percentage"),
        },
        cpu_seconds: 0.0,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
