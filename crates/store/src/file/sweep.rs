//! Removes bytes that no row tells of.

use std::{io, path::Path};

use domain::OrganisationId;
use sqlx::{SqliteConnection, sqlite::SqliteRow};
use tokio::fs;
use uuid::Uuid;

use super::blob::Blob;
use crate::{
    failure::Failure,
    row::{Columns, bytes},
    store::Store,
};

/// Rows that are read, and removed, at a time: other writes wait for no more than these.
const GONE: u32 = 500;

/// Those whose rows are gone; how many. One that cannot be removed does not keep the others.
pub(crate) async fn gone(store: &Store) -> Result<u64, Failure> {
    gone_of(store, None).await
}

async fn gone_of(store: &Store, organisation: Option<OrganisationId>) -> Result<u64, Failure> {
    let (mut removed, mut failed, mut after) = (0, None, None);
    loop {
        let blobs = store
            .read(move |connection| {
                Box::pin(async move { some_gone(connection, organisation, after).await })
            })
            .await?;
        let Some(&last) = blobs.last() else { break };
        after = Some(last);
        let (done, error) = store.blobs.remove_all(&blobs).await;
        failed = error.or(failed);
        removed += done.len() as u64;
        forget_all(store, done).await?;
    }
    failed.map_or(Ok(removed), Err)
}

/// The one whose row has just gone.
pub(crate) async fn one(store: &Store, blob: Blob) -> Result<(), Failure> {
    store.blobs.remove(blob).await?;
    forget_all(store, vec![blob]).await
}

/// Those whose rows have just gone; what others left behind is not waited for.
pub(crate) async fn some(store: &Store, blobs: &[Blob]) -> Result<(), Failure> {
    let mut failed = None;
    for blobs in blobs.chunks(GONE as usize) {
        let (done, error) = store.blobs.remove_all(blobs).await;
        failed = error.or(failed);
        forget_all(store, done).await?;
    }
    failed.map_or(Ok(()), Err)
}

/// Nothing of an account that is erased lies there any more when this returns: neither what had a
/// row, nor what was given up or is being written, nor what an earlier process left behind. Others
/// than its organisation are not looked at: what cannot be removed there is no reason to wait.
pub(crate) async fn erase(store: &Store, organisation: OrganisationId) -> Result<(), Failure> {
    for blob in store.blobs.barred() {
        if blob.0 == organisation {
            store.blobs.remove(blob).await?;
        }
    }
    gone_of(store, Some(organisation)).await?;
    let Some(folder) = store.blobs.folder() else { return Ok(()) };
    let mut found = found_of(folder, organisation).await?;
    found.retain(|blob| !store.blobs.is_under_way(blob));
    for blob in found {
        remove_unless_kept(store, blob).await?;
    }
    Ok(())
}

/// Besides, those of writers that were given up; with `all`, every one that has no row. One that
/// cannot be removed is tried again the next time.
pub(crate) async fn clean_up(store: &Store, all: bool) -> Result<u64, Failure> {
    let (mut removed, mut failed) = match gone(store).await {
        Ok(removed) => (removed, None),
        Err(error) => (0, Some(error)),
    };
    let mut candidates = store.blobs.take_given_up();
    if all && let Some(folder) = store.blobs.folder() {
        // Looked at after they were found: who begins later is not among them, and who has ended
        // meanwhile has a row.
        match found(folder).await {
            Ok(mut found) => {
                found.retain(|blob| !store.blobs.is_under_way(blob));
                candidates.extend(found);
            }
            Err(error) => failed = Some(error),
        }
    }
    for blob in candidates {
        match remove_unless_kept(store, blob).await {
            Ok(true) => removed += 1,
            Ok(false) => {}
            Err(error) => {
                store.blobs.give_up(blob);
                failed = Some(error);
            }
        }
    }
    failed.map_or(Ok(removed), Err)
}

