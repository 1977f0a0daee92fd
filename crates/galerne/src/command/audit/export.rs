//! `galerne audit export`: the log as a directory in the layout of C2SP tlog-tiles.

use std::{fs, path::Path};

use anyhow::Context as _;
use governance::{Action, AuditFact, LogReader, Subject};
use serde_json::json;
use transparency_log::{BundleId, TileId};

use crate::{config::Settings, failure::Failure, log, output::Output, wiring::Local};

pub(super) async fn run(
    local: &Local,
    settings: &Settings,
    directory: &Path,
    output: Output,
) -> Result<(), Failure> {
    let partial = directory.with_extension("partial");
    for path in [directory, &partial] {
        if path.exists() {
            return Err(Failure::message(format!("{} exists", path.display()))
                .hint("give a directory that does not exist yet"));
        }
    }
    let caller = local.operator().await?;
    local.trail.record(&AuditFact::ok(Action::LogExport, caller, Subject::Nothing)).await?;
    let (note, checkpoint) = super::newest(local, settings).await?;
    let reader = log::reader(local, &settings.log.value).await?;
    write(&partial, "checkpoint", note.to_string().as_bytes())?;
    write(&partial, "log.vkey", format!("{}\n", reader.verifier()).as_bytes())?;
    let written = tiles(&reader, checkpoint.size, &partial).await;
    if let Err(failure) = written {
        fs::remove_dir_all(&partial).ok();
        return Err(failure);
    }
    fs::rename(&partial, directory)
        .with_context(|| format!("could not write {}", directory.display()))?;
    let text = format!(
        "{} entries in {}\nkey: {}",
        checkpoint.size,
        directory.display(),
        reader.verifier()
    );
    let value = json!({
        "directory": directory,
        "size": checkpoint.size,
        "root": checkpoint.root.to_base64(),
        "key": reader.verifier().to_string(),
    });
    output.show(&text, &value)
}

/// Whatever is there is exported, right or not: it is for the verifier to judge.
async fn tiles(reader: &LogReader, size: u64, directory: &Path) -> Result<(), Failure> {
    for id in BundleId::all(size) {
        let bytes = reader.bundle(id).await?.with_context(|| missing(&id.path()))?;
        write(directory, &id.path(), &bytes)?;
    }
    for id in TileId::all(size) {
        let bytes = reader.tile(id).await?.with_context(|| missing(&id.path()))?;
        write(directory, &id.path(), &bytes)?;
    }
    Ok(())
}

fn missing(path: &str) -> String {
    format!("{path} is not in the store")
}

fn write(directory: &Path, name: &str, bytes: &[u8]) -> Result<(), Failure> {
    let path = directory.join(name);
    let context = || format!("could not write {}", path.display());
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).with_context(context)?;
    }
    fs::write(&path, bytes).with_context(context)?;
    Ok(())
}
