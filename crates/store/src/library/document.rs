//! Documents behind `DocumentStore`.

pub(super) mod keep;
pub(super) mod row;

use std::{io, sync::Arc};

use async_trait::async_trait;
use domain::{DocumentId, LibraryId, OrganisationId};
use governance::{AuditEntry, ports::StoreError};
use knowledge::{
    BytesId, DocumentChange, DocumentPage, DocumentQuery, LibraryAccess, Reading, ReadingState,
    StoredDocument, Version, VersionKey, VersionQuery, Visitor, Wanted,
    ports::{BytesReader, BytesWriter, Changed, Detail, DocumentStore, Kept, NewVersion, Refusal},
};

use super::{Libraries, reading, sealed, visible};
use crate::{
    audit,
    failure::{Failure, store_error},
    file::{
        blob::{BlobReader, BlobWriter, SealedBytes},
        sweep,
    },
};

/// What becomes of the state of a version that somebody asks for.
type Turn = fn(ReadingState) -> ReadingState;

#[async_trait]
impl DocumentStore for Libraries {
    async fn begin(
        &self,
        visitor: Visitor,
        bytes: BytesId,
    ) -> Result<Box<dyn BytesWriter>, StoreError> {
        let begun = async {
            let keys = self.keys(visitor.organisation).await?;
            let of = sealed::bytes_of(visitor.organisation, bytes, Some(visitor.account));
            BlobWriter::create(&self.store.blobs, keys, of).await
        };
        let writer = begun.await.map_err(store_error("begin the document"))?;
        Ok(Box::new(writer))
    }

    async fn keep(
        &self,
        new: &NewVersion,
        audit: &AuditEntry,
    ) -> Result<Changed<Kept>, StoreError> {
        let failed = || store_error("keep the document");
        let keys = self.keys(new.visitor.organisation).await.map_err(failed())?;
        let (new, entry) = (new.clone(), audit.clone());
        self.store
            .change(move |connection| {
                Box::pin(async move {
                    let kept = keep::keep(connection, &keys, &new).await?;
                    if matches!(&kept, Ok(Kept { is_new: true, .. })) {
                        audit::insert(connection, &entry).await?;
                    }
                    Ok(kept)
                })
            })
            .await
            .map_err(failed())
    }

    async fn document(
        &self,
        visitor: Visitor,
        wanted: Wanted,
    ) -> Result<Option<StoredDocument>, StoreError> {
        let failed = || store_error("read the document");
        let keys = self.keys(visitor.organisation).await.map_err(failed())?;
        self.store
            .read(move |connection| {
                Box::pin(async move { row::find(connection, &keys, (visitor, wanted)).await })
            })
            .await
            .map_err(failed())
    }

    async fn version(
        &self,
        visitor: Visitor,
        key: VersionKey,
    ) -> Result<Option<StoredDocument>, StoreError> {
        let failed = || store_error("read the version");
        let keys = self.keys(visitor.organisation).await.map_err(failed())?;
        self.store
            .read(move |connection| {
                Box::pin(async move { row::find_version(connection, &keys, (visitor, key)).await })
            })
            .await
            .map_err(failed())
    }

    async fn named(
        &self,
        visitor: Visitor,
        library: LibraryId,
        name: &str,
    ) -> Result<Option<DocumentId>, StoreError> {
        let failed = || store_error("look for the name of the document");
        let keys = self.keys(visitor.organisation).await.map_err(failed())?;
        let name = name.to_owned();
        self.store
            .read(move |connection| {
                Box::pin(async move {
                    let needed = (library, LibraryAccess::Viewer);
                    if visible::needs(connection, visitor, needed).await?.is_err() {
                        return Ok(None);
                    }
                    let whose = (visitor.organisation, library);
                    row::named(connection, &keys, whose, &name).await
                })
            })
            .await
            .map_err(failed())
    }

