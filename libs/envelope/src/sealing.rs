//! Texts under AES-256-GCM.
//!
//! ```text
//! 1 byte    the form: 1
//! 4 bytes   the version of the data key, big-endian
//! 12 bytes  the nonce
//! n bytes   the encrypted text
//! 16 bytes  the tag
//! ```
//! The first five bytes are bound by the tag, with the place that the caller names.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, UnboundKey};

use crate::{KEY_LENGTH, NONCE_LENGTH};

/// Random bytes, never used twice under one key.
pub type Nonce = [u8; NONCE_LENGTH];

const FORM: u8 = 1;
const HEAD: usize = 5;
const TAG: usize = 16;

/// How many bytes longer than its text a sealed one is.
pub const SEALED_EXTRA: usize = HEAD + NONCE_LENGTH + TAG;

/// Why sealed bytes were not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    /// Too short, or of a form that this library does not know.
    #[error("these bytes are not a sealed text")]
    Malformed,
    /// Sealed under another version of the data key than that of this key.
    #[error("sealed under version {version} of the data key")]
    OtherVersion {
        /// The version that it needs.
        version: u32,
    },
    /// The bytes, or the place where they lie, are not those that were sealed.
    #[error("the sealed text was altered, moved, or belongs to another key")]
    Altered,
}

/// The version of the data key under which something was sealed.
pub fn version_of(sealed: &[u8]) -> Result<u32, Unopened> {
    match sealed {
        [FORM, a, b, c, d, ..] if sealed.len() >= SEALED_EXTRA => {
            Ok(u32::from_be_bytes([*a, *b, *c, *d]))
        }
        _ => Err(Unopened::Malformed),
    }
}

/// Seals and opens the texts of one thing.
///
/// At most 2^32 texts under one key: nonces are random.
pub struct SealingKey {
    version: u32,
    key: LessSafeKey,
}

impl SealingKey {
    #[expect(clippy::expect_used, reason = "the length is that of the type")]
    pub(crate) fn new(version: u32, secret: &[u8; KEY_LENGTH]) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, secret);
        Self { version, key: LessSafeKey::new(key.expect("AES-256 takes keys of 32 bytes")) }
    }

    /// `place` says where the text will lie, and has to be the same when it is opened.
    #[expect(clippy::expect_used, reason = "the cipher takes 64 GiB")]
    pub fn seal(&self, nonce: Nonce, place: &[u8], text: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(text.len() + SEALED_EXTRA);
        sealed.push(FORM);
        sealed.extend_from_slice(&self.version.to_be_bytes());
        let bound = bound(&sealed, place);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(text);
        let nonce = aws_lc_rs::aead::Nonce::assume_unique_for_key(nonce);
        let tail = &mut sealed[HEAD + NONCE_LENGTH..];
        let tag = self.key.seal_in_place_separate_tag(nonce, Aad::from(bound), tail);
        sealed.extend_from_slice(tag.expect("a text is shorter than 64 GiB").as_ref());
        sealed
    }

    /// The text, if these bytes were sealed under this key for this place.
    pub fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Unopened> {
        let version = version_of(sealed)?;
        if version != self.version {
            return Err(Unopened::OtherVersion { version });
        }
        let (head, rest) = sealed.split_at(HEAD);
        let (nonce, rest) = rest.split_at(NONCE_LENGTH);
        let nonce = aws_lc_rs::aead::Nonce::try_assume_unique_for_key(nonce);
        let nonce = nonce.map_err(|_| Unopened::Malformed)?;
        let mut text = rest.to_vec();
        let opened = self.key.open_in_place(nonce, Aad::from(bound(head, place)), &mut text);
        let length = opened.map_err(|_| Unopened::Altered)?.len();
        text.truncate(length);
        Ok(text)
    }
}

/// The head has one length, so head and place cannot be confused.
fn bound(head: &[u8], place: &[u8]) -> Vec<u8> {
    [head, place].concat()
}

/// Shows the version alone.
impl fmt::Debug for SealingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SealingKey").field("version", &self.version).finish_non_exhaustive()
    }
}
