//! Seals and opens the texts of one organisation.

use std::sync::Arc;

use envelope::{DataKey, IndexKey, NONCE_LENGTH, SealingKey, Unopened, version_of};

use crate::SecretSource;

/// A stored text cannot be read: it was altered, moved to another row, or its key is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a sealed text cannot be read: {0}")]
pub struct Unreadable(#[from] Unopened);

/// The keys of one organisation's texts.
pub struct ContentKeys {
    current: DataKey,
    earlier: Vec<DataKey>,
    words: DataKey,
    secrets: Arc<dyn SecretSource>,
}

impl ContentKeys {
    /// `None` without a key of each class.
    pub(super) fn new(
        mut texts: Vec<DataKey>,
        mut words: Vec<DataKey>,
        secrets: &Arc<dyn SecretSource>,
    ) -> Option<Self> {
        texts.sort_by_key(DataKey::version);
        let (current, words) = texts.pop().zip(words.pop())?;
        Some(Self { current, earlier: texts, words, secrets: Arc::clone(secrets) })
    }

    /// For the texts of one thing, such as a conversation; `name` says which.
    pub fn sealer(&self, name: Vec<u8>) -> Sealer<'_> {
        Sealer { key: self.current.sealing_key(&name), keys: self, name }
    }

    /// For the words of one owner; `name` says whose.
    pub fn index_key(&self, name: &[u8]) -> IndexKey {
        self.words.index_key(name)
    }
}

/// Seals and opens the texts of one thing.
pub struct Sealer<'k> {
    keys: &'k ContentKeys,
    name: Vec<u8>,
    key: SealingKey,
}

impl Sealer<'_> {
    /// `place` says which text of the thing it is.
    pub fn seal(&self, place: &[u8], text: &str) -> Vec<u8> {
        self.seal_bytes(place, text.as_bytes())
    }

    /// As [`Self::seal`], for what is no text.
    pub fn seal_bytes(&self, place: &[u8], bytes: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE_LENGTH];
        self.keys.secrets.fill(&mut nonce);
        self.key.seal(nonce, place, bytes)
    }

    /// The text, if it was sealed for this place of this thing.
    pub fn open(&self, place: &[u8], sealed: &[u8]) -> Result<String, Unreadable> {
        let text = self.open_bytes(place, sealed)?;
        String::from_utf8(text).map_err(|_| Unreadable(Unopened::Altered))
    }

    /// As [`Self::open`], for what is no text.
    pub fn open_bytes(&self, place: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Unreadable> {
        let version = version_of(sealed)?;
        if version == self.keys.current.version() {
            return Ok(self.key.open(place, sealed)?);
        }
        let mut earlier = self.keys.earlier.iter();
        let key = earlier.find(|key| key.version() == version);
        let key = key.ok_or(Unopened::OtherVersion { version })?;
        Ok(key.sealing_key(&self.name).open(place, sealed)?)
    }
}
