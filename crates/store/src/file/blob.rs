//! The bytes of files, of documents, and of what was read of them: one sealed file each, in chunks
//! that are read one at a time.
//!
//! A chunk is bound to its place and to whether it is the last: what was moved, left out or cut off
//! does not open.

use std::{
    collections::{HashMap, HashSet},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use domain::{AccountId, OrganisationId};
use envelope::SEALED_EXTRA;
use governance::{ContentKeys, Vault, ports::StoreError};
use knowledge::ports::{BytesReader, BytesWriter};
use tokio::{
    fs,
    io::{AsyncReadExt as _, AsyncWriteExt as _},
};
use uuid::Uuid;
use workloads::ports::{FileReader, FileWriter};

use crate::failure::{Failure, store_error};

/// Bytes of a chunk; the last one has as many as are left.
const CHUNK: usize = 64 * 1024;

/// Where bytes lie.
pub(crate) type Blob = (OrganisationId, Uuid);

/// Bytes that lie sealed.
#[derive(Clone)]
pub(crate) struct SealedBytes {
    pub(crate) blob: Blob,
    /// Whose they are: nothing is written for somebody who is erased. `None` for what belongs to
    /// nobody any more.
    pub(crate) account: Option<AccountId>,
    /// What their keys are derived for.
    pub(crate) name: Vec<u8>,
}

/// The folder with all of them, and who writes them.
#[derive(Clone, Default)]
pub(crate) struct Blobs {
    /// `None` beside a database in memory.
    folder: Option<Arc<Path>>,
    /// A lock and not a task: nothing waits while it is held.
    writers: Arc<Mutex<Writers>>,
}

#[derive(Default)]
struct Writers {
    /// Those that still write, and those whose rows are on their way.
    under_way: HashMap<Blob, Option<AccountId>>,
    /// Those that were dropped.
    given_up: Vec<Blob>,
    /// Accounts that are erased: nothing of them is written any more.
    barred: HashSet<(OrganisationId, AccountId)>,
}

impl Blobs {
    /// Those beside a database.
    pub(crate) fn beside(database: &Path) -> Self {
        Self { folder: Some(database.with_file_name("files").into()), ..Self::default() }
    }

    pub(super) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    pub(super) fn take_given_up(&self) -> Vec<Blob> {
        std::mem::take(&mut self.writers().given_up)
    }

    pub(super) fn give_up(&self, blob: Blob) {
        self.writers().given_up.push(blob);
    }

    /// Whether somebody writes it now.
    pub(super) fn is_under_way(&self, blob: &Blob) -> bool {
        self.writers().under_way.contains_key(blob)
    }

    /// From now on nothing more of the account is written.
    pub(crate) fn bar(&self, account: (OrganisationId, AccountId)) {
        self.writers().barred.insert(account);
    }

    fn is_barred(&self, of: &SealedBytes) -> bool {
        let barred = |account| self.writers().barred.contains(&(of.blob.0, account));
        of.account.is_some_and(barred)
    }

    /// What is being written for accounts that are erased.
    pub(super) fn barred(&self) -> Vec<Blob> {
        let writers = self.writers();
        let is_barred = |(blob, account): &(&Blob, &Option<AccountId>)| {
            account.is_some_and(|account| writers.barred.contains(&(blob.0, account)))
        };
        writers.under_way.iter().filter(is_barred).map(|(blob, _)| *blob).collect()
    }

    fn writers(&self) -> MutexGuard<'_, Writers> {
        self.writers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gone, also after a crash, when this returns.
    pub(super) async fn remove(&self, (organisation, id): Blob) -> Result<(), Failure> {
        let Some(folder) = self.folder() else { return Ok(()) };
        let folder = folder.join(organisation.to_string());
        match fs::remove_file(folder.join(name_of(id))).await {
            Ok(()) => sync_folder(&folder).await,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(Failure::Bytes { source }),
        }
    }

    /// Those that are gone, also after a crash, and why others are not.
    pub(super) async fn remove_all(&self, blobs: &[Blob]) -> (Vec<Blob>, Option<Failure>) {
        let (mut removed, mut failed) = (Vec::new(), None);
        let Some(folder) = self.folder() else { return (blobs.to_vec(), None) };
        for blob in blobs {
            let folder = folder.join(blob.0.to_string());
            match fs::remove_file(folder.join(name_of(blob.1))).await {
                Ok(()) => removed.push(*blob),
                Err(error) if error.kind() == io::ErrorKind::NotFound => removed.push(*blob),
                Err(source) => failed = Some(Failure::Bytes { source }),
            }
        }
        let organisations: HashSet<OrganisationId> = removed.iter().map(|blob| blob.0).collect();
        for organisation in organisations {
            let folder = folder.join(organisation.to_string());
            // Nothing was ever uploaded there.
            if !fs::try_exists(&folder).await.unwrap_or(true) {
                continue;
            }
            if let Err(error) = sync_folder(&folder).await {
                removed.retain(|blob| blob.0 != organisation);
                failed = Some(error);
            }
        }
        (removed, failed)
    }

    fn path(&self, (organisation, id): Blob) -> Result<PathBuf, Failure> {
        let folder = self.folder().ok_or(Failure::NoFolder)?;
        Ok(folder.join(organisation.to_string()).join(name_of(id)))
    }
}

/// While there is one of them, nobody takes the bytes for left behind.
struct UnderWay {
    blobs: Blobs,
    blob: Blob,
}

impl UnderWay {
    fn begin(blobs: &Blobs, of: &SealedBytes) -> Self {
        blobs.writers().under_way.insert(of.blob, of.account);
        Self { blobs: blobs.clone(), blob: of.blob }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.blobs.writers().under_way.remove(&self.blob);
    }
}

/// Seals what it is given.
pub(crate) struct BlobWriter {
    under_way: UnderWay,
    path: PathBuf,
    file: fs::File,
    keys: Arc<ContentKeys>,
    of: SealedBytes,
    /// Not sealed yet: more may come, or it is the last chunk.
    chunk: Vec<u8>,
    /// Of the next chunk.
    index: u64,
    /// Nobody makes a file of it before.
    is_finished: bool,
    is_left: bool,
}

impl BlobWriter {
    pub(crate) async fn create(
        blobs: &Blobs,
        keys: Arc<ContentKeys>,
        of: SealedBytes,
    ) -> Result<Self, Failure> {
        let path = blobs.path(of.blob)?;
        let under_way = UnderWay::begin(blobs, &of);
        let folder = path.parent().ok_or(Failure::NoFolder)?;
        let mut made = fs::DirBuilder::new();
        made.recursive(true).mode(0o700).create(folder).await.map_err(bytes_failed)?;
        let mut options = fs::OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(&path).await;
        let file = file.map_err(bytes_failed)?;
        let chunk = Vec::with_capacity(CHUNK);
        let writer = Self {
            under_way,
            path,
            file,
            keys,
            of,
            chunk,
            index: 0,
            is_finished: false,
            is_left: false,
        };
        // Looked at when the file is there: whoever erases finds it, or it goes with the writer.
        writer.check().map(|()| writer)
    }

    fn check(&self) -> Result<(), Failure> {
        if self.under_way.blobs.is_barred(&self.of) { Err(Failure::Erased) } else { Ok(()) }
    }

    pub(crate) async fn take(&mut self, mut bytes: &[u8]) -> Result<(), Failure> {
        self.check()?;
        while !bytes.is_empty() {
            if self.chunk.len() == CHUNK {
                self.seal(Place::Before).await?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK - self.chunk.len()));
            self.chunk.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    pub(crate) async fn end(&mut self) -> Result<(), Failure> {
        self.check()?;
        self.is_finished = true;
        self.seal(Place::Last).await?;
        self.file.flush().await.map_err(bytes_failed)?;
        self.file.sync_all().await.map_err(bytes_failed)?;
        // The entries that lead to it: of the organisation, of all files, of the data directory.
        for folder in self.path.ancestors().skip(1).take(3) {
            sync_folder(folder).await?;
        }
        Ok(())
    }

    /// There is a row for the bytes now.
    pub(crate) fn keep(mut self) {
        self.is_left = true;
    }

    async fn seal(&mut self, place: Place) -> Result<(), Failure> {
        let sealer = self.keys.sealer(self.of.name.clone());
        let sealed = sealer.seal_bytes(&place_of(self.index, place), &self.chunk);
        self.file.write_all(&sealed).await.map_err(bytes_failed)?;
        self.chunk.clear();
        self.index += 1;
        Ok(())
    }
}

#[async_trait]
impl FileWriter for BlobWriter {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.take(bytes).await.map_err(store_error("write the file"))
    }

    async fn finish(&mut self) -> Result<(), StoreError> {
        self.end().await.map_err(store_error("write the file to its end"))
    }

    fn leave(self: Box<Self>) {
        (*self).keep();
    }
}

#[async_trait]
impl BytesWriter for BlobWriter {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.take(bytes).await.map_err(store_error("write the document"))
    }

    async fn finish(&mut self) -> Result<(), StoreError> {
        self.end().await.map_err(store_error("write the document to its end"))
    }

    fn leave(self: Box<Self>) {
        (*self).keep();
    }
}

