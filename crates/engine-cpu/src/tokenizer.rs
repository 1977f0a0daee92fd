//! Byte-level BPE, as GPT-2 introduced it, or `SentencePiece` with scores, from the vocabulary
//! inside a GGUF file.
//!
//! Text is cut at special tokens, then into words ([`words`]), and each word is merged
//! ([`merge`]). Every byte is encodable unless the vocabulary lacks the byte itself: such a byte
//! is dropped, as other implementations do.

mod byte_alphabet;
mod cased;
#[cfg(test)]
mod golden;
mod lines;
mod merge;
mod passage;
mod special;
mod spelling;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod tiny;
mod vocabulary;
mod words;

use std::collections::HashMap;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

pub use self::passage::PassageTokenizer;
pub(crate) use self::special::SpecialMatcher;
use self::{
    merge::{MergeTable, Merger},
    spelling::Spelling,
    vocabulary::{Parts, Vocabulary},
    words::WordRule,
};
use crate::checkpoint::Checkpoint;

/// What special tokens written in a text mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecialTokens {
    /// They become the tokens. Only for text that the program or its template wrote.
    Parse,
    /// They are characters like any other. For everything that a user wrote.
    AsText,
}

/// Why a vocabulary cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenizerError {
    #[error("the model file lacks `{key}`")]
    Missing { key: &'static str },
    #[error("`{key}` is `{found}`, which is not supported; supported: {supported}")]
    Unsupported { key: &'static str, found: String, supported: &'static str },
    #[error("the vocabulary has {tokens} tokens and {kinds} token types")]
    KindCount { tokens: usize, kinds: usize },
    #[error("token type {kind} of token {token} is unknown")]
    Kind { token: usize, kind: i64 },
    #[error("the vocabulary has {tokens} tokens; 1 to {tokens_max} are possible")]
    Size { tokens: usize, tokens_max: usize },
    #[error("merge {rank} `{text}` does not join two tokens of the vocabulary into a third")]
    Merge { rank: usize, text: String },
    #[error("`{key}` names token {token} of {tokens}")]
    TokenId { key: &'static str, token: u32, tokens: usize },
    #[error("`{key}` is damaged")]
    Damaged { key: &'static str },
    #[error("special token {token} has {bytes} bytes; 1 to {bytes_max} are possible")]
    SpecialLength { token: u32, bytes: usize, bytes_max: usize },
}

/// Turns text into tokens and tokens into bytes.
#[derive(Debug)]
pub struct Tokenizer {
    vocabulary: Vocabulary,
    merges: MergeTable,
    word_rule: WordRule,
    /// Words that are tokens, whatever the merges would make of them.
    whole_words: HashMap<Box<[u8]>, u32>,
    /// Marks are joined with the letters before them where Unicode has such a letter.
    composes: bool,
    /// A space is put before every text that begins or follows a special token.
    space_prefix: bool,
    /// Special tokens that take the white space behind them away; sorted.
    stripping: Vec<u32>,
    /// Every special token.
    all_special: SpecialMatcher,
    /// Special tokens that stand for plain text, such as runs of spaces: no harm in typing them.
    textual_special: SpecialMatcher,
    /// Special tokens that structure a conversation: users must not be able to write them.
    structural_special: SpecialMatcher,
}

impl Tokenizer {
    pub fn from_checkpoint(file: &Checkpoint) -> Result<Self, TokenizerError> {
        Self::from_parts(&Parts::from_checkpoint(file)?)
    }

    fn from_parts(parts: &Parts<'_>) -> Result<Self, TokenizerError> {
        let word_rule = match parts.spelling {
            Spelling::ByteAlphabet => WordRule::from_name(parts.pre)?,
            Spelling::SentencePiece => WordRule::Whole,
        };
        let vocabulary = Vocabulary::new(parts)?;
        let merges = MergeTable::new(parts, &vocabulary)?;
        let whole_words = if parts.whole_words { vocabulary.whole_words() } else { HashMap::new() };
        let special = |wanted: fn(&Vocabulary, u32) -> bool| {
            SpecialMatcher::new(
                (0_u32..)
                    .zip(parts.tokens)
                    .filter(|&(id, _)| wanted(&vocabulary, id))
                    .map(|(id, text)| (id, text.as_str())),
            )
        };
        Ok(Self {
            all_special: special(Vocabulary::is_special)?,
            textual_special: special(|vocabulary, id| {
                vocabulary.is_special(id) && !vocabulary.is_structural(id)
            })?,
            structural_special: special(Vocabulary::is_structural)?,
            vocabulary,
            merges,
            word_rule,
            composes: parts.composes,
            space_prefix: parts.space_prefix,
            stripping: parts.stripping.clone(),
            whole_words,
        })
    }

    /// The tokens of `text`, which begins a prompt or follows a special token; adds none at its
    /// start or end.
    pub fn encode(&self, text: &str, special: SpecialTokens) -> Vec<u32> {
        self.encode_after(text, special, |_| self.space_prefix)
    }

    /// The same for what a template wrote: templates of Mistral write the space behind a special
    /// token themselves, and no other may come before it.
    pub(crate) fn encode_rendered(&self, text: &str, special: SpecialTokens) -> Vec<u32> {
        self.encode_after(text, special, |text| self.space_prefix && !text.starts_with(' '))
    }

    /// The same for a part of a text that is cut: no space comes before it.
    pub(crate) fn encode_unspaced(&self, text: &str) -> Vec<u32> {
        self.encode_after(text, SpecialTokens::AsText, |_| false)
    }

    /// `prefixes` says whether a space is put before a text.
    fn encode_after(
        &self,
        text: &str,
        special: SpecialTokens,
        prefixes: impl Fn(&str) -> bool,
    ) -> Vec<u32> {
        let matcher = match special {
            SpecialTokens::Parse => &self.all_special,
            SpecialTokens::AsText => &self.textual_special,
        };
        let mut tokens = Vec::with_capacity(text.len() / 3 + 1);
        let mut merger = Merger::new(&self.merges);
        let mut plain_start = 0;
        for found in matcher.find_all(text) {
            // White space that was taken away may itself be a token.
            if found.start < plain_start {
                continue;
            }
            let plain = &text[plain_start..found.start];
            self.encode_plain(plain, prefixes(plain), &mut merger, &mut tokens);
            tokens.push(found.token);
            plain_start = found.end;
            if self.strips(found.token) {
                plain_start = text.len() - text[found.end..].trim_start().len();
            }
        }
        let plain = &text[plain_start..];
        self.encode_plain(plain, prefixes(plain), &mut merger, &mut tokens);
        tokens
    }

    fn encode_plain(
        &self,
        text: &str,
        prefix: bool,
        merger: &mut Merger<'_>,
        tokens: &mut Vec<u32>,
    ) {
        let composed;
        let text = if self.composes && is_nfc_quick(text.chars()) != IsNormalized::Yes {
            composed = text.nfc().collect::<String>();
            composed.as_str()
        } else {
            text
        };
        let prefixed;
        let text = if prefix && !text.is_empty() {
            prefixed = format!(" {text}");
            prefixed.as_str()
        } else {
            text
        };
        for word in self.word_rule.words(text) {
            match self.whole_words.get(word.as_bytes()) {
                Some(&token) => tokens.push(token),
                None => merger.encode(word, tokens),
            }
        }
    }

    /// The bytes that a token stands for; empty for an id outside the vocabulary.
    pub fn token_bytes(&self, token: u32) -> &[u8] {
        self.vocabulary.token_bytes(token)
    }

    /// Whether a token steers the conversation and is never shown.
    pub fn is_control(&self, token: u32) -> bool {
        self.vocabulary.is_control(token)
    }

    /// Whether a token takes the white space behind it away.
    pub(crate) fn strips(&self, token: u32) -> bool {
        self.stripping.binary_search(&token).is_ok()
    }

    /// The control token that is spelled so.
    pub(crate) fn control_token(&self, text: &str) -> Option<u32> {
        let found = self.structural_special.match_at(text, 0)?;
        (found.end == text.len() && self.is_control(found.token)).then_some(found.token)
    }

    /// The special token that is spelled so, whatever its kind.
    pub(crate) fn special_token(&self, text: &str) -> Option<u32> {
        let found = self.all_special.match_at(text, 0)?;
        (found.end == text.len()).then_some(found.token)
    }

    /// Tokens that end an answer: end of sequence first, then ends of turn.
    pub fn end_tokens(&self) -> &[u32] {
        self.vocabulary.end_tokens()
    }

    /// The number of tokens in the vocabulary, never 0.
    #[expect(clippy::len_without_is_empty, reason = "a vocabulary is never empty")]
    pub fn len(&self) -> usize {
        self.vocabulary.len()
    }

    /// The token that starts a sequence.
    pub fn bos(&self) -> Option<u32> {
        self.vocabulary.bos()
    }

    /// Whether a prompt has to start with [`Self::bos`].
    pub fn add_bos(&self) -> bool {
        self.vocabulary.add_bos()
    }

    /// The special tokens that only a chat template may write.
    pub(crate) fn structural_special(&self) -> &SpecialMatcher {
        &self.structural_special
    }
}
