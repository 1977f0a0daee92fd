use async_trait::async_trait;
use domain::{
    Account, AccountId, AccountName, ApiKey, Caller, KeyId, Organisation, OrganisationId,
    Principal, Project, ProjectId, Timestamp,
};
use governance::{
    AuditEntry, Session, SignInLink, SubjectId, TokenHash,
    ports::{
        AccessStore, AccountChange, AccountUpdated, Founding, StoreError, StoredAccount, StoredKey,
    },
};

use super::{Link, MemoryStore, Refusal, SignedIn, account::leads, store_error};

#[async_trait]
impl AccessStore for MemoryStore {
    async fn found(&self, founding: &Founding, audit: &AuditEntry) -> Result<bool, StoreError> {
        self.found_once(founding, audit).map_err(store_error("found the installation"))
    }

    async fn home(&self) -> Result<Option<(Organisation, Project)>, StoreError> {
        let state = self.working().map_err(store_error("find the first organisation"))?;
        let organisations = state.organisations.values().map(|(organisation, _)| organisation);
        let first = organisations.min_by_key(|kept| (kept.created_at, kept.id));
        let Some(first) = first else {
            return Ok(None);
        };
        let projects = state.projects.iter().filter(|project| project.organisation == first.id);
        let project = projects.min_by_key(|kept| (kept.created_at, kept.id));
        Ok(project.map(|project| (first.clone(), project.clone())))
    }

    async fn pseudonym_key(
        &self,
        organisation: OrganisationId,
    ) -> Result<Option<[u8; 32]>, StoreError> {
        let state = self.working().map_err(store_error("find the organisation"))?;
        Ok(state.organisations.get(&organisation).map(|(_, key)| *key))
    }

    async fn subject_key(
        &self,
        organisation: OrganisationId,
        subject: SubjectId,
        candidate: [u8; 32],
    ) -> Result<Option<[u8; 32]>, StoreError> {
        let mut state = self.working().map_err(store_error("keep the pseudonym key"))?;
        Ok(*state.subject_keys.entry((organisation, subject)).or_insert(Some(candidate)))
    }

    async fn owner(&self, organisation: OrganisationId) -> Result<Option<Account>, StoreError> {
        let state = self.working().map_err(store_error("find the owner"))?;
        let accounts = state.accounts.values().map(|stored| &stored.account);
        let owners =
            accounts.filter(|account| account.organisation == organisation && leads(account));
        Ok(owners.min_by_key(|account| (account.created_at, account.id)).cloned())
    }

    async fn account(
        &self,
        organisation: OrganisationId,
        id: AccountId,
    ) -> Result<Option<Account>, StoreError> {
        let state = self.working().map_err(store_error("find the account"))?;
        Ok(state.accounts.get(&(organisation, id)).map(|stored| stored.account.clone()))
    }

    async fn find_account(&self, name: &AccountName) -> Result<Option<StoredAccount>, StoreError> {
        let state = self.working().map_err(store_error("find the account"))?;
        let mut accounts = state.accounts.values();
        Ok(accounts.find(|stored| stored.account.name == *name).cloned())
    }

    async fn list_accounts(
        &self,
        organisation: OrganisationId,
    ) -> Result<Vec<Account>, StoreError> {
        let state = self.working().map_err(store_error("list the accounts"))?;
        let accounts = state.accounts.values().map(|stored| stored.account.clone());
        let own = accounts.filter(|account| account.organisation == organisation);
        let mut own: Vec<Account> = own.collect();
        own.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(own)
    }

    async fn insert_account(
        &self,
        account: &Account,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        self.keep_account(account, audit).map_err(store_error("keep the account"))
    }

    async fn update_account(
        &self,
        organisation: OrganisationId,
        id: AccountId,
        change: &AccountChange,
        audit: &AuditEntry,
    ) -> Result<AccountUpdated, StoreError> {
        self.change_account((organisation, id), change, audit)
            .map_err(store_error("change the account"))
    }

    async fn has_identity(
        &self,
        organisation: OrganisationId,
        id: AccountId,
    ) -> Result<bool, StoreError> {
        let state = self.working().map_err(store_error("find the identity"))?;
        let whose = (organisation, id);
        Ok(state.identities.iter().any(|kept| (kept.organisation, kept.account) == whose))
    }

    async fn insert_session(
        &self,
        session: &Session,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.keep_session(session, audit).map_err(store_error("keep the session"))
    }

    async fn insert_key(&self, key: &StoredKey, audit: &AuditEntry) -> Result<(), StoreError> {
        self.keep_key(key, audit).map_err(store_error("keep the API key"))
    }

    async fn find_key(&self, id: KeyId) -> Result<Option<(StoredKey, Account)>, StoreError> {
        let state = self.working().map_err(store_error("find the API key"))?;
        let stored = state.keys.get(&id).cloned();
        Ok(stored.and_then(|stored| {
            let owner = (stored.key.organisation, stored.key.account);
            let account = state.accounts.get(&owner)?.account.clone();
            Some((stored, account))
        }))
    }

    async fn list_keys(
        &self,
        organisation: OrganisationId,
        project: ProjectId,
    ) -> Result<Vec<ApiKey>, StoreError> {
        let state = self.working().map_err(store_error("list the API keys"))?;
        let keys = state.keys.values().map(|stored| &stored.key);
        let keys = keys.filter(|key| key.organisation == organisation && key.project == project);
        let mut keys: Vec<ApiKey> = keys.cloned().collect();
        keys.sort_by_key(|key| std::cmp::Reverse((key.created_at, key.id)));
        Ok(keys)
    }

