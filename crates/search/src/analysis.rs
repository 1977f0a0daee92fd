//! What of a text is looked up: its words, their stems, and pieces of them.
//!
//! Passages and queries go through the same functions, so that what is written alike is found
//! alike, whatever the functions make of it.

mod grams;
mod language;
mod stems;
mod words;

pub(crate) use grams::grams;
pub(crate) use language::language_of;
pub(crate) use stems::Stems;
pub(crate) use words::words;

use knowledge::Language;

use crate::lexical::TextField;

/// Bytes of a passage that are looked at. A passage has some 350 tokens, so this is a bound for
/// what goes wrong, not one that is met.
const PASSAGE_BYTES_MAX: usize = 64 * 1024;

/// The terms of a text for each field in the order of [`TextField::ALL`], with spaces in between.
pub(crate) type FieldTexts = [String; TextField::ALL.len()];

/// Makes terms of texts of one language.
pub(crate) struct Analyser(Stems);

impl Analyser {
    pub(crate) fn new(language: Language) -> Self {
        Self(Stems::of(language))
    }

    /// All terms of a passage, as often as they occur.
    pub(crate) fn texts(&self, passage: &str) -> FieldTexts {
        let (mut exact, mut stems, mut pieces) = (String::new(), String::new(), String::new());
        for word in words(first_bytes(passage, PASSAGE_BYTES_MAX)) {
            append(&mut exact, &word);
            append(&mut stems, &self.0.stem(&word));
            grams(&word).for_each(|gram| append(&mut pieces, gram));
        }
        [exact, stems, pieces]
    }
}

/// Terms hold no white space, so a space is where one ends.
fn append(text: &mut String, term: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(term);
}

/// At most so many bytes from the beginning, without half a character.
pub(crate) fn first_bytes(text: &str, bytes_max: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes_max)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_has_its_terms() {
        let texts = Analyser::new(Language::French).texts("Les amendes de l’État");
        assert_eq!(texts[TextField::Exact.place()], "les amendes de état");
        assert!(texts[TextField::Stem.place()].split(' ').any(|stem| stem == "amend"));
        assert_eq!(texts[TextField::Grams.place()], "amen mend ende ndes état");
    }

    #[test]
    fn what_is_not_a_word_has_no_terms() {
        for text in ["", " \n", "… — !", "\u{200D}\u{FEFF}"] {
            assert_eq!(Analyser::new(Language::Other).texts(text), [""; 3].map(str::to_owned));
        }
    }

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(first_bytes("aé", 2), "a");
        assert_eq!(first_bytes("aé", 3), "aé");
        assert_eq!(first_bytes("aé", 99), "aé");
    }
}
