//! `/v1/conversations`: conversations that the server keeps, in Mistral's shape.
//!
//! Start at [`turn`]: what begins, goes on with, reads and stops an answer. [`browse`] is for what
//! lies there, [`draft`] for what was typed and not sent.

pub(crate) mod browse;
pub(crate) mod draft;
pub(crate) mod turn;

pub(crate) mod convert;
mod header;
pub(crate) mod id;
mod problem;
pub(crate) mod query;
mod refusals;
mod stream;
