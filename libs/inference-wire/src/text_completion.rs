//! Texts that a model goes on with: the older completions of `OpenAI`, and Mistral's texts with a
//! hole.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{ChatRequest, FinishReason, Usage, finite};

/// A request to go on with texts. Read one with [`TextCompletionRequest::decode`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TextCompletionRequest {
    /// What it says of model, sampling and bounds; without messages.
    pub chat: ChatRequest,
    /// At least one.
    pub prompts: Vec<TextPrompt>,
    /// What follows the text that the model writes.
    pub suffix: Option<String>,
    /// Whether the answer begins with the prompt.
    pub echo: bool,
}

/// A request to fill a hole. Read one with [`FimRequest::decode`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FimRequest {
    /// What it says of model, sampling and bounds; without messages.
    pub chat: ChatRequest,
    /// What stands in front of the hole.
    pub prompt: String,
    /// What stands behind it.
    pub suffix: String,
}

/// A text to go on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextPrompt {
    /// A text.
    Text(String),
    /// Tokens of the model.
    Tokens(Vec<u32>),
}

/// A request to go on with texts, as clients write it. `best_of` above 1 is refused; fields that
/// are not listed are ignored.
#[cfg(feature = "openapi")]
#[derive(Serialize, utoipa::ToSchema)]
pub struct TextCompletionBody {
    /// The id of a model, as `GET /v1/models` lists them.
    pub model: String,
    /// A text, a list of up to 16 texts, a list of tokens, or a list of lists of tokens.
    #[schema(value_type = TextPrompts)]
    pub prompt: serde_json::Value,
    /// What follows the text that the model writes; only with models that fill holes.
    pub suffix: Option<String>,
    /// The answer ends after so many tokens; 16 without.
    #[schema(minimum = 1)]
    pub max_tokens: Option<u32>,
    /// 0 picks the most likely token, higher is more varied; at most 2.
    #[schema(minimum = 0, maximum = 2)]
    pub temperature: Option<f32>,
    /// Only the most likely tokens that together have this probability are drawn from.
    #[schema(exclusive_minimum = 0, maximum = 1)]
    pub top_p: Option<f32>,
    /// So many answers to each text, each with a seed of its own; at most 8.
    #[schema(minimum = 1, maximum = 8)]
    pub n: Option<u8>,
    /// Send the answer as server-sent events while it is written.
    pub stream: Option<bool>,
    /// Report the log-probability of each token, and of so many candidates; at most 20. Not
    /// together with `echo`: those of a prompt are not known.
    #[schema(maximum = 20)]
    pub logprobs: Option<u8>,
    /// Begin the answer with the prompt; only with texts.
    pub echo: Option<bool>,
    /// The answer ends before the first of these strings; one string or up to 16.
    #[schema(value_type = Option<crate::request::StopStrings>)]
    pub stop: Option<Vec<String>>,
    /// The same seed, request and model give the same answer.
    pub seed: Option<i64>,
}

/// A request to fill a hole, as clients write it. Fields that are not listed are ignored.
#[cfg(feature = "openapi")]
#[derive(Serialize, utoipa::ToSchema)]
pub struct FimBody {
    /// The id of a model that fills holes.
    pub model: String,
    /// What stands in front of the hole.
    pub prompt: String,
    /// What stands behind it.
    pub suffix: Option<String>,
    /// The answer ends after so many tokens.
    #[schema(minimum = 1)]
    pub max_tokens: Option<u32>,
    /// The model does not end before so many tokens.
    pub min_tokens: Option<u32>,
    /// 0 picks the most likely token, higher is more varied; at most 2.
    #[schema(minimum = 0, maximum = 2)]
    pub temperature: Option<f32>,
    /// Only the most likely tokens that together have this probability are drawn from.
    #[schema(exclusive_minimum = 0, maximum = 1)]
    pub top_p: Option<f32>,
    /// Send the answer as server-sent events while it is written.
    pub stream: Option<bool>,
    /// The answer ends before the first of these strings; one string or up to 16.
    #[schema(value_type = Option<crate::request::StopStrings>)]
    pub stop: Option<Vec<String>>,
    /// The same seed, request and model give the same answer.
    pub random_seed: Option<i64>,
}

/// The shapes of `prompt`.
#[cfg(feature = "openapi")]
#[derive(Serialize, utoipa::ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only described, never made")]
enum TextPrompts {
    Text(String),
    Texts(Vec<String>),
    Tokens(Vec<u32>),
    TokenLists(Vec<Vec<u32>>),
}

/// The `object` member of texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum TextCompletionObject {
    /// The only value, of parts too.
    #[default]
    #[serde(rename = "text_completion")]
    TextCompletion,
}

/// Texts that the model wrote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TextCompletion {
    /// `cmpl-` and the id of the request.
    pub id: String,
    /// Always `text_completion`.
    pub object: TextCompletionObject,
    /// When the request was admitted, in seconds since 1970.
    pub created: i64,
    /// The model that answered.
    pub model: String,
    /// Prompt by prompt, `n` of each.
    pub choices: Vec<TextChoice>,
    /// What the request used.
    pub usage: Usage,
}

/// A text among the alternatives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TextChoice {
    /// Its position.
    pub index: u32,
    /// What the model wrote, behind the prompt where `echo` asks for it.
    pub text: String,
    /// `null` unless the request asked for them.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub logprobs: Option<TextLogprobs>,
    /// Why it ended.
    pub finish_reason: FinishReason,
}

/// A part of a streamed text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TextCompletionChunk {
    /// The same in all events of an answer.
    pub id: String,
    /// Always `text_completion`.
    pub object: TextCompletionObject,
    /// When the request was admitted, in seconds since 1970.
    pub created: i64,
    /// The model that answers.
    pub model: String,
    /// Always one.
    pub choices: Vec<TextChunkChoice>,
    /// What the request used; on the last event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}

/// What an event adds to a text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TextChunkChoice {
    /// The position of the text.
    pub index: u32,
    /// What is added; may be empty.
    pub text: String,
    /// `null` unless the request asked for them.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub logprobs: Option<TextLogprobs>,
    /// Why it ended; `null` until then.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub finish_reason: Option<FinishReason>,
}

/// Log-probabilities in the older shape: lists beside each other, one entry a token.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TextLogprobs {
    /// The texts of the tokens.
    pub tokens: Vec<String>,
    /// Natural logarithms of their probabilities.
    #[serde(serialize_with = "logprobs")]
    pub token_logprobs: Vec<f32>,
    /// The most likely candidates of each place; of candidates with one text the likelier counts.
    pub top_logprobs: Vec<BTreeMap<String, f32>>,
    /// Where each token begins, in characters of the text.
    pub text_offset: Vec<u32>,
}

fn logprobs<S: serde::Serializer>(values: &[f32], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().map(|value| finite::bounded_logprob(*value)))
}

impl TextLogprobs {
    /// Adds a token with its candidates. `offset` is where it begins.
    pub fn push(&mut self, token: &crate::TokenLogprob, offset: u32) {
        let mut top = BTreeMap::new();
        // Best first: of two that look alike the first stays.
        for candidate in &token.top_logprobs {
            let logprob = finite::bounded_logprob(candidate.logprob);
            top.entry(candidate.token.clone()).or_insert(logprob);
        }
        self.tokens.push(token.token.clone());
        self.token_logprobs.push(token.logprob);
        self.top_logprobs.push(top);
        self.text_offset.push(offset);
    }
}
