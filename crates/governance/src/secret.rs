//! Random secrets and the keyed hashes by which they are known.

use std::fmt;

use domain::hexadecimal;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// Fills buffers with secret random bytes. The server asks the operating system, tests a seed.
pub trait SecretSource: Send + Sync {
    fn fill(&self, bytes: &mut [u8]);
}

/// The secret of an installation: without it, stored hashes cannot be compared with anything.
#[derive(Clone)]
pub struct InstallationKey([u8; 32]);

impl InstallationKey {
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Another secret, which says nothing of this one. `purpose` keeps those of different uses
    /// apart.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        blake3::derive_key(purpose, &self.0)
    }

    /// Keyed hash of a secret. `purpose` keeps hashes of different kinds apart.
    pub(crate) fn hash(&self, purpose: &'static str, secret: &[u8]) -> TokenHash {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(purpose.as_bytes());
        hasher.update(&[0]);
        hasher.update(secret);
        TokenHash(*hasher.finalize().as_bytes())
    }
}

impl fmt::Debug for InstallationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InstallationKey(…)")
    }
}

impl Drop for InstallationKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// What is stored in place of a secret. Compared in constant time.
#[derive(Clone, Copy, Debug)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for TokenHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for TokenHash {}

/// 32 random bytes as 64 lower-case hexadecimal digits.
pub(crate) fn random_token(secrets: &dyn SecretSource) -> String {
    let mut bytes = [0; 32];
    secrets.fill(&mut bytes);
    let text = hexadecimal(&bytes);
    bytes.zeroize();
    text
}
