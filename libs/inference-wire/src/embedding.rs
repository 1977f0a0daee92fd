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
    /// What kind of numbers they are.
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub output_dtype: EmbeddingDtype,
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

/// What kind of numbers a vector is told in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum EmbeddingDtype {
    /// As the model makes them; the vector has length one.
    #[default]
    Float,
    /// Whole numbers from -127 to 127: each vector is scaled so that its largest becomes 127.
    /// Angles between vectors stay nearly what they are, lengths do not.
    Int8,
    /// Those of `int8`, and 128 more.
    Uint8,
    /// The sign of each number as a bit, 1 for at least 0, eight in a byte, the first the highest;
    /// told as whole numbers from -128 to 127: the byte, and 128 less.
    Binary,
    /// The same bytes as whole numbers from 0 to 255.
    Ubinary,
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
    #[cfg_attr(feature = "openapi", schema(value_type = EmbeddingNumbers))]
    pub embedding: EmbeddingVector,
}

/// The numbers of a vector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum EmbeddingVector {
    /// As a list of whole numbers; see [`EmbeddingDtype`].
    Whole(Vec<i16>),
    /// As a list.
    Float(#[serde(serialize_with = "numbers")] Vec<f32>),
    /// See [`EncodingFormat::Base64`].
    Base64(String),
}

/// The numbers of a vector.
// Whole numbers are numbers too: with a shape of their own, a list of them would have two.
#[cfg(feature = "openapi")]
#[derive(Serialize, utoipa::ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only described, never made")]
enum EmbeddingNumbers {
    /// As a list, of whole numbers where `output_dtype` asks for them.
    List(Vec<f32>),
    /// Their bytes, the lowest of each number first, in base64.
    Base64(String),
}

impl EmbeddingVector {
    /// Writes numbers in this way.
    pub fn new(numbers: Vec<f32>, format: EncodingFormat, dtype: EmbeddingDtype) -> Self {
        let whole = match dtype {
            EmbeddingDtype::Float => return Self::of_floats(numbers, format),
            EmbeddingDtype::Int8 => scaled(&numbers),
            EmbeddingDtype::Uint8 => shifted(scaled(&numbers), 128),
            EmbeddingDtype::Binary => shifted(signs(&numbers), -128),
            EmbeddingDtype::Ubinary => signs(&numbers),
        };
        match format {
            EncodingFormat::Float => Self::Whole(whole),
            EncodingFormat::Base64 => {
                let bytes: Vec<u8> = whole.iter().map(|number| number.to_le_bytes()[0]).collect();
                Self::Base64(STANDARD.encode(bytes))
            }
        }
    }

    fn of_floats(numbers: Vec<f32>, format: EncodingFormat) -> Self {
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

#[expect(clippy::cast_possible_truncation, reason = "rounded, and at most 127 either way")]
fn scaled(numbers: &[f32]) -> Vec<i16> {
    let largest = numbers.iter().map(|number| number.abs()).fold(0.0_f32, f32::max);
    let scale = if largest > 0.0 { 127.0 / largest } else { 0.0 };
    numbers.iter().map(|number| (number * scale).round().clamp(-127.0, 127.0) as i16).collect()
}

fn shifted(numbers: Vec<i16>, by: i16) -> Vec<i16> {
    numbers.into_iter().map(|number| number + by).collect()
}

fn signs(numbers: &[f32]) -> Vec<i16> {
    let byte = |eight: &[f32]| {
        let bit = |(at, number): (usize, &f32)| if *number >= 0.0 { 128 >> at } else { 0_i16 };
        eight.iter().enumerate().map(bit).sum()
    };
    numbers.chunks(8).map(byte).collect()
}

fn numbers<S: Serializer>(numbers: &[f32], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(numbers.iter().map(|number| finite::number(*number)))
}
