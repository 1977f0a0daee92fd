//! HTTP routes of the platform: parse, convert, call, convert.
//!
//! Start at [`router`]; every route is listed in `router.rs`, described in [`openapi`] and has a
//! row in the access-table test. [`serve`] puts a router on a socket.
//! **Never here:** SQL, decisions, configuration.

mod account;
mod answer;
mod assessment;
mod batch;
mod body;
mod break_glass;
mod budget;
mod caller;
mod chat;
mod classification;
mod collection;
mod completion;
mod connector;
mod conversation;
mod convert;
mod embedding;
mod erasure;
mod file;
mod form;
mod health;
mod hold;
mod host;
mod identity;
mod key;
mod library;
mod log;
mod me;
mod metering;
mod model;
mod observe;
mod openapi;
mod origin;
mod parameters;
mod permission;
mod problem;
mod receipt;
mod refusal;
mod rerank;
mod responses;
mod router;
mod scim;
mod serve;
mod session;
mod sign_in_gate;
mod stall;
mod state;
mod stored_bytes;
mod upstream;
mod usage;

pub use batch::BatchAnswers;
pub use metering::{CountedLedger, RecorderError, recorder};
pub use openapi::{openapi, openapi_json};
pub use router::router;
pub use serve::{ServeLimits, serve};
pub use state::{ApiParts, ApiSettings, ApiState, ModelTypes, Readiness};
