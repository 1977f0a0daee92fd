//! The only HTTP client: it reaches what the settings name and nothing else.
//!
//! Start at [`EgressClient`]. A [`Destination`] is a scheme, a host and a port that the operator
//! wrote into the settings; an address of any other is refused before its name is resolved.
//! Answers are bounded in time and size; redirects, proxies, cookies and repetitions do not
//! exist. TLS is rustls with the certificate authorities of the machine, read at start.
//! **Never here:** what is sent and why, settings, the environment.

mod client;
mod destination;
mod error;

pub use client::{Answer, Deadlines, EgressClient};
pub use destination::{AddressError, Destination};
pub use error::EgressError;
