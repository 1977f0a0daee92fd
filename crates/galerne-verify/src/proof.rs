//! Checks that one entry is in the log.

use std::error::Error as _;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use transparency_log::{Checkpoint, EvidenceError, InclusionEvidence, Verifier, forks};

use crate::arguments::{ContentRequest, ProofRequest};
use crate::entry::Entry;
use crate::files::{self, FileError, Unreadable};
use crate::key;
use crate::notes::Kept;
use crate::problem::Problem;
use crate::report::Report;
use crate::run::Stop;

/// An entry in base64, 63 hashes and a note with many signatures are smaller.
const PROOF_BYTES_MAX: u64 = 2 << 20;

pub(crate) fn verify(request: &ProofRequest) -> Result<Report, Stop> {
    let verifier = key::read(&request.key)?;
    let unreadable = |error| Unreadable::new(&request.file, error);
    let bytes = files::read(&request.file, PROOF_BYTES_MAX).map_err(unreadable)?;
    let kept = Kept::read(&request.checkpoints, &verifier)?;
    let mut report = Report {
        subject: format!("the proof of an entry of {}", verifier.name()),
        checkpoints_ignored: kept.ignored,
        warnings: kept.warnings,
        ..Report::default()
    };
    match proven(&bytes, &verifier) {
        Ok(proven) => {
            tell(&proven, kept.checkpoints, &mut report);
            if let Some(content) = &request.content {
                check_content(content, &proven, &mut report)?;
            }
        }
        Err(problem) => report.problems.push(problem),
    }
    report.problems.append(kept.problems);
    Ok(report)
}

/// An entry that is in the log.
pub(crate) struct Proven {
    pub(crate) leaf: u64,
    pub(crate) entry: Vec<u8>,
    pub(crate) checkpoint: Checkpoint,
}

/// The proof in a file.
pub(crate) fn proven(bytes: &[u8], verifier: &Verifier) -> Result<Proven, Problem> {
    let malformed = |reason: String| Problem::ProofMalformed { reason };
    let text = str::from_utf8(bytes).map_err(|_| malformed(FileError::NotText.to_string()))?;
    let evidence = InclusionEvidence::parse(text).map_err(|error| malformed(whole(&error)))?;
    included(&evidence, verifier, "the checkpoint of the proof")
}

/// `place`: the checkpoint, for messages.
pub(crate) fn included(
    evidence: &InclusionEvidence,
    verifier: &Verifier,
    place: &str,
) -> Result<Proven, Problem> {
    let malformed = |reason: String| Problem::ProofMalformed { reason };
    let leaf = evidence.index;
    let Some(entry) = &evidence.extra else {
        return Err(malformed("it does not hold the entry (no line `extra`)".to_owned()));
    };
    match evidence.verify(entry, verifier) {
        Ok(checkpoint) => Ok(Proven { leaf, entry: entry.clone(), checkpoint }),
        Err(EvidenceError::Checkpoint(error)) => {
            Err(Problem::of_checkpoint(place.to_owned(), &error, verifier))
        }
        Err(EvidenceError::NotIncluded { source, .. }) => {
            // It verified, or the error would be another one.
            let size = Checkpoint::open(&evidence.checkpoint, verifier).map_or(0, |seal| seal.size);
            Err(Problem::NotIncluded { leaf, size, reason: source.to_string() })
        }
        Err(
            error @ (EvidenceError::Header
            | EvidenceError::Extra
            | EvidenceError::Index
            | EvidenceError::ProofLine { .. }
            | EvidenceError::ProofEnd
            | EvidenceError::Note(_)),
        ) => Err(malformed(whole(&error))),
    }
}

/// An error with its cause.
fn whole(error: &EvidenceError) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

pub(crate) fn tell(proven: &Proven, outside: Vec<Checkpoint>, report: &mut Report) {
    let Proven { leaf, entry, checkpoint } = proven;
    report.size = Some(checkpoint.size);
    report.root = Some(checkpoint.root);
    report.subject =
        format!("leaf {leaf} of the first {} entries of {}", checkpoint.size, checkpoint.origin);
    let kept = outside.len();
    let mut all = outside;
    let same_size = all.iter().filter(|other| other.size == checkpoint.size).count();
    report.checkpoints_matched = all.iter().filter(|other| *other == checkpoint).count();
    all.push(checkpoint.clone());
    for finding in forks(&all) {
        report.problems.push(Problem::Log { finding, file: None, entry: None });
    }
    if kept > 0 {
        report.lines.push(format!(
            "checkpoints: {} matched, {} of other sizes cannot be compared with a proof, {} of \
             other keys ignored",
            report.checkpoints_matched,
            kept - same_size,
            report.checkpoints_ignored
        ));
    }
    report.members = Map::from_iter([("leaf".to_owned(), Value::from(*leaf))]);
    match Entry::parse(entry) {
        Ok(entry) => {
            report.lines.push(format!("entry: {}", entry.line()));
            report.members.insert("entry".to_owned(), entry.json());
        }
        Err(error) => {
            let (leaf, reason) = (*leaf, error.to_string());
            report.problems.push(Problem::EntryMalformed { leaf, reason });
        }
    }
}

/// Recomputes what the entry commits to.
pub(crate) fn check_content(
    request: &ContentRequest,
    proven: &Proven,
    report: &mut Report,
) -> Result<(), Unreadable> {
    let digest = digest_of_line(&request.messages)
        .map_err(|error| Unreadable::new(&request.messages, error))?;
    let salted = Sha256::new().chain_update(&request.salt).chain_update(digest).finalize();
    let expected = format!("sha256:{}", hexadecimal(&salted));
    let found = Entry::parse(&proven.entry).ok().and_then(|entry| entry.content);
    let reason = match found {
        Some(found) if found == expected => {
            report.lines.push("messages: they are what the entry commits to".to_owned());
            report.members.insert("content_matched".to_owned(), true.into());
            return Ok(());
        }
        Some(_) => "its hash is another",
        None => "it commits to nothing",
    };
    report.problems.push(Problem::ContentDiffers { leaf: proven.leaf, reason });
    Ok(())
}

/// SHA-256 of a file without one line break at its end, which editors like to add.
fn digest_of_line(path: &Path) -> Result<[u8; 32], FileError> {
    let mut reader = BufReader::new(files::open(path)?);
    let mut hash = Sha256::new();
    let mut held_back = false;
    loop {
        let piece = reader.fill_buf()?;
        if piece.is_empty() {
            return Ok(hash.finalize().into());
        }
        if held_back {
            hash.update(b"\n");
        }
        held_back = piece.ends_with(b"\n");
        hash.update(&piece[..piece.len() - usize::from(held_back)]);
        let read = piece.len();
        reader.consume(read);
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        _ = write!(text, "{byte:02x}");
        text
    })
}
