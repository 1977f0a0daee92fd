//! `POST`, `GET` and `DELETE /v1/session`: a browser signs in and out.

use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use governance::{Action, AuditFact, Password, SignedIn, Subject};
use inference_wire::ErrorBody;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    ApiState,
    account::Account,
    body,
    caller::{SESSION_COOKIE, SignedInBrowser},
    origin,
    problem::{Code, Problem},
    sign_in_gate::SignInGate,
};

/// The token of a one-time link, or a name and a password.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum SignIn {
    Link {
        /// What follows `#token=` in the address that the server printed.
        token: String,
    },
    Password {
        name: String,
        password: String,
    },
}

/// Another password for whoever is signed in.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ChangePassword {
    /// The password until now; not needed while there is none.
    #[serde(default)]
    current: Option<String>,
    /// At least 15 characters.
    new: String,
}

/// The session of a signed-in browser.
#[derive(Serialize, ToSchema)]
pub(crate) struct Session {
    /// The id of the organisation that the browser acts for.
    organisation: String,
    /// The id of its project.
    project: String,
    /// Who is signed in.
    account: Account,
    /// Whether the account has a password to sign in with again.
    has_password: bool,
    /// When the browser has to sign in again, in RFC 3339.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Sign in with the token of a one-time link, or with a name and a password
#[utoipa::path(
    post,
    path = "/v1/session",
    operation_id = "createSession",
    tag = "session",
    request_body = SignIn,
    responses(
        (status = 204, description = "Signed in; the cookie is set"),
        (status = 400, description = "Not JSON", body = ErrorBody),
        (status = 401, description = "The link was used, has expired or is not known, or the name or password is wrong", body = ErrorBody),
        (status = 403, description = "The request comes from a foreign page", body = ErrorBody),
        (status = 422, description = "No token, and no name and password", body = ErrorBody),
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
    let body = body::read(request, &state.settings).await?;
    let wanted = "must have a `token`, or a `name` and a `password`";
    let signed_in = match body::json(&body, wanted)? {
        SignIn::Link { token } => {
            enter(&state.sign_ins, &state)?;
            state.access.sign_in(&token).await?
        }
        SignIn::Password { name, password } => {
            enter(&state.passwords, &state)?;
            state.access.sign_in_with_password(&name, Password::typed(password)).await?
        }
    };
    let cookie = session_cookie(&signed_in, state.settings.secure_cookie);
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
    extensions(("x-audit-class" = json!("session.read")), ("x-permission" = json!("none"))),
)]
pub(crate) async fn read(
    State(state): State<ApiState>,
    SignedInBrowser { caller, session, account }: SignedInBrowser,
) -> Result<Json<Session>, Problem> {
    let subject = Subject::Session(session.id);
    state.trail.record(&AuditFact::ok(Action::SessionRead, caller, subject)).await?;
    let has_password = state.access.has_password(&account).await?;
    Ok(Json(Session {
        organisation: session.organisation.to_string(),
        project: session.project.to_string(),
        account: Account::from(&account),
        has_password,
        expires_at: session.expires_at.to_string(),
    }))
}

/// Choose another password
///
/// Other browsers that are signed in as the same account are signed out.
#[utoipa::path(
    put,
    path = "/v1/session/password",
    operation_id = "changePassword",
    tag = "session",
    request_body = ChangePassword,
    responses(
        (status = 204, description = "It is changed"),
        (status = 400, description = "Not JSON or not UTF-8", body = ErrorBody),
        (status = 401, description = "Not signed in, or the current password is wrong", body = ErrorBody),
        (status = 403, description = "The request comes from a foreign page", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time", body = ErrorBody),
        (status = 413, description = "The body is too large", body = ErrorBody),
        (status = 422, description = "The new password is no good one", body = ErrorBody),
        (status = 429, description = "Too many attempts; see Retry-After", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("session" = [])),
    extensions(("x-audit-class" = json!("account.update")), ("x-permission" = json!("none"))),
)]
pub(crate) async fn change_password(
    State(state): State<ApiState>,
    browser: SignedInBrowser,
    request: Request,
) -> Result<StatusCode, Problem> {
    let bytes = body::read(request, &state.settings).await?;
    let ChangePassword { current, new } = body::json(&bytes, "must have a `new` password")?;
    let (current, new) = (current.map(Password::typed), Password::typed(new));
    state.access.set_password(&browser.caller, current, new).await?;
    Ok(StatusCode::NO_CONTENT)
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
    extensions(("x-audit-class" = json!("session.end")), ("x-permission" = json!("none"))),
)]
pub(crate) async fn end(
    State(state): State<ApiState>,
    browser: SignedInBrowser,
) -> Result<Response, Problem> {
    state.access.sign_out(&browser.caller).await?;
    let cookie = cookie("", 0, state.settings.secure_cookie);
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

pub(crate) fn enter(gate: &SignInGate, state: &ApiState) -> Result<(), Problem> {
    gate.enter(state.clock.now()).map_err(|seconds| {
        Problem::new(Code::CapacityExhausted, "too many attempts to sign in")
            .retry_after(Some(seconds))
    })
}

pub(crate) fn session_cookie(signed_in: &SignedIn, is_secure: bool) -> HeaderValue {
    let session = &signed_in.session;
    let lifetime_seconds = session.expires_at.as_seconds() - session.created_at.as_seconds();
    cookie(signed_in.token.expose(), lifetime_seconds, is_secure)
}

/// `Secure` is left out on plain http, where browsers would drop the cookie.
fn cookie(token: &str, lifetime_seconds: i64, is_secure: bool) -> HeaderValue {
    let secure = if is_secure { "; Secure" } else { "" };
    let cookie = format!(
        "{SESSION_COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/; Max-Age={lifetime_seconds}{secure}"
    );
    // Hexadecimal digits and fixed text: always a header value.
    let mut cookie = HeaderValue::try_from(cookie).unwrap_or_else(|_| HeaderValue::from_static(""));
    cookie.set_sensitive(true);
    cookie
}
