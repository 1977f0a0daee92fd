//! Libraries on a store in memory: who may do what, how documents are read, what is found. Answers
//! on a scripted model: what is cited, what is checked, what is given out.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod answers;
mod bench;
mod documents;
mod engine;
mod evidence;
mod failures;
mod libraries;
mod library;
mod restarts;
mod search;
mod sources;
mod traces;
mod withdrawal;
mod world;
mod written;
