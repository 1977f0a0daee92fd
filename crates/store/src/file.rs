//! Files behind `FileStore`: a row says what is known of one, its bytes lie sealed beside the
//! database ([`blob`]), as those of documents do.
//!
//! A row is written after the bytes are durable, and removed before they are: whatever a kill
//! leaves behind are bytes without a row, which [`sweep`] finds.

pub(crate) mod blob;
pub(crate) mod row;
pub(crate) mod sweep;

use std::{io, sync::Arc};

use async_trait::async_trait;
use domain::{FileId, OrganisationId, Timestamp};
use governance::{AuditEntry, ContentKeys, Vault, ports::StoreError};
use workloads::{
    File, FilePage, FileQuery, Owner,
    ports::{FileDeleted, FileReader, FileStore, FileWriter},
};

use crate::{
    audit,
    failure::{Failure, store_error},
    job::claim::PassedOver,
    protection::hold,
    store::Store,
};
use blob::{BlobReader, BlobWriter, SealedBytes};

/// The files and batch jobs of a store, under the keys of a vault. Cheap to clone.
#[derive(Clone)]
pub struct Workloads {
    pub(crate) store: Store,
    pub(crate) vault: Arc<Vault>,
    pub(crate) passed_over: PassedOver,
}

impl Store {
    /// Its files and batch jobs, which are readable while the vault is open.
    pub fn workloads(&self, vault: Arc<Vault>) -> Workloads {
        Workloads { store: self.clone(), vault, passed_over: PassedOver::default() }
    }
}

impl Workloads {
    pub(crate) async fn keys(
        &self,
        organisation: OrganisationId,
    ) -> Result<Arc<ContentKeys>, Failure> {
        Ok(self.vault.keys_or_new(organisation).await?)
    }
}

fn sealed_bytes((owner, id): (Owner, FileId)) -> SealedBytes {
    SealedBytes {
        blob: (owner.organisation, id.as_uuid()),
        account: Some(owner.account),
        name: row::sealed_as((owner, id)),
    }
}

#[async_trait]
impl FileStore for Workloads {
    async fn begin(&self, owner: Owner, id: FileId) -> Result<Box<dyn FileWriter>, StoreError> {
        let begun = async {
            let keys = self.keys(owner.organisation).await?;
            BlobWriter::create(&self.store.blobs, keys, sealed_bytes((owner, id))).await
        };
        let writer = begun.await.map_err(store_error("begin the file"))?;
        Ok(Box::new(writer))
    }

    async fn keep(&self, file: &File, audit: &AuditEntry) -> Result<(), StoreError> {
        let failed = || store_error("keep the file");
        let keys = self.keys(file.owner.organisation).await.map_err(failed())?;
        let (file, entry) = (file.clone(), audit.clone());
        self.store
            .change(move |connection| {
                Box::pin(async move {
                    row::insert(connection, &keys, &file).await?;
                    audit::insert(connection, &entry).await
                })
            })
            .await
            .map_err(failed())
    }

    async fn file(&self, owner: Owner, id: FileId) -> Result<Option<File>, StoreError> {
        let failed = || store_error("read the file");
        let keys = self.keys(owner.organisation).await.map_err(failed())?;
        self.store
            .read(move |connection| {
                Box::pin(async move { row::find(connection, &keys, (owner, id)).await })
            })
            .await
            .map_err(failed())
    }

    async fn files(&self, owner: Owner, query: &FileQuery) -> Result<FilePage, StoreError> {
        let failed = || store_error("list the files");
        let keys = self.keys(owner.organisation).await.map_err(failed())?;
        let query = *query;
        self.store
            .read(move |connection| {
                Box::pin(async move { row::page(connection, &keys, owner, &query).await })
            })
            .await
            .map_err(failed())
    }

    async fn read(
        &self,
        owner: Owner,
        id: FileId,
    ) -> Result<Option<Box<dyn FileReader>>, StoreError> {
        let Some(file) = self.file(owner, id).await? else { return Ok(None) };
        let vault = Arc::clone(&self.vault);
        let of = (sealed_bytes((owner, id)), file.bytes);
        match BlobReader::open(&self.store.blobs, vault, of).await {
            Ok(reader) => Ok(Some(Box::new(reader))),
            Err(Failure::Bytes { source }) if source.kind() == io::ErrorKind::NotFound => {
                tracing::error!(file = %id, "the bytes of a file are gone");
                Ok(None)
            }
            Err(failure) => Err(store_error("read the bytes of the file")(failure)),
        }
    }

    async fn delete(
        &self,
        owner: Owner,
        id: FileId,
        audit: &AuditEntry,
    ) -> Result<FileDeleted, StoreError> {
        let failed = || store_error("delete the file");
        let entry = audit.clone();
        let deleted = self.store.change(move |connection| {
            Box::pin(async move {
                let deleted = row::may_be_deleted(connection, (owner, id)).await?;
                if deleted != FileDeleted::Done {
                    return Ok(deleted);
                }
                let account = (owner.organisation, owner.account);
                if let Some(hold) = hold::in_force(connection, account).await? {
                    return Ok(FileDeleted::Held(hold));
                }
                row::remove(connection, (owner, id)).await?;
                audit::insert(connection, &entry).await?;
                Ok(FileDeleted::Done)
            })
        });
        let deleted = deleted.await.map_err(failed())?;
        if deleted == FileDeleted::Done {
            let blob = (owner.organisation, id.as_uuid());
            sweep::one(&self.store, blob).await.map_err(failed())?;
        }
        Ok(deleted)
    }

    async fn bytes_kept(&self, organisation: OrganisationId) -> Result<u64, StoreError> {
        self.store
            .read(move |connection| Box::pin(row::bytes_kept(connection, organisation)))
            .await
            .map_err(store_error("add up the files"))
    }

    async fn expired(&self, at: Timestamp, limit: u32) -> Result<Vec<(Owner, FileId)>, StoreError> {
        self.store
            .read(move |connection| Box::pin(row::expired(connection, (at, limit))))
            .await
            .map_err(store_error("look for files whose time is over"))
    }

    async fn clean_up(&self, all: bool) -> Result<u64, StoreError> {
        sweep::clean_up(&self.store, all).await.map_err(store_error("clean up after files"))
    }
}
