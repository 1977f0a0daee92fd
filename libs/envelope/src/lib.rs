//! Envelope encryption of texts at rest.
//!
//! A [`WrappingKey`] is kept outside of the data that it protects and wraps nothing but keys. A
//! [`DataKey`] is random, stored only wrapped, and encrypts nothing itself either: a
//! [`SealingKey`] is derived from it for each thing that holds texts, so that no key sees more
//! texts than random nonces allow. Every text is bound to its place: what was moved to another
//! row does not open. [`IndexKey`] makes tokens of words, for a search over sealed texts.
//!
//! The cipher is AES-256-GCM of AWS-LC; keys are derived with HKDF-SHA256, tokens with keyed
//! BLAKE3. There is no randomness in here: nonces come from the caller.
//!
//! **Never here:** files, clocks, randomness, who may read what.

mod data_key;
mod index;
mod sealing;
mod wrapping;

pub use data_key::DataKey;
pub use index::{IndexKey, TOKEN_LENGTH, Token};
pub use sealing::{Nonce, SEALED_EXTRA, SealingKey, Unopened, version_of};
pub use wrapping::{WrappingKey, WrappingKeyError, WrappingKeyId, bound};

/// Bytes of every key in here.
pub const KEY_LENGTH: usize = 32;

/// Bytes of a nonce.
pub const NONCE_LENGTH: usize = 12;
