//! Files in memory.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
};

use async_trait::async_trait;
use domain::{FileId, OrganisationId, Timestamp};
use governance::{AuditEntry, ports::StoreError};
use workloads::{
    File, FilePage, FileQuery, Owner,
    ports::{FileDeleted, FileReader, FileStore, FileWriter},
};

use super::{MemoryStore, Refusal, State, store_error};

/// Bytes that a reader is given at a time.
const PIECE: usize = 1_000;

/// Files, and bytes of which there is no file yet.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) files: BTreeMap<FileId, File>,
    bytes: BTreeMap<FileId, Vec<u8>>,
    /// Those that somebody writes, or for which there will be a file soon.
    under_way: BTreeSet<FileId>,
}

impl Kept {
    pub(super) fn remove(&mut self, id: FileId) {
        self.files.remove(&id);
        self.bytes.remove(&id);
    }
}

struct Writer {
    store: MemoryStore,
    id: FileId,
    bytes: Vec<u8>,
}

struct Reader {
    bytes: Vec<u8>,
}

#[async_trait]
impl FileStore for MemoryStore {
    async fn begin(&self, _owner: Owner, id: FileId) -> Result<Box<dyn FileWriter>, StoreError> {
        let mut state = self.working().map_err(store_error("begin the file"))?;
        state.files.under_way.insert(id);
        drop(state);
        Ok(Box::new(Writer { store: self.clone(), id, bytes: Vec::new() }))
    }

    async fn keep(&self, file: &File, audit: &AuditEntry) -> Result<(), StoreError> {
        self.keep_file(file, audit).map_err(store_error("keep the file"))
    }

    async fn file(&self, owner: Owner, id: FileId) -> Result<Option<File>, StoreError> {
        let state = self.working().map_err(store_error("read the file"))?;
        Ok(state.file(owner, id).cloned())
    }

    async fn files(&self, owner: Owner, query: &FileQuery) -> Result<FilePage, StoreError> {
        let state = self.working().map_err(store_error("list the files"))?;
        let asked = |file: &&File| {
            file.owner == owner
                && query.purpose.is_none_or(|purpose| purpose == file.purpose)
                && query.source.is_none_or(|source| source == file.source)
                && query.at.is_none_or(|at| !file.is_over(at))
        };
        let mut files: Vec<File> = state.files.files.values().filter(asked).cloned().collect();
        files.sort_by_key(|file| std::cmp::Reverse(file.id));
        let total = files.len() as u64;
        files.retain(|file| query.after.is_none_or(|after| file.id < after));
        let offset = usize::try_from(query.offset).unwrap_or(usize::MAX);
        let mut files: Vec<File> = files.into_iter().skip(offset).collect();
        let has_more = files.len() > query.limit as usize;
        files.truncate(query.limit as usize);
        Ok(FilePage { files, total, has_more })
    }

    async fn read(
        &self,
        owner: Owner,
        id: FileId,
    ) -> Result<Option<Box<dyn FileReader>>, StoreError> {
        let state = self.working().map_err(store_error("read the bytes of the file"))?;
        let bytes = state.file(owner, id).and_then(|file| state.files.bytes.get(&file.id));
        let Some(bytes) = bytes.cloned() else { return Ok(None) };
        Ok(Some(Box::new(Reader { bytes })))
    }

    async fn delete(
        &self,
        owner: Owner,
        id: FileId,
        audit: &AuditEntry,
    ) -> Result<FileDeleted, StoreError> {
        self.delete_file(owner, id, audit).map_err(store_error("delete the file"))
    }

    async fn bytes_kept(&self, organisation: OrganisationId) -> Result<u64, StoreError> {
        let state = self.working().map_err(store_error("add up the files"))?;
        let files = state.files.files.values();
        Ok(files
            .filter(|file| file.owner.organisation == organisation)
            .map(|file| file.bytes)
            .sum())
    }

    async fn expired(&self, at: Timestamp, limit: u32) -> Result<Vec<(Owner, FileId)>, StoreError> {
        let state = self.working().map_err(store_error("look for files whose time is over"))?;
        let over = state.files.files.values().filter(|file| {
            file.expires_at.is_some_and(|until| until <= at)
                && state.reader_of(file.id).is_none()
                && state.hold_on((file.owner.organisation, file.owner.account)).is_none()
        });
        Ok(over.take(limit as usize).map(|file| (file.owner, file.id)).collect())
    }

    async fn clean_up(&self, _all: bool) -> Result<u64, StoreError> {
        let mut state = self.working().map_err(store_error("clean up after files"))?;
        let Kept { files, bytes, under_way } = &mut state.files;
        let before = bytes.len();
        bytes.retain(|id, _| files.contains_key(id) || under_way.contains(id));
        Ok((before - bytes.len()) as u64)
    }
}

impl MemoryStore {
    fn keep_file(&self, file: &File, audit: &AuditEntry) -> Result<(), Refusal> {
        let mut state = self.working()?;
        state.check_entry(audit)?;
        state.insert_file(file)?;
        state.audit.push(audit.clone());
        Ok(())
    }

    fn delete_file(
        &self,
        owner: Owner,
        id: FileId,
        audit: &AuditEntry,
    ) -> Result<FileDeleted, Refusal> {
        let mut state = self.working()?;
        state.check_entry(audit)?;
        if state.file(owner, id).is_none() {
            return Ok(FileDeleted::Unknown);
        }
        if let Some(job) = state.reader_of(id) {
            return Ok(FileDeleted::InUse(job));
        }
        if let Some(hold) = state.hold_on((owner.organisation, owner.account)) {
            return Ok(FileDeleted::Held(hold));
        }
        state.files.remove(id);
        state.audit.push(audit.clone());
        Ok(FileDeleted::Done)
    }
}

impl State {
    pub(super) fn file(&self, owner: Owner, id: FileId) -> Option<&File> {
        self.files.files.get(&id).filter(|file| file.owner == owner)
    }

    pub(super) fn insert_file(&mut self, file: &File) -> Result<(), Refusal> {
        let account = (file.owner.organisation, file.owner.account);
        if !self.accounts.contains_key(&account) {
            return Err(Refusal::UnknownAccount);
        }
        if self.files.files.insert(file.id, file.clone()).is_some() {
            return Err(Refusal::Duplicate);
        }
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // A store that is broken keeps nothing anyway.
        if let Ok(mut state) = self.store.working() {
            state.files.under_way.remove(&self.id);
        }
    }
}

#[async_trait]
impl FileWriter for Writer {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), StoreError> {
        let mut state = self.store.working().map_err(store_error("write the file to its end"))?;
        state.files.bytes.insert(self.id, mem::take(&mut self.bytes));
        Ok(())
    }

    fn leave(self: Box<Self>) {}
}

#[async_trait]
impl FileReader for Reader {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        let rest = self.bytes.split_off(self.bytes.len().min(PIECE));
        Ok(Some(mem::replace(&mut self.bytes, rest)))
    }
}
