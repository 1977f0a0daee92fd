use jsonwebtoken::{EncodingKey, crypto::sign};
use serde_json::json;

use super::*;

/// The key of RFC 8037, appendix A: PKCS #8 of the seed, and the public half.
const SEED: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
const PUBLIC: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const NOW: i64 = 1_795_000_000;

fn signing_key() -> EncodingKey {
    let prefix = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    let seed = URL_SAFE_NO_PAD.decode(SEED).unwrap();
    EncodingKey::from_ed_der(&[&prefix[..], &seed].concat())
}

fn keys() -> KeySet {
    let key = json!({"kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": PUBLIC});
    KeySet::read(json!({"keys": [key]}).to_string().as_bytes()).unwrap()
}

fn signed(header: &str, payload: &str) -> String {
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let message = format!("{}.{}", encode(header), encode(payload));
    let signature =
        sign(message.as_bytes(), &signing_key(), jsonwebtoken::Algorithm::EdDSA).unwrap();
    format!("{message}.{signature}")
}

fn claims() -> Value {
    json!({
        "iss": "https://id.example", "sub": "anne-1", "aud": "galerne", "nonce": "n",
        "exp": NOW + 300, "iat": NOW,
    })
}

fn header() -> Value {
    json!({"alg": "EdDSA", "kid": "k1", "typ": "JWT"})
}

fn checked(token: &str, access_token: Option<&str>) -> Result<Claims, TokenError> {
    let expected = Expected {
        issuer: "https://id.example",
        client_id: "galerne",
        nonce: "n",
        algorithms: &[SigningAlgorithm::Rs256, SigningAlgorithm::EdDsa],
        access_token,
        now: Timestamp::from_micros(NOW * 1_000_000),
    };
    check(token, &keys(), &expected)
}

/// A good token with one member changed; `null` takes it away.
fn check_claim(name: &str, value: Value, expected: Result<(), TokenError>) {
    let mut changed = claims();
    let shown = format!("{name} = {value}");
    if value.is_null() {
        changed.as_object_mut().unwrap().remove(name);
    } else {
        changed[name] = value;
    }
    let token = signed(&header().to_string(), &changed.to_string());
    assert_eq!(
        checked(&token, Some("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y")).map(drop),
        expected,
        "{shown}"
    );
}

fn check_header(name: &str, value: Value, expected: Result<(), TokenError>) {
    let mut changed = header();
    let shown = format!("{name} = {value}");
    if value.is_null() {
        changed.as_object_mut().unwrap().remove(name);
    } else {
        changed[name] = value;
    }
    let token = signed(&changed.to_string(), &claims().to_string());
    assert_eq!(checked(&token, None).map(drop), expected, "{shown}");
}

#[test]
fn a_good_token_is_believed() {
    let token = signed(&header().to_string(), &claims().to_string());
    assert_eq!(checked(&token, None).map(Value::Object), Ok(claims()));
}

#[test]
fn every_claim_counts() {
    use TokenError as Error;
    for issuer in [json!(null), json!("https://id.example/"), json!("https://evil.example")] {
        check_claim("iss", issuer, Err(Error::Issuer));
    }
    for audience in [json!(null), json!("other"), json!([]), json!(["other"]), json!("galerne2")] {
        check_claim("aud", audience, Err(Error::Audience));
    }
    check_claim("aud", json!(["galerne"]), Ok(()));
    check_claim("aud", json!(["galerne", "other"]), Err(Error::Audience));
    check_claim("azp", json!("galerne"), Ok(()));
    check_claim("azp", json!("other"), Err(Error::Audience));
    check_claim("azp", json!(["galerne"]), Err(Error::Audience));
    for nonce in [json!(null), json!(""), json!("m"), json!(["n"])] {
        check_claim("nonce", nonce, Err(Error::Nonce));
    }
    for subject in [json!(null), json!(""), json!(1), json!("é"), json!("a".repeat(256))] {
        check_claim("sub", subject, Err(Error::Subject));
    }
    check_claim("sub", json!("a".repeat(255)), Ok(()));
}

