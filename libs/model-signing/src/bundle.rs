//! The file `model.sig`: a sigstore bundle with a DSSE envelope around a statement.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use crate::{
    KeyError, MalformedStatement, SigningKey, Statement, TrustedKey, statement::shortened,
};

const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// Bytes that a bundle may have; one with 65,536 files has about 15 million.
pub const BUNDLE_BYTES_MAX: usize = 32 << 20;

/// Why a file is no bundle that can be verified here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedBundle {
    /// Too long to be one.
    #[error("it has {bytes} bytes, and {BUNDLE_BYTES_MAX} are the most")]
    TooLarge {
        /// How many it has.
        bytes: usize,
    },
    /// Not the JSON of a bundle.
    #[error("it is not the JSON of a sigstore bundle: {reason}")]
    Json {
        /// What the parser says.
        reason: String,
    },
    /// Another version, or another kind of content.
    #[error("`{field}` is `{found}`, and `{expected}` was expected")]
    Unsupported {
        /// The field that says so.
        field: &'static str,
        /// What it says.
        found: String,
        /// What it should say.
        expected: &'static str,
    },
    /// Signed by way of a certificate, as Fulcio hands them out.
    #[error("it was signed with a certificate; only signatures of a key can be verified")]
    Certificate,
    /// There must be exactly one signature.
    #[error("it has {count} signatures, and one was expected")]
    Signatures {
        /// How many there are.
        count: usize,
    },
    /// A field that is not base64.
    #[error("`{field}` is not base64")]
    Base64 {
        /// Which one.
        field: &'static str,
    },
}

/// Why a bundle proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// No trusted key made it.
    #[error("it was signed with the key {fingerprint}, which is not trusted")]
    Untrusted {
        /// The key that it says to be signed with; empty if it says nothing.
        fingerprint: String,
    },
    /// It says to be made with a trusted key, and was not, or was changed since.
    #[error("the signature is not one of the key {fingerprint}, or what was signed was changed")]
    Invalid {
        /// The key.
        fingerprint: String,
    },
    /// The signature is good, but what was signed is no statement about a model.
    #[error("what was signed cannot be used")]
    Statement(#[source] MalformedStatement),
}

/// A signed statement, not verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureBundle {
    /// Fingerprint of the key, as the file says it; empty in old ones.
    hint: String,
    payload: Vec<u8>,
    signature: Vec<u8>,
    key_id: String,
}

impl SignatureBundle {
    /// Signs a statement.
    ///
    /// # Errors
    /// [`KeyError::Unusable`] if the key cannot sign.
    pub fn sign(statement: &Statement, key: &SigningKey) -> Result<Self, KeyError> {
        let payload = statement.to_json().into_bytes();
        let signature = key.sign(&envelope(&payload))?;
        let hint = key.public().fingerprint();
        Ok(Self { hint, payload, signature, key_id: String::new() })
    }

