//! Tiles, checkpoints and the entries under them.

use async_trait::async_trait;
use domain::{KeyId, OrganisationId, Principal, SessionId, Timestamp};
use governance::ports::{EntryRef, FoundEntry, LogExtension, LogStore, StoreError};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};
use transparency_log::{Hash, TileId, encode_tile};

use crate::{
    failure::{Failure, store_error},
    row::{Columns, bytes},
    store::Store,
};

#[async_trait]
impl LogStore for Store {
    async fn entry_count(&self) -> Result<u64, StoreError> {
        self.read(|connection| Box::pin(entry_count(connection)))
            .await
            .map_err(store_error("count the audit entries"))
    }

    async fn entries(&self, index: u64, limit: u32) -> Result<Vec<Vec<u8>>, StoreError> {
        self.read(move |connection| Box::pin(entries(connection, index, limit)))
            .await
            .map_err(store_error("read the audit entries"))
    }

    async fn find_entry(&self, wanted: EntryRef) -> Result<Option<FoundEntry>, StoreError> {
        self.read(move |connection| Box::pin(find_entry(connection, wanted)))
            .await
            .map_err(store_error("find the audit entry"))
    }

    async fn newest_at(&self) -> Result<Timestamp, StoreError> {
        self.read(|connection| Box::pin(newest_at(connection)))
            .await
            .map_err(store_error("read the time of the newest entry"))
    }

    async fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(move |connection| Box::pin(tile(connection, level, index)))
            .await
            .map_err(store_error("read a tile of the log"))
    }

    async fn newest_checkpoint(&self) -> Result<Option<String>, StoreError> {
        self.read(|connection| Box::pin(newest_checkpoint(connection)))
            .await
            .map_err(store_error("read the newest checkpoint"))
    }

    async fn checkpoints_after(&self, size: u64, limit: u32) -> Result<Vec<String>, StoreError> {
        self.read(move |connection| Box::pin(checkpoints_after(connection, size, limit)))
            .await
            .map_err(store_error("read the checkpoints"))
    }

    async fn probe(&self) -> Result<(), StoreError> {
        self.change(|connection| Box::pin(probe(connection)))
            .await
            .map_err(store_error("write anything"))
    }

    async fn extend(&self, extension: &LogExtension) -> Result<bool, StoreError> {
        let extension = extension.clone();
        self.change(move |connection| {
            Box::pin(async move {
                if newest_size(connection).await? != extension.old_size {
                    return Ok(false);
                }
                for (id, hashes) in &extension.tiles {
                    keep_tile(connection, *id, hashes).await?;
                }
                keep_checkpoint(connection, &extension).await?;
                Ok(true)
            })
        })
        .await
        .map_err(store_error("extend the log"))
    }
}

async fn entry_count(connection: &mut SqliteConnection) -> Result<u64, Failure> {
    let count: i64 = sqlx::query_scalar("SELECT coalesce(max(sequence), 0) FROM audit")
        .fetch_one(connection)
        .await?;
    unsigned(count, "sequence")
}

async fn entries(
    connection: &mut SqliteConnection,
    index: u64,
    limit: u32,
) -> Result<Vec<Vec<u8>>, Failure> {
    let first = i64::try_from(index).unwrap_or(i64::MAX).saturating_add(1);
    let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(
        "SELECT sequence, canonical FROM audit WHERE sequence >= ?1 ORDER BY sequence LIMIT ?2",
    )
    .bind(first)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    // Rows first: past the last number there is no next one to count to.
    let unbroken = rows.into_iter().zip(first..).take_while(|((found, _), next)| found == next);
    Ok(unbroken.map(|((_, canonical), _)| canonical).collect())
}

async fn find_entry(
    connection: &mut SqliteConnection,
    wanted: EntryRef,
) -> Result<Option<FoundEntry>, Failure> {
    const COLUMNS: &str = "SELECT a.sequence, u.organisation_id, u.principal, u.principal_id \
         FROM audit AS a LEFT JOIN usage AS u \
         ON u.organisation_id = a.organisation_id AND u.request_id = a.request_id WHERE ";
    let (condition, id) = match wanted {
        EntryRef::Entry(id) => ("a.id = ?1", id),
        EntryRef::Request(id) => ("a.request_id = ?1 ORDER BY a.sequence LIMIT 1", id.as_uuid()),
    };
    let row = sqlx::query(sqlx::AssertSqlSafe(format!("{COLUMNS}{condition}")))
        .bind(bytes(id))
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(found).transpose()
}

