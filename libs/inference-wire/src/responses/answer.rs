use serde::Serialize;

use super::ResponsesEcho;
use crate::{AnswerRole, Footprint, TokenLogprob};

/// The `object` member of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ResponsesObject {
    /// The only value.
    #[default]
    Response,
}

/// How far an answer, or a part of it, is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ResponsesStatus {
    /// It is being written.
    InProgress,
    /// The model ended it.
    Completed,
    /// A bound ended it; `incomplete_details` says which.
    Incomplete,
    /// It broke off; `error` says why.
    Failed,
}

/// Which bound ended an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ResponsesReason {
    /// `max_output_tokens`, or the model's context is full.
    MaxOutputTokens,
}

/// Why an answer is not complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResponsesIncomplete {
    /// Which bound it met.
    pub reason: ResponsesReason,
}

/// Why an answer broke off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResponsesFailure {
    /// Always `server_error`, as `OpenAI`'s clients know it.
    pub code: &'static str,
    /// What happened.
    pub message: String,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResponsesAnswer {
    /// `resp_` and the id of the request.
    pub id: String,
    /// Always `response`.
    pub object: ResponsesObject,
    /// When the request was admitted, in seconds since 1970.
    pub created_at: i64,
    /// How far it is.
    pub status: ResponsesStatus,
    /// Why it broke off.
    pub error: Option<ResponsesFailure>,
    /// Why it is not complete.
    pub incomplete_details: Option<ResponsesIncomplete>,
    /// The model that answers.
    pub model: String,
    /// What the model wrote, in its order.
    pub output: Vec<ResponsesOutput>,
    /// Always `null`: no answer is kept that another could go on from.
    pub previous_response_id: Option<String>,
    /// Always `false`.
    pub store: bool,
    /// Always `disabled`: nothing is left out of what was sent.
    pub truncation: &'static str,
    /// What the request used; `null` until the answer has ended.
    pub usage: Option<ResponsesUsage>,
    /// What the request asked for.
    #[serde(flatten)]
    pub echo: ResponsesEcho,
}

/// Something that the model wrote.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ResponsesOutput {
    /// A text.
    Message {
        /// `msg_` and its place in the answer.
        id: String,
        /// How far it is.
        status: ResponsesStatus,
        /// Always `assistant`.
        role: AnswerRole,
        /// One part; none before the first token.
        content: Vec<ResponsesPart>,
    },
    /// A call that the model asks for.
    FunctionCall {
        /// `fc_` and its place in the answer.
        id: String,
        /// How far it is.
        status: ResponsesStatus,
        /// Nine ASCII letters and digits. The item with the result repeats it.
        call_id: String,
        /// The name of one of the tools.
        name: String,
        /// The arguments: a JSON object, written as a string.
        arguments: String,
    },
}

/// A part of a message.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ResponsesPart {
    /// A text.
    OutputText {
        /// The text.
        text: String,
        /// Always none.
        #[cfg_attr(feature = "openapi", schema(value_type = Vec<Object>))]
        annotations: Vec<serde_json::Value>,
        /// One entry a token, where they were asked for.
        logprobs: Vec<TokenLogprob>,
    },
}

impl ResponsesPart {
    /// A text with its log-probabilities.
    pub const fn text(text: String, logprobs: Vec<TokenLogprob>) -> Self {
        Self::OutputText { text, annotations: Vec::new(), logprobs }
    }
}

/// Tokens of the input by where they came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResponsesInputDetails {
    /// Tokens that were computed for an earlier prompt of the project, which began alike.
    pub cached_tokens: u32,
    /// Always 0: keeping a prompt for later costs nothing. Clients want it.
    pub cache_write_tokens: u32,
}

/// Tokens of the answer by what they are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResponsesOutputDetails {
    /// Always 0: what a model thinks is part of its text here.
    pub reasoning_tokens: u32,
}

/// What a request used, in the words of Responses.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResponsesUsage {
    /// Tokens of the prompt that were processed.
    pub input_tokens: u32,
    /// Where they came from.
    pub input_tokens_details: ResponsesInputDetails,
    /// Tokens that the model wrote.
    pub output_tokens: u32,
    /// What they are for.
    pub output_tokens_details: ResponsesOutputDetails,
    /// Both together.
    pub total_tokens: u32,
    /// Energy and carbon, among the other members.
    #[serde(flatten)]
    pub footprint: Footprint,
}
