//! Accounts and groups as an identity provider says, by SCIM.

mod consequence;

use std::{collections::BTreeMap, sync::Arc};

use domain::{Account, AccountId, AccountKind, AccountName, Caller, GroupId, Role, Timestamp};
use tokio::sync::Mutex;

use self::consequence::{GroupRoles, follow};
use crate::{
    Access, AccessError, Action, AuditEntry, AuditError, Subject,
    ports::{Applied, Group, Provisioned, ProvisioningChange, ProvisioningStore, StoreError},
};

/// More groups than an organisation has.
pub const GROUPS_MAX: usize = 10_000;

/// Why a provider's wish was not done.
#[derive(Debug, thiserror::Error)]
pub enum ProvisioningError {
    #[error("there is no such user")]
    UserUnknown,
    #[error("there is no such group")]
    GroupUnknown,
    #[error("a member of the group is no user here")]
    MemberUnknown,
    #[error("another user has this `userName`")]
    NameTaken,
    #[error("another user or group has this `externalId`")]
    ExternalIdTaken,
    #[error("there are {GROUPS_MAX} groups already")]
    GroupsFull,
    #[error(transparent)]
    Access(#[from] AccessError),
}

impl ProvisioningError {
    /// Stable code, explained in `docs/errors/`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UserUnknown => "account.unknown",
            Self::GroupUnknown => "group.unknown",
            Self::MemberUnknown => "scim.invalid",
            Self::NameTaken | Self::ExternalIdTaken => "account.exists",
            Self::GroupsFull => "capacity.exhausted",
            Self::Access(error) => error.code(),
        }
    }
}

impl From<StoreError> for ProvisioningError {
    fn from(error: StoreError) -> Self {
        Self::Access(error.into())
    }
}

impl From<AuditError> for ProvisioningError {
    fn from(error: AuditError) -> Self {
        Self::Access(error.into())
    }
}

/// What a provider says of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonWish {
    pub name: AccountName,
    pub external_id: Option<String>,
    pub display_name: Option<String>,
    pub active: bool,
}

/// What a provider says of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupWish {
    pub display_name: String,
    pub external_id: Option<String>,
    pub members: Vec<AccountId>,
}

/// Does what a provider says, within what the account of its key may appoint. Cheap to clone.
#[derive(Clone)]
pub struct Provisioning {
    access: Access,
    store: Arc<dyn ProvisioningStore>,
    roles: GroupRoles,
    /// A change is decided on what was read: one after the other.
    turn: Arc<Mutex<()>>,
}

/// What [`Provisioning`] is made of.
pub struct ProvisioningParts {
    pub access: Access,
    pub store: Arc<dyn ProvisioningStore>,
    /// Groups by their names, and the role that each of them stands for. Never owner.
    pub roles: BTreeMap<String, Role>,
}

/// All that is known of an organisation at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    pub persons: Vec<Provisioned>,
    pub groups: Vec<Group>,
}

impl Directory {
    pub fn person(&self, id: AccountId) -> Option<&Provisioned> {
        self.persons.iter().find(|person| person.account.id == id)
    }

    pub fn group(&self, id: GroupId) -> Option<&Group> {
        self.groups.iter().find(|group| group.id == id)
    }

    /// Without `id` somebody must be left who can sign in as an owner: a program cannot.
    fn must_keep_an_owner(&self, id: AccountId) -> Result<(), ProvisioningError> {
        let leads = |person: &&Provisioned| {
            person.account.role == Role::Owner && person.account.disabled_at.is_none()
        };
        let mut owners = self.persons.iter().filter(leads).map(|person| person.account.id);
        let is_owner = owners.clone().any(|owner| owner == id);
        let others = owners.any(|owner| owner != id);
        if is_owner && !others { Err(AccessError::LastOwner.into()) } else { Ok(()) }
    }
}

impl Provisioning {
    pub fn new(parts: ProvisioningParts) -> Self {
        let ProvisioningParts { access, store, roles } = parts;
        Self { access, store, roles: GroupRoles::new(roles), turn: Arc::default() }
    }

    /// Everybody and every group, for lists.
    pub async fn list(&self, caller: &Caller, of: Listed) -> Result<Directory, ProvisioningError> {
        let action = match of {
            Listed::Users => Action::AccountList,
            Listed::Groups => Action::GroupList,
        };
        self.access.record(action, caller, Subject::Nothing).await?;
        self.directory(caller).await
    }

    pub async fn person(
        &self,
        caller: &Caller,
        id: AccountId,
    ) -> Result<(Provisioned, Directory), ProvisioningError> {
        self.access.record(Action::AccountRead, caller, Subject::Account(id)).await?;
        let directory = self.directory(caller).await?;
        let found = directory.person(id).cloned().ok_or(ProvisioningError::UserUnknown)?;
        Ok((found, directory))
    }

