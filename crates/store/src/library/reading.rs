//! What is to be read, and what was, behind `ReadingStore`.

mod claim;
mod form;
mod passed_over;
mod step;

use std::sync::Arc;

use async_trait::async_trait;
use domain::{OrganisationId, Timestamp};
use governance::ports::StoreError;
use knowledge::{
    BytesId, Reading, VersionKey,
    ports::{BytesReader, Claim, Detail, ReadingStore, Stage, Step},
};
use tokio::task::spawn_blocking;

use super::{Libraries, sealed};
use crate::{
    failure::{Failure, store_error},
    file::blob::BlobWriter,
};

pub(super) use passed_over::PassedOver;
pub(super) use step::turn;

#[async_trait]
impl ReadingStore for Libraries {
    async fn claim(&self, stage: Stage, held: &[VersionKey]) -> Result<Option<Claim>, StoreError> {
        let failed = || store_error("claim a version");
        let look = claim::Look::new(self, stage, held);
        // Nothing is written while there is nothing to do.
        let asked = look.clone();
        let next = self.store.read(move |connection| {
            Box::pin(async move { claim::first(connection, &asked).await })
        });
        if next.await.map_err(failed())?.is_none() {
            return Ok(None);
        }
        self.store
            .change(move |connection| Box::pin(async move { claim::next(connection, &look).await }))
            .await
            .map_err(failed())
    }

    async fn release(&self, claim: &Claim) -> Result<(), StoreError> {
        let (key, fence) = (claim.key, claim.fence);
        self.store
            .change(move |connection| Box::pin(claim::release(connection, (key, fence))))
            .await
            .map_err(store_error("give a version back"))
    }

    async fn source(&self, claim: &Claim) -> Result<Option<Box<dyn BytesReader>>, StoreError> {
        let failed = || store_error("read the bytes of a version");
        let (key, organisation) = (claim.key, claim.organisation);
        let found = self
            .store
            .read(move |connection| Box::pin(claim::bytes_of(connection, (organisation, key))));
        let Some((id, length)) = found.await.map_err(failed())? else { return Ok(None) };
        let of = sealed::bytes_of(organisation, id, None);
        let opened = self.open_bytes((of, length)).await.map_err(failed())?;
        Ok(opened.map(|reader| Box::new(reader) as Box<dyn BytesReader>))
    }

    async fn keep_reading(
        &self,
        claim: &Claim,
        lies_at: BytesId,
        reading: &Reading,
    ) -> Result<bool, StoreError> {
        keep(self, claim, (lies_at, reading)).await.map_err(store_error("keep what was read"))
    }

    async fn reading(&self, claim: &Claim) -> Result<Option<Reading>, StoreError> {
        let failed = || store_error("read what was read");
        let (key, organisation) = (claim.key, claim.organisation);
        let found = self
            .store
            .read(move |connection| Box::pin(claim::reading_of(connection, (organisation, key))));
        let Some(lies_at) = found.await.map_err(failed())? else { return Ok(None) };
        load(self, (organisation, lies_at), Detail::Text).await.map_err(failed())
    }

    async fn advance(
        &self,
        steps: &[(Claim, Step)],
        at: Timestamp,
    ) -> Result<Vec<bool>, StoreError> {
        let failed = || store_error("write down how far versions are");
        let (vault, steps) = (Arc::clone(&self.vault), steps.to_vec());
        self.store
            .change(move |connection| {
                Box::pin(async move {
                    let mut done = Vec::with_capacity(steps.len());
                    for (claim, step) in &steps {
                        done.push(step::take(connection, &vault, (claim, step, at)).await?);
                    }
                    Ok(done)
                })
            })
            .await
            .map_err(failed())
    }
}

/// Writes what was read beside the database, and then the row that leads there.
async fn keep(
    libraries: &Libraries,
    claim: &Claim,
    (lies_at, reading): (BytesId, &Reading),
) -> Result<bool, Failure> {
    let keys = libraries.keys(claim.organisation).await?;
    let of = sealed::reading_of(claim.organisation, lies_at, claim.owner);
    let mut writer = BlobWriter::create(&libraries.store.blobs, keys, of).await?;
    let written = form::written(reading);
    writer.take(&written).await?;
    writer.end().await?;
    let kept = step::Kept::of(claim, (lies_at, written.len() as u64), reading);
    let is_kept = libraries
        .store
        .change(move |connection| Box::pin(async move { step::keep(connection, &kept).await }));
    let is_kept = is_kept.await?;
    if is_kept {
        writer.keep();
    }
    Ok(is_kept)
}

/// What was read, as far as it is wanted; `None` if it is gone, as after a backup without it.
pub(super) async fn load(
    libraries: &Libraries,
    (organisation, (id, length)): (OrganisationId, (BytesId, u64)),
    detail: Detail,
) -> Result<Option<Reading>, Failure> {
    let of = sealed::reading_of(organisation, id, None);
    let Some(mut reader) = libraries.open_bytes((of, length)).await? else { return Ok(None) };
    let mut bytes = Vec::new();
    while let Some(piece) = reader.chunk().await? {
        bytes.extend_from_slice(&piece);
        // Most of the bytes are places of characters, and lie behind the text.
        if detail == Detail::Text && form::has_text(&bytes) {
            break;
        }
    }
    // Of a large document it takes as long as other requests would have to wait.
    let reading = spawn_blocking(move || form::read(&bytes, detail)).await;
    reading.ok().flatten().map(Some).ok_or(Failure::Unreadable { column: "reading" })
}
