//! The languages of pages. What rows, settings and people say stays as it is.

mod french;

/// In which language a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    French,
}

impl Language {
    pub(crate) const ALL: [Self; 2] = [Self::English, Self::French];

    /// Of BCP 47.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
        }
    }

    /// The English word stands where there is no other; a test looks for such.
    pub(super) fn say(self, english: &'static str) -> &'static str {
        match self {
            Self::English => english,
            Self::French => french::of(english).unwrap_or(english),
        }
    }
}

#[cfg(test)]
pub(super) fn has_french(english: &str) -> bool {
    french::of(english).is_some()
}
