//! What data protection needs from a store, and from whoever computes answers.

use async_trait::async_trait;
use domain::{AccountId, ErasureId, HoldId, OrganisationId, RetentionClass, Timestamp};

use super::StoreError;
use crate::{AuditEntry, Erasure, Hold};

/// Removes what must go and keeps what must stay. Every implementation passes
/// `testkit::protection_suite`. Each method is one transaction; where it takes an audit entry, both
/// are durable or neither.
#[async_trait]
pub trait ProtectionStore: Send + Sync {
    /// Keeps the order, lets the account in no longer and ends its sessions, unless something is
    /// in the way.
    async fn order_erasure(
        &self,
        erasure: &Erasure,
        audit: &AuditEntry,
    ) -> Result<ErasureOrdered, StoreError>;

    /// Removes some of the person's conversations, at most `rows_max` rows, and counts them.
    /// `true` while there are more.
    async fn erase_some(
        &self,
        organisation: OrganisationId,
        id: ErasureId,
        rows_max: u32,
    ) -> Result<bool, StoreError>;

    /// Removes the account with all that names it, destroys the keys of its pseudonyms and takes
    /// it out of usage records. `false`, and nothing is changed, if conversations are left or it
    /// was done before.
    async fn erase_account(
        &self,
        organisation: OrganisationId,
        id: ErasureId,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError>;

    /// Writes the files anew, so that nothing of what was removed is left in them, and notes that
    /// for these erasures. May take as long as a copy of the store takes; other writes wait.
    async fn overwrite(
        &self,
        organisation: OrganisationId,
        removed: &[ErasureId],
    ) -> Result<(), StoreError>;

    /// Keeps the certificate and forgets the id of the account. A second call changes nothing.
    async fn conclude_erasure(
        &self,
        organisation: OrganisationId,
        id: ErasureId,
        certificate: &str,
    ) -> Result<(), StoreError>;

    /// Those that are not done, the oldest first.
    async fn erasures_under_way(
        &self,
        organisation: OrganisationId,
    ) -> Result<Vec<Erasure>, StoreError>;

    /// Newest first.
    async fn erasures(&self, organisation: OrganisationId) -> Result<Vec<Erasure>, StoreError>;

    async fn erasure(
        &self,
        organisation: OrganisationId,
        id: ErasureId,
    ) -> Result<Option<Erasure>, StoreError>;

    /// `false`, and nothing is kept, if there is no such account or it is being erased.
    async fn place_hold(&self, hold: &Hold, audit: &AuditEntry) -> Result<bool, StoreError>;

    /// `false`, and nothing is changed, if there is no such hold in force.
    async fn lift_hold(
        &self,
        organisation: OrganisationId,
        id: HoldId,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError>;

    /// Newest first, lifted ones too.
    async fn holds(&self, organisation: OrganisationId) -> Result<Vec<Hold>, StoreError>;

    /// How many there are that [`Self::remove_expired`] would remove, counted up to `count`.
    async fn expired(&self, expired: &Expired) -> Result<u32, StoreError>;

    /// Removes exactly so many, the oldest first, none that is held. `false`, and nothing is
    /// changed, if there are fewer.
    async fn remove_expired(
        &self,
        expired: &Expired,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError>;
}

/// What became of an order to erase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErasureOrdered {
    Done,
    /// There is no such account.
    Unknown,
    /// Nothing was changed: no owner would be left that may be used.
    LastOwner,
    /// Nothing was changed: this hold is in force.
    Held(HoldId),
    /// Nothing was changed: this order is being carried out.
    UnderWay(ErasureId),
}

/// Rows of one class that were last used before a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expired {
    pub organisation: OrganisationId,
    pub class: RetentionClass,
    pub before: Timestamp,
    pub count: u32,
}

/// Whoever computes answers for an account.
#[async_trait]
pub trait RunningTurns: Send + Sync {
    /// Stops all of them; returns when they are written down.
    async fn stop_all(&self, organisation: OrganisationId, account: AccountId);
}

/// What was made of content and is kept elsewhere than in the store, such as an index of words.
#[async_trait]
pub trait DerivedContent: Send + Sync {
    /// Forgets whatever is of content that is not in the store any more; nothing of it is left when
    /// this returns. Called after content was removed, and again where that was cut short.
    async fn forget(&self, organisation: OrganisationId) -> Result<(), StoreError>;
}