impl Drop for BlobWriter {
    fn drop(&mut self) {
        if self.is_left {
            return;
        }
        // A row may be on its way for what is finished; for nothing else.
        if self.is_finished || std::fs::remove_file(&self.path).is_err() {
            self.under_way.blobs.give_up(self.of.blob);
        }
    }
}

/// Opens one chunk after the other.
pub(crate) struct BlobReader {
    file: fs::File,
    vault: Arc<Vault>,
    of: SealedBytes,
    /// Of the next chunk.
    index: u64,
    /// Behind which there is nothing.
    last: u64,
    bytes: u64,
}

impl BlobReader {
    /// `bytes`: as many as were written.
    pub(crate) async fn open(
        blobs: &Blobs,
        vault: Arc<Vault>,
        (of, bytes): (SealedBytes, u64),
    ) -> Result<Self, Failure> {
        let path = blobs.path(of.blob)?;
        let file = fs::File::open(&path).await.map_err(bytes_failed)?;
        let last = bytes.div_ceil(CHUNK as u64).saturating_sub(1);
        Ok(Self { file, vault, of, index: 0, last, bytes })
    }

    /// The next bytes, never none; `None` at the end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        if self.index > self.last || self.bytes == 0 {
            return Ok(None);
        }
        let is_last = self.index == self.last;
        let length = if is_last {
            usize::try_from(self.bytes - self.last * CHUNK as u64).unwrap_or(CHUNK)
        } else {
            CHUNK
        };
        let mut sealed = vec![0; length + SEALED_EXTRA];
        self.file.read_exact(&mut sealed).await.map_err(bytes_failed)?;
        let place = place_of(self.index, if is_last { Place::Last } else { Place::Before });
        // Asked anew for each chunk, so that a key that is taken away ends what is being read.
        let keys = self.vault.keys(self.of.blob.0)?;
        let opened = keys.sealer(self.of.name.clone()).open_bytes(&place, &sealed);
        self.index += 1;
        opened.map(Some).map_err(|source| Failure::Unopened { column: "bytes", source })
    }
}

#[async_trait]
impl FileReader for BlobReader {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        self.chunk().await.map_err(store_error("read the bytes of the file"))
    }
}

#[async_trait]
impl BytesReader for BlobReader {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        self.chunk().await.map_err(store_error("read the bytes of the document"))
    }
}

#[derive(Clone, Copy)]
enum Place {
    Before,
    Last,
}

/// As files were named before anything else lay there: 32 hexadecimal digits.
fn name_of(id: Uuid) -> String {
    id.simple().to_string()
}

/// What a chunk is bound to, beside the key of its bytes.
fn place_of(index: u64, place: Place) -> Vec<u8> {
    let mut bound = b"file.chunk\0".to_vec();
    bound.extend_from_slice(&index.to_be_bytes());
    bound.push(match place {
        Place::Before => 0,
        Place::Last => 1,
    });
    bound
}

const fn bytes_failed(source: io::Error) -> Failure {
    Failure::Bytes { source }
}

async fn sync_folder(folder: &Path) -> Result<(), Failure> {
    let folder = fs::File::open(folder).await.map_err(bytes_failed)?;
    folder.sync_all().await.map_err(bytes_failed)
}
