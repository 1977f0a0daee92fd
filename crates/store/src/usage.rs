//! One row a request: opened when it is admitted, settled when it has ended.

mod write;

use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    Caller, KeyId, ModelDigest, OrganisationId, Principal, ProjectId, RequestId, SessionId,
    Timestamp,
};
use governance::AuditEntry;
use inference::{
    AnsweredShare, UsageFigures, UsageOpened, UsageRecord, UsageSettled, UsageTotal,
    ports::{LedgerError, UsageLedger},
};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};

use crate::{
    deployment,
    failure::{Failure, ledger_error},
    row::{Columns, bytes},
    store::Store,
    usage_share, usage_total,
    writer::Queued,
};

pub(crate) use write::Opening;

#[async_trait]
impl UsageLedger for Store {
    async fn open(&self, usage: &UsageOpened, audit: &AuditEntry) -> Result<(), LedgerError> {
        let opening = Opening { usage: usage.clone(), audit: audit.clone() };
        let opened = self.change_together(opening, Queued::Open).await;
        opened.map_err(ledger_error("open the usage row"))
    }

    async fn settle(&self, usage: &UsageSettled) -> Result<(), LedgerError> {
        let settled = self.change_together(usage.clone(), Queued::Settle).await;
        settled.map_err(ledger_error("settle the usage row"))
    }

    async fn find(
        &self,
        caller: &Caller,
        request: RequestId,
    ) -> Result<Option<UsageRecord>, LedgerError> {
        let caller = *caller;
        self.read(move |connection| Box::pin(find(connection, caller, request)))
            .await
            .map_err(ledger_error("read the usage row"))
    }

    async fn totals(&self, organisation: OrganisationId) -> Result<Vec<UsageTotal>, LedgerError> {
        self.read(move |connection| Box::pin(usage_total::read(connection, organisation)))
            .await
            .map_err(ledger_error("add up the usage rows"))
    }

    async fn shares(
        &self,
        organisation: OrganisationId,
        since: Timestamp,
    ) -> Result<Vec<AnsweredShare>, LedgerError> {
        self.read(move |connection| Box::pin(usage_share::read(connection, organisation, since)))
            .await
            .map_err(ledger_error("add up the usage rows"))
    }

    async fn close_interrupted(&self, at: Timestamp) -> Result<u64, LedgerError> {
        self.change(move |connection| Box::pin(async move { interrupt(connection, at).await }))
            .await
            .map_err(ledger_error("close interrupted requests"))
    }
}

/// The one statement over all tenants: it closes what a dead process left, whoever asked.
async fn interrupt(connection: &mut SqliteConnection, at: Timestamp) -> Result<u64, Failure> {
    let changed = sqlx::query(
        "UPDATE usage SET outcome = 'interrupted', settled_at = ?1 WHERE outcome = 'running'",
    )
    .bind(at.as_micros())
    .execute(connection)
    .await?;
    Ok(changed.rows_affected())
}

/// A request of another account is not there, as one that never was.
async fn find(
    connection: &mut SqliteConnection,
    caller: Caller,
    request: RequestId,
) -> Result<Option<UsageRecord>, Failure> {
    let row = sqlx::query(
        "SELECT u.*, d.statement FROM usage AS u LEFT JOIN deployment AS d \
         ON d.id = u.deployment_id \
         WHERE u.organisation_id = ?1 AND u.request_id = ?2 AND u.account_id = ?3",
    )
    .bind(bytes(caller.organisation.as_uuid()))
    .bind(bytes(request.as_uuid()))
    .bind(bytes(caller.account.as_uuid()))
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(record).transpose()
}

/// Of a row of `usage`, with the `statement` of its deployment.
pub(crate) fn record(row: &SqliteRow) -> Result<UsageRecord, Failure> {
    let columns = Columns(row);
    let statement: Option<&str> = row.try_get("statement")?;
    let digest: Option<&[u8]> = row.try_get("model_digest")?;
    let digest = digest.map(|_| columns.array("model_digest").map(ModelDigest::from_bytes));
    let unreadable = |_| Failure::Unreadable { column: "model" };
    let opened = UsageOpened {
        request: RequestId::from_uuid(columns.uuid("request_id")?),
        organisation: OrganisationId::from_uuid(columns.uuid("organisation_id")?),
        project: ProjectId::from_uuid(columns.uuid("project_id")?),
        account: columns.account("account_id")?,
        principal: principal(row)?,
        model: row.try_get::<&str, _>("model")?.parse().map_err(unreadable)?,
        prompt_tokens: row.try_get("prompt_tokens_sent")?,
        opened_at: columns.time("opened_at")?,
        digest: digest.transpose()?,
        deployment: statement.map(deployment::read).transpose()?.map(Arc::new),
    };
    Ok(UsageRecord {
        opened,
        outcome: columns.text("outcome")?,
        settled_at: columns.time_if_any("settled_at")?,
        figures: figures(row)?,
    })
}

fn principal(row: &SqliteRow) -> Result<Principal, Failure> {
    let columns = Columns(row);
    match row.try_get("principal")? {
        "key" => Ok(Principal::Key(KeyId::from_uuid(columns.uuid("principal_id")?))),
        "session" => Ok(Principal::Session(SessionId::from_uuid(columns.uuid("principal_id")?))),
        "operator" => Ok(Principal::Operator),
        _ => Err(Failure::Unreadable { column: "principal" }),
    }
}

/// `None` while the request runs, and for good when its process died.
fn figures(row: &SqliteRow) -> Result<Option<UsageFigures>, Failure> {
    let Some(prompt_tokens) = row.try_get("prompt_tokens")? else {
        return Ok(None);
    };
    let columns = Columns(row);
    Ok(Some(UsageFigures {
        prompt_tokens,
        completion_tokens: row.try_get("completion_tokens")?,
        cpu_seconds: row.try_get("cpu_seconds")?,
        energy_joules: row.try_get("energy_joules")?,
        energy_method: columns.text("energy_method")?,
        energy_uncertainty_percent: row.try_get("energy_uncertainty_percent")?,
        co2e_grams: row.try_get("co2e_grams")?,
        co2e_method: columns.text("co2e_method")?,
        co2e_uncertainty_percent: row.try_get("co2e_uncertainty_percent")?,
        grid_factor_grams_per_kwh: row.try_get("grid_factor_grams_per_kwh")?,
        grid_factor_year: row.try_get("grid_factor_year")?,
        grid_factor_source: columns.text("grid_factor_source")?,
        grid_factor_uncertainty_percent: row.try_get("grid_factor_uncertainty_percent")?,
        grid_zone: columns.text("grid_zone")?,
        site: columns.text("site")?,
    }))
}
