//! `galerne model import|list|show|verify`

use std::{fs, path::Path};

use engine_cpu::checkpoint::Checkpoint;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{
    cli::Model,
    config::Settings,
    data_dir::DataDir,
    failure::Failure,
    model_files::{Manifest, ModelFiles},
    output::{Output, is_watched},
    system::SystemClock,
};

pub(crate) fn run(settings: &Settings, command: &Model, output: Output) -> Result<(), Failure> {
    let files = ModelFiles::new(&DataDir::open(&settings.data_dir.value)?);
    match command {
        Model::Import { path, id, sha256 } => {
            let bar = bar(bytes_of(path), "importing");
            let mut progress = |bytes| bar.set_position(bytes);
            let expected = sha256.as_deref();
            let manifest = files.import(path, id, expected, &SystemClock, &mut progress)?;
            bar.finish_and_clear();
            let text = format!("imported {}\n{}", manifest.id, describe(&manifest));
            output.show(&text, &manifest)
        }
        Model::List => {
            let manifests = files.list()?;
            let lines: Vec<_> = manifests.iter().map(list_line).collect();
            output.show(&lines.join("\n"), &manifests)
        }
        Model::Show { id } => {
            let manifest = files.find(id)?;
            output.show(&describe(&manifest), &manifest)
        }
        Model::Verify { id } => {
            let bar = bar(files.find(id)?.bytes, "verifying");
            let manifest = files.verify(id, &mut |bytes| bar.set_position(bytes))?;
            bar.finish_and_clear();
            output.show(&format!("{} is whole: {}", manifest.id, manifest.sha256), &manifest)
        }
    }
}

fn list_line(manifest: &Manifest) -> String {
    let Manifest { id, architecture, bytes, imported_at, .. } = manifest;
    format!("{id}  {architecture}  {} MiB  {imported_at}", bytes >> 20)
}

fn describe(manifest: &Manifest) -> String {
    let Manifest { id, format, sha256, bytes, architecture, imported_at } = manifest;
    format!(
        "id: {id}\narchitecture: {architecture}\nformat: {}\nbytes: {bytes}\nsha256: {sha256}\n\
         imported: {imported_at}",
        format.as_str()
    )
}

/// Bytes of a file, or of the files in a directory.
fn bytes_of(path: &Path) -> u64 {
    let length = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
    match Checkpoint::files_of(path) {
        Ok(files) if path.is_dir() => files.iter().map(|name| length(&path.join(name))).sum(),
        Ok(_) | Err(_) => length(path),
    }
}

fn bar(length: u64, verb: &'static str) -> ProgressBar {
    let target =
        if is_watched() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(length), target).with_message(verb);
    let style = "{msg} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar
}
