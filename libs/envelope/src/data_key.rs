//! The keys that are stored wrapped.

use std::fmt;

use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use zeroize::Zeroizing;

use crate::{IndexKey, KEY_LENGTH, SealingKey};

/// Keeps keys for texts apart from keys for words, whatever they are derived for.
const SEALING: &[u8] = b"galerne envelope 2026 sealing";
const INDEX: &[u8] = b"galerne envelope 2026 index";

/// A random key of one tenant and one class of data, and the how manieth of them it is.
///
/// Its bytes are overwritten when it is dropped.
pub struct DataKey {
    version: u32,
    secret: Zeroizing<[u8; KEY_LENGTH]>,
}

impl DataKey {
    /// `secret` is random. `version` stands in clear in what is sealed, to find the key again.
    pub const fn new(version: u32, secret: Zeroizing<[u8; KEY_LENGTH]>) -> Self {
        Self { version, secret }
    }

    /// Stands in clear in what is sealed under this key.
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// The key for the texts of one thing, such as a conversation.
    ///
    /// `name` says which thing: the same bytes give the same key.
    pub fn sealing_key(&self, name: &[u8]) -> SealingKey {
        SealingKey::new(self.version, &self.derive(SEALING, name))
    }

    /// The key for the words of one owner, who alone searches them.
    ///
    /// `name` says whose: the same word has other tokens under another name.
    pub fn index_key(&self, name: &[u8]) -> IndexKey {
        IndexKey::new(self.derive(INDEX, name))
    }

    /// The bytes to wrap: for custodians that wrap in a device.
    pub fn secret(&self) -> &[u8; KEY_LENGTH] {
        &self.secret
    }

    fn derive(&self, purpose: &[u8], name: &[u8]) -> Zeroizing<[u8; KEY_LENGTH]> {
        let mut derived = Zeroizing::new([0; KEY_LENGTH]);
        let pseudorandom = Salt::new(HKDF_SHA256, purpose).extract(&*self.secret);
        // Fails only for more bytes than 255 hashes have.
        if let Ok(material) = pseudorandom.expand(&[name], Length) {
            let filled = material.fill(&mut *derived);
            debug_assert!(filled.is_ok(), "the length is that of the key");
        }
        derived
    }
}

/// Shows the version alone.
impl fmt::Debug for DataKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("DataKey").field("version", &self.version).finish_non_exhaustive()
    }
}

struct Length;

impl KeyType for Length {
    fn len(&self) -> usize {
        KEY_LENGTH
    }
}
