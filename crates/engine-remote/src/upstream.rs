//! One upstream, reached through `egress`.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use domain::ModelId;
use egress::{
    Announced as Sendable, Credentials, EgressClient, EgressError, Incoming, Outgoing, Patience,
};
use inference::{
    CallCount, ModelPurpose,
    ports::{
        Announced, AnnouncedPassages, Asking, AskingPassages, Consumed, Denial, Embedding,
        EngineEvent, Generation, Upstream, UpstreamCard, UpstreamError,
    },
};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;
use zeroize::Zeroizing;

use crate::{
    answer::told,
    embedding::{self, Vectors},
    kind::Kind,
    reader::{Reader, body, detail, failed},
    request,
    usage::{Count, EnergyPerToken},
};

/// Events that wait for whoever reads an answer.
const EVENTS_BUFFERED: usize = 32;
/// Of one answer that comes as a stream, or of one list of vectors.
const ANSWER_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Of one number of a vector as text, and of what stands around a vector.
const NUMBER_BYTES_MAX: usize = 32;
const VECTOR_BYTES_MAX: usize = 1024;
/// Of what is said about a refusal.
const REFUSAL_BYTES_MAX: usize = 64 * 1024;
/// Nobody is told to wait longer, whatever an upstream says.
const RETRY_AFTER_SECONDS_MAX: u32 = 3600;

/// An engine elsewhere.
#[derive(Clone)]
pub struct RemoteUpstream {
    inner: Arc<Inner>,
}

/// What [`RemoteUpstream`] is made of.
pub struct RemoteParts {
    /// Its models are those of `models`.
    pub card: UpstreamCard,
    pub models: Vec<RemoteModel>,
    pub kind: Kind,
    /// Scheme, host, port and what paths begin with there; `/v1` is added unless it ends so.
    pub address: String,
    /// The API key.
    pub key: Option<Zeroizing<String>>,
    /// For the destination of the address.
    pub client: EgressClient,
    /// How long the beginning of a stream may take.
    pub head: Duration,
    /// How long an answer may pause.
    pub pause: Duration,
    /// How long an answer may take.
    pub whole: Duration,
}

/// A model as it is called here and there.
#[derive(Clone, Debug)]
pub struct RemoteModel {
    pub id: ModelId,
    /// There.
    pub name: String,
    pub energy: Option<EnergyPerToken>,
}

struct Inner {
    card: UpstreamCard,
    models: Vec<RemoteModel>,
    kind: Kind,
    base: String,
    credentials: Option<Credentials>,
    client: EgressClient,
    head: Duration,
    pause: Duration,
    whole: Duration,
    /// Readers of answers: each ends before the request that it belongs to.
    tasks: TaskTracker,
}

impl RemoteUpstream {
    /// Fails with a key that cannot stand in a header.
    pub fn new(parts: RemoteParts) -> Result<Self, EgressError> {
        let RemoteParts { card, models, kind, address, key, client, head, pause, whole } = parts;
        let address = address.trim_end_matches('/');
        let base = match address.strip_suffix("/v1") {
            Some(_) => address.to_owned(),
            None => format!("{address}/v1"),
        };
        let credentials = |key: Zeroizing<String>| {
            Credentials::new(&Zeroizing::new(format!("Bearer {}", key.trim())))
        };
        let credentials = key.map(credentials).transpose()?;
        let tasks = TaskTracker::new();
        let inner =
            Inner { card, models, kind, base, credentials, client, head, pause, whole, tasks };
        Ok(Self { inner: Arc::new(inner) })
    }
}

impl Inner {
    fn model(&self, id: &ModelId) -> Result<&RemoteModel, UpstreamError> {
        let model = self.models.iter().find(|model| model.id == *id);
        model.ok_or_else(|| failed("it does not have the model"))
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    async fn ready(
        &self,
        path: &str,
        body: Vec<u8>,
        head: Duration,
    ) -> Result<Ready, UpstreamError> {
        let announced = self.client.announce(&self.address(path)).await.map_err(refused)?;
        let outgoing = Outgoing {
            content_type: "application/json",
            body: Bytes::from(body),
            credentials: self.credentials.clone(),
            patience: Patience {
                head,
                pause: self.pause,
                whole: self.whole,
                bytes_max: ANSWER_BYTES_MAX,
            },
        };
        Ok(Ready { announced, outgoing })
    }
}

#[async_trait]
impl Upstream for RemoteUpstream {
    fn card(&self) -> &UpstreamCard {
        &self.inner.card
    }

