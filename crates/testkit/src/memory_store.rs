//! Every store port in memory, with the meaning that the suites ask for.

mod access;
mod account;
mod audit;
mod break_glass;
mod budget;
mod conversation;
mod file;
mod identity;
mod job;
mod library;
mod log;
mod protection;
mod provisioning;
mod usage;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use assistant::{Draft, DraftOf, IdempotencyKey, Scope};
use domain::{
    AccountId, BatchJobId, GroupId, KeyId, OpeningId, Organisation, OrganisationId, Project,
    RequestId, SessionId, SignInLinkId, Timestamp,
};
use governance::{
    AuditEntry, Erasure, Hold, Opening, Session, SignInLink, SubjectId,
    ports::{Group, Identity, StoreError, StoredAccount, StoredKey},
};
use inference::{BudgetId, MicroEuros, UsageRecord, ports::LedgerError};

/// A store that forgets everything when the last clone is dropped.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    // A lock and not a task: nothing waits while it is held.
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    broken: bool,
    organisations: BTreeMap<OrganisationId, (Organisation, [u8; 32])>,
    projects: Vec<Project>,
    accounts: BTreeMap<(OrganisationId, AccountId), StoredAccount>,
    identities: Vec<Identity>,
    /// Foreign id, display name and when it was said.
    said: BTreeMap<AccountId, (Option<String>, Option<String>, Timestamp)>,
    removed: BTreeSet<AccountId>,
    groups: BTreeMap<GroupId, Group>,
    openings: BTreeMap<OpeningId, Opening>,
    keys: BTreeMap<KeyId, StoredKey>,
    links: BTreeMap<(OrganisationId, SignInLinkId), Link>,
    sessions: BTreeMap<(OrganisationId, SessionId), SignedIn>,
    usage: BTreeMap<(OrganisationId, RequestId), UsageRecord>,
    /// Of settled rows that say one.
    costs: BTreeMap<(OrganisationId, RequestId), MicroEuros>,
    budgets: BTreeMap<(OrganisationId, BudgetId), u64>,
    audit: Vec<AuditEntry>,
    /// `None` once it was destroyed.
    subject_keys: BTreeMap<(OrganisationId, SubjectId), Option<[u8; 32]>>,
    erasures: Vec<Erasure>,
    holds: Vec<Hold>,
    tiles: BTreeMap<(u8, u64), Vec<u8>>,
    checkpoints: BTreeMap<u64, String>,
    conversations: Vec<conversation::Kept>,
    idempotency: BTreeMap<(Scope, IdempotencyKey), conversation::KeptKey>,
    drafts: BTreeMap<(Scope, DraftOf), Draft>,
    files: file::Kept,
    jobs: BTreeMap<BatchJobId, job::Kept>,
    libraries: library::Kept,
}

#[derive(Debug)]
struct Link {
    link: SignInLink,
    used: bool,
}

#[derive(Debug)]
struct SignedIn {
    session: Session,
    ended_at: Option<Timestamp>,
}

/// Why a call was refused.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("the store was told to fail")]
    Broken,
    #[error("there is one with this id or token already")]
    Duplicate,
    #[error("there is no such project")]
    UnknownProject,
    #[error("there is no such account")]
    UnknownAccount,
    #[error("the request was never opened")]
    UnknownRequest,
}

impl MemoryStore {
    /// From now on every call fails, as with a full disk, until [`MemoryStore::repair`].
    pub fn break_down(&self) {
        self.state().broken = true;
    }

    /// Calls succeed again.
    pub fn repair(&self) {
        self.state().broken = false;
    }

    /// All entries of all organisations, in order.
    pub fn audit_entries(&self) -> Vec<AuditEntry> {
        self.state().audit.clone()
    }

    /// All rows of all organisations, in the order of their ids.
    pub fn usage_records(&self) -> Vec<UsageRecord> {
        self.state().usage.values().cloned().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn working(&self) -> Result<MutexGuard<'_, State>, Refusal> {
        let state = self.state();
        if state.broken { Err(Refusal::Broken) } else { Ok(state) }
    }
}

impl State {
    /// Checks before anything is changed, so that a refused call changes nothing.
    fn check_entry(&self, entry: &AuditEntry) -> Result<(), Refusal> {
        let known = self.audit.iter().any(|kept| kept.id == entry.id);
        if known { Err(Refusal::Duplicate) } else { Ok(()) }
    }

    fn check_project(
        &self,
        organisation: OrganisationId,
        project: domain::ProjectId,
    ) -> Result<(), Refusal> {
        let mut projects = self.projects.iter();
        let known = projects.any(|kept| kept.organisation == organisation && kept.id == project);
        if known { Ok(()) } else { Err(Refusal::UnknownProject) }
    }
}

impl State {
    fn check_account(
        &self,
        organisation: OrganisationId,
        project: domain::ProjectId,
        account: AccountId,
    ) -> Result<(), Refusal> {
        self.check_project(organisation, project)?;
        let known = self.accounts.contains_key(&(organisation, account));
        if known { Ok(()) } else { Err(Refusal::UnknownAccount) }
    }
}

fn store_error(action: &'static str) -> impl FnOnce(Refusal) -> StoreError {
    move |refusal| StoreError { action, is_locked: false, source: Box::new(refusal) }
}

fn ledger_error(action: &'static str) -> impl FnOnce(Refusal) -> LedgerError {
    move |refusal| LedgerError { action, source: Box::new(refusal) }
}
