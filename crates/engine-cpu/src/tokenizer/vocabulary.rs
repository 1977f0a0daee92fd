//! The tokens themselves: their bytes, their kinds, and the few that mean something.

use std::collections::HashMap;

use super::{
    TokenizerError,
    byte_alphabet::ByteOf,
    spelling::{Spelling, byte_of_name},
};
use crate::checkpoint::Checkpoint;

/// Real vocabularies have up to 262,144 tokens.
const TOKENS_MAX: usize = 1 << 24;

/// Names under which models end their turn, beside the ids that the file declares.
const END_NAMES: [&str; 9] = [
    "<|im_end|>",
    "<|endoftext|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end|>",
    "<|end_of_text|>",
    "<|return|>",
    "<end_of_turn>",
    "<end_of_utterance>",
];

/// What the file says about its tokenizer.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is what a file says by itself")]
pub(super) struct Parts<'a> {
    pub(super) spelling: Spelling,
    /// Names the rule for words; of no meaning where there are none.
    pub(super) pre: &'a str,
    /// A word that is a token is not merged.
    pub(super) whole_words: bool,
    /// Texts are brought to the form NFC.
    pub(super) composes: bool,
    /// A space is put before every text.
    pub(super) space_prefix: bool,
    /// Special tokens that take the white space behind them away; sorted.
    pub(super) stripping: Vec<u32>,
    pub(super) tokens: &'a [String],
    /// Without kinds all tokens are normal.
    pub(super) kinds: Option<Vec<i64>>,
    pub(super) merges: &'a [String],
    /// How much each token is wanted, where nothing lists the merges.
    pub(super) scores: Vec<f32>,
    pub(super) bos: Option<u32>,
    pub(super) add_bos: bool,
    /// Declared ends: their key and token.
    pub(super) ends: Vec<(&'static str, u32)>,
}

impl<'a> Parts<'a> {
    pub(super) fn from_checkpoint(file: &'a Checkpoint) -> Result<Self, TokenizerError> {
        const MODEL: &str = "tokenizer.ggml.model";
        const PREFIX: &str = "tokenizer.ggml.add_space_prefix";
        const SCORES: &str = "tokenizer.ggml.scores";
        const MERGES: &str = "tokenizer.ggml.merges";
        const PRE: &str = "tokenizer.ggml.pre";
        const COMPOSE: &str = "tokenizer.ggml.compose";
        const WHOLE: &str = "tokenizer.ggml.ignore_merges";
        let missing = |key| TokenizerError::Missing { key };
        let model = file.text(MODEL).ok_or(missing(MODEL))?;
        let unsupported = |key, found: &str, supported| TokenizerError::Unsupported {
            key,
            found: found.to_owned(),
            supported,
        };
        let spelling =
            Spelling::from_name(model).ok_or_else(|| unsupported(MODEL, model, "gpt2, llama"))?;
        let tokens = "tokenizer.ggml.tokens";
        let tokens = file.texts(tokens).ok_or(missing(tokens))?;
        let space_prefix = spelling == Spelling::SentencePiece && file.bool(PREFIX) != Some(false);
        let (pre, merges, scores) = match spelling {
            Spelling::ByteAlphabet => {
                let pre = file.text(PRE).ok_or(missing(PRE))?;
                (pre, file.texts(MERGES).ok_or(missing(MERGES))?, Vec::new())
            }
            Spelling::SentencePiece => {
                let scores = file.floats(SCORES).filter(|scores| scores.len() == tokens.len());
                match (scores, file.texts(MERGES)) {
                    (Some(scores), _) => ("", &[][..], scores),
                    // What scores stand for, listed.
                    (None, Some(merges)) => ("", merges, Vec::new()),
                    (None, None) => return Err(missing(SCORES)),
                }
            }
        };
        let kinds = file.ints("tokenizer.ggml.token_type");
        let end_keys = [
            "tokenizer.ggml.eos_token_id",
            "tokenizer.ggml.eot_token_id",
            "tokenizer.ggml.eom_token_id",
        ];
        Ok(Self {
            spelling,
            pre,
            // Files do not say it; those who made these vocabularies do.
            whole_words: file.bool(WHOLE).unwrap_or(matches!(pre, "llama-bpe" | "tekken")),
            // Conversions leave this step out, which those who made the vocabulary have.
            composes: file.bool(COMPOSE).unwrap_or(pre == "qwen2"),
            space_prefix,
            stripping: stripping(file, tokens, kinds.as_deref(), spelling),
            tokens,
            kinds,
            merges,
            scores,
            bos: file.u32("tokenizer.ggml.bos_token_id"),
            add_bos: file.bool("tokenizer.ggml.add_bos_token").unwrap_or(false),
            ends: end_keys
                .into_iter()
                .filter_map(|key| Some((key, file.u32(key)?)))
                .chain(listed_ends(file))
                .collect(),
        })
    }
}

