//! Signatures of machine-learning models in the `OpenSSF` format, with keys of one's own.
//!
//! A [`Statement`] lists the files of a model with their SHA-256; it is an in-toto statement as the
//! tool `model_signing` 1.x writes it. A [`SignatureBundle`] is that statement in a DSSE envelope,
//! signed with a key on an elliptic curve, as a sigstore bundle: the file `model.sig`. Neither a
//! certificate authority nor a public log is asked; whoever verifies has the public key
//! ([`TrustedKey`]) from the signer.
//!
//! | to | start at |
//! |---|---|
//! | sign | [`SigningKey::from_pem`], [`Statement::new`], [`SignatureBundle::sign`] |
//! | verify | [`SignatureBundle::parse`], [`SignatureBundle::verify`], [`Statement::compare`] |
//!
//! ```
//! use std::error::Error;
//! use model_signing::{FileDigest, SignatureBundle, SigningKey, Statement};
//!
//! // The signer lists the files of the model ...
//! let files = vec![("config.json".to_owned(), FileDigest::of(b"{}"))];
//! let key = SigningKey::generate(model_signing::Curve::P256)?;
//! let bundle = SignatureBundle::sign(&Statement::new("mine", files.clone())?, &key)?;
//!
//! // ... and whoever has the public key compares the list with the files that came.
//! let trusted = [key.public()];
//! let (statement, signer) = SignatureBundle::parse(bundle.to_json().as_bytes())?.verify(&trusted)?;
//! assert_eq!(signer.fingerprint(), trusted[0].fingerprint());
//! assert!(statement.compare(&files).is_equal());
//! let changed = vec![("config.json".to_owned(), FileDigest::of(b"[]"))];
//! assert!(!statement.compare(&changed).is_equal());
//! # Ok::<(), Box<dyn Error>>(())
//! ```
//!
//! Nothing panics on input of any kind, and nothing is believed before its signature was verified.
//!
//! **Never here:** files, folders, clocks; whom to trust.
#![deny(missing_docs)]

mod bundle;
mod key;
mod pem;
mod statement;

pub use bundle::{BUNDLE_BYTES_MAX, BundleError, MalformedBundle, SignatureBundle};
pub use key::{Curve, KeyError, SigningKey, TrustedKey};
pub use statement::{
    Differences, FILES_MAX, FileDigest, MalformedStatement, SINGLE_FILE, Statement,
};
