use serde::{Deserialize, Serialize};

use super::LibraryAnswer;

/// What an answer is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum AnswerStage {
    /// Passages were chosen, so many.
    Selected,
    /// The model has begun so many lines of quotes.
    Quoting,
    /// The model has begun so many sentences.
    Writing,
    /// So many sentences are held against their quotes.
    Checking,
}

/// How far an answer is. Says nothing of what stands in documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AnswerStep {
    /// What it is at.
    pub stage: AnswerStage,
    /// How many of what the stage says.
    pub count: u32,
}

/// The answer broke off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AnswerFailure {
    /// A sentence for people.
    pub message: String,
    /// The status that an answer in one piece would have had.
    pub code: u16,
    /// Stable and documented, as in every error.
    pub error_code: String,
}

/// One event of an answer that is made. `Done` or `Error` is the last one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum LibraryAnswerEvent {
    /// How far it is.
    #[serde(rename = "answer.progress")]
    Progress(AnswerStep),
    /// All of it, at once: it is given out when it is certain, and may be read.
    #[serde(rename = "answer.done")]
    Done(Box<LibraryAnswer>),
    /// It broke off.
    #[serde(rename = "answer.error")]
    Error(AnswerFailure),
}

impl LibraryAnswerEvent {
    /// What stands in the `event` line of its frame, and in `type`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Progress(_) => "answer.progress",
            Self::Done(_) => "answer.done",
            Self::Error(_) => "answer.error",
        }
    }
}
