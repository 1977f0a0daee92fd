//! Who may do what: accounts, identities, keys, sessions, sign-in links, the audit trail and the log that proves it.
//!
//! Start at [`Access`] (who is asking), [`Trail`] (what was done) and [`Log`] (the signed tree
//! over it). An access is answered only after its [`AuditEntry`] is durable.
//! **Never here:** model calls, HTTP, SQL.

pub mod ports;

mod access;
mod account;
mod assessment;
mod attempts;
mod audit;
mod break_glass;
mod erasure;
mod examine;
mod gate;
mod hold;
mod identity;
mod key;
mod log;
mod log_reader;
mod password;
mod provisioning;
mod pseudonym;
mod receipt_log;
mod retention;
mod rules;
mod secret;
mod session;
mod signed_link;
mod trail;
mod vault;

pub use access::{Access, AccessError, AccessParts, CreatedKey, NewKey, SignedIn};
pub use account::{NewAccount, Wish};
pub use assessment::{AssessmentError, Assessments};
pub use audit::{Action, AuditEntry, AuditError, AuditFact, ContentDigest, PolicyDigest, Subject};
pub use break_glass::{
    BreakGlass, BreakGlassError, Denial, MINUTES_MAX, MINUTES_MIN, Opening, OpeningState,
    OpeningWish, REASON_CHARACTERS_MAX, REASON_CHARACTERS_MIN, ReadPermit, Step, WAITING_SECONDS,
};
pub use erasure::{
    Erased, ErasedClass, Erasure, ErasureState, Erasures, ErasuresParts, ProtectionError,
};
pub use examine::Outside;
pub use gate::{LogFault, LogGate};
pub use hold::{Hold, Holds, HoldsParts, NewHold};
pub use identity::{
    Admission, Admit, Arrived, Begun, Identities, IdentitiesParts, IdentityError, Returned,
    RolesError,
};
pub use key::{KeyFormatError, KeySecret};
pub use log::{Log, LogError, LogParts, LogStatus};
pub use log_reader::{LogReader, ReadError};
pub use password::{Password, PasswordDigest, PasswordError};
pub use provisioning::{
    Directory, GROUPS_MAX, GroupWish, Listed, PersonWish, Provisioning, ProvisioningError,
    ProvisioningParts,
};
pub use pseudonym::SubjectId;
pub use receipt_log::{LoggedAnswer, ReceiptLog};
pub use retention::{Retention, RetentionParts};
pub use rules::{Act, Actor, Asked, DestinationFacts, ModelFacts, Rulebook, RulesError};
pub use secret::{InstallationKey, SecretSource, TokenHash};
pub use session::{Session, SessionToken, SignInLink};
pub use signed_link::{LINK_HOURS_MAX, LinkKey, LinkPurpose, Linked, SignedLink};
pub use trail::{PolicyInForce, Trail, TrailParts};
pub use vault::{
    ContentKeys, DataClass, Locked, REFRESH_SECONDS_MAX, Sealer, Unreadable, Vault, VaultError,
    VaultParts,
};
