//! What this context needs from outside. Every implementation passes its suite in `testkit`.

use async_trait::async_trait;
use domain::{ApiKey, Caller, KeyId, Organisation, OrganisationId, Project, ProjectId, Timestamp};

use crate::{AuditEntry, Session, SignInLink, TokenHash};

/// Appends to the audit trail. Every implementation passes `testkit::audit_suite`.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Durable when this returns. Entries are never changed or removed.
    async fn append(&self, entry: &AuditEntry) -> Result<(), StoreError>;

    /// The entries of an organisation (`None`: of nobody in particular) after `sequence`, in order.
    async fn read_after(
        &self,
        organisation: Option<OrganisationId>,
        sequence: u64,
        limit: u32,
    ) -> Result<Vec<(u64, AuditEntry)>, StoreError>;
}

/// Keeps tenants, keys, links and sessions. Every implementation passes `testkit::access_suite`.
/// Each method is one transaction; where it takes an audit entry, both are durable or neither.
#[async_trait]
pub trait AccessStore: Send + Sync {
    /// Creates the first organisation, project and key; `false` if there was one already.
    async fn found(&self, founding: &Founding, audit: &AuditEntry) -> Result<bool, StoreError>;

    /// The organisation and project that local commands act for: the first ones.
    async fn home(&self) -> Result<Option<(Organisation, Project)>, StoreError>;

    /// The random key under which this organisation's subjects are pseudonymised in the log.
    async fn pseudonym_key(
        &self,
        organisation: OrganisationId,
    ) -> Result<Option<[u8; 32]>, StoreError>;

    async fn insert_key(&self, key: &StoredKey, audit: &AuditEntry) -> Result<(), StoreError>;

    async fn find_key(&self, id: KeyId) -> Result<Option<StoredKey>, StoreError>;

    /// Newest first, revoked ones too.
    async fn list_keys(
        &self,
        organisation: OrganisationId,
        project: ProjectId,
    ) -> Result<Vec<ApiKey>, StoreError>;

    /// Revokes for good; `false` if there is no such key in the project. The audit entry is kept
    /// in both cases. A second call keeps the first time.
    async fn revoke_key(
        &self,
        organisation: OrganisationId,
        project: ProjectId,
        id: KeyId,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError>;

    async fn insert_link(&self, link: &SignInLink, audit: &AuditEntry) -> Result<(), StoreError>;

    /// An unused link that has not expired at `at`.
    async fn find_link(
        &self,
        token: &TokenHash,
        at: Timestamp,
    ) -> Result<Option<SignInLink>, StoreError>;

    /// Uses up the link and stores the session, or changes nothing and returns `false` when the
    /// link is unknown, used or expired at `session.created_at`.
    async fn redeem_link(
        &self,
        token: &TokenHash,
        session: &Session,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError>;

    /// A session that has neither ended nor expired at `at`.
    async fn find_session(
        &self,
        token: &TokenHash,
        at: Timestamp,
    ) -> Result<Option<Session>, StoreError>;

    /// Ends the caller's session; ending it twice is no error.
    async fn end_session(
        &self,
        caller: &Caller,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;
}

/// The rows of a first start.
#[derive(Clone, Debug)]
pub struct Founding {
    pub organisation: Organisation,
    pub pseudonym_key: [u8; 32],
    pub project: Project,
    pub key: StoredKey,
}

/// An API key as it is kept: the secret is known by its keyed hash only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    pub key: ApiKey,
    pub secret: TokenHash,
}

/// A store could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the store could not {action}")]
pub struct StoreError {
    pub action: &'static str,
    pub source: Box<dyn std::error::Error + Send + Sync>,
}
