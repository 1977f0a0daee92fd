//! API keys.

use std::sync::LazyLock;

use domain::{Account, ApiKey, KeyId, OrganisationId, ProjectId, Timestamp};
use governance::ports::StoredKey;
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use super::account;
use crate::{
    failure::Failure,
    row::{Columns, bytes, hash_bytes},
    rows::Rows,
};

static SELECT: LazyLock<Rows> = LazyLock::new(|| {
    let head = "SELECT k.organisation_id, k.project_id, k.id, k.account_id, k.name, \
                k.secret_hash, k.permissions, k.created_at, k.expires_at, k.revoked_at, \
                a.project_id AS a_project_id, a.kind AS a_kind, a.name AS a_name, \
                a.role AS a_role, a.created_at AS a_created_at, a.disabled_at AS a_disabled_at \
                FROM api_key AS k JOIN account AS a \
                ON a.organisation_id = k.organisation_id AND a.id = k.account_id \
                WHERE k.id IN (VALUES ";
    Rows::new(head, 1, ")")
});

pub(super) async fn insert(
    connection: &mut SqliteConnection,
    stored: &StoredKey,
) -> Result<(), Failure> {
    let StoredKey { key, secret } = stored;
    sqlx::query(
        "INSERT INTO api_key (organisation_id, project_id, id, account_id, name, secret_hash, \
         permissions, created_at, expires_at, revoked_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )
    .bind(bytes(key.organisation.as_uuid()))
    .bind(bytes(key.project.as_uuid()))
    .bind(bytes(key.id.as_uuid()))
    .bind(bytes(key.account.as_uuid()))
    .bind(&key.name)
    .bind(hash_bytes(secret))
    .bind(key.permissions.to_string())
    .bind(key.created_at.as_micros())
    .bind(key.expires_at.map(Timestamp::as_micros))
    .bind(key.revoked_at.map(Timestamp::as_micros))
    .execute(connection)
    .await?;
    Ok(())
}

/// By id alone: the key is what tells the tenant.
pub(super) async fn find(
    connection: &mut SqliteConnection,
    id: KeyId,
) -> Result<Option<(StoredKey, Account)>, Failure> {
    found(&select(connection, vec![id]).await?, id)
}

/// All that there are of these, in one statement for 64 of them or fewer.
pub(super) async fn select(
    connection: &mut SqliteConnection,
    mut ids: Vec<KeyId>,
) -> Result<Vec<SqliteRow>, sqlx::Error> {
    // There are statements for a few numbers of ids; one that is named twice is found once.
    if let Some(last) = ids.last().copied() {
        ids.resize(ids.len().next_power_of_two(), last);
    }
    let mut found = Vec::new();
    for (statement, ids) in SELECT.of(&ids) {
        let mut query = sqlx::query(statement);
        for id in ids {
            query = query.bind(bytes(id.as_uuid()));
        }
        found.extend(query.fetch_all(&mut *connection).await?);
    }
    Ok(found)
}

/// The key among rows that were selected.
pub(super) fn found(
    rows: &[SqliteRow],
    id: KeyId,
) -> Result<Option<(StoredKey, Account)>, Failure> {
    for row in rows {
        if Columns(row).key("id")? == id {
            let secret = Columns(row).hash("secret_hash")?;
            return Ok(Some((StoredKey { key: key(row)?, secret }, account::joined(row)?)));
        }
    }
    Ok(None)
}

pub(super) async fn list(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
    project: ProjectId,
) -> Result<Vec<ApiKey>, Failure> {
    let rows = sqlx::query(
        "SELECT organisation_id, project_id, id, account_id, name, permissions, created_at, \
         expires_at, revoked_at FROM api_key \
         WHERE organisation_id = ?1 AND project_id = ?2 ORDER BY created_at DESC, id DESC",
    )
    .bind(bytes(organisation.as_uuid()))
    .bind(bytes(project.as_uuid()))
    .fetch_all(connection)
    .await?;
    rows.iter().map(key).collect()
}

/// Whether there is such a key; the first revocation stays.
pub(super) async fn revoke(
    connection: &mut SqliteConnection,
    (organisation, project, id): (OrganisationId, ProjectId, KeyId),
    at: Timestamp,
) -> Result<bool, Failure> {
    let changed = sqlx::query(
        "UPDATE api_key SET revoked_at = coalesce(revoked_at, ?4) \
         WHERE organisation_id = ?1 AND project_id = ?2 AND id = ?3",
    )
    .bind(bytes(organisation.as_uuid()))
    .bind(bytes(project.as_uuid()))
    .bind(bytes(id.as_uuid()))
    .bind(at.as_micros())
    .execute(connection)
    .await?;
    Ok(changed.rows_affected() > 0)
}

fn key(row: &SqliteRow) -> Result<ApiKey, Failure> {
    let columns = Columns(row);
    Ok(ApiKey {
        id: columns.key("id")?,
        organisation: columns.organisation("organisation_id")?,
        project: columns.project("project_id")?,
        account: columns.account("account_id")?,
        name: columns.text("name")?,
        permissions: columns.word("permissions")?,
        created_at: columns.time("created_at")?,
        expires_at: columns.time_if_any("expires_at")?,
        revoked_at: columns.time_if_any("revoked_at")?,
    })
}
