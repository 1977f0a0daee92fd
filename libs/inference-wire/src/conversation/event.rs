use serde::{Deserialize, Serialize};

use crate::{AnswerRole, EntryState, Usage};

/// One event of an answer as it is written. `Done` or `Error` is the last one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ConversationEvent {
    /// The question is kept, the answer begins.
    #[serde(rename = "conversation.response.started")]
    Started(ResponseStarted),
    /// More text.
    #[serde(rename = "message.output.delta")]
    Delta(MessageDelta),
    /// The answer has ended.
    #[serde(rename = "conversation.response.done")]
    Done(ResponseDone),
    /// The answer broke off; the text so far stands.
    #[serde(rename = "conversation.response.error")]
    Error(ResponseError),
}

impl ConversationEvent {
    /// What stands in the `event` line of its frame, and in `type`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Started(_) => "conversation.response.started",
            Self::Delta(_) => "message.output.delta",
            Self::Done(_) => "conversation.response.done",
            Self::Error(_) => "conversation.response.error",
        }
    }
}

/// The answer begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResponseStarted {
    /// When it was begun, in RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// The conversation.
    pub conversation_id: String,
    /// Galerne's own: the question; `null` if an earlier one is answered again or an answer is
    /// continued.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub input_id: Option<String>,
    /// Galerne's own: the answer.
    pub entry_id: String,
    /// Galerne's own: the model that answers.
    pub model: String,
}

/// More text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MessageDelta {
    /// When the answer was begun, in RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// Always 0.
    pub output_index: u32,
    /// The answer.
    pub id: String,
    /// Always 0.
    pub content_index: u32,
    /// The model that answers.
    pub model: String,
    /// Always `assistant`.
    pub role: AnswerRole,
    /// Text to append.
    pub content: String,
}

/// The answer has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResponseDone {
    /// When it ended, in RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// What it used.
    pub usage: Usage,
    /// Galerne's own: `complete`, `length` or `stopped`.
    pub state: EntryState,
    /// Galerne's own: the answer.
    pub entry_id: String,
    /// Galerne's own: the request to the model, which the answer's receipt is asked by.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub request_id: Option<String>,
}

/// The answer broke off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResponseError {
    /// When it did, in RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// A sentence for people.
    pub message: String,
    /// The status that an answer in one piece would have had.
    pub code: u16,
    /// Galerne's own: stable and documented, as in every error.
    pub error_code: String,
    /// Galerne's own: `failed` or `interrupted`.
    pub state: EntryState,
    /// Galerne's own: the answer.
    pub entry_id: String,
}
