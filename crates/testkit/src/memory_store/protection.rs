//! Orders to erase, holds, and what is older than its term.

use assistant::{DraftOf, EntryState, Scope};
use async_trait::async_trait;
use domain::{
    AccountId, BatchJobId, ConversationId, DocumentId, ErasureId, FileId, HoldId, OrganisationId,
    Principal, RequestId, RetentionClass, SessionId, SignInLinkId, Timestamp,
};
use governance::{
    AuditEntry, ErasedClass, Erasure, ErasureState, Hold, SubjectId,
    ports::{AccountChange, AccountUpdated, ErasureOrdered, Expired, ProtectionStore, StoreError},
};
use inference::{BudgetScope, RUNNING};
use uuid::Uuid;
use workloads::Owner;

use super::{MemoryStore, Refusal, State, store_error};

type Account = (OrganisationId, AccountId);
type Order = (OrganisationId, ErasureId);

#[async_trait]
impl ProtectionStore for MemoryStore {
    async fn order_erasure(
        &self,
        erasure: &Erasure,
        audit: &AuditEntry,
    ) -> Result<ErasureOrdered, StoreError> {
        self.order(erasure, audit).map_err(store_error("take the order to erase"))
    }

    async fn erase_some(
        &self,
        organisation: OrganisationId,
        id: ErasureId,
        rows_max: u32,
    ) -> Result<bool, StoreError> {
        self.erase_rows((organisation, id), rows_max).map_err(store_error("remove conversations"))
    }

    async fn erase_account(
        &self,
        organisation: OrganisationId,
        id: ErasureId,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        self.erase_person((organisation, id), at, audit).map_err(store_error("remove the account"))
    }

    async fn overwrite(
        &self,
        organisation: OrganisationId,
        removed: &[ErasureId],
    ) -> Result<(), StoreError> {
        let mut state = self.working().map_err(store_error("write the file anew"))?;
        for id in removed {
            if let Some(erasure) = state.erasure((organisation, *id), ErasureState::Removed) {
                erasure.state = ErasureState::Overwritten;
            }
        }
        Ok(())
    }

    async fn conclude_erasure(
        &self,
        organisation: OrganisationId,
        id: ErasureId,
        certificate: &str,
    ) -> Result<(), StoreError> {
        let mut state = self.working().map_err(store_error("keep the certificate"))?;
        if let Some(erasure) = state.erasure((organisation, id), ErasureState::Overwritten) {
            erasure.state = ErasureState::Done;
            erasure.account = None;
            erasure.certificate = Some(certificate.to_owned());
        }
        Ok(())
    }

    async fn erasures_under_way(
        &self,
        organisation: OrganisationId,
    ) -> Result<Vec<Erasure>, StoreError> {
        let mut all = self.erasures(organisation).await?;
        all.retain(|erasure| erasure.account.is_some());
        all.reverse();
        Ok(all)
    }

    async fn erasures(&self, organisation: OrganisationId) -> Result<Vec<Erasure>, StoreError> {
        let state = self.working().map_err(store_error("list the erasures"))?;
        let all = state.erasures.iter().filter(|erasure| erasure.organisation == organisation);
        let mut all: Vec<Erasure> = all.cloned().collect();
        all.sort_by_key(|erasure| std::cmp::Reverse((erasure.ordered_at, erasure.id)));
        Ok(all)
    }

    async fn erasure(
        &self,
        organisation: OrganisationId,
        id: ErasureId,
    ) -> Result<Option<Erasure>, StoreError> {
        let all = self.erasures(organisation).await?;
        Ok(all.into_iter().find(|erasure| erasure.id == id))
    }

    async fn place_hold(&self, hold: &Hold, audit: &AuditEntry) -> Result<bool, StoreError> {
        self.hold(hold, audit).map_err(store_error("place the hold"))
    }

    async fn lift_hold(
        &self,
        organisation: OrganisationId,
        id: HoldId,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        self.lift((organisation, id), at, audit).map_err(store_error("lift the hold"))
    }

