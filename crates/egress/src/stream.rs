//! One request whose answer is read as it comes: an answer of a model takes minutes, and pauses.

use std::{fmt, time::Duration};

use bytes::Bytes;
use reqwest::{
    Response, Url,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use tokio::time::timeout;

use crate::{
    Credentials, Destination, EgressClient, EgressError,
    client::{authorised, content_type},
};

/// Something that may be sent once: the log tells of it.
pub struct Announced {
    pub(crate) client: EgressClient,
    pub(crate) destination: Destination,
    pub(crate) http: reqwest::Client,
    pub(crate) url: Url,
}

/// What is sent.
#[derive(Clone)]
pub struct Outgoing {
    pub content_type: &'static str,
    pub body: Bytes,
    pub credentials: Option<Credentials>,
    pub patience: Patience,
}

/// How long is waited, and for how much.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// From the call to the head of the answer.
    pub head: Duration,
    /// Between two pieces of its body.
    pub pause: Duration,
    /// From the call to the last byte.
    pub whole: Duration,
    /// Of the whole body.
    pub bytes_max: usize,
}

/// An answer whose head has come.
pub struct Incoming {
    client: EgressClient,
    destination: Destination,
    response: Response,
    patience: Patience,
    bytes: usize,
}

impl Announced {
    /// Returns when the head of the answer has come. An answer with an error status is an answer;
    /// dropping it ends the exchange.
    pub async fn send(self, outgoing: Outgoing) -> Result<Incoming, EgressError> {
        let Self { client, destination, http, url } = self;
        let Outgoing { content_type, body, credentials, patience } = outgoing;
        let request = http.post(url).header(CONTENT_TYPE, content_type).body(body);
        let request = authorised(request, credentials.as_ref()).timeout(patience.whole);
        let Ok(sent) = timeout(patience.head, request.send()).await else {
            return Err(EgressError::TimedOut { destination, deadline: patience.head });
        };
        match sent {
            Ok(response) => Ok(Incoming { client, destination, response, patience, bytes: 0 }),
            Err(error) => Err(told(&client, &destination, patience.whole, error).await),
        }
    }
}

impl Incoming {
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// As it was sent, `None` if it is missing or not text.
    pub fn content_type(&self) -> Option<String> {
        content_type(&self.response)
    }

    /// Seconds that the other end asks to wait, if it says so in seconds.
    pub fn retry_after_seconds(&self) -> Option<u32> {
        self.response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
    }

    /// The next bytes; `None` after the last.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, EgressError> {
        let Self { client, destination, response, patience, bytes } = self;
        let Ok(chunk) = timeout(patience.pause, response.chunk()).await else {
            let destination = destination.clone();
            return Err(EgressError::TimedOut { destination, deadline: patience.pause });
        };
        match chunk {
            Ok(Some(chunk)) => {
                *bytes = bytes.saturating_add(chunk.len());
                if *bytes > patience.bytes_max {
                    let (destination, bytes_max) = (destination.clone(), patience.bytes_max);
                    return Err(EgressError::TooLong { destination, bytes_max });
                }
                Ok(Some(chunk))
            }
            Ok(None) => Ok(None),
            Err(error) => Err(told(client, destination, patience.whole, error).await),
        }
    }
}

/// The same error; a refusal that came up on the way is written down.
async fn told(
    client: &EgressClient,
    destination: &Destination,
    deadline: Duration,
    error: reqwest::Error,
) -> EgressError {
    match EgressError::of(destination, deadline, error) {
        EgressError::Refused { destination, refusal } => client.refuse(&destination, refusal).await,
        error => error,
    }
}

impl fmt::Debug for Announced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Announced").field("destination", &self.destination).finish_non_exhaustive()
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").field("destination", &self.destination).finish_non_exhaustive()
    }
}
