use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Tool, ToolCall, ToolChoice};

/// What a request may contain at most.
pub mod limits {
    use std::ops::RangeInclusive;

    /// 0 picks the most likely token.
    pub const TEMPERATURE: RangeInclusive<f64> = 0.0..=2.0;
    /// 0 is excluded: nothing would be left.
    pub const TOP_P_MAX: f64 = 1.0;
    /// Share of the most likely token's probability.
    pub const MIN_P: RangeInclusive<f64> = 0.0..=1.0;
    /// Presence and frequency penalties.
    pub const PENALTY: RangeInclusive<f64> = -2.0..=2.0;
    /// 0 is excluded; 1 changes nothing.
    pub const REPETITION_PENALTY_MAX: f64 = 2.0;
    /// Stop strings of one request.
    pub const STOP_STRINGS: usize = 16;
    /// Bytes of one stop string.
    pub const STOP_STRING_BYTES: usize = 256;
    /// Candidates reported for each token.
    pub const TOP_LOGPROBS: u64 = 20;
    /// Bytes of a schema, of a regular expression, of a grammar.
    pub const FORMAT_BYTES: usize = 256 * 1024;
    /// Texts, or lists of tokens, of one request for vectors.
    pub const EMBEDDING_INPUTS: usize = 2048;
    /// Tools of one request, and calls of one message.
    pub const TOOLS: usize = 128;
    /// Bytes of all tools of a request together, as JSON.
    pub const TOOLS_BYTES: usize = 256 * 1024;
    /// Answers to one question.
    pub const CHOICES: u32 = 8;
    /// Texts of one request that are to be gone on with.
    pub const PROMPTS: usize = 16;
    /// Inputs of one request for judgements.
    pub const JUDGED: usize = 32;
    /// Targets of one request for judgements.
    pub const TARGETS: usize = 4;
    /// Labels of one target.
    pub const LABELS: usize = 16;
    /// Documents of one request to order them.
    pub const DOCUMENTS: usize = 1000;
    /// Libraries that one search or question names.
    pub const LIBRARIES: usize = 100;
    /// Passages that one search of libraries tells.
    pub const PASSAGES: u32 = 50;
    /// Chunks that one search of collections tells, those among them that `offset` leaves out.
    pub const CHUNKS: u32 = 100;
    /// Bytes of what stands before each text to order.
    pub const PREFIX_BYTES: usize = 256;
    /// Bytes of the name of a tool.
    pub const TOOL_NAME_BYTES: usize = 64;
    /// Tokens with a bias.
    pub const LOGIT_BIASES: usize = 300;
    /// Biases beyond are taken as this much.
    pub const LOGIT_BIAS: f64 = 100.0;
}

/// A request for an answer to a conversation.
///
/// Every optional field may be left out or `null`. Fields that are not listed are ignored.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChatRequest {
    /// The id of a model, as `GET /v1/models` lists them.
    pub model: String,
    /// The conversation so far, oldest message first; at least one.
    pub messages: Vec<Message>,
    /// Send the answer as server-sent events while it is written.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stream: bool,
    /// Accepted for compatibility: the last event always carries the usage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_options: Option<StreamOptions>,
    /// 0 picks the most likely token, higher is more varied; at most 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 2))]
    pub temperature: Option<f32>,
    /// Only the so many most likely tokens are drawn from; 0 and -1 mean all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_k: Option<u32>,
    /// Only the most likely tokens that together have this probability are drawn from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(exclusive_minimum = 0, maximum = 1))]
    pub top_p: Option<f32>,
    /// Tokens less likely than this share of the most likely one are not drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1))]
    pub min_p: Option<f32>,
    /// The answer ends after so many tokens. `max_completion_tokens` means the same; of the two
    /// the smaller counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub max_tokens: Option<u32>,
    /// The model does not end its turn before so many tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_tokens: Option<u32>,
    /// The answer ends before the first of these strings; one string or up to 16.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<StopStrings>))]
    pub stop: Vec<String>,
    /// The same seed, request and model give the same answer. `random_seed` means the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<i64>))]
    pub seed: Option<u64>,
    /// Lowers tokens that have appeared, however often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = -2, maximum = 2))]
    pub presence_penalty: Option<f32>,
    /// Lowers tokens by how often they have appeared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = -2, maximum = 2))]
    pub frequency_penalty: Option<f32>,
    /// Divides the logits of tokens that have appeared; 1 changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(exclusive_minimum = 0, maximum = 2))]
    pub repetition_penalty: Option<f32>,
    /// Added to the logits of tokens, by token id; clamped to -100 and 100.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(
        feature = "openapi",
        schema(value_type = Option<std::collections::BTreeMap<String, f32>>)
    )]
    pub logit_bias: BTreeMap<u32, f32>,
    /// Report the log-probability of each token of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<bool>,
    /// Report so many candidates for each token, at most 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(maximum = 20))]
    pub top_logprobs: Option<u8>,
    /// The form that the answer must have; the model cannot write anything else.
    #[serde(default, skip_serializing_if = "ResponseFormat::is_text")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<ResponseFormat>))]
    pub response_format: ResponseFormat,
    /// Other forms of an answer, in place of `response_format`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structured_outputs: Option<StructuredOutputs>,
    /// How urgent the answer is. Values that are not listed mean `default`.
    #[serde(default, skip_serializing_if = "ServiceTier::is_default")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<ServiceTier>))]
    pub service_tier: ServiceTier,
    /// What the model may ask the caller to do; at most 128, and 256 KiB together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<Tool>>))]
    pub tools: Vec<Tool>,
    /// Whether the model calls a tool, and which.
    #[serde(default, skip_serializing_if = "ToolChoice::is_auto")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<ToolChoice>))]
    pub tool_choice: ToolChoice,
    /// Whether one answer may have several calls; it may, unless this is `false`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel_tool_calls: Option<bool>,
    /// So many answers, each with a seed of its own; at most 8. The prompt counts once in `usage`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 8))]
    pub n: Option<u8>,
    /// Puts Mistral's words about care, respect and truth in front of the conversation.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub safe_prompt: bool,
    /// What is accepted, and changes nothing.
    #[serde(flatten)]
    pub accepted: Accepted,
}

