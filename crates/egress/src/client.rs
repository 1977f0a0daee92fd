//! Sends one request and reads one answer.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use reqwest::{RequestBuilder, Response, Url, header::CONTENT_TYPE, redirect, retry};

use crate::{Destination, EgressError, destination};

/// What the longest answer may hold, its head not counted.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

const USER_AGENT: &str = concat!("galerne/", env!("CARGO_PKG_VERSION"));

/// Reaches the destinations that it was made with. Clones share their connections.
#[derive(Clone, Debug)]
pub struct EgressClient {
    http: reqwest::Client,
    allowed: Arc<[Destination]>,
    deadlines: Deadlines,
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// To resolve the name, connect and agree on encryption.
    pub connect: Duration,
    /// From the call to the last byte of the answer.
    pub whole: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { connect: Duration::from_secs(3), whole: Duration::from_secs(10) }
    }
}

/// What came back, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// As it was sent, `None` if it is missing or not text.
    pub content_type: Option<String>,
    pub body: Bytes,
}

impl EgressClient {
    /// A client for these destinations. Reads the certificate authorities of the machine, if one
    /// of the destinations is encrypted.
    pub fn new(allowed: impl IntoIterator<Item = Destination>) -> Result<Self, EgressError> {
        Self::with_deadlines(allowed, Deadlines::default())
    }

    /// A client that waits for other times than the usual ones.
    pub fn with_deadlines(
        allowed: impl IntoIterator<Item = Destination>,
        deadlines: Deadlines,
    ) -> Result<Self, EgressError> {
        let allowed: Arc<[Destination]> = allowed.into_iter().collect();
        let http = build(&allowed, deadlines)
            .map_err(|error| EgressError::SetUp { source: error.into() })?;
        Ok(Self { http, allowed, deadlines })
    }

    /// Fetches `address`.
    pub async fn get(&self, address: &str) -> Result<Answer, EgressError> {
        let (url, destination) = self.allow(address)?;
        self.ask(&destination, self.http.get(url)).await
    }

    /// Sends `body` to `address`.
    pub async fn post(
        &self,
        address: &str,
        content_type: &str,
        body: impl Into<Bytes>,
    ) -> Result<Answer, EgressError> {
        let (url, destination) = self.allow(address)?;
        let request = self.http.post(url).header(CONTENT_TYPE, content_type);
        self.ask(&destination, request.body(body.into())).await
    }

    /// Decides before anything is done about the address, the look-up of its name included.
    fn allow(&self, address: &str) -> Result<(Url, Destination), EgressError> {
        let (url, destination) =
            destination::read(address).map_err(|source| EgressError::Address { source })?;
        if self.allowed.contains(&destination) {
            return Ok((url, destination));
        }
        tracing::warn!(%destination, "refused to reach a destination that the settings do not name");
        Err(EgressError::Denied { destination })
    }

    async fn ask(
        &self,
        destination: &Destination,
        request: RequestBuilder,
    ) -> Result<Answer, EgressError> {
        let failed = |error| EgressError::of(destination, self.deadlines.whole, error);
        let mut response = request.send().await.map_err(failed)?;
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                let destination = destination.clone();
                return Err(EgressError::TooLong { destination, bytes_max: ANSWER_BYTES_MAX });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status: response.status().as_u16(),
            content_type: content_type(&response),
            body: body.freeze(),
        })
    }
}

fn content_type(response: &Response) -> Option<String> {
    let value = response.headers().get(CONTENT_TYPE)?;
    value.to_str().ok().map(str::to_owned)
}

#[expect(clippy::disallowed_methods, reason = "this is the one client that the others stand on")]
fn build(allowed: &[Destination], deadlines: Deadlines) -> reqwest::Result<reqwest::Client> {
    let client = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .http1_only()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .no_proxy()
        .connect_timeout(deadlines.connect)
        .timeout(deadlines.whole);
    if allowed.iter().any(Destination::is_encrypted) {
        return client.build();
    }
    // A machine without any certificate authority must not stand in the way of plain HTTP.
    client.tls_certs_only([]).build()
}