#[test]
fn times_may_differ_by_a_minute() {
    use TokenError as Error;
    check_claim("exp", json!(NOW - 59), Ok(()));
    check_claim("exp", json!(NOW - 60), Err(Error::Expired));
    check_claim("exp", json!(1_795_000_000.5), Ok(()));
    for expiry in [json!(null), json!("1795000300"), json!(-1), json!(f64::MIN)] {
        check_claim("exp", expiry, Err(Error::Expired));
    }
    check_claim("iat", json!(NOW + 60), Ok(()));
    check_claim("iat", json!(NOW - 660), Ok(()));
    for issued in [json!(null), json!(NOW + 61), json!(NOW - 661), json!(u64::MAX)] {
        check_claim("iat", issued, Err(Error::NotNow));
    }
    check_claim("nbf", json!(NOW + 60), Ok(()));
    check_claim("nbf", json!(NOW + 61), Err(Error::NotNow));
    check_claim("nbf", json!("soon"), Err(Error::NotNow));
}

#[test]
fn the_access_token_belongs_to_it() {
    let access_token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
    let right = half_hash(access_token, SigningAlgorithm::EdDsa);
    check_claim("at_hash", json!(right), Ok(()));
    check_claim("at_hash", json!("77QmUPtjPfzWtF2AnpK9RQ"), Err(TokenError::AccessToken));
    // The example of OpenID Connect Core, appendix A.3.
    assert_eq!(half_hash(access_token, SigningAlgorithm::Rs256), "77QmUPtjPfzWtF2AnpK9RQ");
    let mut without = claims();
    without["at_hash"] = json!(right);
    let token = signed(&header().to_string(), &without.to_string());
    assert_eq!(checked(&token, None), Err(TokenError::AccessToken));
}

#[test]
fn every_parameter_of_the_header_counts() {
    use TokenError as Error;
    for algorithm in ["none", "None", "HS256", "RS512", "eddsa", "ES256", ""] {
        check_header("alg", json!(algorithm), Err(Error::Algorithm));
    }
    check_header("alg", json!(null), Err(Error::Algorithm));
    check_header("alg", json!("RS256"), Err(Error::Key));
    check_header("kid", json!(null), Ok(()));
    for id in [json!("k2"), json!("../k1"), json!("k1' OR '1'='1"), json!(1), json!("")] {
        check_header("kid", id, Err(Error::Key));
    }
    for name in REFUSED_PARAMETERS {
        check_header(name, json!("https://evil.example"), Err(Error::Parameter(name)));
    }
    check_header("typ", json!(null), Ok(()));
    check_header("typ", json!("at+jwt"), Err(Error::Type));
}

#[test]
fn signatures_cover_every_byte() {
    let good = signed(&header().to_string(), &claims().to_string());
    for place in 0..good.len() {
        let mut bytes = good.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        // The last digit of the signature carries four bits that count for nothing.
        checked(&changed, None).unwrap_err();
    }
    let (message, _) = good.rsplit_once('.').unwrap();
    assert_eq!(checked(&format!("{message}."), None), Err(TokenError::Signature));
    for text in ["", ".", "..", "...", message, &format!("{good}."), &format!("{good}=")] {
        checked(text, None).unwrap_err();
    }
}

#[test]
fn members_of_one_name_are_refused() {
    let twice = claims().to_string().replacen('{', r#"{"sub":"mallory","#, 1);
    let token = signed(&header().to_string(), &twice);
    assert_eq!(checked(&token, None), Err(TokenError::Malformed));
    let twice = header().to_string().replacen('{', r#"{"alg":"none","#, 1);
    let token = signed(&twice, &claims().to_string());
    assert_eq!(checked(&token, None), Err(TokenError::Malformed));
}
