//! What is said between the server, the keeper and the holder: a line of JSON each.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use zeroize::Zeroizing;

use super::{TokenError, Which};

#[derive(Deserialize, Serialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(super) enum Task {
    /// Which key it is.
    Identify {
        which: Which,
    },
    Create {
        which: Which,
        id: Bytes,
    },
    Wrap {
        which: Which,
        nonce: Bytes,
        place: Bytes,
        secret: Bytes,
    },
    Unwrap {
        id: Bytes,
        place: Bytes,
        wrapped: Bytes,
    },
    /// Destroys the current key and puts the next one in its place.
    Replace,
}

/// What comes of a task.
pub(super) type Outcome = Result<Done, TokenError>;

#[derive(Deserialize, Serialize)]
#[serde(tag = "done", rename_all = "snake_case")]
pub(super) enum Done {
    Key { id: Bytes },
    Wrapped { id: Bytes, wrapped: Bytes },
    Unwrapped { secret: Bytes },
    Replaced,
}

/// Written as hexadecimal digits; overwritten when it is dropped.
pub(super) struct Bytes(pub(super) Zeroizing<Vec<u8>>);

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = Zeroizing::new(String::with_capacity(2 * self.0.len()));
        for byte in self.0.iter() {
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
            }
        }
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let value = |digit: u8| char::from(digit).to_digit(16).and_then(|v| u8::try_from(v).ok());
        let byte = |pair: &[u8; 2]| Some(value(pair[0])? << 4 | value(pair[1])?);
        let bytes: Option<Vec<u8>> = pairs.iter().map(byte).collect();
        let bytes = bytes.filter(|_| rest.is_empty());
        bytes.map(|bytes| Self(Zeroizing::new(bytes))).ok_or_else(|| D::Error::custom("no digits"))
    }
}

pub(super) fn failed(error: &dyn std::error::Error) -> TokenError {
    // Makers of modules write long messages.
    TokenError::Failed { cause: error.to_string().chars().take(500).collect() }
}

#[cfg(test)]
mod tests {
    use companion::{QUESTION_BYTES_MAX, Reply, line};

    use super::*;

    #[test]
    fn bytes_are_read_as_they_were_written() {
        for bytes in [&b""[..], b"\0", b"\xff\x00\x7f key"] {
            let text = serde_json::to_string(&Bytes::from(bytes)).unwrap();
            let read: Bytes = serde_json::from_str(&text).unwrap();
            assert_eq!(*read.0, bytes);
        }
        for wrong in ["\"0\"", "\"0g\"", "\"é\"", "7"] {
            assert!(serde_json::from_str::<Bytes>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_answer_fits_into_a_line() {
        let cause = "\"".repeat(5000);
        let outcome = Err(failed(&std::io::Error::other(cause)));
        let outcome: Outcome = outcome;
        assert!(line(&Reply { number: u64::MAX, outcome }, QUESTION_BYTES_MAX).is_ok());
    }
}
