//! Starts the benchmarks: our engine beside the reference server, the log beside a hash chain.

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::ModelOptions;
use crate::artefacts;
use crate::model;
use crate::subprocess;
use crate::tools::{self, Tool};
use crate::workspace::Workspace;

pub(crate) fn engine(
    workspace: &Workspace,
    options: &ModelOptions,
    rest: &[String],
) -> Result<ExitCode> {
    tools::require(&[Tool::Compiler, Tool::Python, Tool::Pip])?;
    let model = model::obtain(&options.name, options.dir.as_deref(), options.accept_terms)?;
    artefacts::build_engine_examples(workspace)?;
    let binary = artefacts::build_binary(workspace)?;
    let mut command = Command::new("python3");
    command.arg(workspace.path("conformance/bench/engine.py")).args(rest);
    command.env("GALERNE_BIN", binary).env("GALERNE_MODEL_FILE", model);
    subprocess::run(&mut command)?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn log(workspace: &Workspace, rest: &[String]) -> Result<ExitCode> {
    tools::require(&[Tool::Compiler, Tool::Python])?;
    artefacts::build_page(workspace)?;
    let programs = artefacts::build_log_speed(workspace)?;
    let mut command = Command::new("python3");
    command.arg(workspace.path("conformance/bench/log.py")).args(rest);
    command.env("GALERNE_LOG_SPEED", programs.speed).env("GALERNE_VERIFY_BIN", programs.verifier);
    subprocess::run(&mut command)?;
    Ok(ExitCode::SUCCESS)
}
