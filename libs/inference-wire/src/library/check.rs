use serde::{Deserialize, Serialize};

use crate::finite;

/// What a statement was held against; what is absent was not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatementChecks {
    /// Whether the words stand at their place to the letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verbatim: Option<bool>,
    /// Whether its numbers, dates and names stand in its quotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<ClaimsCheck>,
    /// How close it is to its quotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub similarity: Option<SimilarityCheck>,
}

/// What of a statement no quote of it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClaimsCheck {
    /// Whether nothing is missing.
    pub holds: bool,
    /// What is.
    pub missing: Vec<MissingClaim>,
}

/// What kind of claim is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum MissingClaimKind {
    /// A number.
    Number,
    /// A part of a hundred.
    Percentage,
    /// A sum of money.
    Amount,
    /// A date.
    Date,
    /// An article of a law.
    Article,
    /// A name.
    Name,
}

/// Words of a statement that no quote of it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MissingClaim {
    /// What they claim.
    pub kind: MissingClaimKind,
    /// The words.
    pub text: String,
}

/// How close a statement is to its quotes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SimilarityCheck {
    /// Whether it is close enough. What could not be compared is not.
    pub holds: bool,
    /// The cosine of both vectors; `null` where it could not be found out.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub found: Option<f32>,
    /// The least that is enough, in the language of the question.
    #[serde(serialize_with = "finite::score")]
    pub wanted: f32,
}
