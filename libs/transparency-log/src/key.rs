//! Keys that sign notes, and their texts.

mod text;

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// What a key signs and how. New kinds are new variants; unknown ones in notes are skipped.
///
/// # Source
/// C2SP signed-note, section "Signature types".
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Algorithm {
    /// Ed25519 over the text of the note (0x01): what a log signs its checkpoints with.
    Ed25519,
    /// Ed25519 over a time and the text of the note (0x04): what a witness confirms them with.
    CosignatureEd25519,
}

/// A text or bytes are not a key.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyError {
    /// The name would not survive in a signature line.
    #[error("`{name}` is no key name: it must not be empty nor contain spaces, `+` or controls")]
    Name {
        /// What was given.
        name: String,
    },
    /// The text does not have the form of a key. It is not repeated: it may be secret.
    #[error("not of the form `{form}`")]
    Malformed {
        /// The form it should have.
        form: &'static str,
    },
    /// The algorithm is unknown.
    #[error("signature type 0x{byte:02x} is not supported here")]
    Algorithm {
        /// The byte that identifies the type.
        byte: u8,
    },
    /// The key id does not follow from name, type and key.
    #[error(
        "the key id {found:08x} does not belong to this name and key (expected {expected:08x})"
    )]
    KeyId {
        /// What follows from name, type and key.
        expected: u32,
        /// What the text says.
        found: u32,
    },
    /// The bytes are not an Ed25519 public key, or one for which anybody can sign.
    #[error("not a usable Ed25519 public key")]
    PublicKey,
}

impl Algorithm {
    fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::CosignatureEd25519 => 0x04,
        }
    }

    fn from_byte(byte: u8) -> Result<Self, KeyError> {
        match byte {
            0x01 => Ok(Self::Ed25519),
            0x04 => Ok(Self::CosignatureEd25519),
            byte => Err(KeyError::Algorithm { byte }),
        }
    }
}

/// The public half of a key: verifies what its owner signed. Its text is a C2SP "vkey".
#[derive(Clone, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    key_id: u32,
    algorithm: Algorithm,
    key: VerifyingKey,
}

impl Verifier {
    fn new(name: &str, algorithm: Algorithm, key: VerifyingKey) -> Result<Self, KeyError> {
        if !is_key_name(name) {
            return Err(KeyError::Name { name: name.to_owned() });
        }
        if key.is_weak() {
            return Err(KeyError::PublicKey);
        }
        let key_id = key_id(name, algorithm, key.as_bytes());
        Ok(Self { name: name.to_owned(), key_id, algorithm, key })
    }

    /// The name of the key; for a log also the origin of its checkpoints.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of a hash over name, type and key: tells keys of one name apart. It is
    /// short, so it identifies but proves nothing.
    pub fn key_id(&self) -> u32 {
        self.key_id
    }

    /// What the key signs and how.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether these bytes are the signature of `message` by this key.
    pub(crate) fn accepts(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.key.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Verifier({self})")
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let material = text::material(self.algorithm, self.key.as_bytes());
        write!(formatter, "{}+{:08x}+{}", self.name, self.key_id, *material)
    }
}

impl FromStr for Verifier {
    type Err = KeyError;

    fn from_str(vkey: &str) -> Result<Self, KeyError> {
        let parts = text::parse(vkey, "<name>+<key id>+<base64>")?;
        let key = VerifyingKey::from_bytes(&parts.key).map_err(|_| KeyError::PublicKey)?;
        Self::new(parts.name, parts.algorithm, key)?.with_id(parts.key_id)
    }
}

impl Verifier {
    /// Confirms the key id that a text states.
    fn with_id(self, stated: u32) -> Result<Self, KeyError> {
        if stated == self.key_id {
            Ok(self)
        } else {
            Err(KeyError::KeyId { expected: self.key_id, found: stated })
        }
    }
}

/// The secret half of a log's key. It is wiped from memory when dropped, and `Debug` hides it.
pub struct Signer {
    key: SigningKey,
    verifier: Verifier,
}

