//! The one binary: reads settings, wires implementations to ports, runs a command.
//!
//! Start at [`cli::Cli`] for what can be asked, [`wiring`] for what is plugged where.
//! **Never here:** decisions; they belong to the contexts.

mod archive;
mod assessment;
mod assessor;
mod cli;
mod command;
mod config;
mod confinement;
mod data_dir;
mod document_vectors;
mod document_worker;
mod failure;
mod libraries;
mod loading;
mod log;
mod model_bundle;
mod model_files;
mod model_worker;
mod outbound;
mod output;
mod protection;
mod records;
mod rules;
mod seal;
mod serve;
mod served_models;
mod sign_in;
mod signals;
mod system;
mod trust;
mod upstreams;
mod vault;
mod waiver;
mod web;
mod weights;
mod wiring;
mod worker;

use std::process::ExitCode;

use clap::Parser as _;

#[expect(clippy::print_stderr, reason = "no log has been started yet")]
fn main() -> ExitCode {
    if let Err(error) = seal::seal() {
        // One wall of several: without it the process goes on.
        eprintln!("warning: other processes of this user can read its memory: {error}");
    }
    let cli = cli::Cli::parse();
    match command::run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print();
            failure.exit_code()
        }
    }
}
