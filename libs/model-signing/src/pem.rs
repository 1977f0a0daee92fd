//! PEM: base64 of 64 columns between two lines that say what it is (RFC 7468).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use crate::KeyError;

/// Keys have a few hundred bytes.
const TEXT_BYTES_MAX: usize = 16 << 10;
const COLUMNS: usize = 64;

/// What the file holds, and under which label.
pub(crate) struct Block {
    pub(crate) label: String,
    pub(crate) der: Zeroizing<Vec<u8>>,
}

/// The last block of a text: OpenSSL writes the parameters of a curve before its key.
pub(crate) fn decode(text: &str) -> Result<Block, KeyError> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(KeyError::NotPem);
    }
    let start = text.rfind("-----BEGIN ").ok_or(KeyError::NotPem)?;
    let rest = text.get(start + "-----BEGIN ".len()..).ok_or(KeyError::NotPem)?;
    let (label, rest) = rest.split_once("-----").ok_or(KeyError::NotPem)?;
    let end = format!("-----END {label}-----");
    let (body, rest) = rest.split_once(&end).ok_or(KeyError::NotPem)?;
    if !rest.trim().is_empty() {
        return Err(KeyError::NotPem);
    }
    let body: Zeroizing<String> = Zeroizing::new(body.split_ascii_whitespace().collect());
    let der = STANDARD.decode(body.as_bytes()).map_err(|_| KeyError::NotPem)?;
    Ok(Block { label: label.to_owned(), der: Zeroizing::new(der) })
}

/// As OpenSSL and `cryptography` write it.
pub(crate) fn encode(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    for (index, character) in body.chars().enumerate() {
        if index > 0 && index % COLUMNS == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text + &format!("\n-----END {label}-----\n")
}
