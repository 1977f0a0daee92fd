//! Asks engines that run elsewhere, in the words of each, and makes of their answers what the
//! engine of this server would have said.
//!
//! Start at [`RemoteUpstream`]. [`Kind`] tells what a program understands; `request` puts a request
//! into its words and refuses what it cannot keep; `reader` reads what comes back: calls whole
//! however they were cut, usage always, ends always, and nothing that is not an answer.
//! **Never here:** which upstream is asked, whether it may be, what is charged.

mod answer;
mod calls;
mod embedding;
mod kind;
mod lines;
mod reader;
mod request;
mod upstream;
mod usage;

pub use kind::{Kind, KindError};
pub use upstream::{RemoteModel, RemoteParts, RemoteUpstream};
pub use usage::EnergyPerToken;