async fn remove_unless_kept(store: &Store, blob: Blob) -> Result<bool, Failure> {
    // Most have a row, and nobody who writes waits for that.
    if store.read(move |connection| Box::pin(is_kept(connection, blob))).await? {
        return Ok(false);
    }
    // Behind every change that is queued: a row that is on its way is seen.
    if store.change(move |connection| Box::pin(is_kept(connection, blob))).await? {
        return Ok(false);
    }
    store.blobs.remove(blob).await?;
    Ok(true)
}

async fn some_gone(
    connection: &mut SqliteConnection,
    organisation: Option<OrganisationId>,
    after: Option<Blob>,
) -> Result<Vec<Blob>, Failure> {
    let rows = sqlx::query(
        "SELECT * FROM file_gone WHERE (?1 IS NULL OR (organisation_id, id) > (?1, ?2)) \
         AND (?4 IS NULL OR organisation_id = ?4) ORDER BY organisation_id, id LIMIT ?3",
    )
    .bind(after.map(|(organisation, _)| bytes(organisation.as_uuid())))
    .bind(after.map(|(_, id)| bytes(id)))
    .bind(GONE)
    .bind(organisation.map(|organisation| bytes(organisation.as_uuid())))
    .fetch_all(connection)
    .await?;
    let blob = |row: &SqliteRow| {
        let columns = Columns(row);
        Ok((columns.organisation("organisation_id")?, columns.uuid("id")?))
    };
    rows.iter().map(blob).collect()
}

async fn forget_all(store: &Store, blobs: Vec<Blob>) -> Result<(), Failure> {
    if blobs.is_empty() {
        return Ok(());
    }
    store.change(move |connection| Box::pin(async move { forget(connection, &blobs).await })).await
}

async fn forget(connection: &mut SqliteConnection, blobs: &[Blob]) -> Result<(), Failure> {
    for (organisation, id) in blobs {
        sqlx::query("DELETE FROM file_gone WHERE organisation_id = ?1 AND id = ?2")
            .bind(bytes(organisation.as_uuid()))
            .bind(bytes(*id))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn is_kept(
    connection: &mut SqliteConnection,
    (organisation, id): Blob,
) -> Result<bool, Failure> {
    let row = sqlx::query(
        "SELECT 1 FROM file WHERE organisation_id = ?1 AND id = ?2 \
         UNION ALL SELECT 1 FROM document_version WHERE organisation_id = ?1 AND bytes_id = ?2 \
         UNION ALL SELECT 1 FROM document_version WHERE organisation_id = ?1 AND reading_id = ?2 \
         LIMIT 1",
    )
    .bind(bytes(organisation.as_uuid()))
    .bind(bytes(id))
    .fetch_optional(connection)
    .await?;
    Ok(row.is_some())
}

/// What lies there and looks like bytes of ours.
async fn found(folder: &Path) -> Result<Vec<Blob>, Failure> {
    let mut blobs = Vec::new();
    let Ok(mut organisations) = fs::read_dir(folder).await else {
        // Nobody has uploaded anything yet.
        return Ok(blobs);
    };
    let failed = |source| Failure::Bytes { source };
    while let Some(entry) = organisations.next_entry().await.map_err(failed)? {
        let name = entry.file_name();
        let organisation = name.to_str().and_then(|name| name.parse::<OrganisationId>().ok());
        if let Some(organisation) = organisation {
            blobs.extend(found_of(folder, organisation).await?);
        }
    }
    Ok(blobs)
}

async fn found_of(folder: &Path, organisation: OrganisationId) -> Result<Vec<Blob>, Failure> {
    let failed = |source| Failure::Bytes { source };
    let mut blobs = Vec::new();
    let mut files = match fs::read_dir(folder.join(organisation.to_string())).await {
        Ok(files) => files,
        // Nobody of it has uploaded anything yet.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(blobs),
        Err(source) => return Err(Failure::Bytes { source }),
    };
    while let Some(file) = files.next_entry().await.map_err(failed)? {
        let name = file.file_name();
        let id = name.to_str().and_then(|name| Uuid::parse_str(name).ok());
        blobs.extend(id.map(|id| (organisation, id)));
    }
    Ok(blobs)
}
