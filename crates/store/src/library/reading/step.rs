//! How far a version is, written down.

use domain::Timestamp;
use governance::Vault;
use knowledge::{
    BytesId, Reading, ReadingState, Unread, VersionKey,
    ports::{Claim, Step},
};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};

use crate::{
    failure::Failure,
    library::{
        sealed::{Column, Texts},
        version::{bound, bytes_id, state},
    },
    row::bytes,
};

/// What is known of a reading beside its bytes.
pub(super) struct Kept {
    key: VersionKey,
    fence: i64,
    lies_at: (BytesId, u64),
    pages: u32,
    passages: u32,
    tokens: u32,
    notes: u32,
    language: Option<&'static str>,
}

impl Kept {
    pub(super) fn of(claim: &Claim, lies_at: (BytesId, u64), reading: &Reading) -> Self {
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        Self {
            key: claim.key,
            fence: claim.fence,
            lies_at,
            pages: count(reading.document.pages.len()),
            passages: count(reading.passages.len()),
            tokens: reading.tokens(),
            notes: count(reading.document.notes.len()),
            language: reading.language.map(knowledge::Language::tag),
        }
    }
}

/// `false`, and nothing is changed, if the version is read by somebody else, or no more.
pub(super) async fn keep(connection: &mut SqliteConnection, kept: &Kept) -> Result<bool, Failure> {
    let (BytesId(lies_at), length) = kept.lies_at;
    let changed = sqlx::query(
        "UPDATE document_version SET reading_id = ?3, reading_bytes = ?4, searchable = 0, \
         pages = ?5, passages = ?6, tokens = ?7, notes = ?8, language = ?9 \
         WHERE key = ?1 AND fence = ?2 AND state = 'reading'",
    )
    .bind(bound(kept.key))
    .bind(kept.fence)
    .bind(bytes(lies_at))
    .bind(i64::try_from(length).unwrap_or(i64::MAX))
    .bind(kept.pages)
    .bind(kept.passages)
    .bind(kept.tokens)
    .bind(kept.notes)
    .bind(kept.language)
    .execute(connection)
    .await?;
    Ok(changed.rows_affected() > 0)
}

/// Takes a version one step on; `false` if it does not go there any more.
pub(super) async fn take(
    connection: &mut SqliteConnection,
    vault: &Vault,
    (claim, step, at): (&Claim, &Step, Timestamp),
) -> Result<bool, Failure> {
    let row = sqlx::query("SELECT * FROM document_version WHERE key = ?1 AND fence = ?2")
        .bind(bound(claim.key))
        .bind(claim.fence)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else { return Ok(false) };
    if !state(&row)?.leads_to(step.state()) {
        return Ok(false);
    }
    match step {
        Step::Indexed => {
            index(connection, claim.key, at).await?;
            follow(connection, &row).await?;
        }
        Step::Ready => end(connection, claim.key, at).await?,
        Step::Failed(failure) => {
            let keys = vault.keys(claim.organisation)?;
            let texts = Texts::of_document(&keys, (claim.organisation, claim.document));
            let column = Column::FailurePart(bytes_id(&row)?);
            let part = failure.part.as_deref().map(|part| texts.seal(column, part));
            fail(connection, claim.key, (failure.code.clone(), part, at)).await?;
        }
    }
    Ok(true)
}

/// Brings a version to a state that somebody asked for. Whoever reads it reads it no more.
pub(in crate::library) async fn turn(
    connection: &mut SqliteConnection,
    key: VersionKey,
    (next, at): (ReadingState, Timestamp),
) -> Result<(), Failure> {
    if next == ReadingState::Failed {
        let code = Unread::Cancelled.code().to_owned();
        fail(connection, key, (code, None, at)).await?;
    } else {
        sqlx::query(
            "UPDATE document_version SET state = ?2, ended_at = NULL, failure = NULL, \
             failure_part = NULL, attempts = 0 WHERE key = ?1",
        )
        .bind(bound(key))
        .bind(next.as_str())
        .execute(&mut *connection)
        .await?;
    }
    sqlx::query("UPDATE document_version SET fence = fence + 1 WHERE key = ?1")
        .bind(bound(key))
        .execute(connection)
        .await?;
    Ok(())
}

async fn index(
    connection: &mut SqliteConnection,
    key: VersionKey,
    at: Timestamp,
) -> Result<(), Failure> {
    sqlx::query(
        "UPDATE document_version SET state = 'indexing', searchable = 1, indexed_at = ?2, \
         attempts = 0 WHERE key = ?1",
    )
    .bind(bound(key))
    .bind(at.as_micros())
    .execute(connection)
    .await?;
    Ok(())
}

/// Of the versions of a document that are found: this one ends where the next begins, and those
/// before it end where it begins. Of two that begin together the later one holds.
const FOLLOW: [&str; 2] = [
    "UPDATE document_version SET in_force_until = (\
     SELECT min(coalesce(o.in_force_from, document_version.said_until), \
     coalesce(document_version.said_until, o.in_force_from)) \
     FROM (SELECT min(n.in_force_from) AS in_force_from FROM document_version AS n \
     WHERE n.organisation_id = ?1 AND n.document_id = ?2 AND n.searchable = 1 \
     AND (n.in_force_from, n.number) > (?3, ?4)) AS o) \
     WHERE organisation_id = ?1 AND document_id = ?2 AND number = ?4",
    "UPDATE document_version SET in_force_until = ?3 \
     WHERE organisation_id = ?1 AND document_id = ?2 AND searchable = 1 \
     AND (in_force_from, number) < (?3, ?4) AND (in_force_until IS NULL OR in_force_until > ?3)",
];

async fn follow(connection: &mut SqliteConnection, row: &SqliteRow) -> Result<(), Failure> {
    for statement in FOLLOW {
        sqlx::query(statement)
            .bind(row.try_get::<Vec<u8>, _>("organisation_id")?)
            .bind(row.try_get::<Vec<u8>, _>("document_id")?)
            .bind(row.try_get::<i64, _>("in_force_from")?)
            .bind(row.try_get::<i64, _>("number")?)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn end(
    connection: &mut SqliteConnection,
    key: VersionKey,
    at: Timestamp,
) -> Result<(), Failure> {
    sqlx::query("UPDATE document_version SET state = 'ready', ended_at = ?2 WHERE key = ?1")
        .bind(bound(key))
        .bind(at.as_micros())
        .execute(connection)
        .await?;
    Ok(())
}

async fn fail(
    connection: &mut SqliteConnection,
    key: VersionKey,
    (code, part, at): (String, Option<Vec<u8>>, Timestamp),
) -> Result<(), Failure> {
    sqlx::query(
        "UPDATE document_version SET state = 'failed', failure = ?2, failure_part = ?3, \
         ended_at = ?4 WHERE key = ?1",
    )
    .bind(bound(key))
    .bind(code)
    .bind(part)
    .bind(at.as_micros())
    .execute(connection)
    .await?;
    Ok(())
}
