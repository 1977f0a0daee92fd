//! Organisation -> project -> key, and the caller that they make.

use crate::{KeyId, OrganisationId, ProjectId, SessionId, Timestamp};

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
    pub name: String,
    pub created_at: Timestamp,
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
    pub principal: Principal,
}
