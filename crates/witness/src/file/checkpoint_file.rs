//! Reads and writes the file; everything here blocks.

use std::{
    fs::{self, File, Metadata, OpenOptions, TryLockError},
    io::{self, Write as _},
    os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use governance::ports::{Addition, WitnessError};
use transparency_log::{Checkpoint, CheckpointError, Verifier};

use super::{
    tail::{End, Tail, TailError, read_tail},
    unavailable,
};
use crate::judgement::{Judgement, judge};

/// Why a file of checkpoints could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointFileError {
    #[error("could not {action} `{path}`")]
    Failed { action: &'static str, path: PathBuf, source: io::Error },
    #[error("`{path}` is not a regular file")]
    NotAFile { path: PathBuf },
    #[error("another process is adding to `{path}`")]
    Busy { path: PathBuf },
    /// Nothing was written: the file belongs to somebody else.
    #[error("`{path}` holds something other than checkpoints of `{origin}`")]
    OtherContents { path: PathBuf, origin: String },
    #[error("the newest checkpoint in `{path}` is not signed by the key of this log")]
    OtherKey { path: PathBuf, source: CheckpointError },
    #[error("the newest checkpoint in `{path}` is not as it was signed")]
    Altered { path: PathBuf, source: CheckpointError },
    /// The write may still succeed.
    #[error("`{path}` did not take a checkpoint within {seconds} s")]
    Late { path: PathBuf, seconds: u64 },
}

/// One file, and what is known about its end.
#[derive(Debug)]
pub(super) struct CheckpointFile {
    path: PathBuf,
    verifier: Verifier,
    known: Option<(Stamp, Tail)>,
    /// A write or flush failed, so what can be read back may not be on the disk.
    is_doubtful: bool,
}

/// As long as it stays the same, nobody wrote.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    length_bytes: u64,
    modified: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length_bytes: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

impl CheckpointFile {
    pub(super) fn new(path: PathBuf, verifier: Verifier) -> Self {
        Self { path, verifier, known: None, is_doubtful: false }
    }

    /// Adds a checkpoint that continues the newest one; it is on the disk when this returns.
    pub(super) fn add(&mut self, addition: &Addition) -> Result<(), WitnessError> {
        let file = self.open().map_err(unavailable)?;
        let tail = self.tail(&file).map_err(unavailable)?;
        match judge(tail.newest.as_ref(), addition, &self.verifier)? {
            Judgement::Held if self.is_doubtful => {
                let held = tail.newest.clone();
                self.append(&file, tail.end, addition, held)
            }
            // Whoever wrote it may have died before it was flushed.
            Judgement::Held => file.sync_all().map_err(|source| self.failed("flush", source)),
            Judgement::Keep(checkpoint) => self.append(&file, tail.end, addition, Some(checkpoint)),
        }
        .map_err(unavailable)
    }

    /// The file, for reading and appending, with a lock against other processes.
    fn open(&self) -> Result<File, CheckpointFileError> {
        let file = self.open_or_create().map_err(|source| self.failed("open", source))?;
        let metadata = file.metadata().map_err(|source| self.failed("examine", source))?;
        if !metadata.is_file() {
            return Err(CheckpointFileError::NotAFile { path: self.path.clone() });
        }
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => CheckpointFileError::Busy { path: self.path.clone() },
            TryLockError::Error(source) => self.failed("lock", source),
        })?;
        if metadata.len() == 0 {
            self.sync_directory()
                .map_err(|source| self.failed("flush the directory of", source))?;
        }
        Ok(file)
    }

    /// A file that somebody prepared, for example with the append-only attribute, is taken as it is.
    fn open_or_create(&self) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).mode(0o644);
        match options.open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                options.create(true).open(&self.path)
            }
            opened => opened,
        }
    }

    /// The entry for a new file must reach the disk too. Where the directory may not be read, the
    /// file was made by somebody else.
    fn sync_directory(&self) -> io::Result<()> {
        let parent = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        match File::open(parent.unwrap_or(Path::new("."))) {
            Ok(directory) => directory.sync_all(),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn tail(&mut self, file: &File) -> Result<Tail, CheckpointFileError> {
        let metadata = file.metadata().map_err(|source| self.failed("examine", source))?;
        let stamp = Stamp::of(&metadata);
        if let Some((known, tail)) = &self.known
            && *known == stamp
        {
            return Ok(tail.clone());
        }
        let tail = read(&self.path, file, stamp.length_bytes, &self.verifier)?;
        self.known = Some((stamp, tail.clone()));
        Ok(tail)
    }

    fn append(
        &mut self,
        file: &File,
        end: End,
        addition: &Addition,
        newest: Option<Checkpoint>,
    ) -> Result<(), CheckpointFileError> {
        if end == End::Torn {
            let path = self.path.display();
            tracing::warn!(%path, "the writing of a checkpoint was interrupted; it is added anew");
        }
        self.known = None;
        self.is_doubtful = true;
        let text = format!("{}{}\n", end.separator(), addition.checkpoint);
        write_once(file, &text).map_err(|source| self.failed("write to", source))?;
        file.sync_all().map_err(|source| self.failed("flush", source))?;
        let metadata = file.metadata().map_err(|source| self.failed("examine", source))?;
        self.known = Some((Stamp::of(&metadata), Tail { newest, end: End::Finished }));
        self.is_doubtful = false;
        Ok(())
    }

    fn failed(&self, action: &'static str, source: io::Error) -> CheckpointFileError {
        CheckpointFileError::Failed { action, path: self.path.clone(), source }
    }
}

/// Writes all or reports an error; a second write could land behind that of another process.
fn write_once(mut file: &File, text: &str) -> io::Result<()> {
    let written = file.write(text.as_bytes())?;
    if written < text.len() {
        let message = format!("{written} of {} bytes were written", text.len());
        return Err(io::Error::new(io::ErrorKind::StorageFull, message));
    }
    Ok(())
}

/// The newest checkpoint in a file, for the check at start; `None` if there is no file or no whole
/// checkpoint in it. Only the end of the file is read.
pub fn newest(path: &Path, verifier: &Verifier) -> Result<Option<Checkpoint>, CheckpointFileError> {
    let failed = |action| {
        move |source| CheckpointFileError::Failed { action, path: path.to_owned(), source }
    };
    // Asked before it is opened: opening a pipe would wait for somebody to write.
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Err(CheckpointFileError::NotAFile { path: path.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("examine")(error)),
    }
    let file = File::open(path).map_err(failed("open"))?;
    let metadata = file.metadata().map_err(failed("examine"))?;
    Ok(read(path, &file, metadata.len(), verifier)?.newest)
}

fn read(
    path: &Path,
    file: &File,
    length_bytes: u64,
    verifier: &Verifier,
) -> Result<Tail, CheckpointFileError> {
    let read_at = |buffer: &mut [u8], offset| file.read_exact_at(buffer, offset);
    let path = path.to_owned();
    read_tail(length_bytes, &read_at, verifier).map_err(|error| match error {
        TailError::Read(source) => CheckpointFileError::Failed { action: "read", path, source },
        TailError::OtherContents => {
            CheckpointFileError::OtherContents { path, origin: verifier.name().to_owned() }
        }
        TailError::OtherKey(source) => CheckpointFileError::OtherKey { path, source },
        TailError::Altered(source) => CheckpointFileError::Altered { path, source },
    })
}

#[cfg(test)]
mod tests {
    use testkit::SampleLog;

    use super::*;

    #[test]
    fn a_full_disk_is_an_error() {
        let file = OpenOptions::new().append(true).open("/dev/full").unwrap();
        let error = write_once(&file, "text").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{error}");
    }

    /// After a failed flush the kernel calls pages clean that never reached the disk.
    #[test]
    fn what_was_not_flushed_is_written_again() {
        let mut log = SampleLog::new(2);
        let directory = tempfile::TempDir::new().unwrap();
        let path = directory.path().join("checkpoints");
        let mut file = CheckpointFile::new(path.clone(), log.verifier());
        let size = log.grow(3);
        file.add(&log.addition(0, size)).unwrap();
        let once = std::fs::read_to_string(&path).unwrap();
        file.is_doubtful = true;
        file.add(&log.addition(size, size)).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{once}{once}"));
        file.add(&log.addition(size, size)).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{once}{once}"));
    }
}
