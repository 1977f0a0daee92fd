//! Hashes of leaves and nodes, as RFC 6962 defines them.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// Bytes of a hash.
pub(crate) const HASH_BYTES: usize = 32;

/// The SHA-256 hash of a leaf, of a node or of a whole tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; HASH_BYTES]);

/// A text is no hash in base64.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not the standard base64 of 32 bytes")]
pub struct HashTextError;

impl Hash {
    /// Takes 32 bytes that are a hash already.
    pub const fn from_bytes(bytes: [u8; HASH_BYTES]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; HASH_BYTES] {
        &self.0
    }

    /// The hash in standard base64 with padding: 44 characters.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// Reads what [`Hash::to_base64`] wrote.
    ///
    /// # Errors
    /// [`HashTextError`] unless `text` is the one canonical base64 text of 32 bytes.
    pub fn parse_base64(text: &str) -> Result<Self, HashTextError> {
        let mut bytes = [0; HASH_BYTES + 1];
        match STANDARD.decode_slice(text, &mut bytes) {
            Ok(HASH_BYTES) => bytes.first_chunk().map(|bytes| Self(*bytes)).ok_or(HashTextError),
            Ok(_) | Err(_) => Err(HashTextError),
        }
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// The hash of one entry: SHA-256 of a zero byte and the entry.
///
/// # Source
/// RFC 6962, section 2.1.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update([0]).chain_update(entry).finalize().into())
}

/// The hash of a node: SHA-256 of a one byte and the hashes of both children.
///
/// # Source
/// RFC 6962, section 2.1.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [1; 1 + 2 * HASH_BYTES];
    bytes[1..=HASH_BYTES].copy_from_slice(&left.0);
    bytes[1 + HASH_BYTES..].copy_from_slice(&right.0);
    Hash(Sha256::digest(bytes).into())
}

/// The root of a tree without leaves: SHA-256 of nothing.
///
/// # Source
/// RFC 6962, section 2.1.
pub fn empty_root() -> Hash {
    Hash(Sha256::digest([]).into())
}
