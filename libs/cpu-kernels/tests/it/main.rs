//! Every path against independent arithmetic.
#![allow(
    clippy::float_cmp,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "exact results are compared; counts are small"
)]

mod attention;
mod blocks;
mod noise;
mod packing;
mod products;
mod vectors;
