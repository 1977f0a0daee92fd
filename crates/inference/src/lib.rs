//! Answers a caller with a model: admission, token streams, metering.
//!
//! Start at [`Chat::start`], or at [`Embeddings::embed`] for vectors of texts; models are told by [`Models`],
//! receipts of answers are issued by [`Receipts`]; engines plug in at [`ports::Engine`].
//! **Never here:** wire JSON, HTTP, SQL, kernels.

pub mod ports;

mod admission;
mod answer_format;
mod chat;
mod content;
mod deployment;
mod embeddings;
mod generation;
mod metering;
mod model;
mod receipt;
mod rules;
mod settlement;
mod tool;
mod usage_record;

pub use answer_format::AnswerFormat;
pub use chat::{Chat, ChatCommand, ChatError, ChatLimits, ChatStream, Parts};
pub use deployment::{Declared, Deployment, EngineBuild};
pub use embeddings::{
    EmbedCommand, EmbedError, EmbedLimits, Embedded, Embeddings, EmbeddingsParts,
};
pub use generation::{Choice, FinishReason, Priority, Sampling, TokenLogprob, TokenPiece};
pub use metering::{ChatEvent, Metering, Site, Usage, UsageOpened, UsageOutcome, UsageSettled};
pub use model::{ModelCard, ModelPurpose, Models};
pub use receipt::{ReceiptError, Receipts, ReceiptsParts, request_of};
pub use tool::{CallCount, FunctionCall, Tool, ToolChoice, ToolUse};
pub use usage_record::{RUNNING, UsageFigures, UsageRecord, UsageSum, UsageTotal};
