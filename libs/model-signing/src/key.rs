//! Keys on the three curves that the format knows.

use std::fmt;

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1,
        ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1, ECDSA_P521_SHA512_ASN1_SIGNING,
        EcdsaKeyPair, EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, KeyPair as _,
        UnparsedPublicKey,
    },
};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::{pem, statement::hexadecimal};

const PUBLIC: &str = "PUBLIC KEY";
const PKCS8: &str = "PRIVATE KEY";
const SEC1: &str = "EC PRIVATE KEY";

/// Why a key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a PEM file, or one that is damaged.
    #[error("not a key in PEM: expected `-----BEGIN … KEY-----`, base64 and `-----END … KEY-----`")]
    NotPem,
    /// A PEM file of something else.
    #[error("a PEM file of `{label}`, and a {expected} was expected")]
    OtherLabel {
        /// What the file says that it holds.
        label: String,
        /// What it should hold.
        expected: &'static str,
    },
    /// The key is encrypted with a passphrase.
    #[error("the private key is encrypted: `openssl pkey -in KEY -out PLAIN` decrypts it")]
    Encrypted,
    /// Not a key on a curve that the format knows, or a damaged one.
    #[error("not a key on P-256, P-384 or P-521, which are all that the format knows")]
    OtherAlgorithm,
    /// The library refused to make or to use the key.
    #[error("the key cannot be used")]
    Unusable,
}

/// The curves of the format, each with its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// `secp256r1` with SHA-256.
    P256,
    /// `secp384r1` with SHA-384.
    P384,
    /// `secp521r1` with SHA-512.
    P521,
}

impl Curve {
    const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    fn signing(self) -> &'static EcdsaSigningAlgorithm {
        match self {
            Self::P256 => &ECDSA_P256_SHA256_ASN1_SIGNING,
            Self::P384 => &ECDSA_P384_SHA384_ASN1_SIGNING,
            Self::P521 => &ECDSA_P521_SHA512_ASN1_SIGNING,
        }
    }

    fn verification(self) -> &'static EcdsaVerificationAlgorithm {
        match self {
            Self::P256 => &ECDSA_P256_SHA256_ASN1,
            Self::P384 => &ECDSA_P384_SHA384_ASN1,
            Self::P521 => &ECDSA_P521_SHA512_ASN1,
        }
    }

    /// `SubjectPublicKeyInfo` up to the point, whose length follows from the curve.
    fn head(self) -> &'static [u8] {
        match self {
            Self::P256 => {
                b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\
                  \x3d\x03\x01\x07\x03\x42\x00"
            }
            Self::P384 => {
                b"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\
                  \x22\x03\x62\x00"
            }
            Self::P521 => {
                b"\x30\x81\x9b\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\
                  \x00\x23\x03\x81\x86\x00"
            }
        }
    }

    /// Bytes of an uncompressed point.
    const fn point_bytes(self) -> usize {
        match self {
            Self::P256 => 65,
            Self::P384 => 97,
            Self::P521 => 133,
        }
    }
}

/// A public key whose signatures count.
#[derive(Clone, PartialEq, Eq)]
pub struct TrustedKey {
    curve: Curve,
    point: Vec<u8>,
}

impl TrustedKey {
    /// Reads a public key as `openssl pkey -pubout` writes it.
    ///
    /// # Errors
    /// [`KeyError`] for everything that is not a public key on one of the curves.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let block = pem::decode(text)?;
        if block.label != PUBLIC {
            return Err(KeyError::OtherLabel { label: block.label, expected: "public key" });
        }
        for curve in Curve::ALL {
            if let Some(point) = block.der.strip_prefix(curve.head())
                && point.len() == curve.point_bytes()
                && point.first() == Some(&4)
            {
                return Ok(Self { curve, point: point.to_vec() });
            }
        }
        Err(KeyError::OtherAlgorithm)
    }

    /// As [`TrustedKey::from_pem`] reads it.
    pub fn to_pem(&self) -> String {
        pem::encode(PUBLIC, &[self.curve.head(), &self.point].concat())
    }

    /// SHA-256 of the PEM text, lower-case hexadecimal: the `hint` of a bundle, and the name of the
    /// key wherever one is shown. `sha256sum KEY.pub` prints it.
    pub fn fingerprint(&self) -> String {
        hexadecimal(&Sha256::digest(self.to_pem()))
    }

    /// The curve of the key.
    pub fn curve(&self) -> Curve {
        self.curve
    }

    pub(crate) fn is_signer_of(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(self.curve.verification(), &self.point);
        key.verify(message, signature).is_ok()
    }
}

impl fmt::Debug for TrustedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrustedKey({:?}, {})", self.curve, self.fingerprint())
    }
}

/// A private key.
pub struct SigningKey {
    curve: Curve,
    pair: EcdsaKeyPair,
}

impl SigningKey {
    /// Reads a private key as `openssl genpkey` or `openssl ecparam -genkey` writes it, without a
    /// passphrase.
    ///
    /// # Errors
    /// [`KeyError`] for everything that is not a private key on one of the curves.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let block = pem::decode(text)?;
        match block.label.as_str() {
            PKCS8 | SEC1 if text.contains("Proc-Type") => return Err(KeyError::Encrypted),
            PKCS8 | SEC1 => {}
            "ENCRYPTED PRIVATE KEY" => return Err(KeyError::Encrypted),
            _ => {
                return Err(KeyError::OtherLabel { label: block.label, expected: "private key" });
            }
        }
        let parsed = Curve::ALL.into_iter().find_map(|curve| {
            let pair = EcdsaKeyPair::from_private_key_der(curve.signing(), &block.der).ok()?;
            Some(Self { curve, pair })
        });
        parsed.ok_or(KeyError::OtherAlgorithm)
    }

    /// Makes a new key.
    ///
    /// # Errors
    /// [`KeyError::Unusable`] if there is no randomness.
    pub fn generate(curve: Curve) -> Result<Self, KeyError> {
        let pair = EcdsaKeyPair::generate(curve.signing()).map_err(|_| KeyError::Unusable)?;
        Ok(Self { curve, pair })
    }

    /// As [`SigningKey::from_pem`] reads it: PKCS#8 without a passphrase.
    ///
    /// # Errors
    /// [`KeyError::Unusable`] if the library cannot encode it.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        let der = self.pair.to_pkcs8v1().map_err(|_| KeyError::Unusable)?;
        Ok(Zeroizing::new(pem::encode(PKCS8, der.as_ref())))
    }

    /// The key by which others verify.
    pub fn public(&self) -> TrustedKey {
        TrustedKey { curve: self.curve, point: self.pair.public_key().as_ref().to_vec() }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let signature = self.pair.sign(&SystemRandom::new(), message);
        Ok(signature.map_err(|_| KeyError::Unusable)?.as_ref().to_vec())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({:?}, …)", self.curve)
    }
}
