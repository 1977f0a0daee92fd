//! Packed weights as a file, read in place of the tensors that they were packed from.
//!
//! ```text
//! head     what the file must begin with: format, layout of tiles, the source, every part
//! tags     32 bytes for each chunk of a mebibyte
//! chunks   tiles of all matrices, then the numbers of all vectors
//! ```
//!
//! Nothing of the head is believed: the reader knows every byte of it beforehand. A tag is a keyed
//! hash of its chunk, under a key that follows from the secret of the installation and the whole
//! head, so that a chunk counts only at its place in the one file that it was written for.

#[cfg(test)]
mod tests;

use std::{
    fs::File,
    io::{self, BufWriter, Seek as _, SeekFrom, Write as _},
    os::unix::fs::FileExt as _,
};

use cpu_kernels::{PackedMatrix, TILE_LAYOUT};

use super::{
    ModelError,
    packing::{Packed, Plans},
    progress::LoadProgress,
    tasks,
};
use crate::checkpoint::{Checkpoint, Stamp};

const MAGIC: [u8; 8] = *b"GLRNPACK";
/// Of the file; what tiles are made of has a number of its own.
const VERSION: u32 = 1;
const CHUNK_BYTES: usize = 1 << 20;
const TAG_BYTES: usize = 32;

/// The secret without which nobody makes such a file.
#[derive(Clone)]
pub struct WeightsKey([u8; 32]);

impl WeightsKey {
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl std::fmt::Debug for WeightsKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WeightsKey(…)")
    }
}

/// What packed weights were made of, as far as it is known without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// SHA-256 of the model, as its manifest says it.
    pub(crate) digest: String,
    pub(crate) stamps: Vec<Stamp>,
}

impl Origin {
    pub(crate) fn of(digest: &str, file: &Checkpoint) -> io::Result<Self> {
        Ok(Self { digest: digest.to_owned(), stamps: file.stamps()? })
    }
}

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeptError {
    #[error("it cannot be read")]
    Io(#[source] io::Error),
    #[error("it was not written by this version for this model")]
    Other,
    #[error("its length is not that of its parts")]
    Length,
    #[error("it was changed since it was written")]
    Changed,
    #[error("the load was called off")]
    Stopped,
}

/// Everything that a file must begin with.
pub(super) fn head(origin: &Origin, plans: &Plans<'_>) -> Vec<u8> {
    let mut head = MAGIC.to_vec();
    let mut number = |number: u64| head.extend(number.to_le_bytes());
    number(u64::from(VERSION));
    number(u64::from(TILE_LAYOUT));
    number(u64::from(cfg!(target_endian = "big")));
    number(CHUNK_BYTES as u64);
    number(origin.stamps.len() as u64);
    for stamp in &origin.stamps {
        stamp.numbers().into_iter().for_each(&mut number);
    }
    plans.describe(&mut head, &origin.digest);
    head
}

/// Reads the parts of a model from a file that [`Unkept::write`] wrote.
pub(super) fn read(
    mut plans: Plans<'_>,
    file: &File,
    head: &[u8],
    key: &WeightsKey,
    loading: (usize, &LoadProgress),
) -> Result<Packed, KeptError> {
    let (threads, progress) = loading;
    let mut found = vec![0; head.len()];
    file.read_exact_at(&mut found, 0).map_err(|_| KeptError::Other)?;
    if found != head {
        return Err(KeptError::Other);
    }
    let mut numbers = vec![0; plans.vector_bytes()];
    let mut chunks: Vec<&mut [u8]> = Vec::new();
    for tiles in plans.tiles() {
        chunks.extend(tiles.chunks_mut(CHUNK_BYTES));
    }
    chunks.extend(numbers.chunks_mut(CHUNK_BYTES));
    let mut tags = vec![[0; TAG_BYTES]; chunks.len()];
    let bytes: usize = chunks.iter().map(|chunk| chunk.len()).sum();
    let data = head.len() + tags.as_flattened().len();
    if file.metadata().map_err(KeptError::Io)?.len() != (data + bytes) as u64 {
        return Err(KeptError::Length);
    }
    file.read_exact_at(tags.as_flattened_mut(), head.len() as u64).map_err(KeptError::Io)?;
    progress.begin(bytes as u64);
    let (tagger, mut offset) = (Tagger::new(key, head), data as u64);
    let mut work = Vec::with_capacity(chunks.len());
    for (index, (chunk, tag)) in chunks.into_iter().zip(&tags).enumerate() {
        let length = chunk.len() as u64;
        work.push((index, offset, chunk, tag));
        offset += length;
    }
    tasks::run(
        work,
        threads,
        || (),
        |(), (index, offset, chunk, tag)| {
            file.read_exact_at(chunk, offset).map_err(KeptError::Io)?;
            if tagger.tag(index, chunk) != blake3::Hash::from_bytes(*tag) {
                return Err(KeptError::Changed);
            }
            progress.advance(chunk.len()).map_err(|_| KeptError::Stopped)
        },
    )?;
    plans.finish(&numbers).map_err(|_| KeptError::Length)
}

struct Tagger([u8; 32]);

impl Tagger {
    fn new(key: &WeightsKey, head: &[u8]) -> Self {
        Self(*blake3::keyed_hash(&key.0, head).as_bytes())
    }

    /// Compared in constant time.
    fn tag(&self, index: usize, chunk: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&(index as u64).to_le_bytes());
        hasher.update(chunk).finalize()
    }
}

