//! Refuses requests that a foreign page makes a browser send with our cookie.

use axum::http::{HeaderMap, header};

use crate::problem::{Code, Problem};

/// A request that changes something with the authority of a cookie must come from our own page.
pub(crate) fn must_be_own(headers: &HeaderMap) -> Result<(), Problem> {
    if is_own(headers) == Some(true) { Ok(()) } else { Err(refused()) }
}

/// The same where no cookie is needed yet: programs send no origin, browsers always do.
pub(crate) fn must_not_be_foreign(headers: &HeaderMap) -> Result<(), Problem> {
    if is_own(headers) == Some(false) { Err(refused()) } else { Ok(()) }
}

fn refused() -> Problem {
    Problem::new(Code::OriginRefused, "the request comes from another page than our own")
}

/// `None` without an origin. A port is part of an origin, so the whole host must be the same.
fn is_own(headers: &HeaderMap) -> Option<bool> {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let origin = origins.next()?;
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let origin = origin.to_str().ok();
    let own = match (origin, host) {
        (Some(origin), Some(host)) => ["http://", "https://"].into_iter().any(|scheme| {
            origin.strip_prefix(scheme).is_some_and(|rest| rest.eq_ignore_ascii_case(host))
        }),
        (_, None) | (None, _) => false,
    };
    Some(own && origins.next().is_none())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn check(origins: &[&'static str], expected: Option<bool>) {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("localhost:8080"));
        for origin in origins {
            headers.append(header::ORIGIN, HeaderValue::from_static(origin));
        }
        assert_eq!(is_own(&headers), expected, "{origins:?}");
    }

    #[test]
    fn only_the_whole_own_origin_is_own() {
        check(&[], None);
        check(&["http://localhost:8080"], Some(true));
        check(&["https://LOCALHOST:8080"], Some(true));
        check(&["http://localhost"], Some(false));
        check(&["http://localhost:8081"], Some(false));
        check(&["http://localhost:8080.example.org"], Some(false));
        check(&["http://example.org"], Some(false));
        check(&["null"], Some(false));
        check(&["http://localhost:8080", "http://example.org"], Some(false));
    }
}
