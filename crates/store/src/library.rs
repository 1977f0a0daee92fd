//! Libraries behind `LibraryStore`, `DocumentStore`, `ReadingStore` and `TraceStore`.
//!
//! What names or says something is sealed. The bytes of versions, and what was read of them, lie
//! beside the database as those of files do (`file/blob.rs`), with a row first and last: whatever a
//! kill leaves behind are bytes without a row.

#[macro_use]
mod columns;
#[macro_use]
mod visible;

mod discard;
mod document;
mod pieces;
mod reading;
mod row;
mod sealed;
mod search;
mod share;
mod trace;
mod version;

use std::sync::Arc;

use async_trait::async_trait;
use domain::{LibraryId, OrganisationId, Timestamp};
use governance::{AuditEntry, ContentKeys, Vault, ports::StoreError};
use knowledge::{
    Grantee, Library, LibraryAccess, LibraryChange, LibraryPage, LibraryQuery, Progress,
    ReadingState, Share, VersionKey, VisibleLibrary, Visitor,
    ports::{Changed, LibraryStore, Opened, Opening, Readable, Refusal},
};

pub(crate) use document::row::remove as remove_document;
pub(crate) use trace::remove as remove_trace;

use crate::{
    audit,
    failure::{Failure, store_error},
    file::sweep,
    store::Store,
};

/// The libraries of a store, under the keys of a vault. Cheap to clone.
#[derive(Clone)]
pub struct Libraries {
    store: Store,
    vault: Arc<Vault>,
    passed_over: reading::PassedOver,
}

impl Store {
    /// Its libraries, which are readable while the vault is open.
    pub fn libraries(&self, vault: Arc<Vault>) -> Libraries {
        Libraries { store: self.clone(), vault, passed_over: reading::PassedOver::default() }
    }
}

impl Libraries {
    async fn keys(&self, organisation: OrganisationId) -> Result<Arc<ContentKeys>, Failure> {
        Ok(self.vault.keys_or_new(organisation).await?)
    }
}

#[async_trait]
impl LibraryStore for Libraries {
    async fn insert(
        &self,
        library: &Library,
        libraries_max: u32,
        audit: &AuditEntry,
    ) -> Result<Changed<()>, StoreError> {
        let failed = || store_error("keep the library");
        let keys = self.keys(library.organisation).await.map_err(failed())?;
        let (library, entry) = (library.clone(), audit.clone());
        self.store
            .change(move |connection| {
                Box::pin(async move {
                    if row::owned(connection, &library).await? >= libraries_max {
                        return Ok(Err(Refusal::TooManyLibraries));
                    }
                    row::insert(connection, &keys, &library).await?;
                    audit::insert(connection, &entry).await?;
                    Ok(Ok(()))
                })
            })
            .await
            .map_err(failed())
    }

    async fn library(
        &self,
        visitor: Visitor,
        id: LibraryId,
    ) -> Result<Option<VisibleLibrary>, StoreError> {
        let failed = || store_error("read the library");
        let keys = self.keys(visitor.organisation).await.map_err(failed())?;
        self.store
            .read(move |connection| {
                Box::pin(async move { row::find(connection, &keys, (visitor, id)).await })
            })
            .await
            .map_err(failed())
    }

    async fn libraries(
        &self,
        visitor: Visitor,
        query: &LibraryQuery,
    ) -> Result<LibraryPage, StoreError> {
        let failed = || store_error("list the libraries");
        let keys = self.keys(visitor.organisation).await.map_err(failed())?;
        let query = *query;
        self.store
            .read(move |connection| {
                Box::pin(async move { row::page(connection, &keys, visitor, query).await })
            })
            .await
            .map_err(failed())
    }

    async fn update(
        &self,
        visitor: Visitor,
        id: LibraryId,
        change: &LibraryChange,
        audit: &AuditEntry,
    ) -> Result<Changed<VisibleLibrary>, StoreError> {
        let failed = || store_error("change the library");
        let keys = self.keys(visitor.organisation).await.map_err(failed())?;
        let (change, entry) = (change.clone(), audit.clone());
        self.store
            .change(move |connection| {
                Box::pin(async move {
                    let needed = (id, LibraryAccess::Owner);
                    if let Err(refusal) = visible::needs(connection, visitor, needed).await? {
                        return Ok(Err(refusal));
                    }
                    let whose = (visitor.organisation, id);
                    row::update(connection, &keys, whose, (&change, entry.at)).await?;
                    audit::insert(connection, &entry).await?;
                    let changed = row::find(connection, &keys, (visitor, id)).await?;
                    Ok(changed.ok_or(Refusal::LibraryUnknown(id)))
                })
            })
            .await
            .map_err(failed())
    }

    async fn delete(
        &self,
        visitor: Visitor,
        id: LibraryId,
        audit: &AuditEntry,
    ) -> Result<Changed<()>, StoreError> {
        let entry = audit.clone();
        self.store
            .change(move |connection| {
                Box::pin(async move {
                    if let Err(refusal) = visible::may_delete(connection, visitor, id).await? {
                        return Ok(Err(refusal));
                    }
                    let whose = (visitor.organisation, id);
                    if let Some(hold) = row::held(connection, whose).await? {
                        return Ok(Err(Refusal::Held(hold)));
                    }
                    row::mark_removed(connection, whose, entry.at).await?;
                    audit::insert(connection, &entry).await?;
                    Ok(Ok(()))
                })
            })
            .await
            .map_err(store_error("delete the library"))
    }

