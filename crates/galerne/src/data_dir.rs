//! The data directory: everything that an installation keeps.
//!
//! ```text
//! galerne.db          tenants, usage, audit (SQLite)
//! installation.key    32 random bytes, hexadecimal; without it no API key can be checked
//! log.key             the key that signs the checkpoints of the log
//! wrapping.key        wraps the keys of texts, unless the settings name another place
//! checkpoints         checkpoints of the log, unless the settings name another witness
//! galerne.toml        settings, optional
//! serve.lock          held by the server that works here
//! rules.cedar         rules of the customer that were applied, under a seal; rules.lock beside it
//! models/<id>/        model.gguf, or the directory model, with manifest.json, and what speaks for it:
//!                     model.sig, waiver.json; licences/; refused.json if it was not loaded
//! keys/models/        public keys whose signatures of models count, one a file, *.pub
//! files/<org>/<id>    bytes of files, sealed
//! index/<org>/        what documents are found by, sealed
//! weights/            packed weights of models, made again when they are missing
//! ```

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{ErrorKind, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use domain::hexadecimal;
use governance::{InstallationKey, SecretSource};
use transparency_log::Signer;
use zeroize::Zeroizing;

use crate::failure::{Exit, Failure};

/// The directory of one installation.
#[derive(Clone, Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
}

/// Proof that no other server works on the directory. Free when dropped, and when the process dies.
#[derive(Debug)]
pub(crate) struct ServeLock {
    _file: File,
}

