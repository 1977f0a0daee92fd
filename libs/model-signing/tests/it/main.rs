//! Signatures seen from outside: those of the tool `model_signing` 1.1.1, and whatever an attacker
//! may write.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod foreign;
mod keys;
mod properties;
mod refusals;
