//! The evidence of an assessment: a new directory that stands for itself, signed by the log's key.
//!
//! `evidence.txt` is a signed note whose first line is [`HEADER`]; it names every other file with its
//! SHA-256. The header has spaces and the name of a log has none: no note is both this and a
//! checkpoint.

use std::{fs, path::Path};

use anyhow::Context as _;
use serde_json::{Value, json};
use sovereignty::Assessment;
use transparency_log::{SignedNote, Signer};

use super::scene::digest;
use crate::failure::Failure;

/// The first line of evidence of this version.
pub(crate) const HEADER: &str = "galerne evidence v1";

/// What goes into the directory.
pub(crate) struct Bundle<'a> {
    pub(crate) assessment: &'a Assessment,
    /// The very bytes whose digest the log has.
    pub(crate) report: &'a [u8],
    pub(crate) text: &'a str,
    /// The newest checkpoint, and the proof of the entry that names the report.
    pub(crate) checkpoint: String,
    pub(crate) proof: Option<String>,
    /// The file of declarations, as it was read.
    pub(crate) declarations: Option<Vec<u8>>,
    pub(crate) assessed_at: String,
}

/// Writes it, whole or not at all. Tells how many files it has.
pub(crate) fn write_bundle(
    directory: &Path,
    bundle: &Bundle<'_>,
    signer: &Signer,
) -> Result<usize, Failure> {
    let partial = directory.with_extension("partial");
    let files = files(bundle)?;
    let written = write_all(&partial, &files, &statement(bundle, &files), signer);
    if let Err(failure) = written {
        fs::remove_dir_all(&partial).ok();
        return Err(failure);
    }
    fs::rename(&partial, directory)
        .with_context(|| format!("could not write {}", directory.display()))?;
    Ok(files.len() + 1)
}

/// A file by its name.
type File = (String, Vec<u8>);

fn files(bundle: &Bundle<'_>) -> Result<Vec<File>, Failure> {
    let mut files = vec![
        ("report.json".to_owned(), bundle.report.to_vec()),
        ("report.txt".to_owned(), format!("{}\n", bundle.text).into_bytes()),
        ("checkpoint".to_owned(), bundle.checkpoint.clone().into_bytes()),
    ];
    let proof = bundle.proof.clone().map(String::into_bytes);
    files.extend(proof.map(|proof| ("entry.proof".to_owned(), proof)));
    let declarations = bundle.declarations.clone();
    files.extend(declarations.map(|bytes| ("declarations.toml".to_owned(), bytes)));
    for (check, measured) in bundle.assessment.answers() {
        let facts = check.facts();
        let object = json!({
            "id": facts.id,
            "at": bundle.assessed_at,
            "kind": facts.kind.as_str(),
            "expected": facts.title,
            "verdict": measured.verdict.as_str(),
            "observed": measured.observed,
            "raw": measured.raw,
        });
        let bytes = serde_json::to_vec_pretty(&object)?;
        files.push((format!("checks/{}.json", facts.id), bytes));
    }
    Ok(files)
}

fn statement(bundle: &Bundle<'_>, files: &[File]) -> Value {
    let digests = files.iter().map(|(name, bytes)| (name.clone(), Value::from(digest(bytes))));
    json!({
        "assessed_at": bundle.assessed_at,
        "banner": sovereignty::BANNER,
        "conclusion": bundle.assessment.conclusion().as_str(),
        "files": digests.collect::<serde_json::Map<_, _>>(),
        "proven": bundle.proof.is_some(),
    })
}

fn write_all(
    folder: &Path,
    files: &[File],
    statement: &Value,
    signer: &Signer,
) -> Result<(), Failure> {
    fs::create_dir_all(folder.join("checks"))
        .with_context(|| format!("could not write {}", folder.display()))?;
    for (name, bytes) in files {
        fs::write(folder.join(name), bytes).with_context(|| format!("could not write {name}"))?;
    }
    let note = SignedNote::sign(&format!("{HEADER}\n{statement}\n"), signer)?;
    fs::write(folder.join("evidence.txt"), note.to_string()).context("could not write the note")?;
    Ok(())
}
