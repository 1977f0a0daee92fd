//! `/v1/session/provider` and `/v1/session/oidc`: sign-in with an identity provider.
//!
//! Two of these routes are opened by a browser itself and not by the page, so what they refuse is
//! told in the fragment of the page's address, as the code of an error.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::Caller;
use governance::{Arrived, Begun, Identities, IdentityError, Returned};
use inference_wire::ErrorBody;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    ApiState,
    caller::{SignedInBrowser, cookie_named},
    problem::{Code, Problem},
    session::{enter, session_cookie},
};

/// Tells the browser that comes back from the one that left. Needed under one path alone; `Lax`
/// because the provider's page sends it back.
const DEPARTURE_COOKIE: &str = "galerne_departure";
const PATH: &str = "/v1/session/oidc";

/// How people may sign in besides a password.
#[derive(Serialize, ToSchema)]
pub(crate) struct SignInProvider {
    /// As people know it; null where none is set.
    name: Option<String>,
}

/// Where a browser goes in order to sign in at the provider.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProviderAddress {
    address: String,
}

/// What the provider sends a browser back with.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Callback {
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    code: Option<String>,
    /// Who sends it back, as RFC 9207 says.
    #[serde(default)]
    iss: Option<String>,
    #[serde(default)]
    error: Option<String>,
}

/// Tell whether an identity provider is set
#[utoipa::path(
    get,
    path = "/v1/session/provider",
    operation_id = "readSignInProvider",
    tag = "session",
    responses((status = 200, description = "Its name, if there is one", body = SignInProvider)),
    extensions(("x-audit-class" = json!("none"))),
)]
pub(crate) async fn provider(State(state): State<ApiState>) -> Json<SignInProvider> {
    let name = state.identities.as_ref().map(|all| all.provider_name().to_owned());
    Json(SignInProvider { name })
}

/// Send this browser to the identity provider
///
/// What is refused leads back to the page, with the code of the error after `#sign-in=`.
#[utoipa::path(
    get,
    path = "/v1/session/oidc",
    operation_id = "beginProviderSignIn",
    tag = "session",
    responses((status = 303, description = "To the provider, or back to the page")),
    extensions(("x-audit-class" = json!("none"))),
)]
pub(crate) async fn begin(State(state): State<ApiState>) -> Response {
    match depart(&state, None).await {
        Ok(begun) => {
            let mut response = redirect(&begun.address);
            append_cookie(&mut response, departure_cookie(&state, &begun));
            response
        }
        Err(problem) => back(&problem),
    }
}

/// Sign in with the identity provider from now on, as whoever is signed in here
///
/// The identity of whoever signs in there next is bound to the account.
#[utoipa::path(
    post,
    path = "/v1/session/oidc",
    operation_id = "bindIdentity",
    tag = "session",
    responses(
        (status = 200, description = "Where the browser goes now", body = ProviderAddress),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "The request comes from a foreign page", body = ErrorBody),
        (status = 404, description = "No provider is set", body = ErrorBody),
        (status = 429, description = "Too many attempts; see Retry-After", body = ErrorBody),
        (status = 503, description = "The provider cannot be asked", body = ErrorBody),
    ),
    security(("session" = [])),
    extensions(("x-audit-class" = json!("none")), ("x-permission" = json!("none"))),
)]
pub(crate) async fn bind(
    State(state): State<ApiState>,
    browser: SignedInBrowser,
) -> Result<Response, Problem> {
    let begun = depart(&state, Some(browser.caller)).await?;
    let cookie = departure_cookie(&state, &begun);
    let mut response = Json(ProviderAddress { address: begun.address }).into_response();
    append_cookie(&mut response, cookie);
    Ok(response)
}

