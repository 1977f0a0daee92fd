//! Builds what the other commands use: the web page and the server binary.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::hashing;
use crate::sources;
use crate::subprocess;
use crate::tools::{self, Tool};
use crate::workspace::Workspace;

/// Says which lock file the installed packages come from.
const PACKAGES_STAMP: &str = "node_modules/.galerne-packages";
/// Says which sources the built page comes from.
const PAGE_STAMP: &str = "node_modules/.galerne-page";

/// The folder that is built into the binary must exist before any Rust is compiled.
pub(crate) fn reserve_page_folder(workspace: &Workspace) -> Result<()> {
    fs::create_dir_all(workspace.web().join("dist")).context("web/dist cannot be made")
}

/// Installs the page's packages when the lock file has changed since the last time.
pub(crate) fn install_web_packages(workspace: &Workspace) -> Result<()> {
    let web = workspace.web();
    let wanted = hashing::sha256_of_file(&web.join("package-lock.json"))?;
    if stamp_is(&web.join(PACKAGES_STAMP), &wanted) {
        return Ok(());
    }
    tools::require(&Tool::WEB)?;
    eprintln!("installing the packages of the web page");
    let arguments = ["ci", "--no-audit", "--no-fund"];
    subprocess::run(npm(&arguments).current_dir(&web))?;
    write_stamp(&web.join(PACKAGES_STAMP), &wanted)
}

/// Builds the page when its sources have changed since the last build.
pub(crate) fn build_page(workspace: &Workspace) -> Result<()> {
    let wanted = page_digest(workspace)?;
    if page_is_built(workspace, &wanted) {
        return Ok(());
    }
    install_web_packages(workspace)?;
    eprintln!("building the web page");
    let web = workspace.web();
    subprocess::run(npm(&["run", "--silent", "build"]).current_dir(&web))?;
    write_stamp(&web.join(PAGE_STAMP), &wanted)
}

/// What npm says belongs on the terminal; standard output is for the server that starts next.
fn npm(arguments: &[&str]) -> Command {
    let mut command = Command::new("npm");
    command.args(arguments).stdout(Stdio::from(io::stderr()));
    command
}

/// Whether the built page is the one that the sources describe.
pub(crate) fn page_is_current(workspace: &Workspace) -> Result<bool> {
    Ok(page_is_built(workspace, &page_digest(workspace)?))
}

fn page_is_built(workspace: &Workspace, wanted: &str) -> bool {
    let web = workspace.web();
    web.join("dist/index.html").is_file() && stamp_is(&web.join(PAGE_STAMP), wanted)
}

/// A digest of everything that the built page depends on.
fn page_digest(workspace: &Workspace) -> Result<String> {
    let mut entries = Vec::new();
    for source in sources::walk(workspace.root(), "web")? {
        let beside = ["web/e2e/", "web/bench/"];
        let is_beside = beside.iter().any(|folder| source.name.starts_with(folder));
        if !is_beside && !source.name.contains(".test.") {
            let content = fs::read(&source.path).with_context(|| source.name.clone())?;
            entries.push((source.name, content));
        }
    }
    Ok(hashing::sha256_of_tree(entries))
}

fn stamp_is(stamp: &Path, wanted: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|found| found.trim() == wanted)
}

fn write_stamp(stamp: &Path, digest: &str) -> Result<()> {
    fs::write(stamp, digest).with_context(|| format!("{} cannot be written", stamp.display()))
}

/// The feature of `galerne` that answers before the audit entry is written.
const FAULT: &str = "galerne/fault-late-commit";

/// One line of cargo's JSON output, as far as it is read.
#[derive(Deserialize)]
struct CargoMessage {
    executable: Option<PathBuf>,
    target: Option<CargoTarget>,
    profile: Option<CargoProfile>,
}

#[derive(Deserialize)]
struct CargoTarget {
    name: String,
}

#[derive(Deserialize)]
struct CargoProfile {
    /// The target compiled as a test of itself.
    test: bool,
}

/// Builds the release binary of the server and gives its path.
pub(crate) fn build_binary(workspace: &Workspace) -> Result<PathBuf> {
    build(workspace, &["--package", "galerne"])
}

/// Builds the server together with every test.
///
/// Tests switch on features of shared crates that the server alone does not have, so that building
/// one after the other would compile those crates, and all that stands on them, twice.
pub(crate) fn build_binaries_and_tests(workspace: &Workspace) -> Result<Binaries> {
    let messages = compile(workspace, &["--workspace", "--bins", "--tests", "--examples"])?;
    Ok(Binaries { server: named(&messages, SERVER)?, verifier: named(&messages, VERIFIER)? })
}

/// What the tests from outside run.
pub(crate) struct Binaries {
    pub(crate) server: PathBuf,
    pub(crate) verifier: PathBuf,
}

const SERVER: &str = "galerne";
const VERIFIER: &str = "galerne-verify";

