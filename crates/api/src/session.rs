//! `POST`, `GET` and `DELETE /v1/session`: a browser signs in with a one-time link, and out.

use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use governance::{Action, AuditFact, Session as StoredSession, Subject};
use inference_wire::{ErrorBody, FieldError, FieldErrorKind, PathPart, RequestError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    ApiState, body,
    caller::{SESSION_COOKIE, SignedInBrowser},
    origin,
    problem::{Code, Problem},
};

/// The token of a one-time link.
#[derive(Deserialize, ToSchema)]
pub(crate) struct SignIn {
    /// What follows `#token=` in the address that the server printed.
    token: String,
}

/// The session of a signed-in browser.
#[derive(Serialize, ToSchema)]
pub(crate) struct Session {
    /// The id of the organisation that the browser acts for.
    organisation: String,
    /// The id of its project.
    project: String,
    /// When the browser has to sign in again, in RFC 3339.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Sign in with the token of a one-time link
#[utoipa::path(
    post,
    path = "/v1/session",
    operation_id = "createSession",
    tag = "session",
    request_body = SignIn,
    responses(
        (status = 204, description = "Signed in; the cookie is set"),
        (status = 400, description = "Not JSON", body = ErrorBody),
        (status = 401, description = "The link was used, has expired or is not known", body = ErrorBody),
        (status = 403, description = "The request comes from a foreign page", body = ErrorBody),
        (status = 422, description = "No token", body = ErrorBody),
        (status = 429, description = "Too many attempts; see Retry-After", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    extensions(("x-audit-class" = json!("session.create"))),
)]
pub(crate) async fn create(
    State(state): State<ApiState>,
    request: Request,
) -> Result<Response, Problem> {
    origin::must_not_be_foreign(request.headers())?;
    state.sign_ins.enter(state.clock.now()).map_err(|seconds| {
        Problem::new(Code::CapacityExhausted, "too many attempts to sign in")
            .retry_after(Some(seconds))
    })?;
    let body = body::read(request, &state.settings).await?;
    let SignIn { token } = read_sign_in(&body)?;
    let signed_in = state.access.sign_in(&token).await?;
    let lifetime_seconds =
        signed_in.session.expires_at.as_seconds() - signed_in.session.created_at.as_seconds();
    let cookie = cookie(&state, signed_in.token.expose(), lifetime_seconds);
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

/// Tell of the session of this browser
#[utoipa::path(
    get,
    path = "/v1/session",
    operation_id = "readSession",
    tag = "session",
    responses(
        (status = 200, description = "Signed in", body = Session),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("session" = [])),
    extensions(("x-audit-class" = json!("session.read"))),
)]
pub(crate) async fn read(
    State(state): State<ApiState>,
    SignedInBrowser { caller, session }: SignedInBrowser,
) -> Result<Json<Session>, Problem> {
    let subject = Subject::Session(session.id);
    state.trail.record(&AuditFact::ok(Action::SessionRead, caller, subject)).await?;
    Ok(Json(Session::from(&session)))
}

/// Sign this browser out
#[utoipa::path(
    delete,
    path = "/v1/session",
    operation_id = "endSession",
    tag = "session",
    responses(
        (status = 204, description = "Signed out; the cookie is removed"),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "The request comes from a foreign page", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("session" = [])),
    extensions(("x-audit-class" = json!("session.end"))),
)]
pub(crate) async fn end(
    State(state): State<ApiState>,
    browser: SignedInBrowser,
) -> Result<Response, Problem> {
    state.access.sign_out(&browser.caller).await?;
    let cookie = cookie(&state, "", 0);
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

impl From<&StoredSession> for Session {
    fn from(session: &StoredSession) -> Self {
        Self {
            organisation: session.organisation.to_string(),
            project: session.project.to_string(),
            expires_at: session.expires_at.to_string(),
        }
    }
}

fn read_sign_in(body: &[u8]) -> Result<SignIn, RequestError> {
    let text = std::str::from_utf8(body)
        .map_err(|error| RequestError::InvalidUtf8 { valid_up_to: error.valid_up_to() })?;
    serde_json::from_str(text).map_err(|error| {
        if error.is_data() {
            let path = ["body", "token"].map(|key| PathPart::Key(key.to_owned()));
            let message = "must be the token of a sign-in link".to_owned();
            let kind = FieldErrorKind::String;
            RequestError::Invalid { fields: vec![FieldError { loc: path.to_vec(), kind, message }] }
        } else {
            // Serde repeats values in errors of this kind only where they are no secrets.
            RequestError::InvalidJson { reason: error.to_string() }
        }
    })
}

/// `Secure` is left out on plain http, where browsers would drop the cookie.
fn cookie(state: &ApiState, token: &str, lifetime_seconds: i64) -> HeaderValue {
    let secure = if state.settings.secure_cookie { "; Secure" } else { "" };
    let cookie = format!(
        "{SESSION_COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/; Max-Age={lifetime_seconds}{secure}"
    );
    // Hexadecimal digits and fixed text: always a header value.
    let mut cookie = HeaderValue::try_from(cookie).unwrap_or_else(|_| HeaderValue::from_static(""));
    cookie.set_sensitive(true);
    cookie
}
