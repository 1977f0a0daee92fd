//! The only way out: it reaches what the settings name, the policy allows and nobody bends.
//!
//! Start at [`EgressClient`]. A [`Destination`] is a scheme, a host and a port that the operator
//! wrote into the settings; an address of any other is refused before its name is resolved. The
//! [`Broker`] asks the residency policy about every destination, every name that it leads to and
//! every address, and a connection goes to the addresses that were checked. Exchanges and refusals
//! are told to a [`Recorder`]. Answers are bounded in time and size; redirects, proxies, cookies and
//! repetitions do not exist. TLS is rustls with the certificate authorities of the machine, read at
//! start.
//!
//! A person who types a command is no installation: [`ServerClient`] is that person's client.
//! **Never here:** what is sent and why, settings, the environment, the audit log itself.

mod address;
mod broker;
mod client;
mod credentials;
mod destination;
mod error;
mod guard;
mod journal;
mod resolver;
mod server_client;
mod stream;

pub use address::AddressKind;
pub use broker::{Broker, Refusal, SendRules};
pub use client::{Answer, Deadlines, EgressClient, EgressParts};
pub use credentials::Credentials;
pub use destination::{AddressError, Destination};
pub use error::EgressError;
pub use journal::{Event, NotRecorded, Recorder};
pub use resolver::{Resolution, ResolveError, Resolver, SystemResolver};
pub use server_client::{ServerAnswer, ServerClient, ServerClientError, ServerRequest, Verb};
pub use stream::{Announced, Incoming, Outgoing, Patience};