/// Take a browser back in from the identity provider
///
/// Leads to the page; what is refused is told after `#sign-in=`.
#[utoipa::path(
    get,
    path = "/v1/session/oidc/callback",
    operation_id = "finishProviderSignIn",
    tag = "session",
    params(Callback),
    responses((status = 303, description = "To the page; the cookie is set where somebody is signed in")),
    extensions(("x-audit-class" = json!("session.create"))),
)]
pub(crate) async fn finish(
    State(state): State<ApiState>,
    headers: HeaderMap,
    query: Result<Query<Callback>, QueryRejection>,
) -> Response {
    // A parameter that is there twice leaves open which one counts.
    let callback = query.map(|Query(callback)| callback).unwrap_or_default();
    let mut response = match arrive(&state, &headers, callback).await {
        Ok(Arrived::SignedIn(signed_in)) => {
            let mut response = redirect("/");
            append_cookie(&mut response, session_cookie(&signed_in, is_secure(&state)));
            response
        }
        Ok(Arrived::Bound) => redirect("/"),
        Err(problem) => back(&problem),
    };
    append_cookie(&mut response, cookie(&state, "", 0));
    response
}

async fn depart(state: &ApiState, binds: Option<Caller>) -> Result<Begun, Problem> {
    enter(&state.passwords, state)?;
    Ok(identities(state)?.begin(binds).await?)
}

async fn arrive(
    state: &ApiState,
    headers: &HeaderMap,
    callback: Callback,
) -> Result<Arrived, Problem> {
    enter(&state.passwords, state)?;
    let Callback { state: sent, code, iss, error } = callback;
    let browser = cookie_named(headers, DEPARTURE_COOKIE).map(str::to_owned);
    let returned = Returned { state: sent, code, issuer: iss, error, browser };
    Ok(identities(state)?.finish(&returned).await?)
}

fn identities(state: &ApiState) -> Result<&Identities, Problem> {
    state.identities.as_ref().ok_or_else(|| {
        Problem::new(Code::RouteUnknown, "no identity provider is set")
            .hint("the operator sets one under [identity.oidc]")
    })
}

/// Back to the page. The refusal is written to the audit trail as any other is.
fn back(problem: &Problem) -> Response {
    let refused = problem.refused();
    let mut response = redirect(&format!("/#sign-in={}", refused.code.as_str()));
    response.extensions_mut().insert(refused);
    response
}

fn redirect(address: &str) -> Response {
    match HeaderValue::try_from(address) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => Problem::new(Code::ProviderUnavailable, "the provider has no such address")
            .into_response(),
    }
}

fn departure_cookie(state: &ApiState, begun: &Begun) -> HeaderValue {
    cookie(state, &begun.browser, begun.valid_seconds)
}

fn cookie(state: &ApiState, value: &str, lifetime_seconds: i64) -> HeaderValue {
    let secure = if is_secure(state) { "; Secure" } else { "" };
    let cookie = format!(
        "{DEPARTURE_COOKIE}={value}; HttpOnly; SameSite=Lax; Path={PATH}; \
         Max-Age={lifetime_seconds}{secure}"
    );
    // Hexadecimal digits and fixed text: always a header value.
    let mut cookie = HeaderValue::try_from(cookie).unwrap_or_else(|_| HeaderValue::from_static(""));
    cookie.set_sensitive(true);
    cookie
}

/// Browsers that come back over https get cookies for https alone.
fn is_secure(state: &ApiState) -> bool {
    state.settings.secure_cookie || state.settings.returns_encrypted
}

fn append_cookie(response: &mut Response, cookie: HeaderValue) {
    response.headers_mut().append(header::SET_COOKIE, cookie);
}

impl From<IdentityError> for Problem {
    fn from(error: IdentityError) -> Self {
        let message = error.to_string();
        match error {
            IdentityError::Refused { .. } => {
                tracing::warn!(%message, "nobody was signed in");
                Self::new(Code::IdentityRefused, "the identity provider did not prove who it is")
                    .hint("begin again at the page")
            }
            IdentityError::Unmapped => Self::new(Code::IdentityUnmapped, message)
                .hint("whoever keeps the groups or the accounts can let them in"),
            IdentityError::Conflict => Self::new(Code::IdentityConflict, message)
                .hint("sign in to that account and connect it with the provider there"),
            IdentityError::Unavailable { source } => {
                let error = source.as_ref() as &dyn std::error::Error;
                tracing::error!(error, "the identity provider cannot be asked");
                Self::new(Code::ProviderUnavailable, message).retry_after(Some(5))
            }
            IdentityError::Access(source) => source.into(),
        }
    }
}
