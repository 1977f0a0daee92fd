//! Accounts and the sessions that a password opens.

use domain::{Account, AccountId, OrganisationId, Role};
use governance::{
    AuditEntry, Session,
    ports::{AccountChange, AccountUpdated, StoredAccount},
};

use super::{MemoryStore, Refusal, SignedIn};

pub(super) fn leads(account: &Account) -> bool {
    account.role == Role::Owner && account.disabled_at.is_none()
}

impl MemoryStore {
    pub(super) fn keep_account(
        &self,
        account: &Account,
        audit: &AuditEntry,
    ) -> Result<bool, Refusal> {
        let mut state = self.working()?;
        if state.accounts.values().any(|stored| stored.account.name == account.name) {
            return Ok(false);
        }
        state.check_entry(audit)?;
        state.check_project(account.organisation, account.project)?;
        if state.accounts.values().any(|stored| stored.account.id == account.id) {
            return Err(Refusal::Duplicate);
        }
        let stored = StoredAccount { account: account.clone(), password: None };
        state.accounts.insert((account.organisation, account.id), stored);
        state.audit.push(audit.clone());
        Ok(true)
    }

    pub(super) fn change_account(
        &self,
        id: (OrganisationId, AccountId),
        change: &AccountChange,
        audit: &AuditEntry,
    ) -> Result<AccountUpdated, Refusal> {
        let mut state = self.working()?;
        let Some(kept) = state.accounts.get(&id).cloned() else {
            return Ok(AccountUpdated::Unknown);
        };
        let mut changed = kept.clone();
        changed.account.role = change.role.unwrap_or(kept.account.role);
        changed.account.disabled_at = change.disabled_at.unwrap_or(kept.account.disabled_at);
        if let Some((digest, _)) = &change.password {
            changed.password = Some(digest.clone());
        }
        let owners = state
            .accounts
            .values()
            .filter(|stored| stored.account.organisation == id.0 && leads(&stored.account));
        if leads(&kept.account) && !leads(&changed.account) && owners.count() == 1 {
            return Ok(AccountUpdated::LastOwner);
        }
        state.check_entry(audit)?;
        let ends_sessions = changed.account.disabled_at.is_some() || change.password.is_some();
        let session_kept = change.password.as_ref().and_then(|(_, session)| *session);
        for signed_in in state.sessions.values_mut().filter(|_| ends_sessions) {
            let session = &signed_in.session;
            let is_of = (session.organisation, session.account) == id;
            if is_of && Some(session.id) != session_kept {
                signed_in.ended_at.get_or_insert(change.at);
            }
        }
        state.accounts.insert(id, changed);
        state.audit.push(audit.clone());
        Ok(AccountUpdated::Done)
    }

    pub(super) fn keep_session(
        &self,
        session: &Session,
        audit: &AuditEntry,
    ) -> Result<(), Refusal> {
        let mut state = self.working()?;
        state.check_entry(audit)?;
        state.check_account(session.organisation, session.project, session.account)?;
        let id = (session.organisation, session.id);
        let same_token = state.sessions.values().any(|kept| kept.session.token == session.token);
        if same_token || state.sessions.contains_key(&id) {
            return Err(Refusal::Duplicate);
        }
        state.sessions.insert(id, SignedIn { session: session.clone(), ended_at: None });
        state.audit.push(audit.clone());
        Ok(())
    }
}
