//! Developer commands: `cargo xtask check`, `test`, `test-neon`, `run`, `model`, `bench-engine`,
//! `bench-log`, `bench-guarded`, `bench-gateway`, `bench-batch`, `bench-web` and `eval-knowledge`.
//!
//! Start at [`Command`]; each command has a module. `check` holds the house rules (layers,
//! licences, tidiness), `suites` runs every test of the project, `serve` builds and starts the
//! server, `model` fetches weights, `neon` tests the ARM kernels. The `Makefile` only calls these.
//!
//! **Never here:** anything that the product itself needs; this crate is not shipped.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "these commands talk to a person on a terminal"
)]

mod artefacts;
mod bench;
mod browser;
mod check;
mod hashing;
mod metadata;
mod model;
mod neon;
mod scratch;
mod serve;
mod sources;
mod subprocess;
mod suites;
mod tally;
mod tools;
mod workspace;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use crate::workspace::Workspace;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Developer commands of Galerne", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Formatting, lints, layers, licences, tidiness, error pages, API description.
    Check {
        /// Run only the steps with these names.
        #[arg(value_name = "STEP")]
        only: Vec<String>,
    },
    /// Every test: Rust, web page, conformance with real clients, browser.
    Test {
        /// Run only the suites with these names.
        #[arg(value_name = "SUITE")]
        only: Vec<String>,
        /// In continuous integration only a missing processor feature may be skipped.
        #[arg(long, env = "CI", value_parser = clap::builder::FalseyValueParser::new())]
        ci: bool,
    },
    /// The kernels for 64-bit ARM, on an emulator: whether they are right, not how fast.
    TestNeon,
    /// Build everything, fetch the model and start the server.
    Run(RunOptions),
    /// Fetch a model, verify it and print its path.
    Model(ModelOptions),
    /// Compare our engine with the oracle for longer, with every model file that is here.
    ConformanceEngine(ModelOptions),
    /// Measure our engine beside the reference server.
    BenchEngine {
        #[command(flatten)]
        model: ModelOptions,
        /// Passed on to the benchmark script.
        #[arg(last = true)]
        rest: Vec<String>,
    },
    /// Measure the log beside a plain hash chain.
    BenchLog {
        /// Passed on to the benchmark script.
        #[arg(last = true)]
        rest: Vec<String>,
    },
    /// Measure what the guards of a request cost, and searches of sealed conversations.
    BenchGuarded {
        /// Passed on to the benchmark script.
        #[arg(last = true)]
        rest: Vec<String>,
    },
    /// Measure Galerne as a gateway beside `LiteLLM` and beside a proxy that does nothing else.
    BenchGateway {
        /// Passed on to the benchmark script.
        #[arg(last = true)]
        rest: Vec<String>,
    },
    /// Measure a batch job of very many requests whose server is killed in the middle.
    BenchBatch {
        /// Passed on to the benchmark script.
        #[arg(last = true)]
        rest: Vec<String>,
    },
    /// Measure the page: its first load, a long conversation, very many of them.
    BenchWeb {
        /// Passed on to the benchmark script.
        #[arg(last = true)]
        rest: Vec<String>,
    },
    /// Measure how well documents are found and cited, how fast, and whether anything leaks.
    EvalKnowledge {
        #[command(flatten)]
        model: ModelOptions,
        /// Passed on to the script.
        #[arg(last = true)]
        rest: Vec<String>,
    },
}

/// What `cargo xtask run` needs to start the server.
#[derive(Args)]
pub(crate) struct RunOptions {
    /// Which model to fetch and import.
    #[arg(long, value_name = "NAME", default_value = model::NAME_DEFAULT)]
    model: String,
    /// Accept the terms of the model without being asked.
    #[arg(long)]
    accept_terms: bool,
    /// Where the server keeps everything.
    #[arg(long, env = "GALERNE_DATA_DIR", default_value = ".galerne", value_name = "DIR")]
    data_dir: PathBuf,
    /// Where the server listens.
    #[arg(long, env = "GALERNE_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDR")]
    listen: SocketAddr,
}

/// Which model, and where to keep it.
#[derive(Args)]
pub(crate) struct ModelOptions {
    /// `smollm2`, `gemma3-270m` or `e5-small`.
    #[arg(default_value = model::NAME_DEFAULT)]
    name: String,
    /// The folder for the verified file; by default a cache in the home folder.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Accept the terms of the model without being asked.
    #[arg(long)]
    accept_terms: bool,
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    match command {
        Command::Check { only } => check::run(&workspace, &only),
        Command::Test { only, ci } => suites::run(&workspace, &only, ci),
        Command::TestNeon => neon::run(&workspace),
        Command::Run(options) => serve::run(&workspace, &options),
        Command::Model(options) => {
            let path = model::obtain(&options.name, options.dir.as_deref(), options.accept_terms)?;
            println!("{}", path.display());
            Ok(ExitCode::SUCCESS)
        }
        Command::ConformanceEngine(model) => suites::conformance_engine(&workspace, &model),
        Command::BenchEngine { model, rest } => bench::engine(&workspace, &model, &rest),
        Command::BenchLog { rest } => bench::log(&workspace, &rest),
        Command::BenchGuarded { rest } => bench::guarded(&workspace, &rest),
        Command::BenchGateway { rest } => bench::gateway(&workspace, &rest),
        Command::BenchBatch { rest } => bench::batch(&workspace, &rest),
        Command::BenchWeb { rest } => bench::web(&workspace, &rest),
        Command::EvalKnowledge { model, rest } => bench::knowledge(&workspace, &model, &rest),
    }
}
