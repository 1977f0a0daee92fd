//! Persistence ports on `SQLite`.
//!
//! Start at [`Store::open`]. One task writes ([`writer`]): it puts what waits into one transaction
//! and answers after the commit, so that many requests share one flush to the disk. Reads run
//! beside it on connections of their own. The schema is `migrations/`; it only ever grows.
//! **Never here:** decisions, clocks, random numbers.

mod access;
mod audit;
mod budget;
mod conversation;
mod data_key;
mod deployment;
mod failure;
mod file;
mod flusher;
mod job;
mod library;
mod log;
mod open;
mod overwriting;
mod protection;
mod row;
mod rows;
mod schema;
mod store;
mod usage;
mod usage_page;
mod usage_report;
mod usage_share;
mod usage_total;
mod writer;

pub use conversation::{ClearTexts, Conversations, seal_clear_texts};
pub use file::Workloads;
pub use library::Libraries;
pub use open::OpenError;
pub use store::Store;
