//! Makes a version of bytes that were written.

use domain::Timestamp;
use governance::ContentKeys;
use knowledge::{
    BytesId, DocumentChange, LibraryAccess, ReadingState, Wanted,
    ports::{Changed, Kept, NewVersion, Refusal},
};
use sqlx::{Row as _, SqliteConnection};

use super::row;
use crate::{
    failure::Failure,
    library::{
        sealed::{Column, Texts, digest_token, name_token},
        version::bytes_id,
        visible,
    },
    row::{Columns, bytes},
};

/// Attributes of a document of which nobody said any.
const NO_ATTRIBUTES: &str = "{}";

/// The version as it was kept, or the one with the same bytes that was there.
pub(super) async fn keep(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    new: &NewVersion,
) -> Result<Changed<Kept>, Failure> {
    let needed = (new.library, LibraryAccess::Editor);
    if let Err(refusal) = visible::needs(connection, new.visitor, needed).await? {
        return Ok(Err(refusal));
    }
    let whose = (new.visitor.organisation, new.document);
    if !new.is_own && row::library_of(connection, whose).await? != Some(new.library) {
        return Ok(Err(Refusal::DocumentUnknown(new.document)));
    }
    if let (true, true, Some(name)) = (new.is_own, new.is_named, &new.name) {
        let library = (new.visitor.organisation, new.library);
        if let Some(id) = row::named(connection, keys, library, name).await? {
            return Ok(Err(Refusal::Named(id)));
        }
    }
    let same = same(connection, keys, new).await?;
    let is_new = same.is_none();
    if is_new {
        let bytes = row::bytes_kept(connection, new.visitor.organisation).await?;
        if bytes.saturating_add(new.bytes) > new.bytes_max {
            return Ok(Err(Refusal::NoRoom { bytes, bytes_max: new.bytes_max }));
        }
    }
    let wanted = match same {
        Some(same) => same,
        None => insert(connection, keys, new).await?,
    };
    let found = row::find(connection, keys, (new.visitor, wanted)).await?;
    let found = found.map(|document| Kept { document, is_new });
    Ok(found.ok_or(Refusal::DocumentUnknown(new.document)))
}

/// Of versions with the same token, those that are the newest or the current one of their document.
const SAME: &str = concat!(
    "SELECT v.document_id, v.number, v.digest, v.bytes_id FROM document_version AS v \
     JOIN document AS d ON d.organisation_id = v.organisation_id AND d.id = v.document_id \
     WHERE v.organisation_id = ?1 AND v.library_id = ?2 AND v.digest_token = ?3 \
     AND (?4 IS NULL OR v.document_id = ?4) AND v.number IN ((SELECT max(n.number) \
     FROM document_version AS n WHERE n.organisation_id = v.organisation_id \
     AND n.document_id = v.document_id), ",
    current_number!("?5"),
    ") ORDER BY v.key"
);

/// Where the same bytes are already.
async fn same(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    new: &NewVersion,
) -> Result<Option<Wanted>, Failure> {
    let organisation = new.visitor.organisation;
    let rows = sqlx::query(SAME)
        .bind(bytes(organisation.as_uuid()))
        .bind(bytes(new.library.as_uuid()))
        .bind(digest_token(keys, (organisation, new.library), &new.digest))
        .bind((!new.is_own).then(|| bytes(new.document.as_uuid())))
        .bind(new.at.as_micros())
        .fetch_all(connection)
        .await?;
    for row in &rows {
        let document = domain::DocumentId::from_uuid(Columns(row).uuid("document_id")?);
        let texts = Texts::of_document(keys, (organisation, document));
        if texts.open_digest(bytes_id(row)?, row)? == new.digest {
            let number = Some(row.try_get("number")?);
            return Ok(Some(Wanted { document, number, at: new.at }));
        }
    }
    Ok(None)
}

/// Keeps the version, and the document if it is a new one.
async fn insert(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    new: &NewVersion,
) -> Result<Wanted, Failure> {
    let whose = (new.visitor.organisation, new.document);
    if new.is_own {
        insert_document(connection, keys, new).await?;
    } else {
        let change = DocumentChange { name: new.name.clone(), attributes: new.attributes.clone() };
        row::update(connection, keys, whose, (&change, new.at)).await?;
    }
    let newest: Option<u32> = sqlx::query_scalar(
        "SELECT max(number) FROM document_version \
         WHERE organisation_id = ?1 AND document_id = ?2",
    )
    .bind(bytes(whose.0.as_uuid()))
    .bind(bytes(whose.1.as_uuid()))
    .fetch_one(&mut *connection)
    .await?;
    let number = newest.unwrap_or(0) + 1;
    insert_version(connection, keys, (new, number)).await?;
    Ok(Wanted { document: new.document, number: Some(number), at: new.at })
}

async fn insert_document(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    new: &NewVersion,
) -> Result<(), Failure> {
    let organisation = new.visitor.organisation;
    let texts = Texts::of_document(keys, (organisation, new.document));
    let name = new.name.as_deref().unwrap_or_default();
    let attributes = new.attributes.as_deref().unwrap_or(NO_ATTRIBUTES);
    sqlx::query(
        "INSERT INTO document (organisation_id, id, library_id, account_id, name, attributes, \
         created_at, updated_at, name_token) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8)",
    )
    .bind(bytes(organisation.as_uuid()))
    .bind(bytes(new.document.as_uuid()))
    .bind(bytes(new.library.as_uuid()))
    .bind(bytes(new.visitor.account.as_uuid()))
    .bind(texts.seal(Column::DocumentName, name))
    .bind(texts.seal(Column::DocumentAttributes, attributes))
    .bind(new.at.as_micros())
    .bind(name_token(keys, (organisation, new.library), name))
    .execute(connection)
    .await?;
    Ok(())
}

async fn insert_version(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    (new, number): (&NewVersion, u32),
) -> Result<(), Failure> {
    let organisation = new.visitor.organisation;
    let texts = Texts::of_document(keys, (organisation, new.document));
    let BytesId(lies_at) = new.lies_at;
    sqlx::query(
        "INSERT INTO document_version (organisation_id, library_id, document_id, number, \
         media_type, digest, digest_token, bytes, bytes_id, added_at, state, in_force_from, \
         in_force_until, said_until) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?13)",
    )
    .bind(bytes(organisation.as_uuid()))
    .bind(bytes(new.library.as_uuid()))
    .bind(bytes(new.document.as_uuid()))
    .bind(number)
    .bind(new.media_type.clone())
    .bind(texts.seal_bytes(Column::Digest(new.lies_at), &new.digest))
    .bind(digest_token(keys, (organisation, new.library), &new.digest))
    .bind(i64::try_from(new.bytes).unwrap_or(i64::MAX))
    .bind(bytes(lies_at))
    .bind(new.at.as_micros())
    .bind(ReadingState::Queued.as_str())
    .bind(new.in_force.from.as_micros())
    .bind(new.in_force.until.map(Timestamp::as_micros))
    .execute(connection)
    .await?;
    Ok(())
}
