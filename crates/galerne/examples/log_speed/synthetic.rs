//! Large logs that nobody has to wait for: entries of the usual length, made from their number.

use std::{fs, path::Path, sync::Arc, time::Instant};

use anyhow::{Context as _, ensure};
use async_trait::async_trait;
use domain::Timestamp;
use governance::{
    LogReader,
    ports::{EntryRef, FoundEntry, LogExtension, LogStore, StoreError},
};
use serde_json::{Value, json};
use store::Store;
use transparency_log::{
    BundleId, Checkpoint, Signer, TILE_WIDTH, TreeBuilder, encode_bundle, encode_tile, leaf_hash,
};

use crate::{fresh, milliseconds, quantile};

const PROOFS: u64 = 2_000;

/// Leaves between two checkpoints while the log is made.
const STEP: u64 = 65_536;

/// As long as the entry of a chat request.
pub(crate) fn entry(number: u64) -> Vec<u8> {
    format!(
        r#"{{"action":"chat.complete","actor":"{number:032x}","at":{},"content":"sha256:{number:064x}","id":"019b0000-0000-7000-8000-{number:012x}","organisation":"0123456789abcdef0123456789abcdef","outcome":"ok","subject":"request:019b000000007000a000{number:012x}","v":2}}"#,
        1_795_219_199_000_000_u64 + number * 2_000
    )
    .into_bytes()
}

fn signer() -> anyhow::Result<Signer> {
    Ok(Signer::from_seed("example.org/log", [5; 32])?)
}

fn signed(tree: &TreeBuilder, signer: &Signer) -> anyhow::Result<String> {
    let origin = signer.name().to_owned();
    let checkpoint = Checkpoint { origin, size: tree.size(), root: tree.root() };
    Ok(checkpoint.sign(signer)?.to_string())
}

/// Builds the tiles of a log and measures proofs in it, each read from the store and verified.
pub(crate) async fn prove(dir: &Path, leaves: u64) -> anyhow::Result<Value> {
    fresh(dir)?;
    let store = Store::open(&dir.join("galerne.db")).await?;
    let signer = signer()?;
    fill(&store, &signer, leaves).await?;
    let reader =
        LogReader::new(Arc::new(Synthetic { store: store.clone(), leaves }), signer.verifier());
    let (mut times, mut proof_bytes, mut text_bytes) = (Vec::new(), 0, 0);
    for number in 0..PROOFS {
        // Spread over the whole log; a multiplier without a common factor visits no leaf twice.
        let index = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) % leaves;
        let start = Instant::now();
        let evidence = reader.prove(index).await?;
        times.push(start.elapsed());
        evidence.verify(&entry(index), &signer.verifier())?;
        proof_bytes = proof_bytes.max(evidence.proof.len() * 32);
        let extra = evidence.extra.as_ref().map_or(0, |entry| entry.len().div_ceil(3) * 4);
        text_bytes = text_bytes.max(evidence.to_string().len() - extra);
    }
    store.close().await;
    times.sort();
    let at = |share: f64| milliseconds(times[quantile(times.len(), share)]);
    Ok(json!({
        "leaves": leaves, "proofs": PROOFS,
        "p50_ms": at(0.5), "p99_ms": at(0.99), "max_ms": at(1.0),
        "proof_bytes": proof_bytes, "text_bytes_without_entry": text_bytes,
    }))
}

async fn fill(store: &Store, signer: &Signer, leaves: u64) -> anyhow::Result<()> {
    let mut tree = TreeBuilder::new();
    while tree.size() < leaves {
        let old_size = tree.size();
        let new_size = leaves.min(old_size + STEP);
        (old_size..new_size).for_each(|number| tree.push(leaf_hash(&entry(number))));
        let extension = LogExtension {
            old_size,
            new_size,
            tiles: tree.take_changed(),
            note: signed(&tree, signer)?,
            at: Timestamp::from_micros(0),
        };
        ensure!(store.extend(&extension).await?, "somebody else wrote");
    }
    Ok(())
}

/// Tiles and checkpoints from the store, entries from their number.
struct Synthetic {
    store: Store,
    leaves: u64,
}

#[async_trait]
impl LogStore for Synthetic {
    async fn entry_count(&self) -> Result<u64, StoreError> {
        Ok(self.leaves)
    }

    async fn entries(&self, index: u64, limit: u32) -> Result<Vec<Vec<u8>>, StoreError> {
        Ok((index..self.leaves).take(limit as usize).map(entry).collect())
    }

    async fn find_entry(&self, _: EntryRef) -> Result<Option<FoundEntry>, StoreError> {
        Ok(None)
    }

    async fn newest_at(&self) -> Result<Timestamp, StoreError> {
        self.store.newest_at().await
    }

    async fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.tile(level, index).await
    }

    async fn newest_checkpoint(&self) -> Result<Option<String>, StoreError> {
        self.store.newest_checkpoint().await
    }

    async fn checkpoints_after(&self, size: u64, limit: u32) -> Result<Vec<String>, StoreError> {
        self.store.checkpoints_after(size, limit).await
    }

    async fn probe(&self) -> Result<(), StoreError> {
        self.store.probe().await
    }

    async fn extend(&self, extension: &LogExtension) -> Result<bool, StoreError> {
        self.store.extend(extension).await
    }
}

/// Writes what `galerne audit export` would write of such a log.
pub(crate) fn export(dir: &Path, entries: u64) -> anyhow::Result<Value> {
    fresh(dir)?;
    let signer = signer()?;
    let mut tree = TreeBuilder::new();
    for bundle in BundleId::all(entries) {
        let first = bundle.index() * u64::from(TILE_WIDTH);
        let of_bundle: Vec<_> = (first..first + u64::from(bundle.width())).map(entry).collect();
        for entry in &of_bundle {
            tree.push(leaf_hash(entry));
        }
        write(dir, &bundle.path(), &encode_bundle(&of_bundle)?)?;
    }
    for (tile, hashes) in tree.take_changed() {
        write(dir, &tile.path(), &encode_tile(&hashes))?;
    }
    write(dir, "checkpoint", signed(&tree, &signer)?.as_bytes())?;
    Ok(json!({ "entries": entries, "key": signer.verifier().to_string() }))
}

fn write(dir: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let path = dir.join(name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
    }
    fs::write(&path, bytes).with_context(|| path.display().to_string())
}
