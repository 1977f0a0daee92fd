//! A library as a row.

use domain::{AccountId, HoldId, LibraryId, OrganisationId, Timestamp};
use governance::ContentKeys;
use knowledge::{
    Library, LibraryChange, LibraryPage, LibraryQuery, Progress, ReadingState, VisibleLibrary,
    Visitor,
};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};

use super::{
    sealed::{Column, Texts},
    visible::{self, asked_by},
};
use crate::{
    failure::Failure,
    row::{Columns, bytes},
};

/// A library of an organisation.
pub(super) type Whose = (OrganisationId, LibraryId);

/// How many the owner of this one has.
pub(super) async fn owned(
    connection: &mut SqliteConnection,
    library: &Library,
) -> Result<u32, Failure> {
    let count: u32 = sqlx::query_scalar(
        "SELECT count(*) FROM library \
         WHERE organisation_id = ?1 AND account_id = ?2 AND removed_at IS NULL",
    )
    .bind(bytes(library.organisation.as_uuid()))
    .bind(library.owner.map(|owner| bytes(owner.as_uuid())))
    .fetch_one(connection)
    .await?;
    Ok(count)
}

pub(super) async fn insert(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    library: &Library,
) -> Result<(), Failure> {
    let texts = Texts::of_library(keys, (library.organisation, library.id));
    let description = library.description.as_deref();
    sqlx::query(
        "INSERT INTO library (organisation_id, id, account_id, name, description, created_at, \
         updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )
    .bind(bytes(library.organisation.as_uuid()))
    .bind(bytes(library.id.as_uuid()))
    .bind(library.owner.map(|owner| bytes(owner.as_uuid())))
    .bind(texts.seal(Column::LibraryName, &library.name))
    .bind(description.map(|text| texts.seal(Column::LibraryDescription, text)))
    .bind(library.created_at.as_micros())
    .bind(library.updated_at.as_micros())
    .execute(connection)
    .await?;
    Ok(())
}

const FIND: &str = concat!(
    "SELECT l.*, l.account_id AS owner_id, ",
    given!(),
    " FROM library AS l WHERE l.id = ?3 AND ",
    seen!()
);

pub(super) async fn find(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    (visitor, id): (Visitor, LibraryId),
) -> Result<Option<VisibleLibrary>, Failure> {
    let row = asked_by(FIND, visitor).bind(bytes(id.as_uuid())).fetch_optional(connection).await?;
    row.map(|row| whole(&row, keys, visitor)).transpose()
}

const COUNT: &str = concat!("SELECT count(*) FROM library AS l WHERE ", seen!());

/// Ids carry their time, so that a page can begin behind a library that is gone.
const PAGE: &str = concat!(
    "SELECT l.*, l.account_id AS owner_id, ",
    given!(),
    " FROM library AS l WHERE (?3 IS NULL OR l.id < ?3) AND ",
    seen!(),
    " ORDER BY l.id DESC LIMIT ?4 OFFSET ?5"
);

pub(super) async fn page(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    visitor: Visitor,
    query: LibraryQuery,
) -> Result<LibraryPage, Failure> {
    let total = asked_by(COUNT, visitor).fetch_one(&mut *connection).await?;
    let total: i64 = total.try_get(0)?;
    let rows = asked_by(PAGE, visitor)
        .bind(query.after.map(|id| bytes(id.as_uuid())))
        .bind(i64::from(query.limit) + 1)
        .bind(i64::try_from(query.offset).unwrap_or(i64::MAX))
        .fetch_all(connection)
        .await?;
    let limit = query.limit as usize;
    let wholes = rows.iter().take(limit).map(|row| whole(row, keys, visitor));
    Ok(LibraryPage {
        libraries: wholes.collect::<Result<_, _>>()?,
        total: total.unsigned_abs(),
        has_more: rows.len() > limit,
    })
}

pub(super) async fn update(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    whose: Whose,
    (change, at): (&LibraryChange, Timestamp),
) -> Result<(), Failure> {
    let texts = Texts::of_library(keys, whose);
    let name = change.name.as_deref().map(|name| texts.seal(Column::LibraryName, name));
    let description = change.description.as_ref().map(|description| {
        description.as_deref().map(|text| texts.seal(Column::LibraryDescription, text))
    });
    sqlx::query(
        "UPDATE library SET updated_at = ?3, name = coalesce(?4, name), \
         description = CASE WHEN ?5 THEN ?6 ELSE description END \
         WHERE organisation_id = ?1 AND id = ?2",
    )
    .bind(bytes(whose.0.as_uuid()))
    .bind(bytes(whose.1.as_uuid()))
    .bind(at.as_micros())
    .bind(name)
    .bind(description.is_some())
    .bind(description.flatten())
    .execute(connection)
    .await?;
    Ok(())
}

/// The first hold that covers the library, or a document in it.
pub(super) async fn held(
    connection: &mut SqliteConnection,
    whose: Whose,
) -> Result<Option<HoldId>, Failure> {
    let row = sqlx::query(
        "SELECT h.id FROM library AS l JOIN hold AS h ON h.organisation_id = l.organisation_id \
         WHERE l.organisation_id = ?1 AND l.id = ?2 AND h.lifted_at IS NULL \
         AND (h.account_id IS NULL OR h.account_id = l.account_id OR EXISTS (\
         SELECT 1 FROM document AS d WHERE d.organisation_id = ?1 AND d.library_id = ?2 \
         AND d.account_id = h.account_id)) ORDER BY h.placed_at, h.id LIMIT 1",
    )
    .bind(bytes(whose.0.as_uuid()))
    .bind(bytes(whose.1.as_uuid()))
    .fetch_optional(connection)
    .await?;
    row.map(|row| Columns(&row).uuid("id").map(HoldId::from_uuid)).transpose()
}

/// Nobody sees it from now on.
pub(super) async fn mark_removed(
    connection: &mut SqliteConnection,
    whose: Whose,
    at: Timestamp,
) -> Result<(), Failure> {
    sqlx::query("UPDATE library SET removed_at = ?3 WHERE organisation_id = ?1 AND id = ?2")
        .bind(bytes(whose.0.as_uuid()))
        .bind(bytes(whose.1.as_uuid()))
        .bind(at.as_micros())
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn progress(
    connection: &mut SqliteConnection,
    whose: Whose,
) -> Result<Progress, Failure> {
    let rows = sqlx::query(
        "SELECT state, versions FROM library_progress \
         WHERE organisation_id = ?1 AND library_id = ?2",
    )
    .bind(bytes(whose.0.as_uuid()))
    .bind(bytes(whose.1.as_uuid()))
    .fetch_all(connection)
    .await?;
    let mut progress = Progress::default();
    for row in &rows {
        let state = ReadingState::from_word(row.try_get("state")?);
        let state = state.ok_or(Failure::Unreadable { column: "state" })?;
        progress.set(state, row.try_get::<i64, _>("versions")?.unsigned_abs());
    }
    Ok(progress)
}

fn whole(row: &SqliteRow, keys: &ContentKeys, visitor: Visitor) -> Result<VisibleLibrary, Failure> {
    let columns = Columns(row);
    let organisation = columns.organisation("organisation_id")?;
    let id = LibraryId::from_uuid(columns.uuid("id")?);
    let texts = Texts::of_library(keys, (organisation, id));
    let library = Library {
        id,
        organisation,
        owner: columns.uuid_if_any("account_id")?.map(AccountId::from_uuid),
        name: texts.open(Column::LibraryName, row)?,
        description: texts.open_if_any(Column::LibraryDescription, row)?,
        created_at: columns.time("created_at")?,
        updated_at: columns.time("updated_at")?,
        documents: row.try_get::<i64, _>("documents")?.unsigned_abs(),
        bytes: row.try_get::<i64, _>("bytes")?.unsigned_abs(),
    };
    let access = visible::access(row, visitor)?;
    Ok(VisibleLibrary { library, access: access.ok_or(Failure::Unreadable { column: "shared" })? })
}
