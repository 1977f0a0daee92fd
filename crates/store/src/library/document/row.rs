//! A document as a row, with the version that is asked for.

use domain::{AccountId, DocumentId, HoldId, LibraryId, OrganisationId, Timestamp};
use governance::ContentKeys;
use knowledge::{
    BytesId, DocumentChange, DocumentPage, DocumentQuery, LibraryAccess, StoredDocument, Version,
    VersionKey, VersionQuery, Visitor, Wanted,
    ports::{Changed, Refusal},
};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};

use crate::{
    failure::Failure,
    file::blob::Blob,
    library::{
        sealed::{Column, Texts, name_token},
        version::{bound, bytes_id, reading_id, version},
        visible::{self, asked_by},
    },
    row::{Columns, bytes},
};

/// A document of an organisation.
pub(in crate::library) type Whose = (OrganisationId, DocumentId);

const FIND: &str = concat!(
    "SELECT ",
    document_columns!(),
    " FROM document AS d \
     JOIN library AS l ON l.organisation_id = d.organisation_id AND l.id = d.library_id \
     JOIN document_version AS v ON v.organisation_id = d.organisation_id \
     AND v.document_id = d.id WHERE d.organisation_id = ?1 AND d.id = ?3 \
     AND v.number = coalesce(?4, ",
    current_number!("?5"),
    ") AND ",
    seen!()
);

pub(in crate::library) async fn find(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    (visitor, wanted): (Visitor, Wanted),
) -> Result<Option<StoredDocument>, Failure> {
    let row = asked_by(FIND, visitor)
        .bind(bytes(wanted.document.as_uuid()))
        .bind(wanted.number)
        .bind(wanted.at.as_micros())
        .fetch_optional(connection)
        .await?;
    row.map(|row| whole(&row, keys, visitor.organisation)).transpose()
}

const FIND_VERSION: &str = concat!(
    "SELECT ",
    document_columns!(),
    " FROM document_version AS v \
     JOIN document AS d ON d.organisation_id = v.organisation_id AND d.id = v.document_id \
     JOIN library AS l ON l.organisation_id = v.organisation_id AND l.id = v.library_id \
     WHERE v.key = ?3 AND ",
    seen!()
);

pub(super) async fn find_version(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    (visitor, key): (Visitor, VersionKey),
) -> Result<Option<StoredDocument>, Failure> {
    let row = asked_by(FIND_VERSION, visitor).bind(bound(key)).fetch_optional(connection).await?;
    row.map(|row| whole(&row, keys, visitor.organisation)).transpose()
}

