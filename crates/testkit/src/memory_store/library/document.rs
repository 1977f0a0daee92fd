//! Documents in memory.

use std::mem;

use async_trait::async_trait;
use domain::{DocumentId, LibraryId, OrganisationId};
use governance::{AuditEntry, ports::StoreError};
use knowledge::{
    BytesId, DocumentChange, DocumentPage, DocumentQuery, LibraryAccess, Reading, ReadingState,
    StoredDocument, Unread, Version, VersionKey, VersionQuery, Visitor, Wanted,
    ports::{BytesReader, BytesWriter, Changed, Detail, DocumentStore, Kept, NewVersion, Refusal},
};

use super::{Failure, MemoryStore, State, reading::without_places, store_error};

/// Bytes that a reader is given at a time.
const PIECE: usize = 1_000;

struct Writer {
    store: MemoryStore,
    id: BytesId,
    bytes: Vec<u8>,
}

pub(super) struct Reader {
    pub(super) bytes: Vec<u8>,
}

#[async_trait]
impl DocumentStore for MemoryStore {
    async fn begin(
        &self,
        _visitor: Visitor,
        bytes: BytesId,
    ) -> Result<Box<dyn BytesWriter>, StoreError> {
        let mut state = self.working().map_err(store_error("begin the document"))?;
        state.libraries.under_way.insert(bytes);
        drop(state);
        Ok(Box::new(Writer { store: self.clone(), id: bytes, bytes: Vec::new() }))
    }

    async fn keep(
        &self,
        new: &NewVersion,
        audit: &AuditEntry,
    ) -> Result<Changed<Kept>, StoreError> {
        self.keep_version(new, audit).map_err(store_error("keep the document"))
    }

    async fn document(
        &self,
        visitor: Visitor,
        wanted: Wanted,
    ) -> Result<Option<StoredDocument>, StoreError> {
        let state = self.working().map_err(store_error("read the document"))?;
        let seen = state.needs_document(visitor, (wanted.document, LibraryAccess::Viewer));
        Ok(seen.ok().and_then(|()| state.wanted(wanted)))
    }

    async fn version(
        &self,
        visitor: Visitor,
        key: VersionKey,
    ) -> Result<Option<StoredDocument>, StoreError> {
        let state = self.working().map_err(store_error("read the version"))?;
        let is_seen = state.seen_version(visitor, key).is_some();
        Ok(state.stored_document(key).filter(|_| is_seen))
    }

    async fn named(
        &self,
        visitor: Visitor,
        library: LibraryId,
        name: &str,
    ) -> Result<Option<DocumentId>, StoreError> {
        let state = self.working().map_err(store_error("look for the name of the document"))?;
        if state.access(visitor, library).is_none() {
            return Ok(None);
        }
        Ok(state.named(library, name))
    }

    async fn documents(
        &self,
        visitor: Visitor,
        query: &DocumentQuery,
    ) -> Result<Changed<DocumentPage>, StoreError> {
        let state = self.working().map_err(store_error("list the documents"))?;
        if let Err(refusal) = state.needs(visitor, (query.library, LibraryAccess::Viewer)) {
            return Ok(Err(refusal));
        }
        let all = state.libraries.documents.values().filter(|kept| kept.library == query.library);
        let mut ids: Vec<DocumentId> = all.map(|kept| kept.id).rev().collect();
        let total = ids.len() as u64;
        ids.retain(|id| query.after.is_none_or(|after| *id < after));
        let offset = usize::try_from(query.offset).unwrap_or(usize::MAX);
        let mut ids: Vec<DocumentId> = ids.into_iter().skip(offset).collect();
        let has_more = ids.len() > query.limit as usize;
        ids.truncate(query.limit as usize);
        let wanted = |document| Wanted { document, number: None, at: query.at };
        let documents = ids.into_iter().filter_map(|id| state.wanted(wanted(id))).collect();
        Ok(Ok(DocumentPage { documents, total, has_more }))
    }

    async fn versions(
        &self,
        visitor: Visitor,
        query: &VersionQuery,
    ) -> Result<Changed<Vec<Version>>, StoreError> {
        let state = self.working().map_err(store_error("list the versions of the document"))?;
        let needed = (query.document, LibraryAccess::Viewer);
        if let Err(refusal) = state.needs_document(visitor, needed) {
            return Ok(Err(refusal));
        }
        let versions = state.libraries.versions.values().filter(|kept| {
            kept.document == query.document
                && query.before.is_none_or(|before| kept.version.number < before)
        });
        let mut versions: Vec<Version> = versions.map(|kept| kept.version.clone()).collect();
        versions.sort_by_key(|version| std::cmp::Reverse(version.number));
        versions.truncate(query.limit as usize);
        Ok(Ok(versions))
    }

