use serde::{Deserialize, Serialize};
use serde_json::Number;

/// The `object` member of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ListObject {
    /// The only value.
    #[default]
    List,
}

/// The `object` member of a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ModelObject {
    /// The only value.
    #[default]
    Model,
}

/// Where a model comes from, or what it is for. Clients choose the shape of the card by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ModelKind {
    /// Used as its makers released it: what Mistral's clients know.
    #[default]
    Base,
    /// Answers, in the words of Albert.
    TextGeneration,
    /// Makes vectors, in the words of Albert.
    TextEmbeddingsInference,
}

/// The models that can be asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelList {
    /// Always `list`.
    pub object: ListObject,
    /// One card a model.
    pub data: Vec<ModelCard>,
}

/// What is told of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelCard {
    /// The name to write in `model`.
    pub id: String,
    /// Always `model`.
    pub object: ModelObject,
    /// When the model was registered here, in seconds since 1970.
    pub created: i64,
    /// Who serves it.
    pub owned_by: String,
    /// `base`, unless the settings say that models are told as Albert tells them.
    #[serde(rename = "type")]
    pub kind: ModelKind,
    /// What can be asked of it.
    pub capabilities: Capabilities,
    /// Tokens of prompt and answer together.
    pub max_context_length: u32,
    /// Other names of the same model.
    pub aliases: Vec<String>,
    /// When the model will be withdrawn, if that is known.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub deprecation: Option<String>,
    /// The temperature of requests that name none.
    pub default_model_temperature: f32,
    /// SHA-256 of the model file, lower-case hexadecimal. This and the next three are absent where
    /// the model runs elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The family of networks it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// How its weights are stored, for people: `Q4_1`, `F32`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantization: Option<String>,
    /// The number of its weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<u64>,
    /// The model that an adapter was made for; absent for models that need no other.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub root: Option<String>,
    /// Numbers in a vector, of a model that makes vectors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedding_dimensions: Option<u32>,
    /// What its tokens cost here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub costs: Option<ModelCosts>,
}

/// Euros for a million tokens, as limits in euros count them; 0 where the settings name no price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelCosts {
    /// Of prompts.
    #[cfg_attr(feature = "openapi", schema(value_type = f64))]
    pub prompt_tokens: Number,
    /// Of answers.
    #[cfg_attr(feature = "openapi", schema(value_type = f64))]
    pub completion_tokens: Number,
}

/// What can be asked of a model.
#[expect(clippy::struct_excessive_bools, reason = "the wire format is a set of named flags")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Capabilities {
    /// Conversations.
    pub completion_chat: bool,
    /// Calls of functions that the request describes.
    pub function_calling: bool,
    /// Thinking that is shown apart from the answer.
    pub reasoning: bool,
    /// Text between a prefix and a suffix.
    pub completion_fim: bool,
    /// Training on one's own examples.
    pub fine_tuning: bool,
    /// Pictures.
    pub vision: bool,
    /// Text in pictures.
    pub ocr: bool,
    /// Classes of texts.
    pub classification: bool,
    /// Judgements on harmful texts.
    pub moderation: bool,
    /// Sound.
    pub audio: bool,
    /// Speech to text.
    pub audio_transcription: bool,
    /// Vectors of texts.
    pub embeddings: bool,
}