    fn admits(&self) -> Result<(), Denial> {
        let permitted = self.inner.client.permits(&self.inner.base);
        permitted.map_err(|refusal| Denial { code: refusal.code(), reason: refusal.to_string() })
    }

    async fn announce(&self, asking: &Asking) -> Result<Box<dyn Announced>, UpstreamError> {
        let inner = &self.inner;
        let model = inner.model(&asking.model)?;
        let body = request::chat(inner.kind, &model.name, asking)?;
        // Who does not stream begins when the answer is complete.
        let head = if asking.is_streamed { inner.head } else { inner.whole };
        let (bytes, prompt_estimated) = (body.len(), asking.prompt_tokens_estimated());
        let card = inner.card.models.iter().find(|card| card.id == model.id);
        let context_tokens = card.map_or(u32::MAX, |card| card.context_tokens);
        let completion_max = asking.max_tokens.unwrap_or(context_tokens).min(context_tokens);
        let ready = inner.ready("/chat/completions", body, head).await?;
        Ok(Box::new(ChatReady {
            ready,
            is_streamed: asking.is_streamed,
            call_count: asking.tools.count,
            count: Count { prompt_estimated, bytes, completion_max, ..Count::default() },
            energy: model.energy,
            tasks: inner.tasks.clone(),
        }))
    }

    async fn announce_passages(
        &self,
        asking: &AskingPassages,
    ) -> Result<Box<dyn AnnouncedPassages>, UpstreamError> {
        let inner = &self.inner;
        let model = inner.model(&asking.model)?;
        let body = embedding::request(&model.name, asking)?;
        let (bytes, prompt_estimated) = (body.len(), asking.prompt_tokens_estimated());
        let ready = inner.ready("/embeddings", body, inner.whole).await?;
        let dimensions = inner.card.models.iter().find(|card| card.id == model.id);
        let dimensions = match dimensions.map(|card| card.purpose) {
            Some(ModelPurpose::Embeddings { dimensions }) => dimensions,
            Some(ModelPurpose::Chat) | None => 0,
        };
        Ok(Box::new(PassagesReady {
            ready,
            passages: asking.passages.len(),
            dimensions,
            count: Count { prompt_estimated, bytes, ..Count::default() },
            energy: model.energy,
        }))
    }

    async fn probe(&self) -> Result<(), UpstreamError> {
        let inner = &self.inner;
        let credentials = inner.credentials.as_ref();
        let status = inner.client.probe(&inner.address("/models"), credentials).await;
        match status.map_err(refused)? {
            status @ (401 | 403 | 500..) => {
                Err(failed(&format!("it answered a probe with {status}")))
            }
            _ => Ok(()),
        }
    }
}

/// Something that may be sent.
struct Ready {
    announced: Sendable,
    outgoing: Outgoing,
}

impl Ready {
    /// An answer that is one.
    async fn send(self) -> Result<Incoming, UpstreamError> {
        let mut incoming = self.announced.send(self.outgoing).await.map_err(refused)?;
        match incoming.status() {
            200 => Ok(incoming),
            429 => {
                let seconds = incoming.retry_after_seconds();
                let retry_after_seconds = seconds.map(|one| one.min(RETRY_AFTER_SECONDS_MAX));
                Err(UpstreamError::Busy { retry_after_seconds })
            }
            // What the request is to blame for.
            status @ (400 | 413 | 422) => {
                Err(UpstreamError::Refused { status, detail: explanation(&mut incoming).await })
            }
            // A wrong key, a wrong address or name of the model, or nobody behind the door.
            status @ (401 | 403 | 404 | 405 | 503) => Err(UpstreamError::Barred { status }),
            // Programs answer so where a request breaks something of theirs, and go on.
            500 => Err(UpstreamError::Erred { status: 500 }),
            // What it says is not repeated: it may be what it was sent.
            status => Err(failed(&format!("it answered with status {status}"))),
        }
    }
}

/// What an upstream says of a refusal.
async fn explanation(incoming: &mut Incoming) -> String {
    let Ok(body) = body(incoming, REFUSAL_BYTES_MAX).await else {
        return "no explanation".to_owned();
    };
    match serde_json::from_slice::<Value>(&body) {
        Ok(value) => told(&value),
        Err(_) => told(&Value::String(String::from_utf8_lossy(&body).into_owned())),
    }
}

fn refused(error: EgressError) -> UpstreamError {
    match error {
        EgressError::Refused { refusal, .. } => {
            UpstreamError::Denied(Denial { code: refusal.code(), reason: refusal.to_string() })
        }
        EgressError::Denied { .. } => UpstreamError::Denied(Denial {
            code: egress::Refusal::Undeclared.code(),
            reason: error.to_string(),
        }),
        EgressError::NotRecorded { .. } => UpstreamError::NotRecorded,
        error @ EgressError::Unreachable { .. } => {
            UpstreamError::Unreachable { detail: detail(&error) }
        }
        error => failed(&detail(&error)),
    }
}

struct ChatReady {
    ready: Ready,
    is_streamed: bool,
    call_count: CallCount,
    count: Count,
    energy: Option<EnergyPerToken>,
    tasks: TaskTracker,
}

#[async_trait]
impl Announced for ChatReady {
    fn consumed_by_prompt(&self) -> Consumed {
        self.count.consumed(self.energy)
    }

