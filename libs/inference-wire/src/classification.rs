//! Judgements on texts: moderation and classes, in Mistral's shape.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Message, Usage, finite};

/// A request for judgements. Read one with [`ClassificationRequest::decode_texts`] or
/// [`ClassificationRequest::decode_chats`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClassificationRequest {
    /// The chat model that judges.
    pub model: String,
    /// At least one.
    pub input: Vec<ClassificationInput>,
    /// What is chosen from; none for the categories of moderation.
    pub targets: Vec<ClassificationTarget>,
}

/// What is judged.
#[derive(Clone, Debug, PartialEq)]
pub enum ClassificationInput {
    /// A text.
    Text(String),
    /// The last message of a conversation, with what came before.
    Chat(Vec<Message>),
}

/// Labels to choose from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClassificationTarget {
    /// What the labels are about.
    pub name: String,
    /// At least two, at most 16.
    pub labels: Vec<String>,
}

/// A request about texts, as clients write it. Fields that are not listed are ignored.
#[cfg(feature = "openapi")]
#[derive(Serialize, utoipa::ToSchema)]
pub struct ClassificationBody {
    /// The id of a chat model, as `GET /v1/models` lists them: it is asked.
    pub model: String,
    /// A text, or a list of up to 32. `inputs` means the same.
    #[schema(value_type = ClassificationTexts)]
    pub input: serde_json::Value,
    /// With `/v1/classifications`: the labels to choose from. Without them the categories of
    /// moderation.
    pub targets: Option<Vec<ClassificationTarget>>,
}

/// A request about conversations, as clients write it. Fields that are not listed are ignored.
#[cfg(feature = "openapi")]
#[derive(Serialize, utoipa::ToSchema)]
pub struct ChatClassificationBody {
    /// The id of a chat model, as `GET /v1/models` lists them: it is asked.
    pub model: String,
    /// Messages, a list of lists of messages, an object with `messages`, or a list of such
    /// objects; at most 32 conversations. `inputs` means the same.
    #[schema(value_type = Object)]
    pub input: serde_json::Value,
    /// With `/v1/chat/classifications`: the labels to choose from.
    pub targets: Option<Vec<ClassificationTarget>>,
}

/// The shapes of `input`.
#[cfg(feature = "openapi")]
#[derive(Serialize, utoipa::ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only described, never made")]
enum ClassificationTexts {
    Text(String),
    Texts(Vec<String>),
}

/// How a judgement was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Judge {
    /// The chat model that was asked.
    pub model: String,
    /// Always `yes_no`: the probability of the word yes among yes and no.
    pub method: JudgeMethod,
    /// Whether the bounds of categories were measured for this very model. Without, each is a half.
    pub calibrated: bool,
}

/// How a judge is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum JudgeMethod {
    /// The only value.
    #[default]
    YesNo,
}

/// Judgements on harmful texts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModerationResponse {
    /// `mod-` and the id of the first request to the judge.
    pub id: String,
    /// The chat model that judged.
    pub model: String,
    /// One an input, in their order.
    pub results: Vec<ModerationResult>,
    /// How the judgement was made.
    pub judge: Judge,
    /// What all requests to the judge used.
    pub usage: Usage,
}

/// The judgement on one input.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModerationResult {
    /// Whether the input belongs to a category: its score reaches the category's bound.
    pub categories: BTreeMap<String, bool>,
    /// How likely that is, as the judge says; from 0 to 1.
    #[serde(serialize_with = "scores")]
    pub category_scores: BTreeMap<String, f32>,
}

/// Classes of texts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClassificationResponse {
    /// `class-` and the id of the first request to the judge.
    pub id: String,
    /// The chat model that judged.
    pub model: String,
    /// One an input, in their order: targets by their names.
    pub results: Vec<BTreeMap<String, ClassificationScores>>,
    /// How the judgement was made.
    pub judge: Judge,
    /// What all requests to the judge used.
    pub usage: Usage,
}

/// The labels of a target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClassificationScores {
    /// By label. Those of a request's own targets add up to one; categories of moderation do not
    /// exclude each other.
    #[serde(serialize_with = "scores")]
    pub scores: BTreeMap<String, f32>,
}

fn scores<S: serde::Serializer>(
    scores: &BTreeMap<String, f32>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(scores.iter().map(|(name, score)| (name, finite::number(*score))))
}
