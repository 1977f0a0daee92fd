//! Filters, patches and resources as clients send them, and as nobody should.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod filters;
mod patches;
mod properties;
mod resources;
