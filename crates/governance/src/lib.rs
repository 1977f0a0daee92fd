//! Who may do what: keys, sessions, sign-in links, the audit trail and the log that proves it.
//!
//! Start at [`Access`] (who is asking), [`Trail`] (what was done) and [`Log`] (the signed tree
//! over it). An access is answered only after its [`AuditEntry`] is durable.
//! **Never here:** model calls, HTTP, SQL.

pub mod ports;

mod access;
mod audit;
mod examine;
mod gate;
mod key;
mod log;
mod log_reader;
mod pseudonym;
mod secret;
mod session;
mod trail;

pub use access::{Access, AccessError, AccessParts, CreatedKey, SignedIn};
pub use audit::{Action, AuditEntry, AuditError, AuditFact, ContentDigest, Subject};
pub use examine::Outside;
pub use gate::{LogFault, LogGate};
pub use key::{KeyFormatError, KeySecret};
pub use log::{Log, LogError, LogParts, LogStatus};
pub use log_reader::{LogReader, ReadError};
pub use pseudonym::SubjectId;
pub use secret::{InstallationKey, SecretSource, TokenHash};
pub use session::{Session, SessionToken, SignInLink};
pub use trail::{Trail, TrailParts};
