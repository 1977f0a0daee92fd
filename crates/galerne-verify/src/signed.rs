//! Statements that the key of a log signed: notes whose first line says what they are, and whose
//! second line is a JSON object. Most carry an entry under `log`, with the proof that the log has it.

mod flaw;

use serde_json::Value;
use transparency_log::{Checkpoint, Hash, InclusionEvidence, NoteError, SignedNote, Verifier};

use crate::files::FileError;
use crate::problem::Problem;
use crate::proof::{self, Proven};
use crate::report::Report;

pub(crate) use flaw::Flaw;

/// What is stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Receipt,
    Erasure,
    Citation,
    Evidence,
}

/// Something that a statement and its entry both say: its name, as it is stated, as the entry has it.
pub(crate) type Fact = (&'static str, Value, Value);

/// The second line is not what Galerne states.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StatementError {
    #[error("its second line is not a JSON object")]
    NoObject,
    #[error("its `{name}` is missing or not of the right kind")]
    Member { name: &'static str },
    #[error("hash {number} of its `log.inclusion` is not the base64 of a hash")]
    Inclusion { number: usize },
    #[error("its `log.checkpoint` is no signed note: {reason}")]
    Checkpoint { reason: NoteError },
}

impl Kind {
    /// The first line. It has spaces and the name of a log has none: no note is both a statement and
    /// a checkpoint.
    pub(crate) const fn header(self) -> &'static str {
        match self {
            Self::Receipt => "galerne receipt v1",
            Self::Erasure => "galerne erasure v1",
            Self::Citation => "galerne citation v1",
            Self::Evidence => "galerne evidence v1",
        }
    }

    /// As messages name it.
    const fn noun(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::Erasure => "certificate",
            Self::Citation => "record",
            Self::Evidence => "note",
        }
    }

    pub(crate) fn malformed(self, reason: impl Into<String>) -> Problem {
        Problem::Signed(self, Flaw::Malformed { reason: reason.into() })
    }
}

/// What the bytes state. A wrong signature is reported, and what is stated is looked at all the
/// same: it may tell what was changed.
pub(crate) fn read(
    kind: Kind,
    bytes: &[u8],
    verifier: &Verifier,
    report: &mut Report,
) -> Result<Value, Problem> {
    let text = str::from_utf8(bytes).map_err(|_| kind.malformed(FileError::NotText.to_string()))?;
    let note = SignedNote::parse(text).map_err(|error| kind.malformed(error.to_string()))?;
    let header = kind.header();
    let line = note.text().strip_prefix(header).and_then(|rest| rest.strip_prefix('\n'));
    let line = line.ok_or_else(|| kind.malformed(format!("its first line is not `{header}`")))?;
    let key = verifier.name().to_owned();
    match note.verify(verifier) {
        Ok(()) => {}
        Err(NoteError::NotSigned { .. }) => {
            report.problems.push(Problem::Signed(kind, Flaw::Unsigned { key }));
        }
        Err(_) => report.problems.push(Problem::Signed(kind, Flaw::Changed { key })),
    }
    let line = line.strip_suffix('\n').filter(|line| !line.contains('\n'));
    let json: Option<Value> = line.and_then(|line| serde_json::from_str(line).ok());
    let json = json.filter(Value::is_object);
    json.ok_or_else(|| kind.malformed(StatementError::NoObject.to_string()))
}

/// The entry of a statement, told in the report if the log has it. Otherwise the report says why
/// not.
pub(crate) fn proven(
    kind: Kind,
    statement: &Value,
    verifier: &Verifier,
    outside: Vec<Checkpoint>,
    report: &mut Report,
) -> Option<Proven> {
    let place = format!("the checkpoint of the {}", kind.noun());
    let evidence = evidence(&statement["log"]).map_err(|error| kind.malformed(error.to_string()));
    match evidence.and_then(|evidence| proof::included(&evidence, verifier, &place)) {
        Ok(proven) => {
            proof::tell(&proven, outside, report);
            Some(proven)
        }
        Err(problem) => {
            report.problems.push(problem);
            None
        }
    }
}

/// Reports where a statement says something else than the entry of this leaf, which it carries.
pub(crate) fn compare(
    kind: Kind,
    leaf: u64,
    facts: impl IntoIterator<Item = Fact>,
    report: &mut Report,
) {
    for (fact, stated, entry) in facts {
        if stated != entry {
            let (stated, entry) = (shown(&stated), shown(&entry));
            let flaw = Flaw::Differs { leaf, fact, stated, entry };
            report.problems.push(Problem::Signed(kind, flaw));
        }
    }
}

/// The proof in the member `log` of a statement.
fn evidence(log: &Value) -> Result<InclusionEvidence, StatementError> {
    let member = |name| StatementError::Member { name };
    let index = log["index"].as_u64().ok_or(member("log.index"))?;
    let entry = log["entry"].as_str().ok_or(member("log.entry"))?;
    let note = log["checkpoint"].as_str().ok_or(member("log.checkpoint"))?;
    let hashes = log["inclusion"].as_array().ok_or(member("log.inclusion"))?;
    let proof = hashes.iter().zip(1..).map(|(hash, number)| {
        let hash = hash.as_str().and_then(|text| Hash::parse_base64(text).ok());
        hash.ok_or(StatementError::Inclusion { number })
    });
    Ok(InclusionEvidence {
        index,
        proof: proof.collect::<Result<_, _>>()?,
        extra: Some(entry.as_bytes().to_vec()),
        checkpoint: SignedNote::parse(note)
            .map_err(|reason| StatementError::Checkpoint { reason })?,
    })
}

/// The beginning of what should be short, but is whatever somebody wrote.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Null => none(),
        Value::String(text) => text[..text.floor_char_boundary(200)].to_owned(),
        other => {
            let text = other.to_string();
            text[..text.floor_char_boundary(200)].to_owned()
        }
    }
}

pub(crate) fn none() -> String {
    "not stated".to_owned()
}
