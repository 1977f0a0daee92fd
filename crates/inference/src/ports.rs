//! What this context needs from outside. Every implementation passes its suite in `testkit`.

mod budget;
mod upstream;

use async_trait::async_trait;
use carbon_ledger::{Energy, Joules, Method, Uncertainty};
use domain::{
    Caller, ModelDigest, ModelId, OrganisationId, ProjectId, RequestId, Timestamp, chat::Message,
};
use governance::AuditEntry;
use tokio::sync::{mpsc, oneshot};

use crate::{
    AnswerFormat, AnsweredShare, BareText, FinishReason, FunctionCall, ModelCard, Priority,
    Sampling, TokenPiece, ToolUse, UsageOpened, UsageRecord, UsageSettled, UsageTotal,
};

pub use upstream::{
    Announced, AnnouncedPassages, Asking, AskingPassages, Denial, Upstream, UpstreamCard,
    UpstreamError, UpstreamId, UpstreamIdError, UpstreamModel,
};

pub use self::budget::BudgetStore;

/// Runs models. Every implementation passes `testkit::engine_suite`.
#[async_trait]
pub trait Engine: Send + Sync {
    /// The models that can be asked now.
    fn models(&self) -> Vec<ModelCard>;

    /// Renders and tokenises a conversation; refuses one that cannot be answered, or not in the
    /// form or with the calls that are asked for.
    /// Does no model work. May take milliseconds on a long text: call it off the async threads.
    fn prepare(
        &self,
        model: &ModelId,
        asked: Asked<'_>,
        now: Timestamp,
    ) -> Result<Prompt, EngineError>;

    /// Tokenises a text that no template touches; refuses one that the model cannot go on with.
    /// Does no model work. May take milliseconds on a long text: call it off the async threads.
    /// An engine that has nothing but conversations need not say so.
    fn prepare_text(&self, model: &ModelId, _text: &BareText) -> Result<Prompt, EngineError> {
        let does = "answers conversations and goes on with no bare texts";
        Err(EngineError::Unsuited { model: model.clone(), does })
    }

    /// Queues a generation and returns at once.
    ///
    /// Dropping `events` cancels it within one token. `settled` is sent exactly once, also after
    /// a cancellation, when the engine has finished all work for this generation. A consumer that
    /// does not read pauses its own generation only.
    fn generate(&self, request: Generate) -> Result<Generation, EngineError>;

    /// Tokenises passages, and marks where each begins and ends; refuses those that the model
    /// cannot read. Does no model work. May take milliseconds on a long text: call it off the
    /// async threads.
    fn prepare_passages(
        &self,
        model: &ModelId,
        passages: Vec<Passage>,
        when_too_long: WhenTooLong,
    ) -> Result<Passages, EngineError>;

    /// Queues passages to be turned into vectors and returns at once.
    ///
    /// Dropping `vectors` cancels it within a step. `settled` is sent exactly once, also after a
    /// cancellation, when the engine has finished all work for it. However many passages there
    /// are, generations go on beside them, and passages of others too.
    fn embed(&self, request: Embed) -> Result<Embedding, EngineError>;

    /// Refuses new work, lets running end until `deadline` passes, then stops them.
    async fn shut_down(&self, deadline: std::time::Duration);
}

/// What is to be answered, and how.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub messages: &'a [Message],
    pub format: &'a AnswerFormat,
    /// Beside tools the format is text.
    pub tools: &'a ToolUse,
}

/// A conversation as tokens of one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    pub model: ModelId,
    /// Of the very model that it was prepared for; one that has its name later refuses it.
    pub digest: Option<ModelDigest>,
    pub tokens: Vec<u32>,
    /// The model's context: prompt and answer together.
    pub context_tokens: u32,
}

/// One generation to run.
#[derive(Clone, Debug)]
pub struct Generate {
    pub request: RequestId,
    pub organisation: OrganisationId,
    /// Prompts of one project may share what was computed for their common beginning.
    pub project: ProjectId,
    pub priority: Priority,
    pub prompt: Prompt,
    pub sampling: Sampling,
    /// One that was prepared for the model before.
    pub format: AnswerFormat,
    /// Those that it was prepared for.
    pub tools: ToolUse,
    /// Never more than this many new tokens.
    pub max_tokens: u32,
    /// The answer ends before the first of these strings.
    pub stop: Vec<String>,
    /// How many candidates to report for each token; `None` reports none.
    pub top_logprobs: Option<u8>,
}

/// A running generation.
#[derive(Debug)]
pub struct Generation {
    pub events: mpsc::Receiver<EngineEvent>,
    pub settled: oneshot::Receiver<Consumed>,
}

/// What an engine says while it generates. `Finished` or `Failed` is the last event.
#[derive(Clone, Debug, PartialEq)]
pub enum EngineEvent {
    Token(TokenPiece),
    /// Calls that are complete; never none.
    Calls(Vec<FunctionCall>),
    Finished(FinishReason),
    /// `detail` is for logs, never for callers.
    Failed {
        detail: String,
        because: BrokenOff,
    },
}

/// Why an answer broke off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokenOff {
    /// It was cut: whoever wrote it is not well.
    Cut,
    /// Whoever wrote it says that it failed: perhaps of this request alone.
    Told,
    /// Whoever wrote it has found out late what is wrong with the request.
    Refused,
}