    async fn shares(
        &self,
        visitor: Visitor,
        id: LibraryId,
    ) -> Result<Changed<Vec<Share>>, StoreError> {
        self.store
            .read(move |connection| {
                Box::pin(async move {
                    let needed = (id, LibraryAccess::Editor);
                    if let Err(refusal) = visible::needs(connection, visitor, needed).await? {
                        return Ok(Err(refusal));
                    }
                    share::all(connection, (visitor.organisation, id)).await.map(Ok)
                })
            })
            .await
            .map_err(store_error("read who may use the library"))
    }

    async fn share(
        &self,
        visitor: Visitor,
        share: &Share,
        audit: &AuditEntry,
    ) -> Result<Changed<()>, StoreError> {
        let (share, entry) = (*share, audit.clone());
        self.store
            .change(move |connection| {
                Box::pin(async move {
                    let needed = (share.library, LibraryAccess::Owner);
                    if let Err(refusal) = visible::needs(connection, visitor, needed).await? {
                        return Ok(Err(refusal));
                    }
                    let organisation = visitor.organisation;
                    if !share::is_there(connection, organisation, share.grantee).await? {
                        return Ok(Err(Refusal::GranteeUnknown(share.grantee)));
                    }
                    share::put(connection, organisation, (&share, entry.at)).await?;
                    audit::insert(connection, &entry).await?;
                    Ok(Ok(()))
                })
            })
            .await
            .map_err(store_error("share the library"))
    }

    async fn unshare(
        &self,
        visitor: Visitor,
        id: LibraryId,
        grantee: Grantee,
        audit: &AuditEntry,
    ) -> Result<Changed<()>, StoreError> {
        let entry = audit.clone();
        self.store
            .change(move |connection| {
                Box::pin(async move {
                    let is_own = grantee == Grantee::Account(visitor.account);
                    let access = if is_own { LibraryAccess::Viewer } else { LibraryAccess::Owner };
                    if let Err(refusal) = visible::needs(connection, visitor, (id, access)).await? {
                        return Ok(Err(refusal));
                    }
                    share::remove(connection, (visitor.organisation, id), grantee).await?;
                    audit::insert(connection, &entry).await?;
                    Ok(Ok(()))
                })
            })
            .await
            .map_err(store_error("share the library no longer"))
    }

    async fn progress(
        &self,
        visitor: Visitor,
        id: LibraryId,
    ) -> Result<Changed<Progress>, StoreError> {
        self.store
            .read(move |connection| {
                Box::pin(async move {
                    let needed = (id, LibraryAccess::Viewer);
                    if let Err(refusal) = visible::needs(connection, visitor, needed).await? {
                        return Ok(Err(refusal));
                    }
                    row::progress(connection, (visitor.organisation, id)).await.map(Ok)
                })
            })
            .await
            .map_err(store_error("read how far the library is"))
    }

    async fn readable(&self, readable: &Readable) -> Result<Vec<VersionKey>, StoreError> {
        let readable = readable.clone();
        self.store
            .read(move |connection| {
                Box::pin(async move { search::readable(connection, &readable).await })
            })
            .await
            .map_err(store_error("read what may be found"))
    }

    async fn open(&self, opening: &Opening) -> Result<Option<Opened>, StoreError> {
        search::open(self, *opening).await.map_err(store_error("open what was found"))
    }

    async fn seen(
        &self,
        visitor: Visitor,
        versions: &[VersionKey],
    ) -> Result<Vec<VersionKey>, StoreError> {
        let versions = versions.to_vec();
        self.store
            .read(move |connection| {
                Box::pin(async move { search::seen(connection, visitor, &versions).await })
            })
            .await
            .map_err(store_error("read what may be seen"))
    }

    async fn live(&self, organisation: OrganisationId) -> Result<Vec<VersionKey>, StoreError> {
        self.store
            .read(move |connection| Box::pin(search::live(connection, organisation)))
            .await
            .map_err(store_error("read what the index keeps"))
    }

    async fn read_anew(
        &self,
        organisation: OrganisationId,
        versions: &[VersionKey],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let versions = versions.to_vec();
        self.store
            .change(move |connection| {
                Box::pin(async move {
                    for key in search::lost(connection, organisation, &versions).await? {
                        reading::turn(connection, key, (ReadingState::Queued, at)).await?;
                    }
                    Ok(())
                })
            })
            .await
            .map_err(store_error("have documents read anew"))
    }

    async fn highest_key(&self) -> Result<VersionKey, StoreError> {
        self.store
            .read(|connection| Box::pin(search::highest_key(connection)))
            .await
            .map_err(store_error("read which keys were given"))
    }

    async fn organisations(&self) -> Result<Vec<OrganisationId>, StoreError> {
        self.store
            .read(|connection| Box::pin(search::organisations(connection)))
            .await
            .map_err(store_error("list the organisations"))
    }

    async fn discard(&self, rows_max: u32) -> Result<bool, StoreError> {
        let failed = || store_error("remove what libraries left behind");
        let has_more =
            self.store.change(move |connection| Box::pin(discard::some(connection, rows_max)));
        let has_more = has_more.await.map_err(failed())?;
        sweep::gone(&self.store).await.map_err(failed())?;
        Ok(has_more)
    }
}
