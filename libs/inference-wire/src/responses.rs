//! Responses, the newer shape of `OpenAI`'s API: one answer, and nothing of it kept.
//!
//! A request is read into a [`ChatRequest`] with [`ResponsesEcho`], what the answer repeats of it.
//! An answer is a [`ResponsesAnswer`], or [`ResponsesEvent`]s that end with one.

mod answer;
mod event;
mod request;
mod tokens;

pub use answer::{
    ResponsesAnswer, ResponsesFailure, ResponsesIncomplete, ResponsesInputDetails, ResponsesObject,
    ResponsesOutput, ResponsesOutputDetails, ResponsesPart, ResponsesReason, ResponsesStatus,
    ResponsesUsage,
};
pub use event::{ResponsesEvent, ResponsesEventKind};
#[cfg(feature = "openapi")]
pub use request::ResponsesBody;
pub use request::{ResponsesEcho, ResponsesRequest, ResponsesText};
pub use tokens::{ResponsesInputTokens, ResponsesTokensObject};
