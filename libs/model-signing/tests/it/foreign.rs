//! Bundles that `model_signing` 1.1.1 wrote with keys of OpenSSL.

use model_signing::{FileDigest, SINGLE_FILE, SignatureBundle, Statement, TrustedKey};

const P256: &str = include_str!("../fixtures/p256.pub");
const P384: &str = include_str!("../fixtures/p384.pub");
const P521: &str = include_str!("../fixtures/p521.pub");

fn tiny() -> Vec<(String, FileDigest)> {
    let files: [(&str, &[u8]); 4] =
        [("a.b", b"y"), ("a/b", b"x"), ("config.json", b"{}"), ("model.safetensors", b"weights")];
    files.map(|(name, bytes)| (name.to_owned(), FileDigest::of(bytes))).into()
}

fn check(bundle: &str, key: &str) -> Result<Statement, String> {
    let keys = [TrustedKey::from_pem(key).unwrap()];
    let bundle = SignatureBundle::parse(bundle.as_bytes()).map_err(|error| error.to_string())?;
    let verified = bundle.verify(&keys).map_err(|error| match std::error::Error::source(&error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    });
    Ok(verified?.0)
}

#[test]
fn theirs_are_verified_on_every_curve() {
    for (bundle, key) in [
        (include_str!("../fixtures/tiny-p256.sig"), P256),
        (include_str!("../fixtures/tiny-p384.sig"), P384),
        (include_str!("../fixtures/tiny-p521.sig"), P521),
    ] {
        let statement = check(bundle, key).unwrap();
        assert_eq!(statement.name(), "tiny");
        assert!(statement.compare(&tiny()).is_equal());
        // What they sign is what we would sign, in the same order.
        let ours = Statement::new("tiny", tiny()).unwrap();
        assert_eq!((&ours, ours.root()), (&statement, statement.root()));
    }
}

#[test]
fn a_model_may_be_one_file() {
    let statement = check(include_str!("../fixtures/one-p256.sig"), P256).unwrap();
    let file = vec![(SINGLE_FILE.to_owned(), FileDigest::of(b"GGUF"))];
    assert!(statement.compare(&file).is_equal());
}

#[test]
fn what_cannot_be_verified_is_named() {
    let shards = check(include_str!("../fixtures/shards-p256.sig"), P256).unwrap_err();
    assert!(shards.contains("`method` is `shards`"), "{shards}");
    let blake3 = check(include_str!("../fixtures/blake3-p256.sig"), P256).unwrap_err();
    assert!(blake3.contains("`hash_type` is `blake3`"), "{blake3}");
    let other = check(include_str!("../fixtures/tiny-p256.sig"), P384).unwrap_err();
    assert!(other.contains("not trusted"), "{other}");
}

#[test]
fn differences_are_told_file_by_file() {
    let statement = check(include_str!("../fixtures/tiny-p256.sig"), P256).unwrap();
    let mut files = tiny();
    files[0].1 = FileDigest::of(b"z");
    files.remove(2);
    files.push(("new.bin".to_owned(), FileDigest::of(b"")));
    let found = statement.compare(&files);
    assert_eq!(found.changed, ["a.b"]);
    assert_eq!(found.missing, ["config.json"]);
    assert_eq!(found.unsigned, ["new.bin"]);
}