    async fn documents(
        &self,
        visitor: Visitor,
        query: &DocumentQuery,
    ) -> Result<Changed<DocumentPage>, StoreError> {
        let failed = || store_error("list the documents");
        let keys = self.keys(visitor.organisation).await.map_err(failed())?;
        let query = *query;
        self.store
            .read(move |connection| {
                Box::pin(async move {
                    let needed = (query.library, LibraryAccess::Viewer);
                    if let Err(refusal) = visible::needs(connection, visitor, needed).await? {
                        return Ok(Err(refusal));
                    }
                    row::page(connection, &keys, (visitor.organisation, query)).await.map(Ok)
                })
            })
            .await
            .map_err(failed())
    }

    async fn versions(
        &self,
        visitor: Visitor,
        query: &VersionQuery,
    ) -> Result<Changed<Vec<Version>>, StoreError> {
        let failed = || store_error("list the versions of the document");
        let keys = self.keys(visitor.organisation).await.map_err(failed())?;
        let query = *query;
        self.store
            .read(move |connection| {
                Box::pin(async move {
                    let needed = (query.document, LibraryAccess::Viewer);
                    if let Err(refusal) = row::needs(connection, visitor, needed).await? {
                        return Ok(Err(refusal));
                    }
                    let organisation = visitor.organisation;
                    row::versions(connection, &keys, (organisation, query)).await.map(Ok)
                })
            })
            .await
            .map_err(failed())
    }

    async fn change(
        &self,
        visitor: Visitor,
        id: DocumentId,
        change: &DocumentChange,
        audit: &AuditEntry,
    ) -> Result<Changed<StoredDocument>, StoreError> {
        let failed = || store_error("change the document");
        let keys = self.keys(visitor.organisation).await.map_err(failed())?;
        let (change, entry) = (change.clone(), audit.clone());
        self.store
            .change(move |connection| {
                Box::pin(async move {
                    let needed = (id, LibraryAccess::Editor);
                    if let Err(refusal) = row::needs(connection, visitor, needed).await? {
                        return Ok(Err(refusal));
                    }
                    let whose = (visitor.organisation, id);
                    row::update(connection, &keys, whose, (&change, entry.at)).await?;
                    audit::insert(connection, &entry).await?;
                    let wanted = Wanted { document: id, number: None, at: entry.at };
                    let changed = row::find(connection, &keys, (visitor, wanted)).await?;
                    Ok(changed.ok_or(Refusal::DocumentUnknown(id)))
                })
            })
            .await
            .map_err(failed())
    }

    async fn remove(
        &self,
        visitor: Visitor,
        id: DocumentId,
        audit: &AuditEntry,
    ) -> Result<Changed<()>, StoreError> {
        let failed = || store_error("delete the document");
        let entry = audit.clone();
        let removed = self.store.change(move |connection| {
            Box::pin(async move {
                let needed = (id, LibraryAccess::Editor);
                if let Err(refusal) = row::needs(connection, visitor, needed).await? {
                    return Ok(Err(refusal));
                }
                let whose = (visitor.organisation, id);
                if let Some(hold) = row::held(connection, whose).await? {
                    return Ok(Err(Refusal::Held(hold)));
                }
                let blobs = row::blobs(connection, whose).await?;
                row::remove(connection, whose).await?;
                audit::insert(connection, &entry).await?;
                Ok(Ok(blobs))
            })
        });
        let removed = removed.await.map_err(failed())?;
        if let Ok(blobs) = &removed
            && let Err(error) = sweep::some(&self.store, blobs).await
        {
            // The document is gone, and whoever cleans up tries again.
            tracing::error!(
                document = %id,
                error = &error as &dyn std::error::Error,
                "bytes of a document could not be removed"
            );
        }
        Ok(removed.map(|_| ()))
    }

    async fn requeue(
        &self,
        visitor: Visitor,
        wanted: Wanted,
        audit: &AuditEntry,
    ) -> Result<Changed<StoredDocument>, StoreError> {
        let turned = self.turn((visitor, wanted), ReadingState::after_reprocess, audit).await;
        turned.map_err(store_error("have the document read anew"))
    }

