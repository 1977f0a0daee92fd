//! Orders to erase somebody, and how far they are.

use domain::{AccountId, ErasureId, OrganisationId, Timestamp};
use governance::{
    Erased, ErasedClass, Erasure, ErasureState,
    ports::{AccountChange, AccountUpdated, ErasureOrdered},
};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};
use uuid::Uuid;

use super::hold;
use crate::{
    access::account,
    failure::Failure,
    row::{Columns, bytes},
};

type Order = (OrganisationId, ErasureId);

pub(super) async fn order(
    connection: &mut SqliteConnection,
    erasure: &Erasure,
) -> Result<ErasureOrdered, Failure> {
    let Some(id) = erasure.account else { return Ok(ErasureOrdered::Unknown) };
    let account = (erasure.organisation, id);
    if let Some(known) = of_account(connection, account).await? {
        return Ok(ErasureOrdered::UnderWay(known));
    }
    if let Some(hold) = hold::in_force(connection, account).await? {
        return Ok(ErasureOrdered::Held(hold));
    }
    let at = erasure.ordered_at;
    let change = AccountChange { disabled_at: Some(Some(at)), ..AccountChange::at(at) };
    match account::update(connection, account, &change).await? {
        AccountUpdated::Done => {}
        AccountUpdated::Unknown => return Ok(ErasureOrdered::Unknown),
        AccountUpdated::LastOwner => return Ok(ErasureOrdered::LastOwner),
    }
    sqlx::query(
        "INSERT INTO erasure (organisation_id, id, account_id, subject, reason, ordered_by, \
         state, ordered_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )
    .bind(bytes(erasure.organisation.as_uuid()))
    .bind(bytes(erasure.id.as_uuid()))
    .bind(bytes(id.as_uuid()))
    .bind(&erasure.subject)
    .bind(erasure.reason.as_str())
    .bind(erasure.ordered_by.as_str())
    .bind(erasure.state.as_str())
    .bind(at.as_micros())
    .execute(connection)
    .await?;
    Ok(ErasureOrdered::Done)
}

/// The order that is being carried out on an account.
pub(super) async fn of_account(
    connection: &mut SqliteConnection,
    (organisation, account): (OrganisationId, AccountId),
) -> Result<Option<ErasureId>, Failure> {
    let row = sqlx::query("SELECT id FROM erasure WHERE organisation_id = ?1 AND account_id = ?2")
        .bind(bytes(organisation.as_uuid()))
        .bind(bytes(account.as_uuid()))
        .fetch_optional(connection)
        .await?;
    row.map(|row| Columns(&row).uuid("id").map(ErasureId::from_uuid)).transpose()
}

/// The account whose content is still to be removed.
pub(super) async fn account_of(
    connection: &mut SqliteConnection,
    order: Order,
) -> Result<Option<AccountId>, Failure> {
    let found = find(connection, order).await?;
    let found = found.filter(|erasure| erasure.state == ErasureState::Removing);
    Ok(found.and_then(|erasure| erasure.account))
}

pub(super) async fn count(
    connection: &mut SqliteConnection,
    (organisation, id): Order,
    class: ErasedClass,
    rows: u64,
) -> Result<(), Failure> {
    sqlx::query(
        "INSERT INTO erased (organisation_id, erasure_id, class, count) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (organisation_id, erasure_id, class) DO UPDATE \
         SET count = count + excluded.count",
    )
    .bind(bytes(organisation.as_uuid()))
    .bind(bytes(id.as_uuid()))
    .bind(class.as_str())
    .bind(i64::try_from(rows).unwrap_or(i64::MAX))
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn removed(
    connection: &mut SqliteConnection,
    (organisation, id): Order,
    (at, entry): (Timestamp, Uuid),
) -> Result<(), Failure> {
    sqlx::query(
        "UPDATE erasure SET state = 'removed', removed_at = ?3, entry_id = ?4 \
         WHERE organisation_id = ?1 AND id = ?2 AND state = 'removing'",
    )
    .bind(bytes(organisation.as_uuid()))
    .bind(bytes(id.as_uuid()))
    .bind(at.as_micros())
    .bind(bytes(entry))
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn overwritten(
    connection: &mut SqliteConnection,
    (organisation, id): Order,
) -> Result<(), Failure> {
    sqlx::query(
        "UPDATE erasure SET state = 'overwritten' \
         WHERE organisation_id = ?1 AND id = ?2 AND state = 'removed'",
    )
    .bind(bytes(organisation.as_uuid()))
    .bind(bytes(id.as_uuid()))
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn conclude(
    connection: &mut SqliteConnection,
    (organisation, id): Order,
    certificate: &str,
) -> Result<(), Failure> {
    sqlx::query(
        "UPDATE erasure SET state = 'done', account_id = NULL, certificate = ?3 \
         WHERE organisation_id = ?1 AND id = ?2 AND state = 'overwritten'",
    )
    .bind(bytes(organisation.as_uuid()))
    .bind(bytes(id.as_uuid()))
    .bind(certificate)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn find(
    connection: &mut SqliteConnection,
    (organisation, id): Order,
) -> Result<Option<Erasure>, Failure> {
    let row = sqlx::query("SELECT * FROM erasure WHERE organisation_id = ?1 AND id = ?2")
        .bind(bytes(organisation.as_uuid()))
        .bind(bytes(id.as_uuid()))
        .fetch_optional(&mut *connection)
        .await?;
    match row {
        Some(row) => whole(connection, &row).await.map(Some),
        None => Ok(None),
    }
}

pub(super) async fn under_way(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
) -> Result<Vec<Erasure>, Failure> {
    // The partial index holds those that are under way, and no others.
    let rows = sqlx::query(
        "SELECT * FROM erasure WHERE organisation_id = ?1 AND account_id IS NOT NULL \
         ORDER BY ordered_at, id",
    )
    .bind(bytes(organisation.as_uuid()))
    .fetch_all(&mut *connection)
    .await?;
    wholes(connection, &rows).await
}

pub(super) async fn all(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
) -> Result<Vec<Erasure>, Failure> {
    let rows = sqlx::query(
        "SELECT * FROM erasure WHERE organisation_id = ?1 ORDER BY ordered_at DESC, id DESC",
    )
    .bind(bytes(organisation.as_uuid()))
    .fetch_all(&mut *connection)
    .await?;
    wholes(connection, &rows).await
}

async fn wholes(
    connection: &mut SqliteConnection,
    rows: &[SqliteRow],
) -> Result<Vec<Erasure>, Failure> {
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        all.push(whole(connection, row).await?);
    }
    Ok(all)
}

/// With the counts of its classes.
async fn whole(connection: &mut SqliteConnection, row: &SqliteRow) -> Result<Erasure, Failure> {
    let columns = Columns(row);
    let organisation = columns.organisation("organisation_id")?;
    let id = columns.uuid("id")?;
    let state = ErasureState::from_word(&columns.text("state")?);
    let removed_at = columns.time_if_any("removed_at")?;
    Ok(Erasure {
        id: ErasureId::from_uuid(id),
        organisation,
        account: columns.uuid_if_any("account_id")?.map(AccountId::from_uuid),
        subject: columns.text("subject")?,
        reason: columns.word("reason")?,
        ordered_by: columns.word("ordered_by")?,
        state: state.ok_or(Failure::Unreadable { column: "state" })?,
        ordered_at: columns.time("ordered_at")?,
        removed: removed_at.zip(columns.uuid_if_any("entry_id")?),
        certificate: columns.text_if_any("certificate")?,
        erased: erased(connection, organisation, id).await?,
    })
}

async fn erased(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
    id: Uuid,
) -> Result<Erased, Failure> {
    let rows = sqlx::query(
        "SELECT class, count FROM erased WHERE organisation_id = ?1 AND erasure_id = ?2",
    )
    .bind(bytes(organisation.as_uuid()))
    .bind(bytes(id))
    .fetch_all(connection)
    .await?;
    let read = |row: &SqliteRow| {
        let class = ErasedClass::from_word(row.try_get("class")?);
        let count = u64::try_from(row.try_get::<i64, _>("count")?);
        let count = count.map_err(|_| Failure::Unreadable { column: "count" })?;
        Ok((class.ok_or(Failure::Unreadable { column: "class" })?, count))
    };
    rows.iter().map(read).collect()
}
