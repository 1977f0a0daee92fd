//! Signature lines.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{NoteError, SIGNATURES_MAX};
use crate::key::is_key_name;

/// What every signature line begins with: an em dash and a space.
pub(super) const LINE_START: &str = "\u{2014} ";

/// One signature line, verified or not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoteSignature {
    name: String,
    key_id: u32,
    bytes: Vec<u8>,
}

impl NoteSignature {
    pub(super) fn new(name: &str, key_id: u32, bytes: Vec<u8>) -> Self {
        Self { name: name.to_owned(), key_id, bytes }
    }

    /// The name of the key that is said to have signed.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of that key.
    pub fn key_id(&self) -> u32 {
        self.key_id
    }

    /// The signature behind the key id; its form depends on the kind of key.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn parse(line: &str) -> Option<Self> {
        let (name, base64) = line.strip_prefix(LINE_START)?.split_once(' ')?;
        let bytes = STANDARD.decode(base64).ok()?;
        let (key_id, bytes) = bytes.split_first_chunk()?;
        if bytes.is_empty() || !is_key_name(name) {
            return None;
        }
        Some(Self::new(name, u32::from_be_bytes(*key_id), bytes.to_vec()))
    }
}

/// The line without its line break.
impl fmt::Display for NoteSignature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.key_id.to_be_bytes().to_vec();
        bytes.extend_from_slice(&self.bytes);
        write!(formatter, "{LINE_START}{} {}", self.name, STANDARD.encode(bytes))
    }
}

/// Reads lines that each end in a line break.
pub(super) fn parse_lines(lines: &str) -> Result<Vec<NoteSignature>, NoteError> {
    let mut signatures = Vec::new();
    for (index, line) in lines.split_terminator('\n').enumerate() {
        if index == SIGNATURES_MAX {
            return Err(NoteError::TooManySignatures);
        }
        let signature = NoteSignature::parse(line);
        signatures.push(signature.ok_or(NoteError::SignatureLine { line: index + 1 })?);
    }
    Ok(signatures)
}
