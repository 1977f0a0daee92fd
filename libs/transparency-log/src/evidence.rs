//! Evidence for one entry that needs nothing but the key of the log: a `.tlog-proof` file.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::decimal;
use crate::hash::{Hash, leaf_hash};
use crate::key::Verifier;
use crate::note::{NoteError, SignedNote};
use crate::proof::{ProofError, verify_inclusion};

/// What the first line says.
const HEADER: &str = "c2sp.org/tlog-proof@v1\n";

/// The most hashes that a proof in a supported tree has.
const PROOF_HASHES_MAX: usize = 63;

/// Proves that an entry stands at one place of a log: index, inclusion proof and checkpoint.
///
/// # Source
/// C2SP tlog-proof.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InclusionEvidence {
    /// The place of the entry, counted from 0.
    pub index: u64,
    /// The inclusion proof, the lowest hash first.
    pub proof: Vec<Hash>,
    /// Anything else that travels along. No signature covers it: what it says must follow from the
    /// entry that is verified.
    pub extra: Option<Vec<u8>>,
    /// The checkpoint that the proof leads to, with its signatures.
    pub checkpoint: SignedNote,
}

/// A text is no evidence, or the evidence proves nothing.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The first line is another.
    #[error("the first line is not `{}`", HEADER.trim_end())]
    Header,
    /// The extra data is not standard base64.
    #[error("the line `extra` is not standard base64")]
    Extra,
    /// No canonical index where one belongs.
    #[error("no line `index <number>` where it belongs")]
    Index,
    /// A line of the proof is no hash.
    #[error("line {line} of the proof is not the base64 of a hash")]
    ProofLine {
        /// Which line of the proof, counted from 1.
        line: usize,
    },
    /// More hashes than any tree needs, or no empty line behind them.
    #[error("the proof does not end in an empty line after at most {PROOF_HASHES_MAX} hashes")]
    ProofEnd,
    /// What follows the proof is no signed note.
    #[error("no signed note follows the proof")]
    Note(#[source] NoteError),
    /// The checkpoint is not one of the log.
    #[error("the checkpoint is not to be trusted")]
    Checkpoint(#[source] CheckpointError),
    /// The entry is not at this place of the log.
    #[error("the entry is not at place {index} of the log")]
    NotIncluded {
        /// The place, counted from 0.
        index: u64,
        /// What the proof came to.
        source: ProofError,
    },
}

impl InclusionEvidence {
    /// Reads a proof file; verifies nothing.
    ///
    /// # Errors
    /// [`EvidenceError`], naming the part that has another form.
    pub fn parse(text: &str) -> Result<Self, EvidenceError> {
        let rest = text.strip_prefix(HEADER).ok_or(EvidenceError::Header)?;
        let (extra, rest) = match rest.strip_prefix("extra ").and_then(|rest| rest.split_once('\n'))
        {
            Some((extra, rest)) => {
                (Some(STANDARD.decode(extra).map_err(|_| EvidenceError::Extra)?), rest)
            }
            None => (None, rest),
        };
        let rest = rest.strip_prefix("index ").ok_or(EvidenceError::Index)?;
        let (index, mut rest) = rest.split_once('\n').ok_or(EvidenceError::Index)?;
        let index = decimal::parse(index).ok_or(EvidenceError::Index)?;
        let mut proof = Vec::new();
        loop {
            let (line, behind) = rest.split_once('\n').ok_or(EvidenceError::ProofEnd)?;
            rest = behind;
            if line.is_empty() {
                break;
            }
            if proof.len() == PROOF_HASHES_MAX {
                return Err(EvidenceError::ProofEnd);
            }
            let line_number = proof.len() + 1;
            let hash = Hash::parse_base64(line);
            proof.push(hash.map_err(|_| EvidenceError::ProofLine { line: line_number })?);
        }
        let checkpoint = SignedNote::parse(rest).map_err(EvidenceError::Note)?;
        Ok(Self { index, proof, extra, checkpoint })
    }

    /// Verifies that `entry` stands at this place of the log with this key.
    ///
    /// # Errors
    /// [`EvidenceError::Checkpoint`] or [`EvidenceError::NotIncluded`].
    pub fn verify(&self, entry: &[u8], verifier: &Verifier) -> Result<Checkpoint, EvidenceError> {
        let checkpoint =
            Checkpoint::open(&self.checkpoint, verifier).map_err(EvidenceError::Checkpoint)?;
        let Checkpoint { size, root, .. } = &checkpoint;
        verify_inclusion(&leaf_hash(entry), self.index, *size, &self.proof, root)
            .map_err(|source| EvidenceError::NotIncluded { index: self.index, source })?;
        Ok(checkpoint)
    }
}

/// The proof file.
impl fmt::Display for InclusionEvidence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(HEADER)?;
        if let Some(extra) = &self.extra {
            writeln!(formatter, "extra {}", STANDARD.encode(extra))?;
        }
        writeln!(formatter, "index {}", self.index)?;
        for hash in &self.proof {
            writeln!(formatter, "{}", hash.to_base64())?;
        }
        write!(formatter, "\n{}", self.checkpoint)
    }
}

impl FromStr for InclusionEvidence {
    type Err = EvidenceError;

    fn from_str(text: &str) -> Result<Self, EvidenceError> {
        Self::parse(text)
    }
}
