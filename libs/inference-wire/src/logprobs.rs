use serde::{Deserialize, Serialize};

use crate::finite;

/// Log-probabilities of the tokens of a choice.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Logprobs {
    /// One entry a token, in order.
    pub content: Vec<TokenLogprob>,
}

/// A token that was chosen, with the most likely candidates for its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenLogprob {
    /// The text of the token; U+FFFD stands for bytes that are no text by themselves.
    pub token: String,
    /// Its number in the model's vocabulary; Mistral's clients want it.
    pub token_id: u32,
    /// Natural logarithm of its probability; -9999 for one that is as good as impossible.
    #[serde(serialize_with = "finite::logprob")]
    pub logprob: f32,
    /// The exact bytes of the token.
    pub bytes: Vec<u8>,
    /// The most likely candidates, best first; as many as were asked for.
    pub top_logprobs: Vec<TokenCandidate>,
}

/// A token that could have been chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenCandidate {
    /// The text of the token; U+FFFD stands for bytes that are no text by themselves.
    pub token: String,
    /// Its number in the model's vocabulary; Mistral's clients want it.
    pub token_id: u32,
    /// Natural logarithm of its probability.
    #[serde(serialize_with = "finite::logprob")]
    pub logprob: f32,
    /// The exact bytes of the token.
    pub bytes: Vec<u8>,
}
