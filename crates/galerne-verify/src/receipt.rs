//! Checks the receipt of one answer: who signed it, whether the log has it, whether both say the
//! same.

mod statement;

use std::path::Path;

use transparency_log::{Checkpoint, Verifier};

use crate::arguments::ProofRequest;
use crate::entry::Entry;
use crate::files::{self, Unreadable};
use crate::key;
use crate::notes::Kept;
use crate::proof::{self, Proven};
use crate::receipt::statement::Statement;
use crate::report::Report;
use crate::run::Stop;
use crate::signed::{self, Kind};

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
    let stated = signed::read(Kind::Receipt, &bytes, &verifier, &mut report);
    let stated = stated.and_then(|json| {
        Statement::of(json).map_err(|error| Kind::Receipt.malformed(error.to_string()))
    });
    let proven = match stated {
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

fn examine(
    statement: &Statement,
    verifier: &Verifier,
    outside: Vec<Checkpoint>,
    report: &mut Report,
) -> Option<Proven> {
    let proven = signed::proven(Kind::Receipt, statement.json(), verifier, outside, report)?;
    report.subject = format!("the receipt of answer {}: {}", statement.response, report.subject);
    if let Ok(entry) = Entry::parse(&proven.entry) {
        let facts = statement.facts(&entry, verifier.name());
        signed::compare(Kind::Receipt, proven.leaf, facts, report);
    }
    report.lines.extend(statement.lines());
    report.members.insert("receipt".to_owned(), statement.json().clone());
    Some(proven)
}
