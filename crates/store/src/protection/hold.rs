//! Holds.

use domain::{AccountId, HoldId, OrganisationId, Timestamp};
use governance::Hold;
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use super::erasure;
use crate::{
    access::account,
    failure::Failure,
    row::{Columns, bytes},
};

/// The first hold that covers an account.
pub(crate) async fn in_force(
    connection: &mut SqliteConnection,
    (organisation, account): (OrganisationId, AccountId),
) -> Result<Option<HoldId>, Failure> {
    let row = sqlx::query(
        "SELECT id FROM hold WHERE organisation_id = ?1 AND lifted_at IS NULL \
         AND (account_id IS NULL OR account_id = ?2) ORDER BY placed_at, id LIMIT 1",
    )
    .bind(bytes(organisation.as_uuid()))
    .bind(bytes(account.as_uuid()))
    .fetch_optional(connection)
    .await?;
    row.map(|row| Columns(&row).uuid("id").map(HoldId::from_uuid)).transpose()
}

/// `false` if there is no such account or it is being erased.
pub(super) async fn place(connection: &mut SqliteConnection, hold: &Hold) -> Result<bool, Failure> {
    if let Some(id) = hold.account {
        let is_known = account::find(connection, hold.organisation, id).await?.is_some();
        let held = (hold.organisation, id);
        if !is_known || erasure::of_account(connection, held).await?.is_some() {
            return Ok(false);
        }
    }
    sqlx::query(
        "INSERT INTO hold (organisation_id, id, account_id, reason, reference, placed_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )
    .bind(bytes(hold.organisation.as_uuid()))
    .bind(bytes(hold.id.as_uuid()))
    .bind(hold.account.map(|id| bytes(id.as_uuid())))
    .bind(hold.reason.as_str())
    .bind(&hold.reference)
    .bind(hold.placed_at.as_micros())
    .execute(connection)
    .await?;
    Ok(true)
}

/// `false` if there is no such hold in force.
pub(super) async fn lift(
    connection: &mut SqliteConnection,
    (organisation, id): (OrganisationId, HoldId),
    at: Timestamp,
) -> Result<bool, Failure> {
    let changed = sqlx::query(
        "UPDATE hold SET lifted_at = ?3 \
         WHERE organisation_id = ?1 AND id = ?2 AND lifted_at IS NULL",
    )
    .bind(bytes(organisation.as_uuid()))
    .bind(bytes(id.as_uuid()))
    .bind(at.as_micros())
    .execute(connection)
    .await?;
    Ok(changed.rows_affected() > 0)
}

pub(super) async fn all(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
) -> Result<Vec<Hold>, Failure> {
    let rows = sqlx::query(
        "SELECT * FROM hold WHERE organisation_id = ?1 ORDER BY placed_at DESC, id DESC",
    )
    .bind(bytes(organisation.as_uuid()))
    .fetch_all(connection)
    .await?;
    rows.iter().map(hold).collect()
}

fn hold(row: &SqliteRow) -> Result<Hold, Failure> {
    let columns = Columns(row);
    Ok(Hold {
        id: HoldId::from_uuid(columns.uuid("id")?),
        organisation: columns.organisation("organisation_id")?,
        account: columns.uuid_if_any("account_id")?.map(AccountId::from_uuid),
        reason: columns.word("reason")?,
        reference: columns.text("reference")?,
        placed_at: columns.time("placed_at")?,
        lifted_at: columns.time_if_any("lifted_at")?,
    })
}
