//! Where a sentence goes on although Unicode would end it.

use super::abbreviations::{
    ALWAYS, BEFORE_NUMBERS, ORDINAL_NOUNS, ORDINAL_WORDS, STARTERS, UNLESS_STARTER,
};
use crate::characters::{digit, is_letter, is_mark, is_word};

/// Letters of a part of an abbreviation such as `U.S.` or `कि.मी.`, at most.
const PART_CHARACTERS_MAX: usize = 4;

/// How far is looked around a boundary, in bytes, so that texts made to be slow are not.
const NEAR_BYTES: usize = 256;

/// The boundary after marks that close what the sentence before it opened: `« Oui ! »`.
pub(super) fn past_closing(text: &str, boundary: usize) -> usize {
    let mut end = boundary;
    loop {
        let rest = text.get(end..).unwrap_or_default();
        let Some(close) = rest.chars().next().filter(|c| is_closing(*c)) else { return end };
        let after = rest.get(close.len_utf8()..).unwrap_or_default();
        if after.chars().next().is_some_and(is_word) {
            return end;
        }
        end = text.len() - after.trim_start().len();
    }
}

/// Whether what stands after a boundary belongs to the sentence before it.
pub(super) fn goes_on(sentence: &str, after: &str) -> bool {
    if sentence.len() <= NEAR_BYTES && !sentence.chars().any(is_word) {
        return true;
    }
    let body = sentence.trim_end_matches(|c: char| c.is_whitespace() || is_closing(c) || c == '"');
    let next = Next::of(after);
    match body.chars().next_back() {
        Some('.') => {
            let parted = sentence.ends_with(char::is_whitespace);
            !parted || next.is_small || after_full_stop(body, &next)
        }
        Some('!' | '?' | '…') => next.is_small,
        Some(_) | None => false,
    }
}

fn is_closing(c: char) -> bool {
    matches!(c, '»' | '›' | '\u{201D}' | '\u{2019}' | ')' | ']' | '}')
}

/// The first word after a boundary.
struct Next<'a> {
    word: &'a str,
    is_small: bool,
    is_number: bool,
}

impl<'a> Next<'a> {
    fn of(after: &'a str) -> Self {
        let (near, _) = after.split_at(after.floor_char_boundary(NEAR_BYTES));
        let (_, text) = near.split_at(near.find(is_word).unwrap_or(near.len()));
        let word = text.split(|c: char| !is_word(c)).next().unwrap_or_default();
        let first = word.chars().next();
        Self {
            word,
            is_small: first.is_some_and(char::is_lowercase),
            is_number: first.is_some_and(|c| digit(c).is_some()),
        }
    }

    fn is_in(&self, words: &[&str]) -> bool {
        words.contains(&self.word.to_lowercase().as_str())
    }
}

/// Whether the full stop at the end of `body` belongs to an abbreviation or a number.
fn after_full_stop(body: &str, next: &Next<'_>) -> bool {
    let without = body.strip_suffix('.').unwrap_or(body);
    if without.ends_with('.') {
        return false;
    }
    if is_enumeration(body) {
        return true;
    }
    let (earlier, last) = last_word(without);
    let (_, previous) = last_word(earlier.trim_end());
    if !last.is_empty() && last.chars().all(|c| digit(c).is_some()) {
        return is_ordinal(last, previous, next);
    }
    is_abbreviation(previous, last, next)
}

/// Splits off the last word, with the full stops and hyphens in it.
fn last_word(text: &str) -> (&str, &str) {
    let inside = |c: char| is_word(c) || matches!(c, '.' | '-' | '\u{640}');
    let start = text.len()
        - text.chars().rev().take_while(|c| inside(*c)).map(char::len_utf8).sum::<usize>();
    text.split_at_checked(start).unwrap_or((text, ""))
}

fn is_abbreviation(previous: &str, last: &str, next: &Next<'_>) -> bool {
    let word = last.to_lowercase();
    let pair =
        if previous.ends_with('.') { previous.to_lowercase() + &word } else { String::new() };
    if ALWAYS.contains(&word.as_str()) || ALWAYS.contains(&pair.as_str()) || last == "M" {
        return true;
    }
    if next.is_number && (BEFORE_NUMBERS.contains(&word.as_str()) || is_initial(last)) {
        return true;
    }
    let short = if is_initial(last) {
        !is_era(previous, last)
    } else {
        UNLESS_STARTER.contains(&word.as_str()) || is_dotted(last)
    };
    short && !next.is_in(&STARTERS)
}

/// One letter, with its marks.
fn is_initial(word: &str) -> bool {
    let mut letters = word.trim_start_matches('-').chars().filter(|c| !is_mark(*c));
    letters.next().is_some_and(is_letter) && letters.next().is_none()
}

/// `م` or `هـ` after the number of a year ends a sentence as any word does.
fn is_era(previous: &str, last: &str) -> bool {
    !last.is_ascii() && previous.chars().next_back().is_some_and(|c| digit(c).is_some())
}

/// Short parts with full stops between them, such as `U.S`, `J.-P`, `ق.م`, `वि.सं`.
fn is_dotted(word: &str) -> bool {
    let part = |part: &str| {
        let letters = part.trim_start_matches('-');
        let count = letters.chars().filter(|c| !is_mark(*c)).count();
        (1..=PART_CHARACTERS_MAX).contains(&count) && letters.chars().all(is_letter)
    };
    word.contains('.') && word.split('.').all(part)
}

/// A number that counts, as German writes it: `am 3. Oktober`, `der 2. Senat`.
fn is_ordinal(number: &str, previous: &str, next: &Next<'_>) -> bool {
    let short = number.chars().count() <= 2;
    let counts = ORDINAL_WORDS.contains(&previous.to_lowercase().as_str());
    short && (next.is_in(&ORDINAL_NOUNS) || (counts && !next.is_in(&STARTERS)))
}

/// A sentence of nothing but `1.`, `2.3.`, `a.` or `IV.` is the number of what follows.
fn is_enumeration(body: &str) -> bool {
    let number = body.trim().trim_matches(['(', ')', '.']);
    let part = |part: &str| {
        let digits = part.chars().all(|c| digit(c).is_some());
        let roman = part.chars().all(|c| matches!(c, 'I' | 'V' | 'X' | 'L' | 'C'));
        let length = part.chars().count();
        (digits && length <= 3) || (roman && length <= 4) || is_initial(part)
    };
    body.len() <= NEAR_BYTES && !number.is_empty() && number.split('.').all(part)
}
