//! The key that wraps keys, and its file.

use std::fmt::{self, Write as _};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, UnboundKey},
    digest::{SHA256, digest},
};
use zeroize::{Zeroize as _, Zeroizing};

use crate::{DataKey, KEY_LENGTH, NONCE_LENGTH, Nonce, Unopened};

const LABEL: &str = "galerne-wrapping-key-1:";
const ID_PURPOSE: &[u8] = b"galerne wrapping key id\0";
const TAG: usize = 16;

/// Tells wrapping keys apart; says nothing about the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WrappingKeyId([u8; 8]);

impl WrappingKeyId {
    /// As it was stored.
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// As it is stored.
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

impl fmt::Display for WrappingKeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// Why a text is not a wrapping key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrappingKeyError {
    /// Another kind of file, or a damaged one.
    #[error("not a wrapping key: expected `{LABEL}` and 64 hexadecimal digits")]
    Malformed,
}

/// Wraps data keys. Its bytes are overwritten when it is dropped.
pub struct WrappingKey(Zeroizing<[u8; KEY_LENGTH]>);

impl WrappingKey {
    /// `secret` is random.
    pub const fn from_bytes(secret: Zeroizing<[u8; KEY_LENGTH]>) -> Self {
        Self(secret)
    }

    /// Reads what [`Self::expose`] wrote; space around it does not count.
    pub fn parse(text: &str) -> Result<Self, WrappingKeyError> {
        let digits = text.trim().strip_prefix(LABEL).ok_or(WrappingKeyError::Malformed)?.as_bytes();
        if digits.len() != 2 * KEY_LENGTH {
            return Err(WrappingKeyError::Malformed);
        }
        let mut secret = Zeroizing::new([0; KEY_LENGTH]);
        for (byte, pair) in secret.iter_mut().zip(digits.as_chunks::<2>().0) {
            let (Some(high), Some(low)) = (value(pair[0]), value(pair[1])) else {
                return Err(WrappingKeyError::Malformed);
            };
            *byte = high << 4 | low;
        }
        Ok(Self(secret))
    }

    /// The text of its file.
    #[expect(clippy::expect_used, reason = "a string takes everything")]
    pub fn expose(&self) -> Zeroizing<String> {
        // As long as it gets, so that no copy is left behind by growing.
        let mut text = Zeroizing::new(String::with_capacity(LABEL.len() + 2 * KEY_LENGTH));
        text.push_str(LABEL);
        for byte in self.0.iter() {
            write!(text, "{byte:02x}").expect("a string takes everything");
        }
        text
    }

    /// A hash of the key.
    pub fn id(&self) -> WrappingKeyId {
        let mut named = Zeroizing::new([ID_PURPOSE, &*self.0].concat());
        let hash = digest(&SHA256, &named);
        named.zeroize();
        let mut id = [0; 8];
        id.copy_from_slice(&hash.as_ref()[..8]);
        WrappingKeyId(id)
    }

    /// Encrypts a data key. `place` says whose it is, and has to be the same when it is unwrapped.
    #[expect(clippy::expect_used, reason = "a key is shorter than what the cipher takes")]
    pub fn wrap(&self, nonce: Nonce, place: &[u8], key: &DataKey) -> Vec<u8> {
        let mut wrapped = Vec::with_capacity(NONCE_LENGTH + KEY_LENGTH + TAG);
        wrapped.extend_from_slice(&nonce);
        wrapped.extend_from_slice(key.secret());
        let nonce = aws_lc_rs::aead::Nonce::assume_unique_for_key(nonce);
        let place = Aad::from(bound(place, key.version()));
        let tail = &mut wrapped[NONCE_LENGTH..];
        let tag = self.cipher().seal_in_place_separate_tag(nonce, place, tail);
        wrapped.extend_from_slice(tag.expect("a key is short").as_ref());
        wrapped
    }

    /// The data key, if this key wrapped these bytes for this place and version.
    pub fn unwrap(&self, place: &[u8], version: u32, wrapped: &[u8]) -> Result<DataKey, Unopened> {
        if wrapped.len() != NONCE_LENGTH + KEY_LENGTH + TAG {
            return Err(Unopened::Malformed);
        }
        let (nonce, rest) = wrapped.split_at(NONCE_LENGTH);
        let nonce = aws_lc_rs::aead::Nonce::try_assume_unique_for_key(nonce);
        let nonce = nonce.map_err(|_| Unopened::Malformed)?;
        let mut rest = Zeroizing::new(rest.to_vec());
        let place = Aad::from(bound(place, version));
        let opened = self.cipher().open_in_place(nonce, place, &mut rest);
        let opened = opened.map_err(|_| Unopened::Altered)?;
        let mut secret = Zeroizing::new([0; KEY_LENGTH]);
        secret.copy_from_slice(opened);
        Ok(DataKey::new(version, secret))
    }

    #[expect(clippy::expect_used, reason = "the length is that of the type")]
    fn cipher(&self) -> LessSafeKey {
        let key = UnboundKey::new(&AES_256_GCM, &*self.0);
        LessSafeKey::new(key.expect("AES-256 takes keys of 32 bytes"))
    }
}

/// Of a hexadecimal digit.
const fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// What a wrapped data key authenticates beside itself: whose it is, and the how manieth.
pub fn bound(place: &[u8], version: u32) -> Vec<u8> {
    [b"galerne data key\0".as_slice(), &version.to_be_bytes(), place].concat()
}

/// Shows which key it is.
impl fmt::Debug for WrappingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "WrappingKey({})", self.id())
    }
}
