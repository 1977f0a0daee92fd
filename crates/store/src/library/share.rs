//! Who may use a library beside its owner.

use domain::{AccountId, GroupId, OrganisationId, Timestamp};
use knowledge::{Grantee, Share, ShareRole};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};
use uuid::Uuid;

use super::row::Whose;
use crate::{
    failure::Failure,
    row::{Columns, bytes},
};

pub(super) async fn all(
    connection: &mut SqliteConnection,
    whose: Whose,
) -> Result<Vec<Share>, Failure> {
    let rows = sqlx::query(
        "SELECT grantee, grantee_id, role FROM library_share \
         WHERE organisation_id = ?1 AND library_id = ?2 ORDER BY grantee, grantee_id",
    )
    .bind(bytes(whose.0.as_uuid()))
    .bind(bytes(whose.1.as_uuid()))
    .fetch_all(connection)
    .await?;
    let share = |row: &SqliteRow| {
        let id = Columns(row).uuid("grantee_id")?;
        let grantee = match row.try_get("grantee")? {
            "account" => Grantee::Account(AccountId::from_uuid(id)),
            "group" => Grantee::Group(GroupId::from_uuid(id)),
            "organisation" => Grantee::Organisation,
            _ => return Err(Failure::Unreadable { column: "grantee" }),
        };
        let role = ShareRole::from_word(row.try_get("role")?);
        let role = role.ok_or(Failure::Unreadable { column: "role" })?;
        Ok(Share { library: whose.1, grantee, role })
    };
    rows.iter().map(share).collect()
}

/// Whether there is such an account or group; none that is being erased.
pub(super) async fn is_there(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
    grantee: Grantee,
) -> Result<bool, Failure> {
    let statement = match grantee {
        Grantee::Account(_) => {
            "SELECT 1 FROM account WHERE organisation_id = ?1 AND id = ?2 AND NOT EXISTS (\
             SELECT 1 FROM erasure AS e WHERE e.organisation_id = ?1 AND e.account_id = ?2)"
        }
        Grantee::Group(_) => "SELECT 1 FROM account_group WHERE organisation_id = ?1 AND id = ?2",
        Grantee::Organisation => return Ok(true),
    };
    let found = sqlx::query(statement)
        .bind(bytes(organisation.as_uuid()))
        .bind(bytes(id_of(organisation, grantee)))
        .fetch_optional(connection)
        .await?;
    Ok(found.is_some())
}

/// In the place of what the grantee had.
pub(super) async fn put(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
    (share, at): (&Share, Timestamp),
) -> Result<(), Failure> {
    sqlx::query(
        "INSERT INTO library_share (organisation_id, library_id, grantee, grantee_id, role, \
         created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
         ON CONFLICT (organisation_id, library_id, grantee, grantee_id) \
         DO UPDATE SET role = excluded.role, created_at = excluded.created_at",
    )
    .bind(bytes(organisation.as_uuid()))
    .bind(bytes(share.library.as_uuid()))
    .bind(share.grantee.kind())
    .bind(bytes(id_of(organisation, share.grantee)))
    .bind(share.role.as_str())
    .bind(at.as_micros())
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn remove(
    connection: &mut SqliteConnection,
    whose: Whose,
    grantee: Grantee,
) -> Result<(), Failure> {
    sqlx::query(
        "DELETE FROM library_share WHERE organisation_id = ?1 AND library_id = ?2 \
         AND grantee = ?3 AND grantee_id = ?4",
    )
    .bind(bytes(whose.0.as_uuid()))
    .bind(bytes(whose.1.as_uuid()))
    .bind(grantee.kind())
    .bind(bytes(id_of(whose.0, grantee)))
    .execute(connection)
    .await?;
    Ok(())
}

const fn id_of(organisation: OrganisationId, grantee: Grantee) -> Uuid {
    match grantee {
        Grantee::Account(id) => id.as_uuid(),
        Grantee::Group(id) => id.as_uuid(),
        Grantee::Organisation => organisation.as_uuid(),
    }
}
