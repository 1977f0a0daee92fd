//! What the client reaches, what it refuses, and how much of an answer it waits for.
#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod answer;
mod child;
mod limit;
mod refusal;
mod server;
mod tls;

use egress::{Deadlines, Destination, EgressClient};

/// A client that may reach the destination of `address`.
fn client(address: &str) -> EgressClient {
    EgressClient::new([destination(address)]).expect("a client")
}

/// A client that may reach the destination of `address` and gives up soon.
fn hasty_client(address: &str) -> EgressClient {
    let whole = std::time::Duration::from_secs(1);
    let deadlines = Deadlines { whole, ..Deadlines::default() };
    EgressClient::with_deadlines([destination(address)], deadlines).expect("a client")
}

fn destination(address: &str) -> Destination {
    address.parse().expect("an address")
}
