//! What anybody may know of the log: checkpoints, tiles, entries and proofs. Signs nothing.

use std::sync::Arc;

use transparency_log::{
    BundleId, Checkpoint, Hash, InclusionEvidence, ProofError, SignedNote, TILE_WIDTH, TileId,
    TileSet, Verifier, consistency_proof, consistency_tiles, decode_tile, encode_bundle,
    inclusion_proof, inclusion_tiles,
};

use crate::ports::{EntryRef, FoundEntry, LogStore, StoreError};

/// Why something of the log could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("the log could not be read")]
    Store { source: StoreError },
    #[error("{what} is missing or damaged")]
    Damaged { what: String },
    #[error("the newest checkpoint is not signed with this installation's log key")]
    ForeignKey,
    #[error("entry {index} is not under a checkpoint yet; the newest one has {size} entries")]
    NotSigned { index: u64, size: u64 },
    #[error("the stored tiles give no proof")]
    Proof { source: ProofError },
}

/// Reads the log of one key. Cheap to clone.
#[derive(Clone)]
pub struct LogReader {
    store: Arc<dyn LogStore>,
    verifier: Verifier,
}

impl LogReader {
    pub fn new(store: Arc<dyn LogStore>, verifier: Verifier) -> Self {
        Self { store, verifier }
    }

    pub const fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// The newest checkpoint; `None` while nothing was signed.
    pub async fn checkpoint(&self) -> Result<Option<(SignedNote, Checkpoint)>, ReadError> {
        let Some(text) = self.store.newest_checkpoint().await.map_err(store_error)? else {
            return Ok(None);
        };
        let note = SignedNote::parse(&text)
            .map_err(|_| ReadError::Damaged { what: "the newest checkpoint".to_owned() })?;
        let checkpoint =
            Checkpoint::open(&note, &self.verifier).map_err(|_| ReadError::ForeignKey)?;
        Ok(Some((note, checkpoint)))
    }

    /// A tile as it is served; `None` if no checkpoint has signed one of this width.
    pub async fn tile(&self, id: TileId) -> Result<Option<Vec<u8>>, ReadError> {
        let stored = self.store.tile(id.level(), id.index()).await.map_err(store_error)?;
        let bytes = usize::from(id.width()) * size_of::<Hash>();
        Ok(stored.filter(|stored| stored.len() >= bytes).map(|mut stored| {
            stored.truncate(bytes);
            stored
        }))
    }

    /// A bundle of entries as it is served; `None` if no checkpoint has signed them all.
    pub async fn bundle(&self, id: BundleId) -> Result<Option<Vec<u8>>, ReadError> {
        let size = self.checkpoint().await?.map_or(0, |(_, checkpoint)| checkpoint.size);
        let first = id.index().checked_mul(u64::from(TILE_WIDTH));
        let Some(first) = first.filter(|first| first.saturating_add(id.width().into()) <= size)
        else {
            return Ok(None);
        };
        let entries = self.entries(first, u32::from(id.width())).await?;
        let damaged = || ReadError::Damaged { what: format!("an entry after {first}") };
        if entries.len() != usize::from(id.width()) {
            return Err(damaged());
        }
        encode_bundle(&entries).map(Some).map_err(|_| damaged())
    }

    /// The canonical bytes of the leaves from `index` on, at most `limit`; signed or not.
    pub async fn entries(&self, index: u64, limit: u32) -> Result<Vec<Vec<u8>>, ReadError> {
        self.store.entries(index, limit).await.map_err(store_error)
    }

    pub async fn entry_count(&self) -> Result<u64, ReadError> {
        self.store.entry_count().await.map_err(store_error)
    }

    pub async fn find(&self, wanted: EntryRef) -> Result<Option<FoundEntry>, ReadError> {
        self.store.find_entry(wanted).await.map_err(store_error)
    }

    /// Every checkpoint of more than `size` entries that the store holds, the smallest first.
    pub async fn checkpoints_after(&self, size: u64, limit: u32) -> Result<Vec<String>, ReadError> {
        self.store.checkpoints_after(size, limit).await.map_err(store_error)
    }

    /// Proves, to whoever has the key, that an entry is in the log. Holds the entry too.
    pub async fn prove(&self, index: u64) -> Result<InclusionEvidence, ReadError> {
        let signed = self.checkpoint().await?;
        let size = signed.as_ref().map_or(0, |(_, checkpoint)| checkpoint.size);
        let not_signed = ReadError::NotSigned { index, size };
        let (checkpoint, _) = signed.filter(|_| index < size).ok_or(not_signed)?;
        let entry = self.entries(index, 1).await?.pop();
        let entry = entry.ok_or(ReadError::Damaged { what: format!("entry {index}") })?;
        let tiles = self.tiles(&inclusion_tiles(index, size).map_err(proof_error)?).await?;
        let proof = inclusion_proof(index, size, &tiles).map_err(proof_error)?;
        Ok(InclusionEvidence { index, proof, extra: Some(entry), checkpoint })
    }

    /// Proves that the tree of `new` leaves continues the one of `old`.
    pub async fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, ReadError> {
        if old == 0 || old == new {
            return Ok(Vec::new());
        }
        let tiles = self.tiles(&consistency_tiles(old, new).map_err(proof_error)?).await?;
        consistency_proof(old, new, &tiles).map_err(proof_error)
    }

    /// The tiles at the right edge of a tree, from which it can grow.
    pub(crate) async fn edge(&self, size: u64) -> Result<Vec<(TileId, Vec<Hash>)>, ReadError> {
        let mut edge = Vec::new();
        for id in TileId::edge(size) {
            edge.push((id, self.hashes(id).await?));
        }
        Ok(edge)
    }

    /// What a level-0 tile says of the leaves that it covers, as many as are stored.
    pub async fn recorded(&self, index: u64) -> Result<Option<Vec<Hash>>, ReadError> {
        let stored = self.store.tile(0, index).await.map_err(store_error)?;
        Ok(stored.and_then(|stored| decode_tile(&stored).ok()))
    }

    async fn tiles(&self, ids: &[TileId]) -> Result<TileSet, ReadError> {
        let mut tiles = TileSet::new();
        for id in ids {
            tiles.insert(*id, self.hashes(*id).await?);
        }
        Ok(tiles)
    }

    async fn hashes(&self, id: TileId) -> Result<Vec<Hash>, ReadError> {
        let bytes = self.tile(id).await?;
        let hashes = bytes.and_then(|bytes| decode_tile(&bytes).ok());
        hashes.ok_or_else(|| ReadError::Damaged { what: id.path() })
    }
}

pub(crate) fn store_error(source: StoreError) -> ReadError {
    ReadError::Store { source }
}

fn proof_error(source: ProofError) -> ReadError {
    ReadError::Proof { source }
}