    pub async fn group(&self, caller: &Caller, id: GroupId) -> Result<Group, ProvisioningError> {
        self.access.record(Action::GroupRead, caller, Subject::Group(id)).await?;
        let directory = self.directory(caller).await?;
        directory.group(id).cloned().ok_or(ProvisioningError::GroupUnknown)
    }

    /// A person whom nobody has mapped to another role is a member.
    pub async fn create_person(
        &self,
        caller: &Caller,
        wish: PersonWish,
    ) -> Result<Provisioned, ProvisioningError> {
        let _turn = self.turn.lock().await;
        self.access.must_appoint(caller, Role::Member).await?;
        let now = self.access.clock.now();
        let account = Account {
            id: AccountId::from_uuid(self.access.ids.next(now)),
            organisation: caller.organisation,
            project: caller.project,
            kind: AccountKind::Person,
            name: wish.name,
            role: Role::Member,
            created_at: now,
            disabled_at: (!wish.active).then_some(now),
        };
        let (external_id, display_name) = (wish.external_id, wish.display_name);
        let made = Provisioned { account, external_id, display_name, changed_at: now };
        let subject = Subject::Account(made.account.id);
        let audit = self.access.entry(Action::AccountCreate, caller, subject).await?;
        self.apply(caller, &ProvisioningChange::Create(made.clone()), vec![audit]).await?;
        Ok(made)
    }

    /// `change` says what shall become of the person as it is now.
    pub async fn change_person<E: From<ProvisioningError>>(
        &self,
        caller: &Caller,
        id: AccountId,
        change: impl FnOnce(&Provisioned) -> Result<PersonWish, E>,
    ) -> Result<(Provisioned, Directory), E> {
        let _turn = self.turn.lock().await;
        let directory = self.directory(caller).await?;
        let person = directory.person(id).ok_or(ProvisioningError::UserUnknown)?;
        let PersonWish { name, external_id, display_name, active } = change(person)?;
        let now = self.access.clock.now();
        let mut changed = Provisioned { external_id, display_name, ..person.clone() };
        changed.account.name = name;
        changed.account.disabled_at = (!active).then(|| person.account.disabled_at.unwrap_or(now));
        if changed == *person {
            // Nothing changes, and the attempt stands in the log all the same.
            let told = self.access.record(Action::AccountUpdate, caller, Subject::Account(id));
            told.await.map_err(ProvisioningError::from)?;
            return Ok((changed, directory));
        }
        changed.changed_at = now;
        self.must_appoint(caller, person.account.role).await?;
        if !active {
            directory.must_keep_an_owner(id)?;
        }
        let audit = self.entry(Action::AccountUpdate, caller, Subject::Account(id)).await?;
        self.apply(caller, &ProvisioningChange::Update(changed.clone()), vec![audit]).await?;
        Ok((changed, directory))
    }

    /// Disables the account for good and frees its name; its conversations stay sealed.
    pub async fn remove_person(
        &self,
        caller: &Caller,
        id: AccountId,
    ) -> Result<(), ProvisioningError> {
        let _turn = self.turn.lock().await;
        let directory = self.directory(caller).await?;
        let person = directory.person(id).ok_or(ProvisioningError::UserUnknown)?;
        self.must_appoint(caller, person.account.role).await?;
        directory.must_keep_an_owner(id)?;
        let at = self.access.clock.now();
        let name = removed_name(id)?;
        let audit = self.entry(Action::AccountRemove, caller, Subject::Account(id)).await?;
        let change = ProvisioningChange::Remove { account: id, name, at };
        self.apply(caller, &change, vec![audit]).await
    }

    pub async fn create_group(
        &self,
        caller: &Caller,
        wish: GroupWish,
    ) -> Result<Group, ProvisioningError> {
        let _turn = self.turn.lock().await;
        let directory = self.directory(caller).await?;
        if directory.groups.len() >= GROUPS_MAX {
            return Err(ProvisioningError::GroupsFull);
        }
        let now = self.access.clock.now();
        let id = GroupId::from_uuid(self.access.ids.next(now));
        let group = put_together(caller, id, wish, (now, now));
        self.put_group(caller, Action::GroupCreate, &directory, group).await
    }

    /// `change` says what shall become of the group as it is now.
    pub async fn change_group<E: From<ProvisioningError>>(
        &self,
        caller: &Caller,
        id: GroupId,
        change: impl FnOnce(&Group) -> Result<GroupWish, E>,
    ) -> Result<Group, E> {
        let _turn = self.turn.lock().await;
        let directory = self.directory(caller).await?;
        let group = directory.group(id).ok_or(ProvisioningError::GroupUnknown)?;
        let wish = change(group)?;
        let times = (group.created_at, self.access.clock.now());
        let group = put_together(caller, id, wish, times);
        Ok(self.put_group(caller, Action::GroupUpdate, &directory, group).await?)
    }

