//! Keys and their texts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use signed_note::{Signer as _, StandardSigner, StandardVerifier, Verifier as _};
use transparency_log::{Algorithm, Cosigner, KeyError, Signer, Verifier};

/// The key of the example in C2SP signed-note.
const VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

fn refused(vkey: &str) -> KeyError {
    vkey.parse::<Verifier>().unwrap_err()
}

#[test]
fn the_published_key() {
    let verifier: Verifier = VKEY.parse().unwrap();
    assert_eq!(verifier.name(), "example.com/foo");
    assert_eq!(verifier.key_id(), 0x530d_903a);
    assert_eq!(verifier.algorithm(), Algorithm::Ed25519);
    assert_eq!(verifier.to_string(), VKEY);
    assert_eq!(format!("{verifier:?}"), format!("Verifier({VKEY})"));
}

/// The seed and public key of RFC 8032, section 7.1, test 1.
#[test]
fn keys_are_those_of_rfc_8032() {
    let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let bytes = |hex: &str| {
        let digits = (0..32).map(|byte| u8::from_str_radix(&hex[2 * byte..2 * byte + 2], 16));
        digits.collect::<Result<Vec<u8>, _>>().unwrap()
    };
    let signer = Signer::from_seed("rfc", bytes(seed).try_into().unwrap()).unwrap();
    let material = [&[1], bytes(public).as_slice()].concat();
    let id = signed_note::key_id("rfc", &material);
    assert_eq!(
        signer.verifier().to_string(),
        format!("rfc+{id:08x}+{}", STANDARD.encode(material))
    );
}

#[test]
fn a_secret_text_survives_and_is_what_signed_note_reads() {
    let signer = Signer::from_seed("example.org/log", [1; 32]).unwrap();
    let secret = signer.expose();
    assert!(secret.starts_with("PRIVATE+KEY+example.org/log+"));
    let again = Signer::parse(&secret).unwrap();
    assert_eq!(again.verifier(), signer.verifier());
    assert_eq!(again.name(), "example.org/log");
    assert!(Signer::parse(&format!("{secret}\n")).is_ok());

    let theirs = StandardSigner::new(&secret).unwrap();
    assert_eq!(theirs.key_id(), signer.verifier().key_id());
    let vkey = signer.verifier().to_string();
    assert_eq!(StandardVerifier::new(&vkey).unwrap().key_id(), theirs.key_id());
    assert_eq!(vkey.parse::<Verifier>().unwrap(), signer.verifier());
}

#[test]
fn secrets_are_not_shown() {
    let seed = [0xC5; 32];
    let signer = Signer::from_seed("example.org/log", seed).unwrap();
    let secret = signer.expose();
    let material = secret.rsplit('+').next().unwrap();
    let cosigner = Cosigner::from_seed("example.org/witness", seed).unwrap();
    for shown in [format!("{signer:?}"), format!("{cosigner:?}")] {
        assert!(!shown.contains(material) && !shown.contains("197") && !shown.contains("c5c5"));
    }
    let error = Signer::parse(&secret.replace("PRIVATE", "private")).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(material));
    let error = Signer::parse(&secret.replace("log+", "log2+")).unwrap_err();
    assert!(matches!(error, KeyError::KeyId { .. }));
    assert!(!format!("{error} {error:?}").contains(material));
}

#[test]
fn names_that_would_not_survive_are_refused() {
    for name in ["", " ", "a b", "a+b", "a\tb", "a\nb", "a\u{a0}b", "a\u{2003}b", "a\u{1}b"] {
        let error = Signer::from_seed(name, [0; 32]).unwrap_err();
        assert_eq!(error, KeyError::Name { name: name.to_owned() });
        assert!(Cosigner::from_seed(name, [0; 32]).is_err());
    }
    assert!(Signer::from_seed("é.example/über", [0; 32]).is_ok());
}

#[test]
fn malformed_keys_are_refused() {
    let malformed = [
        "",
        "+",
        "++",
        "example.com/foo",
        "example.com/foo+530d903a",
        "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+30d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo++30d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+",
        "example.com/foo+530d903a+AQ==",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2kAAAA",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n",
    ];
    for vkey in malformed {
        assert!(matches!(refused(vkey), KeyError::Malformed { .. }), "{vkey}");
        assert!(Signer::parse(vkey).is_err());
        assert!(Signer::parse(&format!("PRIVATE+KEY+{vkey}")).is_err());
    }
    let other_name = VKEY.replacen("foo", "fou", 1);
    assert!(matches!(refused(&other_name), KeyError::KeyId { found: 0x530d_903a, .. }));
    assert!(matches!(refused(&VKEY.replacen("530d", "530e", 1)), KeyError::KeyId { .. }));
    assert!(matches!(refused(&VKEY.replacen("com/", "com ", 1)), KeyError::Name { .. }));
    for (base64, byte) in [("Auk", 0x02), ("Buk", 0x06), ("/+k", 0xff)] {
        let vkey = VKEY.replacen("Aek", base64, 1);
        assert_eq!(refused(&vkey), KeyError::Algorithm { byte }, "{vkey}");
    }
}

/// With a key of small order anybody can make signatures that verify.
#[test]
fn weak_keys_are_refused() {
    let mut neutral = [0; 33];
    neutral[0] = 1;
    neutral[1] = 1;
    let id = signed_note::key_id("weak", &neutral);
    let base64 = STANDARD.encode(neutral);
    assert_eq!(refused(&format!("weak+{id:08x}+{base64}")), KeyError::PublicKey);
}

#[test]
fn a_witness_key_is_no_log_key() {
    let seed = [3; 32];
    let (log, witness) =
        (Signer::from_seed("name", seed).unwrap(), Cosigner::from_seed("name", seed).unwrap());
    assert_ne!(log.verifier().key_id(), witness.verifier().key_id());
    assert_eq!(witness.verifier().algorithm(), Algorithm::CosignatureEd25519);
    let text = witness.verifier().to_string();
    assert_eq!(text.parse::<Verifier>().unwrap(), witness.verifier());
    assert!(matches!(
        Signer::parse(&format!("PRIVATE+KEY+{text}")),
        Err(KeyError::Algorithm { byte: 4 })
    ));
}
