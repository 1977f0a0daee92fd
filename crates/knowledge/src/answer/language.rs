//! The language in which the model is told what to do: that of the question.

/// A language that there are instructions in. Questions in others get the English ones; the words
/// of an answer are those of the documents, whatever the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QuestionLanguage {
    French,
    English,
    Arabic,
    Hindi,
}

/// Words that stand in nearly every question of their language, and hardly in those of the other.
const FRENCH: &[&str] = &[
    "au", "aux", "ce", "cette", "combien", "comment", "dans", "de", "des", "doit", "du", "elle",
    "est", "et", "il", "je", "l", "la", "le", "les", "ma", "mon", "où", "peut", "pour", "pourquoi",
    "qu", "quand", "que", "quel", "quelle", "qui", "sont", "une",
];
const ENGLISH: &[&str] = &[
    "and", "are", "can", "do", "does", "for", "how", "if", "is", "may", "must", "my", "of",
    "should", "the", "to", "what", "when", "where", "which", "who", "why", "with", "you",
];

impl QuestionLanguage {
    pub const ALL: [Self; 4] = [Self::French, Self::English, Self::Arabic, Self::Hindi];

    /// Told by the script, and in Latin letters by common words.
    pub fn of(question: &str) -> Self {
        let letters = question.chars().filter(|c| c.is_alphabetic()).count();
        let most = |is: fn(char) -> bool| {
            let of_script = question.chars().filter(|c| c.is_alphabetic() && is(*c)).count();
            of_script > 0 && of_script * 2 >= letters
        };
        if most(is_arabic) {
            Self::Arabic
        } else if most(is_devanagari) {
            Self::Hindi
        } else {
            Self::of_latin(&question.to_lowercase())
        }
    }

    fn of_latin(question: &str) -> Self {
        let words = || question.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
        let count = |list: &[&str]| words().filter(|word| list.contains(word)).count();
        let (french, english) = (count(FRENCH), count(ENGLISH));
        let has_accents = question.contains(|c: char| "àâçèéêëîïôùûœ".contains(c));
        if french > english || (french == english && has_accents) {
            Self::French
        } else {
            Self::English
        }
    }

    /// Its code in ISO 639-1.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::French => "fr",
            Self::English => "en",
            Self::Arabic => "ar",
            Self::Hindi => "hi",
        }
    }
}

const fn is_arabic(c: char) -> bool {
    matches!(c, '\u{600}'..='\u{6FF}' | '\u{750}'..='\u{77F}' | '\u{FB50}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFF}')
}

const fn is_devanagari(c: char) -> bool {
    matches!(c, '\u{900}'..='\u{97F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_of_a_question_is_told() {
        for (question, expected) in [
            ("Combien coûte le passeport ?", QuestionLanguage::French),
            ("prix passeport", QuestionLanguage::English),
            ("Délai d’instruction ?", QuestionLanguage::French),
            ("Qu’est-ce qu’un mandat ?", QuestionLanguage::French),
            ("How much is a passport?", QuestionLanguage::English),
            ("WHAT IS ARTICLE 5?", QuestionLanguage::English),
            ("Was kostet ein Reisepass?", QuestionLanguage::English),
            ("ما هي المادة 5 من GDPR؟", QuestionLanguage::Arabic),
            ("पासपोर्ट का शुल्क कितना है?", QuestionLanguage::Hindi),
            ("GDPR क्या है?", QuestionLanguage::Hindi),
            ("", QuestionLanguage::English),
            ("5 > 3 ?", QuestionLanguage::English),
        ] {
            assert_eq!(QuestionLanguage::of(question), expected, "{question}");
        }
    }
}
