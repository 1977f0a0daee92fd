//! What can be wrong with the evidence.

use std::fmt;

use transparency_log::{CheckpointError, Finding, NoteError, Verifier};

use crate::citation;
use crate::entry::Entry;
use crate::signed;

/// Problems that are listed; one more says how many others there are.
const LISTED_MAX: usize = 50;

/// Something that is wrong with the evidence. Texts in it come from the evidence and are made
/// harmless when they are printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// What the log itself shows.
    Log {
        finding: Finding,
        /// The file in which the named leaf lies.
        file: Option<String>,
        /// What stands at the named leaf now.
        entry: Option<Box<Entry>>,
    },
    /// A tile above level 0 that does not follow from the entries.
    UpperTileAltered {
        file: String,
    },
    EntryMalformed {
        leaf: u64,
        reason: String,
    },
    /// A signature in the name of the key that is not the key's.
    BadSignature {
        place: String,
        key: String,
    },
    /// Nothing in the name of the key at all.
    Unsigned {
        place: String,
        key: String,
    },
    NoteMalformed {
        place: String,
        reason: String,
    },
    /// A file of an export is missing, or is not what its name says.
    Incomplete {
        file: String,
        reason: String,
        leaf: Option<u64>,
    },
    ProofMalformed {
        reason: String,
    },
    NotIncluded {
        leaf: u64,
        size: u64,
        reason: String,
    },
    ContentDiffers {
        leaf: u64,
        reason: &'static str,
    },
    /// Of a statement that the key should have signed.
    Signed(signed::Kind, signed::Flaw),
    Citation(citation::Flaw),
    /// A file is not the one that was signed.
    EvidenceChanged {
        file: String,
        reason: String,
    },
    /// The entry of the log is about another report.
    EvidenceDiffers {
        leaf: u64,
        expected: String,
        found: String,
    },
}

impl Problem {
    pub(crate) fn of_checkpoint(place: String, error: &CheckpointError, key: &Verifier) -> Self {
        let key = key.name().to_owned();
        match error {
            CheckpointError::Signature(NoteError::NotSigned { .. }) => {
                Self::Unsigned { place, key }
            }
            CheckpointError::Signature(_) => Self::BadSignature { place, key },
            CheckpointError::Origin { .. }
            | CheckpointError::Lines
            | CheckpointError::Size { .. }
            | CheckpointError::Root { .. }
            | CheckpointError::EmptyRoot => {
                Self::NoteMalformed { place, reason: error.to_string() }
            }
        }
    }

    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::Log { finding, .. } => finding.code(),
            Self::UpperTileAltered { .. } => "log.tiles_altered",
            Self::EntryMalformed { .. } => "entry.malformed",
            Self::BadSignature { .. } | Self::Unsigned { .. } => "checkpoint.signature",
            Self::NoteMalformed { .. } => "checkpoint.malformed",
            Self::Incomplete { .. } => "export.incomplete",
            Self::ProofMalformed { .. } => "proof.malformed",
            Self::NotIncluded { .. } => "proof.invalid",
            Self::ContentDiffers { .. } => "content.differs",
            Self::Signed(kind, flaw) => flaw.code(*kind),
            Self::Citation(flaw) => flaw.code(),
            Self::EvidenceChanged { .. } => "evidence.changed",
            Self::EvidenceDiffers { .. } => "evidence.differs",
        }
    }

    pub(crate) const fn leaf(&self) -> Option<u64> {
        match self {
            Self::Log { finding, .. } => finding.leaf(),
            Self::EntryMalformed { leaf, .. }
            | Self::NotIncluded { leaf, .. }
            | Self::ContentDiffers { leaf, .. }
            | Self::EvidenceDiffers { leaf, .. } => Some(*leaf),
            Self::Incomplete { leaf, .. } => *leaf,
            Self::Signed(_, flaw) => flaw.leaf(),
            Self::UpperTileAltered { .. }
            | Self::BadSignature { .. }
            | Self::Unsigned { .. }
            | Self::NoteMalformed { .. }
            | Self::ProofMalformed { .. }
            | Self::Citation(_)
            | Self::EvidenceChanged { .. } => None,
        }
    }

    pub(crate) fn entry(&self) -> Option<&Entry> {
        match self {
            Self::Log { entry, .. } => entry.as_deref(),
            Self::UpperTileAltered { .. }
            | Self::EntryMalformed { .. }
            | Self::BadSignature { .. }
            | Self::Unsigned { .. }
            | Self::NoteMalformed { .. }
            | Self::Incomplete { .. }
            | Self::ProofMalformed { .. }
            | Self::NotIncluded { .. }
            | Self::ContentDiffers { .. }
            | Self::Signed(..)
            | Self::Citation(_)
            | Self::EvidenceChanged { .. }
            | Self::EvidenceDiffers { .. } => None,
        }
    }

    /// What to do now.
    pub(crate) fn hint(&self) -> String {
        let text = match self {
            Self::Log { finding, file, .. } => return log_hint(finding, file.as_deref()),
            Self::UpperTileAltered { .. } => {
                "the entries themselves are as they were signed; take the export again"
            }
            Self::EntryMalformed { .. } => "the log holds bytes that Galerne does not write",
            Self::BadSignature { .. } => {
                "the checkpoint was changed after it was signed, or forged: keep it and get \
                 another copy"
            }
            Self::Unsigned { .. } => {
                "check that the key is that of this log; its operator prints it with `galerne \
                 audit key`"
            }
            Self::NoteMalformed { .. } => "the file was changed or damaged; get another copy",
            Self::Incomplete { .. } => "take the export again with `galerne audit export`",
            Self::ProofMalformed { .. } => "take the proof again with `galerne audit prove`",
            Self::NotIncluded { .. } => {
                "the entry or the proof was changed; take the proof again with `galerne audit prove`"
            }
            Self::ContentDiffers { .. } => {
                "give the messages byte by byte as they were sent, in canonical form, and the salt \
                 of this very entry"
            }
            Self::Signed(kind, flaw) => return flaw.hint(*kind),
            Self::Citation(flaw) => flaw.hint(),
            Self::EvidenceChanged { .. } => {
                "files that are not named are as they were signed; get another copy of this one"
            }
            Self::EvidenceDiffers { .. } => {
                "whoever signed the evidence contradicts the own log; keep both"
            }
        };
        text.to_owned()
    }
}

