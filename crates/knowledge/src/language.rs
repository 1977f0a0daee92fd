//! The languages whose words are reduced to their stems.

/// A language that an index knows the endings of; [`Self::Other`] for all that it does not.
///
/// One entry for each algorithm of Snowball that is used. A language that is missing here is found
/// all the same, by its words as they stand and by pieces of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    Arabic,
    Czech,
    Danish,
    Dutch,
    English,
    Estonian,
    Finnish,
    French,
    German,
    Greek,
    Hindi,
    Hungarian,
    Italian,
    Lithuanian,
    Nepali,
    Norwegian,
    Polish,
    Portuguese,
    Romanian,
    Russian,
    Spanish,
    Swedish,
    Tamil,
    Turkish,
    Ukrainian,
    /// Words stay as they are.
    Other,
}

impl Language {
    pub const ALL: [Self; 26] = [
        Self::Arabic,
        Self::Czech,
        Self::Danish,
        Self::Dutch,
        Self::English,
        Self::Estonian,
        Self::Finnish,
        Self::French,
        Self::German,
        Self::Greek,
        Self::Hindi,
        Self::Hungarian,
        Self::Italian,
        Self::Lithuanian,
        Self::Nepali,
        Self::Norwegian,
        Self::Polish,
        Self::Portuguese,
        Self::Romanian,
        Self::Russian,
        Self::Spanish,
        Self::Swedish,
        Self::Tamil,
        Self::Turkish,
        Self::Ukrainian,
        Self::Other,
    ];

    /// Two letters of ISO 639-1; `zz` for [`Self::Other`]. Stored: never changed.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Arabic => "ar",
            Self::Czech => "cs",
            Self::Danish => "da",
            Self::Dutch => "nl",
            Self::English => "en",
            Self::Estonian => "et",
            Self::Finnish => "fi",
            Self::French => "fr",
            Self::German => "de",
            Self::Greek => "el",
            Self::Hindi => "hi",
            Self::Hungarian => "hu",
            Self::Italian => "it",
            Self::Lithuanian => "lt",
            Self::Nepali => "ne",
            Self::Norwegian => "no",
            Self::Polish => "pl",
            Self::Portuguese => "pt",
            Self::Romanian => "ro",
            Self::Russian => "ru",
            Self::Spanish => "es",
            Self::Swedish => "sv",
            Self::Tamil => "ta",
            Self::Turkish => "tr",
            Self::Ukrainian => "uk",
            Self::Other => "zz",
        }
    }

    /// The language of a tag.
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_have_two_letters_and_lead_back() {
        for language in Language::ALL {
            let tag = language.tag();
            assert!(tag.len() == 2 && tag.bytes().all(|byte| byte.is_ascii_lowercase()), "{tag}");
            assert_eq!(Language::from_tag(tag), Some(language));
        }
        assert_eq!(Language::from_tag("xx"), None);
    }
}
