//! The house rules, one step each; every step says in one line that it passed, or what to do.

mod error_pages;
mod layers;
mod licences;
mod tidy;

use std::fs;
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::artefacts;
use crate::metadata::Metadata;
use crate::subprocess;
use crate::workspace::Workspace;

/// One rule: how to check it, and what to do when it is broken.
struct Step {
    name: &'static str,
    hint: &'static str,
    check: fn(&Workspace) -> Result<()>,
}

/// From the fastest to the slowest, so that a small slip is told early.
const STEPS: [Step; 8] = [
    Step { name: "fmt", hint: "run `cargo fmt --all`", check: fmt },
    Step { name: "tidy", hint: "see STYLE in CONTRIBUTING.md", check: tidy },
    Step {
        name: "error-pages",
        hint: "every code has docs/errors/<code>.md, and nothing else is there",
        check: error_pages,
    },
    Step {
        name: "layers",
        hint: "imports point left; a new edge is a decision: write it into layers.toml",
        check: layers,
    },
    Step {
        name: "licences",
        hint: "choose another crate, or add the licence to deny.toml with a reason",
        check: licences,
    },
    Step {
        name: "clippy",
        hint: "fix the code; a lint is silenced only by `#[expect(..., reason = \"...\")]`",
        check: clippy,
    },
    Step { name: "web-lint", hint: "run `npm run lint` in web/", check: web_lint },
    Step {
        name: "openapi",
        hint: "run `cargo run --release -p galerne -- openapi > openapi/galerne.json`, then \
               `npm run generate` in web/",
        check: openapi,
    },
];

/// Runs all steps, or those named, and reports every failure.
pub(crate) fn run(workspace: &Workspace, only: &[String]) -> Result<ExitCode> {
    if let Some(unknown) = only.iter().find(|name| STEPS.iter().all(|step| step.name != **name)) {
        let known: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        bail!("there is no step `{unknown}`; the steps are {}", known.join(", "));
    }
    let mut failed = Vec::new();
    for step in
        STEPS.iter().filter(|step| only.is_empty() || only.iter().any(|name| name == step.name))
    {
        let start = Instant::now();
        let result = (step.check)(workspace);
        let seconds = start.elapsed().as_secs_f64();
        match result {
            Ok(()) => println!("ok {} ({seconds:.1} s)", step.name),
            Err(error) => {
                println!("FAILED {} ({seconds:.1} s): {error:#}", step.name);
                println!("  hint: {}", step.hint);
                failed.push(step.name);
            }
        }
    }
    if failed.is_empty() {
        println!("all checks passed");
        return Ok(ExitCode::SUCCESS);
    }
    println!("failed checks: {}", failed.join(", "));
    Ok(ExitCode::FAILURE)
}

fn cargo(workspace: &Workspace, arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(workspace.root()).args(arguments);
    command
}

fn fmt(workspace: &Workspace) -> Result<()> {
    subprocess::run(&mut cargo(workspace, &["fmt", "--all", "--", "--check", "-l"]))
}

fn clippy(workspace: &Workspace) -> Result<()> {
    artefacts::reserve_page_folder(workspace)?;
    let arguments =
        ["clippy", "--release", "--workspace", "--all-targets", "--locked", "--keep-going"];
    subprocess::run(cargo(workspace, &arguments).args(["--", "-D", "warnings"]))
}

fn layers(workspace: &Workspace) -> Result<()> {
    none_left(&layers::problems(workspace, &Metadata::load(workspace)?)?)
}

fn licences(workspace: &Workspace) -> Result<()> {
    none_left(&licences::problems(workspace, &Metadata::load(workspace)?)?)
}

fn tidy(workspace: &Workspace) -> Result<()> {
    none_left(&tidy::problems(workspace)?)
}

fn error_pages(workspace: &Workspace) -> Result<()> {
    none_left(&error_pages::problems(workspace)?)
}

fn web_lint(workspace: &Workspace) -> Result<()> {
    artefacts::install_web_packages(workspace)?;
    subprocess::run(
        Command::new("npm").args(["run", "--silent", "lint"]).current_dir(workspace.web()),
    )
}

fn openapi(workspace: &Workspace) -> Result<()> {
    artefacts::build_page(workspace)?;
    let binary = artefacts::build_binaries_and_tests(workspace)?.server;
    let printed = subprocess::read(Command::new(binary).arg("openapi"))?;
    let committed = fs::read_to_string(workspace.path("openapi/galerne.json"))
        .context("openapi/galerne.json is missing")?;
    match first_difference(&committed, &printed) {
        None => Ok(()),
        Some(line) => bail!("openapi/galerne.json is out of date from line {line} on"),
    }
}

/// The number of the first line that differs; white space at the very end does not count.
fn first_difference(committed: &str, printed: &str) -> Option<usize> {
    let (committed, printed) = (committed.trim_end(), printed.trim_end());
    if committed == printed {
        return None;
    }
    let same = committed.lines().zip(printed.lines()).take_while(|(left, right)| left == right);
    Some(same.count() + 1)
}

fn none_left(problems: &[String]) -> Result<()> {
    if problems.is_empty() {
        return Ok(());
    }
    bail!("\n  - {}", problems.join("\n  - "));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_told_by_its_line() {
        assert_eq!(first_difference("a\nb\n", "a\nb"), None);
        assert_eq!(first_difference("a\nb", "a\nc"), Some(2));
        assert_eq!(first_difference("a", "a\nb"), Some(2));
        assert_eq!(first_difference("", "a"), Some(1));
    }

    #[test]
    fn an_unknown_step_is_refused() {
        let workspace = Workspace::at(std::path::Path::new("/nonexistent"));
        let error = run(&workspace, &["formatting".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("there is no step `formatting`"), "{error}");
    }
}
