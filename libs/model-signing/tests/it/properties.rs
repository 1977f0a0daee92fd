//! Whatever one byte is changed to, it is found.

use std::sync::LazyLock;

use model_signing::{Curve, FileDigest, SignatureBundle, SigningKey, Statement, TrustedKey};
use proptest::prelude::*;

struct Signed {
    files: Vec<(String, Vec<u8>)>,
    bundle: String,
    keys: [TrustedKey; 1],
}

static SIGNED: LazyLock<Signed> = LazyLock::new(|| {
    let files: Vec<(String, Vec<u8>)> = (0..5u8)
        .map(|number| {
            (format!("part-{number}/weights.bin"), vec![number; 100 + usize::from(number)])
        })
        .collect();
    let key = SigningKey::generate(Curve::P256).unwrap();
    let statement = Statement::new("model", digests(&files)).unwrap();
    let bundle = SignatureBundle::sign(&statement, &key).unwrap().to_json();
    Signed { files, bundle, keys: [key.public()] }
});

fn digests(files: &[(String, Vec<u8>)]) -> Vec<(String, FileDigest)> {
    files.iter().map(|(name, bytes)| (name.clone(), FileDigest::of(bytes))).collect()
}

fn is_accepted(bundle: &[u8], files: &[(String, Vec<u8>)]) -> bool {
    let Ok(bundle) = SignatureBundle::parse(bundle) else { return false };
    let Ok((statement, _)) = bundle.verify(&SIGNED.keys) else { return false };
    statement.compare(&digests(files)).is_equal()
}

#[test]
fn every_byte_of_a_bundle_counts() {
    assert!(is_accepted(SIGNED.bundle.as_bytes(), &SIGNED.files));
    for at in 0..SIGNED.bundle.len() {
        for bit in 0..8 {
            let mut bundle = SIGNED.bundle.clone().into_bytes();
            bundle[at] ^= 1 << bit;
            assert!(!is_accepted(&bundle, &SIGNED.files), "bit {bit} of byte {at}");
        }
        let mut shorter = SIGNED.bundle.clone().into_bytes();
        shorter.remove(at);
        assert!(!is_accepted(&shorter, &SIGNED.files), "without byte {at}");
    }
}

proptest! {
    #[test]
    fn every_byte_of_a_model_counts(file in 0usize..5, at in any::<prop::sample::Index>(), to in 1u8..) {
        let mut files = SIGNED.files.clone();
        let bytes = &mut files[file].1;
        let at = at.index(bytes.len());
        bytes[at] ^= to;
        prop_assert!(!is_accepted(SIGNED.bundle.as_bytes(), &files));
    }

    #[test]
    fn files_do_not_come_go_or_change_names(file in 0usize..5, name in "[a-z]{1,8}") {
        let mut fewer = SIGNED.files.clone();
        let one = fewer.remove(file);
        prop_assert!(!is_accepted(SIGNED.bundle.as_bytes(), &fewer));
        let mut more = SIGNED.files.clone();
        more.push((name.clone(), Vec::new()));
        prop_assert!(!is_accepted(SIGNED.bundle.as_bytes(), &more));
        fewer.push((name, one.1));
        prop_assert!(!is_accepted(SIGNED.bundle.as_bytes(), &fewer));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(SignatureBundle::parse(&bytes).is_err());
        prop_assert!(TrustedKey::from_pem(&String::from_utf8_lossy(&bytes)).is_err());
    }
}