/// Fields that clients send and that change nothing here. Their types are looked at.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Accepted {
    /// Text that the answer will resemble: the engine guesses by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub prediction: Option<serde_json::Value>,
    /// Where to look for a common beginning: the engine finds it by itself, within the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_cache_key: Option<String>,
    /// The caller's own pairs: they are not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub metadata: Option<serde_json::Value>,
    /// Whom the caller asks for: it is not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Whether the answer is kept: it never is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<bool>,
    /// `reasoning`: the template of the model says how it thinks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_mode: Option<String>,
    /// How long the model thinks: the template of the model says that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_effort: Option<String>,
}

/// How urgent an answer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ServiceTier {
    /// Somebody waits for it.
    #[default]
    Default,
    /// It may take its time: it makes way for others when the machine is full.
    Flex,
}

impl ServiceTier {
    /// Whether somebody waits for the answer.
    pub fn is_default(&self) -> bool {
        *self == Self::Default
    }
}

/// The form of an answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ResponseFormat {
    /// Whatever the model writes.
    #[default]
    Text,
    /// A JSON object.
    JsonObject,
    /// JSON that a schema describes.
    JsonSchema {
        /// The schema.
        json_schema: DescribedSchema,
    },
}

/// A schema as clients send it. Its `name`, `description` and `strict` are accepted and change
/// nothing: every schema is kept strictly.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DescribedSchema {
    /// A JSON schema; at most 256 KiB.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub schema: serde_json::Value,
}

/// The form of an answer, by the name of its notation.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum StructuredOutputs {
    /// A JSON schema; at most 256 KiB.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    Json(serde_json::Value),
    /// A regular expression that matches the whole answer, in the syntax of Rust's `regex`.
    Regex(String),
    /// A context-free grammar in Lark's notation.
    Grammar(String),
}

impl ResponseFormat {
    /// Whether the model may write whatever it likes.
    pub fn is_text(&self) -> bool {
        *self == Self::Text
    }
}

impl ChatRequest {
    /// How many candidates to report for each token; `None` reports no log-probabilities.
    /// `logprobs: false` wins over `top_logprobs`.
    pub fn candidates(&self) -> Option<u8> {
        match (self.logprobs, self.top_logprobs) {
            (Some(true), candidates) => Some(candidates.unwrap_or(0)),
            (None, Some(candidates)) if candidates > 0 => Some(candidates),
            (Some(false) | None, _) => None,
        }
    }
}

/// Options of a streamed answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StreamOptions {
    /// Changes nothing here: the usage is always included.
    #[serde(default)]
    pub include_usage: bool,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Role {
    /// Instructions. `developer` means the same.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// The result of a call.
    Tool,
}

/// A message of the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said. May be `null` for `assistant` alone.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<MessageContent>))]
    pub content: String,
    /// The answer continues this message; only with `assistant`, and only in the last message.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prefix: bool,
    /// The calls that the model asked for; only with `assistant`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<ToolCall>>))]
    pub tool_calls: Vec<ToolCall>,
    /// The `id` of the call whose result this is; only with `tool`. Without it that is the first
    /// call that has no result yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<String>,
    /// The function whose result this is; only with `tool`, and found by the call without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Message {
    /// A message of text alone.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self {
            role,
            content: content.into(),
            prefix: false,
            tool_calls: Vec::new(),
            tool_call_id: None,
            name: None,
        }
    }
}

/// The content of a message as clients may write it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum MessageContent {
    /// All of it.
    Text(String),
    /// Pieces, joined without anything between them.
    Chunks(Vec<TextChunk>),
}

/// A piece of a message: `{"type": "text", "text": "..."}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum TextChunk {
    /// What is said.
    Text {
        /// The text.
        text: String,
    },
    /// What the model thought before it spoke. It is left aside: a model does not read what it
    /// thought in earlier turns.
    Thinking {
        /// Pieces of text.
        #[cfg_attr(feature = "openapi", schema(value_type = Vec<Object>))]
        thinking: serde_json::Value,
    },
    /// Sources that were named. They are left aside: they are no words.
    Reference {
        /// Their numbers or names.
        #[cfg_attr(feature = "openapi", schema(value_type = Vec<Object>))]
        reference_ids: serde_json::Value,
    },
}

/// Stop strings as clients may write them.
#[cfg(feature = "openapi")]
#[derive(Serialize, utoipa::ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes the wire format to the OpenAPI document")]
pub(crate) enum StopStrings {
    /// One string.
    One(String),
    /// Up to 16.
    Many(Vec<String>),
}
