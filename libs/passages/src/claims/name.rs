//! Names, told by their capitals.

use unicode_normalization::UnicodeNormalization;

use super::{
    Found,
    scan::Fact,
    token::{Shape, Token},
    vocabulary::{GERMAN_WORDS, NO_NAMES},
};
use crate::sentences;

/// One word in so many is one of the commonest of German, at least, in a German text.
const GERMAN_SHARE: usize = 8;

/// The names of a statement that are no part of another fact.
pub(super) fn names(statement: &str, tokens: &[Token], others: &[Found]) -> Vec<Found> {
    let starts = starts(statement, tokens);
    let rules = Rules { german: is_german(tokens), capitals: has_capitals(statement) };
    let mut free = vec![true; tokens.len()];
    for found in others {
        if let Some(taken) = free.get_mut(found.first..found.end.min(tokens.len())) {
            taken.fill(false);
        }
    }
    let named = |at: &usize| is_name(tokens, *at, &starts, rules);
    let free = free.into_iter().enumerate().filter_map(|(at, is_free)| is_free.then_some(at));
    free.filter(named)
        .filter_map(|first| {
            let word = plain(&tokens.get(first)?.text);
            Some(Found { fact: Fact::Name(word), first, end: first + 1 })
        })
        .collect()
}

/// How names are told in a statement.
#[derive(Clone, Copy)]
struct Rules {
    /// Every noun has a capital, so only two words with capitals are a name.
    german: bool,
    /// The script has capitals; in others, words in Latin letters are names.
    capitals: bool,
}

fn is_name(tokens: &[Token], at: usize, starts: &[usize], rules: Rules) -> bool {
    let Some(token) = tokens.get(at) else { return false };
    if token.text.chars().nth(1).is_none() || token.is_of(&NO_NAMES) {
        return false;
    }
    let begins = starts.binary_search(&at).is_ok();
    match token.shape() {
        Some(Shape::Capitals) => true,
        Some(Shape::Capital) if begins => false,
        Some(Shape::Capital) => !rules.german || has_neighbour(tokens, at, starts),
        Some(Shape::Small) => !rules.capitals && token.text.starts_with(|c: char| c.is_ascii()),
        Some(Shape::Code) | None => false,
    }
}

/// Whether the word before or after has a capital too, and that not for beginning a sentence.
fn has_neighbour(tokens: &[Token], at: usize, starts: &[usize]) -> bool {
    let capital = |at: usize| {
        starts.binary_search(&at).is_err()
            && tokens.get(at).is_some_and(|token| token.shape() == Some(Shape::Capital))
    };
    capital(at + 1) || at.checked_sub(1).is_some_and(capital)
}

/// Indexes of the tokens that begin a sentence, or what is quoted or listed in one, in order.
fn starts(statement: &str, tokens: &[Token]) -> Vec<usize> {
    let sentences = sentences::prose(statement);
    let mut sentence = sentences.iter().map(|span| span.start).peekable();
    let mut found = Vec::new();
    let mut pending = true;
    for (index, token) in tokens.iter().enumerate() {
        while sentence.next_if(|start| *start <= token.span.start).is_some() {
            pending = true;
        }
        let opens = ['"', '«', '\u{201C}', '\u{201E}', ':', '•'];
        pending |= opens.into_iter().any(|mark| token.is_mark(mark));
        if token.shape().is_some() && pending {
            found.push(index);
            pending = false;
        }
    }
    found
}

fn is_german(tokens: &[Token]) -> bool {
    let words = tokens.iter().filter(|token| token.shape().is_some()).count();
    let known = tokens.iter().filter(|token| token.is_of(&GERMAN_WORDS)).count();
    known > 0 && known * GERMAN_SHARE >= words
}

/// Whether most letters are of scripts with capitals.
fn has_capitals(text: &str) -> bool {
    let cased = |c: char| c.is_lowercase() || c.is_uppercase();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    text.chars().filter(|c| cased(*c)).count() * 2 >= letters
}

/// A normalised word without the accents of Latin letters, which capitals often go without.
pub(super) fn plain(word: &str) -> String {
    word.nfd().filter(|c| !matches!(c, '\u{300}'..='\u{36F}')).collect()
}

/// A name as it may stand in a quote: with and without the `s` of a genitive.
pub(super) fn forms(name: &str) -> Vec<String> {
    let mut forms = vec![name.to_owned(), format!("{name}s")];
    forms.extend(name.strip_suffix('s').map(str::to_owned));
    forms
}
