//! Identities of a provider.

use async_trait::async_trait;
use domain::{Account, AccountId, OrganisationId, Timestamp};
use governance::{
    AuditEntry, TokenHash,
    ports::{Entered, Entering, EnteringStep, Identity, IdentityStore, StoreError, StoredAccount},
};

use super::{MemoryStore, Refusal, SignedIn, State, account::leads, store_error};

#[async_trait]
impl IdentityStore for MemoryStore {
    async fn find_identity(&self, identity: &TokenHash) -> Result<Option<Account>, StoreError> {
        let state = self.working().map_err(store_error("find the identity"))?;
        let found = state.identities.iter().find(|kept| kept.hash == *identity);
        Ok(found.and_then(|kept| {
            let stored = state.accounts.get(&(kept.organisation, kept.account))?;
            Some(stored.account.clone())
        }))
    }

    async fn find_external(
        &self,
        organisation: OrganisationId,
        external_id: &str,
    ) -> Result<Option<Account>, StoreError> {
        self.external(organisation, external_id).map_err(store_error("find the account"))
    }

    async fn enter(
        &self,
        entering: &Entering,
        audit: &[AuditEntry],
    ) -> Result<Entered, StoreError> {
        self.enter_once(entering, audit).map_err(store_error("keep the session"))
    }

    async fn bind_identity(
        &self,
        identity: &Identity,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        self.bind_once(identity, audit).map_err(store_error("keep the identity"))
    }

    async fn end_sessions(
        &self,
        organisation: OrganisationId,
        account: AccountId,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut state = self.working().map_err(store_error("end the sessions"))?;
        state.check_entry(audit).map_err(store_error("end the sessions"))?;
        for SignedIn { session, ended_at } in state.sessions.values_mut() {
            if (session.organisation, session.account) == (organisation, account) {
                ended_at.get_or_insert(at);
            }
        }
        state.audit.push(audit.clone());
        Ok(())
    }
}

impl MemoryStore {
    fn enter_once(&self, entering: &Entering, audit: &[AuditEntry]) -> Result<Entered, Refusal> {
        let mut state = self.working()?;
        audit.iter().try_for_each(|entry| state.check_entry(entry))?;
        let Entering { account, step, session } = entering;
        let id = (account.organisation, account.id);
        if state.sessions.values().any(|kept| kept.session.token == session.token) {
            return Err(Refusal::Duplicate);
        }
        match step {
            EnteringStep::Create(identity) => {
                let mut accounts = state.accounts.values();
                let is_named = accounts.any(|stored| stored.account.name == account.name);
                if is_named || state.is_bound(identity) {
                    return Ok(Entered::Taken);
                }
                state.check_project(account.organisation, account.project)?;
                let stored = StoredAccount { account: account.clone(), password: None };
                state.accounts.insert(id, stored);
                state.identities.push(identity.clone());
            }
            EnteringStep::Nothing | EnteringStep::ChangeRole(_) | EnteringStep::Bind(_) => {
                if let EnteringStep::Bind(identity) = step
                    && state.is_bound(identity)
                {
                    return Ok(Entered::Taken);
                }
                let owners = state.accounts.values().filter(|stored| leads(&stored.account));
                let is_last = owners.count() == 1;
                let Some(stored) = state.accounts.get_mut(&id) else {
                    return Ok(Entered::Changed);
                };
                if stored.account.disabled_at.is_some() {
                    return Ok(Entered::Changed);
                }
                if let EnteringStep::ChangeRole(role) = step {
                    if is_last && leads(&stored.account) {
                        return Ok(Entered::Changed);
                    }
                    stored.account.role = *role;
                }
                if let EnteringStep::Bind(identity) = step {
                    stored.account.role = account.role;
                    state.identities.push(identity.clone());
                }
            }
        }
        let kept = SignedIn { session: session.clone(), ended_at: None };
        state.sessions.insert((session.organisation, session.id), kept);
        state.audit.extend_from_slice(audit);
        Ok(Entered::Done)
    }

    fn bind_once(&self, identity: &Identity, audit: &AuditEntry) -> Result<bool, Refusal> {
        let mut state = self.working()?;
        if state.is_bound(identity) {
            return Ok(false);
        }
        state.check_entry(audit)?;
        if !state.accounts.contains_key(&(identity.organisation, identity.account)) {
            return Err(Refusal::UnknownAccount);
        }
        state.identities.push(identity.clone());
        state.audit.push(audit.clone());
        Ok(true)
    }
}

impl State {
    /// Whether the identity has an account, or the account an identity of this issuer.
    fn is_bound(&self, identity: &Identity) -> bool {
        let whose = |one: &Identity| (one.organisation, one.account, one.issuer.clone());
        self.identities
            .iter()
            .any(|kept| kept.hash == identity.hash || whose(kept) == whose(identity))
    }
}
