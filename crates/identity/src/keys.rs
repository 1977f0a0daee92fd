//! The public keys of an issuer, and the algorithms that are believed.

use std::{
    fmt::{self, Display, Formatter},
    str::FromStr,
};

use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Map, Value};

use crate::strict_json;

/// More than any issuer has in use at once.
const KEYS_MAX: usize = 64;

/// How tokens may be signed: with a key pair, never with a secret that both sides know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningAlgorithm {
    Rs256,
    Ps256,
    Es256,
    EdDsa,
}

impl SigningAlgorithm {
    pub const ALL: [Self; 4] = [Self::Rs256, Self::Ps256, Self::Es256, Self::EdDsa];

    /// As tokens and settings say it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    pub(crate) const fn algorithm(self) -> Algorithm {
        match self {
            Self::Rs256 => Algorithm::RS256,
            Self::Ps256 => Algorithm::PS256,
            Self::Es256 => Algorithm::ES256,
            Self::EdDsa => Algorithm::EdDSA,
        }
    }

    /// The kind of key that it needs, and the curve where kinds have curves.
    const fn key(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Rs256 | Self::Ps256 => ("RSA", None),
            Self::Es256 => ("EC", Some("P-256")),
            Self::EdDsa => ("OKP", Some("Ed25519")),
        }
    }
}

/// None of the algorithms that may be pinned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not one of RS256, PS256, ES256, EdDSA")]
pub struct UnknownAlgorithm {
    text: String,
}

impl FromStr for SigningAlgorithm {
    type Err = UnknownAlgorithm;

    fn from_str(text: &str) -> Result<Self, UnknownAlgorithm> {
        let found = Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == text);
        found.ok_or_else(|| UnknownAlgorithm { text: text.to_owned() })
    }
}

impl Display for SigningAlgorithm {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The keys of one answer of the issuer.
#[derive(Clone, Debug)]
pub(crate) struct KeySet(Vec<Map<String, Value>>);

impl KeySet {
    pub(crate) fn read(document: &[u8]) -> Option<Self> {
        let Some(Value::Array(keys)) = strict_json::object(document)?.remove("keys") else {
            return None;
        };
        if keys.len() > KEYS_MAX {
            return None;
        }
        let keys = keys.into_iter().map(|key| match key {
            Value::Object(key) => Some(key),
            _ => None,
        });
        keys.collect::<Option<_>>().map(Self)
    }

    /// The one key of this id that is made for the algorithm; without an id, the one key at all.
    pub(crate) fn find(
        &self,
        id: Option<&str>,
        algorithm: SigningAlgorithm,
    ) -> Option<DecodingKey> {
        let mut fitting = self.0.iter().filter(|key| {
            let is_named = id.is_none_or(|id| text(key, "kid") == Some(id));
            is_named && fits(key, algorithm)
        });
        let (key, None) = (fitting.next()?, fitting.next()) else { return None };
        let part = |name| text(key, name);
        let read = match algorithm {
            SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256 => {
                DecodingKey::from_rsa_components(part("n")?, part("e")?)
            }
            SigningAlgorithm::Es256 => DecodingKey::from_ec_components(part("x")?, part("y")?),
            SigningAlgorithm::EdDsa => DecodingKey::from_ed_components(part("x")?),
        };
        read.ok()
    }
}

fn fits(key: &Map<String, Value>, algorithm: SigningAlgorithm) -> bool {
    let (kind, curve) = algorithm.key();
    let may_be = |name, expected| match key.get(name) {
        None => true,
        Some(given) => given.as_str() == Some(expected),
    };
    text(key, "kty") == Some(kind)
        && curve.is_none_or(|curve| text(key, "crv") == Some(curve))
        && may_be("alg", algorithm.as_str())
        && may_be("use", "sig")
}

fn text<'a>(key: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    key.get(name)?.as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set(keys: &Value) -> KeySet {
        KeySet::read(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
    }

    /// The key of RFC 7515, appendix A.3.
    fn curve_key(id: &str) -> Value {
        json!({
            "kty": "EC", "crv": "P-256", "kid": id,
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        })
    }

    fn with(mut key: Value, name: &str, value: &str) -> Value {
        key[name] = value.into();
        key
    }

    #[test]
    fn keys_are_found_by_id_and_kind() {
        let check = |keys: Value, id: Option<&str>, algorithm, expected: bool| {
            assert_eq!(set(&keys).find(id, algorithm).is_some(), expected, "{keys} {id:?}");
        };
        let es256 = SigningAlgorithm::Es256;
        let both = json!([curve_key("a"), curve_key("b")]);
        check(both.clone(), Some("a"), es256, true);
        check(both.clone(), Some("c"), es256, false);
        check(both.clone(), Some("../../a"), es256, false);
        check(both.clone(), Some("a' OR '1'='1"), es256, false);
        check(both, None, es256, false);
        check(json!([curve_key("a")]), None, es256, true);
        check(json!([curve_key("a"), curve_key("a")]), Some("a"), es256, false);
        check(json!([curve_key("a")]), Some("a"), SigningAlgorithm::Rs256, false);
        check(json!([with(curve_key("a"), "use", "enc")]), Some("a"), es256, false);
        check(json!([with(curve_key("a"), "use", "sig")]), Some("a"), es256, true);
        check(json!([with(curve_key("a"), "alg", "ES384")]), Some("a"), es256, false);
        check(json!([with(curve_key("a"), "crv", "P-384")]), Some("a"), es256, false);
        let secret = json!({"kty": "oct", "kid": "a", "k": "c2VjcmV0"});
        for algorithm in SigningAlgorithm::ALL {
            check(json!([secret]), Some("a"), algorithm, false);
        }
    }

    #[test]
    fn documents_of_another_form_are_refused() {
        for text in
            ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[1]}"#, r#"{"keys":[],"keys":[]}"#]
        {
            assert!(KeySet::read(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn algorithms_with_a_shared_secret_or_none_cannot_be_pinned() {
        for algorithm in SigningAlgorithm::ALL {
            assert_eq!(algorithm.to_string().parse(), Ok(algorithm));
        }
        for text in ["none", "HS256", "HS512", "rs256", ""] {
            text.parse::<SigningAlgorithm>().unwrap_err();
        }
    }
}
