//! The keys under which subjects are pseudonymised.

use domain::OrganisationId;
use governance::SubjectId;
use sqlx::SqliteConnection;

use crate::{failure::Failure, row::bytes};

/// `None`: it has none yet. `Some(None)`: it was destroyed.
pub(super) async fn find(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
    subject: SubjectId,
) -> Result<Option<Option<[u8; 32]>>, Failure> {
    let secret: Option<Option<Vec<u8>>> = sqlx::query_scalar(
        "SELECT secret FROM subject_key \
         WHERE organisation_id = ?1 AND kind = ?2 AND subject_id = ?3",
    )
    .bind(bytes(organisation.as_uuid()))
    .bind(subject.kind())
    .bind(subject.uuid().map(bytes).unwrap_or_default())
    .fetch_optional(connection)
    .await?;
    let unreadable = |_| Failure::Unreadable { column: "secret" };
    secret.map(|kept| kept.map(|kept| kept.try_into().map_err(unreadable)).transpose()).transpose()
}

/// The first one stays.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
    subject: SubjectId,
    secret: [u8; 32],
) -> Result<(), Failure> {
    sqlx::query(
        "INSERT INTO subject_key (organisation_id, kind, subject_id, secret) \
         VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
    )
    .bind(bytes(organisation.as_uuid()))
    .bind(subject.kind())
    .bind(subject.uuid().map(bytes).unwrap_or_default())
    .bind(secret.to_vec())
    .execute(connection)
    .await?;
    Ok(())
}
