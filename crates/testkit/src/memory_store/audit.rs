use async_trait::async_trait;
use domain::OrganisationId;
use governance::{
    AuditEntry,
    ports::{AuditStore, StoreError},
};

use super::{MemoryStore, Refusal, store_error};

#[async_trait]
impl AuditStore for MemoryStore {
    async fn append(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.append_entry(entry).map_err(store_error("append to the audit trail"))
    }

    async fn read_after(
        &self,
        organisation: Option<OrganisationId>,
        sequence: u64,
        limit: u32,
    ) -> Result<Vec<(u64, AuditEntry)>, StoreError> {
        let state = self.working().map_err(store_error("read the audit trail"))?;
        let numbered = (1_u64..).zip(state.audit.iter().cloned());
        let asked = numbered
            .filter(|(number, entry)| *number > sequence && entry.organisation == organisation);
        Ok(asked.take(limit as usize).collect())
    }
}

impl MemoryStore {
    fn append_entry(&self, entry: &AuditEntry) -> Result<(), Refusal> {
        let mut state = self.working()?;
        state.check_entry(entry)?;
        state.audit.push(entry.clone());
        Ok(())
    }
}
