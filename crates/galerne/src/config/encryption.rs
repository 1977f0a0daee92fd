//! Settings of the encryption of texts at rest.

use std::path::{Path, PathBuf};

use custody::TokenPlace;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// Where the key lies that wraps the keys of texts.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EncryptionSettings {
    /// File of the wrapping key: an absolute path, best on another disk than the data. Without it:
    /// `wrapping.key` in the data directory, which whoever copies the directory has too.
    pub(crate) key_file: Option<PathBuf>,
    /// The wrapping key in a PKCS#11 token, in the place of a file.
    pub(crate) pkcs11: Option<TokenSettings>,
    /// How often the key is asked for anew, 1 to 30: so soon texts are locked once it is gone.
    pub(crate) check_seconds: u64,
}

/// A token, and the key in it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenSettings {
    /// The library of the token's maker: an absolute path.
    pub(crate) module: PathBuf,
    /// Label of the token.
    pub(crate) token: String,
    /// File of the server's user alone that holds the PIN and nothing else: an absolute path.
    pub(crate) pin_file: PathBuf,
    /// Label of the key, which is made where there is none.
    #[serde(default = "default_key")]
    pub(crate) key: String,
}

fn default_key() -> String {
    "galerne".to_owned()
}

impl TokenSettings {
    pub(crate) fn place(&self) -> TokenPlace {
        let Self { module, token, pin_file, key } = self.clone();
        TokenPlace { module, token, pin_file, key }
    }
}

impl Default for EncryptionSettings {
    fn default() -> Self {
        Self { key_file: None, pkcs11: None, check_seconds: 20 }
    }
}

impl EncryptionSettings {
    pub(super) fn check(&self) -> Result<(), Failure> {
        let token = self.pkcs11.as_ref();
        if self.key_file.is_some() && token.is_some() {
            let message = "`encryption` names a `key_file` and a token in `pkcs11`";
            return Err(Failure::message(message).hint(
                "keep one; `galerne encryption move` takes what is stored from one to the other",
            ));
        }
        let named = [
            ("key_file", self.key_file.as_ref()),
            ("pkcs11.module", token.map(|token| &token.module)),
            ("pkcs11.pin_file", token.map(|token| &token.pin_file)),
        ];
        for (name, file) in named {
            if let Some(file) = file.filter(|file| !file.is_absolute()) {
                let message = format!("`encryption.{name}` is `{}`", file.display());
                return Err(Failure::message(message).hint("give an absolute path"));
            }
        }
        if token.is_some_and(|token| token.token.is_empty() || token.key.is_empty()) {
            return Err(Failure::message("`encryption.pkcs11` has an empty label")
                .hint("give the labels of the token and of the key"));
        }
        Ok(())
    }

    /// Where the wrapping key lies, for `galerne config check`.
    pub(super) fn describe(&self) -> Vec<(&'static str, String)> {
        let mut lines = vec![("encryption.check_seconds", self.check_seconds.to_string())];
        if let Some(token) = &self.pkcs11 {
            lines.extend([
                ("encryption.pkcs11.module", token.module.display().to_string()),
                ("encryption.pkcs11.token", token.token.clone()),
                ("encryption.pkcs11.pin_file", token.pin_file.display().to_string()),
                ("encryption.pkcs11.key", token.key.clone()),
            ]);
        } else {
            let file = self.key_file.as_deref().unwrap_or(Path::new("wrapping.key"));
            lines.push(("encryption.key_file", file.display().to_string()));
        }
        lines
    }
}
