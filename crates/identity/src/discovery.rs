//! What a provider says of itself.
//!
//! # Source
//! `OpenID` Connect Discovery 1.0, sections 3 and 4; RFC 8414.

use egress::Destination;
use serde_json::{Map, Value};

use crate::strict_json;

/// Where the parts of a provider are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoints {
    pub(crate) authorization: String,
    pub(crate) token: String,
    pub(crate) keys: String,
    pub(crate) secret: SecretPlace,
}

/// Where a provider takes the client secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecretPlace {
    /// `client_secret_post`
    Body,
    /// `client_secret_basic`
    Header,
}

/// Why a provider cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DiscoveryError {
    #[error("its discovery document is not a JSON object")]
    Malformed,
    #[error("its discovery document is that of another issuer")]
    Issuer,
    #[error("its discovery document has no `{0}`")]
    Missing(&'static str),
    #[error("its `{0}` lies at no destination that is declared for the purpose `identity`")]
    Elsewhere(&'static str),
    #[error("it does not take PKCE with S256")]
    Pkce,
    #[error("it takes no client secret: neither `client_secret_post` nor `client_secret_basic`")]
    ClientSecret,
}

/// Where the discovery document is.
pub(crate) fn address(issuer: &str) -> String {
    format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
}

/// Believes a document that names the very issuer and stays at the declared destinations.
pub(crate) fn read(
    document: &[u8],
    issuer: &str,
    declared: &[Destination],
) -> Result<Endpoints, DiscoveryError> {
    let document = strict_json::object(document).ok_or(DiscoveryError::Malformed)?;
    if document.get("issuer").and_then(Value::as_str) != Some(issuer) {
        return Err(DiscoveryError::Issuer);
    }
    if lacks(&document, "code_challenge_methods_supported", "S256") {
        return Err(DiscoveryError::Pkce);
    }
    let secret = secret_place(&document).ok_or(DiscoveryError::ClientSecret)?;
    let endpoint = |name| {
        let address = document.get(name).and_then(Value::as_str);
        let address = address.ok_or(DiscoveryError::Missing(name))?;
        let is_declared = |destination: Destination| declared.contains(&destination);
        let is_plain = !address.contains('#');
        if is_plain && address.parse().is_ok_and(is_declared) {
            Ok(address.to_owned())
        } else {
            Err(DiscoveryError::Elsewhere(name))
        }
    };
    Ok(Endpoints {
        authorization: endpoint("authorization_endpoint")?,
        token: endpoint("token_endpoint")?,
        keys: endpoint("jwks_uri")?,
        secret,
    })
}

/// In the body wherever that is possible: a secret of any letters is written the same there by
/// all. A provider that says nothing takes it there too.
fn secret_place(document: &Map<String, Value>) -> Option<SecretPlace> {
    let refuses = |method| lacks(document, "token_endpoint_auth_methods_supported", method);
    if !refuses("client_secret_post") {
        Some(SecretPlace::Body)
    } else if !refuses("client_secret_basic") {
        Some(SecretPlace::Header)
    } else {
        None
    }
}

/// A list that is there and does not have it.
fn lacks(document: &Map<String, Value>, name: &str, wanted: &str) -> bool {
    match document.get(name) {
        None => false,
        Some(Value::Array(all)) => !all.iter().any(|one| one == wanted),
        Some(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document() -> Value {
        json!({
            "issuer": "https://id.example/a",
            "authorization_endpoint": "https://id.example/a/authorize?tenant=1",
            "token_endpoint": "https://id.example/a/token",
            "jwks_uri": "https://keys.example/jwks",
        })
    }

    fn check(name: &str, value: &Value, expected: Option<DiscoveryError>) {
        let mut changed = document();
        changed[name] = value.clone();
        let declared =
            ["https://id.example", "https://keys.example"].map(|text| text.parse().unwrap());
        let read = read(changed.to_string().as_bytes(), "https://id.example/a", &declared);
        assert_eq!(read.err(), expected, "{name} = {}", changed[name]);
    }

    #[test]
    fn a_document_names_its_issuer_and_stays_where_it_is_declared() {
        use DiscoveryError as Error;
        check("other", &json!(1), None);
        for issuer in ["https://id.example", "https://id.example/a/", "https://evil.example"] {
            check("issuer", &json!(issuer), Some(Error::Issuer));
        }
        for name in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
            for address in [
                "https://evil.example/a",
                "http://id.example/a",
                "https://id.example:444/a",
                "https://id.example@evil.example/a",
                "https://user@id.example/a",
                "javascript:alert(1)",
                "/a",
                "https://id.example/a#part",
            ] {
                check(name, &json!(address), Some(Error::Elsewhere(name)));
            }
            check(name, &json!(null), Some(Error::Missing(name)));
        }
        check("code_challenge_methods_supported", &json!(["plain"]), Some(Error::Pkce));
        check("code_challenge_methods_supported", &json!(["plain", "S256"]), None);
        let methods = "token_endpoint_auth_methods_supported";
        check(methods, &json!(["private_key_jwt"]), Some(Error::ClientSecret));
        check(methods, &json!(["client_secret_basic"]), None);
        check(methods, &json!(["client_secret_basic", "client_secret_post"]), None);
        let refused = read(b"{\"issuer\":1,\"issuer\":2}", "https://id.example/a", &[]);
        assert_eq!(refused, Err(Error::Malformed));
    }

    #[test]
    fn the_secret_goes_into_the_body_wherever_that_is_possible() {
        let place = |methods: &Value| {
            let changed = json!({"token_endpoint_auth_methods_supported": methods});
            let Value::Object(changed) = changed else { unreachable!("an object") };
            secret_place(&changed)
        };
        assert_eq!(place(&json!(["client_secret_basic"])), Some(SecretPlace::Header));
        let both = json!(["client_secret_basic", "client_secret_post"]);
        assert_eq!(place(&both), Some(SecretPlace::Body));
        assert_eq!(secret_place(&Map::new()), Some(SecretPlace::Body));
        assert_eq!(place(&json!([])), None);
    }

    #[test]
    fn the_document_lies_below_the_issuer() {
        let expected = "https://id.example/a/.well-known/openid-configuration";
        assert_eq!(address("https://id.example/a"), expected);
        assert_eq!(address("https://id.example/a/"), expected);
    }
}
