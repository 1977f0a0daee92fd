//! Starts the benchmarks: our engine beside the reference server, the log beside a hash chain, a
//! request beside itself without its guards, the gateway beside others, a batch job that is killed,
//! the page beside what it must reach, documents that are found and cited.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::ModelOptions;
use crate::artefacts;
use crate::browser;
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
    if let Some(other) = other_family()? {
        command.env("GALERNE_GEMMA_FILE", other);
    }
    subprocess::run(&mut command)?;
    let mut command = Command::new("python3");
    command.arg(workspace.path("conformance/bench/embeddings.py"));
    command.args(rest.iter().filter(|&argument| argument == "--force"));
    let model = model::obtain(model::NAME_EMBEDDING, None, options.accept_terms)?;
    subprocess::run(command.env("GALERNE_EMBEDDING_MODEL_FILE", model))?;
    Ok(ExitCode::SUCCESS)
}

/// A model of another family, measured where somebody has accepted its terms and fetched it.
fn other_family() -> Result<Option<PathBuf>> {
    if !model::is_cached(model::NAME_GEMMA)? {
        return Ok(None);
    }
    model::obtain(model::NAME_GEMMA, None, false).map(Some)
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

pub(crate) fn guarded(workspace: &Workspace, rest: &[String]) -> Result<ExitCode> {
    tools::require(&[Tool::Compiler, Tool::Python])?;
    let programs = artefacts::build_guarded_speed(workspace)?;
    let mut command = Command::new("python3");
    command.arg(workspace.path("conformance/bench/guarded.py")).args(rest);
    command.env("GALERNE_GUARDED_SPEED", programs.guarded);
    command.env("GALERNE_SEARCH_SPEED", programs.search);
    subprocess::run(&mut command)?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn gateway(workspace: &Workspace, rest: &[String]) -> Result<ExitCode> {
    tools::require(&[Tool::Compiler, Tool::Node, Tool::Npm, Tool::Python, Tool::Pip])?;
    artefacts::build_page(workspace)?;
    let programs = artefacts::build_gateway_speed(workspace)?;
    let mut command = Command::new("python3");
    command.arg(workspace.path("conformance/bench/gateway.py")).args(rest);
    command.env("GALERNE_BIN", programs.server);
    command.env("GALERNE_BARE_PROXY", programs.bare_proxy);
    command.env("GALERNE_OPEN_LOOP", programs.open_loop);
    subprocess::run(&mut command)?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn batch(workspace: &Workspace, rest: &[String]) -> Result<ExitCode> {
    tools::require(&[Tool::Compiler, Tool::Python])?;
    let binary = artefacts::build_binary(workspace)?;
    let mut command = Command::new("python3");
    command.arg(workspace.path("conformance/bench/batch.py")).args(rest);
    command.env("GALERNE_BIN", binary);
    subprocess::run(&mut command)?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn web(workspace: &Workspace, rest: &[String]) -> Result<ExitCode> {
    tools::require(&[Tool::Compiler, Tool::Node, Tool::Npm, Tool::Python, Tool::Pip])?;
    let chromium = browser::obtain()?;
    let model = model::obtain(model::NAME_DEFAULT, None, false)?;
    artefacts::install_web_packages(workspace)?;
    artefacts::build_page(workspace)?;
    let programs = artefacts::build_page_speed(workspace)?;
    let mut command = Command::new("python3");
    command.arg(workspace.path("conformance/bench/web.py")).args(rest);
    command.env("GALERNE_BIN", programs.server).env("GALERNE_SEED_BIN", programs.seeder);
    command.env("GALERNE_MODEL_FILE", model).env("GALERNE_CHROMIUM", chromium);
    subprocess::run(&mut command)?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn knowledge(
    workspace: &Workspace,
    options: &ModelOptions,
    rest: &[String],
) -> Result<ExitCode> {
    tools::require(&[Tool::Compiler, Tool::Python, Tool::Pip])?;
    let model = model::obtain(&options.name, options.dir.as_deref(), options.accept_terms)?;
    let embedding_model = model::obtain(model::NAME_EMBEDDING, None, options.accept_terms)?;
    let binary = artefacts::build_binary(workspace)?;
    let mut command = Command::new("python3");
    command.arg(workspace.path("conformance/bench/knowledge.py")).args(rest);
    command.env("GALERNE_BIN", binary).env("GALERNE_MODEL_FILE", model);
    command.env("GALERNE_EMBEDDING_MODEL_FILE", embedding_model);
    subprocess::run(&mut command)?;
    Ok(ExitCode::SUCCESS)
}
