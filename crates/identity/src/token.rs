//! Checks an ID token. Everything that it says is an assertion of whoever sent it until the last
//! check has passed; nothing that it names is fetched.
//!
//! # Source
//! `OpenID` Connect Core 1.0 with errata 2, section 3.1.3.7; RFC 7515; RFC 8725.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::Timestamp;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256, Sha512};
use subtle::ConstantTimeEq as _;

use crate::{
    keys::{KeySet, SigningAlgorithm},
    strict_json,
};

/// A token is longer than that only to keep somebody busy.
const TOKEN_BYTES_MAX: usize = 32 * 1024;

/// How far the clocks of the provider and of this machine may differ.
const SKEW_SECONDS: i64 = 60;

/// A token is made while the code is exchanged: an older one was kept by somebody.
const AGE_SECONDS_MAX: i64 = 10 * 60;

/// What `sub` may hold at most, by the standard.
const SUBJECT_BYTES_MAX: usize = 255;

/// Parameters that name a key from elsewhere, or ask for something that is not understood here.
const REFUSED_PARAMETERS: [&str; 8] =
    ["jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "crit", "b64"];

/// What a token must say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) nonce: &'a str,
    pub(crate) algorithms: &'a [SigningAlgorithm],
    /// What came with it.
    pub(crate) access_token: Option<&'a str>,
    pub(crate) now: Timestamp,
}

/// What a token says that has passed every check.
pub(crate) type Claims = Map<String, Value>;

/// Why a token is not believed. Repeats nothing that it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("the ID token is not three parts of a signed JWT")]
    Malformed,
    #[error("the ID token is not signed with an algorithm that the settings allow")]
    Algorithm,
    #[error("the header of the ID token names `{0}`")]
    Parameter(&'static str),
    #[error("the ID token is of another type")]
    Type,
    #[error("the issuer has not one key that fits the ID token")]
    Key,
    #[error("the signature of the ID token is wrong")]
    Signature,
    #[error("the ID token comes from another issuer")]
    Issuer,
    #[error("the ID token is for somebody else")]
    Audience,
    #[error("the ID token answers another question: its nonce is missing or wrong")]
    Nonce,
    #[error("the ID token has expired")]
    Expired,
    #[error("the ID token is not of now")]
    NotNow,
    #[error("the ID token names nobody")]
    Subject,
    #[error("the ID token belongs to another access token")]
    AccessToken,
}

/// Believes a token, or says why not.
pub(crate) fn check(
    token: &str,
    keys: &KeySet,
    expected: &Expected<'_>,
) -> Result<Claims, TokenError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(TokenError::Malformed);
    }
    let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
    let (header, payload) = message.split_once('.').ok_or(TokenError::Malformed)?;
    let header = part(header)?;
    let algorithm = algorithm(&header, expected.algorithms)?;
    let key_id = match header.get("kid") {
        None => None,
        Some(id) => Some(id.as_str().ok_or(TokenError::Key)?),
    };
    let key = keys.find(key_id, algorithm).ok_or(TokenError::Key)?;
    let verified =
        jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key, algorithm.algorithm());
    if !matches!(verified, Ok(true)) {
        return Err(TokenError::Signature);
    }
    let claims = part(payload)?;
    check_claims(&claims, algorithm, expected)?;
    Ok(claims)
}

fn part(encoded: &str) -> Result<Map<String, Value>, TokenError> {
    let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| TokenError::Malformed)?;
    strict_json::object(&bytes).ok_or(TokenError::Malformed)
}

/// The algorithm is one of the settings: what the token says chooses among them.
fn algorithm(
    header: &Map<String, Value>,
    allowed: &[SigningAlgorithm],
) -> Result<SigningAlgorithm, TokenError> {
    let named = text(header, "alg").and_then(|name| name.parse().ok());
    let found = named.filter(|algorithm| allowed.contains(algorithm));
    let algorithm = found.ok_or(TokenError::Algorithm)?;
    if let Some(name) = REFUSED_PARAMETERS.into_iter().find(|name| header.contains_key(*name)) {
        return Err(TokenError::Parameter(name));
    }
    match header.get("typ") {
        None => Ok(algorithm),
        Some(Value::String(kind)) if kind.eq_ignore_ascii_case("JWT") => Ok(algorithm),
        Some(_) => Err(TokenError::Type),
    }
}

fn check_claims(
    claims: &Claims,
    algorithm: SigningAlgorithm,
    expected: &Expected<'_>,
) -> Result<(), TokenError> {
    let ensure = |holds: bool, error| if holds { Ok(()) } else { Err(error) };
    ensure(text(claims, "iss") == Some(expected.issuer), TokenError::Issuer)?;
    ensure(is_for(claims, expected.client_id), TokenError::Audience)?;
    let nonce = text(claims, "nonce").unwrap_or_default();
    ensure(nonce.as_bytes().ct_eq(expected.nonce.as_bytes()).into(), TokenError::Nonce)?;
    check_times(claims, expected.now)?;
    let subject = text(claims, "sub").unwrap_or_default();
    let is_subject = (1..=SUBJECT_BYTES_MAX).contains(&subject.len())
        && subject.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    ensure(is_subject, TokenError::Subject)?;
    match claims.get("at_hash") {
        None => Ok(()),
        Some(given) => {
            let made = expected.access_token.map(|token| half_hash(token, algorithm));
            let fits = made.is_some() && given.as_str() == made.as_deref();
            ensure(fits, TokenError::AccessToken)
        }
    }
}

/// For us, and made for us: among several audiences `azp` says for whom.
fn is_for(claims: &Claims, client_id: &str) -> bool {
    let several = match claims.get("aud") {
        Some(Value::String(one)) if one == client_id => false,
        Some(Value::Array(all)) if all.iter().any(|one| one == client_id) => all.len() > 1,
        _ => return false,
    };
    match claims.get("azp") {
        None => !several,
        Some(party) => party == client_id,
    }
}

fn check_times(claims: &Claims, now: Timestamp) -> Result<(), TokenError> {
    let now = now.as_seconds();
    let expires = seconds(claims, "exp").ok_or(TokenError::Expired)?;
    if expires.saturating_add(SKEW_SECONDS) <= now {
        return Err(TokenError::Expired);
    }
    let issued = seconds(claims, "iat").ok_or(TokenError::NotNow)?;
    let is_early = |time: i64| time > now.saturating_add(SKEW_SECONDS);
    let is_late = issued.saturating_add(AGE_SECONDS_MAX + SKEW_SECONDS) < now;
    let is_before = match claims.get("nbf") {
        None => false,
        Some(_) => seconds(claims, "nbf").is_none_or(is_early),
    };
    if is_early(issued) || is_late || is_before { Err(TokenError::NotNow) } else { Ok(()) }
}

/// Whole seconds; some providers write fractions.
#[expect(clippy::cast_possible_truncation, reason = "a cast saturates, and is compared only")]
fn seconds(claims: &Claims, name: &str) -> Option<i64> {
    let value = claims.get(name)?;
    value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))
}

/// The left half of the hash that belongs to the algorithm.
fn half_hash(access_token: &str, algorithm: SigningAlgorithm) -> String {
    let half = |hash: &[u8]| URL_SAFE_NO_PAD.encode(&hash[..hash.len() / 2]);
    match algorithm {
        SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256 | SigningAlgorithm::Es256 => {
            half(&Sha256::digest(access_token))
        }
        SigningAlgorithm::EdDsa => half(&Sha512::digest(access_token)),
    }
}

fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    members.get(name)?.as_str()
}

#[cfg(test)]
mod tests;
