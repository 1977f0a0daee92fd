//! The wire format seen from outside: what is read, what is refused, what is written.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(
    clippy::needless_pass_by_value,
    reason = "rows of a table are written where they are used"
)]

mod answers;
mod batch;
mod classification;
mod conversation;
mod decode;
mod library;
mod me;
mod multipart;
mod properties;
mod responses;
#[cfg(feature = "openapi")]
mod schema;
mod text_completion;
mod tools;
