//! A text in words, numbers and marks.

use unicode_normalization::UnicodeNormalization;

use crate::{
    characters::{digit, is_apostrophe, is_dash, is_invisible, is_letter},
    document::Span,
};

/// A word, the digits of a number, or one other character.
#[derive(Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    /// Words: normalised and composed, in small letters. Numbers: digits from `0` to `9`.
    pub(super) text: String,
    pub(super) span: Span,
    /// Whether white space stands before it.
    pub(super) gap: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    Word(Shape),
    Number,
    Mark(char),
}

/// How a word is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Without a capital, or in a script that has none.
    Small,
    /// A capital first and only there.
    Capital,
    /// Capitals that are not only the first letter: acronyms.
    Capitals,
    /// Letters and digits: codes.
    Code,
}

impl Token {
    pub(super) fn is_mark(&self, mark: char) -> bool {
        self.kind == TokenKind::Mark(mark)
    }

    pub(super) fn is_number(&self) -> bool {
        self.kind == TokenKind::Number
    }

    pub(super) fn shape(&self) -> Option<Shape> {
        match self.kind {
            TokenKind::Word(shape) => Some(shape),
            TokenKind::Number | TokenKind::Mark(_) => None,
        }
    }

    /// Whether it is one of these words.
    pub(super) fn is_of(&self, words: &[&str]) -> bool {
        self.shape().is_some() && words.contains(&self.text.as_str())
    }
}

/// All tokens of a text, in order.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut rest = text;
    let mut gap = false;
    while let Some(first) = rest.chars().next() {
        let start = text.len() - rest.len();
        let length = token_length(rest, first);
        let (token, after) = rest.split_at(length);
        rest = after;
        if first.is_whitespace() {
            gap = true;
        } else if !is_invisible(first) {
            found.push(token_of(token, first, Span::of(start, start + length), gap));
            gap = false;
        }
    }
    found
}

/// Bytes of the token at the start of `rest`. A word goes on over digits, a number stops before
/// letters: `A320` is one code, `1er` a number and its ending.
fn token_length(rest: &str, first: char) -> usize {
    let goes_on = |c: char| {
        if is_letter(first) {
            is_letter(c) || digit(c).is_some() || is_invisible(c)
        } else {
            digit(c).is_some()
        }
    };
    if !is_invisible(first) && (is_letter(first) || digit(first).is_some()) {
        rest.find(|c: char| !goes_on(c)).unwrap_or(rest.len())
    } else {
        first.len_utf8()
    }
}

fn token_of(token: &str, first: char, span: Span, gap: bool) -> Token {
    if is_letter(first) {
        let text = crate::normalised(token).nfc().collect();
        return Token { kind: TokenKind::Word(shape(token)), text, span, gap };
    }
    if digit(first).is_some() {
        let text = token.chars().filter_map(digit).collect();
        return Token { kind: TokenKind::Number, text, span, gap };
    }
    Token { kind: TokenKind::Mark(mark(first)), text: String::new(), span, gap }
}

fn mark(c: char) -> char {
    if is_dash(c) {
        '-'
    } else if is_apostrophe(c) {
        '\''
    } else if matches!(c, '\u{66A}' | '\u{FF05}') {
        '%'
    } else {
        c
    }
}

fn shape(word: &str) -> Shape {
    let mut capitals = word.chars().map(char::is_uppercase);
    if word.chars().any(|c| digit(c).is_some()) {
        Shape::Code
    } else {
        match (capitals.next().unwrap_or_default(), capitals.any(|capital| capital)) {
            (_, true) => Shape::Capitals,
            (true, false) => Shape::Capital,
            (false, false) => Shape::Small,
        }
    }
}
