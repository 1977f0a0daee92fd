//! What this context needs from outside. Every implementation passes its suite in `testkit`.

mod break_glass;
mod identity;
mod protection;
mod provisioning;
mod rules;

use async_trait::async_trait;
use domain::{
    Account, AccountId, AccountName, ApiKey, Caller, KeyId, Organisation, OrganisationId,
    Principal, Project, ProjectId, RequestId, Role, SessionId, Timestamp,
};
use envelope::{DataKey, WrappingKeyId};
use transparency_log::{Hash, SignedNote, TileId};
use uuid::Uuid;

use crate::{AuditEntry, DataClass, PasswordDigest, Session, SignInLink, SubjectId, TokenHash};

pub use break_glass::BreakGlassStore;
pub use identity::{
    Entered, Entering, EnteringStep, Identified, Identity, IdentityProvider, IdentityStore,
    ProviderError, Question, Reply,
};
pub use protection::{DerivedContent, ErasureOrdered, Expired, ProtectionStore, RunningTurns};
pub use provisioning::{Applied, Group, Provisioned, ProvisioningChange, ProvisioningStore};
pub use rules::Rules;

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
    /// Creates the first organisation, project, owner and key; `false` if there was one already.
    async fn found(&self, founding: &Founding, audit: &AuditEntry) -> Result<bool, StoreError>;

    /// The organisation and project that local commands act for: the first ones.
    async fn home(&self) -> Result<Option<(Organisation, Project)>, StoreError>;

    /// The random key under which this organisation's subjects are pseudonymised in the log.
    async fn pseudonym_key(
        &self,
        organisation: OrganisationId,
    ) -> Result<Option<[u8; 32]>, StoreError>;

    /// The random key under which a subject's pseudonyms are made; keeps `candidate` if it has
    /// none yet. `None` once it was destroyed.
    async fn subject_key(
        &self,
        organisation: OrganisationId,
        subject: SubjectId,
        candidate: [u8; 32],
    ) -> Result<Option<[u8; 32]>, StoreError>;

    /// The first account of the organisation that is an owner and not disabled.
    async fn owner(&self, organisation: OrganisationId) -> Result<Option<Account>, StoreError>;

    async fn account(
        &self,
        organisation: OrganisationId,
        id: AccountId,
    ) -> Result<Option<Account>, StoreError>;

    /// By name alone: the name is what tells the tenant.
    async fn find_account(&self, name: &AccountName) -> Result<Option<StoredAccount>, StoreError>;

    /// In the order of their names, disabled ones too.
    async fn list_accounts(&self, organisation: OrganisationId)
    -> Result<Vec<Account>, StoreError>;

    /// `false`, and nothing is kept, if the name is taken.
    async fn insert_account(
        &self,
        account: &Account,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError>;

    /// Keeps the entry with the change, or neither.
    async fn update_account(
        &self,
        organisation: OrganisationId,
        id: AccountId,
        change: &AccountChange,
        audit: &AuditEntry,
    ) -> Result<AccountUpdated, StoreError>;

    /// Whether somebody of an identity provider is bound to the account.
    async fn has_identity(
        &self,
        organisation: OrganisationId,
        id: AccountId,
    ) -> Result<bool, StoreError>;

    /// Keeps a session that no link was redeemed for.
    async fn insert_session(&self, session: &Session, audit: &AuditEntry)
    -> Result<(), StoreError>;

    async fn insert_key(&self, key: &StoredKey, audit: &AuditEntry) -> Result<(), StoreError>;

    /// With the account whose key it is.
    async fn find_key(&self, id: KeyId) -> Result<Option<(StoredKey, Account)>, StoreError>;

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

    /// A session that has neither ended nor expired at `at`, and whose it is.
    async fn find_session(
        &self,
        token: &TokenHash,
        at: Timestamp,
    ) -> Result<Option<(Session, Account)>, StoreError>;

    /// Ends the caller's session; ending it twice is no error.
    async fn end_session(
        &self,
        caller: &Caller,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;
}

/// Keeps the tree that is made of the audit entries. Every implementation passes
/// `testkit::log_suite`.
#[async_trait]
pub trait LogStore: Send + Sync {
    /// How many entries there are; they are the leaves 0, 1, 2, ….
    async fn entry_count(&self) -> Result<u64, StoreError>;

    /// The canonical bytes of the leaves from `index` on, at most `limit`. Ends before a gap.
    async fn entries(&self, index: u64, limit: u32) -> Result<Vec<Vec<u8>>, StoreError>;

    async fn find_entry(&self, wanted: EntryRef) -> Result<Option<FoundEntry>, StoreError>;

    /// When the newest entry was made, or what the operator accepted as the time since; may be a
    /// second early.
    async fn newest_at(&self) -> Result<Timestamp, StoreError>;

    /// The hashes of a tile as far as they are known, 32 bytes each.
    async fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, StoreError>;

    async fn newest_checkpoint(&self) -> Result<Option<String>, StoreError>;

    /// Signed checkpoints of more than `size` leaves, the smallest first, at most `limit`.
    async fn checkpoints_after(&self, size: u64, limit: u32) -> Result<Vec<String>, StoreError>;

    /// Writes something that changes nothing, to find out whether writing is possible.
    async fn probe(&self) -> Result<(), StoreError>;

    /// Keeps the tiles and the checkpoint that signs them, in one transaction; changes nothing
    /// and returns `false` if the newest checkpoint is not the one of `old_size`.
    async fn extend(&self, extension: &LogExtension) -> Result<bool, StoreError>;
}

/// What names an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryRef {
    Entry(Uuid),
    Request(RequestId),
}

/// Where an entry stands, and who asked if it is about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundEntry {
    pub index: u64,
    pub asked_by: Option<(OrganisationId, Principal)>,
}

