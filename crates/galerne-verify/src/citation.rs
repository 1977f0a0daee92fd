//! Checks the evidence record of a citation: who signed it, whether the log has the request in which
//! a model quoted, whether both say the same, and whether the quote stands in the document.

mod flaw;
mod source;

use serde_json::Value;
use transparency_log::{Checkpoint, Verifier};

use crate::arguments::CitationRequest;
use crate::entry::{Entry, utc};
use crate::files::{self, Unreadable};
use crate::key;
use crate::notes::Kept;
use crate::report::Report;
use crate::run::Stop;
use crate::signed::{self, Fact, Kind, none, shown};

pub(crate) use flaw::Flaw;

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
    match signed::read(Kind::Citation, &bytes, &verifier, &mut report) {
        Ok(statement) => {
            examine(&statement, &verifier, kept.checkpoints, &mut report);
            source::check(&statement, request, &mut report)?;
        }
        Err(problem) => report.problems.push(problem),
    }
    report.problems.append(kept.problems);
    Ok(report)
}

fn examine(statement: &Value, verifier: &Verifier, outside: Vec<Checkpoint>, report: &mut Report) {
    let proven = signed::proven(Kind::Citation, statement, verifier, outside, report);
    let Some(proven) = proven else { return };
    report.subject = format!("the citation of document {}: {}", digest(statement), report.subject);
    if let Ok(entry) = Entry::parse(&proven.entry) {
        let facts = facts(statement, &entry, verifier.name());
        signed::compare(Kind::Citation, proven.leaf, facts, report);
    }
    report.lines.extend(lines(statement));
    report.members.insert("citation".to_owned(), statement.clone());
}

/// What the record and the entry that it carries both say.
fn facts(statement: &Value, entry: &Entry, origin: &str) -> [Fact; 6] {
    let request = statement["request"].as_str().unwrap_or_default();
    [
        ("the action", "chat.complete".into(), Value::from(&*entry.action)),
        ("the time", statement["at"].clone(), entry.at_us.into()),
        ("the model", statement["model"]["digest"].clone(), entry.model.clone().into()),
        ("the request", format!("request:{request}").into(), entry.subject.clone().into()),
        ("the outcome of the request", "ok".into(), entry.outcome.clone().into()),
        ("the log", statement["log"]["origin"].clone(), origin.into()),
    ]
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
