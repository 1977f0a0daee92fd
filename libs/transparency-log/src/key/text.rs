//! The form that the texts of public and secret keys share.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::{Algorithm, KeyError};

/// What a secret text begins with.
pub(super) const SECRET: &str = "PRIVATE+KEY+";

pub(super) struct Parts<'text> {
    pub(super) name: &'text str,
    pub(super) key_id: u32,
    pub(super) algorithm: Algorithm,
    /// 32 bytes of a public key, or a seed.
    pub(super) key: Zeroizing<[u8; 32]>,
}

/// Reads `<name>+<key id>+<base64>`; base64 may contain `+`, a name may not.
pub(super) fn parse<'text>(text: &'text str, form: &'static str) -> Result<Parts<'text>, KeyError> {
    let malformed = KeyError::Malformed { form };
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(material)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(malformed);
    };
    let Some(key_id) = parse_id(id) else { return Err(malformed) };
    let Ok(bytes) = STANDARD.decode(material).map(Zeroizing::new) else { return Err(malformed) };
    let Some((byte, key)) = bytes.split_first() else { return Err(malformed) };
    let algorithm = Algorithm::from_byte(*byte)?;
    let Ok(key) = key.try_into().map(Zeroizing::new) else { return Err(malformed) };
    Ok(Parts { name, key_id, algorithm, key })
}

/// The base64 of the type and the bytes of a key.
pub(super) fn material(algorithm: Algorithm, key: &[u8; 32]) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([algorithm.byte(); 33]);
    bytes[1..].copy_from_slice(key);
    Zeroizing::new(STANDARD.encode(*bytes))
}

fn parse_id(text: &str) -> Option<u32> {
    let lower_hex = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if lower_hex && text.len() == 8 { u32::from_str_radix(text, 16).ok() } else { None }
}