    async fn cancel(
        &self,
        visitor: Visitor,
        wanted: Wanted,
        audit: &AuditEntry,
    ) -> Result<Changed<StoredDocument>, StoreError> {
        let turned = self.turn((visitor, wanted), ReadingState::after_cancel, audit).await;
        turned.map_err(store_error("end the reading of the document"))
    }

    async fn bytes(
        &self,
        visitor: Visitor,
        version: VersionKey,
    ) -> Result<Option<Box<dyn BytesReader>>, StoreError> {
        let failed = || store_error("read the bytes of the document");
        let found = self.store.read(move |connection| {
            Box::pin(async move { row::lies_at(connection, (visitor, version)).await })
        });
        let Some(lies) = found.await.map_err(failed())? else { return Ok(None) };
        let of = sealed::bytes_of(visitor.organisation, lies.bytes.0, None);
        let opened = self.open_bytes((of, lies.bytes.1)).await.map_err(failed())?;
        Ok(opened.map(|reader| Box::new(reader) as Box<dyn BytesReader>))
    }

    async fn text(
        &self,
        visitor: Visitor,
        version: VersionKey,
        detail: Detail,
    ) -> Result<Option<Reading>, StoreError> {
        let failed = || store_error("read what was read of the document");
        let found = self.store.read(move |connection| {
            Box::pin(async move { row::lies_at(connection, (visitor, version)).await })
        });
        let lies = found.await.map_err(failed())?;
        let Some(lies_at) = lies.and_then(|lies| lies.reading) else { return Ok(None) };
        let whose = (visitor.organisation, lies_at);
        reading::load(self, whose, detail).await.map_err(failed())
    }

    async fn bytes_kept(&self, organisation: OrganisationId) -> Result<u64, StoreError> {
        self.store
            .read(move |connection| Box::pin(row::bytes_kept(connection, organisation)))
            .await
            .map_err(store_error("add up the documents"))
    }

    async fn clean_up(&self, all: bool) -> Result<u64, StoreError> {
        sweep::clean_up(&self.store, all).await.map_err(store_error("clean up after documents"))
    }
}

impl Libraries {
    /// Brings a version to another state, where that changes it.
    async fn turn(
        &self,
        (visitor, wanted): (Visitor, Wanted),
        turn: Turn,
        audit: &AuditEntry,
    ) -> Result<Changed<StoredDocument>, Failure> {
        let keys = self.keys(visitor.organisation).await?;
        let entry = audit.clone();
        let turned = self.store.change(move |connection| {
            Box::pin(async move {
                let id = wanted.document;
                let needed = (id, LibraryAccess::Editor);
                if let Err(refusal) = row::needs(connection, visitor, needed).await? {
                    return Ok(Err(refusal));
                }
                let Some(found) = row::find(connection, &keys, (visitor, wanted)).await? else {
                    return Ok(Err(Refusal::DocumentUnknown(id)));
                };
                let Version { key, state, .. } = found.current;
                let next = turn(state);
                if next != state {
                    reading::turn(connection, key, (next, entry.at)).await?;
                }
                audit::insert(connection, &entry).await?;
                let turned = row::find(connection, &keys, (visitor, wanted)).await?;
                Ok(turned.ok_or(Refusal::DocumentUnknown(id)))
            })
        });
        turned.await
    }

    /// `None` if nothing lies there, as after a backup without it.
    pub(super) async fn open_bytes(
        &self,
        of: (SealedBytes, u64),
    ) -> Result<Option<BlobReader>, Failure> {
        let id = of.0.blob.1;
        match BlobReader::open(&self.store.blobs, Arc::clone(&self.vault), of).await {
            Ok(reader) => Ok(Some(reader)),
            Err(Failure::Bytes { source }) if source.kind() == io::ErrorKind::NotFound => {
                tracing::error!(%id, "bytes of a document are gone");
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }
}
