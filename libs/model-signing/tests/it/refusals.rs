//! What an attacker may write, or somebody by mistake. The payloads are signed with a trusted key:
//! that somebody may sign does not mean that they wrote what can be used.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use model_signing::{
    BundleError, Curve, FileDigest, MalformedBundle, MalformedStatement, SignatureBundle,
    SigningKey, Statement,
};
use serde_json::{Value, json};

const DIGEST: &str = "6ca13d52ca70c883e0f0bb101e425a89e8624de51db2d2392593af6a84118090";

fn signed() -> (Value, SigningKey) {
    let key = SigningKey::generate(Curve::P256).unwrap();
    let files = [("config.json".to_owned(), FileDigest::of(b"{}"))];
    let statement = Statement::new("model", files).unwrap();
    let bundle = SignatureBundle::sign(&statement, &key).unwrap().to_json();
    (serde_json::from_str(&bundle).unwrap(), key)
}

/// The error of parsing the bundle after a change.
fn refusal(change: impl FnOnce(&mut Value)) -> MalformedBundle {
    let (mut bundle, _) = signed();
    change(&mut bundle);
    SignatureBundle::parse(bundle.to_string().as_bytes()).unwrap_err()
}

#[test]
fn bundles_of_other_kinds_are_named() {
    let media = refusal(|bundle| bundle["mediaType"] = json!("application/json"));
    assert!(media.to_string().contains("`mediaType` is `application/json`"));
    let payload = refusal(|bundle| bundle["dsseEnvelope"]["payloadType"] = json!("text/plain"));
    assert!(payload.to_string().contains("payloadType"));
    let certificate = |bundle: &mut Value| {
        bundle["verificationMaterial"] = json!({"certificate": {"rawBytes": "AA=="}});
    };
    assert_eq!(refusal(certificate), MalformedBundle::Certificate);
    let chain = |bundle: &mut Value| {
        bundle["verificationMaterial"]["x509CertificateChain"] = json!({"certificates": []});
    };
    assert_eq!(refusal(chain), MalformedBundle::Certificate);
    let nothing = |bundle: &mut Value| bundle["dsseEnvelope"]["signatures"] = json!([]);
    assert_eq!(refusal(nothing), MalformedBundle::Signatures { count: 0 });
    let base64 = |bundle: &mut Value| bundle["dsseEnvelope"]["signatures"][0]["sig"] = json!("!");
    assert_eq!(refusal(base64), MalformedBundle::Base64 { field: "sig" });
}

#[test]
fn wrong_types_unknown_and_repeated_fields_are_refused() {
    for (field, value) in [
        ("mediaType", json!(5)),
        ("dsseEnvelope", json!([])),
        ("dsseEnvelope", json!({"payload": 1, "payloadType": "", "signatures": []})),
        ("verificationMaterial", json!({})),
        ("verificationMaterial", json!(null)),
        ("surprise", json!(1)),
    ] {
        let error = refusal(|bundle| bundle[field] = value.clone());
        assert!(matches!(error, MalformedBundle::Json { .. }), "{field}: {error}");
    }
    let twice = signed().0.to_string().replacen('{', "{\"mediaType\":\"x\",", 1);
    let error = SignatureBundle::parse(twice.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("duplicate field"), "{error}");
}

#[test]
fn huge_and_deep_ones_do_no_harm() {
    let huge = vec![b' '; model_signing::BUNDLE_BYTES_MAX + 1];
    assert!(matches!(SignatureBundle::parse(&huge), Err(MalformedBundle::TooLarge { .. })));
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        assert!(SignatureBundle::parse(deep.as_bytes()).is_err());
        let inside = signed().0.to_string();
        let inside = inside.replace("\"tlogEntries\":[]", &format!("\"tlogEntries\":[{deep}]"));
        // What is not looked at may be as deep as it likes.
        assert!(SignatureBundle::parse(inside.as_bytes()).is_ok());
    }
}

/// What a statement with this JSON comes to once a trusted key signed it.
fn statement(payload: &Value) -> Result<Statement, MalformedStatement> {
    text(&payload.to_string())
}

fn text(payload: &str) -> Result<Statement, MalformedStatement> {
    let (mut bundle, key) = signed();
    bundle["dsseEnvelope"]["payload"] = json!(STANDARD.encode(payload));
    let signature = sign(payload.as_bytes(), &key);
    bundle["dsseEnvelope"]["signatures"][0]["sig"] = json!(STANDARD.encode(signature));
    let bundle = SignatureBundle::parse(bundle.to_string().as_bytes()).unwrap();
    match bundle.verify(&[key.public()]) {
        Ok((statement, _)) => Ok(statement),
        Err(BundleError::Statement(error)) => Err(error),
        Err(error) => panic!("{error}"),
    }
}

fn sign(payload: &[u8], key: &SigningKey) -> Vec<u8> {
    use aws_lc_rs::{
        rand::SystemRandom,
        signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair},
    };
    let pem = key.to_pem().unwrap();
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(body).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &der).unwrap();
    let head = format!("DSSEv1 28 application/vnd.in-toto+json {} ", payload.len());
    let message = [head.as_bytes(), payload].concat();
    pair.sign(&SystemRandom::new(), &message).unwrap().as_ref().to_vec()
}

