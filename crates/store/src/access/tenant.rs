//! Organisations and projects.

use domain::{Organisation, OrganisationId, Project};
use governance::ports::Founding;
use sqlx::SqliteConnection;

use crate::{
    failure::Failure,
    row::{Columns, bytes},
};

pub(super) async fn any(connection: &mut SqliteConnection) -> Result<bool, Failure> {
    let found =
        sqlx::query("SELECT 1 FROM organisation LIMIT 1").fetch_optional(connection).await?;
    Ok(found.is_some())
}

pub(super) async fn insert(
    connection: &mut SqliteConnection,
    founding: &Founding,
) -> Result<(), Failure> {
    let Founding { organisation, pseudonym_key, project, owner: _, key: _ } = founding;
    sqlx::query(
        "INSERT INTO organisation (id, name, pseudonym_key, created_at) VALUES (?1, ?2, ?3, ?4)",
    )
    .bind(bytes(organisation.id.as_uuid()))
    .bind(&organisation.name)
    .bind(pseudonym_key.to_vec())
    .bind(organisation.created_at.as_micros())
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "INSERT INTO project (organisation_id, id, name, created_at) VALUES (?1, ?2, ?3, ?4)",
    )
    .bind(bytes(project.organisation.as_uuid()))
    .bind(bytes(project.id.as_uuid()))
    .bind(&project.name)
    .bind(project.created_at.as_micros())
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn first(
    connection: &mut SqliteConnection,
) -> Result<Option<(Organisation, Project)>, Failure> {
    let row = sqlx::query(
        "SELECT o.id AS organisation_id, o.name AS organisation_name, \
         o.created_at AS organisation_created_at, p.id, p.name, p.created_at \
         FROM organisation AS o JOIN project AS p ON p.organisation_id = o.id \
         ORDER BY o.created_at, o.id, p.created_at, p.id LIMIT 1",
    )
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let columns = Columns(&row);
    let organisation = Organisation {
        id: columns.organisation("organisation_id")?,
        name: columns.text("organisation_name")?,
        created_at: columns.time("organisation_created_at")?,
    };
    let project = Project {
        id: columns.project("id")?,
        organisation: organisation.id,
        name: columns.text("name")?,
        created_at: columns.time("created_at")?,
    };
    Ok(Some((organisation, project)))
}

pub(super) async fn pseudonym_key(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
) -> Result<Option<[u8; 32]>, Failure> {
    let row = sqlx::query(
        "SELECT pseudonym_key FROM organisation WHERE id = ?1 AND pseudonym_key IS NOT NULL",
    )
    .bind(bytes(organisation.as_uuid()))
    .fetch_optional(connection)
    .await?;
    row.map(|row| Columns(&row).array("pseudonym_key")).transpose()
}
