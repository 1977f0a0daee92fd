//! Ports of provisioning: what an identity provider says of accounts and groups.

use async_trait::async_trait;
use domain::{Account, AccountId, GroupId, OrganisationId, Role, Timestamp};

use super::StoreError;
use crate::AuditEntry;

/// Keeps what an identity provider says of accounts, and its groups. Every implementation passes
/// `testkit::provisioning_suite`. Each method is one transaction, its audit entries included.
#[async_trait]
pub trait ProvisioningStore: Send + Sync {
    /// The persons of an organisation in the order of their ids, without those who were removed.
    async fn persons(&self, organisation: OrganisationId) -> Result<Vec<Provisioned>, StoreError>;

    /// The groups of an organisation in the order of their ids; members in the order of theirs.
    async fn groups(&self, organisation: OrganisationId) -> Result<Vec<Group>, StoreError>;

    /// Nothing is kept unless it is [`Applied::Done`].
    async fn apply(
        &self,
        organisation: OrganisationId,
        change: &ProvisioningChange,
        audit: &[AuditEntry],
    ) -> Result<Applied, StoreError>;
}

/// A person, with what an identity provider says besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provisioned {
    pub account: Account,
    /// Under which the provider knows them; unique in an organisation.
    pub external_id: Option<String>,
    pub display_name: Option<String>,
    pub changed_at: Timestamp,
}

/// A group of persons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub id: GroupId,
    pub organisation: OrganisationId,
    pub display_name: String,
    pub external_id: Option<String>,
    pub members: Vec<AccountId>,
    pub created_at: Timestamp,
    pub changed_at: Timestamp,
}

/// One change that a provider asked for, with what follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProvisioningChange {
    Create(Provisioned),
    /// Name, role and `disabled_at` of the account, and what is said besides. Disabling ends every
    /// session of the account.
    Update(Provisioned),
    /// The account is disabled for good, leaves its groups and is called `name` from now on.
    Remove {
        account: AccountId,
        name: domain::AccountName,
        at: Timestamp,
    },
    /// Makes the group or puts it in the place of the one with its id.
    PutGroup {
        group: Group,
        roles: Vec<(AccountId, Role)>,
    },
    RemoveGroup {
        id: GroupId,
        roles: Vec<(AccountId, Role)>,
        at: Timestamp,
    },
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    Done,
    /// The account, the group or a member is not there.
    Unknown,
    NameTaken,
    ExternalIdTaken,
    /// No owner would be left that may be used.
    LastOwner,
}
