//! Cuts text into the words inside which merges happen.
//!
//! Each rule equals a chain of regular expressions that models were trained with; a hand-written
//! scanner needs one look ahead and no backtracking, so hostile text costs no more than any other.
//! GPT-2's expression is
//! `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.

use unicode_general_category::{GeneralCategory, get_general_category};

use super::{TokenizerError, cased, lines};

/// How a model's text is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WordRule {
    Chain(Chain),
    /// One expression, up to this many numbers a word; see [`lines`].
    Lines {
        digits_max: usize,
    },
    /// One expression that minds the case; see [`cased`].
    Cased,
    /// Merges happen across the whole text.
    Whole,
}

/// Expressions that cut one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chain {
    /// GPT-2's expression.
    Gpt2,
    /// `\p{N}` first: every digit is a word; GPT-2's expression between them.
    SingleDigits,
    /// Runs of punctuation first, then GPT-2's expression, then runs of digits, then groups of
    /// three digits. The rule of files that name `default`.
    PunctuationRuns,
}

/// What may follow an apostrophe.
pub(super) const CONTRACTIONS: [&str; 7] = ["s", "t", "re", "ve", "m", "ll", "d"];

/// What the rules distinguish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Space,
    Letter,
    Number,
    /// `[\p{P}$+<=>^~|]`.
    Punctuation,
    Other,
}

impl WordRule {
    pub(super) fn from_name(name: &str) -> Result<Self, TokenizerError> {
        Ok(match name {
            "gpt-2" => Self::Chain(Chain::Gpt2),
            "smollm" | "refact" => Self::Chain(Chain::SingleDigits),
            "default" => Self::Chain(Chain::PunctuationRuns),
            "llama-bpe" => Self::Lines { digits_max: 3 },
            "qwen2" => Self::Lines { digits_max: 1 },
            "tekken" => Self::Cased,
            _ => {
                return Err(TokenizerError::Unsupported {
                    key: "tokenizer.ggml.pre",
                    found: name.to_owned(),
                    supported: "smollm, refact, gpt-2, llama-bpe, qwen2, tekken, default",
                });
            }
        })
    }

    /// The words of `text` in order; together they are `text`.
    pub(super) fn words(self, text: &str) -> impl Iterator<Item = &str> {
        let mut rest = text;
        std::iter::from_fn(move || {
            let first = rest.chars().next()?;
            let bytes = match self {
                Self::Chain(chain) => chain.word_bytes(first, rest),
                Self::Lines { digits_max } => lines::word_bytes(rest, digits_max),
                Self::Cased => cased::word_bytes(rest),
                Self::Whole => rest.len(),
            };
            let (word, after) = rest.split_at(bytes);
            rest = after;
            Some(word)
        })
    }
}

impl Chain {
    /// Length of the word at the start of `rest`, which starts with `first`.
    fn word_bytes(self, first: char, rest: &str) -> usize {
        if self != Self::PunctuationRuns
            && let Some(bytes) = contraction_bytes(rest)
        {
            return bytes;
        }
        match class_of(first) {
            Class::Number => match self {
                Self::Gpt2 => self.run_bytes(rest, Class::Number),
                Self::SingleDigits => first.len_utf8(),
                Self::PunctuationRuns => grouped_digits_bytes(rest),
            },
            Class::Space => self.space_bytes(first, rest),
            class @ (Class::Letter | Class::Punctuation | Class::Other) => {
                self.run_bytes(rest, class)
            }
        }
    }

    /// Length of the run of characters that belong with `class`.
    fn run_bytes(self, rest: &str, class: Class) -> usize {
        let same = self.merged(class);
        rest.find(|c| self.merged(class_of(c)) != same).unwrap_or(rest.len())
    }

    /// Only one rule tells punctuation from other symbols.
    fn merged(self, class: Class) -> Class {
        match (self, class) {
            (Self::Gpt2 | Self::SingleDigits, Class::Punctuation) => Class::Other,
            (Self::Gpt2 | Self::SingleDigits | Self::PunctuationRuns, class) => class,
        }
    }

    fn space_bytes(self, first: char, rest: &str) -> usize {
        let (run, last, next) = space_run(rest);
        let Some(next) = next.map(class_of) else { return run };
        if self.cuts_before(next) {
            return run;
        }
        // The last space stays for the next word.
        if run > first.len_utf8() {
            return run - last.len_utf8();
        }
        // One space: an ASCII one opens the word, unless a later step cuts it off again.
        let joins = match self {
            Self::Gpt2 | Self::SingleDigits => true,
            Self::PunctuationRuns => next != Class::Number,
        };
        if first == ' ' && joins { run + self.run_bytes(&rest[run..], next) } else { run }
    }

    /// Whether the first expression of the rule cuts the text before such a character.
    fn cuts_before(self, class: Class) -> bool {
        match self {
            Self::Gpt2 => false,
            Self::SingleDigits => class == Class::Number,
            Self::PunctuationRuns => class == Class::Punctuation,
        }
    }
}

/// The bytes of the white space at the start, its last character, and what follows it.
pub(super) fn space_run(rest: &str) -> (usize, char, Option<char>) {
    let mut last = ' ';
    for (at, c) in rest.char_indices() {
        if class_of(c) != Class::Space {
            return (at, last, Some(c));
        }
        last = c;
    }
    (rest.len(), last, None)
}

