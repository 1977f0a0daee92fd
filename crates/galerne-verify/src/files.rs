//! Reads files that somebody else made: only ordinary ones, and never more than expected.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("it does not exist")]
    Missing,
    #[error("it is not a directory")]
    NoDirectory,
    #[error("it is not an ordinary file")]
    Special,
    #[error("it is larger than {bytes_max} bytes")]
    TooLarge { bytes_max: u64 },
    #[error("it is not UTF-8 text")]
    NotText,
    #[error(transparent)]
    System(io::Error),
}

/// A file that was named on the command line, or that exists and cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("`{}` cannot be read", path.display())]
pub(crate) struct Unreadable {
    path: PathBuf,
    #[source]
    error: FileError,
}

impl Unreadable {
    pub(crate) fn new(path: &Path, error: FileError) -> Self {
        Self { path: path.to_owned(), error }
    }
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Missing,
            _ => Self::System(error),
        }
    }
}

/// Reads a whole file of at most `bytes_max` bytes. Links are followed.
pub(crate) fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, FileError> {
    let file = open(path)?;
    let too_large = FileError::TooLarge { bytes_max };
    if file.metadata()?.len() > bytes_max {
        return Err(too_large);
    }
    // It may have grown meanwhile.
    let mut bytes = Vec::new();
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max { Err(too_large) } else { Ok(bytes) }
}

/// Opens an ordinary file; opening another kind could wait for ever.
pub(crate) fn open(path: &Path) -> Result<File, FileError> {
    if !fs::metadata(path)?.is_file() {
        return Err(FileError::Special);
    }
    Ok(File::open(path)?)
}
