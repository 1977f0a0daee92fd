//! The runner on a store in memory, stopped at seeded moments.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod restarts;
