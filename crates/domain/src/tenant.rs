//! Organisation -> project -> key, and the caller that they make.

use crate::{AccountId, KeyId, OrganisationId, Permissions, ProjectId, SessionId, Timestamp};

/// A customer of the installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    pub id: OrganisationId,
    pub name: String,
    pub created_at: Timestamp,
}

/// A unit of work inside an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    pub id: ProjectId,
    pub organisation: OrganisationId,
    pub name: String,
    pub created_at: Timestamp,
}

/// What may be shown of an API key: everything but its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    pub id: KeyId,
    pub organisation: OrganisationId,
    pub project: ProjectId,
    /// Whose key it is: it may never do more than its account.
    pub account: AccountId,
    pub name: String,
    pub permissions: Permissions,
    pub created_at: Timestamp,
    /// From then on it is not taken.
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

/// What proved the caller's identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Principal {
    Key(KeyId),
    Session(SessionId),
    /// Somebody with a shell on the machine and read access to the data directory.
    Operator,
}

/// Whoever asks, proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Caller {
    pub organisation: OrganisationId,
    pub project: ProjectId,
    /// Whose content it may read and write.
    pub account: AccountId,
    pub principal: Principal,
    pub permissions: Permissions,
}
