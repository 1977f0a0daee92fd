//! Keeps packed weights on disk, so that the next start reads them as they lie in memory.
//!
//! One file a model, `<SHA-256 of the model>.packed`. What cannot be used is removed and packed
//! again; when the bound is reached, what was used last the longest time ago goes first.

#[cfg(test)]
mod tests;

use std::{
    cell::RefCell,
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use domain::ModelId;
use rustix::fs::{Timespec, Timestamps, UTIME_NOW, futimens};

use crate::{
    checkpoint::Checkpoint,
    model::{Kept, Origin, Outcome, Unkept, WeightsKey},
    served::ModelFile,
};

const PACKED: &str = "packed";
const PARTIAL: &str = "partial";

/// Where packed weights are kept.
#[derive(Clone, Debug)]
pub struct WeightsCacheOptions {
    pub directory: PathBuf,
    /// Bytes of all files together; 0 keeps none and removes what is there.
    pub bytes_max: u64,
    pub key: WeightsKey,
}

/// Why packed weights are not kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    #[error("the model was changed since it was loaded")]
    Changed,
    #[error("{bytes} bytes are more than the {bytes_max} that may be kept")]
    TooLarge { bytes: u64, bytes_max: u64 },
    #[error("could not write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("stopped")]
    Stopped,
}

#[derive(Debug)]
pub(crate) struct WeightsCache {
    options: WeightsCacheOptions,
    unkept: Mutex<Vec<UnkeptWeights>>,
}

/// Packed weights of a model that is served, which may be kept for the next start.
#[derive(Debug)]
pub struct UnkeptWeights {
    file: ModelFile,
    origin: Origin,
    weights: Unkept,
    options: WeightsCacheOptions,
}

impl WeightsCache {
    /// Removes what a writer left that did not end, and what is beyond the bound.
    pub(crate) fn open(options: WeightsCacheOptions) -> Self {
        for path in entries(&options.directory, PARTIAL) {
            // Whoever writes it holds the lock.
            if File::open(&path).is_ok_and(|file| file.try_lock().is_ok()) {
                remove(&path);
            }
        }
        make_room(&options, 0);
        Self { options, unkept: Mutex::default() }
    }

    /// What is kept of a model; `None` if nothing shall be.
    pub(crate) fn find(&self, file: &ModelFile, checkpoint: &Checkpoint) -> Option<Kept> {
        let is_digest =
            file.digest.len() == 64 && file.digest.bytes().all(|it| it.is_ascii_hexdigit());
        if self.options.bytes_max == 0 || !is_digest {
            return None;
        }
        let origin = Origin::of(&file.digest, checkpoint).ok()?;
        let kept = File::open(path_of(&self.options, &file.digest)).ok();
        if let Some(kept) = &kept {
            use_now(kept);
        }
        let key = self.options.key.clone();
        Some(Kept { origin, key, file: kept, outcome: RefCell::default() })
    }

    /// Notes what became of it.
    pub(crate) fn settle(&self, file: ModelFile, kept: Kept) {
        let path = path_of(&self.options, &file.digest);
        let (reason, weights) = match kept.outcome.into_inner() {
            Outcome::Used => return tracing::debug!(model = %file.id, "packed weights were read"),
            Outcome::NotWorth => return,
            Outcome::Packed(reason, weights) => (reason, weights),
        };
        if let Some(reason) = reason {
            tracing::warn!(
                model = %file.id,
                path = %path.display(),
                reason = &reason as &dyn std::error::Error,
                "kept weights were not used, and are removed; the model was packed again"
            );
            remove(&path);
        }
        let (origin, options) = (kept.origin, self.options.clone());
        let mut unkept = self.unkept.lock().unwrap_or_else(PoisonError::into_inner);
        unkept.push(UnkeptWeights { file, origin, weights, options });
    }