    async fn change(
        &self,
        visitor: Visitor,
        id: DocumentId,
        change: &DocumentChange,
        audit: &AuditEntry,
    ) -> Result<Changed<StoredDocument>, StoreError> {
        let changed = self.change_document((visitor, id), change, audit);
        changed.map_err(store_error("change the document"))
    }

    async fn remove(
        &self,
        visitor: Visitor,
        id: DocumentId,
        audit: &AuditEntry,
    ) -> Result<Changed<()>, StoreError> {
        self.remove_document((visitor, id), audit).map_err(store_error("delete the document"))
    }

    async fn requeue(
        &self,
        visitor: Visitor,
        wanted: Wanted,
        audit: &AuditEntry,
    ) -> Result<Changed<StoredDocument>, StoreError> {
        let turned = self.turn((visitor, wanted), ReadingState::after_reprocess, audit);
        turned.map_err(store_error("have the document read anew"))
    }

    async fn cancel(
        &self,
        visitor: Visitor,
        wanted: Wanted,
        audit: &AuditEntry,
    ) -> Result<Changed<StoredDocument>, StoreError> {
        let turned = self.turn((visitor, wanted), ReadingState::after_cancel, audit);
        turned.map_err(store_error("end the reading of the document"))
    }

    async fn bytes(
        &self,
        visitor: Visitor,
        version: VersionKey,
    ) -> Result<Option<Box<dyn BytesReader>>, StoreError> {
        let state = self.working().map_err(store_error("read the bytes of the document"))?;
        let Some(kept) = state.seen_version(visitor, version) else { return Ok(None) };
        let bytes = state.libraries.bytes.get(&kept.lies_at).cloned();
        Ok(bytes.map(|bytes| Box::new(Reader { bytes }) as Box<dyn BytesReader>))
    }

    async fn text(
        &self,
        visitor: Visitor,
        version: VersionKey,
        detail: Detail,
    ) -> Result<Option<Reading>, StoreError> {
        let state = self.working().map_err(store_error("read what was read of the document"))?;
        let kept = state.seen_version(visitor, version);
        let reading = kept.and_then(|kept| kept.reading.clone());
        Ok(match detail {
            Detail::Text => reading.map(without_places),
            Detail::Places => reading,
        })
    }

    async fn bytes_kept(&self, organisation: OrganisationId) -> Result<u64, StoreError> {
        let state = self.working().map_err(store_error("add up the documents"))?;
        Ok(state.bytes_kept(organisation))
    }

    async fn clean_up(&self, _all: bool) -> Result<u64, StoreError> {
        let mut state = self.working().map_err(store_error("clean up after documents"))?;
        let versions = state.libraries.versions.values();
        let mut kept: Vec<BytesId> = versions.map(|kept| kept.lies_at).collect();
        kept.extend(&state.libraries.under_way);
        let before = state.libraries.bytes.len();
        state.libraries.bytes.retain(|id, _| kept.contains(id));
        Ok((before - state.libraries.bytes.len()) as u64)
    }
}

impl MemoryStore {
    fn change_document(
        &self,
        (visitor, id): (Visitor, DocumentId),
        change: &DocumentChange,
        audit: &AuditEntry,
    ) -> Result<Changed<StoredDocument>, Failure> {
        let mut state = self.working()?;
        state.check_entry(audit)?;
        if let Err(refusal) = state.needs_document(visitor, (id, LibraryAccess::Editor)) {
            return Ok(Err(refusal));
        }
        state.describe(id, change, audit.at);
        state.audit.push(audit.clone());
        let wanted = Wanted { document: id, number: None, at: audit.at };
        Ok(state.wanted(wanted).ok_or(Refusal::DocumentUnknown(id)))
    }

    fn remove_document(
        &self,
        (visitor, id): (Visitor, DocumentId),
        audit: &AuditEntry,
    ) -> Result<Changed<()>, Failure> {
        let mut state = self.working()?;
        state.check_entry(audit)?;
        if let Err(refusal) = state.needs_document(visitor, (id, LibraryAccess::Editor)) {
            return Ok(Err(refusal));
        }
        if let Some(hold) = state.hold_on_document(id) {
            return Ok(Err(Refusal::Held(hold)));
        }
        state.forget_document(id);
        state.audit.push(audit.clone());
        Ok(Ok(()))
    }

