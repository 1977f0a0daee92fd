//! The expression of Mistral's `tekken`, where a word changes at most once from upper to lower case
//! (`U` is `\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}`, `L` is `\p{Ll}\p{Lm}\p{Lo}\p{M}`):
//! `[^\r\n\p{L}\p{N}]?[U]*[L]+|[^\r\n\p{L}\p{N}]?[U]+[L]*|\p{N}|`
//! ` ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`.

use unicode_general_category::{GeneralCategory, get_general_category};

use super::{
    lines::{is_line_end, is_symbol, space_bytes},
    words::{Class, class_of},
};

/// In which of the two sets a character is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Upper,
    Lower,
    Both,
    Neither,
}

/// Length of the word at the start of `rest`, which is not empty.
pub(super) fn word_bytes(rest: &str) -> usize {
    let Some(first) = rest.chars().next() else { return 0 };
    let class = class_of(first);
    let opens = !is_line_end(first) && !matches!(class, Class::Letter | Class::Number);
    let opened = if opens { first.len_utf8() } else { 0 };
    // In the order of the expression; without the character that opens a word if with it nothing
    // follows.
    for pattern in [falling_bytes, rising_bytes] {
        for start in [Some(opened), opens.then_some(0)].into_iter().flatten() {
            if let Some(bytes) = pattern(&rest[start..]) {
                return start + bytes;
            }
        }
    }
    match class {
        Class::Number => first.len_utf8(),
        Class::Space => {
            let after = &rest[first.len_utf8()..];
            let symbol = after.chars().next().is_some_and(|c| is_symbol(class_of(c)));
            if first == ' ' && symbol { 1 + symbols_bytes(after) } else { space_bytes(rest) }
        }
        Class::Letter | Class::Punctuation | Class::Other => symbols_bytes(rest),
    }
}

/// `[U]*[L]+`
fn falling_bytes(text: &str) -> Option<usize> {
    let upper = text.find(|c| !is_upper(case_of(c))).unwrap_or(text.len());
    let lower = &text[upper..];
    let more = lower.find(|c| !is_lower(case_of(c))).unwrap_or(lower.len());
    if more > 0 {
        return Some(upper + more);
    }
    // The first part gives back what the second needs: one character that is in both sets.
    let shared = text[..upper].char_indices().rfind(|&(_, c)| case_of(c) == Case::Both);
    shared.map(|(at, c)| at + c.len_utf8())
}

/// `[U]+[L]*`, where `[U]*[L]+` does not match.
fn rising_bytes(text: &str) -> Option<usize> {
    let upper = text.find(|c| !is_upper(case_of(c))).unwrap_or(text.len());
    (upper > 0).then_some(upper)
}

/// Symbols, and the ends of lines and slashes behind them.
fn symbols_bytes(rest: &str) -> usize {
    let symbols = rest.find(|c| !is_symbol(class_of(c))).unwrap_or(rest.len());
    let lines = &rest[symbols..];
    symbols + lines.find(|c| !is_line_end(c) && c != '/').unwrap_or(lines.len())
}

const fn is_upper(case: Case) -> bool {
    matches!(case, Case::Upper | Case::Both)
}

const fn is_lower(case: Case) -> bool {
    matches!(case, Case::Lower | Case::Both)
}

fn case_of(c: char) -> Case {
    use GeneralCategory as G;
    match c {
        'a'..='z' => return Case::Lower,
        'A'..='Z' => return Case::Upper,
        _ if c.is_ascii() => return Case::Neither,
        _ => {}
    }
    match get_general_category(c) {
        G::UppercaseLetter | G::TitlecaseLetter => Case::Upper,
        G::LowercaseLetter => Case::Lower,
        G::ModifierLetter
        | G::OtherLetter
        | G::NonspacingMark
        | G::SpacingMark
        | G::EnclosingMark => Case::Both,
        _ => Case::Neither,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let mut rest = text;
        let mut words = Vec::new();
        while !rest.is_empty() {
            let (word, after) = rest.split_at(word_bytes(rest));
            words.push(word);
            rest = after;
        }
        assert_eq!(words, expected, "{text:?}");
    }

    #[test]
    fn words_end_where_the_case_rises() {
        check("Hello worldWide", &["Hello", " world", "Wide"]);
        check("HTTPServer XMLa", &["HTTPServer", " XMLa"]);
        check("ABC", &["ABC"]);
        check("aB", &["a", "B"]);
        check("éÉé", &["é", "Éé"]);
    }

    #[test]
    fn letters_without_case_are_in_both_sets() {
        check("字字", &["字字"]);
        check("字Ab", &["字Ab"]);
        check("字A", &["字", "A"]);
        check("A字a", &["A字a"]);
        check("A字A", &["A字", "A"]);
        check("e\u{301}a", &["e\u{301}a"]);
        check(" \u{301}", &[" \u{301}"]);
        check("\u{301}", &["\u{301}"]);
        check("\u{301}A", &["\u{301}", "A"]);
    }

    #[test]
    fn symbols_and_lines_are_words() {
        check("I'll", &["I", "'ll"]);
        check("x12½", &["x", "1", "2", "½"]);
        check("a //\n/ b", &["a", " //\n/", " b"]);
        check("a;\r\n\n  b", &["a", ";\r\n\n", " ", " b"]);
        check("a \n \n b", &["a", " \n \n", " b"]);
        check("a  1", &["a", " ", " ", "1"]);
        check("x = ++y", &["x", " =", " ++", "y"]);
    }
}