fn log_hint(finding: &Finding, file: Option<&str>) -> String {
    let file = file.unwrap_or("the export");
    match finding {
        Finding::Forked { .. } => {
            "whoever holds the log's key signed both; keep both, together they prove it".to_owned()
        }
        Finding::Edited { .. }
        | Finding::Reordered { .. }
        | Finding::Inserted { .. }
        | Finding::Removed { .. } => {
            format!("all entries before it are as they were signed; it lies in {file}")
        }
        Finding::Rebuilt { .. } => match finding.leaf() {
            Some(_) => format!("it lies in {file}; compare it with what was kept outside"),
            None => "an earlier export narrows this to one leaf: `--against DIR`".to_owned(),
        },
        Finding::TilesAltered { .. } => {
            format!("the entries themselves are as they were signed; the hash lies in {file}")
        }
        Finding::Backdated { .. } => {
            "the machine's clock was moved, or the entry was written later than it says; where the \
             operator accepted a clock, an entry `clock.accept` stands before it"
                .to_owned()
        }
        Finding::Truncated { size, signed_size } | Finding::RolledBack { size, signed_size } => {
            format!("ask the operator for leaves {size} to {}", signed_size.saturating_sub(1))
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log { finding, .. } => finding.fmt(formatter),
            Self::UpperTileAltered { file } => {
                write!(formatter, "{file} does not hold the hashes that follow from the entries")
            }
            Self::EntryMalformed { leaf, reason } => {
                write!(formatter, "the entry of leaf {leaf} is not one of Galerne: {reason}")
            }
            Self::BadSignature { place, key } => {
                write!(
                    formatter,
                    "{place}: the signature in the name of {key} is not that of the key"
                )
            }
            Self::Unsigned { place, key } => {
                write!(formatter, "{place}: nothing is signed by the key of {key}")
            }
            Self::NoteMalformed { place, reason } => write!(formatter, "{place}: {reason}"),
            Self::Incomplete { file, reason, leaf: None }
            | Self::EvidenceChanged { file, reason } => write!(formatter, "{file}: {reason}"),
            Self::Incomplete { file, reason, leaf: Some(leaf) } => {
                write!(formatter, "{file}: {reason}, which is leaf {leaf}")
            }
            Self::ProofMalformed { reason } => write!(formatter, "this is no proof: {reason}"),
            Self::NotIncluded { leaf, size, reason } => write!(
                formatter,
                "the entry is not leaf {leaf} of the log of {size} entries: {reason}"
            ),
            Self::ContentDiffers { leaf, reason } => {
                write!(
                    formatter,
                    "the entry of leaf {leaf} does not commit to the messages: {reason}"
                )
            }
            Self::Signed(kind, flaw) => formatter.write_str(&flaw.message(*kind)),
            Self::Citation(flaw) => write!(formatter, "{flaw}"),
            Self::EvidenceDiffers { leaf, expected, found } => write!(
                formatter,
                "the entry of leaf {leaf} is about `{found}`, and the report is `{expected}`"
            ),
        }
    }
}

/// Problems in the order in which they are told, bounded whatever the evidence is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Problems {
    listed: Vec<Problem>,
    unlisted: usize,
}

impl Problems {
    pub(crate) fn push(&mut self, problem: Problem) {
        if self.listed.len() < LISTED_MAX {
            self.listed.push(problem);
        } else {
            self.unlisted += 1;
        }
    }

    pub(crate) fn append(&mut self, other: Self) {
        self.unlisted += other.unlisted;
        for problem in other.listed {
            self.push(problem);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.listed.len() + self.unlisted
    }

    pub(crate) fn listed(&self) -> &[Problem] {
        &self.listed
    }

    pub(crate) fn unlisted(&self) -> usize {
        self.unlisted
    }
}
