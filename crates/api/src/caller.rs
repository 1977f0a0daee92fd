//! Who asks: an API key in `Authorization`, or the cookie of a signed-in browser.

use std::sync::{Arc, OnceLock};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use domain::{Account, Caller};
use governance::{AccessError, Session};

use crate::{
    ApiState, origin,
    problem::{Code, Problem},
};

pub(crate) const SESSION_COOKIE: &str = "galerne_session";

/// A caller that is proved, by whichever means.
pub(crate) struct Authenticated(pub(crate) Caller);

/// A caller that is proved by the cookie of a browser.
pub(crate) struct SignedInBrowser {
    pub(crate) caller: Caller,
    pub(crate) session: Session,
    pub(crate) account: Account,
}

/// A caller that is proved by an API key, and by nothing else.
pub(crate) struct KeyHolder(pub(crate) Caller);

/// Remembers the caller of a request for the audit entry of its refusal.
#[derive(Clone, Default)]
pub(crate) struct CallerSlot(Arc<OnceLock<Caller>>);

impl CallerSlot {
    pub(crate) fn caller(&self) -> Option<Caller> {
        self.0.get().copied()
    }

    /// The first caller stays: a request has one.
    fn remember(&self, caller: Caller) {
        self.0.get_or_init(|| caller);
    }
}

impl FromRequestParts<ApiState> for Authenticated {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        if !parts.headers.contains_key(header::AUTHORIZATION) {
            let browser = SignedInBrowser::from_request_parts(parts, state).await?;
            return Ok(Self(browser.caller));
        }
        let slot = slot(parts);
        let result = match bearer_token(&parts.headers) {
            Some(key) => state.access.authenticate_key(key).await,
            None => Err(AccessError::KeyInvalid),
        };
        match result {
            Ok(caller) => {
                slot.remember(caller);
                state.permissions.check(parts, &caller, &state.rules).await?;
                Ok(Self(caller))
            }
            Err(error) => {
                if let Some(caller) = error.caller() {
                    slot.remember(caller);
                }
                Err(error.into())
            }
        }
    }
}

impl FromRequestParts<ApiState> for KeyHolder {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        if !parts.headers.contains_key(header::AUTHORIZATION) {
            return Err(Problem::new(Code::AuthMissing, "nobody is named as the caller")
                .hint("send `Authorization: Bearer <API key>`"));
        }
        let Authenticated(caller) = Authenticated::from_request_parts(parts, state).await?;
        Ok(Self(caller))
    }
}

impl FromRequestParts<ApiState> for SignedInBrowser {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let Some(token) = session_cookie(&parts.headers) else {
            return Err(Problem::new(Code::AuthMissing, "nobody is named as the caller")
                .hint("send `Authorization: Bearer <API key>`, or sign the browser in"));
        };
        if !parts.method.is_safe() {
            origin::must_be_own(&parts.headers)?;
        }
        let found = state.access.authenticate_session(token).await;
        if let Some(caller) = found.as_ref().err().and_then(AccessError::caller) {
            slot(parts).remember(caller);
        }
        let (caller, session, account) = found?;
        slot(parts).remember(caller);
        state.permissions.check(parts, &caller, &state.rules).await?;
        Ok(Self { caller, session, account })
    }
}

fn slot(parts: &Parts) -> CallerSlot {
    parts.extensions.get::<CallerSlot>().cloned().unwrap_or_default()
}

fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    // Two headers leave open which one counts.
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    cookie_named(headers, SESSION_COOKIE)
}

pub(crate) fn cookie_named<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == wanted).then_some(value))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(name: &HeaderName, values: &[&str]) -> HeaderMap {
        values
            .iter()
            .map(|value| (name.clone(), HeaderValue::from_bytes(value.as_bytes()).unwrap()))
            .collect()
    }

    #[test]
    fn the_scheme_is_bearer_and_one_header_counts() {
        let check = |values: &[&str], expected: Option<&str>| {
            let headers = headers(&header::AUTHORIZATION, values);
            assert_eq!(bearer_token(&headers), expected, "{values:?}");
        };
        check(&["Bearer abc"], Some("abc"));
        check(&["bearer  abc "], Some("abc"));
        check(&["Basic abc"], None);
        check(&["Bearer"], None);
        check(&["Bearer é"], None);
        check(&["Bearer abc", "Bearer abc"], None);
    }

    #[test]
    fn the_session_cookie_is_found_among_others() {
        let check = |values: &[&str], expected: Option<&str>| {
            let headers = headers(&header::COOKIE, values);
            assert_eq!(session_cookie(&headers), expected, "{values:?}");
        };
        check(&["galerne_session=abc"], Some("abc"));
        check(&["a=b; galerne_session=abc; c=d"], Some("abc"));
        check(&["a=b", "galerne_session=abc"], Some("abc"));
        check(&["xgalerne_session=abc"], None);
        check(&["galerne_session"], None);
        check(&[], None);
    }
}
