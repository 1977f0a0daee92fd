//! The limit: a hash chain in a file, with group commit and nothing else. It has no signature, no
//! tree, no index, and whoever can write the file can make it anew.

use std::{
    fs::{File, OpenOptions},
    io::{BufReader, BufWriter, Read as _, Write as _},
    path::Path,
    sync::Mutex,
};

use anyhow::{Context as _, ensure};
use async_trait::async_trait;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use crate::{Keeper, fresh, synthetic};

const QUEUE_LENGTH: usize = 1_024;

pub(crate) struct Chained {
    queue: Mutex<Option<mpsc::Sender<oneshot::Sender<()>>>>,
    writer: Mutex<Option<JoinHandle<anyhow::Result<()>>>>,
}

impl Chained {
    pub(crate) fn open(dir: &Path) -> anyhow::Result<Self> {
        fresh(dir)?;
        let file = OpenOptions::new().create(true).append(true).open(dir.join("chain"))?;
        let (queue, waiting) = mpsc::channel(QUEUE_LENGTH);
        let writer = tokio::task::spawn_blocking(move || write_groups(file, waiting));
        Ok(Self { queue: Mutex::new(Some(queue)), writer: Mutex::new(Some(writer)) })
    }
}

#[async_trait]
impl Keeper for Chained {
    async fn keep(&self) {
        let queue = self.queue.lock().ok().and_then(|queue| queue.clone());
        let (done, durable) = oneshot::channel();
        if let Some(queue) = queue
            && queue.send(done).await.is_ok()
        {
            durable.await.ok();
        }
    }

    async fn close(&self) {
        drop(self.queue.lock().map(|mut queue| queue.take()));
        let writer = self.writer.lock().ok().and_then(|mut writer| writer.take());
        if let Some(writer) = writer {
            writer.await.ok();
        }
    }
}

fn write_groups(
    mut file: File,
    mut waiting: mpsc::Receiver<oneshot::Sender<()>>,
) -> anyhow::Result<()> {
    let mut chain = Chain::default();
    let mut group = Vec::new();
    while waiting.blocking_recv_many(&mut group, 128) > 0 {
        let mut bytes = Vec::new();
        for _ in &group {
            chain.push(&mut bytes);
        }
        file.write_all(&bytes)?;
        file.sync_data()?;
        group.drain(..).for_each(|done| {
            done.send(()).ok();
        });
    }
    Ok(())
}

/// Each hash covers the one before and its entry.
#[derive(Default)]
struct Chain {
    hash: [u8; 32],
    length: u64,
}

impl Chain {
    fn push(&mut self, bytes: &mut Vec<u8>) {
        let entry = synthetic::entry(self.length);
        self.hash = Sha256::new().chain_update(self.hash).chain_update(&entry).finalize().into();
        self.length += 1;
        let length = u16::try_from(entry.len()).unwrap_or(u16::MAX);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&entry);
        bytes.extend_from_slice(&self.hash);
    }
}

pub(crate) fn write(file: &Path, entries: u64) -> anyhow::Result<Value> {
    let mut out = BufWriter::new(File::create(file)?);
    let mut chain = Chain::default();
    let mut bytes = Vec::new();
    for _ in 0..entries {
        bytes.clear();
        chain.push(&mut bytes);
        out.write_all(&bytes)?;
    }
    out.flush()?;
    Ok(json!({ "entries": entries }))
}

pub(crate) fn verify(file: &Path) -> anyhow::Result<Value> {
    let start = std::time::Instant::now();
    let mut input = BufReader::new(File::open(file).with_context(|| file.display().to_string())?);
    let (mut hash, mut entries) = ([0; 32], 0_u64);
    let mut length = [0; 2];
    while input.read_exact(&mut length).is_ok() {
        let mut entry = vec![0; usize::from(u16::from_be_bytes(length))];
        input.read_exact(&mut entry)?;
        let mut kept = [0; 32];
        input.read_exact(&mut kept)?;
        hash = Sha256::new().chain_update(hash).chain_update(&entry).finalize().into();
        ensure!(hash == kept, "entry {entries} does not fit");
        entries += 1;
    }
    Ok(json!({ "entries": entries, "seconds": start.elapsed().as_secs_f64() }))
}
