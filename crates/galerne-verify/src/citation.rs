//! Checks the evidence record of a citation: who signed it, whether the log has the request in which
//! a model quoted, whether both say the same, and whether the quote stands in the document.

mod flaw;
mod source;

use serde_json::Value;
use transparency_log::{Checkpoint, NoteError, SignedNote, Verifier};

use crate::arguments::CitationRequest;
use crate::entry::{Entry, utc};
use crate::files::{self, FileError, Unreadable};
use crate::key;
use crate::notes::Kept;
use crate::problem::Problem;
use crate::proof;
use crate::receipt::{StatementError, evidence};
use crate::report::Report;
use crate::run::Stop;

pub(crate) use flaw::Flaw;

/// The first line of every record. It has spaces and the name of a log has none: no note is both a
/// record and a checkpoint.
const HEADER: &str = "galerne citation v1";

/// An entry, 63 hashes, a note with many signatures and a quote of some pages are smaller.
const RECORD_BYTES_MAX: u64 = 4 << 20;

pub(crate) fn verify(request: &CitationRequest) -> Result<Report, Stop> {
    let proof = &request.proof;
    let verifier = key::read(&proof.key)?;
    let unreadable = |error| Unreadable::new(&proof.file, error);
    let bytes = files::read(&proof.file, RECORD_BYTES_MAX).map_err(unreadable)?;
    let kept = Kept::read(&proof.checkpoints, &verifier)?;
    let mut report = Report {
        subject: format!("the evidence record of a citation by {}", verifier.name()),
        checkpoints_ignored: kept.ignored,
        warnings: kept.warnings,
        ..Report::default()
    };
    match statement(&bytes, &verifier, &mut report) {
        Ok(statement) => {
            examine(&statement, &verifier, kept.checkpoints, &mut report);
            source::check(&statement, request, &mut report)?;
        }
        Err(problem) => report.problems.push(problem),
    }
    report.problems.append(kept.problems);
    Ok(report)
}

/// What the record states. A wrong signature is reported, and what is stated is looked at all the
/// same: it may tell what was changed.
fn statement(bytes: &[u8], verifier: &Verifier, report: &mut Report) -> Result<Value, Problem> {
    let text = str::from_utf8(bytes).map_err(|_| malformed(FileError::NotText.to_string()))?;
    let note = SignedNote::parse(text).map_err(|error| malformed(error.to_string()))?;
    let line = note.text().strip_prefix(HEADER).and_then(|rest| rest.strip_prefix('\n'));
    let line = line.ok_or_else(|| malformed(format!("its first line is not `{HEADER}`")))?;
    let key = || verifier.name().to_owned();
    match note.verify(verifier) {
        Ok(()) => {}
        Err(NoteError::NotSigned { .. }) => {
            report.problems.push(Problem::Citation(Flaw::Unsigned { key: key() }));
        }
        Err(_) => report.problems.push(Problem::Citation(Flaw::Changed { key: key() })),
    }
    let line = line.strip_suffix('\n').filter(|line| !line.contains('\n'));
    let json: Option<Value> = line.and_then(|line| serde_json::from_str(line).ok());
    let json = json.filter(Value::is_object);
    json.ok_or_else(|| malformed(StatementError::NoObject.to_string()))
}

fn malformed(reason: String) -> Problem {
    Problem::Citation(Flaw::Malformed { reason })
}

fn examine(statement: &Value, verifier: &Verifier, outside: Vec<Checkpoint>, report: &mut Report) {
    let evidence = match evidence(&statement["log"]) {
        Ok(evidence) => evidence,
        Err(error) => return report.problems.push(malformed(error.to_string())),
    };
    let proven = match proof::included(&evidence, verifier, "the checkpoint of the record") {
        Ok(proven) => proven,
        Err(problem) => return report.problems.push(problem),
    };
    proof::tell(&proven, outside, report);
    report.subject = format!("the citation of document {}: {}", digest(statement), report.subject);
    if let Ok(entry) = Entry::parse(&proven.entry) {
        for problem in contradictions(statement, &entry, proven.leaf, verifier.name()) {
            report.problems.push(problem);
        }
    }
    report.lines.extend(lines(statement));
    report.members.insert("citation".to_owned(), statement.clone());
}

/// Where the record says something else than the entry that it carries.
fn contradictions(statement: &Value, entry: &Entry, leaf: u64, origin: &str) -> Vec<Problem> {
    let request = statement["request"].as_str().unwrap_or_default();
    let facts = [
        ("the action", "chat.complete".into(), Value::from(&*entry.action)),
        ("the time", statement["at"].clone(), entry.at_us.into()),
        ("the model", statement["model"]["digest"].clone(), entry.model.clone().into()),
        ("the request", format!("request:{request}").into(), entry.subject.clone().into()),
        ("the outcome of the request", "ok".into(), entry.outcome.clone().into()),
        ("the log", statement["log"]["origin"].clone(), origin.into()),
    ];
    let differing = facts.into_iter().filter(|(_, record, entry)| record != entry);
    let problem = |(fact, record, entry): (_, Value, Value)| {
        let (record, entry) = (shown(&record), shown(&entry));
        Problem::Citation(Flaw::Differs { leaf, fact, record, entry })
    };
    differing.map(problem).collect()
}

/// Lines for people.
fn lines(statement: &Value) -> Vec<String> {
    let (version, range) = (&statement["version"], &statement["range"]);
    let pages = statement["pages"].as_array().into_iter().flatten().take(50);
    let pages: Vec<String> = pages.map(shown).collect();
    let areas = statement["areas"].as_array().map_or(0, Vec::len);
    let time = statement["issued_at"].as_i64().map_or_else(none, utc);
    vec![
        format!("issued: {time}"),
        format!("quote: {}", shown(&statement["quote"])),
        format!(
            "version: {} of document {}, key {}",
            shown(&version["number"]),
            shown(&statement["document"]["id"]),
            shown(&version["key"])
        ),
        format!(
            "place: bytes {} to {} of the text that was read, pages {}, {areas} rectangles",
            shown(&range["start"]),
            shown(&range["end"]),
            if pages.is_empty() { none() } else { pages.join(", ") }
        ),
        format!(
            "model: {}, {}",
            shown(&statement["model"]["id"]),
            shown(&statement["model"]["digest"])
        ),
    ]
}

fn digest(statement: &Value) -> String {
    shown(&statement["document"]["digest"])
}

/// The beginning of what should be short, but is whatever somebody wrote.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => none(),
        Value::String(text) => text[..text.floor_char_boundary(200)].to_owned(),
        other => {
            let text = other.to_string();
            text[..text.floor_char_boundary(200)].to_owned()
        }
    }
}

fn none() -> String {
    "not stated".to_owned()
}
