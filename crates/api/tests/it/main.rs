//! The real router on fakes: every route, every refusal, real sockets where it matters.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(
    clippy::needless_pass_by_value,
    reason = "rows of a table are written where they are used"
)]

mod access_table;
mod assessment;
mod bad_input;
mod batch;
mod break_glass;
mod browse;
mod budget;
mod chat;
mod collection;
mod completions;
mod connection;
mod conversation;
mod embeddings;
mod file;
mod identity;
mod judgements;
mod library;
mod library_answers;
mod log;
mod me;
mod operations;
mod receipt;
mod responses;
mod rules;
mod running_turn;
mod scim;
mod server;
mod session;
mod shelves;
mod tools;