    /// Reads a bundle. Nothing that it says is to be believed before [`SignatureBundle::verify`].
    ///
    /// # Errors
    /// [`MalformedBundle`] names what is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedBundle> {
        if bytes.len() > BUNDLE_BYTES_MAX {
            return Err(MalformedBundle::TooLarge { bytes: bytes.len() });
        }
        let wire: Wire = serde_json::from_slice(bytes)
            .map_err(|error| MalformedBundle::Json { reason: shortened(&error.to_string()) })?;
        expect("mediaType", &wire.media_type, MEDIA_TYPE)?;
        let material = wire.verification_material;
        if material.certificate.is_some() || material.x509_certificate_chain.is_some() {
            return Err(MalformedBundle::Certificate);
        }
        let Some(public_key) = material.public_key else {
            return Err(MalformedBundle::Json { reason: "it names no `publicKey`".to_owned() });
        };
        let Envelope { payload, payload_type, signatures } = wire.dsse_envelope;
        expect("payloadType", &payload_type, PAYLOAD_TYPE)?;
        let [Signature { sig, keyid }] = signatures.as_slice() else {
            return Err(MalformedBundle::Signatures { count: signatures.len() });
        };
        let decode = |field, text: &str| {
            STANDARD.decode(text).map_err(|_| MalformedBundle::Base64 { field })
        };
        Ok(Self {
            hint: public_key.hint.unwrap_or_default(),
            payload: decode("payload", &payload)?,
            signature: decode("sig", sig)?,
            key_id: keyid.clone().unwrap_or_default(),
        })
    }

    /// The statement, and the key that signed it.
    ///
    /// # Errors
    /// [`BundleError::Untrusted`] if none of the keys is said to be the signer's,
    /// [`BundleError::Invalid`] if it is and did not sign this, [`BundleError::Statement`] if it
    /// signed something else than a statement about a model.
    pub fn verify<'k>(
        &self,
        trusted: &'k [TrustedKey],
    ) -> Result<(Statement, &'k TrustedKey), BundleError> {
        let fingerprint = shortened(&self.hint);
        let is_named = |key: &&TrustedKey| self.hint.is_empty() || key.fingerprint() == self.hint;
        let mut named = trusted.iter().filter(is_named).peekable();
        if named.peek().is_none() {
            return Err(BundleError::Untrusted { fingerprint });
        }
        let message = envelope(&self.payload);
        let Some(signer) = named.find(|key| key.is_signer_of(&message, &self.signature)) else {
            // Without a hint the signer may be somebody else.
            if self.hint.is_empty() {
                return Err(BundleError::Untrusted { fingerprint });
            }
            return Err(BundleError::Invalid { fingerprint });
        };
        let statement = Statement::from_json(&self.payload).map_err(BundleError::Statement)?;
        Ok((statement, signer))
    }

    /// The fingerprint of the key that the bundle says to be signed with. Anybody can write it.
    pub fn claimed_signer(&self) -> &str {
        &self.hint
    }

    /// The file, in one line.
    pub fn to_json(&self) -> String {
        let wire = Wire {
            media_type: MEDIA_TYPE.to_owned(),
            verification_material: Material {
                public_key: Some(PublicKey {
                    hint: Some(self.hint.clone()).filter(|hint| !hint.is_empty()),
                    raw_bytes: None,
                    key_details: None,
                }),
                certificate: None,
                x509_certificate_chain: None,
                tlog_entries: Vec::new(),
                timestamp_verification_data: None,
            },
            dsse_envelope: Envelope {
                payload: STANDARD.encode(&self.payload),
                payload_type: PAYLOAD_TYPE.to_owned(),
                signatures: vec![Signature {
                    sig: STANDARD.encode(&self.signature),
                    keyid: Some(self.key_id.clone()),
                }],
            },
        };
        // Strings always serialise.
        serde_json::to_string(&wire).unwrap_or_default()
    }
}

/// What is really signed: the payload with its type, so that it counts as nothing else (DSSE 1.0).
fn envelope(payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {PAYLOAD_TYPE} {} ", PAYLOAD_TYPE.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

fn expect(field: &'static str, found: &str, expected: &'static str) -> Result<(), MalformedBundle> {
    if found == expected {
        return Ok(());
    }
    Err(MalformedBundle::Unsupported { field, found: shortened(found), expected })
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wire {
    media_type: String,
    verification_material: Material,
    dsse_envelope: Envelope,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Material {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    public_key: Option<PublicKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    certificate: Option<Anything>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    x509_certificate_chain: Option<Anything>,
    /// Entries of a public log, which is not asked.
    #[serde(default)]
    tlog_entries: Vec<Anything>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timestamp_verification_data: Option<Anything>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PublicKey {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    raw_bytes: Option<Anything>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_details: Option<Anything>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Envelope {
    payload: String,
    payload_type: String,
    signatures: Vec<Signature>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Signature {
    sig: String,
    #[serde(default)]
    keyid: Option<String>,
}

/// A value that is there and not looked at.
struct Anything;

impl<'de> Deserialize<'de> for Anything {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

impl Serialize for Anything {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}
