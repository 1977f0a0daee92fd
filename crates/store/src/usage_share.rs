//! Adds usage rows up by who answered.

use std::collections::BTreeMap;

use domain::{OrganisationId, ProjectId, Timestamp};
use inference::{AnsweredBy, AnsweredShare};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};

use crate::{
    budget::count,
    deployment,
    failure::Failure,
    row::{Columns, bytes},
};

/// Project, model and upstream: deployments of different times may be one engine.
type Place = (ProjectId, String, Option<String>);

/// Nobody has answered what runs, failed, or was cut off with its process.
pub(crate) async fn read(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
    since: Timestamp,
) -> Result<Vec<AnsweredShare>, Failure> {
    let rows = sqlx::query(
        "SELECT u.project_id, u.model, d.statement, COUNT(*) AS requests, \
         SUM(COALESCE(u.prompt_tokens, 0) + COALESCE(u.completion_tokens, 0)) AS tokens \
         FROM usage AS u LEFT JOIN deployment AS d ON d.id = u.deployment_id \
         WHERE u.organisation_id = ?1 AND u.opened_at >= ?2 \
         AND u.outcome IN ('finished', 'cancelled') GROUP BY 1, 2, 3",
    )
    .bind(bytes(organisation.as_uuid()))
    .bind(since.as_micros())
    .fetch_all(connection)
    .await?;
    let mut shares: BTreeMap<Place, AnsweredShare> = BTreeMap::new();
    for row in &rows {
        let share = share(row)?;
        let place = (share.project, share.model.to_string(), share.upstream.clone());
        match shares.get_mut(&place) {
            Some(known) => {
                known.requests += share.requests;
                known.tokens += share.tokens;
                known.is_own = share.is_own;
            }
            None => {
                shares.insert(place, share);
            }
        }
    }
    Ok(shares.into_values().collect())
}

fn share(row: &SqliteRow) -> Result<AnsweredShare, Failure> {
    let columns = Columns(row);
    let unreadable = |_| Failure::Unreadable { column: "model" };
    let statement: Option<&str> = row.try_get("statement")?;
    let (upstream, is_own) = match statement.map(deployment::read).transpose()? {
        Some(deployment) => match deployment.engine {
            AnsweredBy::Here(_) => (None, true),
            AnsweredBy::Upstream(engine) => (Some(engine.id), engine.is_own),
        },
        // Rows from before deployments were noted are of this server.
        None => (None, true),
    };
    Ok(AnsweredShare {
        project: ProjectId::from_uuid(columns.uuid("project_id")?),
        model: row.try_get::<&str, _>("model")?.parse().map_err(unreadable)?,
        upstream,
        is_own,
        requests: count(row, "requests")?,
        tokens: count(row, "tokens")?,
    })
}