fn found(row: &SqliteRow) -> Result<FoundEntry, Failure> {
    let columns = Columns(row);
    let index = unsigned(row.try_get::<i64, _>("sequence")? - 1, "sequence")?;
    let Some(principal) = row.try_get::<Option<String>, _>("principal")? else {
        return Ok(FoundEntry { index, asked_by: None });
    };
    let principal = match principal.as_str() {
        "key" => Principal::Key(KeyId::from_uuid(columns.uuid("principal_id")?)),
        "session" => Principal::Session(SessionId::from_uuid(columns.uuid("principal_id")?)),
        "operator" => Principal::Operator,
        _ => return Err(Failure::Unreadable { column: "principal" }),
    };
    let organisation: OrganisationId = columns.organisation("organisation_id")?;
    Ok(FoundEntry { index, asked_by: Some((organisation, principal)) })
}

async fn newest_at(connection: &mut SqliteConnection) -> Result<Timestamp, Failure> {
    let newest: i64 =
        sqlx::query_scalar("SELECT newest_at FROM audit_clock").fetch_one(connection).await?;
    Ok(Timestamp::from_micros(newest))
}

async fn tile(
    connection: &mut SqliteConnection,
    level: u8,
    index: u64,
) -> Result<Option<Vec<u8>>, Failure> {
    let hashes =
        sqlx::query_scalar("SELECT hashes FROM log_tile WHERE level = ?1 AND position = ?2")
            .bind(level)
            .bind(i64::try_from(index).unwrap_or(i64::MAX))
            .fetch_optional(connection)
            .await?;
    Ok(hashes)
}

async fn newest_size(connection: &mut SqliteConnection) -> Result<u64, Failure> {
    let size: i64 = sqlx::query_scalar("SELECT coalesce(max(size), 0) FROM log_checkpoint")
        .fetch_one(connection)
        .await?;
    unsigned(size, "size")
}

async fn newest_checkpoint(connection: &mut SqliteConnection) -> Result<Option<String>, Failure> {
    let note = sqlx::query_scalar("SELECT note FROM log_checkpoint ORDER BY size DESC LIMIT 1")
        .fetch_optional(connection)
        .await?;
    Ok(note)
}

async fn checkpoints_after(
    connection: &mut SqliteConnection,
    size: u64,
    limit: u32,
) -> Result<Vec<String>, Failure> {
    let notes = sqlx::query_scalar(
        "SELECT note FROM log_checkpoint WHERE size > ?1 ORDER BY size LIMIT ?2",
    )
    .bind(i64::try_from(size).unwrap_or(i64::MAX))
    .bind(limit)
    .fetch_all(connection)
    .await?;
    Ok(notes)
}

async fn probe(connection: &mut SqliteConnection) -> Result<(), Failure> {
    sqlx::query("UPDATE audit_clock SET newest_at = newest_at").execute(connection).await?;
    Ok(())
}

async fn keep_tile(
    connection: &mut SqliteConnection,
    id: TileId,
    hashes: &[Hash],
) -> Result<(), Failure> {
    let position = i64::try_from(id.index()).unwrap_or(i64::MAX);
    let hashes = encode_tile(hashes);
    let grown = sqlx::query("UPDATE log_tile SET hashes = ?3 WHERE level = ?1 AND position = ?2")
        .bind(id.level())
        .bind(position)
        .bind(&hashes)
        .execute(&mut *connection)
        .await?;
    if grown.rows_affected() == 0 {
        sqlx::query("INSERT INTO log_tile (level, position, hashes) VALUES (?1, ?2, ?3)")
            .bind(id.level())
            .bind(position)
            .bind(&hashes)
            .execute(connection)
            .await?;
    }
    Ok(())
}

async fn keep_checkpoint(
    connection: &mut SqliteConnection,
    extension: &LogExtension,
) -> Result<(), Failure> {
    sqlx::query("INSERT INTO log_checkpoint (size, note, at) VALUES (?1, ?2, ?3)")
        .bind(i64::try_from(extension.new_size).unwrap_or(i64::MAX))
        .bind(&extension.note)
        .bind(extension.at.as_micros())
        .execute(connection)
        .await?;
    Ok(())
}

fn unsigned(value: i64, column: &'static str) -> Result<u64, Failure> {
    u64::try_from(value).map_err(|_| Failure::Unreadable { column })
}
