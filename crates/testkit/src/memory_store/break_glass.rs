//! Who asked for whose conversations, and who agreed.

use async_trait::async_trait;
use domain::{OpeningId, OrganisationId};
use governance::{
    AuditEntry, Opening,
    ports::{BreakGlassStore, StoreError},
};

use super::{MemoryStore, Refusal, store_error};

#[async_trait]
impl BreakGlassStore for MemoryStore {
    async fn insert_opening(
        &self,
        opening: &Opening,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.keep_opening(opening, audit).map_err(store_error("keep the opening"))
    }

    async fn opening(
        &self,
        organisation: OrganisationId,
        id: OpeningId,
    ) -> Result<Option<Opening>, StoreError> {
        let state = self.working().map_err(store_error("find the opening"))?;
        let found = state.openings.get(&id).filter(|opening| opening.organisation == organisation);
        Ok(found.cloned())
    }

    async fn openings(&self, organisation: OrganisationId) -> Result<Vec<Opening>, StoreError> {
        let state = self.working().map_err(store_error("list the openings"))?;
        let own = state.openings.values().filter(|opening| opening.organisation == organisation);
        let mut own: Vec<_> = own.cloned().collect();
        own.sort_by_key(|opening| std::cmp::Reverse((opening.requested_at, opening.id)));
        Ok(own)
    }

    async fn update_opening(
        &self,
        before: &Opening,
        after: &Opening,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        self.change_opening(before, after, audit).map_err(store_error("change the opening"))
    }
}

impl MemoryStore {
    fn keep_opening(&self, opening: &Opening, audit: &AuditEntry) -> Result<(), Refusal> {
        let mut state = self.working()?;
        state.check_entry(audit)?;
        for account in [opening.subject, opening.requester] {
            if !state.accounts.contains_key(&(opening.organisation, account)) {
                return Err(Refusal::UnknownAccount);
            }
        }
        if state.openings.contains_key(&opening.id) {
            return Err(Refusal::Duplicate);
        }
        state.openings.insert(opening.id, opening.clone());
        state.audit.push(audit.clone());
        Ok(())
    }

    fn change_opening(
        &self,
        before: &Opening,
        after: &Opening,
        audit: &AuditEntry,
    ) -> Result<bool, Refusal> {
        let mut state = self.working()?;
        if state.openings.get(&before.id) != Some(before) {
            return Ok(false);
        }
        state.check_entry(audit)?;
        state.openings.insert(after.id, after.clone());
        state.audit.push(audit.clone());
        Ok(true)
    }
}
