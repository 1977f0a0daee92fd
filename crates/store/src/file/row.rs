//! What is known of a file, as a row.

use domain::{AccountId, BatchJobId, FileId, OrganisationId, Timestamp};
use governance::ContentKeys;
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};
use workloads::{File, FilePage, FileQuery, FileSource, Owner, Purpose, ports::FileDeleted};

use crate::{
    failure::Failure,
    row::{Columns, bytes},
};

/// What a name is bound to, beside the file.
const NAME: &[u8] = b"file.name\0";

/// What the keys of a file are derived for.
pub(crate) fn sealed_as((owner, id): (Owner, FileId)) -> Vec<u8> {
    [
        b"file\0".as_slice(),
        owner.organisation.as_uuid().as_bytes(),
        owner.account.as_uuid().as_bytes(),
        id.as_uuid().as_bytes(),
    ]
    .concat()
}

pub(crate) async fn insert(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    file: &File,
) -> Result<(), Failure> {
    let name = keys.sealer(sealed_as((file.owner, file.id))).seal(NAME, &file.name);
    sqlx::query(
        "INSERT INTO file (organisation_id, id, account_id, name, purpose, source, bytes, lines, \
         created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )
    .bind(bytes(file.owner.organisation.as_uuid()))
    .bind(bytes(file.id.as_uuid()))
    .bind(bytes(file.owner.account.as_uuid()))
    .bind(name)
    .bind(file.purpose.as_str())
    .bind(file.source.as_str())
    .bind(i64::try_from(file.bytes).unwrap_or(i64::MAX))
    .bind(file.lines.map(|lines| i64::try_from(lines).unwrap_or(i64::MAX)))
    .bind(file.created_at.as_micros())
    .bind(file.expires_at.map(Timestamp::as_micros))
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn find(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    (owner, id): (Owner, FileId),
) -> Result<Option<File>, Failure> {
    let row = sqlx::query(
        "SELECT * FROM file WHERE organisation_id = ?1 AND account_id = ?2 AND id = ?3",
    )
    .bind(bytes(owner.organisation.as_uuid()))
    .bind(bytes(owner.account.as_uuid()))
    .bind(bytes(id.as_uuid()))
    .fetch_optional(connection)
    .await?;
    row.map(|row| file(&row, keys)).transpose()
}

/// A page of the files that are asked for; `?6` is the one behind which it begins. Ids carry their
/// time, so that a page can begin behind a file that is gone.
macro_rules! listed {
    ($columns:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM file WHERE organisation_id = ?1 AND account_id = ?2 \
             AND (?3 IS NULL OR purpose = ?3) AND (?4 IS NULL OR source = ?4) \
             AND (?5 IS NULL OR expires_at IS NULL OR expires_at > ?5)",
            $rest
        )
    };
}

pub(super) async fn page(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    owner: Owner,
    query: &FileQuery,
) -> Result<FilePage, Failure> {
    let asked = |statement: &'static str| {
        sqlx::query(statement)
            .bind(bytes(owner.organisation.as_uuid()))
            .bind(bytes(owner.account.as_uuid()))
            .bind(query.purpose.map(Purpose::as_str))
            .bind(query.source.map(FileSource::as_str))
            .bind(query.at.map(Timestamp::as_micros))
    };
    let total = asked(listed!("count(*)", "")).fetch_one(&mut *connection).await?;
    let total: i64 = total.try_get(0)?;
    let rows =
        asked(listed!("*", " AND (?6 IS NULL OR id < ?6) ORDER BY id DESC LIMIT ?7 OFFSET ?8"))
            .bind(query.after.map(|id| bytes(id.as_uuid())))
            .bind(i64::from(query.limit) + 1)
            .bind(i64::try_from(query.offset).unwrap_or(i64::MAX))
            .fetch_all(connection)
            .await?;
    let limit = query.limit as usize;
    let files = rows.iter().take(limit).map(|row| file(row, keys)).collect::<Result<_, _>>()?;
    Ok(FilePage { files, total: total.unsigned_abs(), has_more: rows.len() > limit })
}

