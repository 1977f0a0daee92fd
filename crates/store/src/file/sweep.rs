//! Removes bytes that no row tells of.

use std::path::Path;

use domain::{FileId, OrganisationId};
use sqlx::{SqliteConnection, sqlite::SqliteRow};
use tokio::fs;

use super::blob::Blob;
use crate::{
    failure::Failure,
    row::{Columns, bytes},
    store::Store,
};

/// Those whose rows are gone; how many.
pub(crate) async fn gone(store: &Store) -> Result<u64, Failure> {
    let blobs = store.read(|connection| Box::pin(all_gone(connection))).await?;
    for blob in &blobs {
        store.blobs.remove(*blob).await?;
    }
    let removed = blobs.len() as u64;
    if removed > 0 {
        store
            .change(move |connection| Box::pin(async move { forget(connection, &blobs).await }))
            .await?;
    }
    Ok(removed)
}

/// Besides, those of writers that were given up; with `all`, every one that has no row.
pub(super) async fn clean_up(store: &Store, all: bool) -> Result<u64, Failure> {
    let mut removed = gone(store).await?;
    let mut candidates = store.blobs.take_given_up();
    if all && let Some(folder) = store.blobs.folder() {
        // Looked at after they were found: who begins later is not among them, and who has ended
        // meanwhile has a row.
        let found = found(folder).await?;
        candidates.extend(found.into_iter().filter(|blob| !store.blobs.is_under_way(blob)));
    }
    for blob in candidates {
        // Behind every change that is queued: a row that is on its way is seen.
        let is_kept = store.change(move |connection| Box::pin(is_kept(connection, blob))).await;
        match is_kept {
            Ok(true) => {}
            Ok(false) => {
                store.blobs.remove(blob).await?;
                removed += 1;
            }
            Err(error) => {
                store.blobs.give_up(blob);
                return Err(error);
            }
        }
    }
    Ok(removed)
}

async fn all_gone(connection: &mut SqliteConnection) -> Result<Vec<Blob>, Failure> {
    let rows = sqlx::query("SELECT * FROM file_gone").fetch_all(connection).await?;
    let blob = |row: &SqliteRow| {
        let columns = Columns(row);
        Ok((columns.organisation("organisation_id")?, FileId::from_uuid(columns.uuid("id")?)))
    };
    rows.iter().map(blob).collect()
}

async fn forget(connection: &mut SqliteConnection, blobs: &[Blob]) -> Result<(), Failure> {
    for (organisation, id) in blobs {
        sqlx::query("DELETE FROM file_gone WHERE organisation_id = ?1 AND id = ?2")
            .bind(bytes(organisation.as_uuid()))
            .bind(bytes(id.as_uuid()))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn is_kept(
    connection: &mut SqliteConnection,
    (organisation, id): Blob,
) -> Result<bool, Failure> {
    let row = sqlx::query("SELECT 1 FROM file WHERE organisation_id = ?1 AND id = ?2")
        .bind(bytes(organisation.as_uuid()))
        .bind(bytes(id.as_uuid()))
        .fetch_optional(connection)
        .await?;
    Ok(row.is_some())
}

/// What lies there and looks like the bytes of a file.
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
        let Some(organisation) = organisation else { continue };
        let mut files = fs::read_dir(entry.path()).await.map_err(failed)?;
        while let Some(file) = files.next_entry().await.map_err(failed)? {
            let name = file.file_name();
            let id = name.to_str().and_then(|name| name.parse::<FileId>().ok());
            blobs.extend(id.map(|id| (organisation, id)));
        }
    }
    Ok(blobs)
}
