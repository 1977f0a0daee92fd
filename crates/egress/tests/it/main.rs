//! What the client reaches, what it refuses, and how much of an answer it waits for.
#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod answer;
mod child;
mod limit;
mod names;
mod records;
mod refusal;
mod residency;
mod server;
mod spelling;
mod stream;
mod tls;
mod world;

use egress::{Deadlines, Destination, EgressClient};

use crate::world::World;

/// A client that may reach the destination of `address`.
fn client(address: &str) -> EgressClient {
    World::default().client([world::witness(address)])
}

/// A client that may reach the destination of `address` and gives up soon.
fn hasty_client(address: &str) -> EgressClient {
    let whole = std::time::Duration::from_secs(1);
    let deadlines = Deadlines { whole, ..Deadlines::default() };
    World { deadlines, ..World::default() }.client([world::witness(address)])
}

fn destination(address: &str) -> Destination {
    address.parse().expect("an address")
}