    /// Brings a version to another state, where that changes it.
    fn turn(
        &self,
        (visitor, wanted): (Visitor, Wanted),
        turn: fn(ReadingState) -> ReadingState,
        audit: &AuditEntry,
    ) -> Result<Changed<StoredDocument>, Failure> {
        let mut state = self.working()?;
        state.check_entry(audit)?;
        let unknown = Refusal::DocumentUnknown(wanted.document);
        let needed = (wanted.document, LibraryAccess::Editor);
        if let Err(refusal) = state.needs_document(visitor, needed) {
            return Ok(Err(refusal));
        }
        let Some(found) = state.wanted(wanted) else { return Ok(Err(unknown)) };
        let next = turn(found.current.state);
        if let Some(kept) = state.libraries.versions.get_mut(&found.current.key)
            && next != found.current.state
        {
            kept.version.state = next;
            kept.version.failure = (next == ReadingState::Failed).then(|| Unread::Cancelled.into());
            kept.version.ended_at = next.is_ended().then_some(audit.at);
            kept.fence += 1;
            if next == ReadingState::Queued {
                kept.attempts = 0;
            }
        }
        state.audit.push(audit.clone());
        Ok(state.wanted(wanted).ok_or(unknown))
    }
}

impl State {
    /// Of several the newest.
    pub(super) fn named(&self, library: LibraryId, name: &str) -> Option<DocumentId> {
        let mut documents = self.libraries.documents.values().rev();
        let found = documents.find(|kept| kept.library == library && kept.name == name);
        found.map(|kept| kept.id)
    }

    pub(super) fn bytes_kept(&self, organisation: OrganisationId) -> u64 {
        let versions = self.libraries.versions.values();
        let own = versions.filter(|kept| kept.organisation == organisation);
        own.map(|kept| kept.version.bytes).sum()
    }

    pub(super) fn needs_document(
        &self,
        visitor: Visitor,
        (id, needed): (DocumentId, LibraryAccess),
    ) -> Changed<()> {
        let unknown = Err(Refusal::DocumentUnknown(id));
        let Some(kept) = self.libraries.documents.get(&id) else { return unknown };
        match self.needs(visitor, (kept.library, needed)) {
            Err(Refusal::LibraryUnknown(_)) => unknown,
            other => other,
        }
    }

    pub(super) fn seen_version(
        &self,
        visitor: Visitor,
        key: VersionKey,
    ) -> Option<&super::KeptVersion> {
        let kept = self.libraries.versions.get(&key)?;
        self.access(visitor, kept.library).map(|_| kept)
    }

    /// The document, with the version that is wanted.
    pub(super) fn wanted(&self, wanted: Wanted) -> Option<StoredDocument> {
        let all = self.libraries.versions.iter();
        let mut own = all.filter(|(_, kept)| kept.document == wanted.document);
        let found = match wanted.number {
            Some(number) => own.find(|(_, kept)| kept.version.number == number),
            None => own.max_by_key(|(_, kept)| {
                let from = kept.version.in_force.from;
                (from <= wanted.at, from, kept.version.number)
            }),
        };
        self.stored_document(*found?.0)
    }

    pub(super) fn describe(
        &mut self,
        id: DocumentId,
        change: &DocumentChange,
        at: domain::Timestamp,
    ) {
        let Some(kept) = self.libraries.documents.get_mut(&id) else { return };
        if let Some(name) = &change.name {
            kept.name.clone_from(name);
        }
        if let Some(attributes) = &change.attributes {
            kept.attributes.clone_from(attributes);
        }
        kept.updated_at = at;
    }

    /// The first hold that covers whoever added it, or the owner of its library.
    pub(super) fn hold_on_document(&self, id: DocumentId) -> Option<domain::HoldId> {
        let kept = self.libraries.documents.get(&id)?;
        let owner = self.libraries.libraries.get(&kept.library)?.library.owner;
        let mut accounts = [kept.added_by, owner].into_iter();
        accounts.find_map(|account| self.hold_on_any(kept.organisation, account))
    }

    /// With all of its versions and their bytes.
    pub(in crate::memory_store) fn forget_document(&mut self, id: DocumentId) {
        self.libraries.documents.remove(&id);
        let all = self.libraries.versions.iter().filter(|(_, kept)| kept.document == id);
        let all: Vec<VersionKey> = all.map(|(key, _)| *key).collect();
        for key in all {
            if let Some(kept) = self.libraries.versions.remove(&key) {
                self.libraries.bytes.remove(&kept.lies_at);
            }
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // A store that is broken keeps nothing anyway.
        if let Ok(mut state) = self.store.working() {
            state.libraries.under_way.remove(&self.id);
        }
    }
}

#[async_trait]
impl BytesWriter for Writer {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), StoreError> {
        let failed = store_error("write the document to its end");
        let mut state = self.store.working().map_err(failed)?;
        state.libraries.bytes.insert(self.id, mem::take(&mut self.bytes));
        Ok(())
    }

    fn leave(self: Box<Self>) {}
}

#[async_trait]
impl BytesReader for Reader {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        let rest = self.bytes.split_off(self.bytes.len().min(PIECE));
        Ok(Some(mem::replace(&mut self.bytes, rest)))
    }
}
