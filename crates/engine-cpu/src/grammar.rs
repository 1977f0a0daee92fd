//! Answers of a given form: a grammar tells which tokens may follow.
//!
//! A form is compiled when a request is prepared, off the engine's thread, and kept for requests
//! of the same form; each generation follows a copy of its own. The tokens that may follow are
//! found on another thread while the model computes ([`MaskThread`]).

mod masks;
mod quotes;
#[cfg(test)]
mod tests;

use std::{
    collections::VecDeque,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use inference::AnswerFormat;
use llguidance::{
    JsonCompileOptions, Matcher, ParserFactory,
    api::{ParserLimits, TopLevelGrammar},
};
use serde_json::Value;
use toktrie::{ApproximateTokEnv, TokEnv, TokRxInfo, TokTrie};

pub(crate) use self::masks::{Constraint, MaskThread, Masks};
use crate::tokenizer::Tokenizer;

/// Compiled forms that are kept; one takes up to a few megabytes.
const COMPILED_MAX: usize = 32;

/// Compiled forms of quotes that are kept. Each is of one request and asked for again only by the
/// generation that follows its preparation, or by several answers to one question.
const QUOTES_MAX: usize = 8;

/// Characters of a reason that callers are told.
const REASON_CHARS_MAX: usize = 300;

/// Between two parts of JSON: what people write there. Where more is allowed, small models write
/// little else.
pub(crate) const JSON_WHITESPACE: &str = r"\x20|\x0A[\x20\x09]{0,40}";

/// What a hostile form may cost: about 10 ms to compile, 15 ms a mask, 20 MB a generation. The
/// figures beside the fields are those of the library's documentation.
const LIMITS: ParserLimits = ParserLimits {
    max_items_in_row: 2_000,
    initial_lexer_fuel: 500_000, // 50,000 a millisecond
    step_lexer_fuel: 200_000,    // 14,000 a millisecond
    step_max_items: 50_000,      // 20,000 a millisecond
    max_lexer_states: 10_000,    // 1 to 2 kB each
    max_grammar_size: 100_000,
    precompute_large_lexemes: true,
    verbose_errors: false,
};

#[derive(Debug, thiserror::Error)]
pub(crate) enum GrammarError {
    #[error("{reason}")]
    Rejected { reason: String },
    #[error("forms cannot be kept with this tokenizer: {detail}")]
    Tokenizer { detail: String },
}

/// The compiled forms of one model.
#[derive(Default)]
pub(crate) struct Grammars {
    /// Made for the first form: it holds the whole vocabulary.
    factory: OnceLock<Result<ParserFactory, String>>,
    compiled: Shelf,
    /// On a shelf of their own: they push out each other, and no form that is asked for again.
    quotes: Shelf,
}

/// The one that was used last stands at the end.
type Shelf = Mutex<VecDeque<(AnswerFormat, Matcher)>>;

impl fmt::Debug for Grammars {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Grammars").finish_non_exhaustive()
    }
}

impl Grammars {
    /// What `take` makes of a form that was compiled now or before; `None` for any text.
    /// `vocabulary` is the number of logits of the model. A generation takes a deep clone: shallow
    /// ones would share, and contend for, what each learns about the vocabulary.
    pub(crate) fn matcher<T>(
        &self,
        format: &AnswerFormat,
        tokenizer: &Tokenizer,
        vocabulary: usize,
        take: impl Fn(&Matcher) -> T,
    ) -> Result<Option<T>, GrammarError> {
        if *format == AnswerFormat::Text {
            return Ok(None);
        }
        if let Some(taken) = self.known(format, &take) {
            return Ok(Some(taken));
        }
        let factory = self.factory.get_or_init(|| factory(tokenizer, vocabulary));
        let factory = factory
            .as_ref()
            .map_err(|detail| GrammarError::Tokenizer { detail: detail.clone() })?;
        let matcher = compile(factory, format)?;
        let taken = take(&matcher);
        let (shelf, most) = self.shelf(format);
        let mut compiled = shelf.lock().unwrap_or_else(PoisonError::into_inner);
        if compiled.len() == most {
            compiled.pop_front();
        }
        compiled.push_back((format.clone(), matcher));
        Ok(Some(taken))
    }

