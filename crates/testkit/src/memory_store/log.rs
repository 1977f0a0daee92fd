use async_trait::async_trait;
use domain::{OrganisationId, Principal, RequestId, Timestamp};
use governance::ports::{EntryRef, FoundEntry, LogExtension, LogStore, StoreError};
use transparency_log::encode_tile;

use super::{MemoryStore, State, store_error};

#[async_trait]
impl LogStore for MemoryStore {
    async fn entry_count(&self) -> Result<u64, StoreError> {
        let state = self.working().map_err(store_error("count the audit entries"))?;
        Ok(state.audit.len() as u64)
    }

    async fn entries(&self, index: u64, limit: u32) -> Result<Vec<Vec<u8>>, StoreError> {
        let state = self.working().map_err(store_error("read the audit entries"))?;
        let from = usize::try_from(index).unwrap_or(usize::MAX);
        let wanted = state.audit.iter().skip(from).take(limit as usize);
        Ok(wanted.map(|entry| entry.canonical.clone()).collect())
    }

    async fn find_entry(&self, wanted: EntryRef) -> Result<Option<FoundEntry>, StoreError> {
        let state = self.working().map_err(store_error("find the audit entry"))?;
        let mut entries = state.audit.iter().zip(0_u64..);
        let found = entries.find(|(entry, _)| match wanted {
            EntryRef::Entry(id) => entry.id == id,
            EntryRef::Request(request) => entry.request == Some(request),
        });
        Ok(found.map(|(entry, index)| FoundEntry {
            index,
            asked_by: entry.request.and_then(|request| state.asked_by(request)),
        }))
    }

    async fn newest_at(&self) -> Result<Timestamp, StoreError> {
        let state = self.working().map_err(store_error("read the time of the newest entry"))?;
        let newest = state.audit.iter().map(|entry| entry.at).max();
        Ok(newest.unwrap_or(Timestamp::from_micros(0)))
    }

    async fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let state = self.working().map_err(store_error("read a tile of the log"))?;
        Ok(state.tiles.get(&(level, index)).cloned())
    }

    async fn newest_checkpoint(&self) -> Result<Option<String>, StoreError> {
        let state = self.working().map_err(store_error("read the newest checkpoint"))?;
        Ok(state.checkpoints.values().next_back().cloned())
    }

    async fn checkpoints_after(&self, size: u64, limit: u32) -> Result<Vec<String>, StoreError> {
        let state = self.working().map_err(store_error("read the checkpoints"))?;
        let after = state.checkpoints.range(size.saturating_add(1)..);
        Ok(after.take(limit as usize).map(|(_, note)| note.clone()).collect())
    }

    async fn probe(&self) -> Result<(), StoreError> {
        self.working().map(drop).map_err(store_error("write anything"))
    }

    async fn extend(&self, extension: &LogExtension) -> Result<bool, StoreError> {
        let mut state = self.working().map_err(store_error("extend the log"))?;
        if state.checkpoints.keys().next_back().copied().unwrap_or(0) != extension.old_size {
            return Ok(false);
        }
        for (id, hashes) in &extension.tiles {
            state.tiles.insert((id.level(), id.index()), encode_tile(hashes));
        }
        state.checkpoints.insert(extension.new_size, extension.note.clone());
        Ok(true)
    }
}

impl MemoryStore {
    /// Replaces an entry's bytes, as an administrator with a shell could.
    pub fn falsify(&self, index: usize, canonical: Vec<u8>) {
        self.state().audit[index].canonical = canonical;
    }

    /// Flips a bit of the first hash of a tile.
    pub fn falsify_tile(&self, level: u8, index: u64) {
        self.state().tiles.entry((level, index)).and_modify(|hashes| hashes[0] ^= 1);
    }

    /// Replaces the text of the checkpoint of this size.
    pub fn falsify_checkpoint(&self, size: u64, note: &str) {
        self.state().checkpoints.insert(size, note.to_owned());
    }

    /// Forgets the entries beyond `size` and nothing else.
    pub fn roll_back_entries(&self, size: usize) {
        self.state().audit.truncate(size);
    }

    /// Forgets all entries, tiles and checkpoints beyond `size`, as when an old copy is restored.
    pub fn roll_back(&self, size: u64) {
        let mut state = self.state();
        state.audit.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        state.checkpoints.retain(|signed, _| *signed <= size);
        for ((level, index), hashes) in &mut state.tiles {
            let covered = size >> (8 * u32::from(*level));
            let width = covered.saturating_sub(index * 256).min(256);
            hashes.truncate(usize::try_from(width * 32).unwrap_or(usize::MAX));
        }
        state.tiles.retain(|_, hashes| !hashes.is_empty());
    }
}

impl State {
    fn asked_by(&self, request: RequestId) -> Option<(OrganisationId, Principal)> {
        let row = self.usage.values().find(|row| row.opened.request == request)?;
        Some((row.opened.organisation, row.opened.principal))
    }
}
