//! One chat request from the caller's words to the stream of the answer.

mod elsewhere;
mod here;
mod overview;

use std::{sync::Arc, time::Duration};

use domain::{Caller, Clock, IdSource, ModelId, RequestId, Timestamp, chat::Message};
use governance::{
    Action, AuditError, AuditFact, ContentDigest, Rulebook, RulesError, Subject, Trail,
};
use tokio::sync::{mpsc, oneshot};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    AnswerFormat, BudgetExceeded, Budgets, ChatEvent, Gateway, GatewayError, Metering, Priority,
    Reservation, Sampling, Several, ToolUse, UsageOpened,
    admission::Admission,
    ports::{Engine, EngineError, LedgerError, UsageLedger},
    settlement::UsageRow,
};

pub use overview::{AnsweredShare, UpstreamOverview};

/// Events that wait for a slow caller; when they are full, its generation pauses.
const EVENTS_BUFFERED: usize = 32;

/// What a caller wants answered.
#[derive(Clone, Debug)]
pub struct ChatCommand {
    pub model: ModelId,
    pub priority: Priority,
    pub messages: Vec<Message>,
    pub sampling: Sampling,
    pub format: AnswerFormat,
    pub tools: ToolUse,
    /// `None`: as many as the context holds.
    pub max_tokens: Option<u32>,
    pub stop: Vec<String>,
    /// How many candidates to report for each token; `None` reports none.
    pub top_logprobs: Option<u8>,
    /// Whether somebody reads the answer while it is written.
    pub is_streamed: bool,
}

/// Bounds on what one installation takes on.
#[derive(Clone, Copy, Debug)]
pub struct ChatLimits {
    /// Requests in flight, running or queued in the engine.
    pub requests_max: usize,
    /// A caller that takes nothing for so long is treated as gone.
    pub stall: Duration,
}

impl Default for ChatLimits {
    fn default() -> Self {
        Self { requests_max: 64, stall: Duration::from_mins(1) }
    }
}

/// Why a request was not started. Nothing was charged.
#[derive(Debug, thiserror::Error)]
pub enum ChatError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("all {places} places are taken")]
    Crowded { places: usize },
    #[error("{answers} answers are asked for at once; {places} are possible")]
    TooManyAnswers { answers: usize, places: usize },
    #[error("the server is stopping")]
    Stopping,
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("the preparation of the prompt broke off")]
    Preparation,
    #[error(transparent)]
    Rules(#[from] RulesError),
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    #[error(transparent)]
    Budget(#[from] BudgetExceeded),
}

impl ChatError {
    /// Stable code, explained in `docs/errors/`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Engine(EngineError::UnknownModel { .. }) => "model.unknown",
            Self::Engine(EngineError::ContextTooLong { .. }) => "context.too_long",
            Self::Engine(EngineError::MessagesRejected { .. }) => "messages.rejected",
            Self::Engine(EngineError::FormatRejected { .. }) => "format.rejected",
            Self::Engine(EngineError::Unsuited { .. }) => "model.unsuited",
            Self::Engine(EngineError::PassageTooLong { .. } | EngineError::TokenUnknown { .. })
            | Self::TooManyAnswers { .. } => "input.rejected",
            Self::Engine(EngineError::ToolsRejected { .. }) => "tools.rejected",
            Self::Engine(EngineError::Busy { .. }) | Self::Crowded { .. } => "capacity.exhausted",
            Self::Engine(EngineError::Stopping) => "engine.stopped",
            Self::Engine(EngineError::Failed { .. }) | Self::Preparation => "engine.failed",
            Self::Stopping => "server.stopping",
            Self::Audit(_) | Self::Ledger(_) => "audit.unavailable",
            Self::Rules(error) => error.code(),
            Self::Gateway(error) => error.code(),
            Self::Budget(exceeded) => exceeded.code(),
        }
    }

    /// When trying again makes sense, if it does.
    pub fn retry_after_seconds(&self) -> Option<u32> {
        match self {
            Self::Budget(exceeded) => Some(exceeded.retry_after_seconds()),
            Self::Engine(EngineError::Busy { retry_after_seconds }) => Some(*retry_after_seconds),
            Self::Crowded { .. } | Self::Stopping | Self::Audit(_) | Self::Ledger(_) => Some(2),
            Self::Gateway(error) => error.retry_after_seconds(),
            Self::Engine(_) | Self::TooManyAnswers { .. } | Self::Preparation | Self::Rules(_) => {
                None
            }
        }
    }
}

/// Answers chat requests. Cheap to clone.
#[derive(Clone)]
pub struct Chat {
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
    limits: ChatLimits,
    admission: Admission,
    tasks: TaskTracker,
    stopping: CancellationToken,
}

/// What [`Chat`] is made of.
pub struct Parts {
    pub engine: Arc<dyn Engine>,
    pub ledger: Arc<dyn UsageLedger>,
    pub trail: Trail,
    pub rules: Rulebook,
    pub budgets: Budgets,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
    pub metering: Metering,
    pub limits: ChatLimits,
}

/// The answer as it comes. Dropping it cancels the generation within one token.
#[derive(Debug)]
pub struct ChatStream {
    request: RequestId,
    model: ModelId,
    created_at: Timestamp,
    events: mpsc::Receiver<ChatEvent>,
    stop: CancellationToken,
}

impl ChatStream {
    pub const fn request(&self) -> RequestId {
        self.request
    }

    pub const fn model(&self) -> &ModelId {
        &self.model
    }

    pub const fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// Ends the generation within one token. Text that is on its way still comes, then
    /// [`ChatEvent::Stopped`], unless the answer has ended by itself.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// The next event; `None` after the last one.
    pub async fn next(&mut self) -> Option<ChatEvent> {
        self.events.recv().await
    }
}

