//! What an erasure certificate states: one line of JSON, its keys in alphabetical order.

use std::collections::BTreeMap;

use domain::Timestamp;
use serde::Serialize;

use super::Erasure;
use crate::LoggedAnswer;

/// Keys of the JSON in alphabetical order: serde writes fields as they are declared. Nothing in it
/// names the person.
#[derive(Debug, Serialize)]
pub(super) struct Statement<'a> {
    /// When nothing named the person any more; as in the entry.
    at: i64,
    /// Rows of each class that were removed or taken off the person.
    erased: BTreeMap<&'static str, u64>,
    erasure: String,
    issued_at: i64,
    kept: [Kept; 5],
    log: Log<'a>,
    ordered_at: i64,
    ordered_by: &'static str,
    reason: &'static str,
    /// The pseudonym in entries of the log; its key is destroyed.
    subject: &'a str,
}

/// What was not removed, and why.
#[derive(Clone, Copy, Debug, Serialize)]
struct Kept {
    what: &'static str,
    why: &'static str,
}

/// The same for every erasure of this version.
const KEPT: [Kept; 5] = [
    Kept {
        what: "log_entries",
        why: "the log is append-only (AI Act, articles 12 and 26(6)); the key that tied them to \
              the person is destroyed",
    },
    Kept {
        what: "usage_records",
        why: "accounting of tokens, energy and cost; they no longer say whose they are",
    },
    Kept {
        what: "shared_libraries",
        why: "documents in libraries that others read; they no longer say who made or added them",
    },
    Kept { what: "erasure", why: "this order and its certificate (GDPR, article 5(2))" },
    Kept {
        what: "copies_elsewhere",
        why: "backups, receipts and exports outside of this installation are not reached from here",
    },
];

#[derive(Debug, Serialize)]
struct Log<'a> {
    checkpoint: &'a str,
    entry: &'a str,
    inclusion: &'a [String],
    index: u64,
    origin: &'a str,
}

impl<'a> Statement<'a> {
    pub(super) fn new(
        erasure: &'a Erasure,
        logged: &'a LoggedAnswer,
        origin: &'a str,
        issued_at: Timestamp,
    ) -> Self {
        let counts = erasure.erased.iter();
        Self {
            at: logged.at,
            erased: counts.map(|(class, count)| (class.as_str(), *count)).collect(),
            erasure: erasure.id.to_string(),
            issued_at: issued_at.as_micros(),
            kept: KEPT,
            log: Log {
                checkpoint: &logged.checkpoint,
                entry: &logged.entry,
                inclusion: &logged.inclusion,
                index: logged.index,
                origin,
            },
            ordered_at: erasure.ordered_at.as_micros(),
            ordered_by: erasure.ordered_by.as_str(),
            reason: erasure.reason.as_str(),
            subject: &erasure.subject,
        }
    }

    pub(super) fn line(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
}
