//! `Idempotency-Key` and `Last-Event-ID`.

use assistant::{Idempotency, IdempotencyKey, IdempotencyKeyError};
use axum::http::HeaderMap;
use sha2::{Digest as _, Sha256};

use super::problem::invalid;
use crate::problem::Problem;

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
const LAST_EVENT_ID: &str = "Last-Event-ID";

/// The key that was sent, if one was, with the digest of what was asked under it.
pub(super) fn idempotency(
    headers: &HeaderMap,
    (method, path): (&str, &str),
    body: &[u8],
) -> Result<Option<Idempotency>, Problem> {
    let Some(key) = single(headers, IDEMPOTENCY_KEY)? else { return Ok(None) };
    let key: IdempotencyKey = key.parse().map_err(|error: IdempotencyKeyError| {
        invalid(("header", IDEMPOTENCY_KEY), error.to_string())
    })?;
    let mut hasher = Sha256::new();
    // Neither a method nor a path holds a line break.
    for part in [method.as_bytes(), b"\n", path.as_bytes(), b"\n", body] {
        hasher.update(part);
    }
    Ok(Some(Idempotency { key, digest: hasher.finalize().into() }))
}

/// How many bytes of the answer's text the client has; `None` if it knows nothing of the answer.
pub(super) fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(text) = single(headers, LAST_EVENT_ID)? else { return Ok(None) };
    // Browsers send it empty before the first event.
    if text.is_empty() {
        return Ok(None);
    }
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| digits);
    let message = "must be the id of an event of this answer: a number";
    number.map(Some).ok_or_else(|| invalid(("header", LAST_EVENT_ID), message))
}

/// Two headers leave open which one counts.
fn single<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>, Problem> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    match (value.to_str(), values.next()) {
        (Ok(text), None) => Ok(Some(text)),
        (Err(_), _) | (_, Some(_)) => {
            Err(invalid(("header", name), "must be sent once, in visible ASCII characters"))
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(name: &'static str, values: &[&str]) -> HeaderMap {
        let name: HeaderName = name.parse().unwrap();
        let value = |value: &&str| HeaderValue::from_bytes(value.as_bytes()).unwrap();
        values.iter().map(|each| (name.clone(), value(each))).collect()
    }

    #[test]
    fn last_event_ids_are_numbers() {
        let check = |values: &[&str]| last_event_id(&headers(LAST_EVENT_ID, values)).ok();
        assert_eq!(check(&[]), Some(None));
        assert_eq!(check(&[""]), Some(None));
        assert_eq!(check(&["0"]), Some(Some(0)));
        assert_eq!(check(&["18446744073709551615"]), Some(Some(u64::MAX)));
        for wrong in ["18446744073709551616", "-1", "+1", "1.0", "a", "é"] {
            assert_eq!(check(&[wrong]), None, "{wrong}");
        }
        assert_eq!(check(&["1", "1"]), None);
    }

    #[test]
    fn a_key_is_bound_to_all_of_a_request() {
        let headers = headers(IDEMPOTENCY_KEY, &["k-1"]);
        let digest = |place, body| idempotency(&headers, place, body).unwrap().unwrap().digest;
        let first = digest(("POST", "/a"), b"{}");
        assert_eq!(first, digest(("POST", "/a"), b"{}"));
        for other in [
            digest(("PUT", "/a"), b"{}"),
            digest(("POST", "/b"), b"{}"),
            digest(("POST", "/a"), b"{ }"),
        ] {
            assert_ne!(first, other);
        }
        assert!(idempotency(&HeaderMap::new(), ("POST", "/a"), b"").unwrap().is_none());
    }
}
