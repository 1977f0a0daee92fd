use async_trait::async_trait;
use domain::{Caller, OrganisationId, RequestId, Timestamp};
use governance::AuditEntry;
use inference::{
    RUNNING, UsageFigures, UsageOpened, UsageOutcome, UsageRecord, UsageSettled,
    ports::{LedgerError, UsageLedger},
};

use super::{MemoryStore, Refusal, ledger_error};
use crate::UsageRows;

#[async_trait]
impl UsageLedger for MemoryStore {
    async fn open(&self, usage: &UsageOpened, audit: &AuditEntry) -> Result<(), LedgerError> {
        self.open_row(usage, audit).map_err(ledger_error("open the usage row"))
    }

    async fn settle(&self, usage: &UsageSettled) -> Result<(), LedgerError> {
        self.settle_row(usage).map_err(ledger_error("settle the usage row"))
    }

    async fn find(
        &self,
        caller: &Caller,
        request: RequestId,
    ) -> Result<Option<UsageRecord>, LedgerError> {
        let state = self.working().map_err(ledger_error("read the usage row"))?;
        let row = state.usage.get(&(caller.organisation, request));
        Ok(row.filter(|row| row.opened.account == caller.account).cloned())
    }

    async fn close_interrupted(&self, at: Timestamp) -> Result<u64, LedgerError> {
        let mut state = self.working().map_err(ledger_error("close interrupted requests"))?;
        let mut closed = 0;
        for row in state.usage.values_mut().filter(|row| row.outcome == RUNNING) {
            UsageOutcome::Interrupted.as_str().clone_into(&mut row.outcome);
            row.settled_at = Some(at);
            closed += 1;
        }
        Ok(closed)
    }
}

#[async_trait]
impl UsageRows for MemoryStore {
    async fn usage_rows(&self, organisation: OrganisationId) -> Vec<UsageRecord> {
        let mut rows = self.usage_records();
        rows.retain(|row| row.opened.organisation == organisation);
        rows
    }
}

impl MemoryStore {
    fn open_row(&self, usage: &UsageOpened, audit: &AuditEntry) -> Result<(), Refusal> {
        let mut state = self.working()?;
        state.check_entry(audit)?;
        let id = (usage.organisation, usage.request);
        if state.usage.contains_key(&id) {
            return Err(Refusal::Duplicate);
        }
        let row = UsageRecord {
            opened: usage.clone(),
            outcome: RUNNING.to_owned(),
            settled_at: None,
            figures: None,
        };
        state.usage.insert(id, row);
        state.audit.push(audit.clone());
        Ok(())
    }

    fn settle_row(&self, settled: &UsageSettled) -> Result<(), Refusal> {
        let mut state = self.working()?;
        let row = state.usage.get_mut(&(settled.organisation, settled.request));
        let row = row.ok_or(Refusal::UnknownRequest)?;
        if row.outcome == RUNNING {
            settled.outcome.as_str().clone_into(&mut row.outcome);
            row.settled_at = Some(settled.settled_at);
            row.figures = Some(UsageFigures::from(&settled.usage));
        }
        Ok(())
    }
}
