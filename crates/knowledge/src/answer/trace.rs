//! Everything that led to an answer.

use std::collections::BTreeSet;

use domain::{AccountId, ModelId, OrganisationId, RequestId, Timestamp, TraceId};

use super::{
    AnswerMode, Check, Citation, Outcome, QuestionLanguage, Searched, Statement, statement::numbers,
};
use crate::{IndexHit, VersionKey};

/// How an answer came to be. It belongs to the account that asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    pub id: TraceId,
    pub organisation: OrganisationId,
    pub account: AccountId,
    pub asked_at: Timestamp,
    pub question: String,
    pub language: QuestionLanguage,
    pub model: ModelId,
    pub mode: AnswerMode,
    pub searched: Searched,
    /// What the search gave, best first.
    pub hits: Vec<IndexHit>,
    /// What the model was shown, by the numbers that it saw: the first is 1.
    pub passages: Vec<TracedPassage>,
    /// What the model was asked, in order; none where nothing was found.
    pub steps: Vec<TraceStep>,
    /// All statements that held, those too that were withdrawn before the answer was given.
    pub statements: Vec<Statement>,
    /// Sentences of the model that did not hold.
    pub rejected: Vec<Rejected>,
    pub outcome: Outcome,
    /// Whether something is left out here since its documents may not be read any more. Never of a
    /// trace as it is kept.
    pub is_withheld: bool,
}

/// A passage that the model was shown.
#[derive(Clone, Debug, PartialEq)]
pub struct TracedPassage {
    pub version: VersionKey,
    pub passage: u32,
    pub score: f32,
    /// How many there were to choose from.
    pub sentences: u32,
}

/// A question to the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceStep {
    pub kind: TraceStepKind,
    /// Its usage row, its entry in the log, and its receipt have this id.
    pub request: RequestId,
    /// What the model said, as it said it; `None` where it is withheld.
    pub text: Option<String>,
    /// Whether it was cut by the limit of tokens.
    pub is_cut: bool,
}

/// What the model was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TraceStepKind {
    /// Sentences, to the letter.
    Quote,
    /// Numbers of sentences.
    Pick,
    /// Sentences of its own about quotes.
    Write,
}

impl TraceStepKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quote => "quote",
            Self::Pick => "pick",
            Self::Write => "write",
        }
    }
}

/// A sentence of the model that did not hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejected {
    pub text: String,
    /// At least one of them does not hold.
    pub checks: Vec<Check>,
    pub citations: Vec<Citation>,
}

impl Trace {
    /// Versions that something in it is of.
    pub fn versions(&self) -> BTreeSet<VersionKey> {
        let hits = self.hits.iter().map(|hit| hit.version);
        hits.chain(self.passages.iter().map(|passage| passage.version)).collect()
    }

    /// Of each statement that [`Self::shown`] leaves, the number of its first citation.
    pub(super) fn numbers_shown(&self, readable: &BTreeSet<VersionKey>) -> Vec<u32> {
        let numbered = self.statements.iter().zip(numbers(&self.statements));
        let shown = numbered.filter(|(statement, _)| may_cite(&statement.citations, readable));
        shown.map(|(_, number)| number).collect()
    }

    /// What of it may be shown to somebody who may read these versions. What the model said is
    /// shown only to whoever may read all that it was shown.
    #[must_use]
    pub(super) fn shown(self, readable: &BTreeSet<VersionKey>) -> Self {
        let is_withheld = !self.versions().is_subset(readable);
        let is_heard = self.passages.iter().all(|passage| readable.contains(&passage.version));
        let may_hear = |step: TraceStep| TraceStep { text: step.text.filter(|_| is_heard), ..step };
        let Self { mut hits, mut passages, steps, mut statements, mut rejected, .. } = self;
        hits.retain(|hit| readable.contains(&hit.version));
        passages.retain(|passage| readable.contains(&passage.version));
        statements.retain(|statement| may_cite(&statement.citations, readable));
        rejected.retain(|rejected| is_heard && may_cite(&rejected.citations, readable));
        let steps = steps.into_iter().map(may_hear).collect();
        Self { hits, passages, steps, statements, rejected, is_withheld, ..self }
    }
}

fn may_cite(citations: &[Citation], readable: &BTreeSet<VersionKey>) -> bool {
    citations.iter().all(|citation| readable.contains(&citation.version.key))
}
