//! Tokenizers of models that read passages: `Unigram` as XLM-R has it, `WordPiece` as BERT.
//!
//! What a text says is never a special token here: only the beginning and the end are marked, and
//! this does it.

mod charsmap;
#[cfg(test)]
mod tests;
mod unigram;
mod word_piece;

use self::{charsmap::Charsmap, unigram::Unigram, word_piece::WordPiece};
use super::TokenizerError;
use crate::checkpoint::Checkpoint;

/// Real vocabularies have up to 262,144 tokens.
const TOKENS_MAX: usize = 1 << 24;

/// Turns a passage into the tokens of an encoder.
#[derive(Debug)]
pub struct PassageTokenizer {
    rule: Rule,
    start: u32,
    end: u32,
    tokens: usize,
}

#[derive(Debug)]
enum Rule {
    Unigram(Unigram),
    WordPiece(WordPiece),
}

/// The kinds of tokens that texts are made of.
const NORMAL: i64 = 1;
const USER_DEFINED: i64 = 4;

impl PassageTokenizer {
    /// Reads the vocabulary of a GGUF file whose tokenizer is `t5` (Unigram) or `bert`
    /// (`WordPiece`).
    ///
    /// # Errors
    /// [`TokenizerError`]: the file lacks something, or names what is not supported.
    pub fn from_checkpoint(file: &Checkpoint) -> Result<Self, TokenizerError> {
        const MODEL: &str = "tokenizer.ggml.model";
        let missing = |key| TokenizerError::Missing { key };
        let model = file.text(MODEL).ok_or(missing(MODEL))?;
        let tokens = "tokenizer.ggml.tokens";
        let tokens = file.texts(tokens).ok_or(missing(tokens))?;
        if tokens.is_empty() || tokens.len() > TOKENS_MAX {
            let (tokens, tokens_max) = (tokens.len(), TOKENS_MAX);
            return Err(TokenizerError::Size { tokens, tokens_max });
        }
        let named = |keys: &[&'static str]| named_token(file, keys, tokens.len());
        let parts = Parts {
            tokens,
            kinds: kinds(file, tokens.len())?,
            unknown: named(&["tokenizer.ggml.unknown_token_id"])?,
        };
        let rule = match model {
            "t5" => Rule::Unigram(unigram(file, &parts)?),
            "bert" => Rule::WordPiece(WordPiece::new(&parts)),
            _ => {
                let supported = "t5, bert (in models that embed)";
                let found = model.to_owned();
                return Err(TokenizerError::Unsupported { key: MODEL, found, supported });
            }
        };
        Ok(Self {
            rule,
            start: named(&["tokenizer.ggml.bos_token_id", "tokenizer.ggml.cls_token_id"])?,
            end: named(&[
                "tokenizer.ggml.seperator_token_id",
                "tokenizer.ggml.eos_token_id",
                "tokenizer.ggml.separator_token_id",
            ])?,
            tokens: tokens.len(),
        })
    }

    /// The tokens of a text, between those that mark its beginning and its end.
    pub fn encode(&self, text: &str) -> Vec<u32> {
        let mut tokens = Vec::with_capacity(text.len() / 3 + 2);
        tokens.push(self.start);
        match &self.rule {
            Rule::Unigram(unigram) => unigram.encode(text, &mut tokens),
            Rule::WordPiece(pieces) => pieces.encode(text, &mut tokens),
        }
        tokens.push(self.end);
        tokens
    }

    /// Marks beginning and end of tokens that somebody else made, where they are not marked.
    pub fn mark(&self, mut tokens: Vec<u32>) -> Vec<u32> {
        if tokens.first() != Some(&self.start) {
            tokens.insert(0, self.start);
        }
        if tokens.len() < 2 || tokens.last() != Some(&self.end) {
            tokens.push(self.end);
        }
        tokens
    }

    /// Cuts tokens to a number of them, two or more; the end stays marked.
    pub fn cut(&self, tokens: &mut Vec<u32>, most: usize) {
        if tokens.len() > most {
            tokens.truncate(most.max(2) - 1);
            tokens.push(self.end);
        }
    }

    /// The number of tokens in the vocabulary, never 0.
    #[expect(clippy::len_without_is_empty, reason = "a vocabulary is never empty")]
    pub fn len(&self) -> usize {
        self.tokens
    }
}

/// What both rules need.
struct Parts<'a> {
    tokens: &'a [String],
    kinds: Option<Vec<i64>>,
    unknown: u32,
}

impl<'a> Parts<'a> {
    /// The tokens that texts are made of.
    fn pieces(&self) -> impl Iterator<Item = (u32, &'a str)> {
        let kinds = self.kinds.as_deref();
        let is_piece = move |id: u32| {
            kinds.is_none_or(|kinds| matches!(kinds[id as usize], NORMAL | USER_DEFINED))
        };
        let named = (0_u32..).zip(self.tokens).map(|(id, text)| (id, text.as_str()));
        named.filter(move |&(id, text)| is_piece(id) && id != self.unknown && !text.is_empty())
    }
}

fn kinds(file: &Checkpoint, tokens: usize) -> Result<Option<Vec<i64>>, TokenizerError> {
    let Some(kinds) = file.ints("tokenizer.ggml.token_type") else { return Ok(None) };
    if kinds.len() != tokens {
        return Err(TokenizerError::KindCount { tokens, kinds: kinds.len() });
    }
    Ok(Some(kinds))
}

/// The token under the first of these keys that the file has.
fn named_token(
    file: &Checkpoint,
    keys: &[&'static str],
    tokens: usize,
) -> Result<u32, TokenizerError> {
    let found = keys.iter().find_map(|&key| Some((key, file.u32(key)?)));
    let Some((key, token)) = found else {
        return Err(TokenizerError::Missing { key: keys.first().copied().unwrap_or_default() });
    };
    if token as usize >= tokens {
        return Err(TokenizerError::TokenId { key, token, tokens });
    }
    Ok(token)
}

fn unigram(file: &Checkpoint, parts: &Parts<'_>) -> Result<Unigram, TokenizerError> {
    const SCORES: &str = "tokenizer.ggml.scores";
    const CHARSMAP: &str = "tokenizer.ggml.precompiled_charsmap";
    let scores = file.floats(SCORES).filter(|scores| scores.len() == parts.tokens.len());
    let scores = scores.ok_or(TokenizerError::Missing { key: SCORES })?;
    let charsmap = match file.ints(CHARSMAP) {
        None => Charsmap::default(),
        Some(bytes) => {
            // Stored as bytes, signed or not.
            let bytes: Vec<u8> = bytes.iter().map(|byte| byte.to_le_bytes()[0]).collect();
            Charsmap::read(&bytes).ok_or(TokenizerError::Damaged { key: CHARSMAP })?
        }
    };
    Ok(Unigram::new(parts, &scores, charsmap))
}
