//! Reads models that nobody vouches for yet in a confined process, `galerne worker model`.
//!
//! It has no network, sees the files of that model and no others, and has so much memory and time.
//! What it answers is checked as its input would be: it may have been taken over.

use std::{
    ffi::{OsStr, OsString},
    fs,
    io::Write as _,
    os::unix::ffi::OsStringExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use confine::{Confinement, Descriptors, Limits, Network, Order, Programs, Worker};
use serde::{Deserialize, Serialize};

use crate::{
    config::ConfinementSettings,
    confinement,
    failure::Failure,
    model_files::{Format, read_unconfined},
    worker::PROGRAM,
};

/// Headers of the largest models, with vocabularies of 33 MB and indices of 20 MB, take below 1 GiB.
const MEMORY_BYTES_MAX: u64 = 4 << 30;
/// The largest models take about two.
const CPU_SECONDS_MAX: u64 = 60;
const DEADLINE: Duration = Duration::from_mins(5);
/// One a part of a model, of which there are up to 1,024.
const FILES_MAX: u64 = 2048;
/// Names of 1,024 files.
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// Of a name, or of a line that says what is wrong.
const TEXT_CHARACTERS_MAX: usize = 1000;

/// What was read of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Inspected {
    pub(crate) architecture: String,
    pub(crate) format: Format,
    pub(crate) is_adapter: bool,
    /// Of a directory: those that make up the model, by name.
    pub(crate) files: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Read(Inspected),
    Refused { causes: Vec<String>, hint: Option<String> },
}

/// Has models read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inspector {
    settings: ConfinementSettings,
}

impl Inspector {
    pub(crate) fn new(settings: &ConfinementSettings) -> Self {
        Self { settings: settings.clone() }
    }

    /// What a file or directory is as a model. Blocks.
    pub(crate) fn inspect(&self, source: &Path) -> Result<Inspected, Failure> {
        let arguments = ["worker", "model"].map(OsStr::new);
        let worker = Worker {
            program: Path::new(PROGRAM),
            arguments: &arguments,
            deadline: DEADLINE,
            answer_bytes_max: ANSWER_BYTES_MAX,
        };
        let answer = worker
            .run(&reading(source), source.as_os_str().as_encoded_bytes())
            .map_err(|error| not_read(source, error.into()))?;
        confinement::check(&self.settings, &answer.granted)?;
        let answer: Answer = serde_json::from_slice(&answer.bytes)
            .map_err(|error| not_read(source, error.into()))?;
        match answer {
            Answer::Read(inspected) if inspected.is_plain() => Ok(inspected),
            Answer::Read(_) => {
                Err(not_read(source, anyhow::Error::msg("its names are none of a model")))
            }
            Answer::Refused { causes, hint } => Err(told(&causes, hint.as_deref())),
        }
    }
}

impl Inspected {
    /// Whether the names are such as models have: they are shown, and files are opened by them.
    fn is_plain(&self) -> bool {
        let is_shown = |text: &str| {
            !text.is_empty()
                && text.chars().count() <= TEXT_CHARACTERS_MAX
                && !text.chars().any(char::is_control)
        };
        let is_name =
            |name: &String| is_shown(name) && name != ".." && name != "." && !name.contains('/');
        is_shown(&self.architecture) && self.files.iter().all(is_name)
    }
}

/// In the confined process: reads the order, confines the process, reads the model and answers.
pub(crate) fn answer() -> Result<(), Failure> {
    let Order { input, .. } = confine::enter()?;
    let source = PathBuf::from(OsString::from_vec(input));
    let answer = match read_unconfined(&source) {
        Ok(inspected) => Answer::Read(inspected),
        Err(failure) => Answer::Refused {
            causes: failure.causes(),
            hint: failure.hint_text().map(str::to_owned),
        },
    };
    let mut line = serde_json::to_vec(&answer)?;
    line.push(b'\n');
    Ok(std::io::stdout().lock().write_all(&line)?)
}

/// What is left to whoever reads a model: the model.
fn reading(source: &Path) -> Confinement {
    let mut read = vec![source.to_owned()];
    // Hugging Face's cache keeps directories of links.
    if let Ok(entries) = fs::read_dir(source) {
        read.extend(entries.flatten().map(|entry| entry.path()).filter(|path| path.is_symlink()));
    }
    Confinement {
        network: Network::None,
        descriptors: Descriptors::Standard,
        read,
        write: Vec::new(),
        writes_as_root: false,
        limits: Limits {
            memory_bytes_max: Some(MEMORY_BYTES_MAX),
            cpu_seconds_max: Some(CPU_SECONDS_MAX),
            file_bytes_max: Some(0),
            files_max: Some(FILES_MAX),
            processes_max: Some(0),
            ..Limits::default()
        },
        programs: Programs::None,
    }
}

fn not_read(source: &Path, error: anyhow::Error) -> Failure {
    let named = format!("{} is not a model that can be read", source.display());
    Failure::from(error.context(named))
}

/// The failure as the confined process told it.
fn told(causes: &[String], hint: Option<&str>) -> Failure {
    let mut causes = causes.iter().rev().map(|cause| shown(cause));
    let innermost = causes.next().unwrap_or_else(|| "it is not a model".to_owned());
    let error = causes.fold(anyhow::Error::msg(innermost), anyhow::Error::context);
    match hint {
        Some(hint) => Failure::from(error).hint(shown(hint)),
        None => Failure::from(error),
    }
}

/// Texts may come from the file: nothing that moves a terminal's cursor is passed on.
fn shown(text: &str) -> String {
    let plain = |character: char| if character.is_control() { '\u{fffd}' } else { character };
    text.chars().take(TEXT_CHARACTERS_MAX).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inspected(architecture: &str, file: &str) -> Inspected {
        Inspected {
            architecture: architecture.to_owned(),
            format: Format::Safetensors,
            is_adapter: false,
            files: vec!["config.json".to_owned(), file.to_owned()],
        }
    }

    #[test]
    fn names_that_lead_elsewhere_or_move_the_cursor_are_not_taken() {
        assert!(inspected("llama", "model.safetensors").is_plain());
        for file in ["", ".", "..", "/etc/passwd", "../a", "a\u{1b}[2J", "a\0"] {
            assert!(!inspected("llama", file).is_plain(), "{file:?}");
        }
        assert!(!inspected("", "a").is_plain());
        assert!(!inspected("lla\nma", "a").is_plain());
        assert!(!inspected(&"l".repeat(2000), "a").is_plain());
    }

    #[test]
    fn a_failure_is_told_on_with_its_causes() {
        let causes = ["outer".to_owned(), "mid\u{1b}dle".to_owned(), "inner".to_owned()];
        let failure = told(&causes, Some("do this"));
        assert_eq!(failure.text(), "outer: mid\u{fffd}dle: inner");
        assert_eq!(failure.causes(), ["outer", "mid\u{fffd}dle", "inner"]);
        assert_eq!(failure.hint_text(), Some("do this"));
        assert_eq!(told(&[], None).text(), "it is not a model");
    }
}