/// The newest. Names are sealed, each under the key of its document: those with the same token are
/// opened.
pub(super) async fn named(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    (organisation, library): (OrganisationId, LibraryId),
    name: &str,
) -> Result<Option<DocumentId>, Failure> {
    let rows = sqlx::query(
        "SELECT id, name FROM document INDEXED BY document_named \
         WHERE organisation_id = ?1 AND library_id = ?2 AND name_token = ?3 ORDER BY id DESC",
    )
    .bind(bytes(organisation.as_uuid()))
    .bind(bytes(library.as_uuid()))
    .bind(name_token(keys, (organisation, library), name))
    .fetch_all(connection)
    .await?;
    for row in &rows {
        let id = DocumentId::from_uuid(Columns(row).uuid("id")?);
        let texts = Texts::of_document(keys, (organisation, id));
        if texts.open(Column::DocumentName, row)? == name {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

const COUNT: &str = "SELECT documents FROM library WHERE organisation_id = ?1 AND id = ?2";

/// Ids carry their time, so that a page can begin behind a document that is gone; no id is as long
/// as the one behind which the first page begins. Documents of other libraries are not looked at.
const PAGE: &str = concat!(
    "SELECT ",
    document_columns!(),
    " FROM document AS d INDEXED BY document_of_library CROSS JOIN document_version AS v \
     ON v.organisation_id = d.organisation_id AND v.document_id = d.id AND v.number = ",
    current_number!("?6"),
    " WHERE d.organisation_id = ?1 AND d.library_id = ?2 \
     AND d.id < coalesce(?3, x'ffffffffffffffffffffffffffffffffff') \
     ORDER BY d.id DESC LIMIT ?4 OFFSET ?5"
);

pub(super) async fn page(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    (organisation, query): (OrganisationId, DocumentQuery),
) -> Result<DocumentPage, Failure> {
    let total: i64 = sqlx::query_scalar(COUNT)
        .bind(bytes(organisation.as_uuid()))
        .bind(bytes(query.library.as_uuid()))
        .fetch_one(&mut *connection)
        .await?;
    let rows = sqlx::query(PAGE)
        .bind(bytes(organisation.as_uuid()))
        .bind(bytes(query.library.as_uuid()))
        .bind(query.after.map(|id| bytes(id.as_uuid())))
        .bind(i64::from(query.limit) + 1)
        .bind(i64::try_from(query.offset).unwrap_or(i64::MAX))
        .bind(query.at.as_micros())
        .fetch_all(connection)
        .await?;
    let limit = query.limit as usize;
    let wholes = rows.iter().take(limit).map(|row| whole(row, keys, organisation));
    Ok(DocumentPage {
        documents: wholes.collect::<Result<_, _>>()?,
        total: total.unsigned_abs(),
        has_more: rows.len() > limit,
    })
}

pub(super) async fn versions(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    (organisation, query): (OrganisationId, VersionQuery),
) -> Result<Vec<Version>, Failure> {
    let rows = sqlx::query(
        "SELECT * FROM document_version WHERE organisation_id = ?1 AND document_id = ?2 \
         AND (?3 IS NULL OR number < ?3) ORDER BY number DESC LIMIT ?4",
    )
    .bind(bytes(organisation.as_uuid()))
    .bind(bytes(query.document.as_uuid()))
    .bind(query.before)
    .bind(query.limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| version(row, keys, organisation)).collect()
}

/// Whether the visitor may do with the library of a document what is needed.
pub(super) async fn needs(
    connection: &mut SqliteConnection,
    visitor: Visitor,
    (id, needed): (DocumentId, LibraryAccess),
) -> Result<Changed<()>, Failure> {
    let unknown = Err(Refusal::DocumentUnknown(id));
    let Some(library) = library_of(connection, (visitor.organisation, id)).await? else {
        return Ok(unknown);
    };
    Ok(match visible::needs(connection, visitor, (library, needed)).await? {
        Err(Refusal::LibraryUnknown(_)) => unknown,
        other => other,
    })
}

pub(super) async fn library_of(
    connection: &mut SqliteConnection,
    whose: Whose,
) -> Result<Option<LibraryId>, Failure> {
    let row = sqlx::query("SELECT library_id FROM document WHERE organisation_id = ?1 AND id = ?2")
        .bind(bytes(whose.0.as_uuid()))
        .bind(bytes(whose.1.as_uuid()))
        .fetch_optional(connection)
        .await?;
    row.map(|row| Columns(&row).uuid("library_id").map(LibraryId::from_uuid)).transpose()
}

pub(super) async fn update(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    whose: Whose,
    (change, at): (&DocumentChange, Timestamp),
) -> Result<(), Failure> {
    let texts = Texts::of_document(keys, whose);
    let name = change.name.as_deref().map(|name| texts.seal(Column::DocumentName, name));
    let library = library_of(connection, whose).await?;
    let token = library.zip(change.name.as_deref());
    let token = token.map(|(library, name)| name_token(keys, (whose.0, library), name));
    let attributes = change.attributes.as_deref();
    let attributes = attributes.map(|text| texts.seal(Column::DocumentAttributes, text));
    sqlx::query(
        "UPDATE document SET updated_at = ?3, name = coalesce(?4, name), \
         attributes = coalesce(?5, attributes), name_token = coalesce(?6, name_token) \
         WHERE organisation_id = ?1 AND id = ?2",
    )
    .bind(bytes(whose.0.as_uuid()))
    .bind(bytes(whose.1.as_uuid()))
    .bind(at.as_micros())
    .bind(name)
    .bind(attributes)
    .bind(token)
    .execute(connection)
    .await?;
    Ok(())
}

/// The first hold that covers whoever added the document, or the owner of its library.
pub(super) async fn held(
    connection: &mut SqliteConnection,
    whose: Whose,
) -> Result<Option<HoldId>, Failure> {
    let row = sqlx::query(
        "SELECT h.id FROM document AS d \
         JOIN library AS l ON l.organisation_id = d.organisation_id AND l.id = d.library_id \
         JOIN hold AS h ON h.organisation_id = d.organisation_id \
         WHERE d.organisation_id = ?1 AND d.id = ?2 AND h.lifted_at IS NULL \
         AND (h.account_id IS NULL OR h.account_id IN (d.account_id, l.account_id)) \
         ORDER BY h.placed_at, h.id LIMIT 1",
    )
    .bind(bytes(whose.0.as_uuid()))
    .bind(bytes(whose.1.as_uuid()))
    .fetch_optional(connection)
    .await?;
    row.map(|row| Columns(&row).uuid("id").map(HoldId::from_uuid)).transpose()
}

/// The bytes of all versions, and what was read of them.
pub(super) async fn blobs(
    connection: &mut SqliteConnection,
    whose: Whose,
) -> Result<Vec<Blob>, Failure> {
    let rows = sqlx::query(
        "SELECT bytes_id, reading_id, reading_bytes FROM document_version \
         WHERE organisation_id = ?1 AND document_id = ?2",
    )
    .bind(bytes(whose.0.as_uuid()))
    .bind(bytes(whose.1.as_uuid()))
    .fetch_all(connection)
    .await?;
    let mut blobs = Vec::with_capacity(rows.len());
    for row in &rows {
        blobs.push((whose.0, bytes_id(row)?.0));
        blobs.extend(reading_id(row)?.map(|(BytesId(id), _)| (whose.0, id)));
    }
    Ok(blobs)
}

/// With all of its versions.
pub(crate) async fn remove(connection: &mut SqliteConnection, whose: Whose) -> Result<(), Failure> {
    for statement in [
        "DELETE FROM document_version WHERE organisation_id = ?1 AND document_id = ?2",
        "DELETE FROM document WHERE organisation_id = ?1 AND id = ?2",
    ] {
        sqlx::query(statement)
            .bind(bytes(whose.0.as_uuid()))
            .bind(bytes(whose.1.as_uuid()))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Where a version lies, each with how many bytes.
pub(super) struct LiesAt {
    pub(super) bytes: (BytesId, u64),
    pub(super) reading: Option<(BytesId, u64)>,
}

const LIES_AT: &str = concat!(
    "SELECT v.bytes_id, v.bytes, v.reading_id, v.reading_bytes FROM document_version AS v \
     JOIN library AS l ON l.organisation_id = v.organisation_id AND l.id = v.library_id \
     WHERE v.key = ?3 AND ",
    seen!()
);

/// `None` if there is none, or the visitor does not see its library.
pub(super) async fn lies_at(
    connection: &mut SqliteConnection,
    (visitor, key): (Visitor, VersionKey),
) -> Result<Option<LiesAt>, Failure> {
    let row = asked_by(LIES_AT, visitor).bind(bound(key)).fetch_optional(connection).await?;
    let Some(row) = row else { return Ok(None) };
    let length = row.try_get::<i64, _>("bytes")?.unsigned_abs();
    Ok(Some(LiesAt { bytes: (bytes_id(&row)?, length), reading: reading_id(&row)? }))
}

pub(super) async fn bytes_kept(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
) -> Result<u64, Failure> {
    let kept: i64 = sqlx::query_scalar(
        "SELECT coalesce(sum(bytes), 0) FROM library WHERE organisation_id = ?1",
    )
    .bind(bytes(organisation.as_uuid()))
    .fetch_one(connection)
    .await?;
    Ok(kept.unsigned_abs())
}

/// Of a row with the columns of a document and its version.
pub(in crate::library) fn whole(
    row: &SqliteRow,
    keys: &ContentKeys,
    organisation: OrganisationId,
) -> Result<StoredDocument, Failure> {
    let columns = Columns(row);
    let id = DocumentId::from_uuid(columns.uuid("document_id")?);
    let texts = Texts::of_document(keys, (organisation, id));
    let versions = u32::try_from(row.try_get::<i64, _>("versions")?);
    Ok(StoredDocument {
        id,
        library: LibraryId::from_uuid(columns.uuid("library_id")?),
        name: texts.open(Column::DocumentName, row)?,
        media_type: columns.text("media_type")?,
        added_by: columns.uuid_if_any("account_id")?.map(AccountId::from_uuid),
        created_at: columns.time("created_at")?,
        updated_at: columns.time("updated_at")?,
        attributes: texts.open(Column::DocumentAttributes, row)?,
        versions: versions.map_err(|_| Failure::Unreadable { column: "versions" })?,
        current: version(row, keys, organisation)?,
    })
}
