//! The store passes the suites of its ports, and keeps what only a database can lose.
#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod append_only;
mod concurrency;
mod conversation;
mod fixture;
mod jobs;
mod kill;
mod libraries;
mod opening;
mod rows;
mod suites;
mod tenants;
mod traces;

use std::path::Path;

use sqlx::{ConnectOptions as _, SqliteConnection, sqlite::SqliteConnectOptions};

/// A connection that knows nothing of the store: what a curious operator would use.
async fn raw(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).connect().await.expect("connected")
}