    async fn send(self: Box<Self>) -> Result<Generation, UpstreamError> {
        let Self { ready, is_streamed, call_count, count, energy, tasks } = *self;
        let incoming = ready.send().await?;
        let is_stream =
            incoming.content_type().is_some_and(|kind| kind.starts_with("text/event-stream"));
        let mut reader = Reader::new(incoming, call_count, count, energy);
        let (settle, settled) = oneshot::channel();
        // Some answer at once though a stream was asked for.
        if is_streamed && is_stream {
            reader.begin().await?;
            let (sender, events) = mpsc::channel(EVENTS_BUFFERED);
            tasks.spawn(reader.run(sender, settle));
            return Ok(Generation { events, settled });
        }
        let (all, consumed) = reader.read_whole().await?;
        let (sender, events) = mpsc::channel::<EngineEvent>(all.len().max(1));
        for event in all {
            // There is room for all of them.
            sender.try_send(event).ok();
        }
        settle.send(consumed).ok();
        Ok(Generation { events, settled })
    }
}

struct PassagesReady {
    ready: Ready,
    passages: usize,
    dimensions: u32,
    count: Count,
    energy: Option<EnergyPerToken>,
}

#[async_trait]
impl AnnouncedPassages for PassagesReady {
    fn consumed_by_prompt(&self) -> Consumed {
        self.count.consumed(self.energy)
    }

    async fn send(self: Box<Self>) -> Result<Embedding, UpstreamError> {
        let Self { ready, passages, dimensions, mut count, energy } = *self;
        let mut incoming = ready.send().await?;
        let numbers = usize::try_from(dimensions).unwrap_or(usize::MAX);
        let bytes_max = numbers.saturating_mul(NUMBER_BYTES_MAX).saturating_add(VECTOR_BYTES_MAX);
        let bytes_max = bytes_max.saturating_mul(passages.max(1)).min(ANSWER_BYTES_MAX);
        let body = body(&mut incoming, bytes_max).await?;
        let answer: Vectors =
            serde_json::from_slice(&body).map_err(|_| failed("no JSON of vectors"))?;
        count.told = answer.usage;
        let made = answer.checked(passages, dimensions);
        let made = made.map_err(|failure| UpstreamError::Failed { detail: failure.detail })?;
        let (sender, vectors) = oneshot::channel();
        sender.send(Ok(made)).ok();
        let (settle, settled) = oneshot::channel();
        settle.send(count.consumed(energy)).ok();
        Ok(Embedding { vectors, settled })
    }
}

impl fmt::Debug for RemoteUpstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteUpstream").field("base", &self.inner.base).finish_non_exhaustive()
    }
}
