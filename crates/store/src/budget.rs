//! Limits on what is used, and the sums that they are compared with.

use async_trait::async_trait;
use domain::{AccountId, Caller, KeyId, Month, OrganisationId, ProjectId, Timestamp};
use governance::AuditEntry;
use inference::{
    Amounts, Budget, BudgetId, BudgetScope, RequestUsage, Spent, UsagePage, UsageQuery,
    UsageReportRow,
    ports::{BudgetStore, LedgerError},
};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};
use uuid::Uuid;

use crate::{
    audit,
    failure::{Failure, ledger_error},
    row::{Columns, bytes},
    store::Store,
    usage_page, usage_report,
};

#[async_trait]
impl BudgetStore for Store {
    async fn budgets(&self, organisation: OrganisationId) -> Result<Vec<Budget>, LedgerError> {
        self.read(move |connection| Box::pin(all(connection, organisation)))
            .await
            .map_err(ledger_error("read the limits"))
    }

    async fn put_budget(
        &self,
        budget: &Budget,
        at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<bool, LedgerError> {
        let (budget, entry) = (*budget, audit.clone());
        self.change(move |connection| {
            Box::pin(async move {
                let is_there = has(connection, budget.organisation, budget.id.scope).await?;
                if is_there {
                    put(connection, budget, at).await?;
                    audit::insert(connection, &entry).await?;
                }
                Ok(is_there)
            })
        })
        .await
        .map_err(ledger_error("set the limit"))
    }

    async fn remove_budget(
        &self,
        organisation: OrganisationId,
        id: BudgetId,
        audit: &AuditEntry,
    ) -> Result<bool, LedgerError> {
        let entry = audit.clone();
        self.change(move |connection| {
            Box::pin(async move {
                let was_there = remove(connection, organisation, id).await?;
                if was_there {
                    audit::insert(connection, &entry).await?;
                }
                Ok(was_there)
            })
        })
        .await
        .map_err(ledger_error("remove the limit"))
    }

    async fn spent(
        &self,
        organisation: OrganisationId,
        since: Timestamp,
    ) -> Result<Vec<Spent>, LedgerError> {
        self.read(move |connection| Box::pin(spent(connection, organisation, since)))
            .await
            .map_err(ledger_error("add up what was used"))
    }

    async fn usage(
        &self,
        organisation: OrganisationId,
        query: &UsageQuery,
    ) -> Result<Vec<UsageReportRow>, LedgerError> {
        let query = *query;
        self.read(move |connection| Box::pin(usage_report::read(connection, organisation, query)))
            .await
            .map_err(ledger_error("add up what was used"))
    }

    async fn requests(
        &self,
        caller: &Caller,
        page: &UsagePage,
    ) -> Result<Vec<RequestUsage>, LedgerError> {
        let (caller, page) = (*caller, page.clone());
        self.read(move |connection| Box::pin(usage_page::read(connection, caller, page)))
            .await
            .map_err(ledger_error("read the usage rows"))
    }
}

fn scope_id(organisation: OrganisationId, scope: BudgetScope) -> Uuid {
    match scope {
        BudgetScope::Key(id) => id.as_uuid(),
        BudgetScope::Account(id) => id.as_uuid(),
        BudgetScope::Project(id) => id.as_uuid(),
        BudgetScope::Organisation => organisation.as_uuid(),
    }
}

async fn has(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
    scope: BudgetScope,
) -> Result<bool, Failure> {
    let statement = match scope {
        BudgetScope::Key(_) => "SELECT 1 FROM api_key WHERE organisation_id = ?1 AND id = ?2",
        BudgetScope::Account(_) => "SELECT 1 FROM account WHERE organisation_id = ?1 AND id = ?2",
        BudgetScope::Project(_) => "SELECT 1 FROM project WHERE organisation_id = ?1 AND id = ?2",
        BudgetScope::Organisation => "SELECT 1 FROM organisation WHERE id = ?1 AND id = ?2",
    };
    let found = sqlx::query(statement)
        .bind(bytes(organisation.as_uuid()))
        .bind(bytes(scope_id(organisation, scope)))
        .fetch_optional(connection)
        .await?;
    Ok(found.is_some())
}

async fn put(
    connection: &mut SqliteConnection,
    budget: Budget,
    at: Timestamp,
) -> Result<(), Failure> {
    let Budget { organisation, id, amount } = budget;
    sqlx::query(
        "INSERT INTO budget (organisation_id, scope, scope_id, quantity, amount, set_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET amount = ?5, set_at = ?6",
    )
    .bind(bytes(organisation.as_uuid()))
    .bind(id.scope.kind())
    .bind(bytes(scope_id(organisation, id.scope)))
    .bind(id.quantity.as_str())
    .bind(i64::try_from(amount).unwrap_or(i64::MAX))
    .bind(at.as_micros())
    .execute(connection)
    .await?;
    Ok(())
}

async fn remove(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
    id: BudgetId,
) -> Result<bool, Failure> {
    let removed = sqlx::query(
        "DELETE FROM budget \
         WHERE organisation_id = ?1 AND scope = ?2 AND scope_id = ?3 AND quantity = ?4",
    )
    .bind(bytes(organisation.as_uuid()))
    .bind(id.scope.kind())
    .bind(bytes(scope_id(organisation, id.scope)))
    .bind(id.quantity.as_str())
    .execute(connection)
    .await?;
    Ok(removed.rows_affected() > 0)
}

async fn all(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
) -> Result<Vec<Budget>, Failure> {
    let rows = sqlx::query("SELECT * FROM budget WHERE organisation_id = ?1")
        .bind(bytes(organisation.as_uuid()))
        .fetch_all(connection)
        .await?;
    let mut all = rows.iter().map(budget).collect::<Result<Vec<_>, _>>()?;
    all.sort();
    Ok(all)
}

fn budget(row: &SqliteRow) -> Result<Budget, Failure> {
    let columns = Columns(row);
    let scope = match row.try_get("scope")? {
        "key" => BudgetScope::Key(columns.key("scope_id")?),
        "account" => BudgetScope::Account(columns.account("scope_id")?),
        "project" => BudgetScope::Project(columns.project("scope_id")?),
        "organisation" => BudgetScope::Organisation,
        _ => return Err(Failure::Unreadable { column: "scope" }),
    };
    Ok(Budget {
        organisation: columns.organisation("organisation_id")?,
        id: BudgetId { scope, quantity: columns.word("quantity")? },
        amount: count(row, "amount")?,
    })
}

/// One statement, so that all sums are of one moment.
async fn spent(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
    since: Timestamp,
) -> Result<Vec<Spent>, Failure> {
    let rows = sqlx::query(
        "SELECT 12 * CAST(strftime('%Y', opened_at / 1000000, 'unixepoch') AS INTEGER) \
         + CAST(strftime('%m', opened_at / 1000000, 'unixepoch') AS INTEGER) - 1 AS month, \
         project_id, account_id, CASE principal WHEN 'key' THEN principal_id END AS key_id, model, \
         COALESCE(SUM(prompt_tokens + completion_tokens), 0) AS tokens, \
         COALESCE(SUM(cost_microeuros), 0) AS microeuros, \
         COALESCE(SUM(CAST(ROUND(energy_joules * 1000) AS INTEGER)), 0) AS millijoules, \
         COALESCE(SUM(CASE WHEN prompt_tokens IS NULL THEN prompt_tokens_sent END), 0) AS unsettled \
         FROM usage WHERE organisation_id = ?1 AND opened_at >= ?2 GROUP BY 1, 2, 3, 4, 5",
    )
    .bind(bytes(organisation.as_uuid()))
    .bind(since.as_micros())
    .fetch_all(connection)
    .await?;
    rows.iter().map(spent_row).collect()
}

fn spent_row(row: &SqliteRow) -> Result<Spent, Failure> {
    let columns = Columns(row);
    let unreadable = |_| Failure::Unreadable { column: "model" };
    Ok(Spent {
        month: Month::from_number(row.try_get("month")?),
        project: ProjectId::from_uuid(columns.uuid("project_id")?),
        account: columns.uuid_if_any("account_id")?.map(AccountId::from_uuid),
        key: columns.uuid_if_any("key_id")?.map(KeyId::from_uuid),
        model: row.try_get::<&str, _>("model")?.parse().map_err(unreadable)?,
        amounts: Amounts {
            tokens: count(row, "tokens")?,
            microeuros: count(row, "microeuros")?,
            millijoules: count(row, "millijoules")?,
        },
        unsettled_prompt_tokens: count(row, "unsettled")?,
    })
}

pub(crate) fn count(row: &SqliteRow, column: &'static str) -> Result<u64, Failure> {
    let count: i64 = row.try_get(column)?;
    u64::try_from(count).map_err(|_| Failure::Unreadable { column })
}
