//! Why a request has no answer.

use std::time::Duration;

use crate::{AddressError, Destination, NotRecorded, Refusal, guard::refusal_in};

/// Why a request has no answer. An answer with an error status is an answer.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    #[error("the client cannot be set up")]
    SetUp { source: Box<dyn std::error::Error + Send + Sync> },
    #[error("that cannot be asked")]
    Address { source: AddressError },
    #[error("the credentials cannot stand in a header")]
    Credentials { source: Box<dyn std::error::Error + Send + Sync> },
    /// Nothing was sent, and no name was resolved.
    #[error("the settings do not name {destination}, so it is not reached")]
    Denied { destination: Destination },
    /// Nothing was sent. The settings name it, but policy or address forbid it.
    #[error("{destination} is not reached: {refusal}")]
    Refused { destination: Destination, refusal: Refusal },
    /// Nothing was sent.
    #[error("nothing is sent that the audit log does not tell")]
    NotRecorded { source: NotRecorded },
    /// The request was not sent: no such name, nobody there, or nobody to be trusted.
    #[error("{destination} cannot be reached")]
    Unreachable { destination: Destination, source: Box<dyn std::error::Error + Send + Sync> },
    /// The request may have been received.
    #[error("{destination} did not answer within {} ms", deadline.as_millis())]
    TimedOut { destination: Destination, deadline: Duration },
    /// The request may have been received.
    #[error("{destination} did not give a whole answer")]
    Broken { destination: Destination, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("the answer of {destination} is longer than {bytes_max} bytes")]
    TooLong { destination: Destination, bytes_max: usize },
}

impl EgressError {
    pub(crate) fn of(destination: &Destination, deadline: Duration, error: reqwest::Error) -> Self {
        let destination = destination.clone();
        if let Some(refusal) = refusal_in(&error) {
            return Self::Refused { destination, refusal };
        }
        // The address may hold what is nobody's business in a log.
        let error = error.without_url();
        if error.is_connect() {
            return Self::Unreachable { destination, source: error.into() };
        }
        if error.is_timeout() {
            return Self::TimedOut { destination, deadline };
        }
        Self::Broken { destination, source: error.into() }
    }
}
