//! The bytes of a version on their way to a parser.

use async_trait::async_trait;
use governance::ports::StoreError;
use sha2::{Digest as _, Sha256};

use crate::ports::{BytesReader, Content, ContentError};

/// Gives bytes and remembers which they were.
pub(super) struct BytesOnce {
    reader: Box<dyn BytesReader>,
    digest: Sha256,
    /// Why there were no more.
    error: Option<StoreError>,
}

/// Stands for an error that is told elsewhere.
#[derive(Debug, thiserror::Error)]
#[error("the store could not be read")]
struct Told;

impl BytesOnce {
    pub(super) fn new(reader: Box<dyn BytesReader>) -> Self {
        Self { reader, digest: Sha256::new(), error: None }
    }

    /// Of all that was given.
    pub(super) fn digest(&self) -> [u8; 32] {
        self.digest.clone().finalize().into()
    }

    pub(super) fn error(self) -> Option<StoreError> {
        self.error
    }
}

#[async_trait]
impl Content for BytesOnce {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, ContentError> {
        match self.reader.next().await {
            Ok(piece) => {
                if let Some(piece) = &piece {
                    self.digest.update(piece);
                }
                Ok(piece)
            }
            Err(error) => {
                self.error = Some(error);
                Err(ContentError { source: Box::new(Told) })
            }
        }
    }
}
