//! Keys as OpenSSL writes them, and what is none.

use model_signing::{Curve, KeyError, SigningKey, TrustedKey};

#[test]
fn keys_survive_being_written() {
    for curve in [Curve::P256, Curve::P384, Curve::P521] {
        let key = SigningKey::generate(curve).unwrap();
        let again = SigningKey::from_pem(&key.to_pem().unwrap()).unwrap();
        assert_eq!(again.public(), key.public());
        let public = TrustedKey::from_pem(&key.public().to_pem()).unwrap();
        assert_eq!((&public, public.curve()), (&key.public(), curve));
        assert!(format!("{key:?}{public:?}").contains(&public.fingerprint()));
    }
}

#[test]
fn keys_of_openssl_are_read() {
    // `openssl ecparam -name prime256v1 -genkey`: the parameters of the curve come first.
    let text = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n\
                -----BEGIN EC PRIVATE KEY-----\n\
                MHcCAQEEIMaeNG0sTP/34WAe83r1uD/WlygR5Dudu0hImDlpSIn/oAoGCCqGSM49\n\
                AwEHoUQDQgAE+1ezkJTitYgVJ84XV7F0XBaHvfDd2zCaLewNJp0sMnAgMo85dj5j\n\
                fumenO+ygc/yQbcSAUZW+4QVXWn/mUyEag==\n\
                -----END EC PRIVATE KEY-----\n";
    assert!(SigningKey::from_pem(text).is_ok());
    for text in [
        include_str!("../fixtures/p256.pub"),
        include_str!("../fixtures/p384.pub"),
        include_str!("../fixtures/p521.pub"),
    ] {
        assert_eq!(TrustedKey::from_pem(text).unwrap().to_pem(), text);
    }
}

#[test]
fn what_is_no_key_is_refused() {
    let public = include_str!("../fixtures/p256.pub");
    let label =
        |label: &str| KeyError::OtherLabel { label: label.to_owned(), expected: "public key" };
    for (text, expected) in [
        ("", KeyError::NotPem),
        ("-----BEGIN PUBLIC KEY-----", KeyError::NotPem),
        ("-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----\n", KeyError::NotPem),
        (&public.replace("END", "ENX"), KeyError::NotPem),
        (&format!("{public}more"), KeyError::NotPem),
        (&format!("{}{public}", " ".repeat(20_000)), KeyError::NotPem),
        (&public.replace("PUBLIC", "PRIVATE"), label("PRIVATE KEY")),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", label("CERTIFICATE")),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", KeyError::OtherAlgorithm),
        // Ed25519: the format has no such signatures.
        (
            "-----BEGIN PUBLIC KEY-----\n\
             MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
             -----END PUBLIC KEY-----\n",
            KeyError::OtherAlgorithm,
        ),
    ] {
        assert_eq!(TrustedKey::from_pem(text).unwrap_err(), expected, "{text}");
    }
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----";
    assert_eq!(SigningKey::from_pem(encrypted).unwrap_err(), KeyError::Encrypted);
    assert!(matches!(SigningKey::from_pem(public), Err(KeyError::OtherLabel { .. })));
    let garbage = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----";
    assert_eq!(SigningKey::from_pem(garbage).unwrap_err(), KeyError::OtherAlgorithm);
}
