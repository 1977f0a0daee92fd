//! Engines that run elsewhere and are asked over a network.

use std::fmt;

use async_trait::async_trait;
use domain::{ModelId, RequestId, chat::Message};

use super::{Consumed, Embedding, Generation, Passage};
use crate::{AnswerFormat, Metering, ModelPurpose, Sampling, ToolUse};

/// An engine that runs elsewhere. Every implementation passes `testkit::upstream_suite`.
#[async_trait]
pub trait Upstream: Send + Sync {
    fn card(&self) -> &UpstreamCard;

    /// Whether content may go there now. Nothing is resolved and nothing is sent.
    fn admits(&self) -> Result<(), Denial>;

    /// Puts the request into the words of the upstream, and tells the log that content is about to
    /// go there; both have happened when this returns, and nothing was sent.
    async fn announce(&self, asking: &Asking) -> Result<Box<dyn Announced>, UpstreamError>;

    /// The same for passages.
    async fn announce_passages(
        &self,
        asking: &AskingPassages,
    ) -> Result<Box<dyn AnnouncedPassages>, UpstreamError>;

    /// Whether it lives. No content is sent.
    async fn probe(&self) -> Result<(), UpstreamError>;
}

/// A request that may be sent.
#[async_trait]
pub trait Announced: Send {
    /// What whoever works on it uses at least: its prompt, as it is estimated here.
    fn consumed_by_prompt(&self) -> Consumed;

    /// Returns when the upstream has begun to answer. Dropping the events that are returned ends
    /// the exchange; what it used is told all the same.
    async fn send(self: Box<Self>) -> Result<Generation, UpstreamError>;
}

/// Passages that may be sent.
#[async_trait]
pub trait AnnouncedPassages: Send {
    /// What whoever works on them uses, as it is estimated here.
    fn consumed_by_prompt(&self) -> Consumed;

    /// Returns when the upstream has answered, or has begun to.
    async fn send(self: Box<Self>) -> Result<Embedding, UpstreamError>;
}

/// What the settings tell of an upstream.
#[derive(Clone, Debug)]
pub struct UpstreamCard {
    /// By which receipts, figures and refusals name it.
    pub id: UpstreamId,
    pub models: Vec<UpstreamModel>,
    /// Whether it runs on machines of the organisation that runs this installation.
    pub is_own: bool,
    /// Requests that it is given at the same time.
    pub requests_max: usize,
    /// What a million tokens cost there: those of prompts and those of answers together.
    pub microeuros_per_million: u64,
    /// The site and the grid, for what it used; the deployment, for receipts.
    pub metering: Metering,
}

/// The name of an upstream: 1 to 64 lower-case letters, digits, `-` and `_`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UpstreamId(String);

/// A text is not the name of an upstream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no name of an upstream: 1 to 64 lower-case letters, digits, `-` and `_`")]
pub struct UpstreamIdError {
    text: String,
}

impl UpstreamId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for UpstreamId {
    type Err = UpstreamIdError;

    fn from_str(text: &str) -> Result<Self, UpstreamIdError> {
        let is_known = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        // The engine of this server has a name too.
        if (1..=64).contains(&text.len()) && text.bytes().all(is_known) && text != Self::HERE {
            return Ok(Self(text.to_owned()));
        }
        Err(UpstreamIdError { text: text.chars().take(80).collect() })
    }
}

impl UpstreamId {
    /// What the engine of this server is called among upstreams.
    pub const HERE: &str = "here";
}

impl fmt::Display for UpstreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A model as it can be asked here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamModel {
    pub id: ModelId,
    pub context_tokens: u32,
    pub purpose: ModelPurpose,
}

/// Why nothing goes to an upstream: a rule of residency, or of the customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// Stable code.
    pub code: &'static str,
    /// For the operator.
    pub reason: String,
}

/// A conversation to be answered elsewhere.
#[derive(Clone, Debug)]
pub struct Asking {
    pub request: RequestId,
    /// As it is called here.
    pub model: ModelId,
    pub messages: Vec<Message>,
    pub sampling: Sampling,
    pub format: AnswerFormat,
    pub tools: ToolUse,
    pub max_tokens: Option<u32>,
    pub stop: Vec<String>,
    pub top_logprobs: Option<u8>,
    /// Whether somebody reads the answer while it is written.
    pub is_streamed: bool,
}

/// Passages to be turned into vectors elsewhere.
#[derive(Clone, Debug)]
pub struct AskingPassages {
    pub request: RequestId,
    pub model: ModelId,
    pub passages: Vec<Passage>,
}

/// Why an upstream has not answered. `detail` is for logs and the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// Nothing was sent.
    #[error("it must not be asked: {} ({})", .0.reason, .0.code)]
    Denied(Denial),
    /// Nothing was sent.
    #[error("nothing is sent that the log does not tell")]
    NotRecorded,
    /// Nothing was sent: it has no words for what the request wants.
    #[error("it cannot keep `{field}`")]
    Unsuited { field: &'static str },
    /// It will not answer this request, and another one like it would not either.
    #[error("it refused the request with status {status}: {detail}")]
    Refused { status: u16, detail: String },
    #[error("it has no room now")]
    Busy { retry_after_seconds: Option<u32> },
    /// Nothing was sent: no such name, nobody there, or nobody to be trusted.
    #[error("it cannot be reached: {detail}")]
    Unreachable { detail: String },
    /// It lets nobody in, or not this server, or not there, and has worked on nothing.
    #[error("it does not take requests and says {status}")]
    Barred { status: u16 },
    /// It says that it failed: perhaps of this request alone.
    #[error("it answered with status {status}")]
    Erred { status: u16 },
    /// Not in time, or nothing that makes sense.
    #[error("it cannot be used: {detail}")]
    Failed { detail: String },
}

impl UpstreamError {
    /// Whether it tells that the upstream is not well.
    pub const fn is_fault(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Barred { .. }
            | Self::Erred { .. }
            | Self::Failed { .. } => true,
            Self::Denied(_)
            | Self::NotRecorded
            | Self::Unsuited { .. }
            | Self::Refused { .. }
            | Self::Busy { .. } => false,
        }
    }

    /// Whether the upstream may have read the prompt, and used tokens and energy for it.
    pub const fn may_have_worked(&self) -> bool {
        match self {
            Self::Erred { .. } | Self::Failed { .. } => true,
            Self::Denied(_)
            | Self::NotRecorded
            | Self::Unsuited { .. }
            | Self::Refused { .. }
            | Self::Busy { .. }
            | Self::Unreachable { .. }
            | Self::Barred { .. } => false,
        }
    }

    /// Whether another upstream may be asked instead.
    pub const fn may_go_elsewhere(&self) -> bool {
        match self {
            Self::Denied(_)
            | Self::Busy { .. }
            | Self::Unreachable { .. }
            | Self::Barred { .. }
            | Self::Erred { .. }
            | Self::Failed { .. }
            | Self::Unsuited { .. } => true,
            Self::NotRecorded | Self::Refused { .. } => false,
        }
    }
}
