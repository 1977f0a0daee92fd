use serde::{Deserialize, Serialize};

use crate::{Logprobs, ToolCall, Usage};

/// The `object` member of a complete answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum CompletionObject {
    /// The only value.
    #[default]
    #[serde(rename = "chat.completion")]
    ChatCompletion,
}

/// The `object` member of a part of a streamed answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ChunkObject {
    /// The only value.
    #[default]
    #[serde(rename = "chat.completion.chunk")]
    ChatCompletionChunk,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum FinishReason {
    /// The model ended its turn, or a stop string was met.
    Stop,
    /// `max_tokens` was reached.
    Length,
    /// The model's context is full.
    ModelLength,
    /// The model asks for calls and waits for their results.
    ToolCalls,
    /// The answer broke off; the text so far stands.
    Error,
}

/// Who speaks in an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum AnswerRole {
    /// The only value.
    #[default]
    #[serde(rename = "assistant")]
    Assistant,
}

/// A complete answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChatCompletion {
    /// `chatcmpl-` and the id of the request.
    pub id: String,
    /// Always `chat.completion`.
    pub object: CompletionObject,
    /// When the request was admitted, in seconds since 1970.
    pub created: i64,
    /// The model that answered.
    pub model: String,
    /// Always one.
    pub choices: Vec<Choice>,
    /// What the request used.
    pub usage: Usage,
}

/// An answer among the alternatives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Choice {
    /// Its position among the alternatives.
    pub index: u32,
    /// What the model said.
    pub message: AnswerMessage,
    /// Why it ended.
    pub finish_reason: FinishReason,
    /// Present when the request asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<Logprobs>,
}

/// What the model said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AnswerMessage {
    /// Always `assistant`.
    pub role: AnswerRole,
    /// The text; may be empty beside calls.
    pub content: String,
    /// The calls that the model asks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
}

/// One event of a streamed answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChatCompletionChunk {
    /// The same in all events of an answer: `chatcmpl-` and the id of the request.
    pub id: String,
    /// Always `chat.completion.chunk`.
    pub object: ChunkObject,
    /// When the request was admitted, in seconds since 1970.
    pub created: i64,
    /// The model that answers.
    pub model: String,
    /// Always one.
    pub choices: Vec<ChunkChoice>,
    /// What the request used; on the last event, the one with a `finish_reason`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}

/// What an event adds to an alternative.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChunkChoice {
    /// The position among the alternatives.
    pub index: u32,
    /// What is added.
    pub delta: Delta,
    /// Why it ended; `null` until the last event.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub finish_reason: Option<FinishReason>,
    /// Present when the request asked for it and the event carries tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<Logprobs>,
}

/// What an event adds to the message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Delta {
    /// Who speaks; on the first event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<AnswerRole>,
    /// Text to append; may be empty.
    pub content: String,
    /// A call that the model asks for: always whole, one an event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
}
