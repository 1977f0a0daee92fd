//! Whichever custodian an installation has.

use async_trait::async_trait;
use envelope::{DataKey, WrappingKeyId};
use governance::ports::{CustodyError, KeyCustodian, StoredDataKey};

use crate::{KeyFile, KeyFileError, TokenError, TokenKey};

/// Keeps the wrapping key.
pub enum Custodian {
    File(KeyFile),
    Token(TokenKey),
}

/// Why a custodian has no key, or could not make one.
#[derive(Debug, thiserror::Error)]
pub enum CustodianError {
    #[error(transparent)]
    File(#[from] KeyFileError),
    #[error(transparent)]
    Token(#[from] TokenError),
}

impl CustodianError {
    /// What a person can do about it, as one sentence.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::File(error) => error.hint(),
            Self::Token(error) => error.hint(),
        }
    }

    /// Whether there is no key, and nothing else is wrong.
    pub fn is_missing(&self) -> bool {
        match self {
            Self::File(error) => error.is_missing(),
            Self::Token(error) => error.is_missing(),
        }
    }
}

impl Custodian {
    /// Which key it keeps.
    pub async fn id(&self) -> Result<WrappingKeyId, CustodianError> {
        Ok(match self {
            Self::File(file) => file.id()?,
            Self::Token(token) => token.id().await?,
        })
    }

    /// Makes a key where there is none.
    pub async fn create(&self) -> Result<WrappingKeyId, CustodianError> {
        Ok(match self {
            Self::File(file) => file.create()?,
            Self::Token(token) => token.create().await?,
        })
    }

    /// Which key it keeps, which is made where there is none.
    pub async fn id_or_create(&self) -> Result<WrappingKeyId, CustodianError> {
        match self.id().await {
            Err(error) if error.is_missing() => self.create().await,
            other => other,
        }
    }

    /// The key that takes the place of this one.
    #[must_use]
    pub fn next(&self) -> Self {
        match self {
            Self::File(file) => Self::File(file.next()),
            Self::Token(token) => Self::Token(token.next()),
        }
    }

    /// Puts the key of [`Self::next`] in the place of this one, which is gone then.
    pub async fn replace(&self) -> Result<(), CustodianError> {
        match self {
            Self::File(file) => file.replace()?,
            Self::Token(token) => token.replace().await?,
        }
        Ok(())
    }

    /// Where the key lies, for people.
    pub fn place(&self) -> String {
        match self {
            Self::File(file) => file.path().display().to_string(),
            Self::Token(token) => {
                let place = token.place();
                format!("the token `{}` as `{}`", place.token, place.key)
            }
        }
    }
}

#[async_trait]
impl KeyCustodian for Custodian {
    async fn wrap(
        &self,
        place: &[u8],
        key: &DataKey,
    ) -> Result<(WrappingKeyId, Vec<u8>), CustodyError> {
        match self {
            Self::File(file) => file.wrap(place, key).await,
            Self::Token(token) => token.wrap(place, key).await,
        }
    }

    async fn unwrap(&self, place: &[u8], stored: &StoredDataKey) -> Result<DataKey, CustodyError> {
        match self {
            Self::File(file) => file.unwrap(place, stored).await,
            Self::Token(token) => token.unwrap(place, stored).await,
        }
    }
}
