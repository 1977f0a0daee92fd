use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

/// One step on the way from the body to a field: a key or a position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum PathPart {
    /// The position in a list, from 0.
    Index(usize),
    /// The key in an object.
    Key(String),
}

/// What is wrong with a field. The words are those of pydantic, which clients know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldErrorKind {
    /// A field that is needed is not there.
    Missing,
    /// Not a string.
    String,
    /// Not a number.
    Number,
    /// Not a whole number.
    Integer,
    /// Neither `true` nor `false`.
    Boolean,
    /// Not a list.
    List,
    /// Not an object.
    Object,
    /// Not one of the words that are allowed here.
    Enum,
    /// A number outside its range.
    OutOfRange,
    /// A text or list that is longer than allowed.
    TooLong,
    /// A list that must not be empty.
    TooShort,
    /// A value that does not fit the rest of the request.
    Value,
    /// Understood, but not offered by this server.
    Unsupported,
}

impl FieldErrorKind {
    /// The word in the `type` member of an error's `detail`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::String => "string_type",
            Self::Number => "float_type",
            Self::Integer => "int_type",
            Self::Boolean => "bool_type",
            Self::List => "list_type",
            Self::Object => "dict_type",
            Self::Enum => "enum",
            Self::OutOfRange => "out_of_range",
            Self::TooLong => "too_long",
            Self::TooShort => "too_short",
            Self::Value => "value_error",
            Self::Unsupported => "unsupported",
        }
    }
}

/// A field that cannot be used, with the way to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// From the body to the field; the first part is `body`.
    pub loc: Vec<PathPart>,
    /// What is wrong.
    pub kind: FieldErrorKind,
    /// A sentence for people. Never repeats what the caller wrote beyond a short name.
    pub message: String,
}

impl FieldError {
    /// The way to the field as people write it: `body.messages[0].content`.
    pub fn path(&self) -> String {
        let mut path = String::new();
        for part in &self.loc {
            match part {
                PathPart::Key(key) if path.is_empty() => path.push_str(key),
                PathPart::Key(key) => {
                    path.push('.');
                    path.push_str(key);
                }
                PathPart::Index(index) => {
                    // Writing to a String cannot fail.
                    write!(path, "[{index}]").ok();
                }
            }
        }
        path
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.path(), self.message)
    }
}

/// Why a body is not a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The bytes are not UTF-8, which JSON must be.
    #[error("the body is not valid UTF-8 after byte {valid_up_to}")]
    InvalidUtf8 {
        /// How many bytes from the start are valid.
        valid_up_to: usize,
    },
    /// The text is not JSON.
    #[error("the body is not valid JSON: {reason}")]
    InvalidJson {
        /// What the parser found, with line and column.
        reason: String,
    },
    /// JSON, but not of a request.
    #[error("{}", first(fields))]
    Invalid {
        /// At least one field that cannot be used, at most [`FIELD_ERRORS_MAX`].
        fields: Vec<FieldError>,
    },
    /// A sound request for something that this server does not do.
    #[error("{field}")]
    Unsupported {
        /// The field that asks for it.
        field: FieldError,
    },
}

/// How many field errors are told at once.
pub(crate) const FIELD_ERRORS_MAX: usize = 16;

fn first(fields: &[FieldError]) -> String {
    match fields {
        [] => "the body is not a request".to_owned(),
        [only] => only.to_string(),
        [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
    }
}
