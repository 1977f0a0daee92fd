//! What is asked of models, and how they are told.

use serde::{Deserialize, Serialize};

/// Which models are loaded, and how they are told.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ModelSettings {
    /// Whether a model needs the signature of a trusted key: `optional` loads it without one and
    /// says so, `required` refuses it unless it was waived. One whose bytes are not those that were
    /// imported or signed is refused either way.
    pub(crate) signatures: Signatures,
    /// Whose words `GET /v1/models` tells the `type` of a model in: `mistral` says `base` of each,
    /// `albert` says `text-generation` or `text-embeddings-inference`. The clients of each read
    /// nothing else.
    pub(crate) types: ModelTypes,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ModelTypes {
    #[default]
    Mistral,
    Albert,
}

impl ModelTypes {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Mistral => "mistral",
            Self::Albert => "albert",
        }
    }
}

impl From<ModelTypes> for api::ModelTypes {
    fn from(types: ModelTypes) -> Self {
        match types {
            ModelTypes::Mistral => Self::Mistral,
            ModelTypes::Albert => Self::Albert,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Signatures {
    #[default]
    Optional,
    Required,
}

impl Signatures {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Optional => "optional",
            Self::Required => "required",
        }
    }
}
