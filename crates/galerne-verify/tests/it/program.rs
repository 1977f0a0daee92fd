//! Runs the program in an empty directory with an empty environment.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_galerne-verify");

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.stdout.lines().count(), 1, "{self:?}");
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// The codes of the findings, in their order.
    pub(crate) fn codes(&self) -> Vec<String> {
        let json = self.json();
        let findings = json["findings"].as_array().unwrap();
        findings.iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
    }
}

pub(crate) fn run<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Run {
    let empty = tempfile::tempdir().unwrap();
    let mut command = Command::new(PROGRAM);
    command.args(arguments).env_clear().current_dir(empty.path());
    let output = command.output().unwrap();
    assert_eq!(empty.path().read_dir().unwrap().count(), 0, "it writes no files");
    Run {
        code: output.status.code().expect("it was not killed"),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// `export DIR --key KEY --json` and further arguments.
pub(crate) fn export(folder: &Path, key: &str, further: &[&OsStr]) -> Run {
    let arguments = ["export".as_ref(), folder.as_os_str(), "--key".as_ref(), key.as_ref()];
    run(arguments.into_iter().chain(["--json".as_ref()]).chain(further.iter().copied()))
}

/// As [`export`], comparing with files of checkpoints.
pub(crate) fn export_with(folder: &Path, key: &str, checkpoints: &[&Path]) -> Run {
    let pairs = checkpoints.iter().flat_map(|path| ["--checkpoint".as_ref(), path.as_os_str()]);
    export(folder, key, &pairs.collect::<Vec<_>>())
}

#[track_caller]
pub(crate) fn assert_verified(run: &Run) {
    assert_eq!(run.code, 0, "{run:?}");
    let json = run.json();
    assert_eq!((&json["verified"], run.codes().len()), (&true.into(), 0), "{run:?}");
}

/// Expects exactly these findings, each `code` or `code leaf`.
#[track_caller]
pub(crate) fn assert_found(run: &Run, expected: &[&str]) {
    assert_eq!(run.code, 1, "{run:?}");
    let json = run.json();
    assert_eq!(json["verified"], false);
    let findings = json["findings"].as_array().unwrap().iter().map(|finding| {
        let code = finding["code"].as_str().unwrap();
        finding["leaf"].as_u64().map_or(code.to_owned(), |leaf| format!("{code} {leaf}"))
    });
    assert_eq!(findings.collect::<Vec<_>>(), expected, "{run:?}");
}
