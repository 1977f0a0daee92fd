//! PDF written here, read by the engine that is always there.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::format_collect, reason = "samples are read more often than made")]

mod hostile;
mod locked;
mod pages;
mod pictures;
mod properties;
mod samples;
