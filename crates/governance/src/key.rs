//! API keys: `glr_<environment>_<id>_<secret>_<check>`.
//!
//! The id finds the stored key, the secret (256 random bits) proves it, the check lets scanners
//! and people tell a real key from a mistyped one without asking the server.

use std::fmt;

use domain::{KeyId, hexadecimal};

use crate::secret::{SecretSource, random_token};

const PREFIX: &str = "glr";
const ENVIRONMENT: &str = "live";
const CHECK_DIGITS: usize = 8;

/// A whole API key, secret included. Shown once, never stored, never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct KeySecret {
    id: KeyId,
    secret: String,
}

/// The text is not an API key of Galerne.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an API key: expected glr_live_<id>_<secret>_<check>")]
pub struct KeyFormatError;

impl KeySecret {
    pub(crate) fn random(id: KeyId, secrets: &dyn SecretSource) -> Self {
        Self { id, secret: random_token(secrets) }
    }

    /// Reads a key as a client sends it.
    pub fn parse(text: &str) -> Result<Self, KeyFormatError> {
        let (body, check) = text.rsplit_once('_').ok_or(KeyFormatError)?;
        if check_digits(body) != check {
            return Err(KeyFormatError);
        }
        let mut parts = body.split('_');
        let mut next = || parts.next().ok_or(KeyFormatError);
        let (prefix, environment, id, secret) = (next()?, next()?, next()?, next()?);
        let id = id.parse().map_err(|_| KeyFormatError)?;
        if prefix != PREFIX || environment != ENVIRONMENT || parts.next().is_some() {
            return Err(KeyFormatError);
        }
        Ok(Self { id, secret: secret.to_owned() })
    }

    pub const fn id(&self) -> KeyId {
        self.id
    }

    pub(crate) fn secret(&self) -> &[u8] {
        self.secret.as_bytes()
    }

    /// The text that the owner of the key keeps.
    pub fn expose(&self) -> String {
        let body = format!("{PREFIX}_{ENVIRONMENT}_{}_{}", self.id, self.secret);
        let check = check_digits(&body);
        format!("{body}_{check}")
    }
}

impl fmt::Debug for KeySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeySecret({}, …)", self.id)
    }
}

fn check_digits(body: &str) -> String {
    hexadecimal(&blake3::hash(body.as_bytes()).as_bytes()[..CHECK_DIGITS / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Zeros;

    impl SecretSource for Zeros {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    fn key() -> KeySecret {
        let id = "018f4e6c7b2a7c3d8e9f0a1b2c3d4e5f".parse().unwrap();
        KeySecret::random(id, &Zeros)
    }

    #[test]
    fn a_key_is_read_back_as_it_was_shown() {
        assert_eq!(KeySecret::parse(&key().expose()), Ok(key()));
    }

    #[test]
    fn any_changed_character_is_noticed() {
        let text = key().expose();
        for position in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[position] ^= 1;
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(KeySecret::parse(&changed), Err(KeyFormatError), "{changed}");
        }
    }

    #[test]
    fn other_texts_are_no_keys() {
        for text in ["", "_", "sk-abc", "glr_live_x", "glr_live___", &"_".repeat(10_000)] {
            assert_eq!(KeySecret::parse(text), Err(KeyFormatError), "{text}");
        }
    }

    #[test]
    fn debug_output_hides_the_secret() {
        let shown = format!("{:?}", key());
        assert!(!shown.contains("000000"), "{shown}");
    }
}
