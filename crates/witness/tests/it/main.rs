//! Both witnesses pass the suite, and keep to what the suite cannot see.
#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod file;
mod full_disk;
mod http;
mod interrupted;
mod server;

use std::path::{Path, PathBuf};

use governance::ports::{Witness, WitnessError};
use tempfile::TempDir;
use transparency_log::split_notes;

/// A directory and the path of a file that is not there yet.
fn empty_place() -> (TempDir, PathBuf) {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("checkpoints");
    (directory, path)
}

/// Why the witness cannot take a checkpoint, with all causes.
async fn unavailable(witness: &dyn Witness, addition: &governance::ports::Addition) -> String {
    let error = witness.add(addition).await.expect_err("not taken");
    let WitnessError::Unavailable { source } = error else { panic!("{error:?}") };
    let mut text = source.to_string();
    let mut cause = source.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// The whole notes in a file.
fn notes(path: &Path) -> Vec<String> {
    let file = std::fs::read(path).expect("readable");
    split_notes(&file).notes.iter().map(ToString::to_string).collect()
}
