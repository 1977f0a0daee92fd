//! Conversations: trees of questions and answers, and the turns that make them grow.
//!
//! Start at [`Assistant::append`]. The server owns a turn: it goes on when its client leaves, and
//! whoever comes back reads it from any byte ([`TurnReader`]). Models are asked through
//! [`inference::Chat`], which writes usage and audit entry of each answer.
//! **Never here:** wire JSON, HTTP, SQL, model calls of its own. See [`ports`].

pub mod ports;

mod assistant;
mod begin;
mod browse;
mod command;
mod conversation;
mod error;
mod idempotency;
mod inspect;
mod plan;
mod play;
mod reader;
mod running;
mod title;
mod tree;
mod turn;
mod usage;

pub use assistant::{Assistant, AssistantParts};
pub use browse::{History, HistoryPart};
pub use command::{Append, Follow, Restart, Start, WriteDraft};
pub use conversation::{
    Answer, Attachment, Body, Conversation, Draft, DraftOf, ENTRIES_MAX, Entry, EntryState,
    Question, Scope, TurnSettings,
};
pub use error::AssistantError;
pub use idempotency::{Idempotency, IdempotencyKey, IdempotencyKeyError, KEPT_SECONDS};
pub use ports::{Change, ListQuery, Page};
pub use reader::{TurnEnd, TurnEvent, TurnRead, TurnReader, TurnStarted};
pub use usage::TurnUsage;
