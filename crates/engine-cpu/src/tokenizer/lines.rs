//! The expression of Llama 3 and Qwen 2, where a word may end with the lines that follow it:
//! `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|`
//! ` ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`.

use super::words::{CONTRACTIONS, Class, class_of, space_run};

/// Length of the word at the start of `rest`, which is not empty. Up to `digits_max` numbers make
/// a word.
pub(super) fn word_bytes(rest: &str, digits_max: usize) -> usize {
    if let Some(bytes) = contraction_bytes(rest) {
        return bytes;
    }
    let mut characters = rest.chars();
    let Some(first) = characters.next() else { return 0 };
    let second = characters.next().map(class_of);
    let after = &rest[first.len_utf8()..];
    match class_of(first) {
        Class::Letter => letters_bytes(rest),
        Class::Number => {
            let numbers = rest.chars().take_while(|&c| class_of(c) == Class::Number);
            numbers.take(digits_max).map(char::len_utf8).sum()
        }
        Class::Space | Class::Punctuation | Class::Other
            if second == Some(Class::Letter) && !is_line_end(first) =>
        {
            first.len_utf8() + letters_bytes(after)
        }
        Class::Space if first == ' ' && second.is_some_and(is_symbol) => 1 + symbols_bytes(after),
        Class::Space => space_bytes(rest),
        Class::Punctuation | Class::Other => symbols_bytes(rest),
    }
}

fn contraction_bytes(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix('\'')?;
    let same = |ending: &&str| {
        after.get(..ending.len()).is_some_and(|start| start.eq_ignore_ascii_case(ending))
    };
    CONTRACTIONS.into_iter().find(same).map(|ending| 1 + ending.len())
}

fn letters_bytes(rest: &str) -> usize {
    rest.find(|c| class_of(c) != Class::Letter).unwrap_or(rest.len())
}

/// Symbols, and the ends of lines behind them.
fn symbols_bytes(rest: &str) -> usize {
    let symbols = rest.find(|c| !is_symbol(class_of(c))).unwrap_or(rest.len());
    let lines = &rest[symbols..];
    symbols + lines.find(|c| !is_line_end(c)).unwrap_or(lines.len())
}

/// White space up to its last end of a line; without one, all but the last, which opens the next
/// word.
pub(super) fn space_bytes(rest: &str) -> usize {
    let (run, last, next) = space_run(rest);
    if let Some(end) = rest[..run].rfind(is_line_end) {
        return end + 1;
    }
    if next.is_some() && run > last.len_utf8() { run - last.len_utf8() } else { run }
}

pub(super) const fn is_symbol(class: Class) -> bool {
    matches!(class, Class::Punctuation | Class::Other)
}

pub(super) const fn is_line_end(c: char) -> bool {
    matches!(c, '\r' | '\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(digits_max: usize, text: &str, expected: &[&str]) {
        let mut rest = text;
        let mut words = Vec::new();
        while !rest.is_empty() {
            let (word, after) = rest.split_at(word_bytes(rest, digits_max));
            words.push(word);
            rest = after;
        }
        assert_eq!(words, expected, "{text:?}");
    }

    #[test]
    fn a_symbol_or_space_opens_a_word() {
        check(3, "Hello world", &["Hello", " world"]);
        check(3, "(a) \tb", &["(a", ")", " ", "\tb"]);
        check(3, "a  b", &["a", " ", " b"]);
        check(3, "e\u{301}a", &["e", "\u{301}a"]);
        check(3, "x = ++y;", &["x", " =", " ++", "y", ";"]);
    }

    #[test]
    fn contractions_are_words_in_any_case() {
        check(3, "I'LL don't 'Sx 'xs", &["I", "'LL", " don", "'t", " '", "Sx", " '", "xs"]);
    }

    #[test]
    fn numbers_are_cut_from_the_left() {
        check(3, "in 12345", &["in", " ", "123", "45"]);
        check(1, "x12½", &["x", "1", "2", "½"]);
    }

    #[test]
    fn lines_end_words() {
        check(3, "a;\r\n\n  b", &["a", ";\r\n\n", " ", " b"]);
        check(3, "a \n \n b", &["a", " \n \n", " b"]);
        check(3, "\n\na", &["\n\n", "a"]);
        check(3, "a  ", &["a", "  "]);
        check(3, " \u{3000}1", &[" ", "\u{3000}", "1"]);
    }
}
