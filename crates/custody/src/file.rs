//! The wrapping key in a file of its owner alone.
//!
//! While a key is replaced there are two files: `FILE`, and `FILE.next` with the key that takes its
//! place. Which of them counts follows from what is stored, so a crash at any moment leaves keys
//! that can be unwrapped.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use envelope::{DataKey, KEY_LENGTH, NONCE_LENGTH, WrappingKey, WrappingKeyError, WrappingKeyId};
use governance::{
    SecretSource,
    ports::{CustodyError, KeyCustodian, StoredDataKey},
};
use zeroize::Zeroizing;

/// More than a key file has: whatever else was named is not read whole.
const BYTES_MAX: u64 = 1024;

/// Why the file does not give a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error("could not read {path}")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{path} may be read by others than its owner (mode {mode:o})")]
    Open { path: PathBuf, mode: u32 },
    #[error("{path} is not a wrapping key")]
    Malformed { path: PathBuf, source: WrappingKeyError },
    #[error("could not write {path}")]
    Unwritable { path: PathBuf, source: io::Error },
}

impl KeyFileError {
    /// What a person can do about it, as one sentence.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => {
                "put the file back, from a backup that is kept apart from the data; without it no \
                 conversation can be read"
            }
            Self::Open { .. } => "`chmod 600 FILE`, then consider whether somebody has copied it",
            Self::Malformed { .. } => "put the right file back, from a backup",
            Self::Unwritable { .. } => "make the directory writable for this user",
        }
    }

    /// Whether there is no file.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Unreadable { source, .. } if source.kind() == ErrorKind::NotFound)
    }
}

/// Keeps the wrapping key in a file. Nothing of it is remembered between calls.
pub struct KeyFile {
    path: PathBuf,
    secrets: Arc<dyn SecretSource>,
}

impl KeyFile {
    /// The file need not be there yet.
    pub fn new(path: PathBuf, secrets: Arc<dyn SecretSource>) -> Self {
        Self { path, secrets }
    }

    /// Where the key lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The key that takes the place of this one.
    #[must_use]
    pub fn next(&self) -> Self {
        let mut name = OsString::from(&self.path);
        name.push(".next");
        Self { path: name.into(), secrets: Arc::clone(&self.secrets) }
    }

    /// Makes a key where there is no file. The file is whole or not there, and its owner's alone.
    pub fn create(&self) -> Result<WrappingKeyId, KeyFileError> {
        let mut secret = Zeroizing::new([0; KEY_LENGTH]);
        self.secrets.fill(&mut *secret);
        let key = WrappingKey::from_bytes(secret);
        let unwritable = |source| KeyFileError::Unwritable { path: self.path.clone(), source };
        self.write(&key.expose()).map_err(unwritable)?;
        Ok(key.id())
    }

    /// Which key lies there.
    pub fn id(&self) -> Result<WrappingKeyId, KeyFileError> {
        self.read().map(|key| key.id())
    }

    /// Puts the key of [`Self::next`] in the place of this one.
    pub fn replace(&self) -> Result<(), KeyFileError> {
        let unwritable = |source| KeyFileError::Unwritable { path: self.path.clone(), source };
        fs::rename(self.next().path, &self.path).map_err(unwritable)?;
        self.sync_directory().map_err(unwritable)
    }

    /// Written beside and linked into its place, which fails where a file is.
    fn write(&self, text: &str) -> io::Result<()> {
        let mut partial = OsString::from(&self.path);
        partial.push(format!(".{}.partial", std::process::id()));
        let partial = PathBuf::from(partial);
        let written =
            Self::write_partial(&partial, text).and_then(|()| fs::hard_link(&partial, &self.path));
        let removed = fs::remove_file(&partial);
        written.and(removed).and_then(|()| self.sync_directory())
    }

    fn write_partial(path: &Path, text: &str) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let mut file = options.create(true).write(true).truncate(true).mode(0o600).open(path)?;
        writeln!(file, "{text}")?;
        file.sync_all()
    }

    fn sync_directory(&self) -> io::Result<()> {
        let parent = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
    }

    fn read(&self) -> Result<WrappingKey, KeyFileError> {
        let path = || self.path.clone();
        let unreadable = |source| KeyFileError::Unreadable { path: path(), source };
        let file = File::open(&self.path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        let mode = metadata.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyFileError::Open { path: path(), mode });
        }
        let text = io::read_to_string(io::Read::take(file, BYTES_MAX)).map_err(unreadable)?;
        let parsed = WrappingKey::parse(&Zeroizing::new(text));
        parsed.map_err(|source| KeyFileError::Malformed { path: path(), source })
    }

    /// The key of this name, from whichever of the two files has it.
    fn find(&self, id: WrappingKeyId) -> Result<WrappingKey, CustodyError> {
        let found = self.read();
        let either =
            found.ok().into_iter().chain(self.next().read().ok()).find(|key| key.id() == id);
        either.map_or_else(|| Err(self.absence(id)), Ok)
    }

    fn absence(&self, id: WrappingKeyId) -> CustodyError {
        match self.read() {
            Err(error) if !error.is_missing() => CustodyError::Unavailable { source: error.into() },
            _ => CustodyError::Missing { id },
        }
    }
}

#[async_trait]
impl KeyCustodian for KeyFile {
    async fn wrap(
        &self,
        place: &[u8],
        key: &DataKey,
    ) -> Result<(WrappingKeyId, Vec<u8>), CustodyError> {
        let wrapping = self.read();
        let wrapping =
            wrapping.map_err(|error| CustodyError::Unavailable { source: error.into() })?;
        let mut nonce = [0; NONCE_LENGTH];
        self.secrets.fill(&mut nonce);
        Ok((wrapping.id(), wrapping.wrap(nonce, place, key)))
    }

    async fn unwrap(&self, place: &[u8], stored: &StoredDataKey) -> Result<DataKey, CustodyError> {
        let id = stored.wrapping;
        let wrapping = self.find(id)?;
        let unwrapped = wrapping.unwrap(place, stored.version, &stored.wrapped);
        unwrapped.map_err(|_| CustodyError::Refused { id })
    }
}
