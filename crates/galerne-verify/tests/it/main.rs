//! Runs the program on directories and files that are made here, good ones and bad ones.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod checkpoints;
mod citation;
mod damage;
mod erasure;
mod export;
mod log;
mod program;
mod proof;
mod receipt;
mod tampering;
mod usage;
