//! Ids, tenants, models and chat messages that every context shares.
//!
//! Start at [`Caller`]: whoever asks is always known by organisation, project and account.
//! **Never here:** async, SQL, HTTP, clocks that read the machine's time.

mod account;
mod calendar;
pub mod chat;
mod clock;
mod hexadecimal;
mod id;
mod model;
mod protection;
mod tenant;

pub use account::{
    Account, AccountKind, AccountName, AccountNameError, Permission, Permissions, Role, UnknownWord,
};
pub use calendar::{Day, DayError, Month};
pub use clock::{Clock, Timestamp};
pub use hexadecimal::hexadecimal;
pub use id::{
    AccountId, BatchJobId, ConversationId, DocumentId, EntryId, ErasureId, FileId, GroupId, HoldId,
    IdSource, KeyId, LibraryId, OpeningId, OrganisationId, ProjectId, RequestId, SessionId,
    SignInLinkId, TraceId,
};
pub use model::{ModelDigest, ModelDigestError, ModelId, ModelIdError};
pub use protection::{
    ErasureReason, HoldReason, OrderedBy, RetentionClass, Term, TermBounds, TermError,
};
pub use tenant::{ApiKey, Caller, Organisation, Principal, Project};
