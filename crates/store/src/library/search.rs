//! What may be found, and what was, opened.

use std::collections::BTreeSet;

use domain::{LibraryId, OrganisationId};
use knowledge::{
    Unread, VersionKey, Visitor,
    ports::{Detail, Opened, Opening, Readable},
};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use super::{
    Libraries,
    document::row::whole,
    reading,
    version::{bound, key_of, reading_id},
    visible::asked_by,
};
use crate::{
    failure::Failure,
    row::{Columns, bytes},
};

/// That a version `v` is found, and in force at `?3`.
macro_rules! found {
    () => {
        "v.searchable = 1 AND v.in_force_from <= ?3 \
         AND (v.in_force_until IS NULL OR v.in_force_until > ?3)"
    };
}

/// `?4` is a JSON list of ids of libraries, empty for all. Libraries are few: first they are found,
/// then the range of each.
const READABLE: &str = concat!(
    "SELECT v.key FROM library AS l \
     CROSS JOIN document_version AS v INDEXED BY document_version_in_force \
     ON v.organisation_id = l.organisation_id AND v.library_id = l.id WHERE ",
    seen!(),
    " AND (?4 = '[]' OR lower(hex(l.id)) IN (SELECT value FROM json_each(?4))) AND ",
    found!()
);

pub(super) async fn readable(
    connection: &mut SqliteConnection,
    readable: &Readable,
) -> Result<Vec<VersionKey>, Failure> {
    let rows = asked_by(READABLE, readable.visitor)
        .bind(readable.at.as_micros())
        .bind(list(&readable.libraries))
        .fetch_all(connection)
        .await?;
    rows.iter().map(key_of).collect()
}

fn list(libraries: &[LibraryId]) -> String {
    let ids: Vec<String> = libraries.iter().map(LibraryId::to_string).collect();
    serde_json::json!(ids).to_string()
}

/// As [`READABLE`], of one version, if it was in the index before a time.
const OPEN: &str = concat!(
    "SELECT ",
    document_columns!(),
    " FROM document_version AS v \
     JOIN document AS d ON d.organisation_id = v.organisation_id AND d.id = v.document_id \
     JOIN library AS l ON l.organisation_id = v.organisation_id AND l.id = v.library_id \
     WHERE v.key = ?4 AND v.indexed_at <= ?5 AND ",
    found!(),
    " AND ",
    seen!()
);

/// Asks again, then reads; what is revoked behind that was read before.
pub(super) async fn open(
    libraries: &Libraries,
    opening: Opening,
) -> Result<Option<Opened>, Failure> {
    let organisation = opening.visitor.organisation;
    let keys = libraries.keys(organisation).await?;
    let found = libraries.store.read(move |connection| {
        Box::pin(async move {
            let row = asked_by(OPEN, opening.visitor)
                .bind(opening.at.as_micros())
                .bind(bound(opening.version))
                .bind(opening.began.as_micros())
                .fetch_optional(connection)
                .await?;
            let read = |row: &SqliteRow| {
                Ok::<_, Failure>((whole(row, &keys, organisation)?, reading_id(row)?))
            };
            row.as_ref().map(read).transpose()
        })
    });
    let Some((document, Some(lies_at))) = found.await? else { return Ok(None) };
    let reading = reading::load(libraries, (organisation, lies_at), Detail::Text).await?;
    Ok(reading.map(|reading| Opened { document, reading }))
}

/// `?3` is a JSON list of keys. They are few: of them the libraries are looked at, not the other
/// way round.
const SEEN: &str = concat!(
    "SELECT v.key FROM json_each(?3) AS k CROSS JOIN document_version AS v ON v.key = k.value \
     CROSS JOIN library AS l ON l.organisation_id = v.organisation_id AND l.id = v.library_id \
     WHERE ",
    seen!()
);

pub(super) async fn seen(
    connection: &mut SqliteConnection,
    visitor: Visitor,
    versions: &[VersionKey],
) -> Result<Vec<VersionKey>, Failure> {
    let keys: Vec<u64> = versions.iter().map(|key| key.0).collect();
    let rows = asked_by(SEEN, visitor)
        .bind(serde_json::json!(keys).to_string())
        .fetch_all(connection)
        .await?;
    let found = rows.iter().map(key_of).collect::<Result<BTreeSet<_>, _>>()?;
    Ok(versions.iter().copied().filter(|key| found.contains(key)).collect())
}

pub(super) async fn live(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
) -> Result<Vec<VersionKey>, Failure> {
    let rows = sqlx::query(
        "SELECT v.key FROM library AS l JOIN document_version AS v \
         ON v.organisation_id = l.organisation_id AND v.library_id = l.id \
         WHERE l.organisation_id = ?1 AND l.removed_at IS NULL",
    )
    .bind(bytes(organisation.as_uuid()))
    .fetch_all(connection)
    .await?;
    rows.iter().map(key_of).collect()
}

/// `?2` is a JSON list of keys. What failed for another reason than that the server, or the index,
/// broke off again and again would fail again.
const LOST: &str = "SELECT v.key FROM json_each(?2) AS k \
     CROSS JOIN document_version AS v ON v.key = k.value \
     WHERE v.organisation_id = ?1 AND v.state <> 'queued' \
     AND (v.state <> 'failed' OR v.searchable = 1 OR v.failure = ?3)";

/// Those that an index should have, once they are read or already.
pub(super) async fn lost(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
    versions: &[VersionKey],
) -> Result<Vec<VersionKey>, Failure> {
    let keys: Vec<u64> = versions.iter().map(|key| key.0).collect();
    let rows = sqlx::query(LOST)
        .bind(bytes(organisation.as_uuid()))
        .bind(serde_json::json!(keys).to_string())
        .bind(Unread::BrokenOff.code())
        .fetch_all(connection)
        .await?;
    rows.iter().map(key_of).collect()
}

/// A key that was given is remembered also when its row is gone.
pub(super) async fn highest_key(connection: &mut SqliteConnection) -> Result<VersionKey, Failure> {
    let highest: Option<i64> =
        sqlx::query_scalar("SELECT max(seq) FROM sqlite_sequence WHERE name = 'document_version'")
            .fetch_one(connection)
            .await?;
    Ok(VersionKey(highest.unwrap_or_default().unsigned_abs()))
}

pub(super) async fn organisations(
    connection: &mut SqliteConnection,
) -> Result<Vec<OrganisationId>, Failure> {
    let rows = sqlx::query("SELECT id FROM organisation ORDER BY id").fetch_all(connection).await?;
    rows.iter().map(|row| Columns(row).organisation("id")).collect()
}
