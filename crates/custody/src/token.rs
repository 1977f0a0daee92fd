//! The wrapping key in a PKCS#11 token, which never gives it away.
//!
//! The module of a token is a library that nobody here has read: it may crash, hang, start programs
//! and open sockets, which a confined server may not. It is loaded by a process of its own. Between
//! it and the server stands a keeper, which the server starts before it confines itself and which
//! starts that process anew after it has failed:
//!
//! ```text
//! server  --lines of JSON-->  keeper  --the same lines-->  holder, with the module
//! ```

mod client;
mod holder;
mod keeper;
mod message;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use self::{client::TokenKey, holder::hold, keeper::keep};

/// Which token, and which key in it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TokenPlace {
    /// The library of its maker, as `/usr/lib/softhsm/libsofthsm2.so`.
    pub module: PathBuf,
    /// Label of the token.
    pub token: String,
    /// File that holds the PIN of its user and nothing else.
    pub pin_file: PathBuf,
    /// Label of the key, and with `.next` after it of the one that takes its place.
    pub key: String,
}

/// Which of the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Which {
    Current,
    Next,
}

/// Why the token did not do it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TokenError {
    #[error("the token holds no wrapping key named `{key}`")]
    Missing { key: String },
    #[error("the token holds a wrapping key named `{key}` already")]
    Exists { key: String },
    #[error("the token does not open what is stored")]
    Refused,
    #[error("the token refused the PIN in {pin_file}")]
    Pin { pin_file: PathBuf },
    #[error("the PIN could not be read from {pin_file}: {cause}")]
    PinFile { pin_file: PathBuf, cause: String },
    #[error("no token is named `{token}`")]
    NoToken { token: String },
    #[error("{module} could not be loaded: {cause}")]
    Module { module: PathBuf, cause: String },
    #[error("the token failed: {cause}")]
    Failed { cause: String },
    #[error("the token did not answer in time")]
    Late,
    #[error("the process that asks the token has ended")]
    Ended,
}

impl TokenError {
    /// What a person can do about it, as one sentence.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Missing { .. } => {
                "restore the key in the token, from the backup that its maker provides; without it \
                 no conversation can be read"
            }
            Self::Exists { .. } => "give another label as `encryption.pkcs11.key`",
            Self::Refused => {
                "see with the tools of its maker that the token works; if it does, the stored keys \
                 were altered: restore the data directory from a backup"
            }
            Self::Pin { .. } => {
                "write the right PIN into the file; the token is not asked again before the file \
                 changes, since tokens lock themselves after some wrong ones"
            }
            Self::PinFile { .. } => {
                "`encryption.pkcs11.pin_file` names a file of the server's user alone (mode 600 or \
                 400) that holds the PIN"
            }
            Self::NoToken { .. } => {
                "give the label that `pkcs11-tool --list-token-slots` or the tool of its maker shows"
            }
            Self::Module { .. } => "give the library of the token's maker, made for this machine",
            Self::Failed { .. } | Self::Late => {
                "see what the tools of its maker say of the token; it is asked again by itself"
            }
            Self::Ended => "start `galerne` again",
        }
    }

    /// Whether the token works and has no such key.
    pub const fn is_missing(&self) -> bool {
        matches!(self, Self::Missing { .. })
    }

    /// Whether the holder ends: it is not known what the module still can do.
    const fn ends_holder(&self) -> bool {
        !matches!(self, Self::Missing { .. } | Self::Exists { .. })
    }
}
