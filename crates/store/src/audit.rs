//! The audit trail: rows are added and read, nothing else.

use std::sync::LazyLock;

use async_trait::async_trait;
use domain::{OrganisationId, RequestId};
use governance::{
    AuditEntry,
    ports::{AuditStore, StoreError},
};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use crate::{
    failure::{Failure, store_error},
    row::{Columns, bytes},
    rows::Rows,
    store::Store,
    writer::{Queued, Running, Together},
};

static INSERT: LazyLock<Rows> = LazyLock::new(|| {
    let head = "INSERT INTO audit (id, organisation_id, at, action, outcome, request_id, \
                canonical) VALUES ";
    Rows::new(head, 7, "")
});

#[async_trait]
impl AuditStore for Store {
    async fn append(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let appended = self.change_together(entry.clone(), Queued::Append).await;
        appended.map_err(store_error("append to the audit trail"))
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
    insert_all(connection, &[entry]).await
}

/// All of them or, after an error, any number.
pub(crate) async fn insert_all(
    connection: &mut SqliteConnection,
    entries: &[&AuditEntry],
) -> Result<(), Failure> {
    for (statement, entries) in INSERT.of(entries) {
        let mut query = sqlx::query(statement);
        for entry in entries {
            query = query
                .bind(bytes(entry.id))
                .bind(entry.organisation.map(|id| bytes(id.as_uuid())))
                .bind(entry.at.as_micros())
                .bind(&entry.action)
                .bind(&entry.outcome)
                .bind(entry.request.map(|id| bytes(id.as_uuid())))
                .bind(&entry.canonical);
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

impl Together for AuditEntry {
    fn is_one_statement(&self) -> bool {
        true
    }

    fn write<'c>(connection: &'c mut SqliteConnection, entries: &'c [&'c Self]) -> Running<'c, ()> {
        Box::pin(insert_all(connection, entries))
    }
}

async fn select_after(
    connection: &mut SqliteConnection,
    organisation: Option<OrganisationId>,
    sequence: u64,
    limit: u32,
) -> Result<Vec<(u64, AuditEntry)>, Failure> {
    let rows = sqlx::query(
        "SELECT sequence, id, at, action, outcome, request_id, canonical FROM audit \
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
        request: columns.uuid_if_any("request_id")?.map(RequestId::from_uuid),
        canonical: row.try_get("canonical")?,
    };
    Ok((sequence.map_err(|_| Failure::Unreadable { column: "sequence" })?, entry))
}
