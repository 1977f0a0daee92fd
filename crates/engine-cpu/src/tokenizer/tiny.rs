//! A small vocabulary for tests.

use super::{Tokenizer, TokenizerError, byte_alphabet, spelling::Spelling, vocabulary::Parts};
use crate::gguf::writer::{Writer, Written};

impl<'a> Parts<'a> {
    /// Tokens about which nothing else is said.
    pub(super) fn of(spelling: Spelling, tokens: &'a [String]) -> Self {
        Self {
            spelling,
            pre: "default",
            whole_words: false,
            composes: false,
            space_prefix: false,
            stripping: Vec::new(),
            tokens,
            kinds: None,
            merges: &[],
            scores: Vec::new(),
            bos: None,
            add_bos: false,
            ends: Vec::new(),
        }
    }
}

/// Control tokens 0 to 2, all bytes but 0xff, words made by merges, one user-defined token.
#[derive(Clone, Debug)]
pub(crate) struct Tiny {
    pub(crate) tokens: Vec<String>,
    pub(crate) kinds: Vec<i64>,
    pub(crate) merges: Vec<String>,
}

pub(crate) const END_OF_TEXT: u32 = 0;
pub(crate) const START: u32 = 1;
pub(crate) const END: u32 = 2;

impl Tiny {
    pub(crate) fn new() -> Self {
        let mut tokens =
            ["<|endoftext|>", "<|im_start|>", "<|im_end|>"].map(str::to_owned).to_vec();
        let mut kinds = vec![3; 3];
        tokens.extend(byte_alphabet::alphabet()[..255].iter().map(char::to_string));
        let merges: Vec<String> =
            ["a b", "b c", "ab c", "a a", "aa aa", "Ġ a", "Ġ b", "Ġa bc", "Ã ©", "c c", "b aa"]
                .map(str::to_owned)
                .to_vec();
        tokens.extend(merges.iter().map(|merge| merge.replace(' ', "")));
        tokens.push("[sp]".to_owned());
        kinds.resize(tokens.len() - 1, 1);
        kinds.push(4);
        Self { tokens, kinds, merges }
    }

    pub(super) fn parts(&self) -> Parts<'_> {
        Parts {
            pre: "smollm",
            kinds: Some(self.kinds.clone()),
            merges: &self.merges,
            bos: Some(START),
            ends: vec![("tokenizer.ggml.eos_token_id", END)],
            ..Parts::of(Spelling::ByteAlphabet, &self.tokens)
        }
    }

    pub(crate) fn tokenizer(&self) -> Tokenizer {
        self.tokenizer_with(false)
    }

    pub(crate) fn tokenizer_with(&self, add_bos: bool) -> Tokenizer {
        Tokenizer::from_parts(&Parts { add_bos, ..self.parts() }).unwrap()
    }

    pub(crate) fn error(&self) -> TokenizerError {
        Tokenizer::from_parts(&self.parts()).unwrap_err()
    }

    /// The id of a token, spelled as in the file.
    pub(crate) fn id(&self, spelled: &str) -> u32 {
        let place = self.tokens.iter().position(|token| token == spelled).unwrap();
        u32::try_from(place).unwrap()
    }

    /// The same vocabulary in a file.
    pub(crate) fn gguf(&self) -> Writer {
        let kinds = self.kinds.iter().map(|&kind| i32::try_from(kind).unwrap()).collect();
        Writer::new()
            .with("tokenizer.ggml.model", Written::Text("gpt2"))
            .with("tokenizer.ggml.pre", Written::Text("smollm"))
            .with("tokenizer.ggml.tokens", Written::Texts(self.tokens.clone()))
            .with("tokenizer.ggml.token_type", Written::I32s(kinds))
            .with("tokenizer.ggml.merges", Written::Texts(self.merges.clone()))
            .with("tokenizer.ggml.bos_token_id", Written::U32(START))
            .with("tokenizer.ggml.eos_token_id", Written::U32(END))
            .with("tokenizer.ggml.add_bos_token", Written::Bool(true))
    }
}