/// How the log grows from one checkpoint to the next.
#[derive(Clone, Debug)]
pub struct LogExtension {
    /// Leaves at the newest checkpoint, 0 if there is none.
    pub old_size: u64,
    pub new_size: u64,
    /// New tiles, and those that have grown.
    pub tiles: Vec<(TileId, Vec<Hash>)>,
    pub note: String,
    pub at: Timestamp,
}

/// Keeps checkpoints where the operator of the log cannot change them. Every implementation
/// passes `testkit::witness_suite`.
#[async_trait]
pub trait Witness: Send + Sync {
    /// For messages: the path or address.
    fn name(&self) -> &str;

    /// Hands over the next checkpoint with the proof that it continues the one of `old_size`
    /// which the witness holds; kept for good when this returns. Repeating an accepted one is no
    /// error.
    async fn add(&self, addition: &Addition) -> Result<(), WitnessError>;
}

/// A checkpoint on its way to a witness.
#[derive(Clone, Debug)]
pub struct Addition {
    /// Leaves at the checkpoint that the witness holds, 0 if none.
    pub old_size: u64,
    /// RFC 6962 consistency proof; empty from 0 and between equal sizes.
    pub proof: Vec<Hash>,
    pub checkpoint: SignedNote,
}

/// Why a witness did not take a checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    #[error("the witness holds a checkpoint of {size} entries")]
    OtherSize { size: u64 },
    #[error("the witness holds a history that this checkpoint does not continue: {reason}")]
    Refused { reason: String },
    #[error("the witness cannot take a checkpoint now")]
    Unavailable { source: Box<dyn std::error::Error + Send + Sync> },
}

/// The rows of a first start.
#[derive(Clone, Debug)]
pub struct Founding {
    pub organisation: Organisation,
    pub pseudonym_key: [u8; 32],
    pub project: Project,
    pub owner: Account,
    pub key: StoredKey,
}

/// An API key as it is kept: the secret is known by its keyed hash only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    pub key: ApiKey,
    pub secret: TokenHash,
}

/// An account with what its person signs in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAccount {
    pub account: Account,
    pub password: Option<PasswordDigest>,
}

/// What of an account is changed; `None` leaves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountChange {
    pub role: Option<Role>,
    /// `Some(None)`: it may be used again. Disabling ends every session of the account.
    pub disabled_at: Option<Option<Timestamp>>,
    /// A new password ends every session of the account but the one in which it was given.
    pub password: Option<(PasswordDigest, Option<SessionId>)>,
    pub at: Timestamp,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountUpdated {
    Done,
    Unknown,
    /// Nothing was changed: no owner would be left that may be used.
    LastOwner,
}

/// Keeps the wrapped data keys of every organisation.
#[async_trait]
pub trait DataKeyStore: Send + Sync {
    /// All of them, in the order of organisation, class and version.
    async fn data_keys(&self) -> Result<Vec<StoredDataKey>, StoreError>;

    /// `false`, and nothing is kept, if there is one of this organisation, class and version.
    async fn insert_data_key(
        &self,
        key: &StoredDataKey,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError>;

    /// Puts these in the place of those of the same organisation, class and version; all or none.
    /// `false`, and nothing is kept, if these are not all that there are.
    async fn rewrap_data_keys(
        &self,
        keys: &[StoredDataKey],
        audit: &AuditEntry,
    ) -> Result<bool, StoreError>;
}

/// Keeps the key that wraps data keys, and never gives it away.
#[async_trait]
pub trait KeyCustodian: Send + Sync {
    /// Wraps a data key for a place under the key that is in use now.
    async fn wrap(
        &self,
        place: &[u8],
        key: &DataKey,
    ) -> Result<(WrappingKeyId, Vec<u8>), CustodyError>;

    /// Asks for the wrapping key anew each time: nothing of it is remembered.
    async fn unwrap(&self, place: &[u8], stored: &StoredDataKey) -> Result<DataKey, CustodyError>;
}

/// Why the custodian did not do it.
#[derive(Debug, thiserror::Error)]
pub enum CustodyError {
    /// It was taken away, or another one stands in its place.
    #[error("the wrapping key `{id}` is not there")]
    Missing { id: WrappingKeyId },
    /// It is there and did not unwrap what is stored.
    #[error("the wrapping key `{id}` does not unwrap the key that is stored")]
    Refused { id: WrappingKeyId },
    /// Whoever keeps it could not be asked, or gave no answer in time.
    #[error("the wrapping key could not be used")]
    Unavailable { source: Box<dyn std::error::Error + Send + Sync> },
}

/// A data key as it is kept: wrapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDataKey {
    pub organisation: OrganisationId,
    pub class: DataClass,
    pub version: u32,
    /// Which key wrapped it.
    pub wrapping: WrappingKeyId,
    pub wrapped: Vec<u8>,
    pub created_at: Timestamp,
}

/// Assesses the sovereignty of the deployment that this process serves.
#[async_trait]
pub trait Assessor: Send + Sync {
    /// The report as JSON, in the very bytes that are answered and whose digest the log has.
    /// `framework` is the name of a text whose criteria it lists. It may take minutes, and ends
    /// soon after the server stops.
    async fn assess(&self, framework: Option<&str>) -> Result<Vec<u8>, AssessorError>;
}

/// The deployment could not be assessed.
#[derive(Debug, thiserror::Error)]
#[error("the deployment could not be assessed")]
pub struct AssessorError {
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// A store could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the store could not {action}")]
pub struct StoreError {
    pub action: &'static str,
    /// The texts are locked; the store itself works.
    pub is_locked: bool,
    pub source: Box<dyn std::error::Error + Send + Sync>,
}
