//! Words without their endings.

use std::borrow::Cow;

use knowledge::Language;
use snowball_stemmers_rs::{Algorithm, Stemmer};

/// The stems of one language.
pub(crate) struct Stems(Option<Stemmer>);

impl Stems {
    pub(crate) fn of(language: Language) -> Self {
        Self(algorithm(language).map(Stemmer::create))
    }

    /// The stem of a word in lower case; the word itself for a language without a stemmer.
    ///
    /// Snowball is given the word as it stands: what is done to Arabic words before it (alif,
    /// ta marbuta, harakat) it does itself, and better.
    pub(crate) fn stem<'w>(&self, word: &'w str) -> Cow<'w, str> {
        match &self.0 {
            Some(stemmer) => match stemmer.stem(word) {
                // All of a word was taken for endings, or a space was put into it.
                stem if stem.is_empty() || stem.contains(char::is_whitespace) => word.into(),
                stem => stem,
            },
            None => word.into(),
        }
    }
}

const fn algorithm(language: Language) -> Option<Algorithm> {
    Some(match language {
        Language::Arabic => Algorithm::Arabic,
        Language::Czech => Algorithm::Czech,
        Language::Danish => Algorithm::Danish,
        Language::Dutch => Algorithm::Dutch,
        Language::English => Algorithm::English,
        Language::Estonian => Algorithm::Estonian,
        Language::Finnish => Algorithm::Finnish,
        Language::French => Algorithm::French,
        Language::German => Algorithm::German,
        Language::Greek => Algorithm::Greek,
        Language::Hindi => Algorithm::Hindi,
        Language::Hungarian => Algorithm::Hungarian,
        Language::Italian => Algorithm::Italian,
        Language::Lithuanian => Algorithm::Lithuanian,
        Language::Nepali => Algorithm::Nepali,
        Language::Norwegian => Algorithm::Norwegian,
        Language::Polish => Algorithm::Polish,
        Language::Portuguese => Algorithm::Portuguese,
        Language::Romanian => Algorithm::Romanian,
        Language::Russian => Algorithm::Russian,
        Language::Spanish => Algorithm::Spanish,
        Language::Swedish => Algorithm::Swedish,
        Language::Tamil => Algorithm::Tamil,
        Language::Turkish => Algorithm::Turkish,
        Language::Ukrainian => Algorithm::Ukrainian,
        Language::Other => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two forms of a word have one stem.
    fn check(language: Language, left: &str, right: &str) {
        let stems = Stems::of(language);
        assert_eq!(stems.stem(left), stems.stem(right), "{language:?}");
    }

    #[test]
    fn forms_of_a_word_meet() {
        check(Language::French, "contestation", "contestations");
        check(Language::English, "connection", "connected");
        check(Language::German, "häuser", "häusern");
        check(Language::Spanish, "solicitud", "solicitudes");
        check(Language::Arabic, "مدرسة", "المدرسة");
        check(Language::Hindi, "लड़का", "लड़के");
    }

    #[test]
    fn no_word_loses_everything_or_gains_a_space() {
        for language in Language::ALL {
            let stems = Stems::of(language);
            for word in ["a", "es", "و", "ال", "का", "ing", "12", "é", "日本", "x9", "ы"]
            {
                let stem = stems.stem(word);
                assert!(!stem.is_empty() && !stem.contains(' '), "{language:?} {word}");
            }
        }
        assert_eq!(Stems::of(Language::Other).stem("words"), "words");
    }
}
