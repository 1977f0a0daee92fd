//! Limits of one organisation on a store that does not answer for another.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{Caller, OrganisationId, Timestamp};
use governance::{AuditEntry, LogGate, Trail, TrailParts};
use inference::{
    Budget, BudgetId, RequestUsage, Spent, UsagePage, UsageQuery, UsageReportRow,
    ports::{BudgetStore, LedgerError},
};
use testkit::{MemoryStore, SeededIds, SeededSecrets, SimulatedClock, without_budgets};
use tokio::{sync::Notify, time::timeout};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::{HANG, caller};

/// Adds the rows of one organisation up when it is told to.
struct SlowStore {
    store: Arc<MemoryStore>,
    slow: OrganisationId,
    asked: Notify,
    go_on: Notify,
}

#[async_trait]
impl BudgetStore for SlowStore {
    async fn budgets(&self, organisation: OrganisationId) -> Result<Vec<Budget>, LedgerError> {
        self.store.budgets(organisation).await
    }

    async fn put_budget(
        &self,
        budget: &Budget,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<bool, LedgerError> {
        self.store.put_budget(budget, at, audit).await
    }

    async fn remove_budget(
        &self,
        organisation: OrganisationId,
        id: BudgetId,
        audit: &AuditEntry,
    ) -> Result<bool, LedgerError> {
        self.store.remove_budget(organisation, id, audit).await
    }

    async fn spent(
        &self,
        organisation: OrganisationId,
        since: Timestamp,
    ) -> Result<Vec<Spent>, LedgerError> {
        if organisation == self.slow {
            self.asked.notify_one();
            self.go_on.notified().await;
        }
        self.store.spent(organisation, since).await
    }

    async fn usage(
        &self,
        organisation: OrganisationId,
        query: &UsageQuery,
    ) -> Result<Vec<UsageReportRow>, LedgerError> {
        self.store.usage(organisation, query).await
    }

    async fn requests(
        &self,
        caller: &Caller,
        page: &UsagePage,
    ) -> Result<Vec<RequestUsage>, LedgerError> {
        self.store.requests(caller, page).await
    }
}

#[tokio::test]
async fn nobody_waits_for_the_rows_of_another_organisation() {
    let store = Arc::new(MemoryStore::default());
    let clock = Arc::new(SimulatedClock::default());
    let trail = Trail::new(TrailParts {
        audit: store.clone(),
        access: store.clone(),
        clock: clock.clone(),
        ids: Arc::new(SeededIds::new(1)),
        secrets: Arc::new(SeededSecrets::new(2)),
        gate: LogGate::default(),
    });
    let organisation = OrganisationId::from_uuid(Uuid::from_u128(9));
    let (one, other) = (caller(), Caller { organisation, ..caller() });
    let (asked, go_on) = (Notify::new(), Notify::new());
    let slow = Arc::new(SlowStore { store, slow: organisation, asked, go_on });
    let budgets = without_budgets(slow.clone(), trail, clock);
    let waiting = TaskTracker::new().spawn({
        let budgets = budgets.clone();
        async move { budgets.list(&other).await }
    });
    timeout(HANG, slow.asked.notified()).await.expect("its rows are added up");
    let limits = timeout(HANG, budgets.list(&one)).await.expect("waits for nobody");
    assert_eq!(limits.expect("read"), []);
    slow.go_on.notify_one();
    let limits = timeout(HANG, waiting).await.expect("goes on").expect("no panic");
    assert_eq!(limits.expect("read"), []);
}
