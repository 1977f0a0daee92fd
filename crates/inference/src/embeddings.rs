//! Texts to vectors: one request from the caller's words to its answer.

mod elsewhere;

use std::sync::Arc;

use domain::{Caller, Clock, IdSource, ModelId, RequestId, Timestamp};
use governance::{Action, AuditFact, ContentDigest, Rulebook, Subject, Trail};
use tokio::sync::oneshot;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    Budgets, ChatError, Gateway, Metering, ModelPurpose, Reservation, Usage, UsageOpened,
    UsageOutcome,
    admission::{Admission, Place},
    budget::Wanted,
    content,
    gateway::{Seat, Work},
    ports::{
        BrokenOff, Embed, Embedding, Engine, EngineError, Passage, Passages, UsageLedger,
        WhenTooLong,
    },
    rules,
    settlement::UsageRow,
};

/// What a caller wants as vectors.
#[derive(Clone, Debug)]
pub struct EmbedCommand {
    pub model: ModelId,
    /// At least one.
    pub passages: Vec<Passage>,
    pub when_too_long: WhenTooLong,
    /// How many numbers the caller expects in a vector; `None` takes what there are.
    pub dimensions: Option<u32>,
}

/// Bounds on what one installation takes on.
#[derive(Clone, Copy, Debug)]
pub struct EmbedLimits {
    /// Requests in flight, running or queued in the engine.
    pub requests_max: usize,
    /// Tokens of one request, of all its passages together.
    pub tokens_max: u32,
}

impl Default for EmbedLimits {
    fn default() -> Self {
        Self { requests_max: 64, tokens_max: 300_000 }
    }
}

/// Why there are no vectors.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// Nothing was started, and nothing is charged.
    #[error(transparent)]
    Refused(#[from] ChatError),
    #[error("the passages have {tokens} tokens together; {tokens_max} are possible in a request")]
    TooManyTokens { tokens: u32, tokens_max: u32 },
    #[error("vectors of `{model}` have {dimensions} numbers, not {asked}")]
    Dimensions { model: ModelId, dimensions: u32, asked: u32 },
    /// What was used until then is charged.
    #[error("the engine broke off")]
    BrokeOff,
    #[error("the vectors are made, and their usage could not be recorded")]
    Unrecorded,
}

impl EmbedError {
    /// Stable code, explained in `docs/errors/`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Refused(error) => error.code(),
            Self::TooManyTokens { .. } => "input.rejected",
            Self::Dimensions { .. } => "feature.unsupported",
            Self::BrokeOff => "engine.failed",
            Self::Unrecorded => "store.unavailable",
        }
    }
}

impl From<EngineError> for EmbedError {
    fn from(error: EngineError) -> Self {
        Self::Refused(error.into())
    }
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedded {
    pub request: RequestId,
    pub model: ModelId,
    /// One a passage, each of length one.
    pub vectors: Vec<Vec<f32>>,
    pub usage: Usage,
}

/// Turns texts into vectors. Cheap to clone.
#[derive(Clone)]
pub struct Embeddings {
    engine: Arc<dyn Engine>,
    /// `None` where every model is on this machine.
    gateway: Option<Gateway>,
    ledger: Arc<dyn UsageLedger>,
    trail: Trail,
    rules: Rulebook,
    budgets: Budgets,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    metering: Metering,
    limits: EmbedLimits,
    admission: Admission,
    tasks: TaskTracker,
    stopping: CancellationToken,
}

/// What [`Embeddings`] is made of.
pub struct EmbeddingsParts {
    pub engine: Arc<dyn Engine>,
    pub ledger: Arc<dyn UsageLedger>,
    pub trail: Trail,
    pub rules: Rulebook,
    pub budgets: Budgets,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
    pub metering: Metering,
    pub limits: EmbedLimits,
}

/// A request that has its number and its time.
struct Request<'a> {
    id: RequestId,
    at: Timestamp,
    caller: &'a Caller,
}

/// A request that is durable and runs.
struct Started {
    opened: UsageOpened,
    embedding: Embedding,
    held: Held,
    reservation: Reservation,
    /// Of whoever answers.
    metering: Metering,
    /// What those used who were sent it before and have not answered.
    earlier: Option<Usage>,
}

/// What the request occupies until it has ended.
enum Held {
    Here(#[expect(dead_code, reason = "dropped at the end")] Place),
    Elsewhere(Seat),
}

impl Embeddings {
    pub fn new(parts: EmbeddingsParts) -> Self {
        let EmbeddingsParts { engine, ledger, trail, rules, budgets, clock, ids, metering, limits } =
            parts;
        Self {
            engine,
            gateway: None,
            ledger,
            trail,
            rules,
            budgets,
            clock,
            ids,
            metering,
            limits,
            admission: Admission::new(limits.requests_max),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
        }
    }

