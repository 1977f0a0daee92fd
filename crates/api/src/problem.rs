//! Every error that a client can see: one body, one table of codes.

mod code;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use governance::{AccessError, AuditError, ProtectionError, RulesError};
use inference::{ChatError, EmbedError, JudgeError, ReceiptError, ports::EngineError};
use inference_wire::{ErrorBody, FieldError, RequestError};
use scim::ScimType;

use crate::{body, budget};
pub(crate) use code::Code;

/// An error on its way to a client.
#[derive(Debug)]
pub(crate) struct Problem {
    code: Code,
    message: String,
    hint: Option<&'static str>,
    param: Option<&'static str>,
    fields: Vec<FieldError>,
    retry_after_seconds: Option<u32>,
    location: Option<String>,
    scim_type: Option<ScimType>,
    audited: bool,
}

/// Left in a response for those who tell it in other words.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) message: String,
    pub(crate) scim_type: Option<ScimType>,
}

/// Left in a response for the middleware that writes refusals to the audit trail.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused {
    pub(crate) code: Code,
    /// Whether the context that refused has written its entry itself.
    pub(crate) audited: bool,
}

impl Problem {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: None,
            param: None,
            fields: Vec::new(),
            retry_after_seconds: None,
            location: None,
            scim_type: None,
            audited: false,
        }
    }

    pub(crate) fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }

    pub(crate) fn param(mut self, param: &'static str) -> Self {
        self.param = Some(param);
        self
    }

    pub(crate) fn fields(mut self, fields: Vec<FieldError>) -> Self {
        self.fields = fields;
        self
    }

    pub(crate) fn retry_after(mut self, seconds: Option<u32>) -> Self {
        self.retry_after_seconds = seconds;
        self
    }

    /// Where that lies which the request has left behind, though it failed.
    pub(crate) fn location(mut self, path: Option<String>) -> Self {
        self.location = path;
        self
    }

    /// What SCIM calls it.
    pub(crate) fn scim_type(mut self, word: ScimType) -> Self {
        self.scim_type = Some(word);
        self
    }

    /// Marks a refusal whose audit entry exists, or cannot be written.
    pub(crate) fn audited(mut self) -> Self {
        self.audited = true;
        self
    }

    pub(crate) fn model_unknown(name: &str) -> Self {
        let name: String = name.chars().take(128).collect();
        Self::new(Code::ModelUnknown, format!("the model `{name}` is not served here"))
            .param("model")
            .hint("GET /v1/models lists the models that can be asked")
    }

    /// What the middleware is left where the problem itself is not what is answered.
    pub(crate) const fn refused(&self) -> Refused {
        Refused { code: self.code, audited: self.audited }
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) const fn code(&self) -> Code {
        self.code
    }

    pub(crate) const fn retry_after_seconds(&self) -> Option<u32> {
        self.retry_after_seconds
    }

    pub(crate) fn body(&self) -> ErrorBody {
        let mut body = ErrorBody::new(self.code.kind(), self.code.as_str(), self.message.clone());
        if self.code.status() == StatusCode::UNPROCESSABLE_ENTITY {
            body = body.with_fields(&self.fields);
        }
        if let Some(param) = self.param {
            body = body.with_param(param);
        }
        if let Some(hint) = self.hint {
            body = body.with_hint(hint);
        }
        body
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.code.status(), Json(self.body())).into_response();
        let hint = self.hint.map(|hint| format!("; hint: {hint}")).unwrap_or_default();
        let message = format!("{}{hint} ({})", self.message, self.code.as_str());
        response.extensions_mut().insert(Told { message, scim_type: self.scim_type });
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(Ok(path)) = self.location.map(HeaderValue::try_from) {
            response.headers_mut().insert(header::LOCATION, path);
        }
        if self.code.status() == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response.extensions_mut().insert(Refused { code: self.code, audited: self.audited });
        response
    }
}

impl From<RequestError> for Problem {
    fn from(error: RequestError) -> Self {
        let message = error.to_string();
        match error {
            RequestError::InvalidUtf8 { .. } => Self::new(Code::InvalidUtf8, message),
            RequestError::InvalidJson { .. } => Self::new(Code::InvalidJson, message),
            RequestError::Invalid { fields } => {
                Self::new(Code::InvalidRequest, message).fields(fields)
            }
            RequestError::Unsupported { field } => {
                Self::new(Code::FeatureUnsupported, message).fields(vec![field])
            }
        }
    }
}

