//! Every test of the project, in order, with one count at the end.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::ModelOptions;
use crate::artefacts::{self, Binaries};
use crate::browser;
use crate::model;
use crate::sources;
use crate::subprocess::{self, Observed};
use crate::tally::{self, Tally};
use crate::tools::{self, Tool};
use crate::workspace::Workspace;

/// One family of tests.
struct Suite {
    name: &'static str,
    run: fn(&Workspace) -> Result<Outcome>,
}

const SUITES: [Suite; 4] = [
    Suite { name: "rust", run: rust },
    Suite { name: "web", run: web },
    Suite { name: "conformance", run: conformance },
    Suite { name: "browser", run: browser },
];

/// What a suite came to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    tally: Tally,
    /// Why something was skipped, a line each.
    skips: Vec<String>,
}

/// Runs the suites, and ends with the plain line `N passed, N failed, N skipped`.
pub(crate) fn run(workspace: &Workspace, only: &[String], ci: bool) -> Result<ExitCode> {
    if let Some(unknown) = only.iter().find(|name| SUITES.iter().all(|suite| suite.name != **name))
    {
        let known: Vec<&str> = SUITES.iter().map(|suite| suite.name).collect();
        bail!("there is no suite `{unknown}`; the suites are {}", known.join(", "));
    }
    tools::require(&[Tool::Compiler, Tool::Node, Tool::Npm, Tool::Python, Tool::Pip])?;
    let mut total = Tally::default();
    let (mut lines, mut skips) = (Vec::new(), Vec::new());
    for suite in
        SUITES.iter().filter(|suite| only.is_empty() || only.iter().any(|name| name == suite.name))
    {
        println!("== {}", suite.name);
        let start = Instant::now();
        let outcome = (suite.run)(workspace).unwrap_or_else(|error| {
            println!("FAILED {}: {error:#}", suite.name);
            Outcome { tally: Tally { failed: 1, ..Tally::default() }, skips: Vec::new() }
        });
        let outcome = if ci { strict(outcome) } else { outcome };
        let seconds = start.elapsed().as_secs();
        lines.push(format!("{}: {} ({seconds} s)", suite.name, outcome.tally));
        skips.extend(outcome.skips.into_iter().map(|skip| format!("{}: {skip}", suite.name)));
        total += outcome.tally;
    }
    println!("== summary");
    for line in lines.iter().chain(&skips) {
        println!("{line}");
    }
    println!("{total}");
    Ok(if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// In continuous integration a skip counts as a failure, unless the processor lacks a feature.
fn strict(outcome: Outcome) -> Outcome {
    let excused =
        outcome.skips.iter().filter(|skip| skip.to_lowercase().contains("processor feature"));
    let excused = u64::try_from(excused.count()).unwrap_or(u64::MAX).min(outcome.tally.skipped);
    let refused = outcome.tally.skipped - excused;
    let tally = Tally {
        passed: outcome.tally.passed,
        failed: outcome.tally.failed + refused,
        skipped: excused,
    };
    Outcome { tally, ..outcome }
}

/// Counts what a runner printed; a runner that failed without a failed test counts as one.
fn counted(observed: &Observed, read: fn(&[String]) -> Option<Tally>) -> Result<Outcome> {
    let mut tally = match (read(&observed.lines), observed.success) {
        (Some(tally), _) => tally,
        (None, true) => bail!("the runner printed no count"),
        (None, false) => bail!("the runner stopped before its tests were counted"),
    };
    if !observed.success && tally.failed == 0 {
        println!("FAILED: the runner reports an error though no test failed");
        tally.failed = 1;
    }
    Ok(Outcome { tally, skips: skip_lines(&observed.lines) })
}

/// Lines such as `skipped NAME: why`.
fn skip_lines(lines: &[String]) -> Vec<String> {
    let skipped = lines.iter().filter(|line| line.starts_with("skipped ") && line.contains(": "));
    skipped.cloned().collect()
}

fn rust(workspace: &Workspace) -> Result<Outcome> {
    // The page is part of the binary: building it first means compiling the binary once.
    artefacts::build_page(workspace)?;
    let mut command = Command::new("cargo");
    command.current_dir(workspace.root());
    if !has_nextest(workspace) {
        println!("cargo-nextest is not installed; cargo test does the same, slower");
        command.args(["test", "--release", "--workspace", "--locked", "--no-fail-fast"]);
        return counted(&subprocess::observe(&mut command)?, tally::of_cargo_test);
    }
    command.args(["nextest", "run", "--release", "--workspace", "--locked", "--no-fail-fast"]);
    command.args(["--status-level", "fail", "--color", "never"]);
    let mut outcome = counted(&subprocess::observe(&mut command)?, tally::of_nextest)?;
    if has_documentation_tests(workspace)? {
        let mut command = Command::new("cargo");
        command.current_dir(workspace.root());
        command.args(["test", "--release", "--workspace", "--locked", "--doc", "--no-fail-fast"]);
        let examples = counted(&subprocess::observe(&mut command)?, tally::of_cargo_test)?;
        outcome.tally += examples.tally;
    }
    Ok(outcome)
}

fn has_nextest(workspace: &Workspace) -> bool {
    let mut command = Command::new("cargo");
    command.current_dir(workspace.root()).args(["nextest", "--version"]);
    subprocess::capture(&mut command).is_ok_and(|output| output.status.success())
}

/// Nextest leaves out the examples in the documentation; most of the time there are none.
fn has_documentation_tests(workspace: &Workspace) -> Result<bool> {
    for folder in ["libs", "crates"] {
        for source in sources::walk(workspace.root(), folder)? {
            if source.has_extension(&["rs"]) && has_runnable_example(&source.text()?) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn has_runnable_example(text: &str) -> bool {
    let mut inside = false;
    for line in text.lines().map(str::trim_start) {
        let comment = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
        let Some(fence) = comment.and_then(|comment| comment.trim().strip_prefix("```")) else {
            continue;
        };
        let runs = ["", "rust", "should_panic", "no_run", "compile_fail"].contains(&fence);
        if runs && !inside {
            return true;
        }
        inside = !inside;
    }
    false
}

fn web(workspace: &Workspace) -> Result<Outcome> {
    artefacts::install_web_packages(workspace)?;
    let report = workspace.web().join("test-results/vitest.json");
    fs::create_dir_all(workspace.web().join("test-results")).context("web/test-results")?;
    let mut command = Command::new("npm");
    command.current_dir(workspace.web());
    command.args(["exec", "--", "vitest", "run", "--reporter=default", "--reporter=json"]);
    command.arg(format!("--outputFile.json={}", report.display()));
    command.env("NO_COLOR", "1");
    if report.is_file() {
        fs::remove_file(&report).context("an old report cannot be removed")?;
    }
    let observed = subprocess::observe(&mut command)?;
    let json = fs::read_to_string(&report).context("vitest wrote no report")?;
    let mut tally = tally::of_vitest(&json)?;
    if !observed.success && tally.failed == 0 {
        tally.failed = 1;
    }
    Ok(Outcome { tally, skips: skip_lines(&observed.lines) })
}

/// What the tests from outside talk to.
struct Server {
    binaries: Binaries,
    model: PathBuf,
    embedding_model: PathBuf,
}

impl Server {
    fn build(workspace: &Workspace) -> Result<Server> {
        artefacts::build_page(workspace)?;
        let binaries = artefacts::build_binaries_and_tests(workspace)?;
        let model = model::obtain(model::NAME_DEFAULT, None, false)?;
        let embedding_model = model::obtain(model::NAME_EMBEDDING, None, false)?;
        Ok(Server { binaries, model, embedding_model })
    }

    fn announce(&self, command: &mut Command) {
        command.env("GALERNE_BIN", &self.binaries.server);
        command.env("GALERNE_VERIFY_BIN", &self.binaries.verifier);
        command.env("GALERNE_MODEL_FILE", &self.model);
        command.env("GALERNE_EMBEDDING_MODEL_FILE", &self.embedding_model);
    }
}

fn conformance(workspace: &Workspace) -> Result<Outcome> {
    let faulty = artefacts::build_faulty_binary(workspace)?;
    let server = Server::build(workspace)?;
    let mut command = Command::new("python3");
    command.env("GALERNE_FAULT_BIN", faulty);
    command.arg(workspace.path("conformance/run.py")).current_dir(workspace.root());
    server.announce(&mut command);
    counted(&subprocess::observe(&mut command)?, tally::of_plain_line)
}

/// Compares our engine with the oracle for longer than the suite does.
pub(crate) fn conformance_engine(
    workspace: &Workspace,
    options: &ModelOptions,
) -> Result<ExitCode> {
    tools::require(&[Tool::Compiler, Tool::Python, Tool::Pip])?;
    let model = model::obtain(&options.name, options.dir.as_deref(), options.accept_terms)?;
    artefacts::build_engine_examples(workspace)?;
    let binary = artefacts::build_binary(workspace)?;
    let mut command = Command::new("python3");
    command.arg(workspace.path("conformance/run.py"));
    command.args(["--only", "oracle_longer,tokens_longer,embeddings_longer"]);
    command.env("GALERNE_BIN", binary).env("GALERNE_MODEL_FILE", model);
    let embedding_model = model::obtain(model::NAME_EMBEDDING, None, options.accept_terms)?;
    command.env("GALERNE_EMBEDDING_MODEL_FILE", embedding_model);
    subprocess::run(&mut command)?;
    Ok(ExitCode::SUCCESS)
}

fn browser(workspace: &Workspace) -> Result<Outcome> {
    let chromium = match browser::obtain() {
        Ok(chromium) => chromium,
        Err(error) => return Ok(skipped_whole(&error)),
    };
    let server = Server::build(workspace)?;
    artefacts::install_web_packages(workspace)?;
    let mut command = Command::new("npm");
    command.args(["run", "--silent", "test:browser"]).current_dir(workspace.web());
    command.env("GALERNE_CHROMIUM", chromium);
    server.announce(&mut command);
    counted(&subprocess::observe(&mut command)?, tally::of_node)
}

/// A suite that cannot run here at all counts as one skip.
fn skipped_whole(error: &anyhow::Error) -> Outcome {
    let line = format!("skipped all: {error:#}");
    println!("{line}");
    Outcome { tally: Tally { skipped: 1, ..Tally::default() }, skips: vec![line] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observed(text: &str, success: bool) -> Observed {
        Observed { lines: text.lines().map(str::to_owned).collect(), success }
    }

    fn check_count(text: &str, success: bool, expected: Option<(u64, u64, u64)>) {
        let outcome = counted(&observed(text, success), tally::of_plain_line).ok();
        let found = outcome
            .map(|outcome| (outcome.tally.passed, outcome.tally.failed, outcome.tally.skipped));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_runner_that_fails_is_never_a_pass() {
        check_count("3 passed, 0 failed, 1 skipped", true, Some((3, 0, 1)));
        check_count("3 passed, 2 failed, 1 skipped", false, Some((3, 2, 1)));
        check_count("3 passed, 0 failed, 0 skipped", false, Some((3, 1, 0)));
        check_count("crashed", false, None);
        check_count("nothing to say", true, None);
    }

    fn check_strict(skips: &[&str], skipped: u64, expected: (u64, u64)) {
        let outcome = Outcome {
            tally: Tally { passed: 5, failed: 0, skipped },
            skips: skips.iter().map(|&skip| skip.to_owned()).collect(),
        };
        let tally = strict(outcome).tally;
        assert_eq!((tally.failed, tally.skipped), expected, "{skips:?}");
    }

    #[test]
    fn only_a_missing_processor_feature_excuses_a_skip() {
        check_strict(&[], 0, (0, 0));
        check_strict(&["skipped a: processor feature avx512vnni is missing"], 1, (0, 1));
        check_strict(&["skipped a: no browser"], 1, (1, 0));
        check_strict(&["skipped a: processor feature x", "skipped b: no network"], 2, (1, 1));
        check_strict(&[], 2, (2, 0));
        check_strict(&["skipped a: processor feature x"], 0, (0, 0));
    }

    #[test]
    fn skips_are_lines_with_a_reason() {
        let lines = observed("ok a\nskipped b: why\nskipped\nFAILED c: d", true).lines;
        assert_eq!(skip_lines(&lines), ["skipped b: why"]);
        let outcome = skipped_whole(&anyhow::anyhow!("no chromium here"));
        assert_eq!(outcome.skips, ["skipped all: no chromium here"]);
        assert_eq!(outcome.tally.skipped, 1);
    }

    #[test]
    fn examples_that_run_are_told_from_text() {
        assert!(has_runnable_example("/// ```\n/// let a = 1;\n/// ```"));
        assert!(has_runnable_example("//! ```rust\n//! ```"));
        assert!(!has_runnable_example("/// ```text\n/// a\n/// ```\nfn a() {}"));
        assert!(!has_runnable_example("/// ```json\n/// {}\n/// ```\n/// ```text\n/// ```"));
        assert!(!has_runnable_example("let fence = \"```\";"));
    }
}
