//! Segments as others use them: written, read, searched, damaged.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "tests may panic, and count little"
)]

mod cone;
mod filters;
mod hostile;
mod order;
mod recall;
mod roundtrip;