/// A statement about these files.
fn about(names: &[&str]) -> Value {
    let resources =
        names.iter().map(|name| json!({"name": name, "algorithm": "sha256", "digest": DIGEST}));
    let digest = FileDigest::from_hexadecimal(DIGEST).unwrap();
    let root = FileDigest::of(&names.iter().flat_map(|_| digest.0).collect::<Vec<u8>>());
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "model", "digest": {"sha256": root.to_string()}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {
            "serialization": {"method": "files", "hash_type": "sha256", "allow_symlinks": false},
            "resources": resources.collect::<Vec<_>>(),
        },
    })
}

#[test]
fn statements_are_read_strictly() {
    assert_eq!(statement(&about(&["a", "b/c", "d.e"])).unwrap().files().count(), 3);
    for (pointer, value, expected) in [
        ("/_type", json!("https://in-toto.io/Statement/v0.1"), "_type"),
        ("/predicateType", json!("https://model_signing/Digests/v0.1"), "predicateType"),
        ("/predicate/serialization/method", json!("shards"), "method"),
        ("/predicate/serialization/hash_type", json!("blake2b"), "hash_type"),
        ("/predicate/resources", json!([]), "lists 0 files"),
        ("/predicate/resources", json!({}), "invalid type"),
        ("/predicate/resources/0/algorithm", json!("md5"), "algorithm"),
        ("/predicate/resources/0/digest", json!("00"), "64 lower-case"),
        ("/predicate/resources/0/digest", json!(DIGEST.to_uppercase()), "64 lower-case"),
        ("/subject", json!([]), "0 subjects"),
        ("/subject/0/digest", json!({"sha512": DIGEST}), "sha256"),
        ("/subject/0/digest/sha256", json!(DIGEST), "not that of its list"),
    ] {
        let mut payload = about(&["a"]);
        *payload.pointer_mut(pointer).unwrap() = value;
        let error = statement(&payload).unwrap_err().to_string();
        assert!(error.contains(expected), "{pointer}: {error}");
    }
    assert!(matches!(text("[]"), Err(MalformedStatement::Json { .. })));
    assert!(matches!(text(""), Err(MalformedStatement::Json { .. })));
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    for name in [
        "../secret",
        "a/../b",
        "/etc/passwd",
        "a//b",
        "a/",
        "./a",
        "",
        "..",
        "a\\b",
        "a\0b",
        "a\nb",
        &"a".repeat(5000),
    ] {
        let error = statement(&about(&[name])).unwrap_err();
        assert!(matches!(error, MalformedStatement::FileName { .. }), "{name}: {error}");
    }
    // A model that is one file has no others.
    assert!(statement(&about(&["."])).is_ok());
    assert!(statement(&about(&[".", "a"])).is_err());
}

#[test]
fn one_name_has_one_digest() {
    let error = statement(&about(&["a", "a"])).unwrap_err();
    assert_eq!(error, MalformedStatement::Duplicate { name: "a".to_owned() });
    let payload = about(&["a"]).to_string();
    let twice = payload.replacen("\"name\":\"a\"", "\"name\":\"a\",\"name\":\"b\"", 1);
    assert!(text(&twice).unwrap_err().to_string().contains("duplicate field"));
}

#[test]
fn signers_are_told_apart() {
    let (bundle, key) = signed();
    let bundle = SignatureBundle::parse(bundle.to_string().as_bytes()).unwrap();
    let other = SigningKey::generate(Curve::P256).unwrap().public();
    let found = bundle.verify(std::slice::from_ref(&other)).unwrap_err();
    assert_eq!(found, BundleError::Untrusted { fingerprint: key.public().fingerprint() });
    assert!(bundle.verify(&[]).is_err());
    let both = [other, key.public()];
    assert_eq!(bundle.verify(&both).unwrap().1, &both[1]);
}

#[test]
fn a_signature_that_names_another_key_counts_for_nothing() {
    let (mut bundle, key) = signed();
    let other = SigningKey::generate(Curve::P256).unwrap().public();
    bundle["verificationMaterial"]["publicKey"]["hint"] = json!(other.fingerprint());
    let bundle = SignatureBundle::parse(bundle.to_string().as_bytes()).unwrap();
    let keys = [other, key.public()];
    assert!(matches!(bundle.verify(&keys), Err(BundleError::Invalid { .. })));
}

#[test]
fn old_bundles_name_no_key() {
    let (mut bundle, key) = signed();
    bundle["verificationMaterial"]["publicKey"] = json!({"rawBytes": "", "keyDetails": "x"});
    let bundle = SignatureBundle::parse(bundle.to_string().as_bytes()).unwrap();
    let other = SigningKey::generate(Curve::P384).unwrap().public();
    assert!(bundle.verify(&[other.clone(), key.public()]).is_ok());
    assert!(matches!(bundle.verify(&[other]), Err(BundleError::Untrusted { .. })));
}
