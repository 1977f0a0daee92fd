//! Checks exports, proofs, receipts, erasure certificates, citations, checkpoints and evidence of a
//! Galerne log.
//!
//! It needs files and the public key of the log, nothing else: no Galerne, no network, no clock.
//! Start at [`arguments`] for what can be asked, at [`export`] for the main check.
//! **Never here:** sockets; mathematics, which is in `transparency_log`.

mod arguments;
mod checkpoints;
mod citation;
mod entry;
mod erasure;
mod evidence;
mod export;
mod files;
mod key;
mod notes;
mod problem;
mod proof;
mod receipt;
mod report;
mod run;
mod signed;

use std::process::ExitCode;

fn main() -> ExitCode {
    run::run(std::env::args_os().skip(1))
}
