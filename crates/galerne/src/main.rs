//! The one binary: reads settings, wires implementations to ports, runs a command.
//!
//! Start at [`cli::Cli`] for what can be asked, [`wiring`] for what is plugged where.
//! **Never here:** decisions; they belong to the contexts.

mod cli;
mod command;
mod config;
mod data_dir;
mod failure;
mod log;
mod model_files;
mod output;
mod serve;
mod system;
mod web;
mod wiring;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match command::run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print();
            failure.exit_code()
        }
    }
}
