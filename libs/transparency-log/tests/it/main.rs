//! The log seen from outside: compared with published vectors, with two other implementations, and
//! fed with whatever an attacker may write.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "seeds are printed")]

mod builder;
mod checkpoints;
mod evidence;
mod forest;
mod keys;
mod note_files;
mod notes;
mod oracles;
mod properties;
mod refusals;
mod tiles;
mod vast;
mod vectors;
