//! What can be wrong with a signed statement, beside the proof that it carries.

use super::Kind;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    Malformed {
        reason: String,
    },
    /// The key signed another statement.
    Changed {
        key: String,
    },
    /// Nothing in the name of the key at all.
    Unsigned {
        key: String,
    },
    /// The statement says something else than the entry.
    Differs {
        leaf: u64,
        fact: &'static str,
        stated: String,
        entry: String,
    },
}

impl Flaw {
    pub(crate) const fn code(&self, kind: Kind) -> &'static str {
        match (self, kind) {
            (Self::Malformed { .. }, Kind::Receipt) => "receipt.malformed",
            (Self::Malformed { .. }, Kind::Erasure) => "erasure.malformed",
            (Self::Malformed { .. }, Kind::Citation) => "citation.malformed",
            (Self::Malformed { .. }, Kind::Evidence) => "evidence.malformed",
            (Self::Changed { .. } | Self::Unsigned { .. }, Kind::Receipt) => "receipt.signature",
            (Self::Changed { .. } | Self::Unsigned { .. }, Kind::Erasure) => "erasure.signature",
            (Self::Changed { .. } | Self::Unsigned { .. }, Kind::Citation) => "citation.signature",
            (Self::Changed { .. } | Self::Unsigned { .. }, Kind::Evidence) => "evidence.signature",
            (Self::Differs { .. }, Kind::Receipt) => "receipt.differs",
            (Self::Differs { .. }, Kind::Erasure) => "erasure.differs",
            (Self::Differs { .. }, Kind::Citation) => "citation.differs",
            (Self::Differs { .. }, Kind::Evidence) => "evidence.differs",
        }
    }

    pub(crate) const fn leaf(&self) -> Option<u64> {
        match self {
            Self::Differs { leaf, .. } => Some(*leaf),
            Self::Malformed { .. } | Self::Changed { .. } | Self::Unsigned { .. } => None,
        }
    }

    pub(crate) fn hint(&self, kind: Kind) -> String {
        let again = match kind {
            Kind::Receipt => "ask for it again at /v1/receipts/ID",
            Kind::Erasure => "read it again at /v1/erasures/ID",
            Kind::Citation => "have it issued again",
            Kind::Evidence => {
                "take the assessment again with `galerne sovereignty assess --evidence DIR`"
            }
        };
        match (self, kind) {
            (Self::Malformed { .. }, Kind::Evidence) => again.to_owned(),
            (Self::Malformed { .. }, Kind::Receipt | Kind::Erasure | Kind::Citation) => {
                format!("keep {}s byte by byte as they came; {again}", kind.noun())
            }
            (Self::Changed { .. }, _) => {
                format!("nothing that it says is to be believed; {again}")
            }
            (Self::Unsigned { .. }, _) => {
                "check that the key is that of this log; its operator prints it with `galerne \
                 audit key`"
                    .to_owned()
            }
            (Self::Differs { .. }, _) => format!(
                "whoever signed the {} contradicts the own log; keep both as evidence",
                kind.noun()
            ),
        }
    }

    /// For people.
    pub(crate) fn message(&self, kind: Kind) -> String {
        let noun = kind.noun();
        match self {
            Self::Malformed { reason } => {
                let what = match kind {
                    Kind::Receipt => "receipt",
                    Kind::Erasure => "erasure certificate",
                    Kind::Citation => "evidence record of a citation",
                    Kind::Evidence => "evidence",
                };
                format!("this is no {what}: {reason}")
            }
            Self::Changed { key } => format!(
                "the {noun} is not what was signed in the name of {key}: it was changed, or \
                 somebody else signed it"
            ),
            Self::Unsigned { key } => format!("the {noun} is not signed by the key of {key}"),
            Self::Differs { leaf, fact, stated, entry } => format!(
                "the {noun} says of {fact} `{stated}`, and the entry of leaf {leaf} `{entry}`"
            ),
        }
    }
}
