//! Checks the certificate of an erasure: who signed it, whether the log has it, whether both say the
//! same.

use serde_json::Value;
use transparency_log::{Checkpoint, Verifier};

use crate::arguments::ProofRequest;
use crate::entry::{Entry, utc};
use crate::files::{self, Unreadable};
use crate::key;
use crate::notes::Kept;
use crate::report::Report;
use crate::run::Stop;
use crate::signed::{self, Fact, Kind, none, shown};

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
    match signed::read(Kind::Erasure, &bytes, &verifier, &mut report) {
        Ok(statement) => examine(&statement, &verifier, kept.checkpoints, &mut report),
        Err(problem) => report.problems.push(problem),
    }
    report.problems.append(kept.problems);
    Ok(report)
}

fn examine(statement: &Value, verifier: &Verifier, outside: Vec<Checkpoint>, report: &mut Report) {
    let proven = signed::proven(Kind::Erasure, statement, verifier, outside, report);
    let Some(proven) = proven else { return };
    report.subject =
        format!("the certificate of erasure {}: {}", shown(&statement["erasure"]), report.subject);
    if let Ok(entry) = Entry::parse(&proven.entry) {
        let facts = facts(statement, &entry, verifier.name());
        signed::compare(Kind::Erasure, proven.leaf, facts, report);
    }
    report.lines.extend(lines(statement));
    report.members.insert("erasure".to_owned(), statement.clone());
}

/// What the certificate and the entry that it carries both say.
fn facts(statement: &Value, entry: &Entry, origin: &str) -> [Fact; 5] {
    [
        ("the action", "erasure.complete".into(), Value::from(&*entry.action)),
        ("the time", statement["at"].clone(), entry.at_us.into()),
        ("the person", statement["subject"].clone(), entry.subject.clone().into()),
        ("the outcome", "ok".into(), entry.outcome.clone().into()),
        ("the log", statement["log"]["origin"].clone(), origin.into()),
    ]
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
