//! Signed notes: a text, and signature lines of one or more keys.

mod file;
mod signature;

use std::fmt;
use std::str::FromStr;

pub use file::{MalformedNote, Notes, TORN_END, split_notes};
pub use signature::NoteSignature;

use crate::key::{Algorithm, Cosigner, Signer, Verifier};

/// The most signatures that a note may have.
///
/// # Source
/// C2SP signed-note asks for a limit of at least 16; Go's `sumdb/note` has 100.
pub const SIGNATURES_MAX: usize = 100;

/// Seconds since 1970 that a cosignature may name at most: 2^63 - 1.
///
/// # Source
/// C2SP tlog-cosignature, section "Format".
const COSIGNATURE_TIME_S_MAX: u64 = i64::MAX as u64;

/// A text and its signatures. Until [`SignedNote::verify`] succeeded, the text is anybody's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedNote {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// A text is no signed note, or the note is not signed as it should be.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoteError {
    /// ASCII control characters other than the line break have no place in notes.
    #[error("the note contains the control character 0x{byte:02x}")]
    Control {
        /// Which one.
        byte: u8,
    },
    /// Notes are UTF-8.
    #[error("the note is not valid UTF-8")]
    Encoding,
    /// The text or the note does not end in a line break.
    #[error("the note does not end in a line break")]
    Unfinished,
    /// No empty line separates text and signatures.
    #[error("no empty line stands between the text and its signatures")]
    Unsigned,
    /// A line after the text is no signature.
    #[error("line {line} of the signatures is not of the form `— <name> <base64>`")]
    SignatureLine {
        /// Which line, counted from 1.
        line: usize,
    },
    /// There are more signatures than anybody needs.
    #[error("the note has more than {SIGNATURES_MAX} signatures")]
    TooManySignatures,
    /// The key did not sign this note.
    #[error("the note carries no signature of the key `{name}` ({key_id:08x})")]
    NotSigned {
        /// Name of the key.
        name: String,
        /// Its id.
        key_id: u32,
    },
    /// A signature in the name of the key is not the key's signature of this text.
    #[error("the signature of the key `{name}` ({key_id:08x}) does not match the text")]
    BadSignature {
        /// Name of the key.
        name: String,
        /// Its id.
        key_id: u32,
    },
    /// The key makes signatures without a time.
    #[error("the key `{name}` signs without a time")]
    NoTime {
        /// Name of the key.
        name: String,
    },
    /// The time is beyond what a cosignature may name.
    #[error("{time_s} s since 1970 is too late for a cosignature")]
    Time {
        /// Seconds since 1970.
        time_s: u64,
    },
}

