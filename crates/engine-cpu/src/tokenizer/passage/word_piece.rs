//! BERT's `WordPiece`: words in lower case without accents, each cut greedily into the longest
//! pieces of the vocabulary.

use std::collections::HashMap;

use unicode_general_category::{GeneralCategory as Category, get_general_category};
use unicode_normalization::UnicodeNormalization as _;

use super::Parts;

/// Stands before pieces that begin a word.
const WORD_START: char = '\u{2581}';
/// A longer word is unknown as a whole.
const WORD_CHARS_MAX: usize = 100;

#[derive(Debug)]
pub(super) struct WordPiece {
    /// Pieces that begin a word begin with [`WORD_START`].
    pieces: HashMap<Box<str>, u32>,
    /// Bytes of the longest piece.
    longest: usize,
    unknown: u32,
}

impl WordPiece {
    pub(super) fn new(parts: &Parts<'_>) -> Self {
        let pieces: HashMap<Box<str>, u32> =
            parts.pieces().map(|(token, text)| (Box::from(text), token)).collect();
        let longest = pieces.keys().map(|text| text.len()).max().unwrap_or(0);
        Self { pieces, longest, unknown: parts.unknown }
    }

    pub(super) fn encode(&self, text: &str, tokens: &mut Vec<u32>) {
        let normal = normalize(text);
        let mut word = String::new();
        for c in normal.chars() {
            let is_punctuation = is_punctuation(c);
            if c.is_whitespace() || is_punctuation {
                self.end_word(&mut word, tokens);
            }
            if is_punctuation {
                word.push(c);
                self.end_word(&mut word, tokens);
            } else if !c.is_whitespace() {
                word.push(c);
            }
        }
        self.end_word(&mut word, tokens);
    }

    fn end_word(&self, word: &mut String, tokens: &mut Vec<u32>) {
        if word.is_empty() {
            return;
        }
        let first = tokens.len();
        if word.chars().count() > WORD_CHARS_MAX || !self.cut(word, tokens) {
            tokens.truncate(first);
            tokens.push(self.unknown);
        }
        word.clear();
    }

    /// `false` when something of the word is no piece.
    fn cut(&self, word: &mut String, tokens: &mut Vec<u32>) -> bool {
        word.insert(0, WORD_START);
        let mut rest = word.as_str();
        while !rest.is_empty() {
            let longest = self.longest.min(rest.len());
            let ends = (1..=longest).rev().filter(|&end| rest.is_char_boundary(end));
            let mut found = ends.filter_map(|end| Some((end, *self.pieces.get(&rest[..end])?)));
            let Some((end, token)) = found.next() else { return false };
            tokens.push(token);
            rest = &rest[end..];
        }
        true
    }
}

/// Cleans, sets Chinese characters apart, takes accents off, in lower case.
fn normalize(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for c in text.chars().filter(|&c| !is_dropped(c)) {
        if c.is_whitespace() {
            cleaned.push(' ');
        } else if is_chinese(c) {
            cleaned.extend([' ', c, ' ']);
        } else {
            cleaned.push(c);
        }
    }
    let is_accent = |c: &char| get_general_category(*c) == Category::NonspacingMark;
    cleaned.nfd().filter(|c| !is_accent(c)).flat_map(char::to_lowercase).collect()
}

fn is_dropped(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => false,
        '\0' | '\u{fffd}' => true,
        _ => matches!(
            get_general_category(c),
            Category::Control | Category::Format | Category::PrivateUse | Category::Unassigned
        ),
    }
}

fn is_punctuation(c: char) -> bool {
    c.is_ascii_punctuation()
        || matches!(
            get_general_category(c),
            Category::ConnectorPunctuation
                | Category::DashPunctuation
                | Category::OpenPunctuation
                | Category::ClosePunctuation
                | Category::InitialPunctuation
                | Category::FinalPunctuation
                | Category::OtherPunctuation
        )
}

/// The blocks that BERT sets apart.
const fn is_chinese(c: char) -> bool {
    matches!(c,
        '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '\u{20000}'..='\u{2a6df}'
        | '\u{2a700}'..='\u{2b73f}' | '\u{2b740}'..='\u{2b81f}' | '\u{2b920}'..='\u{2ceaf}'
        | '\u{f900}'..='\u{faff}' | '\u{2f800}'..='\u{2fa1f}')
}