    pub(crate) fn take_unkept(&self) -> Vec<UnkeptWeights> {
        std::mem::take(&mut self.unkept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl UnkeptWeights {
    pub fn model(&self) -> &ModelId {
        &self.file.id
    }

    /// SHA-256 that the model was said to have when it was loaded. Whoever writes the weights
    /// makes sure of it first: it is what later starts go by.
    pub fn digest(&self) -> &str {
        &self.file.digest
    }

    /// Writes them, unless the model was changed meanwhile: whole and durable, or not at all.
    pub fn write(&self, is_stopped: &dyn Fn() -> bool) -> Result<(), KeepError> {
        let now = Checkpoint::open(&self.file.path).ok();
        let now = now.and_then(|file| Origin::of(&self.file.digest, &file).ok());
        if now.as_ref() != Some(&self.origin) {
            return Err(KeepError::Changed);
        }
        let (bytes, bytes_max) = (self.weights.bytes(), self.options.bytes_max);
        if bytes > bytes_max {
            return Err(KeepError::TooLarge { bytes, bytes_max });
        }
        make_room(&self.options, bytes);
        let path = path_of(&self.options, &self.file.digest);
        let partial = path.with_extension(format!("{}.{PARTIAL}", std::process::id()));
        let failed = |source| KeepError::Write { path: path.clone(), source };
        let file = self.begin(&partial).map_err(failed)?;
        let written = self.weights.write(&file, &self.options.key, is_stopped);
        let written = written.and_then(|()| {
            fs::rename(&partial, &path)?;
            File::open(&self.options.directory)?.sync_all()
        });
        written.map_err(|source| {
            remove(&partial);
            if is_stopped() { KeepError::Stopped } else { failed(source) }
        })
    }

    /// An empty file that nobody else writes.
    fn begin(&self, partial: &Path) -> io::Result<File> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.options.directory)?;
        let mut options = OpenOptions::new();
        let file = options.create(true).truncate(false).write(true).mode(0o600).open(partial)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::ErrorKind::ResourceBusy.into(),
            TryLockError::Error(error) => error,
        })?;
        file.set_len(0)?;
        Ok(file)
    }
}

fn path_of(options: &WeightsCacheOptions, digest: &str) -> PathBuf {
    options.directory.join(format!("{}.{PACKED}", digest.to_ascii_lowercase()))
}

/// Files in a directory that have this extension; none in one that cannot be read.
fn entries(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths.filter(|path| path.extension().is_some_and(|it| it == extension)).collect()
}

/// Removes what was used last the longest time ago, until there is room for a new file.
fn make_room(options: &WeightsCacheOptions, new_bytes: u64) {
    let files = entries(&options.directory, PACKED).into_iter();
    let files = files.filter_map(|path| {
        let metadata = fs::metadata(&path).ok()?;
        Some((metadata.modified().ok()?, metadata.len(), path))
    });
    let bytes_max = options.bytes_max.saturating_sub(new_bytes);
    for path in superfluous(files.collect(), bytes_max) {
        remove(&path);
    }
}

/// Which of the files must go so that no more than `bytes_max` stay.
fn superfluous<P: Ord>(mut files: Vec<(SystemTime, u64, P)>, bytes_max: u64) -> Vec<P> {
    files.sort_unstable_by(|one, other| other.cmp(one));
    let mut bytes = 0_u64;
    let is_beyond = |(_, length, path): (SystemTime, u64, P)| {
        bytes = bytes.saturating_add(length);
        (bytes > bytes_max).then_some(path)
    };
    files.into_iter().filter_map(is_beyond).collect()
}

/// The time of the last use is the time of the last change: that of the last reading is not kept
/// on most systems.
fn use_now(file: &File) {
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    let times = Timestamps { last_access: now, last_modification: now };
    if let Err(error) = futimens(file, &times) {
        tracing::debug!(%error, "the last use of kept weights is not noted");
    }
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(path = %path.display(), %error, "a file of kept weights cannot be removed");
    }
}
