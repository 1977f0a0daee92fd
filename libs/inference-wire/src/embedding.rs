use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize, Serializer};

use crate::{Usage, finite};

/// A request for vectors, as it was understood. Read one with [`EmbeddingRequest::decode`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({
    "model": "multilingual-e5-small",
    "input": ["query: Où est la mairie ?", "passage: La mairie est place de la République."],
})))]
pub struct EmbeddingRequest {
    /// The model that makes the vectors.
    pub model: String,
    /// A text, a list of texts, a list of tokens, or a list of lists of tokens. Mistral's clients
    /// may call it `inputs`.
    #[cfg_attr(feature = "openapi", schema(value_type = EmbeddingInputs))]
    pub input: Vec<EmbeddingInput>,
    /// How the numbers of a vector are written.
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub encoding_format: EncodingFormat,
    /// How many numbers the caller expects in a vector: what the model has, or an error. Mistral's
    /// clients call it `output_dimension`.
    #[cfg_attr(feature = "openapi", schema(required = false, minimum = 1))]
    pub dimensions: Option<u32>,
    /// Cuts the end off what is longer than the model reads, instead of refusing it.
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub truncate: bool,
}

/// The shapes of `input`.
#[cfg(feature = "openapi")]
#[derive(Serialize, utoipa::ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only described, never made")]
enum EmbeddingInputs {
    Text(String),
    Texts(Vec<String>),
    Tokens(Vec<u32>),
    TokenLists(Vec<Vec<u32>>),
}

/// What becomes one vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EmbeddingInput {
    /// A text.
    Text(String),
    /// Tokens of the model.
    Tokens(Vec<u32>),
}

/// How the numbers of a vector are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum EncodingFormat {
    /// As a list of numbers.
    #[default]
    Float,
    /// As the bytes of single-precision numbers, the lowest byte first, in base64.
    Base64,
}

/// The `object` member of a vector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum EmbeddingObject {
    /// The only value.
    #[default]
    Embedding,
}

/// The vectors of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EmbeddingResponse {
    /// `embd-` and the id of the request.
    pub id: String,
    /// Always `list`.
    pub object: crate::ListObject,
    /// The model that made the vectors.
    pub model: String,
    /// One vector an input, in their order.
    pub data: Vec<EmbeddingItem>,
    /// What the request used.
    pub usage: Usage,
}

/// One vector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EmbeddingItem {
    /// Always `embedding`.
    pub object: EmbeddingObject,
    /// The position of its input, from 0.
    pub index: u32,
    /// The numbers; the vector has length one.
    pub embedding: EmbeddingVector,
}

/// The numbers of a vector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum EmbeddingVector {
    /// As a list.
    Float(#[serde(serialize_with = "numbers")] Vec<f32>),
    /// See [`EncodingFormat::Base64`].
    Base64(String),
}

impl EmbeddingVector {
    /// Writes numbers in this way.
    pub fn new(numbers: Vec<f32>, format: EncodingFormat) -> Self {
        match format {
            EncodingFormat::Float => Self::Float(numbers),
            EncodingFormat::Base64 => {
                let bytes: Vec<u8> =
                    numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
                Self::Base64(STANDARD.encode(bytes))
            }
        }
    }
}

fn numbers<S: Serializer>(numbers: &[f32], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(numbers.iter().map(|number| finite::number(*number)))
}
