//! Rows of many requests that begin or end at the same time, in a few statements.

use std::sync::LazyLock;

use domain::Principal;
use governance::AuditEntry;
use inference::{UsageOpened, UsageSettled};
use sqlx::{Sqlite, SqliteConnection, query::Query, sqlite::SqliteArguments};
use uuid::Uuid;

use crate::{
    audit, deployment,
    failure::Failure,
    row::bytes,
    rows::Rows,
    writer::{Running, Together},
};

static INSERT: LazyLock<Rows> = LazyLock::new(|| {
    let head = "INSERT INTO usage (organisation_id, request_id, project_id, principal, \
                principal_id, model, prompt_tokens_sent, opened_at, model_digest, deployment_id, \
                account_id) VALUES ";
    Rows::new(head, 11, "")
});

static SETTLE: LazyLock<Rows> = LazyLock::new(|| {
    let head = "UPDATE usage SET outcome = ended.column3, settled_at = ended.column4, \
                prompt_tokens = ended.column5, completion_tokens = ended.column6, \
                cpu_seconds = ended.column7, energy_joules = ended.column8, \
                energy_method = ended.column9, energy_uncertainty_percent = ended.column10, \
                co2e_grams = ended.column11, co2e_method = ended.column12, \
                co2e_uncertainty_percent = ended.column13, \
                grid_factor_grams_per_kwh = ended.column14, grid_factor_year = ended.column15, \
                grid_factor_source = ended.column16, \
                grid_factor_uncertainty_percent = ended.column17, grid_zone = ended.column18, \
                site = ended.column19, cost_microeuros = ended.column20, \
                deployment_id = coalesce(ended.column21, deployment_id) FROM (VALUES ";
    let tail = ") AS ended WHERE usage.organisation_id = ended.column1 \
                AND usage.request_id = ended.column2 AND usage.outcome = 'running'";
    Rows::new(head, 21, tail)
});

/// A request that begins, and the entry that tells of it: both or neither.
pub(crate) struct Opening {
    pub(crate) usage: UsageOpened,
    pub(crate) audit: AuditEntry,
}

impl Together for Opening {
    fn is_one_statement(&self) -> bool {
        false
    }

    fn write<'c>(
        connection: &'c mut SqliteConnection,
        openings: &'c [&'c Self],
    ) -> Running<'c, ()> {
        Box::pin(async move {
            insert(connection, openings).await?;
            let entries: Vec<_> = openings.iter().map(|opening| &opening.audit).collect();
            audit::insert_all(connection, &entries).await
        })
    }
}

impl Together for UsageSettled {
    /// Who answered has a row of its own, which may have to be made.
    fn is_one_statement(&self) -> bool {
        self.answered_by.is_none()
    }

    fn write<'c>(connection: &'c mut SqliteConnection, settled: &'c [&'c Self]) -> Running<'c, ()> {
        Box::pin(settle(connection, settled))
    }
}

type Bound<'q> = Query<'q, Sqlite, SqliteArguments>;

async fn insert(connection: &mut SqliteConnection, openings: &[&Opening]) -> Result<(), Failure> {
    let deployments = openings.iter().map(|opening| opening.usage.deployment.as_ref());
    let deployments = deployment::rows_of(&mut *connection, deployments).await?;
    let rows: Vec<_> = openings.iter().map(|opening| &opening.usage).zip(deployments).collect();
    for (statement, rows) in INSERT.of(&rows) {
        let bound = rows.iter().fold(sqlx::query(statement), |query, (usage, deployment)| {
            bind_opened(query, usage, *deployment)
        });
        bound.execute(&mut *connection).await?;
    }
    Ok(())
}

fn bind_opened<'q>(query: Bound<'q>, usage: &'q UsageOpened, deployment: Option<i64>) -> Bound<'q> {
    let (principal, principal_id) = principal_columns(usage.principal);
    query
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
}

async fn settle(
    connection: &mut SqliteConnection,
    settled: &[&UsageSettled],
) -> Result<(), Failure> {
    let deployments = settled.iter().map(|settled| settled.answered_by.as_ref());
    let deployments = deployment::rows_of(&mut *connection, deployments).await?;
    let rows: Vec<_> = settled.iter().copied().zip(deployments).collect();
    for (statement, rows) in SETTLE.of(&rows) {
        let bound = rows.iter().fold(sqlx::query(statement), |query, (settled, deployment)| {
            bind_settled(query, settled, *deployment)
        });
        let changed = bound.execute(&mut *connection).await?.rows_affected();
        if usize::try_from(changed) != Ok(rows.len()) {
            must_exist(connection, rows.iter().map(|(settled, _)| *settled)).await?;
        }
    }
    Ok(())
}

fn bind_settled<'q>(
    query: Bound<'q>,
    settled: &'q UsageSettled,
    deployment: Option<i64>,
) -> Bound<'q> {
    let usage = &settled.usage;
    let footprint = &usage.footprint;
    query
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
}

/// Rows that are settled already stay as they are; one that was never opened is a mistake.
async fn must_exist(
    connection: &mut SqliteConnection,
    settled: impl Iterator<Item = &UsageSettled>,
) -> Result<(), Failure> {
    for settled in settled {
        let found =
            sqlx::query("SELECT 1 FROM usage WHERE organisation_id = ?1 AND request_id = ?2")
                .bind(bytes(settled.organisation.as_uuid()))
                .bind(bytes(settled.request.as_uuid()))
                .fetch_optional(&mut *connection)
                .await?;
        found.ok_or(Failure::UnknownRequest { request: settled.request })?;
    }
    Ok(())
}

const fn principal_columns(principal: Principal) -> (&'static str, Option<Uuid>) {
    match principal {
        Principal::Key(id) => ("key", Some(id.as_uuid())),
        Principal::Session(id) => ("session", Some(id.as_uuid())),
        Principal::Operator => ("operator", None),
    }
}