fn contraction_bytes(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix('\'')?;
    CONTRACTIONS.into_iter().find(|ending| after.starts_with(ending)).map(|ending| 1 + ending.len())
}

/// Three ASCII digits, or what stands before the next three inside the run of numbers.
fn grouped_digits_bytes(rest: &str) -> usize {
    let mut ascii_start = 0;
    let mut ascii_count = 0;
    for (at, c) in rest.char_indices() {
        if class_of(c) != Class::Number {
            return at;
        }
        if !c.is_ascii_digit() {
            ascii_count = 0;
            continue;
        }
        if ascii_count == 0 {
            ascii_start = at;
        }
        ascii_count += 1;
        if ascii_count == 3 {
            return if ascii_start == 0 { 3 } else { ascii_start };
        }
    }
    rest.len()
}

pub(super) fn class_of(c: char) -> Class {
    match c {
        'a'..='z' | 'A'..='Z' => Class::Letter,
        '0'..='9' => Class::Number,
        '$' | '+' | '<' | '=' | '>' | '^' | '~' | '|' => Class::Punctuation,
        _ if c.is_whitespace() => Class::Space,
        '\0'..='\x1f' | '\x7f' | '`' => Class::Other,
        _ if c.is_ascii() => Class::Punctuation,
        _ => class_of_category(get_general_category(c)),
    }
}

fn class_of_category(category: GeneralCategory) -> Class {
    use GeneralCategory as G;
    match category {
        G::UppercaseLetter
        | G::LowercaseLetter
        | G::TitlecaseLetter
        | G::ModifierLetter
        | G::OtherLetter => Class::Letter,
        G::DecimalNumber | G::LetterNumber | G::OtherNumber => Class::Number,
        G::ConnectorPunctuation
        | G::DashPunctuation
        | G::OpenPunctuation
        | G::ClosePunctuation
        | G::InitialPunctuation
        | G::FinalPunctuation
        | G::OtherPunctuation => Class::Punctuation,
        _ => Class::Other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(rule: WordRule, text: &str, expected: &[&str]) {
        assert_eq!(rule.words(text).collect::<Vec<_>>(), expected, "{rule:?} {text:?}");
    }

    #[test]
    fn gpt2_cuts_at_classes_and_contractions() {
        let rule = WordRule::Chain(Chain::Gpt2);
        check(rule, "", &[]);
        check(rule, "Hello world", &["Hello", " world"]);
        check(rule, "I'll don't 's'x", &["I", "'ll", " don", "'t", " '", "s", "'", "x"]);
        check(rule, "a  b\n\n c", &["a", " ", " b", "\n\n", " c"]);
        check(rule, "a \n", &["a", " \n"]);
        check(rule, "x\ty", &["x", "\t", "y"]);
        check(rule, "in 2024!", &["in", " 2024", "!"]);
        check(rule, "été، مرحبا", &["été", "،", " مرحبا"]);
        check(rule, "e\u{301}a", &["e", "\u{301}", "a"]);
        check(rule, "\u{3000}\u{3000}日", &["\u{3000}", "\u{3000}", "日"]);
    }

    #[test]
    fn single_digits_are_words() {
        let rule = WordRule::Chain(Chain::SingleDigits);
        check(rule, "in 2024", &["in", " ", "2", "0", "2", "4"]);
        check(rule, "a  1 b", &["a", "  ", "1", " b"]);
        check(rule, "x² ½", &["x", "²", " ", "½"]);
        check(rule, "3.14", &["3", ".", "1", "4"]);
    }

    #[test]
    fn punctuation_runs_come_first_under_the_default_rule() {
        let rule = WordRule::Chain(Chain::PunctuationRuns);
        check(rule, "it's €5", &["it", "'", "s", " €", "5"]);
        check(rule, "a, (b)", &["a", ",", " ", "(", "b", ")"]);
        check(rule, "n = 1234567", &["n", " ", "=", " ", "123", "456", "7"]);
        check(rule, "12\u{663}456", &["12\u{663}", "456"]);
        check(rule, "a  b", &["a", " ", " b"]);
    }

    #[test]
    fn unknown_rules_are_named() {
        let error = WordRule::from_name("deepseek-llm").unwrap_err();
        assert_eq!(
            error.to_string(),
            "`tokenizer.ggml.pre` is `deepseek-llm`, which is not supported; supported: \
             smollm, refact, gpt-2, llama-bpe, qwen2, tekken, default"
        );
    }

    proptest! {
        #[test]
        fn words_are_not_empty_and_make_up_the_text(text in "(?s).{0,60}|[ \n\r\t'aS1é٣.€_字\u{301}/]{0,60}") {
            for name in ["gpt-2", "smollm", "default", "llama-bpe", "qwen2", "tekken"] {
                let rule = WordRule::from_name(name).unwrap();
                let words: Vec<&str> = rule.words(&text).collect();
                prop_assert_eq!(words.concat(), text.clone());
                prop_assert!(words.iter().all(|word| !word.is_empty()));
            }
        }
    }
}