    async fn holds(&self, organisation: OrganisationId) -> Result<Vec<Hold>, StoreError> {
        let state = self.working().map_err(store_error("list the holds"))?;
        let all = state.holds.iter().filter(|hold| hold.organisation == organisation);
        let mut all: Vec<Hold> = all.cloned().collect();
        all.sort_by_key(|hold| std::cmp::Reverse((hold.placed_at, hold.id)));
        Ok(all)
    }

    async fn expired(&self, expired: &Expired) -> Result<u32, StoreError> {
        let failed = store_error("look for what is older than its term");
        let state = self.working().map_err(failed)?;
        Ok(u32::try_from(state.expired(expired).len()).unwrap_or(u32::MAX))
    }

    async fn remove_expired(
        &self,
        expired: &Expired,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        self.expire(expired, audit).map_err(store_error("remove what is older than its term"))
    }
}

impl MemoryStore {
    fn order(&self, erasure: &Erasure, audit: &AuditEntry) -> Result<ErasureOrdered, Refusal> {
        let Some(id) = erasure.account else { return Ok(ErasureOrdered::Unknown) };
        let account = (erasure.organisation, id);
        {
            let state = self.working()?;
            if let Some(known) = state.order_of(account) {
                return Ok(ErasureOrdered::UnderWay(known));
            }
            if let Some(hold) = state.hold_on(account) {
                return Ok(ErasureOrdered::Held(hold));
            }
        }
        let at = erasure.ordered_at;
        let change = AccountChange { disabled_at: Some(Some(at)), ..AccountChange::at(at) };
        match self.change_account(account, &change, audit)? {
            AccountUpdated::Done => {}
            AccountUpdated::Unknown => return Ok(ErasureOrdered::Unknown),
            AccountUpdated::LastOwner => return Ok(ErasureOrdered::LastOwner),
        }
        self.working()?.erasures.push(erasure.clone());
        Ok(ErasureOrdered::Done)
    }

    fn erase_rows(&self, order: Order, rows_max: u32) -> Result<bool, Refusal> {
        let mut state = self.working()?;
        let Some(account) = state.erasing(order) else { return Ok(false) };
        let scope = Scope { organisation: account.0, account: account.1 };
        let own = state.conversations.iter().filter(|kept| kept.conversation.scope == scope);
        let some: Vec<_> = own
            .take(rows_max as usize)
            .map(|kept| (kept.conversation.id, kept.entries.len() as u64))
            .collect();
        let more = some.len() == rows_max as usize;
        for (id, entries) in &some {
            state.remove_conversation(scope, *id);
            state.count(order, ErasedClass::Entries, *entries);
        }
        state.count(order, ErasedClass::Conversations, some.len() as u64);
        if !more {
            state.remove_workloads(order, scope);
        }
        Ok(more)
    }

