//! Every path against independent arithmetic.
#![allow(
    clippy::expect_used,
    clippy::float_cmp,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "tests may panic, compare exact results, and count little"
)]

mod attention;
mod blocks;
mod noise;
mod packing;
mod products;
mod vectors;