/// [`FileDeleted::Done`] if no job is in the way.
pub(super) async fn may_be_deleted(
    connection: &mut SqliteConnection,
    (owner, id): (Owner, FileId),
) -> Result<FileDeleted, Failure> {
    let known = sqlx::query(
        "SELECT 1 FROM file WHERE organisation_id = ?1 AND account_id = ?2 AND id = ?3",
    )
    .bind(bytes(owner.organisation.as_uuid()))
    .bind(bytes(owner.account.as_uuid()))
    .bind(bytes(id.as_uuid()))
    .fetch_optional(&mut *connection)
    .await?;
    if known.is_none() {
        return Ok(FileDeleted::Unknown);
    }
    let reader = sqlx::query(
        "SELECT j.id FROM batch_input AS i JOIN batch_job AS j \
         ON j.organisation_id = i.organisation_id AND j.id = i.job_id \
         WHERE i.organisation_id = ?1 AND i.file_id = ?2 AND j.ended_at IS NULL LIMIT 1",
    )
    .bind(bytes(owner.organisation.as_uuid()))
    .bind(bytes(id.as_uuid()))
    .fetch_optional(connection)
    .await?;
    match reader {
        Some(row) => Ok(FileDeleted::InUse(BatchJobId::from_uuid(Columns(&row).uuid("id")?))),
        None => Ok(FileDeleted::Done),
    }
}

pub(super) async fn remove(
    connection: &mut SqliteConnection,
    (owner, id): (Owner, FileId),
) -> Result<(), Failure> {
    sqlx::query("DELETE FROM file WHERE organisation_id = ?1 AND account_id = ?2 AND id = ?3")
        .bind(bytes(owner.organisation.as_uuid()))
        .bind(bytes(owner.account.as_uuid()))
        .bind(bytes(id.as_uuid()))
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn bytes_kept(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
) -> Result<u64, Failure> {
    let kept: i64 =
        sqlx::query_scalar("SELECT coalesce(sum(bytes), 0) FROM file WHERE organisation_id = ?1")
            .bind(bytes(organisation.as_uuid()))
            .fetch_one(connection)
            .await?;
    Ok(kept.unsigned_abs())
}

/// Of all organisations: time passes for all of them.
pub(super) async fn expired(
    connection: &mut SqliteConnection,
    (at, limit): (Timestamp, u32),
) -> Result<Vec<(Owner, FileId)>, Failure> {
    let rows = sqlx::query(
        "SELECT organisation_id, account_id, id FROM file AS f WHERE f.expires_at <= ?1 \
         AND NOT EXISTS (SELECT 1 FROM hold AS h \
         WHERE h.organisation_id = f.organisation_id AND h.lifted_at IS NULL \
         AND (h.account_id IS NULL OR h.account_id = f.account_id)) \
         AND NOT EXISTS (SELECT 1 FROM batch_input AS i JOIN batch_job AS j \
         ON j.organisation_id = i.organisation_id AND j.id = i.job_id \
         WHERE i.organisation_id = f.organisation_id AND i.file_id = f.id \
         AND j.ended_at IS NULL) ORDER BY f.expires_at LIMIT ?2",
    )
    .bind(at.as_micros())
    .bind(limit)
    .fetch_all(connection)
    .await?;
    let named = |row: &SqliteRow| {
        let columns = Columns(row);
        let organisation = columns.organisation("organisation_id")?;
        let account = AccountId::from_uuid(columns.uuid("account_id")?);
        Ok((Owner { organisation, account }, FileId::from_uuid(columns.uuid("id")?)))
    };
    rows.iter().map(named).collect()
}

fn file(row: &SqliteRow, keys: &ContentKeys) -> Result<File, Failure> {
    let columns = Columns(row);
    let organisation = columns.organisation("organisation_id")?;
    let owner = Owner { organisation, account: AccountId::from_uuid(columns.uuid("account_id")?) };
    let id = FileId::from_uuid(columns.uuid("id")?);
    let name = keys.sealer(sealed_as((owner, id))).open(NAME, row.try_get("name")?);
    let name = name.map_err(|source| Failure::Unopened { column: "name", source })?;
    let source = FileSource::from_word(row.try_get("source")?);
    Ok(File {
        id,
        owner,
        name,
        purpose: columns.word("purpose")?,
        source: source.ok_or(Failure::Unreadable { column: "source" })?,
        bytes: row.try_get::<i64, _>("bytes")?.unsigned_abs(),
        lines: row.try_get::<Option<i64>, _>("lines")?.map(i64::unsigned_abs),
        created_at: columns.time("created_at")?,
        expires_at: columns.time_if_any("expires_at")?,
    })
}