/// Builds the server with a fault that the kill test must catch, and puts it aside.
///
/// It has the file name of the real one until it is copied away, so build the real one afterwards.
/// Examples are named because they, like tests, switch on what tests switch on; so only the crates
/// that hold the fault, and those that stand on them, are compiled again.
pub(crate) fn build_faulty_binary(workspace: &Workspace) -> Result<PathBuf> {
    let targets = ["--workspace", "--bins", "--examples", "--features", FAULT];
    let binary = build(workspace, &targets)?;
    let aside = binary.with_file_name("galerne-with-fault");
    fs::copy(&binary, &aside).with_context(|| format!("{}", aside.display()))?;
    Ok(aside)
}

/// Builds the programs that the oracle and the benchmark use beside the server.
pub(crate) fn build_engine_examples(workspace: &Workspace) -> Result<()> {
    compile(workspace, &["--package", "engine-cpu", "--examples"]).map(drop)
}

/// Builds what measures the log, and the verifier that it measures.
pub(crate) fn build_log_speed(workspace: &Workspace) -> Result<LogSpeed> {
    let targets = ["--package", SERVER, "--package", VERIFIER, "--bins", "--examples"];
    let messages = compile(workspace, &targets)?;
    Ok(LogSpeed { speed: named(&messages, "log_speed")?, verifier: named(&messages, VERIFIER)? })
}

/// The programs of `bench-log`.
pub(crate) struct LogSpeed {
    pub(crate) speed: PathBuf,
    pub(crate) verifier: PathBuf,
}

/// Builds what measures a request with its guards and without, and a search of sealed texts.
pub(crate) fn build_guarded_speed(workspace: &Workspace) -> Result<GuardedSpeed> {
    let targets = ["--package", SERVER, "--package", "store", "--examples"];
    let messages = compile(workspace, &targets)?;
    Ok(GuardedSpeed {
        guarded: named(&messages, "guarded_speed")?,
        search: named(&messages, "search_speed")?,
    })
}

/// The programs of `bench-guarded`.
pub(crate) struct GuardedSpeed {
    pub(crate) guarded: PathBuf,
    pub(crate) search: PathBuf,
}

/// Builds the server, a proxy that does nothing else, and what asks both at a steady rate.
pub(crate) fn build_gateway_speed(workspace: &Workspace) -> Result<GatewaySpeed> {
    let packages = ["--package", SERVER, "--package", "engine-remote", "--package", "egress"];
    let targets = [&packages[..], &["--bins", "--examples"]].concat();
    let messages = compile(workspace, &targets)?;
    Ok(GatewaySpeed {
        server: named(&messages, SERVER)?,
        bare_proxy: named(&messages, "bare_proxy")?,
        open_loop: named(&messages, "open_loop")?,
    })
}

/// The programs of `bench-gateway`.
pub(crate) struct GatewaySpeed {
    pub(crate) server: PathBuf,
    pub(crate) bare_proxy: PathBuf,
    pub(crate) open_loop: PathBuf,
}

/// Builds the server, and what fills its database with many conversations.
pub(crate) fn build_page_speed(workspace: &Workspace) -> Result<PageSpeed> {
    let targets = ["--package", SERVER, "--package", "store", "--bins", "--examples"];
    let messages = compile(workspace, &targets)?;
    Ok(PageSpeed {
        server: named(&messages, SERVER)?,
        seeder: named(&messages, "seed_conversations")?,
    })
}

/// The programs of `bench-web`.
pub(crate) struct PageSpeed {
    pub(crate) server: PathBuf,
    pub(crate) seeder: PathBuf,
}

fn build(workspace: &Workspace, targets: &[&str]) -> Result<PathBuf> {
    named(&compile(workspace, targets)?, SERVER)
}

fn named(messages: &str, name: &str) -> Result<PathBuf> {
    executable(messages, name).with_context(|| format!("cargo built no binary named `{name}`"))
}

/// Compiles and gives back what cargo says about it.
fn compile(workspace: &Workspace, targets: &[&str]) -> Result<String> {
    reserve_page_folder(workspace)?;
    let mut command = Command::new("cargo");
    command.current_dir(workspace.root()).stderr(Stdio::inherit());
    command.args(["build", "--release", "--locked"]).args(targets);
    command.arg("--message-format=json-render-diagnostics");
    let output = subprocess::capture(&mut command)?;
    if !output.status.success() {
        bail!("the Rust code does not build");
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    messages.lines().find_map(|line| {
        let message: CargoMessage = serde_json::from_str(line).ok()?;
        let is_test = message.profile.is_some_and(|profile| profile.test);
        let is_named = message.target.is_some_and(|target| target.name == name);
        (is_named && !is_test).then_some(message.executable)?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_binary_is_found_among_cargos_messages() {
        let messages = r#"
            {"reason":"compiler-artifact","target":{"name":"serde"},"executable":null}
            {"reason":"compiler-artifact","target":{"name":"other"},"executable":"/t/other"}
            not json
            {"target":{"name":"galerne"},"profile":{"test":true},"executable":"/t/deps/galerne-1"}
            {"target":{"name":"galerne"},"profile":{"test":false},"executable":"/t/galerne"}
            {"reason":"build-finished","success":true}
        "#;
        assert_eq!(executable(messages, "galerne"), Some(PathBuf::from("/t/galerne")));
        assert_eq!(executable(messages, "absent"), None);
    }
}
