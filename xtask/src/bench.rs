//! Starts the benchmark that measures our engine beside the reference server.

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::ModelOptions;
use crate::artefacts;
use crate::model;
use crate::subprocess;
use crate::tools::{self, Tool};
use crate::workspace::Workspace;

pub(crate) fn run(
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
