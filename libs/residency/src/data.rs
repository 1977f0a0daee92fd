//! What is sent, and what for.

use std::{
    fmt::{self, Display, Formatter},
    str::FromStr,
};

/// How much depends on where data goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DataClass {
    /// What everybody may read anyway: a checkpoint of the log, a public key.
    Public,
    /// How the platform is used, without content: counts, times, errors.
    Metadata,
    /// What identifies a person: names, addresses, accounts.
    Personal,
    /// What callers send and get: prompts, answers, documents, vectors of them.
    Content,
    /// Content of the kinds that Article 9 of the GDPR protects: health, genetics, beliefs.
    Special,
}

/// What a destination is reached for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Keeping checkpoints of the log.
    Witness,
    /// Signing people in.
    Identity,
    /// Wrapping and unwrapping keys.
    Keys,
    /// Answering with models that run elsewhere.
    Inference,
    /// Reading documents for an answer.
    Documents,
    /// Doing what a model asked for.
    Tools,
}

/// A text is none of the words that were expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not one of {expected}")]
pub struct WordError {
    /// What was given.
    pub text: String,
    /// What could have been given.
    pub expected: String,
}

impl DataClass {
    /// Every class, beginning with the one that matters least.
    pub const ALL: [Self; 5] =
        [Self::Public, Self::Metadata, Self::Personal, Self::Content, Self::Special];

    /// The word of the settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Metadata => "metadata",
            Self::Personal => "personal",
            Self::Content => "content",
            Self::Special => "special",
        }
    }
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 6] =
        [Self::Witness, Self::Identity, Self::Keys, Self::Inference, Self::Documents, Self::Tools];

    /// The gravest data that is sent for it.
    pub const fn class(self) -> DataClass {
        match self {
            Self::Witness => DataClass::Public,
            Self::Keys => DataClass::Metadata,
            Self::Identity => DataClass::Personal,
            Self::Inference | Self::Documents | Self::Tools => DataClass::Content,
        }
    }

    /// The word of the settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Witness => "witness",
            Self::Identity => "identity",
            Self::Keys => "keys",
            Self::Inference => "inference",
            Self::Documents => "documents",
            Self::Tools => "tools",
        }
    }
}

impl FromStr for DataClass {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        word(text, &Self::ALL, Self::as_str)
    }
}

impl FromStr for Purpose {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        word(text, &Self::ALL, Self::as_str)
    }
}

fn word<T: Copy>(text: &str, all: &[T], name: fn(T) -> &'static str) -> Result<T, WordError> {
    let found = all.iter().copied().find(|&candidate| name(candidate) == text);
    found.ok_or_else(|| {
        let expected: Vec<_> = all.iter().copied().map(name).collect();
        WordError { text: text.to_owned(), expected: expected.join(", ") }
    })
}

impl Display for DataClass {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Display for Purpose {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_told() {
        for class in DataClass::ALL {
            assert_eq!(class.to_string().parse(), Ok(class));
        }
        for purpose in Purpose::ALL {
            assert_eq!(purpose.to_string().parse(), Ok(purpose));
        }
        let error = "secret".parse::<DataClass>().unwrap_err();
        let expected = "`secret` is not one of public, metadata, personal, content, special";
        assert_eq!(error.to_string(), expected);
    }
}
