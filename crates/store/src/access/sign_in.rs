//! One-time links and the sessions that they become.
//!
//! Both are found by the keyed hash of their secret, which is what tells the tenant.

use domain::{Account, AccountId, OrganisationId, SessionId, Timestamp};
use governance::{Session, SignInLink, TokenHash};
use sqlx::SqliteConnection;

use super::account;
use crate::{
    failure::Failure,
    row::{Columns, bytes, hash_bytes},
};

pub(super) async fn insert_link(
    connection: &mut SqliteConnection,
    link: &SignInLink,
) -> Result<(), Failure> {
    sqlx::query(
        "INSERT INTO sign_in_link (organisation_id, project_id, id, account_id, token_hash, \
         created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )
    .bind(bytes(link.organisation.as_uuid()))
    .bind(bytes(link.project.as_uuid()))
    .bind(bytes(link.id.as_uuid()))
    .bind(bytes(link.account.as_uuid()))
    .bind(hash_bytes(&link.token))
    .bind(link.created_at.as_micros())
    .bind(link.expires_at.as_micros())
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn find_link(
    connection: &mut SqliteConnection,
    token: TokenHash,
    at: Timestamp,
) -> Result<Option<SignInLink>, Failure> {
    let row = sqlx::query(
        "SELECT organisation_id, project_id, id, account_id, token_hash, created_at, expires_at \
         FROM sign_in_link WHERE token_hash = ?1 AND used_at IS NULL AND expires_at > ?2",
    )
    .bind(hash_bytes(&token))
    .bind(at.as_micros())
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let columns = Columns(&row);
    Ok(Some(SignInLink {
        id: columns.link("id")?,
        organisation: columns.organisation("organisation_id")?,
        project: columns.project("project_id")?,
        account: columns.account("account_id")?,
        token: columns.hash("token_hash")?,
        created_at: columns.time("created_at")?,
        expires_at: columns.time("expires_at")?,
    }))
}

/// Uses up the link if it is good for this session: same account, not used, not expired.
pub(super) async fn use_link(
    connection: &mut SqliteConnection,
    token: &TokenHash,
    session: &Session,
) -> Result<bool, Failure> {
    let changed = sqlx::query(
        "UPDATE sign_in_link SET used_at = ?2 \
         WHERE token_hash = ?1 AND used_at IS NULL AND expires_at > ?2 \
         AND organisation_id = ?3 AND project_id = ?4 AND account_id = ?5",
    )
    .bind(hash_bytes(token))
    .bind(session.created_at.as_micros())
    .bind(bytes(session.organisation.as_uuid()))
    .bind(bytes(session.project.as_uuid()))
    .bind(bytes(session.account.as_uuid()))
    .execute(connection)
    .await?;
    Ok(changed.rows_affected() > 0)
}

pub(super) async fn insert_session(
    connection: &mut SqliteConnection,
    session: &Session,
) -> Result<(), Failure> {
    sqlx::query(
        "INSERT INTO session (organisation_id, project_id, id, account_id, token_hash, \
         created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )
    .bind(bytes(session.organisation.as_uuid()))
    .bind(bytes(session.project.as_uuid()))
    .bind(bytes(session.id.as_uuid()))
    .bind(bytes(session.account.as_uuid()))
    .bind(hash_bytes(&session.token))
    .bind(session.created_at.as_micros())
    .bind(session.expires_at.as_micros())
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn find_session(
    connection: &mut SqliteConnection,
    token: TokenHash,
    at: Timestamp,
) -> Result<Option<(Session, Account)>, Failure> {
    let row = sqlx::query(
        "SELECT s.organisation_id, s.project_id, s.id, s.account_id, s.token_hash, s.created_at, \
         s.expires_at, a.project_id AS a_project_id, a.kind AS a_kind, a.name AS a_name, \
         a.role AS a_role, a.created_at AS a_created_at, a.disabled_at AS a_disabled_at \
         FROM session AS s JOIN account AS a \
         ON a.organisation_id = s.organisation_id AND a.id = s.account_id \
         WHERE s.token_hash = ?1 AND s.ended_at IS NULL AND s.expires_at > ?2",
    )
    .bind(hash_bytes(&token))
    .bind(at.as_micros())
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let columns = Columns(&row);
    let session = Session {
        id: columns.session("id")?,
        organisation: columns.organisation("organisation_id")?,
        project: columns.project("project_id")?,
        account: columns.account("account_id")?,
        token: columns.hash("token_hash")?,
        created_at: columns.time("created_at")?,
        expires_at: columns.time("expires_at")?,
    };
    Ok(Some((session, account::joined(&row)?)))
}

pub(super) async fn end_session(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
    id: SessionId,
    at: Timestamp,
) -> Result<(), Failure> {
    sqlx::query(
        "UPDATE session SET ended_at = ?3 \
         WHERE organisation_id = ?1 AND id = ?2 AND ended_at IS NULL",
    )
    .bind(bytes(organisation.as_uuid()))
    .bind(bytes(id.as_uuid()))
    .bind(at.as_micros())
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends every session of an account but `kept`.
pub(super) async fn end_sessions_of(
    connection: &mut SqliteConnection,
    (organisation, account): (OrganisationId, AccountId),
    kept: Option<SessionId>,
    at: Timestamp,
) -> Result<(), Failure> {
    sqlx::query(
        "UPDATE session SET ended_at = ?3 \
         WHERE organisation_id = ?1 AND account_id = ?2 AND ended_at IS NULL AND id IS NOT ?4",
    )
    .bind(bytes(organisation.as_uuid()))
    .bind(bytes(account.as_uuid()))
    .bind(at.as_micros())
    .bind(kept.map(|id| bytes(id.as_uuid())))
    .execute(connection)
    .await?;
    Ok(())
}
