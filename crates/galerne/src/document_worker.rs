//! Processes that have documents read: `galerne worker documents` starts, for each document,
//! `galerne worker document`, and `galerne worker recogniser` for pages that are pictures.
//!
//! The companions are started before the server is confined, one for each document that is read at
//! the same time. They take their settings from the file, not from the server: a server that was
//! taken over can send documents, and nothing else.

use std::{ffi::OsString, path::Path};

use anyhow::Context as _;
use companion::Pipes;
use documents::{Documents, RecogniserArguments};
use engine_cpu::{checkpoint::Checkpoint, tokenizer::PassageTokenizer};
use passages::CountTokens;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{config::Settings, failure::Failure, worker};

/// Starts the companions, before the server is confined. They read the settings that the server
/// reads.
pub(crate) fn start(settings: &Settings, config: Option<&Path>) -> Result<Vec<Pipes>, Failure> {
    let one = |_| {
        let mut command = worker::command("documents");
        command.arg("--data-dir").arg(&settings.data_dir.value);
        if let Some(config) = config {
            command.arg("--config").arg(config);
        }
        Pipes::start(command).context("could not start a process that has documents read")
    };
    let started: Result<Vec<Pipes>, anyhow::Error> =
        (0..settings.documents.value.workers).map(one).collect();
    Ok(started?)
}

/// The port `Parser` on these companions; its tasks end with `stop`.
pub(crate) fn connect(
    companions: Vec<Pipes>,
    settings: &Settings,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> Result<Documents, Failure> {
    Ok(Documents::start(companions, settings.documents.value.limits(), tasks, stop)?)
}

/// In a companion: has documents read until the server ends.
pub(crate) fn keep(settings: &Settings) -> Result<(), Failure> {
    let required = settings.confinement.value.required;
    Ok(documents::keep(&settings.documents.value.keeper(required))?)
}

/// In a worker: reads one document.
pub(crate) fn answer(pdfium: Option<&Path>) -> Result<(), Failure> {
    Ok(documents::answer_document(pdfium, &counter)?)
}

/// In a recogniser: looks at pages.
pub(crate) fn recognise(words: &[OsString]) -> Result<(), Failure> {
    let arguments = RecogniserArguments::parse(words)
        .ok_or_else(|| Failure::message("`worker recogniser` was given other words"))?;
    Ok(documents::answer_recogniser(&arguments)?)
}

/// Counts as the model does whose file this is.
struct Counter(PassageTokenizer);

impl CountTokens for Counter {
    fn tokens(&self, text: &str) -> usize {
        // Without those that mark the beginning and the end.
        self.0.encode(text).len().saturating_sub(2)
    }
}

fn counter(file: &Path) -> Option<Box<dyn CountTokens>> {
    let file = Checkpoint::open(file).ok()?;
    let tokenizer = PassageTokenizer::from_checkpoint(&file).ok()?;
    Some(Box::new(Counter(tokenizer)))
}
