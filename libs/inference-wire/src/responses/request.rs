use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::ChatRequest;

/// A request that was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResponsesRequest {
    /// What it asks for.
    pub chat: ChatRequest,
    /// What the answer repeats of it.
    pub echo: ResponsesEcho,
}

/// The form of an answer, as it was asked for.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResponsesText {
    /// `{"type": "text"}`, `{"type": "json_object"}`, or `{"type": "json_schema"}` with `name`,
    /// `schema` and `strict`.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub format: Value,
}

impl Default for ResponsesText {
    fn default() -> Self {
        Self { format: json!({"type": "text"}) }
    }
}

/// What an answer repeats of its request. Clients read several of these as always there.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResponsesEcho {
    /// The instructions that stand before the input.
    pub instructions: Option<String>,
    /// The bound on the tokens of the answer.
    pub max_output_tokens: Option<u32>,
    /// The caller's own pairs.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub metadata: Map<String, Value>,
    /// Whether one answer may have several calls.
    pub parallel_tool_calls: bool,
    /// As it was asked for; `null` for what the server takes by itself.
    pub temperature: Option<f32>,
    /// As it was asked for.
    pub top_p: Option<f32>,
    /// As it was asked for.
    pub top_logprobs: Option<u8>,
    /// The form of the answer.
    pub text: ResponsesText,
    /// As it was asked for; `auto` without.
    #[cfg_attr(feature = "openapi", schema(value_type = Value))]
    pub tool_choice: Value,
    /// As they were sent.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Object>))]
    pub tools: Vec<Value>,
}

impl Default for ResponsesEcho {
    fn default() -> Self {
        Self {
            instructions: None,
            max_output_tokens: None,
            metadata: Map::new(),
            parallel_tool_calls: true,
            temperature: None,
            top_p: None,
            top_logprobs: None,
            text: ResponsesText::default(),
            tool_choice: json!("auto"),
            tools: Vec::new(),
        }
    }
}

/// A request for an answer.
///
/// Every field but `model` and `input` may be left out or `null`. Fields that are not listed are
/// ignored, but for `previous_response_id`, `conversation`, `prompt` and `background`, which ask for
/// what is not offered: nothing of an answer is kept.
#[cfg(feature = "openapi")]
#[derive(Serialize, utoipa::ToSchema)]
pub struct ResponsesBody {
    /// The id of a model, as `GET /v1/models` lists them.
    pub model: String,
    /// A question, or the conversation so far as a list of items: `message`, `function_call`,
    /// `function_call_output`, `reasoning` (which is left aside).
    #[schema(value_type = ResponsesInput)]
    pub input: Value,
    /// Instructions that stand before the input.
    pub instructions: Option<String>,
    /// Send the answer as server-sent events while it is written.
    pub stream: Option<bool>,
    /// 0 picks the most likely token, higher is more varied; at most 2.
    #[schema(minimum = 0, maximum = 2)]
    pub temperature: Option<f32>,
    /// Only the most likely tokens that together have this probability are drawn from.
    #[schema(exclusive_minimum = 0, maximum = 1)]
    pub top_p: Option<f32>,
    /// The answer ends after so many tokens.
    #[schema(minimum = 1)]
    pub max_output_tokens: Option<u32>,
    /// Report so many candidates for each token, at most 20.
    #[schema(maximum = 20)]
    pub top_logprobs: Option<u8>,
    /// `message.output_text.logprobs` reports log-probabilities; others are ignored.
    pub include: Option<Vec<String>>,
    /// The form of the answer.
    pub text: Option<ResponsesText>,
    /// Functions: `type`, `name`, `description`, `parameters`, `strict`; at most 128, and 256 KiB
    /// together.
    #[schema(value_type = Option<Vec<Object>>)]
    pub tools: Option<Vec<Value>>,
    /// `auto`, `none`, `required`, or the function that must be called.
    #[schema(value_type = Option<Value>)]
    pub tool_choice: Option<Value>,
    /// Whether one answer may have several calls; it may, unless this is `false`.
    pub parallel_tool_calls: Option<bool>,
    /// Pairs of the caller's own, which the answer repeats.
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Map<String, Value>>,
    /// `flex` makes way for others when the machine is full. Values that are not listed mean
    /// `default`.
    pub service_tier: Option<String>,
    /// Accepted and without effect: answers are never kept.
    pub store: Option<bool>,
}

/// What is asked.
#[cfg(feature = "openapi")]
#[derive(Serialize, utoipa::ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes the wire format to the OpenAPI document")]
pub(crate) enum ResponsesInput {
    /// A question.
    Text(String),
    /// Items, oldest first.
    #[schema(value_type = Vec<Object>)]
    Items(Vec<Value>),
}
