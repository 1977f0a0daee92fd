//! One module a command.

mod account;
mod audit;
mod break_glass;
mod budget;
mod bundle;
mod chat;
mod config;
mod encryption;
mod erasure;
mod hold;
mod key;
mod library;
mod login_link;
pub(crate) use login_link::page_link;
mod model;
mod policy;
mod receipt;
mod records;
mod residency;
mod sovereignty;
mod usage;

use clap::CommandFactory as _;

use crate::{
    assessor,
    cli::{Account, Cli, Command, Records, Residency, Sovereignty, Worker},
    config::Settings,
    document_worker,
    failure::Failure,
    model_worker,
    output::{Output, line},
    serve, vault,
    wiring::Local,
};

pub(crate) fn run(cli: &Cli) -> Result<(), Failure> {
    let output = Output::new(cli.common.json);
    let settings = |serve| Settings::load(&cli.common, serve);
    match &cli.command {
        Command::Serve(flags) => {
            serve::run(&settings(Some(flags))?, cli.common.config.as_deref(), output)
        }
        Command::Chat(flags) => chat::run(&settings(None)?, flags, output),
        Command::Key(command) => {
            let settings = settings(None)?;
            wait(async { key::run(&Local::open(&settings).await?, command, output).await })
        }
        Command::Account(Account::Erase(flags)) => {
            let settings = settings(None)?;
            wait(async { erasure::run(&settings, flags, output).await })
        }
        Command::Hold(command) => {
            let settings = settings(None)?;
            wait(async { hold::run(&Local::open(&settings).await?, command, output).await })
        }
        Command::Budget(command) => wait(budget::run(&settings(None)?, command, output)),
        Command::Usage(flags) => wait(usage::run(&settings(None)?, flags, output)),
        Command::Account(command) => {
            let settings = settings(None)?;
            wait(async { account::run(&Local::open(&settings).await?, command, output).await })
        }
        Command::BreakGlass(crate::cli::BreakGlass::List) => {
            let settings = settings(None)?;
            wait(async { break_glass::list(&Local::open(&settings).await?, output).await })
        }
        Command::LoginLink(flags) => {
            let settings = settings(None)?;
            wait(async { login_link::run(&Local::open(&settings).await?, flags, output).await })
        }
        Command::Library(flags) => wait(library::run(&settings(None)?, flags, output)),
        Command::Model(command) => model::run(&settings(None)?, command, output),
        Command::Bundle(command) => bundle::run(&settings(None)?, command, output),
        Command::Audit(command) => {
            let settings = settings(None)?;
            wait(async { audit::run(&settings, command, output).await })
        }
        Command::Encryption(command) => {
            let settings = settings(None)?;
            wait(async { encryption::run(&settings, command, output).await })
        }
        Command::Residency(Residency::Policy) => residency::policy(&settings(None)?, output),
        Command::Residency(Residency::ImportRanges(command)) => {
            residency::import_ranges(command, output)
        }
        Command::Policy(command) => wait(policy::run(&settings(None)?, command, output)),
        Command::Sovereignty(Sovereignty::Assess(flags)) => {
            let settings = settings(None)?;
            wait(async { sovereignty::assess(&settings, flags, output).await })
        }
        Command::Records(Records::Export(flags)) => {
            wait(records::export(&settings(None)?, flags, output))
        }
        Command::Receipt(flags) => wait(receipt::run(&settings(None)?, flags, output)),
        Command::Config(crate::cli::Config::Check) => config::check(&settings(None)?, output),
        Command::Worker(worker) => work(cli, worker),
        Command::Openapi => line(&api::openapi_json()?),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "galerne", &mut script);
            line(String::from_utf8_lossy(&script).trim_end())
        }
    }
}

/// What another `galerne` keeps out of its own process.
fn work(cli: &Cli, worker: &Worker) -> Result<(), Failure> {
    let settings = |serve| Settings::load(&cli.common, serve);
    match worker {
        Worker::Model => model_worker::answer(),
        Worker::Assessor(flags) => assessor::answer(&settings(Some(flags))?),
        Worker::TokenKeeper => vault::keep(),
        Worker::TokenHolder => Ok(custody::hold()?),
        Worker::Documents => document_worker::keep(&settings(None)?),
        Worker::Document { pdfium } => document_worker::answer(pdfium.as_deref()),
        Worker::Recogniser { words } => document_worker::recognise(words),
    }
}

/// Runs a short command on this thread.
pub(crate) fn wait<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
