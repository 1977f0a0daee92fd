//! Documents in French, Arabic and Hindi, of each format, and documents that mean harm.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(
    clippy::format_collect,
    clippy::format_push_string,
    reason = "samples are read more often than made"
)]

mod detection;
mod hostile;
mod mail;
mod office;
mod pages;
mod properties;
mod samples;
mod texts;
