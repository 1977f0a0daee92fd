//! Who asked for whose conversations, and who agreed.

use async_trait::async_trait;
use domain::{OpeningId, OrganisationId};
use governance::{
    AuditEntry, Opening, Step,
    ports::{BreakGlassStore, StoreError},
};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};

use crate::{
    audit,
    failure::{Failure, store_error},
    row::{Columns, bytes},
    store::Store,
};

#[async_trait]
impl BreakGlassStore for Store {
    async fn insert_opening(
        &self,
        opening: &Opening,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let (opening, entry) = (opening.clone(), audit.clone());
        self.change(move |connection| {
            Box::pin(async move {
                insert(connection, &opening).await?;
                audit::insert(connection, &entry).await
            })
        })
        .await
        .map_err(store_error("keep the opening"))
    }

    async fn opening(
        &self,
        organisation: OrganisationId,
        id: OpeningId,
    ) -> Result<Option<Opening>, StoreError> {
        self.read(move |connection| Box::pin(find(connection, organisation, id)))
            .await
            .map_err(store_error("find the opening"))
    }

    async fn openings(&self, organisation: OrganisationId) -> Result<Vec<Opening>, StoreError> {
        self.read(move |connection| Box::pin(list(connection, organisation)))
            .await
            .map_err(store_error("list the openings"))
    }

    async fn update_opening(
        &self,
        before: &Opening,
        after: &Opening,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let (before, after, entry) = (before.clone(), after.clone(), audit.clone());
        self.change(move |connection| {
            Box::pin(async move {
                let kept = find(connection, before.organisation, before.id).await?;
                if kept.as_ref() != Some(&before) {
                    return Ok(false);
                }
                update(connection, &after).await?;
                audit::insert(connection, &entry).await?;
                Ok(true)
            })
        })
        .await
        .map_err(store_error("change the opening"))
    }
}

async fn insert(connection: &mut SqliteConnection, opening: &Opening) -> Result<(), Failure> {
    sqlx::query(
        "INSERT INTO opening (organisation_id, id, subject_id, requester_id, reason, minutes, \
         requested_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )
    .bind(bytes(opening.organisation.as_uuid()))
    .bind(bytes(opening.id.as_uuid()))
    .bind(bytes(opening.subject.as_uuid()))
    .bind(bytes(opening.requester.as_uuid()))
    .bind(&opening.reason)
    .bind(opening.minutes)
    .bind(opening.requested_at.as_micros())
    .execute(&mut *connection)
    .await?;
    update(connection, opening).await
}

async fn update(connection: &mut SqliteConnection, opening: &Opening) -> Result<(), Failure> {
    let by = |step: Option<Step>| step.map(|step| bytes(step.by.as_uuid()));
    let at = |step: Option<Step>| step.map(|step| step.at.as_micros());
    sqlx::query(
        "UPDATE opening SET approver_id = ?3, approved_at = ?4, closer_id = ?5, closed_at = ?6 \
         WHERE organisation_id = ?1 AND id = ?2",
    )
    .bind(bytes(opening.organisation.as_uuid()))
    .bind(bytes(opening.id.as_uuid()))
    .bind(by(opening.approved))
    .bind(at(opening.approved))
    .bind(by(opening.closed))
    .bind(at(opening.closed))
    .execute(connection)
    .await?;
    Ok(())
}

async fn find(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
    id: OpeningId,
) -> Result<Option<Opening>, Failure> {
    let row = sqlx::query("SELECT * FROM opening WHERE organisation_id = ?1 AND id = ?2")
        .bind(bytes(organisation.as_uuid()))
        .bind(bytes(id.as_uuid()))
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(opening).transpose()
}

async fn list(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
) -> Result<Vec<Opening>, Failure> {
    let rows = sqlx::query(
        "SELECT * FROM opening WHERE organisation_id = ?1 ORDER BY requested_at DESC, id DESC",
    )
    .bind(bytes(organisation.as_uuid()))
    .fetch_all(connection)
    .await?;
    rows.iter().map(opening).collect()
}

fn opening(row: &SqliteRow) -> Result<Opening, Failure> {
    let columns = Columns(row);
    let step = |by, at| {
        let found = columns.uuid_if_any(by)?.zip(columns.time_if_any(at)?);
        Ok::<_, Failure>(found.map(|(by, at)| Step { by: domain::AccountId::from_uuid(by), at }))
    };
    Ok(Opening {
        id: OpeningId::from_uuid(columns.uuid("id")?),
        organisation: columns.organisation("organisation_id")?,
        subject: columns.account("subject_id")?,
        requester: columns.account("requester_id")?,
        reason: columns.text("reason")?,
        minutes: row.try_get("minutes")?,
        requested_at: columns.time("requested_at")?,
        approved: step("approver_id", "approved_at")?,
        closed: step("closer_id", "closed_at")?,
    })
}
