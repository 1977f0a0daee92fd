use serde::{Deserialize, Serialize};

/// The `object` member of a count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ResponsesTokensObject {
    /// The only value.
    #[default]
    #[serde(rename = "response.input_tokens")]
    InputTokens,
}

/// How many tokens the model would read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResponsesInputTokens {
    /// Always `response.input_tokens`.
    pub object: ResponsesTokensObject,
    /// The count, with all that the model's template adds.
    pub input_tokens: u32,
}
