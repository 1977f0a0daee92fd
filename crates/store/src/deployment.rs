//! What answers requests: JSON in a table of its own, one row for each that ever was.

use std::sync::Arc;

use inference::{AnsweredBy, Declared, Deployment, EngineBuild, UpstreamEngine};
use serde_json::{Value, json};
use sqlx::SqliteConnection;

use crate::failure::Failure;

const COLUMN: &str = "statement";
/// The member that only statements of upstreams have.
const UPSTREAM: &str = "upstream";

/// The rows of deployments; made now where there are none. Most requests share a few.
pub(crate) async fn rows_of<'d>(
    connection: &mut SqliteConnection,
    deployments: impl Iterator<Item = Option<&'d Arc<Deployment>>>,
) -> Result<Vec<Option<i64>>, Failure> {
    let mut known: Vec<(&Arc<Deployment>, i64)> = Vec::new();
    let mut rows = Vec::new();
    for deployment in deployments {
        let Some(deployment) = deployment else {
            rows.push(None);
            continue;
        };
        let found = known.iter().find(|(one, _)| Arc::ptr_eq(one, deployment));
        let row = if let Some((_, row)) = found {
            *row
        } else {
            let row = row_of(connection, deployment).await?;
            known.push((deployment, row));
            row
        };
        rows.push(Some(row));
    }
    Ok(rows)
}

/// The row of a deployment; made now if there is none.
async fn row_of(
    connection: &mut SqliteConnection,
    deployment: &Deployment,
) -> Result<i64, Failure> {
    const FIND: &str = "SELECT id FROM deployment WHERE statement = ?1";
    let statement = write(deployment);
    let found = sqlx::query_scalar(FIND).bind(&statement).fetch_optional(&mut *connection).await?;
    if let Some(id) = found {
        return Ok(id);
    }
    let made = sqlx::query("INSERT INTO deployment (statement) VALUES (?1)")
        .bind(&statement)
        .execute(connection)
        .await?;
    Ok(made.last_insert_rowid())
}

fn write(deployment: &Deployment) -> String {
    let Deployment { engine, declared } = deployment;
    let mut statement = json!({
        "country": declared.country,
        "grid_zone": declared.grid_zone,
        "operator": declared.operator,
        "operator_country": declared.operator_country,
        "parent_country": declared.parent_country,
        "site": declared.site,
    });
    match engine {
        AnsweredBy::Here(EngineBuild { version, commit, cpu_path, kv_cache_type }) => {
            statement["commit"] = json!(commit);
            statement["cpu_path"] = json!(cpu_path);
            statement["kv_cache_type"] = json!(kv_cache_type);
            statement["version"] = json!(version);
        }
        AnsweredBy::Upstream(UpstreamEngine { id, kind, party, is_own }) => {
            statement[UPSTREAM] = json!({ "id": id, "kind": kind, "own": is_own, "party": party });
        }
    }
    statement.to_string()
}

pub(crate) fn read(statement: &str) -> Result<Deployment, Failure> {
    let unreadable = Failure::Unreadable { column: COLUMN };
    let value: Value = serde_json::from_str(statement).map_err(|_| unreadable)?;
    let known = |name: &str| value[name].as_str().map(str::to_owned);
    let text = |name: &str| known(name).ok_or(Failure::Unreadable { column: COLUMN });
    Ok(Deployment {
        engine: if value[UPSTREAM].is_object() {
            AnsweredBy::Upstream(upstream(&value[UPSTREAM])?)
        } else {
            AnsweredBy::Here(EngineBuild {
                version: text("version")?,
                commit: known("commit"),
                cpu_path: text("cpu_path")?,
                kv_cache_type: text("kv_cache_type")?,
            })
        },
        declared: Declared {
            site: text("site")?,
            grid_zone: text("grid_zone")?,
            country: known("country"),
            operator: known("operator"),
            operator_country: known("operator_country"),
            parent_country: known("parent_country"),
        },
    })
}

fn upstream(value: &Value) -> Result<UpstreamEngine, Failure> {
    let text = |name: &str| {
        let text = value[name].as_str().map(str::to_owned);
        text.ok_or(Failure::Unreadable { column: COLUMN })
    };
    Ok(UpstreamEngine {
        id: text("id")?,
        kind: text("kind")?,
        party: text("party")?,
        is_own: value["own"] == true,
    })
}
