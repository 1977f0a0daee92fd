//! Keeps checkpoints where the operator of the log cannot change them: the port
//! `governance::ports::Witness`.
//!
//! Start at [`FileWitness`] (an append-only file, best on another machine's disk) or
//! [`HttpWitness`] (a witness that speaks C2SP tlog-witness). At start, [`newest`] tells what a
//! file holds.
//! **Never here:** when a checkpoint is made or handed over, and what follows when it is not taken.

mod file;
mod http;
mod judgement;

pub use file::{CheckpointFileError, FileWitness, newest};
pub use http::{HttpWitness, HttpWitnessError};