    /// The same, where engines that run elsewhere may answer too.
    #[must_use]
    pub fn through(self, gateway: Gateway) -> Self {
        Self { gateway: Some(gateway), ..self }
    }

    /// Turns passages into vectors. When this returns vectors, the audit entry and the whole usage
    /// row are durable; a refusal has its audit entry too. Dropping the future cancels the work.
    ///
    /// The work is a task of its own: a caller that leaves while it waits leaves neither an open
    /// row nor a request without an entry behind.
    pub async fn embed(
        &self,
        caller: &Caller,
        command: EmbedCommand,
    ) -> Result<Embedded, EmbedError> {
        let (embeddings, caller) = (self.clone(), *caller);
        let (sender, answer) = oneshot::channel();
        self.tasks.spawn(async move { embeddings.run(&caller, command, sender).await });
        answer.await.map_err(|_| ChatError::Preparation)?
    }

    /// Numbers in a vector of a model that the engine of this server has; `None` where it has no
    /// such model, or one that makes no vectors.
    pub fn dimensions(&self, model: &ModelId) -> Option<u32> {
        let cards = self.engine.models();
        match cards.into_iter().find(|card| card.id == *model)?.purpose {
            ModelPurpose::Embeddings { dimensions } => Some(dimensions),
            ModelPurpose::Chat => None,
        }
    }

    /// Tokens of a text as a model of this server counts them, with those that it puts around it;
    /// `None` where it has no such model. No request: nothing is computed, and nobody charged. May
    /// take milliseconds on a long text: call it off the async threads.
    pub fn count_tokens(&self, model: &ModelId, text: &str) -> Option<u32> {
        let passage = Passage::Text(text.to_owned());
        match self.engine.prepare_passages(model, vec![passage], WhenTooLong::Refuse) {
            Ok(passages) => Some(passages.count()),
            Err(EngineError::PassageTooLong { tokens, .. }) => {
                Some(u32::try_from(tokens).unwrap_or(u32::MAX))
            }
            Err(_) => None,
        }
    }