impl Signer {
    /// A key from 32 secret random bytes.
    ///
    /// # Errors
    /// [`KeyError::Name`] when `name` is empty or contains spaces, `+` or control characters.
    pub fn from_seed(name: &str, seed: [u8; 32]) -> Result<Self, KeyError> {
        Self::new(name, Algorithm::Ed25519, seed)
    }

    fn new(name: &str, algorithm: Algorithm, seed: [u8; 32]) -> Result<Self, KeyError> {
        let seed = Zeroizing::new(seed);
        let key = SigningKey::from_bytes(&seed);
        let verifier = Verifier::new(name, algorithm, key.verifying_key())?;
        Ok(Self { key, verifier })
    }

    /// Reads what [`Signer::expose`] wrote; a line break at the end is accepted.
    ///
    /// # Errors
    /// [`KeyError`]; its message does not repeat the text.
    pub fn parse(secret_text: &str) -> Result<Self, KeyError> {
        const FORM: &str = "PRIVATE+KEY+<name>+<key id>+<base64>";
        let line = secret_text.strip_suffix('\n').unwrap_or(secret_text);
        let rest = line.strip_prefix(text::SECRET).ok_or(KeyError::Malformed { form: FORM })?;
        let parts = text::parse(rest, FORM)?;
        let Self { key, verifier } = match parts.algorithm {
            Algorithm::Ed25519 => Self::from_seed(parts.name, *parts.key)?,
            other @ Algorithm::CosignatureEd25519 => {
                return Err(KeyError::Algorithm { byte: other.byte() });
            }
        };
        Ok(Self { key, verifier: verifier.with_id(parts.key_id)? })
    }

    /// The secret text `PRIVATE+KEY+<name>+<key id>+<base64>`, as Go's `sumdb/note` writes it.
    ///
    /// The only way to get at the secret. Write it where only its owner can read, and wipe it.
    pub fn expose(&self) -> String {
        let material = text::material(Algorithm::Ed25519, self.key.as_bytes());
        let Verifier { name, key_id, .. } = &self.verifier;
        format!("{}{name}+{key_id:08x}+{}", text::SECRET, *material)
    }

    /// The public half, to be given to whoever verifies.
    pub fn verifier(&self) -> Verifier {
        self.verifier.clone()
    }

    /// The name of the key, which is also the origin of the log.
    pub fn name(&self) -> &str {
        &self.verifier.name
    }

    pub(crate) fn key_id(&self) -> u32 {
        self.verifier.key_id
    }

    pub(crate) fn signature(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Signer").field("verifier", &self.verifier).finish_non_exhaustive()
    }
}

/// The secret key of a witness: confirms, with a time, that it saw a checkpoint.
///
/// It is wiped from memory when dropped, and `Debug` hides it.
#[derive(Debug)]
pub struct Cosigner(Signer);

impl Cosigner {
    /// A key from 32 secret random bytes.
    ///
    /// # Errors
    /// [`KeyError::Name`] when `name` is empty or contains spaces, `+` or control characters.
    pub fn from_seed(name: &str, seed: [u8; 32]) -> Result<Self, KeyError> {
        Signer::new(name, Algorithm::CosignatureEd25519, seed).map(Self)
    }

    /// The public half, to be given to whoever verifies.
    pub fn verifier(&self) -> Verifier {
        self.0.verifier()
    }

    pub(crate) fn signer(&self) -> &Signer {
        &self.0
    }
}

/// Whether a name survives in a signature line and in the text of a key.
pub(crate) fn is_key_name(name: &str) -> bool {
    let accepted =
        |character: char| !character.is_whitespace() && character != '+' && character >= ' ';
    !name.is_empty() && name.chars().all(accepted)
}

/// # Source
/// C2SP signed-note, section "Signatures".
fn key_id(name: &str, algorithm: Algorithm, key: &[u8; 32]) -> u32 {
    let hash = Sha256::new().chain_update(name).chain_update([b'\n', algorithm.byte()]);
    let [first, second, third, fourth, ..]: [u8; 32] = hash.chain_update(key).finalize().into();
    u32::from_be_bytes([first, second, third, fourth])
}