/// A directory names them. No GGUF file does: those of Phi 3 with the vocabulary of Llama 2 are known.
fn stripping(
    file: &Checkpoint,
    tokens: &[String],
    kinds: Option<&[i64]>,
    spelling: Spelling,
) -> Vec<u32> {
    const KEPT: [&str; 3] = ["<unk>", "<s>", "<|endoftext|>"];
    if let Some(listed) = file.ints("tokenizer.ggml.stripping_tokens") {
        let mut listed: Vec<u32> = listed.into_iter().flat_map(u32::try_from).collect();
        listed.sort_unstable();
        return listed;
    }
    if file.architecture() != "phi3" || spelling != Spelling::SentencePiece {
        return Vec::new();
    }
    let special = |kind: i64| {
        matches!(TokenKind::from_number(kind), Some(TokenKind::Control | TokenKind::UserDefined))
    };
    let all = (0_u32..).zip(tokens.iter().zip(kinds.unwrap_or_default()));
    all.filter(|(_, (text, kind))| special(**kind) && !KEPT.contains(&text.as_str()))
        .map(|(id, _)| id)
        .collect()
}

/// A directory may name any number of ends.
fn listed_ends(file: &Checkpoint) -> impl Iterator<Item = (&'static str, u32)> {
    const ENDS: &str = "tokenizer.ggml.end_token_ids";
    let listed = file.ints(ENDS).unwrap_or_default();
    listed.into_iter().filter_map(|token| Some((ENDS, u32::try_from(token).ok()?)))
}

/// Kinds of tokens, numbered as in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TokenKind {
    Normal,
    Unknown,
    Control,
    UserDefined,
    Unused,
    Byte,
}

impl TokenKind {
    fn from_number(number: i64) -> Option<Self> {
        Some(match number {
            1 => Self::Normal,
            2 => Self::Unknown,
            3 => Self::Control,
            4 => Self::UserDefined,
            5 => Self::Unused,
            6 => Self::Byte,
            _ => return None,
        })
    }
}

#[derive(Debug)]
pub(super) struct Vocabulary {
    kinds: Vec<TokenKind>,
    structural: Vec<bool>,
    bytes: Vec<u8>,
    /// Token `i` is `bytes[starts[i]..starts[i + 1]]`.
    starts: Vec<usize>,
    end_tokens: Vec<u32>,
    bos: Option<u32>,
    add_bos: bool,
}

impl Vocabulary {
    pub(super) fn new(parts: &Parts<'_>) -> Result<Self, TokenizerError> {
        let tokens = parts.tokens.len();
        if tokens == 0 || tokens > TOKENS_MAX {
            return Err(TokenizerError::Size { tokens, tokens_max: TOKENS_MAX });
        }
        let mut kinds = kinds(parts)?;
        let bos = parts.bos.iter().map(|&token| ("tokenizer.ggml.bos_token_id", token));
        for (key, token) in bos.chain(parts.ends.iter().copied()) {
            if token as usize >= tokens {
                return Err(TokenizerError::TokenId { key, token, tokens });
            }
        }
        let end_tokens = end_tokens(parts, &kinds);
        // Files exist that declare their end of turn as an ordinary token; it must not be shown,
        // and users must not be able to type it.
        for &token in end_tokens.iter().chain(&parts.bos) {
            kinds[token as usize] = TokenKind::Control;
        }
        let structural = kinds
            .iter()
            .zip(parts.tokens)
            .map(|(kind, text)| match kind {
                TokenKind::Control | TokenKind::Unknown => true,
                TokenKind::UserDefined => text.starts_with("<|") && text.ends_with("|>"),
                TokenKind::Normal | TokenKind::Unused | TokenKind::Byte => false,
            })
            .collect();
        let (bytes, starts) = token_bytes(parts, &kinds);
        let (bos, add_bos) = (parts.bos, parts.add_bos && parts.bos.is_some());
        Ok(Self { kinds, structural, bytes, starts, end_tokens, bos, add_bos })
    }

    pub(super) fn len(&self) -> usize {
        self.kinds.len()
    }

