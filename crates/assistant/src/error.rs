//! Why a request about conversations was refused.

use domain::{ConversationId, EntryId, HoldId};
use governance::{AuditError, ports::StoreError};
use inference::ChatError;

use crate::ENTRIES_MAX;

/// Why a request was refused. Its audit entry is written, unless it is the trail that failed.
#[derive(Debug, thiserror::Error)]
pub enum AssistantError {
    #[error("there is no conversation `{id}`; it may have been deleted, or be another project's")]
    UnknownConversation { id: ConversationId },
    #[error("the conversation has no entry `{id}`; read its history for those that it has")]
    UnknownEntry { id: EntryId },
    #[error("the conversation has no answer yet; ask something first")]
    NothingToFollow,
    #[error("an answer of conversation `{id}` is still running; wait for it or stop it")]
    Busy { id: ConversationId },
    #[error("hold `{hold}` is in force; nothing that it covers is removed")]
    Held { hold: HoldId },
    #[error("a conversation holds at most {ENTRIES_MAX} entries; begin another one")]
    Full,
    #[error("this idempotency key was used for another request; use a new one")]
    KeyReused,
    #[error("{reason}")]
    Invalid { parameter: &'static str, reason: String },
    #[error("the server is stopping")]
    Stopping,
    /// The question is kept, its answer has failed.
    #[error("conversation `{conversation}` has got no answer")]
    Chat { conversation: ConversationId, source: ChatError },
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the turn broke off before it began")]
    BrokenOff,
}

impl AssistantError {
    /// Stable code, explained in `docs/errors/`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownConversation { .. } => "conversation.not_found",
            Self::UnknownEntry { .. } | Self::NothingToFollow => "entry.not_found",
            Self::Busy { .. } => "conversation.busy",
            Self::Held { .. } => "hold.in_force",
            Self::Full => "conversation.full",
            Self::KeyReused => "idempotency.reused",
            Self::Invalid { .. } => "request.invalid",
            Self::Stopping => "server.stopping",
            Self::Chat { source, .. } => source.code(),
            Self::Audit(_) => "audit.unavailable",
            Self::Store(StoreError { is_locked: true, .. }) => "encryption.locked",
            Self::Store(_) => "store.unavailable",
            Self::BrokenOff => "internal",
        }
    }

    /// When trying again makes sense, if it does.
    pub fn retry_after_seconds(&self) -> Option<u32> {
        match self {
            Self::Chat { source, .. } => source.retry_after_seconds(),
            Self::Busy { .. } | Self::Stopping | Self::Audit(_) | Self::Store(_) => Some(2),
            Self::UnknownConversation { .. }
            | Self::UnknownEntry { .. }
            | Self::NothingToFollow
            | Self::Held { .. }
            | Self::Full
            | Self::KeyReused
            | Self::Invalid { .. }
            | Self::BrokenOff => None,
        }
    }
}