    /// Refuses new requests and returns when all are settled. The engine must be shut down before,
    /// or meanwhile, so that they end.
    pub async fn shut_down(&self) {
        self.stopping.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    async fn run(
        &self,
        caller: &Caller,
        command: EmbedCommand,
        mut answer: oneshot::Sender<Result<Embedded, EmbedError>>,
    ) {
        let at = self.clock.now();
        let request = Request { id: RequestId::from_uuid(self.ids.next(at)), at, caller };
        match self.start(&request, command, &mut answer).await {
            Ok(started) => self.finish(started, answer).await,
            Err(error) => {
                let recorded = self.trail.record(&request.fact(error.code(), None)).await;
                let error = match recorded {
                    Ok(()) => error,
                    Err(unrecorded) => ChatError::from(unrecorded).into(),
                };
                // The caller may be gone.
                answer.send(Err(error)).ok();
            }
        }
    }

    async fn start(
        &self,
        request: &Request<'_>,
        command: EmbedCommand,
        answer: &mut oneshot::Sender<Result<Embedded, EmbedError>>,
    ) -> Result<Started, EmbedError> {
        let _coming = self.gateway.as_ref().map(Gateway::coming);
        if self.stopping.is_cancelled() {
            return Err(ChatError::Stopping.into());
        }
        if let Some(gateway) = &self.gateway
            && let Some(route) = self.route(gateway, request, &command)?
        {
            return self.start_elsewhere(gateway, &route, request, (command, answer)).await;
        }
        self.start_here(request, command).await
    }

    async fn start_here(
        &self,
        request: &Request<'_>,
        command: EmbedCommand,
    ) -> Result<Started, EmbedError> {
        let places = self.limits.requests_max;
        let place = self.admission.enter().ok_or(ChatError::Crowded { places })?;
        let (caller, model) = (request.caller, &command.model);
        let cards = || self.engine.models();
        rules::must_permit(&self.rules, cards, caller, model, Work::Embed).await?;
        let (passages, content) = self.prepare(command).await?;
        let prompt_tokens = passages.count().into();
        let wanted = Wanted { model: &passages.model, prompt_tokens, completion_tokens_max: 0 };
        let reservation = self.budgets.reserve(caller, wanted).await?;
        let opened = UsageOpened {
            request: request.id,
            organisation: request.caller.organisation,
            project: request.caller.project,
            account: request.caller.account,
            principal: request.caller.principal,
            model: passages.model.clone(),
            prompt_tokens: passages.count(),
            opened_at: request.at,
            digest: passages.digest,
            deployment: self.metering.deployment(),
        };
        // The engine computes while the entry is written; nothing is shown before it is durable.
        let organisation = request.caller.organisation;
        let embedding = self.engine.embed(Embed { request: request.id, organisation, passages })?;
        let fact = AuditFact { model: opened.digest, ..request.fact("ok", Some(content)) };
        let audit = self.trail.entry(&fact).await;
        let audit = audit.map_err(ChatError::from)?;
        self.ledger.open(&opened, &audit).await.map_err(ChatError::from)?;
        let metering = self.metering.clone();
        let (held, earlier) = (Held::Here(place), None);
        Ok(Started { opened, embedding, held, reservation, metering, earlier })
    }

    async fn prepare(
        &self,
        command: EmbedCommand,
    ) -> Result<(Passages, ContentDigest), EmbedError> {
        let engine = Arc::clone(&self.engine);
        let EmbedCommand { model, passages, when_too_long, dimensions } = command;
        let work = move || {
            let content = content::digest_of_passages(&passages);
            Ok::<_, EngineError>((
                engine.prepare_passages(&model, passages, when_too_long)?,
                content,
            ))
        };
        let prepared = tokio::task::spawn_blocking(work).await;
        let (passages, content) = prepared.map_err(|_| ChatError::Preparation)??;
        if let Some(asked) = dimensions.filter(|&asked| asked != passages.dimensions) {
            let (model, dimensions) = (passages.model, passages.dimensions);
            return Err(EmbedError::Dimensions { model, dimensions, asked });
        }
        let (tokens, tokens_max) = (passages.count(), self.limits.tokens_max);
        if tokens > tokens_max {
            return Err(EmbedError::TooManyTokens { tokens, tokens_max });
        }
        Ok((passages, content))
    }

    /// Waits for the vectors, closes the usage row, and answers only then.
    async fn finish(
        &self,
        started: Started,
        mut answer: oneshot::Sender<Result<Embedded, EmbedError>>,
    ) {
        let Started { opened, embedding, held, reservation, metering, earlier } = started;
        let Embedding { mut vectors, settled } = embedding;
        let (outcome, result) = tokio::select! {
            biased;
            () = answer.closed() => (UsageOutcome::Cancelled, Err(EmbedError::BrokeOff)),
            made = &mut vectors => match made {
                Ok(Ok(vectors)) => (UsageOutcome::Finished, Ok(vectors)),
                Ok(Err(failure)) => failed(&opened, &failure.to_string()),
                Err(_) => failed(&opened, "the engine said nothing"),
            },
        };
        // From here on the engine stops within a step, if it has not ended by itself.
        drop(vectors);
        let (request, model) = (opened.request, opened.model.clone());
        if let (UsageOutcome::Failed, Held::Elsewhere(seat)) = (outcome, &held) {
            seat.broke_off(BrokenOff::Cut);
        }
        let row = UsageRow { earlier, ..self.row(opened, reservation, metering) };
        let usage = row.usage(settled).await;
        let settled = row.settled(outcome, usage.clone());
        let is_recorded = row.record(&settled).await;
        let result = match result {
            Ok(_) if !is_recorded => Err(EmbedError::Unrecorded),
            result => result.map(|vectors| Embedded { request, model, vectors, usage }),
        };
        // The caller may be gone.
        answer.send(result).ok();
        if !is_recorded {
            row.record_later(&settled).await;
        }
        drop(held);
    }

    fn row(&self, opened: UsageOpened, reservation: Reservation, metering: Metering) -> UsageRow {
        UsageRow {
            opened,
            reservation,
            ledger: Arc::clone(&self.ledger),
            clock: Arc::clone(&self.clock),
            metering,
            earlier: None,
            stopping: self.stopping.clone(),
        }
    }
}

fn failed(opened: &UsageOpened, detail: &str) -> (UsageOutcome, Result<Vec<Vec<f32>>, EmbedError>) {
    tracing::error!(request = %opened.request, detail, "embedding failed");
    (UsageOutcome::Failed, Err(EmbedError::BrokeOff))
}

impl Request<'_> {
    fn fact(&self, outcome: &'static str, content: Option<ContentDigest>) -> AuditFact {
        AuditFact {
            action: Action::EmbeddingCreate,
            outcome,
            caller: Some(*self.caller),
            subject: Subject::Request(self.id),
            content,
            model: None,
        }
    }
}