    pub async fn remove_group(
        &self,
        caller: &Caller,
        id: GroupId,
    ) -> Result<(), ProvisioningError> {
        let _turn = self.turn.lock().await;
        let directory = self.directory(caller).await?;
        directory.group(id).ok_or(ProvisioningError::GroupUnknown)?;
        let mut groups = directory.groups.clone();
        groups.retain(|group| group.id != id);
        let roles = self.consequences(caller, &directory, &groups).await?;
        let mut audit = vec![self.entry(Action::GroupRemove, caller, Subject::Group(id)).await?];
        audit.extend(self.role_entries(caller, &roles).await?);
        let at = self.access.clock.now();
        let change = ProvisioningChange::RemoveGroup { id, roles, at };
        self.apply(caller, &change, audit).await
    }

    async fn put_group(
        &self,
        caller: &Caller,
        action: Action,
        directory: &Directory,
        group: Group,
    ) -> Result<Group, ProvisioningError> {
        let is_person = |id: &AccountId| directory.person(*id).is_some();
        if !group.members.iter().all(is_person) {
            return Err(ProvisioningError::MemberUnknown);
        }
        let mut groups = directory.groups.clone();
        groups.retain(|other| other.id != group.id);
        groups.push(group.clone());
        let roles = self.consequences(caller, directory, &groups).await?;
        let mut audit = vec![self.entry(action, caller, Subject::Group(group.id)).await?];
        audit.extend(self.role_entries(caller, &roles).await?);
        let change = ProvisioningChange::PutGroup { group: group.clone(), roles };
        self.apply(caller, &change, audit).await?;
        Ok(group)
    }

    /// Whose roles change with the groups, within what the caller may appoint.
    async fn consequences(
        &self,
        caller: &Caller,
        directory: &Directory,
        groups: &[Group],
    ) -> Result<Vec<(AccountId, Role)>, ProvisioningError> {
        let changes = follow(&self.roles, &directory.persons, &directory.groups, groups);
        for (account, role) in &changes {
            self.must_appoint(caller, account.role).await?;
            self.must_appoint(caller, *role).await?;
        }
        Ok(changes.into_iter().map(|(account, role)| (account.id, role)).collect())
    }

    async fn role_entries(
        &self,
        caller: &Caller,
        roles: &[(AccountId, Role)],
    ) -> Result<Vec<AuditEntry>, ProvisioningError> {
        let mut entries = Vec::with_capacity(roles.len());
        for (account, _) in roles {
            let subject = Subject::Account(*account);
            entries.push(self.entry(Action::AccountUpdate, caller, subject).await?);
        }
        Ok(entries)
    }

    async fn apply(
        &self,
        caller: &Caller,
        change: &ProvisioningChange,
        audit: Vec<AuditEntry>,
    ) -> Result<(), ProvisioningError> {
        match self.store.apply(caller.organisation, change, &audit).await? {
            Applied::Done => Ok(()),
            Applied::Unknown => Err(ProvisioningError::UserUnknown),
            Applied::NameTaken => Err(ProvisioningError::NameTaken),
            Applied::ExternalIdTaken => Err(ProvisioningError::ExternalIdTaken),
            Applied::LastOwner => Err(AccessError::LastOwner.into()),
        }
    }

    async fn directory(&self, caller: &Caller) -> Result<Directory, ProvisioningError> {
        let persons = self.store.persons(caller.organisation).await?;
        let groups = self.store.groups(caller.organisation).await?;
        Ok(Directory { persons, groups })
    }

    async fn must_appoint(&self, caller: &Caller, role: Role) -> Result<(), ProvisioningError> {
        Ok(self.access.must_appoint(caller, role).await?)
    }

    async fn entry(
        &self,
        action: Action,
        caller: &Caller,
        subject: Subject,
    ) -> Result<AuditEntry, ProvisioningError> {
        Ok(self.access.entry(action, caller, subject).await?)
    }
}

/// What is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    Users,
    Groups,
}

/// A name that frees the old one and says nothing.
fn removed_name(id: AccountId) -> Result<AccountName, ProvisioningError> {
    format!("removed-{id}").parse().map_err(|_| ProvisioningError::NameTaken)
}

fn put_together(
    caller: &Caller,
    id: GroupId,
    wish: GroupWish,
    (created_at, changed_at): (Timestamp, Timestamp),
) -> Group {
    let GroupWish { display_name, external_id, mut members } = wish;
    members.sort_unstable();
    members.dedup();
    let organisation = caller.organisation;
    Group { id, organisation, display_name, external_id, members, created_at, changed_at }
}