    pub(super) fn token_bytes(&self, token: u32) -> &[u8] {
        match self.starts.get(token as usize..) {
            Some([start, end, ..]) => &self.bytes[*start..*end],
            _ => &[],
        }
    }

    pub(super) fn is_control(&self, token: u32) -> bool {
        matches!(self.kinds.get(token as usize), Some(TokenKind::Control | TokenKind::Unknown))
    }

    /// Matched in text before words are cut.
    pub(super) fn is_special(&self, token: u32) -> bool {
        self.is_control(token)
            || matches!(self.kinds.get(token as usize), Some(TokenKind::UserDefined))
    }

    /// Special, and only a template may write it.
    pub(super) fn is_structural(&self, token: u32) -> bool {
        self.structural.get(token as usize).copied().unwrap_or(false)
    }

    pub(super) fn end_tokens(&self) -> &[u32] {
        &self.end_tokens
    }

    pub(super) fn bos(&self) -> Option<u32> {
        self.bos
    }

    pub(super) fn add_bos(&self) -> bool {
        self.add_bos
    }

    /// Tokens by their bytes, without those that a text cannot spell; of equals the first.
    pub(super) fn whole_words(&self) -> HashMap<Box<[u8]>, u32> {
        let mut words = HashMap::with_capacity(self.len());
        for token in (0_u32..).take(self.len()) {
            if matches!(self.kinds[token as usize], TokenKind::Normal | TokenKind::UserDefined)
                && !self.is_structural(token)
            {
                words.entry(self.token_bytes(token).into()).or_insert(token);
            }
        }
        words
    }

    /// Spelled tokens that words are made of. Control tokens are left out: no merge can make one.
    pub(super) fn word_pieces<'a>(&self, tokens: &'a [String]) -> HashMap<&'a str, u32> {
        (0_u32..)
            .zip(tokens)
            .filter(|&(id, _)| !self.is_structural(id))
            .map(|(id, text)| (text.as_str(), id))
            .collect()
    }
}

fn kinds(parts: &Parts<'_>) -> Result<Vec<TokenKind>, TokenizerError> {
    let tokens = parts.tokens.len();
    let Some(numbers) = &parts.kinds else { return Ok(vec![TokenKind::Normal; tokens]) };
    if numbers.len() != tokens {
        return Err(TokenizerError::KindCount { tokens, kinds: numbers.len() });
    }
    let known = |(token, &kind): (usize, &i64)| {
        TokenKind::from_number(kind).ok_or(TokenizerError::Kind { token, kind })
    };
    numbers.iter().enumerate().map(known).collect()
}

fn end_tokens(parts: &Parts<'_>, kinds: &[TokenKind]) -> Vec<u32> {
    let declared = parts.ends.iter().map(|&(_, token)| token);
    let named = (0_u32..).zip(parts.tokens.iter().zip(kinds)).filter_map(|(id, (text, kind))| {
        let special = matches!(kind, TokenKind::Control | TokenKind::UserDefined);
        (special && END_NAMES.contains(&text.as_str())).then_some(id)
    });
    let mut ends = Vec::new();
    for token in declared.chain(named) {
        if !ends.contains(&token) {
            ends.push(token);
        }
    }
    ends
}

/// Words are spelled in the byte alphabet, special tokens as they are.
fn token_bytes(parts: &Parts<'_>, kinds: &[TokenKind]) -> (Vec<u8>, Vec<usize>) {
    let tokens = parts.tokens;
    let byte_of = ByteOf::new();
    let mut bytes = Vec::with_capacity(tokens.iter().map(String::len).sum());
    let mut starts = Vec::with_capacity(tokens.len() + 1);
    starts.push(0);
    for (text, kind) in tokens.iter().zip(kinds) {
        let decoded = match kind {
            TokenKind::Byte if parts.spelling == Spelling::SentencePiece => {
                byte_of_name(text).map(|byte| vec![byte])
            }
            TokenKind::Normal | TokenKind::Unused | TokenKind::Byte => {
                parts.spelling.bytes_of(text, &byte_of)
            }
            // Runs of spaces are such tokens in some vocabularies.
            TokenKind::UserDefined if parts.spelling == Spelling::SentencePiece => {
                parts.spelling.bytes_of(text, &byte_of)
            }
            TokenKind::Unknown | TokenKind::Control | TokenKind::UserDefined => None,
        };
        match decoded {
            Some(decoded) => bytes.extend_from_slice(&decoded),
            None => bytes.extend_from_slice(text.as_bytes()),
        }
        starts.push(bytes.len());
    }
    (bytes, starts)
}
