//! Documents for an officer, from rows, settings, the log, and what was declared.
//!
//! Start at [`Facts::of`] for what is known and at `processing`, `ai_act` and `dora` for what each
//! text asks; `sbom` tells what the program is made of. What nobody has said is missing and is never
//! made up.

mod ai_act;
mod csv;
mod declared;
mod document;
mod dora;
mod energy;
mod facts;
mod language;
mod page;
mod processing;
mod sbom;
#[cfg(test)]
mod tests;

pub(crate) use self::{
    declared::Declared,
    document::{Document, Missing},
    facts::Facts,
    language::Language,
    sbom::{Bill, countries},
};
use crate::cli::RecordKind;

/// The document of a kind; the bill of materials needs no facts of a deployment.
pub(crate) fn document(kind: RecordKind, facts: &Facts, declared: &Declared) -> Option<Document> {
    match kind {
        RecordKind::Processing => Some(processing::document(facts, declared)),
        RecordKind::AiAct => Some(ai_act::document(facts, declared)),
        RecordKind::Dora => Some(dora::document(facts, declared)),
        RecordKind::Sbom => None,
    }
}
