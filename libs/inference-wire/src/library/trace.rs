use serde::{Deserialize, Serialize};

use super::{
    AnswerGap, LibraryAnswerFallback, LibraryAnswerMode, LibraryAnswerOutcome, LibraryCitation,
    LibraryStatement, StatementChecks,
};
use crate::finite;

/// The `object` member of an [`AnswerTrace`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum AnswerTraceObject {
    /// The only value.
    #[default]
    Trace,
}

/// What was searched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SearchedLibraries {
    /// Which libraries; `null` for all that whoever asked could read.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub library_ids: Option<Vec<String>>,
    /// As of when, in RFC 3339; `null` for what held when it was asked.
    #[cfg_attr(feature = "openapi", schema(required = true, format = DateTime))]
    pub as_of: Option<String>,
}

/// A passage that the search gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TracedHit {
    /// The version, as citations call it.
    pub version_key: u64,
    /// Which passage of it, from 0.
    pub passage: u32,
    /// What passages were ordered by.
    #[serde(serialize_with = "finite::score")]
    pub score: f32,
    /// What its words said.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub lexical: Option<f32>,
    /// The cosine of its vector with that of the question.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub dense: Option<f32>,
}

/// A passage that the model was shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TracedPassage {
    /// The version, as citations call it.
    pub version_key: u64,
    /// Which passage of it, from 0.
    pub passage: u32,
    /// What passages were ordered by.
    #[serde(serialize_with = "finite::score")]
    pub score: f32,
    /// How many sentences there were to choose from.
    pub sentences: u32,
}

/// What a model was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum TracedStepKind {
    /// Sentences, to the letter.
    Quote,
    /// Numbers of sentences.
    Pick,
    /// Sentences of its own about quotes.
    Write,
}

/// A question to the model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TracedStep {
    /// What for.
    pub kind: TracedStepKind,
    /// Its receipt is asked by this.
    pub request_id: String,
    /// What the model said, as it said it; `null` where it was shown what may not be read any more.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub text: Option<String>,
    /// Whether it was cut by the limit of tokens.
    pub cut: bool,
}

/// A sentence of the model that did not hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RejectedSentence {
    /// What it said.
    pub text: String,
    /// At least one of them does not hold.
    pub checks: StatementChecks,
    /// What it was about.
    pub citations: Vec<LibraryCitation>,
}

/// How an answer came to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AnswerTrace {
    /// Always `trace`.
    pub object: AnswerTraceObject,
    /// Under which it is asked for.
    pub id: String,
    /// In RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub asked_at: String,
    /// What was asked.
    pub question: String,
    /// In which language the model was told what to do: `fr`, `en`, `ar` or `hi`.
    pub language: String,
    /// The model that answered.
    pub model: String,
    /// Whose words the answer was to have.
    pub mode: LibraryAnswerMode,
    /// What was to take the place of a written sentence that does not hold.
    pub fallback: LibraryAnswerFallback,
    /// Where it was looked.
    pub searched: SearchedLibraries,
    /// What the search gave, the best first.
    pub hits: Vec<TracedHit>,
    /// What the model was shown.
    pub passages: Vec<TracedPassage>,
    /// What the model was asked, in order.
    pub steps: Vec<TracedStep>,
    /// All statements that held, those too that were withdrawn before the answer was given.
    pub statements: Vec<LibraryStatement>,
    /// Sentences of the model that did not hold.
    pub rejected: Vec<RejectedSentence>,
    /// How the answer ended.
    pub outcome: LibraryAnswerOutcome,
    /// What was searched without finding an answer; `null` where there is one.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub gap: Option<AnswerGap>,
    /// Statements that the answer left out since their documents could not be read any more.
    pub withdrawn: u32,
    /// Sentences that did not hold and were left out.
    pub refused: u32,
    /// Whether something is left out here since its documents may not be read any more.
    pub withheld: bool,
}
