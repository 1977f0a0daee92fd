//! Who may do what: keys, sessions, sign-in links and the audit trail.
//!
//! Start at [`Access`] (who is asking) and [`Trail`] (what was done). An access is answered only
//! after its [`AuditEntry`] is durable.
//! **Never here:** model calls, HTTP, SQL.

pub mod ports;

mod access;
mod audit;
mod key;
mod secret;
mod session;

pub use access::{Access, AccessError, AccessParts, CreatedKey, SignedIn};
pub use audit::{Action, AuditEntry, AuditError, AuditFact, Subject, Trail};
pub use key::{KeyFormatError, KeySecret};
pub use secret::{InstallationKey, SecretSource, TokenHash};
pub use session::{Session, SessionToken, SignInLink};