impl DataDir {
    /// Opens the directory, creating it for its owner alone.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(|| format!("could not create the data directory {}", path.display()))?;
        Ok(Self { path: path.to_owned() })
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path.join("galerne.db")
    }

    /// The witness of an installation that has no other: outside of the database at least.
    pub(crate) fn checkpoints(&self) -> PathBuf {
        self.path.join("checkpoints")
    }

    /// The key that wraps the keys of texts, of an installation that keeps it nowhere else.
    pub(crate) fn wrapping_key(&self) -> PathBuf {
        self.path.join("wrapping.key")
    }

    pub(crate) fn models(&self) -> PathBuf {
        self.path.join("models")
    }

    /// Public keys whose signatures of models count.
    pub(crate) fn model_keys(&self) -> PathBuf {
        self.path.join("keys").join("models")
    }

    /// The rules of the customer that were applied.
    pub(crate) fn rules(&self) -> PathBuf {
        self.path.join("rules.cedar")
    }

    /// Makes this process the only one that applies rules.
    pub(crate) fn lock_rules(&self) -> Result<File, Failure> {
        let path = self.path.join("rules.lock");
        let opened = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = opened.with_context(|| format!("could not open {}", path.display()))?;
        file.lock()?;
        Ok(file)
    }

    /// Packed weights, which can be made again.
    pub(crate) fn weights(&self) -> PathBuf {
        self.path.join("weights")
    }

    /// What documents are found by.
    pub(crate) fn index(&self) -> PathBuf {
        self.path.join("index")
    }

    /// What may be a link to another disk.
    pub(crate) fn linked_places() -> impl Iterator<Item = &'static str> {
        ["models", "weights", "keys", "keys/models", "files", "index"].into_iter()
    }

    /// Makes this process the only server of the directory.
    pub(crate) fn lock(&self) -> Result<ServeLock, Failure> {
        let path = self.path.join("serve.lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .with_context(|| format!("could not open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(ServeLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Failure::message(format!(
                "another server works on the data directory {}",
                self.path.display()
            ))
            .exit(Exit::InUse)
            .hint("stop it, or give this one its own --data-dir")),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// Reads the installation key, or makes it in a directory that has none yet.
    pub(crate) fn installation_key(
        &self,
        secrets: &dyn SecretSource,
    ) -> Result<InstallationKey, Failure> {
        let path = self.path.join("installation.key");
        match fs::read_to_string(&path) {
            Ok(text) => parse_key(&text).ok_or_else(|| {
                Failure::message(format!("{} is not an installation key", path.display()))
                    .hint("restore the file from a backup; it holds 64 hexadecimal digits")
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => self.create_key(&path, secrets),
            Err(error) => Err(Failure::new(
                Exit::Failed,
                anyhow::Error::new(error).context(format!("could not read {}", path.display())),
            )),
        }
    }

    fn create_key(
        &self,
        path: &Path,
        secrets: &dyn SecretSource,
    ) -> Result<InstallationKey, Failure> {
        if self.database().exists() {
            return Err(Failure::message(format!(
                "{} is missing, and no API key or session can be checked without it",
                path.display()
            ))
            .hint("restore the file from a backup of the same data directory"));
        }
        let mut bytes = [0; 32];
        secrets.fill(&mut bytes);
        self.write_secret(path, &hexadecimal(&bytes))?;
        Ok(InstallationKey::from_bytes(bytes))
    }

    /// The key that signs the log; `None` if it was not made yet.
    pub(crate) fn log_key(&self) -> Result<Option<Signer>, Failure> {
        let path = self.path.join("log.key");
        let text = match fs::read_to_string(&path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                let error = anyhow::Error::new(error);
                return Err(error.context(format!("could not read {}", path.display())).into());
            }
        };
        let signer = Signer::parse(text.trim()).map_err(|error| {
            let error = anyhow::Error::new(error);
            Failure::from(error.context(format!("{} is not a log key", path.display())))
                .hint("restore the file from a backup of the same data directory")
        })?;
        Ok(Some(signer))
    }

    /// Makes the key of a log that has none. `origin` names the log for ever.
    pub(crate) fn create_log_key(
        &self,
        origin: Option<&str>,
        secrets: &dyn SecretSource,
    ) -> Result<Signer, Failure> {
        let mut seed = Zeroizing::new([0; 32]);
        secrets.fill(&mut *seed);
        let mut id = [0; 8];
        secrets.fill(&mut id);
        let unnamed = || format!("galerne.internal/{}", hexadecimal(&id));
        let origin = origin.map_or_else(unnamed, str::to_owned);
        let signer = Signer::from_seed(&origin, *seed).map_err(|error| {
            Failure::new(Exit::Settings, error)
                .hint("`log.origin` is a name such as `ai.example.org/log`, without `+` and spaces")
        })?;
        self.write_secret(&self.path.join("log.key"), &signer.expose())?;
        Ok(signer)
    }

    /// Written beside and renamed, so that a crash leaves a whole secret or none.
    fn write_secret(&self, path: &Path, text: &str) -> Result<(), Failure> {
        let partial = path.with_extension(format!("{}.partial", std::process::id()));
        let mut file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
            .open(&partial)
            .with_context(|| format!("could not write {}", partial.display()))?;
        writeln!(file, "{text}")?;
        file.sync_all()?;
        fs::rename(&partial, path)?;
        File::open(&self.path)?.sync_all()?;
        Ok(())
    }
}

fn parse_key(text: &str) -> Option<InstallationKey> {
    let text = text.trim();
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(InstallationKey::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemRandom;

    fn key_text(dir: &Path) -> String {
        fs::read_to_string(dir.join("installation.key")).unwrap()
    }

    #[test]
    fn the_installation_key_is_made_once_and_kept() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(&temp.path().join("data")).unwrap();
        dir.installation_key(&SystemRandom).unwrap();
        let first = key_text(&dir.path);
        dir.installation_key(&SystemRandom).unwrap();
        assert_eq!(key_text(&dir.path), first);
    }

    #[test]
    fn a_lost_installation_key_is_not_replaced() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        fs::write(dir.database(), b"").unwrap();
        assert!(dir.installation_key(&SystemRandom).is_err());
        assert!(!temp.path().join("installation.key").exists());
    }

    #[test]
    fn a_damaged_installation_key_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        for text in ["", "00", &"zz".repeat(32), &"é".repeat(32)] {
            fs::write(temp.path().join("installation.key"), text).unwrap();
            assert!(dir.installation_key(&SystemRandom).is_err(), "{text}");
        }
    }

    #[test]
    fn two_servers_cannot_share_a_directory() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        let first = dir.lock().unwrap();
        assert!(dir.lock().is_err());
        drop(first);
        assert!(dir.lock().is_ok());
    }
}
