//! Checks the receipt of one answer: who signed it, whether the log has it, whether both say the
//! same.

mod statement;

pub(crate) use statement::{StatementError, evidence};

use std::path::Path;

use transparency_log::{NoteError, SignedNote, Verifier};

use crate::arguments::ProofRequest;
use crate::entry::Entry;
use crate::files::{self, FileError, Unreadable};
use crate::key;
use crate::notes::Kept;
use crate::problem::Problem;
use crate::proof::{self, Proven};
use crate::receipt::statement::Statement;
use crate::report::Report;
use crate::run::Stop;

/// The first line of every receipt. It has spaces and the name of a log has none: no note is both
/// a receipt and a checkpoint.
const HEADER: &str = "galerne receipt v1";

/// An entry, 63 hashes, a note with many signatures and some facts are smaller.
const RECEIPT_BYTES_MAX: u64 = 2 << 20;

pub(crate) fn verify(request: &ProofRequest) -> Result<Report, Stop> {
    let verifier = key::read(&request.key)?;
    let bytes = read(&request.file)?;
    let kept = Kept::read(&request.checkpoints, &verifier)?;
    let mut report = Report {
        subject: format!("the receipt of an answer by {}", verifier.name()),
        checkpoints_ignored: kept.ignored,
        warnings: kept.warnings,
        ..Report::default()
    };
    let proven = match statement(&bytes, &verifier, &mut report) {
        Ok(statement) => examine(&statement, &verifier, kept.checkpoints, &mut report),
        Err(problem) => {
            report.problems.push(problem);
            None
        }
    };
    if let (Some(content), Some(proven)) = (&request.content, proven) {
        proof::check_content(content, &proven, &mut report)?;
    }
    report.problems.append(kept.problems);
    Ok(report)
}

fn read(file: &Path) -> Result<Vec<u8>, Unreadable> {
    files::read(file, RECEIPT_BYTES_MAX).map_err(|error| Unreadable::new(file, error))
}

/// What the receipt states. A wrong signature is reported, and what is stated is looked at all the
/// same: it may tell what was changed.
fn statement(bytes: &[u8], verifier: &Verifier, report: &mut Report) -> Result<Statement, Problem> {
    let malformed = |reason: String| Problem::ReceiptMalformed { reason };
    let text = str::from_utf8(bytes).map_err(|_| malformed(FileError::NotText.to_string()))?;
    let note = SignedNote::parse(text).map_err(|error| malformed(error.to_string()))?;
    let line = note.text().strip_prefix(HEADER).and_then(|rest| rest.strip_prefix('\n'));
    let line = line.ok_or_else(|| malformed(format!("its first line is not `{HEADER}`")))?;
    let key = || verifier.name().to_owned();
    match note.verify(verifier) {
        Ok(()) => {}
        Err(NoteError::NotSigned { .. }) => {
            report.problems.push(Problem::ReceiptUnsigned { key: key() });
        }
        Err(_) => report.problems.push(Problem::ReceiptChanged { key: key() }),
    }
    Statement::parse(line).map_err(|error| malformed(error.to_string()))
}

fn examine(
    statement: &Statement,
    verifier: &Verifier,
    outside: Vec<transparency_log::Checkpoint>,
    report: &mut Report,
) -> Option<Proven> {
    let evidence = match statement.evidence() {
        Ok(evidence) => evidence,
        Err(error) => {
            report.problems.push(Problem::ReceiptMalformed { reason: error.to_string() });
            return None;
        }
    };
    let proven = match proof::included(&evidence, verifier, "the checkpoint of the receipt") {
        Ok(proven) => proven,
        Err(problem) => {
            report.problems.push(problem);
            return None;
        }
    };
    proof::tell(&proven, outside, report);
    report.subject = format!("the receipt of answer {}: {}", statement.response, report.subject);
    if let Ok(entry) = Entry::parse(&proven.entry) {
        for problem in statement.contradictions(&entry, proven.leaf, verifier.name()) {
            report.problems.push(problem);
        }
    }
    report.lines.extend(statement.lines());
    report.members.insert("receipt".to_owned(), statement.json().clone());
    Some(proven)
}
