//! Why a request makes no sense, in the words of the standard.

/// The words of RFC 7644, table 9, as far as they are used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScimType {
    InvalidFilter,
    InvalidPath,
    InvalidSyntax,
    InvalidValue,
    Mutability,
    NoTarget,
    TooMany,
    Uniqueness,
}

impl ScimType {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidFilter => "invalidFilter",
            Self::InvalidPath => "invalidPath",
            Self::InvalidSyntax => "invalidSyntax",
            Self::InvalidValue => "invalidValue",
            Self::Mutability => "mutability",
            Self::NoTarget => "noTarget",
            Self::TooMany => "tooMany",
            Self::Uniqueness => "uniqueness",
        }
    }
}

/// What is wrong with something that was sent. Repeats at most its first characters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ScimError {
    pub kind: ScimType,
    message: String,
}

impl ScimError {
    pub fn new(kind: ScimType, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    pub(crate) fn value(message: impl Into<String>) -> Self {
        Self::new(ScimType::InvalidValue, message)
    }

    pub(crate) fn syntax(message: impl Into<String>) -> Self {
        Self::new(ScimType::InvalidSyntax, message)
    }
}
