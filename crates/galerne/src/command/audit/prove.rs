//! `galerne audit prove`: one entry, with the proof that it is in the log.

use std::{fs, path::Path};

use anyhow::Context as _;
use domain::hexadecimal;
use governance::{
    Action, AuditFact, LogReader, Subject,
    ports::{EntryRef, FoundEntry},
};
use serde_json::json;
use uuid::Uuid;

use crate::{
    cli::AuditProve, config::Settings, failure::Failure, log, output::Output, wiring::Local,
};

pub(super) async fn run(
    local: &Local,
    settings: &Settings,
    flags: &AuditProve,
    output: Output,
) -> Result<(), Failure> {
    let reader = log::reader(local, &settings.log.value).await?;
    let found = find(&reader, &flags.id).await?;
    let evidence = reader.prove(found.index).await.map_err(|error| {
        Failure::from(error).hint(
            "a running server signs what is new within seconds; without one, \
             `galerne audit checkpoint` does",
        )
    })?;
    let caller = local.operator().await?;
    local.trail.record(&AuditFact::ok(Action::LogProve, caller, Subject::Nothing)).await?;
    let entry = evidence.extra.clone().unwrap_or_default();
    let salt = salt(local, &found, &entry).await?;
    let text = evidence.to_string();
    if let Some(path) = &flags.out {
        write(path, &text)?;
    }
    let value = json!({
        "index": found.index,
        "entry": String::from_utf8_lossy(&entry),
        "salt": salt,
        "proof": text,
    });
    match (&flags.out, &salt) {
        (None, _) => output.show(text.trim_end(), &value),
        (Some(path), None) => output.show(&format!("wrote {}", path.display()), &value),
        (Some(path), Some(salt)) => output.show(
            &format!(
                "wrote {}\nsalt: {salt}  (opens the content hash; give it with the messages)",
                path.display()
            ),
            &value,
        ),
    }
}

/// By the number of the leaf, the id of a request (as answers carry it) or of the entry.
async fn find(reader: &LogReader, id: &str) -> Result<FoundEntry, Failure> {
    let unknown = || {
        Failure::message(format!("no entry of the log is `{id}` or about it"))
            .hint("give the id of a request, of an entry, or the number of a leaf")
    };
    if let Ok(index) = id.parse::<u64>() {
        let count = reader.entry_count().await?;
        let found = FoundEntry { index, asked_by: None };
        return (index < count).then_some(found).ok_or_else(unknown);
    }
    let request = inference::request_of(id).ok_or_else(unknown)?;
    if let Some(found) = reader.find(EntryRef::Request(request)).await? {
        return Ok(found);
    }
    reader.find(EntryRef::Entry(request.as_uuid())).await?.ok_or_else(unknown)
}

/// What opens the entry's content hash, for whoever has the messages; `None` if it has no such
/// hash or the asker's key was destroyed.
async fn salt(local: &Local, found: &FoundEntry, entry: &[u8]) -> Result<Option<String>, Failure> {
    let Some((organisation, principal)) = found.asked_by else { return Ok(None) };
    let entry: serde_json::Value = serde_json::from_slice(entry)?;
    let id = entry["id"].as_str().and_then(|id| id.parse::<Uuid>().ok());
    let Some(id) = id.filter(|_| entry["content"].is_string()) else { return Ok(None) };
    let salt = local.trail.content_salt(organisation, principal, id).await?;
    Ok(salt.map(|salt| hexadecimal(&*salt)))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).with_context(|| format!("could not write {}", path.display()))?;
    Ok(())
}
