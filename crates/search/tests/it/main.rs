//! The index as others use it: on objects in memory and in a folder, killed, altered, shared.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "tests may panic, and count little"
)]

mod damage;
mod faults;
mod kills;
mod languages;
mod leaks;
mod locks;
mod merges;
mod races;
mod setup;
mod suites;
