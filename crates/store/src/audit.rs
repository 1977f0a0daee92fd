//! The audit trail: rows are added and read, nothing else.

use async_trait::async_trait;
use domain::OrganisationId;
use governance::{
    AuditEntry,
    ports::{AuditStore, StoreError},
};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use crate::{
    failure::{Failure, store_error},
    row::{Columns, bytes},
    store::Store,
};

#[async_trait]
impl AuditStore for Store {
    async fn append(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let entry = entry.clone();
        self.change(move |connection| Box::pin(async move { insert(connection, &entry).await }))
            .await
            .map_err(store_error("append to the audit trail"))
    }

    async fn read_after(
        &self,
        organisation: Option<OrganisationId>,
        sequence: u64,
        limit: u32,
    ) -> Result<Vec<(u64, AuditEntry)>, StoreError> {
        self.read(move |connection| {
            Box::pin(async move { select_after(connection, organisation, sequence, limit).await })
        })
        .await
        .map_err(store_error("read the audit trail"))
    }
}

/// For every change that is written together with its entry.
pub(crate) async fn insert(
    connection: &mut SqliteConnection,
    entry: &AuditEntry,
) -> Result<(), Failure> {
    sqlx::query(
        "INSERT INTO audit (id, organisation_id, at, action, outcome, canonical) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )
    .bind(bytes(entry.id))
    .bind(entry.organisation.map(|id| bytes(id.as_uuid())))
    .bind(entry.at.as_micros())
    .bind(&entry.action)
    .bind(&entry.outcome)
    .bind(&entry.canonical)
    .execute(connection)
    .await?;
    Ok(())
}

async fn select_after(
    connection: &mut SqliteConnection,
    organisation: Option<OrganisationId>,
    sequence: u64,
    limit: u32,
) -> Result<Vec<(u64, AuditEntry)>, Failure> {
    let rows = sqlx::query(
        "SELECT sequence, id, at, action, outcome, canonical FROM audit \
         WHERE organisation_id IS ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3",
    )
    .bind(organisation.map(|id| bytes(id.as_uuid())))
    // No sequence is greater than the greatest integer that the database can hold.
    .bind(i64::try_from(sequence).unwrap_or(i64::MAX))
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| entry(row, organisation)).collect()
}

fn entry(
    row: &SqliteRow,
    organisation: Option<OrganisationId>,
) -> Result<(u64, AuditEntry), Failure> {
    use sqlx::Row as _;
    let columns = Columns(row);
    let sequence = u64::try_from(row.try_get::<i64, _>("sequence")?);
    let entry = AuditEntry {
        id: columns.uuid("id")?,
        organisation,
        at: columns.time("at")?,
        action: columns.text("action")?,
        outcome: columns.text("outcome")?,
        canonical: row.try_get("canonical")?,
    };
    Ok((sequence.map_err(|_| Failure::Unreadable { column: "sequence" })?, entry))
}
