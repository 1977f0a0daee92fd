//! Ids, tenants, models and chat messages that every context shares.
//!
//! Start at [`Caller`]: whoever asks is always known by organisation, project and principal.
//! **Never here:** async, SQL, HTTP, clocks that read the machine's time.

pub mod chat;
mod clock;
mod hexadecimal;
mod id;
mod model;
mod tenant;

pub use clock::{Clock, Timestamp};
pub use hexadecimal::hexadecimal;
pub use id::{
    ConversationId, EntryId, IdSource, KeyId, OrganisationId, ProjectId, RequestId, SessionId,
    SignInLinkId,
};
pub use model::{ModelId, ModelIdError};
pub use tenant::{ApiKey, Caller, Organisation, Principal, Project};