impl From<ChatError> for Problem {
    fn from(error: ChatError) -> Self {
        let message = error.to_string();
        let retry_after = error.retry_after_seconds();
        let problem = match &error {
            ChatError::Engine(EngineError::UnknownModel { model }) => {
                Self::model_unknown(model.as_str())
            }
            ChatError::Engine(EngineError::ContextTooLong { .. }) => {
                Self::new(Code::ContextTooLong, message)
                    .param("messages")
                    .hint("shorten or leave out earlier messages")
            }
            ChatError::Engine(EngineError::MessagesRejected { .. }) => {
                Self::new(Code::MessagesRejected, message).param("messages")
            }
            ChatError::Engine(EngineError::FormatRejected { .. }) => {
                Self::new(Code::FormatRejected, message)
                    .param("response_format")
                    .hint("the message says what cannot be kept; a smaller or simpler form may be")
            }
            ChatError::Engine(EngineError::Unsuited { .. }) => {
                Self::new(Code::ModelUnsuited, message)
                    .param("model")
                    .hint("GET /v1/models tells what each model does in `capabilities`")
            }
            ChatError::Engine(EngineError::PassageTooLong { .. }) => {
                Self::new(Code::InputRejected, message)
                    .param("input")
                    .hint("cut it into several, or set `truncate` to leave its end out")
            }
            ChatError::Engine(EngineError::TokenUnknown { .. }) => {
                Self::new(Code::InputRejected, message)
                    .param("input")
                    .hint("send texts; tokens must be those of the model")
            }
            ChatError::Engine(EngineError::ToolsRejected { .. }) => {
                Self::new(Code::ToolsRejected, message)
                    .param("tools")
                    .hint("the message says which schema is to blame; a simpler one can be offered")
            }
            ChatError::Engine(EngineError::Busy { .. }) | ChatError::Crowded { .. } => {
                Self::new(Code::CapacityExhausted, message)
                    .hint("wait for the seconds in Retry-After, then send the request again")
            }
            ChatError::TooManyAnswers { .. } => Self::new(Code::InputRejected, message)
                .hint("ask for fewer in one request; the operator can raise `limits.requests_max`"),
            ChatError::Engine(EngineError::Stopping) => Self::new(Code::EngineStopped, message),
            ChatError::Engine(EngineError::Failed { .. }) | ChatError::Preparation => {
                tracing::error!(?error, "chat request failed");
                Self::new(Code::EngineFailed, "the engine failed")
            }
            ChatError::Stopping => Self::new(Code::ServerStopping, message),
            ChatError::Rules(error) => error.into(),
            ChatError::Gateway(error) => error.into(),
            ChatError::Budget(exceeded) => budget::exceeded(exceeded),
            ChatError::Audit(_) | ChatError::Ledger(_) => {
                tracing::warn!(?error, "chat request could not be recorded");
                Self::new(Code::AuditUnavailable, message)
            }
        };
        problem.retry_after(retry_after).audited()
    }
}

impl From<EmbedError> for Problem {
    fn from(error: EmbedError) -> Self {
        let message = error.to_string();
        let problem = match error {
            EmbedError::Refused(error) => return error.into(),
            EmbedError::TooManyTokens { .. } => Self::new(Code::InputRejected, message)
                .param("input")
                .hint("send fewer inputs at a time"),
            EmbedError::Dimensions { .. } => Self::new(Code::FeatureUnsupported, message)
                .param("dimensions")
                .hint("leave `dimensions` out"),
            EmbedError::BrokeOff => Self::new(Code::EngineFailed, "the engine failed"),
            EmbedError::Unrecorded => Self::new(Code::StoreUnavailable, message),
        };
        problem.audited()
    }
}

impl From<JudgeError> for Problem {
    fn from(error: JudgeError) -> Self {
        match error {
            JudgeError::Refused(error) => error.into(),
            JudgeError::BrokeOff => EmbedError::BrokeOff.into(),
            JudgeError::Unrecorded => {
                Self::new(Code::StoreUnavailable, error.to_string()).audited()
            }
        }
    }
}

impl From<ReceiptError> for Problem {
    fn from(error: ReceiptError) -> Self {
        let retry_after = error.retry_after_seconds();
        let message = error.to_string();
        let problem = match error {
            ReceiptError::Unknown => Self::new(Code::ReceiptNotFound, message)
                .hint("give the `id` of an answer, or the `request_id` of one in a conversation"),
            ReceiptError::Running | ReceiptError::NotSigned => {
                Self::new(Code::ReceiptPending, message)
                    .hint("wait for the seconds in Retry-After, then ask again")
            }
            ReceiptError::Audit(source) => return source.into(),
            ReceiptError::Read { source } => return source.into(),
            ReceiptError::Ledger(_) => {
                tracing::error!(?error, "no receipt was issued");
                Self::new(Code::StoreUnavailable, message)
            }
            ReceiptError::Contradiction | ReceiptError::Sign { .. } => {
                tracing::error!(%message, "no receipt was issued");
                Self::new(Code::Internal, "the server failed")
            }
        };
        problem.retry_after(retry_after)
    }
}

