//! Tells usage rows one by one.

use domain::{Caller, ModelId};
use inference::{MicroEuros, RequestUsage, UsagePage};
use serde_json::Value;
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};

use crate::{failure::Failure, row::bytes, usage};

/// The index is named: without statistics `SQLite` takes that of all accounts, and sorts.
const SELECT: &str = "SELECT u.*, d.statement FROM usage AS u INDEXED BY usage_of_account \
                      LEFT JOIN deployment AS d \
                      ON d.id = u.deployment_id \
                      WHERE u.organisation_id = ?1 AND u.account_id = ?2 \
                      AND u.opened_at >= ?3 AND u.opened_at < ?4 \
                      AND (?5 IS NULL OR u.model IN (SELECT value FROM json_each(?5))) \
                      ORDER BY u.opened_at DESC, u.request_id DESC LIMIT ?6 OFFSET ?7";

/// Those of the caller's account that a page holds, the newest first.
pub(crate) async fn read(
    connection: &mut SqliteConnection,
    caller: Caller,
    page: UsagePage,
) -> Result<Vec<RequestUsage>, Failure> {
    if page.models.as_ref().is_some_and(Vec::is_empty) {
        return Ok(Vec::new());
    }
    // A list cannot be bound: SQLite takes it apart again.
    let models = page.models.map(|models| {
        let names: Vec<_> = models.iter().map(ModelId::as_str).collect();
        Value::from(names).to_string()
    });
    let rows = sqlx::query(SELECT)
        .bind(bytes(caller.organisation.as_uuid()))
        .bind(bytes(caller.account.as_uuid()))
        .bind(page.from.as_micros())
        .bind(page.until.as_micros())
        .bind(models)
        .bind(page.limit)
        .bind(page.offset)
        .fetch_all(connection)
        .await?;
    rows.iter().map(request_usage).collect()
}

fn request_usage(row: &SqliteRow) -> Result<RequestUsage, Failure> {
    let cost: Option<i64> = row.try_get("cost_microeuros")?;
    let cost = cost.map(|cost| MicroEuros(cost.cast_unsigned()));
    Ok(RequestUsage { record: usage::record(row)?, cost })
}

#[cfg(test)]
mod tests {
    use sqlx::{AssertSqlSafe, ConnectOptions as _, sqlite::SqliteConnectOptions};

    use super::*;
    use crate::schema;

    /// Requests of others may be millions.
    #[tokio::test]
    async fn an_account_reads_its_own_rows_alone_and_in_their_order() {
        let options = SqliteConnectOptions::new().in_memory(true).foreign_keys(true);
        let mut connection = options.connect().await.unwrap();
        schema::migrate(&mut connection).await.unwrap();
        let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {SELECT}"));
        let rows = sqlx::query(explain).fetch_all(&mut connection).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
        let plan = plan.join("; ");
        assert!(plan.contains("usage_of_account (organisation_id=? AND account_id=?"), "{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
    }
}
