//! Checks the evidence of an assessment: a directory whose note names every other file.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use transparency_log::{Checkpoint, Verifier};

use crate::arguments::EvidenceRequest;
use crate::entry::Entry;
use crate::files::{self, FileError, Unreadable};
use crate::key;
use crate::notes::Kept;
use crate::problem::Problem;
use crate::proof;
use crate::report::Report;
use crate::run::Stop;
use crate::signed::{self, Kind, StatementError};

const NOTE: &str = "evidence.txt";
const REPORT: &str = "report.json";
const PROOF: &str = "entry.proof";

/// The note names some dozens of files.
const NOTE_BYTES_MAX: u64 = 4 << 20;
/// No file that an assessment writes comes near to this.
const FILE_BYTES_MAX: u64 = 64 << 20;
const FILES_MAX: usize = 4_096;

/// What the note states.
struct Statement {
    files: Map<String, Value>,
    conclusion: String,
    assessed_at: String,
    is_proven: bool,
}

pub(crate) fn verify(request: &EvidenceRequest) -> Result<Report, Stop> {
    let verifier = key::read(&request.key)?;
    let folder = &request.folder;
    let path = folder.join(NOTE);
    let bytes =
        files::read(&path, NOTE_BYTES_MAX).map_err(|error| Unreadable::new(&path, error))?;
    let kept = Kept::read(&request.checkpoints, &verifier)?;
    let mut report = Report {
        subject: format!("the evidence of an assessment by {}", verifier.name()),
        checkpoints_ignored: kept.ignored,
        warnings: kept.warnings,
        ..Report::default()
    };
    let stated = signed::read(Kind::Evidence, &bytes, &verifier, &mut report);
    match stated.and_then(Statement::of) {
        Ok(statement) => examine(folder, &statement, &verifier, kept.checkpoints, &mut report)?,
        Err(problem) => report.problems.push(problem),
    }
    report.problems.append(kept.problems);
    Ok(report)
}

fn malformed(reason: impl Into<String>) -> Problem {
    Kind::Evidence.malformed(reason)
}

impl Statement {
    fn of(json: Value) -> Result<Self, Problem> {
        let Value::Object(mut json) = json else {
            return Err(malformed(StatementError::NoObject.to_string()));
        };
        let Some(Value::Object(files)) = json.remove("files") else {
            return Err(malformed("its `files` are missing"));
        };
        let text =
            |name: &str| json.get(name).and_then(Value::as_str).unwrap_or("not said").to_owned();
        Ok(Self {
            files,
            conclusion: text("conclusion"),
            assessed_at: text("assessed_at"),
            is_proven: json.get("proven").and_then(Value::as_bool).unwrap_or(false),
        })
    }
}

fn examine(
    folder: &Path,
    statement: &Statement,
    verifier: &Verifier,
    outside: Vec<Checkpoint>,
    report: &mut Report,
) -> Result<(), Stop> {
    let mut missing = 0;
    for (name, digest) in &statement.files {
        if !is_plain(name) {
            report.problems.push(malformed(format!("`{name}` is no name of a file in it")));
            continue;
        }
        let expected = digest.as_str().unwrap_or_default();
        let path = folder.join(name);
        let reason = match files::read(&path, FILE_BYTES_MAX) {
            Ok(bytes) if hexadecimal(&bytes) == expected => continue,
            Ok(bytes) => {
                format!("its SHA-256 is {}, and {expected} was signed", hexadecimal(&bytes))
            }
            Err(FileError::System(error)) => {
                return Err(Unreadable::new(&path, FileError::System(error)).into());
            }
            Err(error) => error.to_string(),
        };
        missing += 1;
        report.problems.push(Problem::EvidenceChanged { file: name.clone(), reason });
    }
    for name in surplus(folder, statement)? {
        let reason = "the note does not name it".to_owned();
        report.problems.push(Problem::EvidenceChanged { file: name, reason });
    }
    if missing == 0 {
        proven(folder, statement, verifier, outside, report)?;
    }
    let (at, conclusion) = (&statement.assessed_at, &statement.conclusion);
    report.lines.push(format!("assessed at {at}: {conclusion}; {} files", statement.files.len()));
    report.lines.push("an assessment by the deployment itself, and no certification".to_owned());
    report.members.insert("conclusion".to_owned(), conclusion.clone().into());
    report.members.insert("files".to_owned(), statement.files.len().into());
    Ok(())
}

/// Whether the log has an entry that names the very report.
fn proven(
    folder: &Path,
    statement: &Statement,
    verifier: &Verifier,
    outside: Vec<Checkpoint>,
    report: &mut Report,
) -> Result<(), Stop> {
    if !statement.is_proven {
        let text = "the log had not signed the entry of the assessment yet: nothing proves it";
        report.warnings.push(text.to_owned());
        return Ok(());
    }
    let read = |name: &str| {
        let path = folder.join(name);
        files::read(&path, FILE_BYTES_MAX).map_err(|error| Unreadable::new(&path, error))
    };
    let (whole, bytes) = (read(REPORT)?, read(PROOF)?);
    let proven = match proof::proven(&bytes, verifier) {
        Ok(proven) => proven,
        Err(problem) => {
            report.problems.push(problem);
            return Ok(());
        }
    };
    let subject = std::mem::take(&mut report.subject);
    proof::tell(&proven, outside, report);
    report.subject = format!("{subject}: {}", report.subject);
    let expected = format!("report:sha256:{}", hexadecimal(&whole));
    let found = Entry::parse(&proven.entry).ok().and_then(|entry| entry.subject);
    if found.as_deref() != Some(&*expected) {
        let found = found.unwrap_or_else(|| "nothing".to_owned());
        report.problems.push(Problem::EvidenceDiffers { leaf: proven.leaf, expected, found });
    }
    Ok(())
}

/// Files that lie in the directory and that nobody signed.
fn surplus(folder: &Path, statement: &Statement) -> Result<BTreeSet<String>, Stop> {
    let mut found = BTreeSet::new();
    let mut folders = vec![String::new()];
    while let Some(prefix) = folders.pop() {
        let path = folder.join(&prefix);
        let unreadable = |error| Unreadable::new(&path, FileError::from(error));
        for entry in fs::read_dir(&path).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let name = format!("{prefix}{}", entry.file_name().display());
            if entry.file_type().map_err(unreadable)?.is_dir() {
                folders.push(format!("{name}/"));
            } else if name != NOTE && !statement.files.contains_key(&name) {
                found.insert(name);
            }
            if found.len() + folders.len() > FILES_MAX {
                return Ok(found);
            }
        }
    }
    Ok(found)
}

/// Names lead to files within the directory only.
fn is_plain(name: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    name.split('/').all(is_part)
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    let digit = |four: u8| char::from_digit(u32::from(four), 16).unwrap_or('?');
    digest.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests;