/// What a generation used in the end, cancelled or not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Consumed {
    /// Prompt tokens that were really processed, now or for an earlier prompt.
    pub prompt_tokens: u32,
    /// How many of these were processed for an earlier prompt that begins alike. They cost
    /// nothing now.
    pub cached_prompt_tokens: u32,
    pub completion_tokens: u32,
    pub energy: Energy,
    /// CPU time of this process attributed to the generation.
    pub cpu_seconds: f64,
}

impl Consumed {
    /// Nothing is known: zero, and as uncertain as can be said.
    pub(crate) fn unknown() -> Self {
        Self {
            prompt_tokens: 0,
            cached_prompt_tokens: 0,
            completion_tokens: 0,
            energy: Energy {
                joules: Joules::ZERO,
                method: Method::Estimated,
                uncertainty: Uncertainty::UNKNOWN,
            },
            cpu_seconds: 0.0,
        }
    }
}

/// What is to be turned into a vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Passage {
    Text(String),
    /// Tokens of the model. Its marks of the beginning and the end are added where they lack.
    Tokens(Vec<u32>),
}

/// What becomes of a passage that is longer than the model reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenTooLong {
    Refuse,
    /// Its end is cut off.
    Cut,
}

/// Passages as tokens of one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passages {
    pub model: ModelId,
    /// Of the very model that they were prepared for; one that has its name later refuses them.
    pub digest: Option<ModelDigest>,
    /// None of them empty.
    pub tokens: Vec<Vec<u32>>,
    /// Numbers in a vector of the model.
    pub dimensions: u32,
}

impl Passages {
    /// The tokens of all passages together.
    pub fn count(&self) -> u32 {
        let tokens = self.tokens.iter().fold(0_usize, |sum, one| sum.saturating_add(one.len()));
        u32::try_from(tokens).unwrap_or(u32::MAX)
    }
}

/// Passages to turn into vectors.
#[derive(Clone, Debug)]
pub struct Embed {
    pub request: RequestId,
    pub organisation: OrganisationId,
    /// At least one.
    pub passages: Passages,
}

/// Passages that are being turned into vectors.
#[derive(Debug)]
pub struct Embedding {
    /// One vector a passage, each of length one, in their order.
    pub vectors: oneshot::Receiver<Result<Vec<Vec<f32>>, EmbedFailure>>,
    pub settled: oneshot::Receiver<Consumed>,
}

/// The engine broke off. `detail` is for logs, never for callers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the engine broke off: {detail}")]
pub struct EmbedFailure {
    pub detail: String,
}

/// Why an engine refused.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("no model `{model}` is loaded")]
    UnknownModel { model: ModelId },
    #[error("the conversation needs {prompt_tokens} tokens and `{model}` holds {context_tokens}")]
    ContextTooLong { model: ModelId, prompt_tokens: u32, context_tokens: u32 },
    #[error("the model `{model}` {does}")]
    Unsuited { model: ModelId, does: &'static str },
    #[error("passage {index} has {tokens} tokens and `{model}` reads {tokens_max} at a time")]
    PassageTooLong { model: ModelId, index: usize, tokens: usize, tokens_max: u32 },
    #[error("passage {index} names token {token}, and `{model}` has {vocabulary} tokens")]
    TokenUnknown { model: ModelId, index: usize, token: u32, vocabulary: usize },
    #[error("the model's chat template refused the messages: {reason}")]
    MessagesRejected { reason: String },
    #[error("the form of the answer cannot be kept: {reason}")]
    FormatRejected { reason: String },
    #[error("the tools cannot be offered: {reason}")]
    ToolsRejected { reason: String },
    #[error("every place in the engine's queue is taken")]
    Busy { retry_after_seconds: u32 },
    #[error("the engine is stopping")]
    Stopping,
    #[error("the engine failed")]
    Failed { detail: String },
}

/// Keeps one usage row a request. Every implementation passes `testkit::usage_suite`.
#[async_trait]
pub trait UsageLedger: Send + Sync {
    /// Records the request as running together with its audit entry, in one transaction that is
    /// durable when this returns.
    async fn open(&self, usage: &UsageOpened, audit: &AuditEntry) -> Result<(), LedgerError>;

    /// Closes the row of a running request. Idempotent: a second call changes nothing.
    async fn settle(&self, usage: &UsageSettled) -> Result<(), LedgerError>;

    /// The row of a request of the caller's account; `None` if it has none, whoever else may.
    async fn find(
        &self,
        caller: &Caller,
        request: RequestId,
    ) -> Result<Option<UsageRecord>, LedgerError>;

    /// What the organisation used, by month, model and evidence, in that order. Reads every row.
    async fn totals(&self, organisation: OrganisationId) -> Result<Vec<UsageTotal>, LedgerError>;

    /// What each engine answered in the organisation since then, by project and model, in the
    /// order of projects, models and upstreams; the engine of the server comes first. What runs or
    /// failed was answered by nobody; what the caller stopped was.
    async fn shares(
        &self,
        organisation: OrganisationId,
        since: Timestamp,
    ) -> Result<Vec<AnsweredShare>, LedgerError>;

    /// Closes, as interrupted, every row that an earlier process left running; returns how many.
    async fn close_interrupted(&self, at: Timestamp) -> Result<u64, LedgerError>;
}

/// The ledger could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the usage ledger could not {action}")]
pub struct LedgerError {
    pub action: &'static str,
    pub source: Box<dyn std::error::Error + Send + Sync>,
}