    async fn revoke_key(
        &self,
        organisation: OrganisationId,
        project: ProjectId,
        id: KeyId,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        self.revoke((organisation, project, id), at, audit)
            .map_err(store_error("revoke the API key"))
    }

    async fn insert_link(&self, link: &SignInLink, audit: &AuditEntry) -> Result<(), StoreError> {
        self.keep_link(link, audit).map_err(store_error("keep the sign-in link"))
    }

    async fn find_link(
        &self,
        token: &TokenHash,
        at: Timestamp,
    ) -> Result<Option<SignInLink>, StoreError> {
        let state = self.working().map_err(store_error("find the sign-in link"))?;
        let mut links = state.links.values();
        Ok(links.find(|kept| kept.is_good(token, at)).map(|kept| kept.link.clone()))
    }

    async fn redeem_link(
        &self,
        token: &TokenHash,
        session: &Session,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        self.redeem(token, session, audit).map_err(store_error("redeem the sign-in link"))
    }

    async fn find_session(
        &self,
        token: &TokenHash,
        at: Timestamp,
    ) -> Result<Option<(Session, Account)>, StoreError> {
        let state = self.working().map_err(store_error("find the session"))?;
        let mut sessions = state.sessions.values();
        let found = sessions.find(|kept| {
            kept.session.token == *token && kept.ended_at.is_none() && kept.session.expires_at > at
        });
        Ok(found.and_then(|kept| {
            let owner = (kept.session.organisation, kept.session.account);
            Some((kept.session.clone(), state.accounts.get(&owner)?.account.clone()))
        }))
    }

    async fn end_session(
        &self,
        caller: &Caller,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.end(caller, at, audit).map_err(store_error("end the session"))
    }
}

impl Link {
    fn is_good(&self, token: &TokenHash, at: Timestamp) -> bool {
        self.link.token == *token && !self.used && self.link.expires_at > at
    }
}

impl MemoryStore {
    fn found_once(&self, founding: &Founding, audit: &AuditEntry) -> Result<bool, Refusal> {
        let mut state = self.working()?;
        if !state.organisations.is_empty() {
            return Ok(false);
        }
        state.check_entry(audit)?;
        let Founding { organisation, pseudonym_key, project, owner, key } = founding.clone();
        state.organisations.insert(organisation.id, (organisation, pseudonym_key));
        state.projects.push(project);
        let stored = StoredAccount { account: owner.clone(), password: None };
        state.accounts.insert((owner.organisation, owner.id), stored);
        state.keys.insert(key.key.id, key);
        state.audit.push(audit.clone());
        Ok(true)
    }

    fn keep_key(&self, stored: &StoredKey, audit: &AuditEntry) -> Result<(), Refusal> {
        let mut state = self.working()?;
        state.check_entry(audit)?;
        let key = &stored.key;
        state.check_account(key.organisation, key.project, key.account)?;
        if state.keys.contains_key(&stored.key.id) {
            return Err(Refusal::Duplicate);
        }
        state.keys.insert(stored.key.id, stored.clone());
        state.audit.push(audit.clone());
        Ok(())
    }

    fn revoke(
        &self,
        (organisation, project, id): (OrganisationId, ProjectId, KeyId),
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<bool, Refusal> {
        let mut state = self.working()?;
        state.check_entry(audit)?;
        state.audit.push(audit.clone());
        let key = state.keys.get_mut(&id).map(|stored| &mut stored.key);
        let key = key.filter(|key| key.organisation == organisation && key.project == project);
        Ok(key.map(|key| *key.revoked_at.get_or_insert(at)).is_some())
    }

    fn keep_link(&self, link: &SignInLink, audit: &AuditEntry) -> Result<(), Refusal> {
        let mut state = self.working()?;
        state.check_entry(audit)?;
        state.check_account(link.organisation, link.project, link.account)?;
        let id = (link.organisation, link.id);
        let same_token = state.links.values().any(|kept| kept.link.token == link.token);
        if same_token || state.links.contains_key(&id) {
            return Err(Refusal::Duplicate);
        }
        state.links.insert(id, Link { link: link.clone(), used: false });
        state.audit.push(audit.clone());
        Ok(())
    }

    fn redeem(
        &self,
        token: &TokenHash,
        session: &Session,
        audit: &AuditEntry,
    ) -> Result<bool, Refusal> {
        let mut state = self.working()?;
        let id = (session.organisation, session.id);
        let same_token = state.sessions.values().any(|kept| kept.session.token == session.token);
        let same_id = state.sessions.contains_key(&id);
        let entry = state.check_entry(audit);
        let good = state.links.values_mut().find(|kept| {
            kept.is_good(token, session.created_at)
                && kept.link.organisation == session.organisation
                && kept.link.project == session.project
                && kept.link.account == session.account
        });
        let Some(link) = good else {
            return Ok(false);
        };
        entry?;
        if same_token || same_id {
            return Err(Refusal::Duplicate);
        }
        link.used = true;
        state.sessions.insert(id, SignedIn { session: session.clone(), ended_at: None });
        state.audit.push(audit.clone());
        Ok(true)
    }

    fn end(&self, caller: &Caller, at: Timestamp, audit: &AuditEntry) -> Result<(), Refusal> {
        let mut state = self.working()?;
        state.check_entry(audit)?;
        match caller.principal {
            Principal::Session(id) => {
                if let Some(kept) = state.sessions.get_mut(&(caller.organisation, id)) {
                    kept.ended_at.get_or_insert(at);
                }
            }
            Principal::Key(_) | Principal::Operator => {}
        }
        state.audit.push(audit.clone());
        Ok(())
    }
}
