//! What an identity provider says of accounts, and its groups.

use async_trait::async_trait;
use domain::{Account, AccountId, AccountKind, OrganisationId, Role};
use governance::{
    AuditEntry,
    ports::{
        Applied, Group, Provisioned, ProvisioningChange, ProvisioningStore, StoreError,
        StoredAccount,
    },
};

use super::{MemoryStore, Refusal, State, account::leads, store_error};

#[async_trait]
impl ProvisioningStore for MemoryStore {
    async fn persons(&self, organisation: OrganisationId) -> Result<Vec<Provisioned>, StoreError> {
        let state = self.working().map_err(store_error("list the persons"))?;
        let accounts = state.accounts.values().map(|stored| &stored.account);
        let persons = accounts
            .filter(|account| account.organisation == organisation)
            .filter(|account| account.kind == AccountKind::Person)
            .filter(|account| !state.removed.contains(&account.id));
        Ok(persons.map(|account| state.provisioned(account)).collect())
    }

    async fn groups(&self, organisation: OrganisationId) -> Result<Vec<Group>, StoreError> {
        let state = self.working().map_err(store_error("list the groups"))?;
        let groups = state.groups.values().filter(|group| group.organisation == organisation);
        Ok(groups.cloned().collect())
    }

    async fn apply(
        &self,
        organisation: OrganisationId,
        change: &ProvisioningChange,
        audit: &[AuditEntry],
    ) -> Result<Applied, StoreError> {
        let done = self.apply_once(organisation, change, audit);
        done.map_err(store_error("keep what the identity provider says"))
    }
}

impl MemoryStore {
    fn apply_once(
        &self,
        organisation: OrganisationId,
        change: &ProvisioningChange,
        audit: &[AuditEntry],
    ) -> Result<Applied, Refusal> {
        let mut state = self.working()?;
        audit.iter().try_for_each(|entry| state.check_entry(entry))?;
        let applied = state.provision(organisation, change)?;
        if applied == Applied::Done {
            state.audit.extend_from_slice(audit);
        }
        Ok(applied)
    }

    pub(super) fn external(
        &self,
        organisation: OrganisationId,
        external_id: &str,
    ) -> Result<Option<Account>, Refusal> {
        Ok(self.working()?.with_external_id(organisation, external_id))
    }
}

impl State {
    fn provisioned(&self, account: &Account) -> Provisioned {
        let said = self.said.get(&account.id).cloned();
        let said = said.unwrap_or((None, None, account.created_at));
        let (external_id, display_name, changed_at) = said;
        Provisioned { account: account.clone(), external_id, display_name, changed_at }
    }

    fn with_external_id(&self, organisation: OrganisationId, wanted: &str) -> Option<Account> {
        let mut said = self.said.iter();
        let (id, _) = said.find(|(_, (external_id, ..))| external_id.as_deref() == Some(wanted))?;
        let stored = self.accounts.get(&(organisation, *id))?;
        Some(stored.account.clone())
    }

    fn provision(
        &mut self,
        organisation: OrganisationId,
        change: &ProvisioningChange,
    ) -> Result<Applied, Refusal> {
        match change {
            ProvisioningChange::Create(person) => {
                self.check_project(organisation, person.account.project)?;
                if let Some(refused) = self.look_at(person) {
                    return Ok(refused);
                }
                let stored = StoredAccount { account: person.account.clone(), password: None };
                self.accounts.insert((organisation, person.account.id), stored);
                self.say(person);
                Ok(Applied::Done)
            }
            ProvisioningChange::Update(person) => {
                if !self.accounts.contains_key(&(organisation, person.account.id)) {
                    return Ok(Applied::Unknown);
                }
                if let Some(refused) = self.look_at(person) {
                    return Ok(refused);
                }
                let applied = self.replace(&person.account);
                if applied == Applied::Done {
                    self.say(person);
                }
                Ok(applied)
            }
            ProvisioningChange::Remove { account, name, at } => {
                let Some(stored) = self.accounts.get(&(organisation, *account)) else {
                    return Ok(Applied::Unknown);
                };
                let disabled_at = Some(*at);
                let kept = Account { name: name.clone(), disabled_at, ..stored.account.clone() };
                let applied = self.replace(&kept);
                if applied == Applied::Done {
                    self.removed.insert(*account);
                    self.said.remove(account);
                    for group in self.groups.values_mut() {
                        group.members.retain(|member| member != account);
                    }
                }
                Ok(applied)
            }
            ProvisioningChange::PutGroup { group, roles } => {
                let is_known = |id: &AccountId| self.accounts.contains_key(&(organisation, *id));
                if !group.members.iter().all(is_known) {
                    return Ok(Applied::Unknown);
                }
                let mut others = self
                    .groups
                    .values()
                    .filter(|other| other.organisation == organisation && other.id != group.id);
                let wanted = group.external_id.as_ref();
                if wanted.is_some() && others.any(|other| other.external_id.as_ref() == wanted) {
                    return Ok(Applied::ExternalIdTaken);
                }
                self.groups.insert(group.id, group.clone());
                self.set_roles(organisation, roles);
                Ok(Applied::Done)
            }
            ProvisioningChange::RemoveGroup { id, roles, .. } => {
                self.groups
                    .retain(|_, group| group.organisation != organisation || group.id != *id);
                self.end_shares_of_group(*id);
                self.set_roles(organisation, roles);
                Ok(Applied::Done)
            }
        }
    }

    fn look_at(&self, person: &Provisioned) -> Option<Applied> {
        let account = &person.account;
        let mut others =
            self.accounts.values().map(|kept| &kept.account).filter(|kept| kept.id != account.id);
        if others.any(|kept| kept.name == account.name) {
            return Some(Applied::NameTaken);
        }
        let wanted = person.external_id.as_deref()?;
        let has = self.with_external_id(account.organisation, wanted);
        has.filter(|has| has.id != account.id).map(|_| Applied::ExternalIdTaken)
    }

    /// Name and `disabled_at`; disabling ends the sessions.
    fn replace(&mut self, account: &Account) -> Applied {
        let id = (account.organisation, account.id);
        let owners = self.accounts.values().filter(|kept| {
            kept.account.organisation == account.organisation && leads(&kept.account)
        });
        let is_last = owners.count() == 1;
        let Some(kept) = self.accounts.get_mut(&id) else { return Applied::Unknown };
        if is_last && leads(&kept.account) && !leads(account) {
            return Applied::LastOwner;
        }
        kept.account.name = account.name.clone();
        kept.account.disabled_at = account.disabled_at;
        if let Some(at) = account.disabled_at {
            for signed_in in self.sessions.values_mut() {
                let session = &signed_in.session;
                if (session.organisation, session.account) == id {
                    signed_in.ended_at.get_or_insert(at);
                }
            }
        }
        Applied::Done
    }

    fn say(&mut self, person: &Provisioned) {
        let said = (person.external_id.clone(), person.display_name.clone(), person.changed_at);
        self.said.insert(person.account.id, said);
    }

    fn set_roles(&mut self, organisation: OrganisationId, roles: &[(AccountId, Role)]) {
        for (id, role) in roles {
            if let Some(kept) = self.accounts.get_mut(&(organisation, *id)) {
                kept.account.role = *role;
            }
        }
    }
}
