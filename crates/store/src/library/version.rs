//! A version as columns of a row.

use domain::OrganisationId;
use governance::ContentKeys;
use knowledge::{BytesId, InForce, Language, ReadFailure, ReadingState, Version, VersionKey};
use sqlx::{Row as _, sqlite::SqliteRow};

use super::sealed::{Column, Texts};
use crate::{failure::Failure, row::Columns};

/// A key as it is bound to a statement.
pub(super) fn bound(VersionKey(key): VersionKey) -> i64 {
    // Numbers of rows are far below; none is found under the highest.
    i64::try_from(key).unwrap_or(i64::MAX)
}

pub(super) fn key_of(row: &SqliteRow) -> Result<VersionKey, Failure> {
    Ok(VersionKey(row.try_get::<i64, _>("key")?.unsigned_abs()))
}

/// Where the bytes lie.
pub(super) fn bytes_id(row: &SqliteRow) -> Result<BytesId, Failure> {
    Columns(row).uuid("bytes_id").map(BytesId)
}

/// Where what was read lies, and how many bytes it has.
pub(super) fn reading_id(row: &SqliteRow) -> Result<Option<(BytesId, u64)>, Failure> {
    let id = Columns(row).uuid_if_any("reading_id")?.map(BytesId);
    let bytes = row.try_get::<Option<i64>, _>("reading_bytes")?.map(i64::unsigned_abs);
    Ok(id.zip(bytes))
}

pub(super) fn state(row: &SqliteRow) -> Result<ReadingState, Failure> {
    let state = ReadingState::from_word(row.try_get("state")?);
    state.ok_or(Failure::Unreadable { column: "state" })
}

/// Of a row with all columns of `document_version`.
pub(super) fn version(
    row: &SqliteRow,
    keys: &ContentKeys,
    organisation: OrganisationId,
) -> Result<Version, Failure> {
    let columns = Columns(row);
    let document = domain::DocumentId::from_uuid(columns.uuid("document_id")?);
    let texts = Texts::of_document(keys, (organisation, document));
    let lies_at = bytes_id(row)?;
    let count = |column: &'static str| {
        let number = u32::try_from(row.try_get::<i64, _>(column)?);
        number.map_err(|_| Failure::Unreadable { column })
    };
    let from = columns.time("in_force_from")?;
    let until = columns.time_if_any("in_force_until")?;
    Ok(Version {
        key: key_of(row)?,
        number: count("number")?,
        digest: texts.open_digest(lies_at, row)?,
        bytes: row.try_get::<i64, _>("bytes")?.unsigned_abs(),
        added_at: columns.time("added_at")?,
        state: state(row)?,
        searchable: row.try_get("searchable")?,
        in_force: InForce { from, until },
        pages: count("pages")?,
        passages: count("passages")?,
        tokens: count("tokens")?,
        language: language(&columns)?,
        notes: count("notes")?,
        failure: failure(row, &texts, lies_at)?,
        ended_at: columns.time_if_any("ended_at")?,
    })
}

fn language(columns: &Columns<'_>) -> Result<Option<Language>, Failure> {
    let Some(tag) = columns.text_if_any("language")? else { return Ok(None) };
    let language = Language::from_tag(&tag);
    language.map(Some).ok_or(Failure::Unreadable { column: "language" })
}

fn failure(
    row: &SqliteRow,
    texts: &Texts<'_>,
    lies_at: BytesId,
) -> Result<Option<ReadFailure>, Failure> {
    let Some(code) = Columns(row).text_if_any("failure")? else { return Ok(None) };
    let part = texts.open_if_any(Column::FailurePart(lies_at), row)?;
    Ok(Some(ReadFailure { code, part }))
}
