//! Settings of the encryption of texts at rest.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// Where the key lies that wraps the keys of texts.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EncryptionSettings {
    /// File of the wrapping key: an absolute path, best on another disk than the data. Without it:
    /// `wrapping.key` in the data directory, which whoever copies the directory has too.
    pub(crate) key_file: Option<PathBuf>,
    /// How often the key is asked for anew, 1 to 30: so soon texts are locked once it is gone.
    pub(crate) check_seconds: u64,
}

impl Default for EncryptionSettings {
    fn default() -> Self {
        Self { key_file: None, check_seconds: 20 }
    }
}

impl EncryptionSettings {
    pub(super) fn check(&self) -> Result<(), Failure> {
        match self.key_file.as_deref().filter(|file| !file.is_absolute()) {
            Some(file) => {
                let message = format!("`encryption.key_file` is `{}`", file.display());
                Err(Failure::message(message).hint("give an absolute path"))
            }
            None => Ok(()),
        }
    }
}
