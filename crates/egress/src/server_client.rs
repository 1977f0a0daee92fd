//! Asks a server of this platform for a person who typed its address.
//!
//! Not the way out of an installation: whoever types a command is a client of its server as a
//! browser is, and sends what is that person's to send. So no policy of the installation is asked
//! here, and no log told; the server that is asked does both. The key of the person goes to the one
//! address that was typed and nowhere else: there are no redirects, and nothing leaves the machine
//! in clear. A server never makes such a client.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::{
    Method, Response,
    header::{CONTENT_TYPE, RETRY_AFTER},
    redirect, retry,
};

use crate::{
    AddressError, Credentials, Destination, EgressError, client::authorised, destination::read,
};

/// What the longest answer may hold: a page of a list, or the text of a document.
const ANSWER_BYTES_MAX: usize = 128 << 20;

const CONNECT: Duration = Duration::from_secs(5);

const USER_AGENT: &str = concat!("galerne-cli/", env!("CARGO_PKG_VERSION"));

/// Reaches one server as one account. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct ServerClient {
    http: reqwest::Client,
    destination: Destination,
    /// Without a slash at its end.
    base: String,
    credentials: Credentials,
}

/// Why there is no client for an address.
#[derive(Debug, thiserror::Error)]
pub enum ServerClientError {
    #[error("{destination} is another machine, and the key would go there in clear")]
    Clear { destination: Destination },
    #[error(transparent)]
    Egress(#[from] EgressError),
}

/// What is done with what stands under a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Get,
    Post,
    Patch,
    Delete,
}

/// One request.
#[derive(Clone, Debug)]
pub struct ServerRequest {
    pub verb: Verb,
    /// From the slash on, with what is asked behind it.
    pub path: String,
    /// With its type.
    pub body: Option<(String, Bytes)>,
    /// From the call to the last byte of the answer.
    pub deadline: Duration,
}

/// What came back, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAnswer {
    pub status: u16,
    /// When to come back, where it says so.
    pub retry_after_seconds: Option<u64>,
    pub body: Bytes,
}

impl ServerClient {
    /// A client of the server at this address, which may have a path. `key`: of an account there.
    pub fn new(address: &str, key: &str) -> Result<Self, ServerClientError> {
        let wrong = |source: AddressError| EgressError::Address { source };
        let (_, destination) = read(address).map_err(wrong)?;
        if !destination.is_encrypted() && !destination.is_this_machine() {
            return Err(ServerClientError::Clear { destination });
        }
        let http = build(&destination);
        let http = http.map_err(|error| EgressError::SetUp { source: error.into() })?;
        let credentials = Credentials::new(&format!("Bearer {key}"))?;
        let base = address.trim_end_matches('/').to_owned();
        Ok(Self { http, destination, base, credentials })
    }

    pub async fn ask(&self, request: ServerRequest) -> Result<ServerAnswer, EgressError> {
        let ServerRequest { verb, path, body, deadline } = request;
        let address = format!("{}{path}", self.base);
        let (url, _) = read(&address).map_err(|source| EgressError::Address { source })?;
        let asked = self.http.request(method(verb), url).timeout(deadline);
        let asked = match body {
            Some((kind, bytes)) => asked.header(CONTENT_TYPE, kind).body(bytes),
            None => asked,
        };
        let failed = |error| EgressError::of(&self.destination, deadline, error);
        let sent = authorised(asked, Some(&self.credentials)).send();
        let mut response = sent.await.map_err(failed)?;
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                let destination = self.destination.clone();
                return Err(EgressError::TooLong { destination, bytes_max: ANSWER_BYTES_MAX });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(ServerAnswer {
            status: response.status().as_u16(),
            retry_after_seconds: retry_after(&response),
            body: body.freeze(),
        })
    }
}

fn method(verb: Verb) -> Method {
    match verb {
        Verb::Get => Method::GET,
        Verb::Post => Method::POST,
        Verb::Patch => Method::PATCH,
        Verb::Delete => Method::DELETE,
    }
}

fn retry_after(response: &Response) -> Option<u64> {
    response.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok()
}

#[expect(clippy::disallowed_methods, reason = "it reaches what a person typed, and nothing else")]
fn build(destination: &Destination) -> reqwest::Result<reqwest::Client> {
    let client = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .http1_only()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .no_proxy()
        .connect_timeout(CONNECT);
    if destination.is_encrypted() {
        return client.build();
    }
    // A machine without any certificate authority must not stand in the way of plain HTTP.
    client.tls_certs_only([]).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_leaves_the_machine_under_encryption_alone() {
        let check = |address: &str, expected: &str| {
            let made = ServerClient::new(address, "key");
            let told = made.map_or_else(|error| error.to_string(), |client| client.base);
            assert_eq!(told, expected, "{address}");
        };
        check("http://127.0.0.1:8080/", "http://127.0.0.1:8080");
        check("http://[::1]:8080", "http://[::1]:8080");
        check("http://localhost:8080/", "http://localhost:8080");
        let clear = "http://ai.example.org is another machine, and the key would go there in clear";
        check("http://ai.example.org", clear);
        check("ai.example.org", "that cannot be asked");
    }

    #[test]
    fn nobody_is_told_of_the_key() {
        let client = ServerClient::new("http://127.0.0.1:1", "the-key").unwrap();
        assert!(!format!("{client:?}").contains("the-key"));
        assert!(ServerClient::new("http://127.0.0.1:1", "two\nlines").is_err());
    }
}
