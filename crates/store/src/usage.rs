//! One row a request: opened when it is admitted, settled when it has ended.

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
use uuid::Uuid;

use crate::{
    audit, deployment,
    failure::{Failure, ledger_error},
    row::{Columns, bytes},
    store::Store,
    usage_share, usage_total,
};

#[async_trait]
impl UsageLedger for Store {
    async fn open(&self, usage: &UsageOpened, audit: &AuditEntry) -> Result<(), LedgerError> {
        let (usage, entry) = (usage.clone(), audit.clone());
        self.change(move |connection| {
            Box::pin(async move {
                insert(connection, &usage).await?;
                audit::insert(connection, &entry).await
            })
        })
        .await
        .map_err(ledger_error("open the usage row"))
    }

    async fn settle(&self, usage: &UsageSettled) -> Result<(), LedgerError> {
        let usage = usage.clone();
        self.change(move |connection| Box::pin(async move { settle(connection, &usage).await }))
            .await
            .map_err(ledger_error("settle the usage row"))
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

async fn insert(connection: &mut SqliteConnection, usage: &UsageOpened) -> Result<(), Failure> {
    let (principal, principal_id) = principal_columns(usage.principal);
    let deployment = match &usage.deployment {
        Some(deployment) => Some(deployment::row_of(&mut *connection, deployment).await?),
        None => None,
    };
    sqlx::query(
        "INSERT INTO usage (organisation_id, request_id, project_id, principal, principal_id, \
         model, prompt_tokens_sent, opened_at, model_digest, deployment_id, account_id) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )
    .bind(bytes(usage.organisation.as_uuid()))
    .bind(bytes(usage.request.as_uuid()))
    .bind(bytes(usage.project.as_uuid()))
    .bind(principal)
    .bind(principal_id.map(bytes))
    .bind(usage.model.as_str())
    .bind(usage.prompt_tokens)
    .bind(usage.opened_at.as_micros())
    .bind(usage.digest.map(|digest| digest.as_bytes().to_vec()))
    .bind(deployment)
    .bind(bytes(usage.account.as_uuid()))
    .execute(connection)
    .await?;
    Ok(())
}

async fn settle(connection: &mut SqliteConnection, settled: &UsageSettled) -> Result<(), Failure> {
    let usage = &settled.usage;
    let deployment = match &settled.answered_by {
        Some(deployment) => Some(deployment::row_of(&mut *connection, deployment).await?),
        None => None,
    };
    let footprint = &usage.footprint;
    let changed = sqlx::query(
        "UPDATE usage SET outcome = ?3, settled_at = ?4, prompt_tokens = ?5, \
         completion_tokens = ?6, cpu_seconds = ?7, energy_joules = ?8, energy_method = ?9, \
         energy_uncertainty_percent = ?10, co2e_grams = ?11, co2e_method = ?12, \
         co2e_uncertainty_percent = ?13, grid_factor_grams_per_kwh = ?14, \
         grid_factor_year = ?15, grid_factor_source = ?16, \
         grid_factor_uncertainty_percent = ?17, grid_zone = ?18, site = ?19, \
         cost_microeuros = ?20, deployment_id = coalesce(?21, deployment_id) \
         WHERE organisation_id = ?1 AND request_id = ?2 AND outcome = 'running'",
    )
    .bind(bytes(settled.organisation.as_uuid()))
    .bind(bytes(settled.request.as_uuid()))
    .bind(settled.outcome.as_str())
    .bind(settled.settled_at.as_micros())
    .bind(usage.prompt_tokens)
    .bind(usage.completion_tokens)
    .bind(usage.cpu_seconds)
    .bind(footprint.energy.joules.value())
    .bind(footprint.energy.method.as_str())
    .bind(footprint.energy.uncertainty.percent())
    .bind(footprint.emissions.grams.value())
    .bind(footprint.emissions.method.as_str())
    .bind(footprint.emissions.uncertainty.percent())
    .bind(footprint.factor.grams_per_kwh)
    .bind(footprint.factor.year)
    .bind(footprint.factor.source)
    .bind(footprint.factor.uncertainty.percent())
    .bind(footprint.factor.zone)
    .bind(&usage.site.name)
    .bind(settled.cost.map(|cost| i64::try_from(cost.0).unwrap_or(i64::MAX)))
    .bind(deployment)
    .execute(&mut *connection)
    .await?;
    if changed.rows_affected() == 0 { must_exist(connection, settled).await } else { Ok(()) }
}

/// A row that is settled already stays as it is; one that was never opened is a mistake.
async fn must_exist(
    connection: &mut SqliteConnection,
    settled: &UsageSettled,
) -> Result<(), Failure> {
    let found = sqlx::query("SELECT 1 FROM usage WHERE organisation_id = ?1 AND request_id = ?2")
        .bind(bytes(settled.organisation.as_uuid()))
        .bind(bytes(settled.request.as_uuid()))
        .fetch_optional(connection)
        .await?;
    found.map(drop).ok_or(Failure::UnknownRequest { request: settled.request })
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

const fn principal_columns(principal: Principal) -> (&'static str, Option<Uuid>) {
    match principal {
        Principal::Key(id) => ("key", Some(id.as_uuid())),
        Principal::Session(id) => ("session", Some(id.as_uuid())),
        Principal::Operator => ("operator", None),
    }
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

fn record(row: &SqliteRow) -> Result<UsageRecord, Failure> {
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
