//! Checks the certificate of an erasure: who signed it, whether the log has it, whether both say the
//! same.

mod flaw;

use serde_json::Value;
use transparency_log::{Checkpoint, NoteError, SignedNote, Verifier};

use crate::arguments::ProofRequest;
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

/// The first line of every certificate. It has spaces and the name of a log has none: no note is
/// both a certificate and a checkpoint.
const HEADER: &str = "galerne erasure v1";

/// An entry, 63 hashes, a note with many signatures and some facts are smaller.
const CERTIFICATE_BYTES_MAX: u64 = 2 << 20;

pub(crate) fn verify(request: &ProofRequest) -> Result<Report, Stop> {
    let verifier = key::read(&request.key)?;
    let unreadable = |error| Unreadable::new(&request.file, error);
    let bytes = files::read(&request.file, CERTIFICATE_BYTES_MAX).map_err(unreadable)?;
    let kept = Kept::read(&request.checkpoints, &verifier)?;
    let mut report = Report {
        subject: format!("the certificate of an erasure by {}", verifier.name()),
        checkpoints_ignored: kept.ignored,
        warnings: kept.warnings,
        ..Report::default()
    };
    match statement(&bytes, &verifier, &mut report) {
        Ok(statement) => examine(&statement, &verifier, kept.checkpoints, &mut report),
        Err(problem) => report.problems.push(problem),
    }
    report.problems.append(kept.problems);
    Ok(report)
}

/// What the certificate states. A wrong signature is reported, and what is stated is looked at all
/// the same: it may tell what was changed.
fn statement(bytes: &[u8], verifier: &Verifier, report: &mut Report) -> Result<Value, Problem> {
    let text = str::from_utf8(bytes).map_err(|_| malformed(FileError::NotText.to_string()))?;
    let note = SignedNote::parse(text).map_err(|error| malformed(error.to_string()))?;
    let line = note.text().strip_prefix(HEADER).and_then(|rest| rest.strip_prefix('\n'));
    let line = line.ok_or_else(|| malformed(format!("its first line is not `{HEADER}`")))?;
    let key = || verifier.name().to_owned();
    match note.verify(verifier) {
        Ok(()) => {}
        Err(NoteError::NotSigned { .. }) => {
            report.problems.push(Problem::Erasure(Flaw::Unsigned { key: key() }));
        }
        Err(_) => report.problems.push(Problem::Erasure(Flaw::Changed { key: key() })),
    }
    let line = line.strip_suffix('\n').filter(|line| !line.contains('\n'));
    let json: Option<Value> = line.and_then(|line| serde_json::from_str(line).ok());
    let json = json.filter(Value::is_object);
    json.ok_or_else(|| malformed(StatementError::NoObject.to_string()))
}

fn malformed(reason: String) -> Problem {
    Problem::Erasure(Flaw::Malformed { reason })
}

fn examine(statement: &Value, verifier: &Verifier, outside: Vec<Checkpoint>, report: &mut Report) {
    let evidence = match evidence(&statement["log"]) {
        Ok(evidence) => evidence,
        Err(error) => return report.problems.push(malformed(error.to_string())),
    };
    let proven = match proof::included(&evidence, verifier, "the checkpoint of the certificate") {
        Ok(proven) => proven,
        Err(problem) => return report.problems.push(problem),
    };
    proof::tell(&proven, outside, report);
    report.subject =
        format!("the certificate of erasure {}: {}", shown(&statement["erasure"]), report.subject);
    if let Ok(entry) = Entry::parse(&proven.entry) {
        let problems = contradictions(statement, &entry, proven.leaf, verifier.name());
        for problem in problems {
            report.problems.push(problem);
        }
    }
    report.lines.extend(lines(statement));
    report.members.insert("erasure".to_owned(), statement.clone());
}

/// Where the certificate says something else than the entry that it carries.
fn contradictions(statement: &Value, entry: &Entry, leaf: u64, origin: &str) -> Vec<Problem> {
    let facts = [
        ("the action", "erasure.complete".into(), Value::from(&*entry.action)),
        ("the time", statement["at"].clone(), entry.at_us.into()),
        ("the person", statement["subject"].clone(), entry.subject.clone().into()),
        ("the outcome", "ok".into(), entry.outcome.clone().into()),
        ("the log", statement["log"]["origin"].clone(), origin.into()),
    ];
    let differing = facts.into_iter().filter(|(_, certificate, entry)| certificate != entry);
    let problem = |(fact, certificate, entry): (_, Value, Value)| {
        let (certificate, entry) = (shown(&certificate), shown(&entry));
        Problem::Erasure(Flaw::Differs { leaf, fact, certificate, entry })
    };
    differing.map(problem).collect()
}

/// Lines for people.
fn lines(statement: &Value) -> Vec<String> {
    let time = |name: &str| statement[name].as_i64().map_or_else(none, utc);
    let mut lines = vec![
        format!("person: {}", shown(&statement["subject"])),
        format!(
            "ordered: {} by {}, {}",
            time("ordered_at"),
            shown(&statement["ordered_by"]),
            shown(&statement["reason"])
        ),
        format!("erased: {}", time("at")),
        format!("issued: {}", time("issued_at")),
    ];
    let counts = statement["erased"].as_object();
    for (class, count) in counts.into_iter().flatten().take(50) {
        lines.push(format!("  {}: {}", shown(&class.as_str().into()), shown(count)));
    }
    for kept in statement["kept"].as_array().into_iter().flatten().take(50) {
        lines.push(format!("kept: {}, {}", shown(&kept["what"]), shown(&kept["why"])));
    }
    lines
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
