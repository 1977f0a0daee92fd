//! The words of a text.
//!
//! Boundaries are those of Unicode (UAX 29, with dictionaries for scripts without spaces), and
//! then two habits of writers are undone: short words that an apostrophe ties to the next one are
//! left out (`l’amende`, `qu’il`, `dell’ufficio`, `Anna's`), and words tied by a hyphen are found
//! apart and as one (`porte-monnaie`, `portemonnaie`, and what the end of a line divided).

use icu_segmenter::{WordSegmenter, options::WordBreakInvariantOptions};
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// Characters of a word that count; more are no word.
const CHARACTERS_MAX: usize = 64;

/// Words that hyphens may tie together; a longer chain is a drawing or a number.
const CHAIN_MAX: usize = 4;

/// What stands before an apostrophe and says nothing: French, Italian and Catalan.
const ELIDED: [&str; 25] = [
    "l", "d", "c", "j", "m", "n", "s", "t", "v", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu",
    "quelqu", "un", "all", "dell", "dall", "nell", "sull", "coll", "quell", "quest", "gl",
];

/// What stands behind an apostrophe at the end of an English word and says nothing.
const TRAILING: [&str; 7] = ["s", "t", "re", "ve", "ll", "d", "m"];

/// All words in lower case and compatibility form, in order. None holds white space.
pub(crate) fn words(text: &str) -> Vec<String> {
    let text: String = text.nfkc().filter(|c| !is_invisible(*c)).collect();
    let segmenter = WordSegmenter::new_auto(WordBreakInvariantOptions::default());
    let mut found = Words::default();
    let mut start = 0;
    for end in segmenter.segment_str(&text) {
        let piece = text.get(start..end).unwrap_or_default();
        start = end;
        // The segmenter's own word types are not used: they call a word that ends in a vowel sign
        // (Hindi) none.
        if piece.chars().any(char::is_alphanumeric) {
            found.take_word(piece);
        } else {
            found.take_other(piece);
        }
    }
    found.end_chain();
    found.list
}

/// Collects words, and those that hyphens tie.
#[derive(Default)]
struct Words {
    list: Vec<String>,
    /// Where the words begin that may be tied to the last one.
    chain: usize,
    /// Whether a hyphen ties them.
    is_tied: bool,
    before: Before,
}

/// What stood last.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Before {
    #[default]
    Nothing,
    Word,
    Hyphen,
    /// A hyphen at the end of a line.
    Divided,
}

impl Words {
    fn take_word(&mut self, piece: &str) {
        match self.before {
            Before::Nothing | Before::Word => self.end_chain(),
            Before::Hyphen | Before::Divided => self.is_tied = true,
        }
        for part in parts(piece) {
            self.list.push(part.chars().take(CHARACTERS_MAX).collect::<String>().to_lowercase());
        }
        self.before = Before::Word;
    }

    fn take_other(&mut self, piece: &str) {
        if piece.is_empty() {
            return;
        }
        let is_space = piece.chars().all(char::is_whitespace);
        self.before = match self.before {
            Before::Word if is_hyphen(piece) => Before::Hyphen,
            Before::Hyphen | Before::Divided if is_space && piece.contains('\n') => Before::Divided,
            Before::Divided if is_space => Before::Divided,
            Before::Nothing | Before::Word | Before::Hyphen | Before::Divided => {
                self.end_chain();
                Before::Nothing
            }
        };
    }

    /// Adds the words of the chain as one.
    fn end_chain(&mut self) {
        let chain = self.list.get(self.chain..).unwrap_or_default();
        if self.is_tied && (2..=CHAIN_MAX).contains(&chain.len()) {
            let joined = chain.concat();
            self.list.push(joined);
        }
        self.chain = self.list.len();
        self.is_tied = false;
    }
}

/// What of a segment counts: not what apostrophes tie to it, and nothing but letters and digits,
/// save for the marks inside of a number.
fn parts(piece: &str) -> Vec<&str> {
    if is_number(piece) {
        return vec![piece];
    }
    let tied: Vec<&str> = piece.split(is_apostrophe).collect();
    let last = tied.len() - 1;
    let is_left_out = |at: usize, part: &str| {
        let part = part.to_lowercase();
        (at < last && ELIDED.contains(&part.as_str()))
            || (at > 0 && at == last && TRAILING.contains(&part.as_str()))
    };
    let kept = tied.into_iter().enumerate().filter(|(at, part)| !is_left_out(*at, part));
    let kept = kept.flat_map(|(_, part)| part.split(|c| !is_inside(c)));
    kept.filter(|part| !part.is_empty()).collect()
}

fn is_number(piece: &str) -> bool {
    piece.chars().all(|c| c.is_numeric() || matches!(c, '.' | ','))
}

fn is_inside(c: char) -> bool {
    c.is_alphanumeric() || (!c.is_ascii() && is_combining_mark(c))
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{201B}' | '\u{2BC}')
}

fn is_hyphen(piece: &str) -> bool {
    matches!(piece, "-" | "\u{2010}")
}

/// Soft hyphens, joiners and marks of direction: they change how a word looks.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200C}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(words(text), expected, "{text}");
    }

    #[test]
    fn case_and_form_do_not_count() {
        check("Délai DÉLAI de\u{301}lai ﬁn", &["délai", "délai", "délai", "fin"]);
        check("con\u{AD}tester", &["contester"]);
        check("L.121-1", &["l", "121", "1", "1211"]);
    }

    #[test]
    fn apostrophes_tie_words_that_say_nothing() {
        check("l’amende qu'il d’État l'UE", &["amende", "il", "état", "ue"]);
        check("dell’ufficio un'altra", &["ufficio", "altra"]);
        check("Anna's we’re don't", &["anna", "we", "don"]);
        check("aujourd’hui O'Brien", &["aujourd", "hui", "o", "brien"]);
    }

    #[test]
    fn words_tied_by_hyphens_are_found_apart_and_as_one() {
        check("un porte-monnaie noir", &["un", "porte", "monnaie", "portemonnaie", "noir"]);
        check("la contes-\ntation", &["la", "contes", "tation", "contestation"]);
        check("la contes-\n  tation", &["la", "contes", "tation", "contestation"]);
        check("un - deux", &["un", "deux"]);
        check("a-b-c-d-e", &["a", "b", "c", "d", "e"]);
    }

    #[test]
    fn other_marks_divide() {
        check("user_name www.example.org", &["user", "name", "www", "example", "org"]);
        check("12,5 % et 3.14", &["12,5", "et", "3.14"]);
    }

    #[test]
    fn scripts_keep_their_marks() {
        check("शिक्षा का अधिकार", &["शिक्षा", "का", "अधिकार"]);
        check("المدرسة الابتدائية", &["المدرسة", "الابتدائية"]);
        assert!(words("こんにちは世界").contains(&"世界".to_owned()));
    }

    #[test]
    fn what_is_too_long_to_be_a_word_is_cut() {
        assert_eq!(words(&"é".repeat(500))[0].chars().count(), CHARACTERS_MAX);
    }

    proptest! {
        #[test]
        fn words_hold_no_white_space_and_are_never_empty(text in "\\PC{0,200}") {
            for word in words(&text) {
                prop_assert!(!word.is_empty());
                prop_assert!(!word.chars().any(char::is_whitespace), "{:?}", word);
            }
        }
    }
}
