use serde::{Deserialize, Serialize};

use crate::{FieldError, PathPart};

/// The `object` member of an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ErrorObject {
    /// The only value.
    #[default]
    Error,
}

/// The kind of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ErrorType {
    /// The request has to change.
    InvalidRequestError,
    /// Who asks is not known.
    AuthenticationError,
    /// Who asks may not do this.
    PermissionError,
    /// What is asked for does not exist.
    NotFoundError,
    /// Too much at once: the same request may succeed later.
    RateLimitError,
    /// The server failed.
    ServerError,
}

/// The body of every error. The members at the top are what Mistral's clients read, `error` is
/// what `OpenAI`'s clients read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// Always `error`.
    pub object: ErrorObject,
    /// A sentence for people.
    pub message: String,
    /// The kind of the error.
    #[serde(rename = "type")]
    pub kind: ErrorType,
    /// The field that is to blame, if one is.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub param: Option<String>,
    /// Stable and documented: what programs should look at.
    pub code: String,
    /// What to do about it, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Every field that cannot be used; with status 422 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Vec<ErrorDetail>>,
    /// The same for `OpenAI`'s clients.
    pub error: ErrorMember,
}

/// A field that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorDetail {
    /// The way to the field, from `body`.
    pub loc: Vec<PathPart>,
    /// What is wrong, for people.
    pub msg: String,
    /// What is wrong, for programs.
    #[serde(rename = "type")]
    pub kind: String,
}

/// The error once more, in the place where `OpenAI`'s clients look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorMember {
    /// A sentence for people.
    pub message: String,
    /// The kind of the error.
    #[serde(rename = "type")]
    pub kind: ErrorType,
    /// The field that is to blame, if one is.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub param: Option<String>,
    /// Stable and documented.
    pub code: String,
}

impl ErrorBody {
    /// An error that blames no field.
    pub fn new(kind: ErrorType, code: &str, message: String) -> Self {
        let error =
            ErrorMember { message: message.clone(), kind, param: None, code: code.to_owned() };
        Self {
            object: ErrorObject::Error,
            message,
            kind,
            param: None,
            code: code.to_owned(),
            hint: None,
            detail: None,
            error,
        }
    }

    /// Names the field that is to blame.
    #[must_use]
    pub fn with_param(mut self, param: &str) -> Self {
        self.param = Some(param.to_owned());
        self.error.param = Some(param.to_owned());
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: &str) -> Self {
        self.hint = Some(hint.to_owned());
        self
    }

    /// Lists fields and blames the first of them.
    #[must_use]
    pub fn with_fields(mut self, fields: &[FieldError]) -> Self {
        self.detail = Some(fields.iter().map(ErrorDetail::from).collect());
        match fields.first() {
            Some(first) => {
                let path = first.path();
                self.with_param(path.strip_prefix("body.").unwrap_or(&path))
            }
            None => self,
        }
    }
}

impl From<&FieldError> for ErrorDetail {
    fn from(field: &FieldError) -> Self {
        Self {
            loc: field.loc.clone(),
            msg: field.message.clone(),
            kind: field.kind.as_str().to_owned(),
        }
    }
}
