//! What the assistant refuses, and how an answer can have broken off.

use assistant::AssistantError;
use governance::ports::StoreError;
use inference_wire::{FieldError, FieldErrorKind, PathPart};

use super::id::path_of;
use crate::problem::{Code, Problem};

/// A part of the request, outside of a body's grammar, that makes no sense.
pub(super) fn invalid((place, name): (&str, &'static str), message: impl Into<String>) -> Problem {
    let loc = [place, name].map(|key| PathPart::Key(key.to_owned())).to_vec();
    let field = FieldError { loc, kind: FieldErrorKind::OutOfRange, message: message.into() };
    let problem = Problem::new(Code::InvalidRequest, field.to_string());
    problem.fields(vec![field]).param(name)
}

impl From<AssistantError> for Problem {
    fn from(error: AssistantError) -> Self {
        let message = error.to_string();
        let retry_after = error.retry_after_seconds();
        let problem = match error {
            AssistantError::UnknownConversation { .. } => {
                Self::new(Code::ConversationNotFound, message)
                    .hint("GET /v1/conversations lists those of the project")
            }
            AssistantError::UnknownEntry { .. } | AssistantError::NothingToFollow => {
                Self::new(Code::EntryNotFound, message)
                    .hint("GET /v1/conversations/{id}/history?all=true lists the entries")
            }
            AssistantError::Busy { .. } => Self::new(Code::ConversationBusy, message)
                .hint("wait for the answer, or stop it with POST /v1/conversations/{id}/stop"),
            AssistantError::Held { .. } => Self::new(Code::HoldInForce, message)
                .hint("whoever protects data in the organisation can lift the hold"),
            AssistantError::Full => Self::new(Code::ConversationFull, message),
            AssistantError::KeyReused => {
                Self::new(Code::IdempotencyReused, message).param("Idempotency-Key")
            }
            AssistantError::Invalid { parameter, reason } => {
                invalid((place_of(parameter), parameter), reason)
            }
            AssistantError::Stopping => Self::new(Code::ServerStopping, message),
            AssistantError::Chat { conversation, source } => {
                return Self::from(source).location(Some(path_of(conversation)));
            }
            AssistantError::Audit(source) => return source.into(),
            AssistantError::Store(StoreError { is_locked: true, .. }) => {
                Self::new(Code::EncryptionLocked, "the conversations are locked: their keys are not at hand")
                    .hint("an operator puts the wrapping key back; questions without a conversation are answered")
            }
            AssistantError::Store(source) => {
                tracing::error!(error = ?source, "store not available");
                Self::new(Code::StoreUnavailable, message)
            }
            AssistantError::BrokenOff => {
                tracing::error!("a turn broke off before it began");
                Self::new(Code::Internal, "the server failed")
            }
        };
        problem.retry_after(retry_after).audited()
    }
}

/// Where a parameter that the assistant names stands in a request.
fn place_of(parameter: &str) -> &'static str {
    match parameter {
        "Last-Event-ID" | "Idempotency-Key" => "header",
        "search" | "page" | "page_size" => "query",
        _ => "body",
    }
}

/// Why an answer has no end of its own.
pub(super) struct Broken {
    pub(super) code: Code,
    pub(super) message: &'static str,
}

impl Broken {
    /// The reason behind a stored code. Codes that no version of this server has are internal.
    pub(super) fn of(code: Option<&str>) -> Self {
        let known = [
            (Code::EngineFailed, "the engine failed; the text so far is kept"),
            (Code::ServerStopping, "the server stopped before the answer ended"),
            (Code::EngineStopped, "the engine was stopping"),
            (Code::ModelUnknown, "the model is not served here"),
            (Code::ContextTooLong, "the conversation does not fit into the model's context"),
            (Code::MessagesRejected, "the model's chat template refused the messages"),
            (Code::CapacityExhausted, "all places were taken"),
            (Code::AuditUnavailable, "the request to the model could not be recorded"),
            (Code::StoreUnavailable, "the answer could not be kept"),
            (Code::EncryptionLocked, "the answer could not be kept: its key is not at hand"),
        ];
        known.into_iter().find(|(known, _)| Some(known.as_str()) == code).map_or(
            Self { code: Code::Internal, message: "the answer broke off" },
            |row| {
                let (code, message) = row;
                Self { code, message }
            },
        )
    }
}

impl From<Broken> for Problem {
    fn from(broken: Broken) -> Self {
        // What was asked has its entry, and so has the request to the model.
        Self::new(broken.code, broken.message).audited()
    }
}
