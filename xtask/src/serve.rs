//! Builds everything, fetches the model and becomes the server.

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Result, anyhow};

use crate::RunOptions;
use crate::artefacts;
use crate::model;
use crate::subprocess;
use crate::tools::{self, Tool};
use crate::workspace::Workspace;

/// Does only what has not been done before, so that a second start is quick.
pub(crate) fn run(workspace: &Workspace, options: &RunOptions) -> Result<ExitCode> {
    let model = model::named(&options.model)?;
    tools::require(&missing_steps(workspace, &options.model)?)?;
    // The download comes before the long build: terms are asked for while a person is looking.
    let file = model::obtain(&options.model, None, options.accept_terms)?;
    artefacts::build_page(workspace)?;
    let binary = artefacts::build_binary(workspace)?;
    let imported = options.data_dir.join("models").join(model.id).join("manifest.json");
    if !imported.is_file() {
        eprintln!("importing {} into {}", model.id, options.data_dir.display());
        let mut import = Command::new(&binary);
        import.args(["model", "import"]).arg(&file).args(["--id", model.id]);
        import.args(["--sha256", model.sha256, "--data-dir"]).arg(&options.data_dir);
        // Standard output belongs to the server.
        subprocess::run(import.stdout(Stdio::null()))?;
    }
    let mut serve = Command::new(&binary);
    serve.arg("serve").arg("--data-dir").arg(&options.data_dir);
    serve.args(["--listen", &options.listen.to_string()]);
    // The server takes the place of this process, so that signals reach it directly.
    let error = serve.exec();
    Err(anyhow!(error).context(format!("{} cannot be started", binary.display())))
}

/// The tools of the steps that this start will take; asking for a version takes time.
fn missing_steps(workspace: &Workspace, model: &str) -> Result<Vec<Tool>> {
    let mut tools = vec![Tool::Compiler];
    if !artefacts::page_is_current(workspace)? {
        tools.extend(Tool::WEB);
    }
    if !model::is_cached(model)? {
        tools.extend(Tool::MODEL);
    }
    Ok(tools)
}