impl From<&RulesError> for Problem {
    fn from(error: &RulesError) -> Self {
        match error {
            RulesError::Forbidden { .. } | RulesError::NotPermitted => {
                Self::new(Code::PolicyDenied, error.to_string())
                    .hint("whoever runs the installation keeps its rules; ask them")
            }
            RulesError::Unavailable { reason } => {
                tracing::error!(%reason, "the rules cannot be asked; nothing is let through");
                // What is wrong with them is the operator's business.
                Self::new(Code::PolicyUnavailable, "the rules of this installation cannot be asked")
                    .hint("`galerne policy show` tells the operator what is wrong with them")
            }
        }
    }
}

impl From<AuditError> for Problem {
    fn from(error: AuditError) -> Self {
        // A closed log was reported when it was closed.
        if let AuditError::Store { .. } = &error {
            tracing::error!(?error, "audit trail not written");
        }
        Self::new(Code::AuditUnavailable, error.to_string())
            .hint("the operator sees the reason at GET /health")
            .retry_after(Some(2))
            .audited()
    }
}

impl From<ProtectionError> for Problem {
    fn from(error: ProtectionError) -> Self {
        let message = error.to_string();
        match error {
            ProtectionError::AccountUnknown => Self::new(Code::AccountUnknown, message),
            ProtectionError::LastOwner => {
                Self::new(Code::LastOwner, message).hint("make somebody else an owner before")
            }
            ProtectionError::Held { .. } => Self::new(Code::HoldInForce, message)
                .hint("GET /v1/holds tells the case; DELETE /v1/holds/{id} lifts the hold"),
            ProtectionError::ErasureUnknown { .. } => Self::new(Code::ErasureUnknown, message),
            ProtectionError::HoldUnknown { .. } => {
                Self::new(Code::HoldUnknown, message).hint("GET /v1/holds lists them")
            }
            ProtectionError::Reference { .. } => body::invalid("reference", message),
            ProtectionError::Access(source) => source.into(),
            ProtectionError::Audit(source) => source.into(),
            ProtectionError::Read { source } => source.into(),
            ProtectionError::Store(source) => AccessError::Store(source).into(),
            ProtectionError::Sign { .. } => {
                tracing::error!(%message, "unexpected in a route");
                Self::new(Code::Internal, "the server failed")
            }
        }
    }
}

impl From<AccessError> for Problem {
    fn from(error: AccessError) -> Self {
        let message = error.to_string();
        match error {
            AccessError::KeyInvalid => Self::new(Code::AuthInvalid, message)
                .hint("check that the whole key was copied; `galerne key create` makes a new one"),
            AccessError::SessionInvalid => Self::new(Code::AuthInvalid, message)
                .hint("`galerne login-link` prints a link that signs a browser in"),
            AccessError::KeyRevoked { .. } => {
                Self::new(Code::AuthRevoked, message).hint("`galerne key create` makes a new key")
            }
            AccessError::KeyExpired { .. } => {
                Self::new(Code::AuthExpired, message).hint("make another key and use that one")
            }
            AccessError::AccountDisabled { .. } => Self::new(Code::AccountDisabled, message)
                .hint("whoever keeps the accounts of the organisation can enable it again"),
            AccessError::PasswordWrong => Self::new(Code::PasswordWrong, message)
                .hint("upper and lower case count in passwords"),
            AccessError::TooManyAttempts { seconds } => {
                Self::new(Code::CapacityExhausted, message).retry_after(Some(seconds))
            }
            AccessError::NotAppointed { .. } => Self::new(Code::AuthForbidden, message)
                .hint("an owner appoints every role; an admin developers and members"),
            AccessError::AccountUnknown => Self::new(Code::AccountUnknown, message),
            AccessError::AccountExists { .. } => Self::new(Code::AccountExists, message),
            AccessError::HasPassword => Self::new(Code::AccountHasPassword, message)
                .hint("the operator of the machine can make a link: `galerne account link NAME`"),
            AccessError::LastOwner => {
                Self::new(Code::LastOwner, message).hint("make somebody else an owner before")
            }
            AccessError::KeyUnknown { .. } => Self::new(Code::KeyUnknown, message),
            AccessError::KeyName { .. } => body::invalid("name", message),
            AccessError::KeyPermissions { .. } => body::invalid("permissions", message),
            AccessError::PasswordRefused(_) => body::invalid("new", message),
            AccessError::NotAPerson => body::invalid("kind", message),
            AccessError::LinkInvalid => Self::new(Code::LinkInvalid, message)
                .hint("`galerne login-link` prints another link"),
            AccessError::Audit(source) => source.into(),
            AccessError::Store(source) => {
                tracing::error!(error = ?source, "store not available");
                Self::new(Code::StoreUnavailable, source.to_string()).retry_after(Some(2))
            }
            AccessError::Password(_) | AccessError::NotFounded => {
                tracing::error!(%message, "unexpected in a route");
                Self::new(Code::Internal, "the server failed")
            }
        }
    }
}
