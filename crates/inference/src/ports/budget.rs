//! Limits, and what was used of them.

use async_trait::async_trait;
use domain::{Caller, OrganisationId, Timestamp};
use governance::AuditEntry;

use super::LedgerError;
use crate::{Budget, BudgetId, RequestUsage, Spent, UsagePage, UsageQuery, UsageReportRow};

/// Keeps limits, and adds usage rows up. Every implementation passes `testkit::budget_suite`.
#[async_trait]
pub trait BudgetStore: Send + Sync {
    /// The limits of an organisation, in the order of [`BudgetId`].
    async fn budgets(&self, organisation: OrganisationId) -> Result<Vec<Budget>, LedgerError>;

    /// Sets a limit in the place of the one before, together with its audit entry. `false`, and
    /// nothing is written, if the organisation has no such key, account or project.
    async fn put_budget(
        &self,
        budget: &Budget,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<bool, LedgerError>;

    /// Removes a limit together with its audit entry. `false`, and nothing is written, if there is
    /// none.
    async fn remove_budget(
        &self,
        organisation: OrganisationId,
        id: BudgetId,
        audit: &AuditEntry,
    ) -> Result<bool, LedgerError>;

    /// What requests used that began at `since` or later, in no particular order.
    async fn spent(
        &self,
        organisation: OrganisationId,
        since: Timestamp,
    ) -> Result<Vec<Spent>, LedgerError>;

    /// The rows that a query asks for, added up by what it splits them by and by their evidence, in
    /// that order.
    async fn usage(
        &self,
        organisation: OrganisationId,
        query: &UsageQuery,
    ) -> Result<Vec<UsageReportRow>, LedgerError>;

    /// The requests of the caller's account that a page holds, the newest first.
    async fn requests(
        &self,
        caller: &Caller,
        page: &UsagePage,
    ) -> Result<Vec<RequestUsage>, LedgerError>;
}
