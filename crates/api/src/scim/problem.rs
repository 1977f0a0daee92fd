//! Errors in the words of SCIM.
//!
//! # Source
//! RFC 7644, section 3.12.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use governance::ProvisioningError;
use scim::{CONTENT_TYPE, ScimError, ScimType};
use serde_json::json;

use crate::problem::{Code, Problem, Told};

const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// The same refusal, as a client of SCIM reads it.
pub(crate) fn in_its_words(mut response: Response) -> Response {
    let Some(told) = response.extensions_mut().remove::<Told>() else { return response };
    if response.status() == StatusCode::UNPROCESSABLE_ENTITY {
        *response.status_mut() = StatusCode::BAD_REQUEST;
    }
    let mut body = json!({
        "schemas": [ERROR],
        "status": response.status().as_str(),
        "detail": told.message,
    });
    let is_bad = response.status() == StatusCode::BAD_REQUEST;
    let usual = is_bad.then_some(ScimType::InvalidSyntax);
    if let Some(word) = told.scim_type.or(usual) {
        body["scimType"] = json!(word.as_str());
    }
    response.headers_mut().remove(header::CONTENT_LENGTH);
    let content_type = HeaderValue::from_static(CONTENT_TYPE);
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response.map(|_| Body::from(body.to_string()))
}

impl From<ScimError> for Problem {
    fn from(error: ScimError) -> Self {
        Self::new(Code::ScimInvalid, error.to_string()).scim_type(error.kind)
    }
}

impl From<ProvisioningError> for Problem {
    fn from(error: ProvisioningError) -> Self {
        let message = error.to_string();
        match error {
            ProvisioningError::UserUnknown => Self::new(Code::AccountUnknown, message),
            ProvisioningError::GroupUnknown => Self::new(Code::GroupUnknown, message),
            ProvisioningError::MemberUnknown => {
                Self::new(Code::ScimInvalid, message).scim_type(ScimType::InvalidValue)
            }
            ProvisioningError::NameTaken | ProvisioningError::ExternalIdTaken => {
                Self::new(Code::AccountExists, message).scim_type(ScimType::Uniqueness)
            }
            ProvisioningError::GroupsFull => Self::new(Code::CapacityExhausted, message),
            ProvisioningError::Access(source) => source.into(),
        }
    }
}
