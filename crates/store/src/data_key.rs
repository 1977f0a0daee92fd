//! The wrapped data keys behind `DataKeyStore`.

use async_trait::async_trait;
use envelope::WrappingKeyId;
use governance::{
    AuditEntry, DataClass,
    ports::{DataKeyStore, StoreError, StoredDataKey},
};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};

use crate::{
    audit,
    failure::{Failure, store_error},
    row::{Columns, bytes},
    store::Store,
};

#[async_trait]
impl DataKeyStore for Store {
    async fn data_keys(&self) -> Result<Vec<StoredDataKey>, StoreError> {
        self.read(|connection| Box::pin(all(connection)))
            .await
            .map_err(store_error("read the data keys"))
    }

    async fn insert_data_key(
        &self,
        key: &StoredDataKey,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let (key, entry) = (key.clone(), audit.clone());
        self.change(move |connection| {
            Box::pin(async move {
                let is_new = insert(connection, &key).await?;
                if is_new {
                    audit::insert(connection, &entry).await?;
                }
                Ok(is_new)
            })
        })
        .await
        .map_err(store_error("keep the data key"))
    }

    async fn rewrap_data_keys(
        &self,
        keys: &[StoredDataKey],
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let (keys, entry) = (keys.to_vec(), audit.clone());
        self.change(move |connection| {
            Box::pin(async move {
                let stored = all(connection).await?;
                let names = |keys: &[StoredDataKey]| -> Vec<_> {
                    keys.iter().map(|key| (key.organisation, key.class, key.version)).collect()
                };
                if names(&stored) != names(&keys) {
                    return Ok(false);
                }
                for key in &keys {
                    rewrap(connection, key).await?;
                }
                audit::insert(connection, &entry).await?;
                Ok(true)
            })
        })
        .await
        .map_err(store_error("wrap the data keys anew"))
    }
}

async fn all(connection: &mut SqliteConnection) -> Result<Vec<StoredDataKey>, Failure> {
    let rows = sqlx::query(
        "SELECT organisation_id, class, version, wrapping_key, wrapped, created_at FROM data_key \
         ORDER BY organisation_id, class, version",
    )
    .fetch_all(connection)
    .await?;
    rows.iter().map(stored).collect()
}

async fn insert(connection: &mut SqliteConnection, key: &StoredDataKey) -> Result<bool, Failure> {
    let done = sqlx::query(
        "INSERT INTO data_key (organisation_id, class, version, wrapping_key, wrapped, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
    )
    .bind(bytes(key.organisation.as_uuid()))
    .bind(key.class.as_str())
    .bind(key.version)
    .bind(key.wrapping.as_bytes().to_vec())
    .bind(key.wrapped.clone())
    .bind(key.created_at.as_micros())
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

async fn rewrap(connection: &mut SqliteConnection, key: &StoredDataKey) -> Result<(), Failure> {
    sqlx::query(
        "UPDATE data_key SET wrapping_key = ?4, wrapped = ?5 \
         WHERE organisation_id = ?1 AND class = ?2 AND version = ?3",
    )
    .bind(bytes(key.organisation.as_uuid()))
    .bind(key.class.as_str())
    .bind(key.version)
    .bind(key.wrapping.as_bytes().to_vec())
    .bind(key.wrapped.clone())
    .execute(connection)
    .await?;
    Ok(())
}

fn stored(row: &SqliteRow) -> Result<StoredDataKey, Failure> {
    let columns = Columns(row);
    let class = DataClass::from_word(row.try_get("class")?);
    Ok(StoredDataKey {
        organisation: columns.organisation("organisation_id")?,
        class: class.ok_or(Failure::Unreadable { column: "class" })?,
        version: row.try_get("version")?,
        wrapping: WrappingKeyId::from_bytes(columns.array("wrapping_key")?),
        wrapped: row.try_get("wrapped")?,
        created_at: columns.time("created_at")?,
    })
}