impl SignedNote {
    /// Reads a note; verifies nothing.
    ///
    /// # Errors
    /// [`NoteError::Control`], [`NoteError::Unfinished`], [`NoteError::Unsigned`],
    /// [`NoteError::SignatureLine`] or [`NoteError::TooManySignatures`].
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        refuse_controls(note)?;
        if !note.ends_with('\n') {
            return Err(NoteError::Unfinished);
        }
        let end = note.rfind("\n\n").ok_or(NoteError::Unsigned)?;
        let (text, lines) = (&note[..=end], &note[end + 2..]);
        let signatures = signature::parse_lines(lines)?;
        if signatures.is_empty() {
            return Err(NoteError::Unsigned);
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// Signs a text, which must end in a line break and contain no other control characters.
    ///
    /// # Errors
    /// [`NoteError::Control`] or [`NoteError::Unfinished`].
    pub fn sign(text: &str, signer: &Signer) -> Result<Self, NoteError> {
        refuse_controls(text)?;
        if !text.ends_with('\n') {
            return Err(NoteError::Unfinished);
        }
        let bytes = signer.signature(text.as_bytes()).to_vec();
        let signature = NoteSignature::new(signer.name(), signer.key_id(), bytes);
        Ok(Self { text: text.to_owned(), signatures: vec![signature] })
    }

    /// The text with its last line break, without the signatures.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures in their order, verified or not.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Verifies that the key signed the text. Signatures of other keys are skipped; of several in
    /// the name of this key, each must be right.
    ///
    /// # Errors
    /// [`NoteError::NotSigned`] or [`NoteError::BadSignature`].
    pub fn verify(&self, verifier: &Verifier) -> Result<(), NoteError> {
        match verifier.algorithm() {
            Algorithm::Ed25519 => {
                self.check(verifier, |bytes| {
                    let signature: &[u8; 64] = bytes.try_into().ok()?;
                    verifier.accepts(self.text.as_bytes(), signature).then_some(0)
                })?;
            }
            Algorithm::CosignatureEd25519 => {
                self.cosignature_time(verifier)?;
            }
        }
        Ok(())
    }

    /// Verifies the signature of a witness and returns the time it names, in seconds since 1970; of
    /// several the latest.
    ///
    /// # Errors
    /// [`NoteError::NoTime`] when the key is not that of a witness; [`NoteError::NotSigned`] or
    /// [`NoteError::BadSignature`] when the witness did not sign this.
    pub fn cosignature_time(&self, verifier: &Verifier) -> Result<u64, NoteError> {
        match verifier.algorithm() {
            Algorithm::Ed25519 => Err(NoteError::NoTime { name: verifier.name().to_owned() }),
            Algorithm::CosignatureEd25519 => self.check(verifier, |bytes| {
                let (time_s, signature) = bytes.split_first_chunk()?;
                let time_s = u64::from_be_bytes(*time_s);
                let message = self.cosigned_message(time_s).ok()?;
                let accepted = verifier.accepts(message.as_bytes(), signature.try_into().ok()?);
                accepted.then_some(time_s)
            }),
        }
    }

    /// Adds the signature of a witness that saw this note at `time_s`, in seconds since 1970.
    ///
    /// # Errors
    /// [`NoteError::Time`] beyond 2^63 - 1; [`NoteError::TooManySignatures`].
    pub fn cosign(&mut self, cosigner: &Cosigner, time_s: u64) -> Result<(), NoteError> {
        let signer = cosigner.signer();
        let mut bytes = time_s.to_be_bytes().to_vec();
        bytes.extend(signer.signature(self.cosigned_message(time_s)?.as_bytes()));
        self.add(NoteSignature::new(signer.name(), signer.key_id(), bytes))
    }

    /// Adds signature lines, for example the answer of a witness. They are not verified; lines that
    /// the note has already are skipped. After an error the note is as it was.
    ///
    /// # Errors
    /// [`NoteError::Control`], [`NoteError::Unfinished`], [`NoteError::SignatureLine`] or
    /// [`NoteError::TooManySignatures`].
    pub fn add_signature_lines(&mut self, lines: &str) -> Result<(), NoteError> {
        refuse_controls(lines)?;
        if !lines.ends_with('\n') {
            return Err(NoteError::Unfinished);
        }
        let mut extended = self.clone();
        for signature in signature::parse_lines(lines)? {
            extended.add(signature)?;
        }
        *self = extended;
        Ok(())
    }

    fn add(&mut self, signature: NoteSignature) -> Result<(), NoteError> {
        if self.signatures.contains(&signature) {
            return Ok(());
        }
        if self.signatures.len() >= SIGNATURES_MAX {
            return Err(NoteError::TooManySignatures);
        }
        self.signatures.push(signature);
        Ok(())
    }

    /// Applies `accept` to every signature in the name of the key; the highest result counts.
    fn check(
        &self,
        verifier: &Verifier,
        accept: impl Fn(&[u8]) -> Option<u64>,
    ) -> Result<u64, NoteError> {
        let (name, key_id) = (verifier.name(), verifier.key_id());
        let by_key =
            |signature: &&NoteSignature| signature.name() == name && signature.key_id() == key_id;
        let mut highest = None;
        for signature in self.signatures.iter().filter(by_key) {
            let bad = || NoteError::BadSignature { name: name.to_owned(), key_id };
            highest = highest.max(Some(accept(signature.bytes()).ok_or_else(bad)?));
        }
        highest.ok_or_else(|| NoteError::NotSigned { name: name.to_owned(), key_id })
    }

    /// # Source
    /// C2SP tlog-cosignature, section "Ed25519 signed message".
    fn cosigned_message(&self, time_s: u64) -> Result<String, NoteError> {
        if time_s > COSIGNATURE_TIME_S_MAX {
            return Err(NoteError::Time { time_s });
        }
        Ok(format!("cosignature/v1\ntime {time_s}\n{}", self.text))
    }
}

/// The whole note, exactly as it was read or signed.
impl fmt::Display for SignedNote {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(formatter, "{signature}"))
    }
}

impl FromStr for SignedNote {
    type Err = NoteError;

    fn from_str(note: &str) -> Result<Self, NoteError> {
        Self::parse(note)
    }
}

fn refuse_controls(text: &str) -> Result<(), NoteError> {
    match text.bytes().find(|byte| *byte < b' ' && *byte != b'\n') {
        Some(byte) => Err(NoteError::Control { byte }),
        None => Ok(()),
    }
}
