//! Notes how long each request waits for its row and its entry to be durable.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use domain::{Caller, OrganisationId, RequestId, Timestamp};
use governance::AuditEntry;
use inference::{
    AnsweredShare, UsageOpened, UsageRecord, UsageSettled, UsageTotal,
    ports::{LedgerError, UsageLedger},
};
use tokio::time::Instant;

pub(crate) struct TimedLedger {
    ledger: Arc<dyn UsageLedger>,
    // A lock and not a task: nothing waits while it is held.
    times: Mutex<[Vec<f64>; 2]>,
}

impl TimedLedger {
    pub(crate) fn new(ledger: Arc<dyn UsageLedger>) -> Self {
        Self { ledger, times: Mutex::default() }
    }

    /// Milliseconds of everything opened, and of everything settled, since the last call.
    pub(crate) fn take(&self) -> [Vec<f64>; 2] {
        std::mem::take(&mut *self.times.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, which: usize, since: Instant) {
        let time = since.elapsed().as_secs_f64() * 1e3;
        self.times.lock().unwrap_or_else(PoisonError::into_inner)[which].push(time);
    }
}

#[async_trait]
impl UsageLedger for TimedLedger {
    async fn open(&self, usage: &UsageOpened, audit: &AuditEntry) -> Result<(), LedgerError> {
        let start = Instant::now();
        self.ledger.open(usage, audit).await?;
        self.note(0, start);
        Ok(())
    }

    async fn settle(&self, usage: &UsageSettled) -> Result<(), LedgerError> {
        let start = Instant::now();
        self.ledger.settle(usage).await?;
        self.note(1, start);
        Ok(())
    }

    async fn find(
        &self,
        caller: &Caller,
        request: RequestId,
    ) -> Result<Option<UsageRecord>, LedgerError> {
        self.ledger.find(caller, request).await
    }

    async fn totals(&self, organisation: OrganisationId) -> Result<Vec<UsageTotal>, LedgerError> {
        self.ledger.totals(organisation).await
    }

    async fn shares(
        &self,
        organisation: OrganisationId,
        since: Timestamp,
    ) -> Result<Vec<AnsweredShare>, LedgerError> {
        self.ledger.shares(organisation, since).await
    }

    async fn close_interrupted(&self, at: Timestamp) -> Result<u64, LedgerError> {
        self.ledger.close_interrupted(at).await
    }
}