/// A request that has its place, its number and its time.
struct Request<'a> {
    id: RequestId,
    at: Timestamp,
    caller: &'a Caller,
}

impl Chat {
    pub fn new(parts: Parts) -> Self {
        let Parts { engine, ledger, trail, rules, budgets, clock, ids, metering, limits } = parts;
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

    /// Starts an answer. When this returns, the usage row and the audit entry are durable; a
    /// refusal has its audit entry too.
    pub async fn start(
        &self,
        caller: &Caller,
        command: ChatCommand,
    ) -> Result<ChatStream, ChatError> {
        let mut streams = self.start_several(caller, command.into()).await?;
        streams.pop().ok_or(ChatError::Preparation)
    }

    /// Starts several answers as one request: one stream an answer, question by question. All
    /// streams end together and tell the usage of them all; they have to be read together.
    ///
    /// The work is a task of its own: a caller that leaves while it waits leaves neither an open
    /// row nor a request without an entry behind.
    pub async fn start_several(
        &self,
        caller: &Caller,
        several: Several,
    ) -> Result<Vec<ChatStream>, ChatError> {
        let (chat, caller) = (self.clone(), *caller);
        let (sender, started) = oneshot::channel();
        let left = CancellationToken::new();
        let _leaves = left.clone().drop_guard();
        self.tasks.spawn(async move {
            let started = chat.start_and_record(&caller, several, &left).await;
            // Streams that nobody waits for any more are dropped here, which cancels them.
            sender.send(started).ok();
        });
        started.await.map_err(|_| ChatError::Preparation)?
    }

    /// How many tokens the questions are for the model. Nothing is computed, and nothing is
    /// charged; only a refusal has its audit entry.
    pub async fn count(&self, caller: &Caller, several: &Several) -> Result<u32, ChatError> {
        let request = self.request(caller);
        match self.try_count(&request, several).await {
            Ok(tokens) => Ok(tokens),
            Err(error) => self.refuse(&request, error).await,
        }
    }

    fn request<'a>(&self, caller: &'a Caller) -> Request<'a> {
        let at = self.clock.now();
        Request { id: RequestId::from_uuid(self.ids.next(at)), at, caller }
    }

    async fn start_and_record(
        &self,
        caller: &Caller,
        several: Several,
        left: &CancellationToken,
    ) -> Result<Vec<ChatStream>, ChatError> {
        let request = self.request(caller);
        match self.try_start(&request, several, left).await {
            Ok(streams) => Ok(streams),
            Err(error) => self.refuse(&request, error).await,
        }
    }

    async fn refuse<T>(&self, request: &Request<'_>, error: ChatError) -> Result<T, ChatError> {
        self.trail.record(&request.fact(error.code(), None)).await?;
        Err(error)
    }

    /// Refuses new requests, lets running ones end until the deadline, then stops them; returns
    /// when all are settled.
    pub async fn shut_down(&self, deadline: Duration) {
        self.stopping.cancel();
        let elsewhere = async {
            if let Some(gateway) = &self.gateway {
                gateway.shut_down(deadline).await;
            }
        };
        tokio::join!(self.engine.shut_down(deadline), elsewhere);
        self.tasks.close();
        self.tasks.wait().await;
    }

    async fn try_start(
        &self,
        request: &Request<'_>,
        several: Several,
        left: &CancellationToken,
    ) -> Result<Vec<ChatStream>, ChatError> {
        let _coming = self.gateway.as_ref().map(Gateway::coming);
        if self.stopping.is_cancelled() {
            return Err(ChatError::Stopping);
        }
        if let Some(gateway) = &self.gateway
            && let Some(route) = self.route(gateway, request, &several)?
        {
            let stream = self.start_elsewhere(gateway, &route, request, several, left).await?;
            return Ok(vec![stream]);
        }
        self.start_here(request, several).await
    }

    /// Whether answers of the model can be kept to [`AnswerFormat::Quotes`]: where the engine of
    /// this server has it. That engine answers then, whoever else has the model.
    pub fn keeps_quotes(&self, model: &ModelId) -> bool {
        self.is_here(model)
    }

    fn is_here(&self, model: &ModelId) -> bool {
        self.engine.models().iter().any(|card| card.id == *model)
    }

    #[cfg(not(feature = "fault-late-commit"))]
    async fn open(&self, fact: &AuditFact, opened: &UsageOpened) -> Result<(), ChatError> {
        let audit = self.trail.entry(fact).await?;
        Ok(self.ledger.open(opened, &audit).await?)
    }

    /// The fault that the kill test must find: the entry is written after the first byte.
    #[cfg(feature = "fault-late-commit")]
    async fn open(&self, fact: &AuditFact, opened: &UsageOpened) -> Result<(), ChatError> {
        let audit = self.trail.entry(fact).await?;
        let (ledger, opened) = (Arc::clone(&self.ledger), opened.clone());
        self.tasks.spawn(async move {
            tokio::time::sleep(Duration::from_millis(200)).await;
            if let Err(error) = ledger.open(&opened, &audit).await {
                tracing::error!(%error, "late entry lost");
            }
        });
        Ok(())
    }

    /// `metering`: of whoever answers.
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

impl Request<'_> {
    fn fact(&self, outcome: &'static str, content: Option<ContentDigest>) -> AuditFact {
        AuditFact {
            action: Action::ChatComplete,
            outcome,
            caller: Some(*self.caller),
            subject: Subject::Request(self.id),
            content,
            model: None,
        }
    }
}
