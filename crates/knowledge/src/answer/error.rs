//! Why a question got no answer at all.

use governance::{AuditError, ports::StoreError};
use inference::{ChatError, QuoteFormError};

use super::answers::QUESTION_CHARACTERS_MAX;

/// Why a question was not answered. That no document answers it is no error, but an outcome.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    #[error("a question has from 1 to {QUESTION_CHARACTERS_MAX} characters")]
    Question,
    /// Nothing is charged for this step.
    #[error(transparent)]
    Chat(#[from] ChatError),
    /// What was used until then is charged.
    #[error("the model broke off")]
    BrokeOff,
    #[error("the model answered, and its usage could not be recorded")]
    Unrecorded,
    #[error("no form of an answer can be made of the passages")]
    Form(#[from] QuoteFormError),
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AnswerError {
    /// Stable code, explained in `docs/errors/`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Question => "question.rejected",
            Self::Chat(error) => error.code(),
            Self::BrokeOff => "engine.failed",
            Self::Form(_) => "internal",
            Self::Audit(_) => "audit.unavailable",
            Self::Store(StoreError { is_locked: true, .. }) => "encryption.locked",
            Self::Unrecorded | Self::Store(_) => "store.unavailable",
        }
    }

    /// When trying again makes sense, if it does.
    pub fn retry_after_seconds(&self) -> Option<u32> {
        match self {
            Self::Chat(error) => error.retry_after_seconds(),
            Self::Audit(_) | Self::Store(_) | Self::Unrecorded => Some(2),
            Self::Question | Self::BrokeOff | Self::Form(_) => None,
        }
    }
}