/// The parts of a model that were packed and are not on disk. Shares the weights with the model.
#[derive(Debug)]
pub(crate) struct Unkept {
    head: Vec<u8>,
    matrices: Vec<PackedMatrix>,
    numbers: Vec<u8>,
}

impl Unkept {
    pub(super) fn new(head: Vec<u8>, packed: &Packed) -> Self {
        let numbers = packed.vectors.iter().flatten();
        let numbers = numbers.flat_map(|number| number.to_le_bytes()).collect();
        Self { head, matrices: packed.matrices.clone(), numbers }
    }

    /// Bytes of the file.
    pub(crate) fn bytes(&self) -> u64 {
        let (chunks, bytes) =
            self.chunks().fold((0, 0), |(chunks, bytes), chunk| (chunks + 1, bytes + chunk.len()));
        (self.head.len() + chunks * TAG_BYTES + bytes) as u64
    }

    fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        let tiles = self.matrices.iter().map(PackedMatrix::as_bytes);
        tiles.chain([&self.numbers[..]]).flat_map(|part| part.chunks(CHUNK_BYTES))
    }

    /// Writes the file from its start, unless `is_stopped` says otherwise meanwhile.
    pub(crate) fn write(
        &self,
        file: &File,
        key: &WeightsKey,
        is_stopped: &dyn Fn() -> bool,
    ) -> io::Result<()> {
        let tagger = Tagger::new(key, &self.head);
        let mut writer = BufWriter::new(file);
        writer.write_all(&self.head)?;
        let mut tags = vec![[0; TAG_BYTES]; self.chunks().count()];
        writer.write_all(tags.as_flattened())?;
        for ((index, chunk), tag) in self.chunks().enumerate().zip(&mut tags) {
            if is_stopped() {
                return Err(io::ErrorKind::Interrupted.into());
            }
            *tag = *tagger.tag(index, chunk).as_bytes();
            writer.write_all(chunk)?;
        }
        writer.seek(SeekFrom::Start(self.head.len() as u64))?;
        writer.write_all(tags.as_flattened())?;
        writer.flush()?;
        file.sync_all()
    }
}

/// A place where the packed weights of one model may be found, and what was packed if not.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) origin: Origin,
    pub(crate) key: WeightsKey,
    /// `None` where there is none.
    pub(crate) file: Option<File>,
    pub(crate) outcome: std::cell::RefCell<Outcome>,
}

/// What became of it.
#[derive(Debug, Default)]
pub(crate) enum Outcome {
    /// It was read, or never asked for.
    #[default]
    Used,
    /// It was not read, for this reason where there was one, and this was packed.
    Packed(Option<KeptError>, Unkept),
    /// It would not be read faster than packed.
    NotWorth,
}

impl Kept {
    /// The parts of a model from the file; if there is none that can be used, packed.
    pub(super) fn load<'a>(
        &self,
        plans: impl Fn() -> Result<Plans<'a>, ModelError>,
        pack: impl Fn(Plans<'a>) -> Result<Packed, ModelError>,
        loading: (usize, &LoadProgress),
    ) -> Result<Packed, ModelError> {
        let planned = plans()?;
        if planned.are_worth_keeping() {
            return self.load_kept(plans, pack, loading);
        }
        *self.outcome.borrow_mut() = Outcome::NotWorth;
        pack(planned)
    }

    fn load_kept<'a>(
        &self,
        plans: impl Fn() -> Result<Plans<'a>, ModelError>,
        pack: impl Fn(Plans<'a>) -> Result<Packed, ModelError>,
        loading: (usize, &LoadProgress),
    ) -> Result<Packed, ModelError> {
        let planned = plans()?;
        let head = head(&self.origin, &planned);
        let (planned, reason) = match &self.file {
            None => (planned, None),
            Some(file) => match read(planned, file, &head, &self.key, loading) {
                Ok(packed) => return Ok(packed),
                Err(KeptError::Stopped) => return Err(ModelError::Stopped),
                // What was read of it must not stay in what is packed now.
                Err(error) => (plans()?, Some(error)),
            },
        };
        let packed = pack(planned)?;
        *self.outcome.borrow_mut() = Outcome::Packed(reason, Unkept::new(head, &packed));
        Ok(packed)
    }
}
