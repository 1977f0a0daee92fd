//! The context on a fake engine and an in-memory store: turns that outlive their clients, crashes,
//! and a store that fails.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod audit;
mod begin;
mod browse;
mod end;
mod failing_store;
mod faults;
mod resume;
mod world;
