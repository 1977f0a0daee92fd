//! From a question to the passages that it is answered from.

use domain::{Caller, LibraryId, ModelId, Timestamp};
use governance::AuditError;
use inference::{ChatError, ports::EngineError};

use super::{AnswerCommand, AnswerError, AnswerMode, Answers, Searched, answers::is_question};
use crate::{IndexHit, KnowledgeError, QUERY_BYTES_MAX, Search, SearchMode, SearchRequest};

/// Passages that are looked for: several times those that a model is shown, since copies of each
/// other are shown once.
const HITS: u32 = 40;

/// What somebody asks of libraries.
#[derive(Clone, Debug)]
pub struct Question {
    pub text: String,
    pub model: ModelId,
    pub mode: AnswerMode,
    /// Empty for all that the caller sees.
    pub libraries: Vec<LibraryId>,
    /// Versions that held then; those of now if there is none.
    pub as_of: Option<Timestamp>,
}

/// Why a question did not get as far as the model.
#[derive(Debug, thiserror::Error)]
pub enum QuestionError {
    #[error(transparent)]
    Answer(#[from] AnswerError),
    #[error(transparent)]
    Search(#[from] KnowledgeError),
    #[error(transparent)]
    Audit(#[from] AuditError),
}

impl Question {
    /// Looks for what may answer it; [`Answers::answer`] goes on from there. The search has its
    /// entry, and so has a refusal of the question itself.
    pub async fn look_up(
        self,
        caller: &Caller,
        search: &Search,
        answers: &Answers,
    ) -> Result<AnswerCommand, QuestionError> {
        if let Some(refusal) = self.refusal(answers) {
            return Err(answers.refused(caller, refusal).await?.into());
        }
        let found = search.find(caller, &self.request()).await?;
        let Self { text, model, mode, libraries, as_of } = self;
        let searched = Searched { libraries, as_of };
        let hits = found.hits.iter().map(IndexHit::from).collect();
        Ok(AnswerCommand { question: text, model, mode, searched, hits })
    }

    /// Nothing is looked up for what nobody would answer.
    fn refusal(&self, answers: &Answers) -> Option<AnswerError> {
        if !is_question(&self.text) {
            return Some(AnswerError::Question);
        }
        let is_known = answers.models.find(&self.model).is_some();
        let unknown = || EngineError::UnknownModel { model: self.model.clone() };
        (!is_known).then(|| ChatError::Engine(unknown()).into())
    }

    fn request(&self) -> SearchRequest {
        // A long question is looked for by its beginning.
        let end = self.text.floor_char_boundary(QUERY_BYTES_MAX);
        SearchRequest {
            text: self.text.get(..end).unwrap_or_default().to_owned(),
            libraries: self.libraries.clone(),
            as_of: self.as_of,
            limit: HITS,
            mode: SearchMode::Hybrid,
        }
    }
}
