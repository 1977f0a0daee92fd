//! What can be wrong with a certificate, beside its proof.

use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    Malformed {
        reason: String,
    },
    /// The key signed another certificate.
    Changed {
        key: String,
    },
    /// Nothing in the name of the key at all.
    Unsigned {
        key: String,
    },
    /// The certificate says something else than the entry.
    Differs {
        leaf: u64,
        fact: &'static str,
        certificate: String,
        entry: String,
    },
}

impl Flaw {
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "erasure.malformed",
            Self::Changed { .. } | Self::Unsigned { .. } => "erasure.signature",
            Self::Differs { .. } => "erasure.differs",
        }
    }

    pub(crate) const fn leaf(&self) -> Option<u64> {
        match self {
            Self::Differs { leaf, .. } => Some(*leaf),
            Self::Malformed { .. } | Self::Changed { .. } | Self::Unsigned { .. } => None,
        }
    }

    pub(crate) const fn hint(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => {
                "keep certificates byte by byte as they came; read it again at /v1/erasures/ID"
            }
            Self::Changed { .. } => {
                "nothing that it says is to be believed; read it again at /v1/erasures/ID"
            }
            Self::Unsigned { .. } => {
                "check that the key is that of this log; its operator prints it with `galerne \
                 audit key`"
            }
            Self::Differs { .. } => {
                "whoever signed the certificate contradicts the own log; keep both as evidence"
            }
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { reason } => {
                write!(formatter, "this is no erasure certificate: {reason}")
            }
            Self::Changed { key } => write!(
                formatter,
                "the certificate is not what was signed in the name of {key}: it was changed, or \
                 somebody else signed it"
            ),
            Self::Unsigned { key } => {
                write!(formatter, "the certificate is not signed by the key of {key}")
            }
            Self::Differs { leaf, fact, certificate, entry } => write!(
                formatter,
                "the certificate says of {fact} `{certificate}`, and the entry of leaf {leaf} \
                 `{entry}`"
            ),
        }
    }
}