    fn known<T>(&self, format: &AnswerFormat, take: impl Fn(&Matcher) -> T) -> Option<T> {
        let (shelf, _) = self.shelf(format);
        let mut compiled = shelf.lock().unwrap_or_else(PoisonError::into_inner);
        let at = compiled.iter().position(|(known, _)| known == format)?;
        let entry = compiled.remove(at)?;
        let taken = take(&entry.1);
        compiled.push_back(entry);
        Some(taken)
    }

    /// Where a form is kept, and how many are kept there.
    const fn shelf(&self, format: &AnswerFormat) -> (&Shelf, usize) {
        match format {
            AnswerFormat::Quotes(_) => (&self.quotes, QUOTES_MAX),
            AnswerFormat::Text
            | AnswerFormat::Json(_)
            | AnswerFormat::Regex(_)
            | AnswerFormat::Lark(_) => (&self.compiled, COMPILED_MAX),
        }
    }
}

fn factory(tokenizer: &Tokenizer, vocabulary: usize) -> Result<ParserFactory, String> {
    let environment = environment(tokenizer, vocabulary)?;
    let mut factory = ParserFactory::new_simple(&environment).map_err(|error| error.to_string())?;
    *factory.limits_mut() = LIMITS;
    factory.quiet();
    Ok(factory)
}

/// The vocabulary as a tree of bytes.
fn environment(tokenizer: &Tokenizer, vocabulary: usize) -> Result<TokEnv, String> {
    let size = u32::try_from(vocabulary).map_err(|error| error.to_string())?;
    let ends = tokenizer.end_tokens();
    let end = ends.first().ok_or("it has no token that ends an answer")?;
    let words: Vec<Vec<u8>> = (0..size).map(|token| word(tokenizer, token)).collect();
    let trie = TokTrie::from(&TokRxInfo::new(size, *end), &words).with_eos_tokens(ends);
    Ok(Arc::new(ApproximateTokEnv::new(trie)))
}

/// Tokens that steer the conversation are no text, whatever their bytes say.
fn word(tokenizer: &Tokenizer, token: u32) -> Vec<u8> {
    let bytes = tokenizer.token_bytes(token);
    if !tokenizer.is_control(token) {
        return bytes.to_vec();
    }
    let mut word = vec![TokTrie::SPECIAL_TOKEN_MARKER];
    word.extend_from_slice(bytes);
    word
}

fn compile(factory: &ParserFactory, format: &AnswerFormat) -> Result<Matcher, GrammarError> {
    let grammar = grammar(format)?;
    // The library reads what strangers wrote.
    let compiled = catch_unwind(AssertUnwindSafe(|| {
        let mut matcher = Matcher::new(factory.create_parser(grammar));
        let first = matcher.compute_mask_or_eos();
        first.map(|_| matcher)
    }));
    match compiled {
        Ok(Ok(matcher)) => Ok(matcher),
        Ok(Err(error)) => Err(rejected(&error.to_string())),
        Err(_panic) => Err(rejected("it cannot be compiled")),
    }
}

fn grammar(format: &AnswerFormat) -> Result<TopLevelGrammar, GrammarError> {
    match format {
        AnswerFormat::Text => Err(rejected("any text has no grammar")),
        AnswerFormat::Json(schema) => {
            let mut schema: Value =
                serde_json::from_str(schema).map_err(|error| rejected(&error.to_string()))?;
            if !schema.is_object() {
                return Err(rejected("the schema must be an object"));
            }
            let whitespace_pattern = Some(JSON_WHITESPACE.to_owned());
            let options =
                JsonCompileOptions { whitespace_pattern, ..JsonCompileOptions::default() };
            // In place of options that the caller may have written there.
            options.apply_to(&mut schema);
            Ok(TopLevelGrammar::from_json_schema(schema))
        }
        AnswerFormat::Regex(pattern) => Ok(TopLevelGrammar::from_regex(pattern)),
        AnswerFormat::Lark(grammar) => Ok(TopLevelGrammar::from_lark(grammar.to_string())),
        AnswerFormat::Quotes(form) => Ok(TopLevelGrammar::from_lark(quotes::lark(form))),
    }
}

/// The first line says what is wrong; more would be about the library's own state.
fn rejected(error: &str) -> GrammarError {
    let line = error.lines().next().unwrap_or_default();
    GrammarError::Rejected { reason: line.chars().take(REASON_CHARS_MAX).collect() }
}
