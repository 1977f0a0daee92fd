//! Which language a document is written in.

use knowledge::Language;
use whatlang::Lang;

use super::first_bytes;

/// Bytes that are enough to tell.
const SAMPLE_BYTES: usize = 4096;

/// The language of texts that belong together.
///
/// A wrong guess does little harm: words of a query are reduced in every language of the index, so
/// what was reduced in a wrong one is found in that one.
pub(crate) fn language_of<'t>(texts: impl Iterator<Item = &'t str>) -> Language {
    let mut sample = String::new();
    for text in texts {
        sample.push_str(first_bytes(text, SAMPLE_BYTES - sample.len()));
        if sample.len() + 1 >= SAMPLE_BYTES {
            break;
        }
        sample.push('\n');
    }
    whatlang::detect_lang(&sample).map_or(Language::Other, stemmed_as)
}

fn stemmed_as(language: Lang) -> Language {
    match language {
        Lang::Ara => Language::Arabic,
        Lang::Ces => Language::Czech,
        Lang::Dan => Language::Danish,
        Lang::Nld => Language::Dutch,
        Lang::Eng => Language::English,
        Lang::Est => Language::Estonian,
        Lang::Fin => Language::Finnish,
        Lang::Fra => Language::French,
        Lang::Deu => Language::German,
        Lang::Ell => Language::Greek,
        Lang::Hin => Language::Hindi,
        Lang::Hun => Language::Hungarian,
        Lang::Ita => Language::Italian,
        Lang::Lit => Language::Lithuanian,
        Lang::Nep => Language::Nepali,
        Lang::Nob => Language::Norwegian,
        Lang::Pol => Language::Polish,
        Lang::Por => Language::Portuguese,
        Lang::Ron => Language::Romanian,
        Lang::Rus => Language::Russian,
        Lang::Spa => Language::Spanish,
        Lang::Swe => Language::Swedish,
        Lang::Tam => Language::Tamil,
        Lang::Tur => Language::Turkish,
        Lang::Ukr => Language::Ukrainian,
        _ => Language::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Language) {
        assert_eq!(language_of([text].into_iter()), expected, "{text}");
    }

    #[test]
    fn paragraphs_tell_their_language() {
        check(
            "Le demandeur peut contester la décision devant le tribunal administratif dans un \
             délai de deux mois à compter de sa notification.",
            Language::French,
        );
        check(
            "The applicant may appeal against the decision before the administrative court \
             within two months of the day on which it was notified to them.",
            Language::English,
        );
        check("يجوز لمقدم الطلب الطعن في القرار أمام المحكمة الإدارية خلال شهرين", Language::Arabic);
    }

    #[test]
    fn what_says_nothing_is_no_language() {
        for text in ["", "12 345", "— … !"] {
            check(text, Language::Other);
        }
    }
}
