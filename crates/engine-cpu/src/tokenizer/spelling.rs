//! How a vocabulary writes its tokens, and in which pieces words begin.

use std::collections::HashMap;

use super::{byte_alphabet, byte_alphabet::ByteOf};

/// What `SentencePiece` writes for a space.
const SPACE: char = '\u{2581}';

/// The two ways, as `tokenizer.ggml.model` names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// `gpt2`: every byte is a printable character.
    ByteAlphabet,
    /// `llama`: text as it is, but for spaces; bytes that are no token's text are `<0x..>`.
    SentencePiece,
}

impl Spelling {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        match name {
            "gpt2" => Some(Self::ByteAlphabet),
            "llama" => Some(Self::SentencePiece),
            _ => None,
        }
    }

    /// The bytes that a token of text stands for.
    pub(super) fn bytes_of(self, text: &str, byte_of: &ByteOf) -> Option<Vec<u8>> {
        match self {
            Self::ByteAlphabet => byte_alphabet::bytes_of(text, byte_of),
            Self::SentencePiece => Some(text.replace(SPACE, " ").into_bytes()),
        }
    }

    /// The tokens of single bytes.
    pub(super) fn byte_texts(self) -> [String; 256] {
        match self {
            Self::ByteAlphabet => byte_alphabet::alphabet().map(String::from),
            Self::SentencePiece => std::array::from_fn(|byte| format!("<0x{byte:02X}>")),
        }
    }

    /// The characters that are tokens; none where words begin as bytes.
    pub(super) fn characters(self, pieces: &HashMap<&str, u32>) -> HashMap<char, u32> {
        match self {
            Self::ByteAlphabet => HashMap::new(),
            Self::SentencePiece => {
                let single = |(text, &token): (&&str, &u32)| {
                    let mut characters = text.chars();
                    let first = characters.next()?;
                    let read = if first == SPACE { ' ' } else { first };
                    characters.next().is_none().then_some((read, token))
                };
                let mut found: HashMap<char, u32> = pieces.iter().filter_map(single).collect();
                // One written in a text is the same token.
                if let Some(&space) = found.get(&' ') {
                    found.insert(SPACE, space);
                }
                found
            }
        }
    }
}

/// The byte that a token like `<0x0A>` stands for.
pub(super) fn byte_of_name(text: &str) -> Option<u8> {
    let digits = text.strip_prefix("<0x")?.strip_suffix('>')?;
    if digits.len() == 2 { u8::from_str_radix(digits, 16).ok() } else { None }
}
