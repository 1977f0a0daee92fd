//! Names and digests of models.

use std::{fmt, str::FromStr};

use crate::hexadecimal;

/// The name under which a model is served, as clients write it in `model`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelId(String);

/// Why a text is not a model id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a model id: use 1 to 128 of a-z A-Z 0-9 . _ - : and /, not starting with . or /"
)]
pub struct ModelIdError {
    text: String,
}

impl ModelId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ModelId {
    type Err = ModelIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._-:/".contains(c);
        let starts_well = !text.starts_with(['.', '/']);
        if (1..=128).contains(&text.len())
            && starts_well
            && text.chars().all(allowed)
            && !text.contains("..")
        {
            Ok(Self(text.to_owned()))
        } else {
            Err(ModelIdError { text: text.chars().take(128).collect() })
        }
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// SHA-256 of a model: of its file, of the list of its files, or of both lists of an adapter. What
/// answers under one name today may be another model tomorrow; never under one digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ModelDigest([u8; 32]);

/// Why a text is not a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a digest of a model is 64 hexadecimal digits")]
pub struct ModelDigestError;

impl ModelDigest {
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// 64 hexadecimal digits.
impl FromStr for ModelDigest {
    type Err = ModelDigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if !rest.is_empty() || pairs.len() != 32 {
            return Err(ModelDigestError);
        }
        let mut bytes = [0; 32];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Ok(Self(bytes))
    }
}

fn digit(byte: u8) -> Result<u8, ModelDigestError> {
    let value = char::from(byte).to_digit(16).ok_or(ModelDigestError)?;
    u8::try_from(value).map_err(|_| ModelDigestError)
}

/// As entries of the log and receipts write it: `sha256:` and 64 lower-case digits.
impl fmt::Display for ModelDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", hexadecimal(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_64_digits_and_shown_in_lower_case() {
        let digits = "0123456789abcdefABCDEF0123456789".repeat(2);
        let shown = digits.parse::<ModelDigest>().map(|digest| digest.to_string());
        assert_eq!(shown, Ok(format!("sha256:{}", digits.to_ascii_lowercase())));
        for bad in ["", "0", &"g".repeat(64), &"é".repeat(32), &"0".repeat(63), &"0".repeat(65)] {
            assert_eq!(bad.parse::<ModelDigest>(), Err(ModelDigestError), "{bad}");
        }
    }

    #[test]
    fn model_ids_are_short_plain_names() {
        for good in ["smollm2-135m-instruct", "ft:base:suffix:1", "mistralai/Ministral-3B"] {
            assert_eq!(good.parse::<ModelId>().map(|id| id.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", ".hidden", "/etc/passwd", "a/../b", "a b", "é", &"x".repeat(129)] {
            assert!(bad.parse::<ModelId>().is_err(), "{bad}");
        }
    }
}