    fn erase_person(
        &self,
        order: Order,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<bool, Refusal> {
        let mut state = self.working()?;
        state.check_entry(audit)?;
        let Some(account) = state.erasing(order) else { return Ok(false) };
        let scope = Scope { organisation: account.0, account: account.1 };
        let is_left = state.conversations.iter().any(|kept| kept.conversation.scope == scope)
            || state.files.files.values().any(|file| file.owner == owner_of(scope))
            || state.jobs.values().any(|kept| kept.job.owner == owner_of(scope))
            || state.has_libraries(account);
        if is_left {
            return Ok(false);
        }
        for (class, rows) in state.remove_account(account) {
            state.count(order, class, rows);
        }
        if let Some(erasure) = state.erasure(order, ErasureState::Removing) {
            erasure.state = ErasureState::Removed;
            erasure.removed = Some((at, audit.id));
        }
        state.audit.push(audit.clone());
        Ok(true)
    }

    fn hold(&self, hold: &Hold, audit: &AuditEntry) -> Result<bool, Refusal> {
        let mut state = self.working()?;
        state.check_entry(audit)?;
        if let Some(id) = hold.account {
            let account = (hold.organisation, id);
            if !state.accounts.contains_key(&account) || state.order_of(account).is_some() {
                return Ok(false);
            }
        }
        state.holds.push(hold.clone());
        state.audit.push(audit.clone());
        Ok(true)
    }

    fn lift(
        &self,
        (organisation, id): (OrganisationId, HoldId),
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<bool, Refusal> {
        let mut state = self.working()?;
        state.check_entry(audit)?;
        let mut holds = state.holds.iter_mut();
        let hold = holds.find(|hold| {
            (hold.organisation, hold.id) == (organisation, id) && hold.lifted_at.is_none()
        });
        let Some(hold) = hold else { return Ok(false) };
        hold.lifted_at = Some(at);
        state.audit.push(audit.clone());
        Ok(true)
    }

    fn expire(&self, expired: &Expired, audit: &AuditEntry) -> Result<bool, Refusal> {
        let mut state = self.working()?;
        state.check_entry(audit)?;
        let rows = state.expired(expired);
        if rows.is_empty() || rows.len() != expired.count as usize {
            return Ok(false);
        }
        for row in rows {
            state.remove_row(expired.organisation, row);
        }
        state.audit.push(audit.clone());
        Ok(true)
    }
}

/// A row that is older than its term.
#[derive(Clone, Copy, Debug)]
enum Row {
    Conversation(Scope, ConversationId),
    Draft(Scope),
    Usage(RequestId),
    Session(SessionId),
    Link(SignInLinkId),
    File(FileId),
    Job(BatchJobId),
    Document(DocumentId),
}

const fn owner_of(scope: Scope) -> Owner {
    Owner { organisation: scope.organisation, account: scope.account }
}

impl State {
    pub(super) fn hold_on(&self, (organisation, account): Account) -> Option<HoldId> {
        let covers = |hold: &&Hold| {
            hold.organisation == organisation
                && hold.lifted_at.is_none()
                && hold.account.is_none_or(|held| held == account)
        };
        self.holds.iter().find(covers).map(|hold| hold.id)
    }

    fn order_of(&self, (organisation, account): Account) -> Option<ErasureId> {
        let mut all = self.erasures.iter();
        let found = all.find(|erasure| {
            erasure.organisation == organisation && erasure.account == Some(account)
        });
        found.map(|erasure| erasure.id)
    }

    fn erasure(&mut self, order: Order, state: ErasureState) -> Option<&mut Erasure> {
        let mut all = self.erasures.iter_mut();
        all.find(|erasure| (erasure.organisation, erasure.id) == order && erasure.state == state)
    }

    fn erasing(&mut self, order: Order) -> Option<Account> {
        let account = self.erasure(order, ErasureState::Removing)?.account?;
        Some((order.0, account))
    }

    fn count(&mut self, order: Order, class: ErasedClass, rows: u64) {
        if let Some(erasure) = self.erasure(order, ErasureState::Removing) {
            *erasure.erased.entry(class).or_default() += rows;
        }
    }

    fn remove_workloads(&mut self, order: Order, scope: Scope) {
        let owner = owner_of(scope);
        let jobs = self.jobs.len();
        self.jobs.retain(|_, kept| kept.job.owner != owner);
        let files = self.files.files.values().filter(|file| file.owner == owner);
        let files: Vec<FileId> = files.map(|file| file.id).collect();
        for id in &files {
            self.files.remove(*id);
        }
        for (class, rows) in self.remove_libraries((scope.organisation, scope.account)) {
            self.count(order, class, rows);
        }
        self.count(order, ErasedClass::BatchJobs, (jobs - self.jobs.len()) as u64);
        self.count(order, ErasedClass::Files, files.len() as u64);
    }

    /// Everything but conversations.
    fn remove_account(&mut self, account: Account) -> Vec<(ErasedClass, u64)> {
        let (organisation, id) = account;
        let scope = Scope { organisation, account: id };
        let subjects = self.subjects_of(account);
        let budgets = self.budgets.len();
        self.budgets.retain(|(whose, budget), _| {
            *whose != organisation
                || match budget.scope {
                    BudgetScope::Key(key) => !subjects.contains(&SubjectId::Key(key)),
                    BudgetScope::Account(account) => account != id,
                    BudgetScope::Project(_) | BudgetScope::Organisation => true,
                }
        });
        let budgets = (budgets - self.budgets.len()) as u64;
        let mut destroyed = 0;
        for (_, key) in self.subject_keys.iter_mut().filter(|((whose, subject), key)| {
            *whose == organisation && subjects.contains(subject) && key.is_some()
        }) {
            *key = None;
            destroyed += 1;
        }
        let mut unlinked = 0;
        for row in self.usage.values_mut() {
            if (row.opened.organisation, row.opened.account) == account {
                row.opened.account = AccountId::from_uuid(Uuid::nil());
                row.opened.principal = Principal::Session(SessionId::from_uuid(Uuid::nil()));
                unlinked += 1;
            }
        }
        let counts = [
            (ErasedClass::Sessions, self.sessions.len()),
            (ErasedClass::SignInLinks, self.links.len()),
            (ErasedClass::ApiKeys, self.keys.len()),
            (ErasedClass::Identities, self.identities.len()),
            (ErasedClass::Drafts, self.drafts.len()),
            (ErasedClass::IdempotencyKeys, self.idempotency.len()),
            (ErasedClass::LiftedHolds, self.holds.len()),
            (ErasedClass::Accounts, self.accounts.len()),
        ];
        self.sessions
            .retain(|_, kept| (kept.session.organisation, kept.session.account) != account);
        self.links.retain(|_, kept| (kept.link.organisation, kept.link.account) != account);
        self.keys.retain(|_, kept| (kept.key.organisation, kept.key.account) != account);
        self.identities.retain(|kept| (kept.organisation, kept.account) != account);
        self.drafts.retain(|(whose, _), _| *whose != scope);
        self.idempotency.retain(|(whose, _), _| *whose != scope);
        self.holds.retain(|hold| (hold.organisation, hold.account) != (organisation, Some(id)));
        self.accounts.remove(&account);
        let left = [
            self.sessions.len(),
            self.links.len(),
            self.keys.len(),
            self.identities.len(),
            self.drafts.len(),
            self.idempotency.len(),
            self.holds.len(),
            self.accounts.len(),
        ];
        let mut all = self.remove_provisioned(account).to_vec();
        all.extend(self.unlink_libraries(account));
        all.push((ErasedClass::Budgets, budgets));
        all.push((ErasedClass::PseudonymKeys, destroyed));
        all.push((ErasedClass::UsageRecordsUnlinked, unlinked));
        let removed = counts.into_iter().zip(left);
        all.extend(removed.map(|((class, before), after)| (class, (before - after) as u64)));
        all
    }

    /// What a provider said of somebody, and who opened whose conversations.
    fn remove_provisioned(&mut self, account: Account) -> [(ErasedClass, u64); 3] {
        let (organisation, id) = account;
        let mut memberships = 0;
        for group in self.groups.values_mut().filter(|group| group.organisation == organisation) {
            let before = group.members.len();
            group.members.retain(|member| *member != id);
            memberships += (before - group.members.len()) as u64;
        }
        let said = u64::from(self.said.remove(&id).is_some());
        let before = self.openings.len();
        self.openings.retain(|_, opening| {
            let parties = [Some(opening.subject), Some(opening.requester)];
            let others = [opening.approved.map(|step| step.by), opening.closed.map(|step| step.by)];
            opening.organisation != organisation
                || parties.into_iter().chain(others).all(|party| party != Some(id))
        });
        [
            (ErasedClass::GroupMemberships, memberships),
            (ErasedClass::Provisioned, said),
            (ErasedClass::Openings, (before - self.openings.len()) as u64),
        ]
    }

    fn subjects_of(&self, account: Account) -> Vec<SubjectId> {
        let keys = self.keys.values().map(|kept| &kept.key);
        let keys = keys.filter(|key| (key.organisation, key.account) == account);
        let sessions = self.sessions.values().map(|kept| &kept.session);
        let sessions = sessions.filter(|one| (one.organisation, one.account) == account);
        let links = self.links.values().map(|kept| &kept.link);
        let links = links.filter(|link| (link.organisation, link.account) == account);
        [SubjectId::Account(account.1)]
            .into_iter()
            .chain(keys.map(|key| SubjectId::Key(key.id)))
            .chain(sessions.map(|session| SubjectId::Session(session.id)))
            .chain(links.map(|link| SubjectId::SignInLink(link.id)))
            .collect()
    }

    /// At most so many, none that is held.
    fn expired(&self, expired: &Expired) -> Vec<Row> {
        let Expired { organisation, class, before, count } = *expired;
        let free = |account| self.hold_on((organisation, account)).is_none();
        let mut rows: Vec<Row> = match class {
            RetentionClass::Conversations => {
                let old = self.conversations.iter().filter(|kept| {
                    let conversation = &kept.conversation;
                    let runs = |entry: &assistant::Entry| entry.state() == EntryState::Running;
                    conversation.scope.organisation == organisation
                        && conversation.updated_at < before
                        && !kept.entries.iter().any(runs)
                        && free(conversation.scope.account)
                });
                let drafts = self.drafts.iter().filter(|((scope, of), draft)| {
                    scope.organisation == organisation
                        && *of == DraftOf::New
                        && draft.updated_at < before
                        && free(scope.account)
                });
                let old = old
                    .map(|kept| Row::Conversation(kept.conversation.scope, kept.conversation.id));
                old.chain(drafts.map(|((scope, _), _)| Row::Draft(*scope))).collect()
            }
            RetentionClass::Files => {
                let free = |owner: Owner| owner.organisation == organisation && free(owner.account);
                let files = self.files.files.values().filter(|file| {
                    file.created_at < before
                        && self.reader_of(file.id).is_none()
                        && free(file.owner)
                });
                let jobs = self.jobs.values().filter(|kept| {
                    kept.job.ended_at.is_some_and(|at| at < before)
                        && kept.results.is_empty()
                        && free(kept.job.owner)
                });
                let files = files.map(|file| Row::File(file.id));
                files.chain(jobs.map(|kept| Row::Job(kept.job.id))).collect()
            }
            RetentionClass::Documents => {
                let old = self.expired_documents(organisation, before);
                old.into_iter().map(Row::Document).collect()
            }
            RetentionClass::Usage => {
                let old = self.usage.values().filter(|row| {
                    row.opened.organisation == organisation
                        && row.opened.opened_at < before
                        && row.outcome != RUNNING
                        && free(row.opened.account)
                });
                old.map(|row| Row::Usage(row.opened.request)).collect()
            }
            RetentionClass::SignIns => {
                let sessions = self.sessions.values().filter(|kept| {
                    kept.session.organisation == organisation
                        && kept.ended_at.unwrap_or(kept.session.expires_at) < before
                        && free(kept.session.account)
                });
                let links = self.links.values().filter(|kept| {
                    kept.link.organisation == organisation
                        && kept.link.expires_at < before
                        && free(kept.link.account)
                });
                let sessions = sessions.map(|kept| Row::Session(kept.session.id));
                sessions.chain(links.map(|kept| Row::Link(kept.link.id))).collect()
            }
            RetentionClass::Log => Vec::new(),
        };
        rows.truncate(count as usize);
        rows
    }

    fn remove_row(&mut self, organisation: OrganisationId, row: Row) {
        let subject = match row {
            Row::Conversation(scope, id) => return self.remove_conversation(scope, id),
            Row::Draft(scope) => return drop(self.drafts.remove(&(scope, DraftOf::New))),
            Row::File(id) => return self.files.remove(id),
            Row::Document(id) => return self.forget_document(id),
            Row::Job(id) => return drop(self.jobs.remove(&id)),
            Row::Usage(id) => return drop(self.usage.remove(&(organisation, id))),
            Row::Session(id) => {
                self.sessions.remove(&(organisation, id));
                SubjectId::Session(id)
            }
            Row::Link(id) => {
                self.links.remove(&(organisation, id));
                SubjectId::SignInLink(id)
            }
        };
        if let Some(key) = self.subject_keys.get_mut(&(organisation, subject)) {
            *key = None;
        }
    }
}
