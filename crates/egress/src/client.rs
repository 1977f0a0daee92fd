//! Sends one request and reads one answer, whole or as it comes.

use std::{fmt, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use reqwest::{
    RequestBuilder, Response, Url,
    header::{AUTHORIZATION, CONTENT_TYPE},
    redirect, retry,
};

use crate::{
    Broker, Credentials, Destination, EgressError, Recorder, Refusal, Resolver,
    broker::Allowed,
    destination,
    guard::{Guard, refusal_in},
    journal::Journal,
    stream::Announced,
};

/// What the longest answer may hold, its head not counted.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

const USER_AGENT: &str = concat!("galerne/", env!("CARGO_PKG_VERSION"));

/// Reaches the destinations that its broker lets through. Clones share their connections.
#[derive(Clone)]
pub struct EgressClient {
    broker: Broker,
    /// One for each destination of the broker, in their order: a client resolves one name only.
    routes: Arc<[Route]>,
    journal: Journal,
    deadlines: Deadlines,
}

/// What a client is made of.
pub struct EgressParts {
    pub broker: Broker,
    pub resolver: Arc<dyn Resolver>,
    pub recorder: Arc<dyn Recorder>,
    pub deadlines: Deadlines,
}

/// The way to one destination.
struct Route {
    http: reqwest::Client,
    guard: Guard,
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
    /// A client for the destinations of the broker. Reads the certificate authorities of the
    /// machine, if one of the destinations is encrypted.
    pub fn new(parts: EgressParts) -> Result<Self, EgressError> {
        let EgressParts { broker, resolver, recorder, deadlines } = parts;
        let routes = broker.allowed().iter().map(|allowed| {
            let guard = Guard { allowed: allowed.clone(), resolver: Arc::clone(&resolver) };
            let http = build(&guard, deadlines)
                .map_err(|error| EgressError::SetUp { source: error.into() })?;
            Ok(Route { http, guard })
        });
        let routes = routes.collect::<Result<Vec<_>, EgressError>>()?.into();
        Ok(Self { broker, routes, journal: Journal::new(recorder), deadlines })
    }

    /// Whether every destination may be reached as it is now. Resolves their names and connects to
    /// none of them; a name that is not resolved may be so later, and is checked then.
    pub async fn examine(&self) -> Result<(), EgressError> {
        for Route { guard, .. } in &*self.routes {
            let allowed = &guard.allowed;
            let destination = &allowed.destination;
            self.checked(allowed).await?;
            let Some(name) = destination.name() else { continue };
            let Err(error) = guard.look_up(&name).await else { continue };
            if let Some(refusal) = refusal_in(error.as_ref()) {
                return Err(self.refuse(destination, refusal).await);
            }
            let error = error.as_ref() as &dyn std::error::Error;
            tracing::warn!(%destination, error, "a destination is not resolved yet");
        }
        Ok(())
    }

    /// Fetches `address`.
    pub async fn get(&self, address: &str) -> Result<Answer, EgressError> {
        let (url, route) = self.admit(address).await?;
        self.exchange(route, route.http.get(url)).await
    }

    /// Sends `body` to `address`.
    pub async fn post(
        &self,
        address: &str,
        content_type: &str,
        body: impl Into<Bytes>,
    ) -> Result<Answer, EgressError> {
        let (url, route) = self.admit(address).await?;
        let request = route.http.post(url).header(CONTENT_TYPE, content_type);
        self.exchange(route, request.body(body.into())).await
    }

    /// As [`EgressClient::post`], with what stands in `Authorization`: no log is told of it.
    pub async fn post_as(
        &self,
        address: &str,
        content_type: &str,
        body: impl Into<Bytes>,
        credentials: &str,
    ) -> Result<Answer, EgressError> {
        let (url, route) = self.admit(address).await?;
        let request = route.http.post(url).header(CONTENT_TYPE, content_type).body(body.into());
        let credentials = Credentials::new(credentials)?;
        self.exchange(route, authorised(request, Some(&credentials))).await
    }

    /// Whether the address may be reached, as far as it is known before its name is resolved.
    /// Nothing is done about it, and nobody is told.
    pub fn permits(&self, address: &str) -> Result<(), Refusal> {
        let Ok((_, destination)) = destination::read(address) else {
            return Err(Refusal::Undeclared);
        };
        self.route_to(&destination).ok_or(Refusal::Undeclared)?.guard.allowed.check()
    }

    /// Tells the log that something is about to be sent to `address`; durable when this returns.
    /// What goes there is sent with what is returned, once.
    pub async fn announce(&self, address: &str) -> Result<Announced, EgressError> {
        let (url, route) = self.admit(address).await?;
        let allowed = &route.guard.allowed;
        if !allowed.is_public() {
            let recorded = self.journal.before(&allowed.destination.to_string()).await;
            recorded.map_err(|source| EgressError::NotRecorded { source })?;
        }
        let (destination, http) = (allowed.destination.clone(), route.http.clone());
        Ok(Announced { client: self.clone(), destination, http, url })
    }

    /// Whether somebody answers at `address`: a GET without content, written down once a day.
    pub async fn probe(
        &self,
        address: &str,
        credentials: Option<&Credentials>,
    ) -> Result<u16, EgressError> {
        let (url, route) = self.admit(address).await?;
        let destination = &route.guard.allowed.destination;
        let request = authorised(route.http.get(url), credentials);
        let answer = match self.ask(destination, request).await {
            Ok(answer) => answer.status,
            // Somebody answered, at length.
            Err(EgressError::TooLong { .. }) => 200,
            Err(EgressError::Refused { destination, refusal }) => {
                return Err(self.refuse(&destination, refusal).await);
            }
            Err(error) => return Err(error),
        };
        self.journal.after(&destination.to_string()).await;
        Ok(answer)
    }

    fn route_to(&self, destination: &Destination) -> Option<&Route> {
        self.routes.iter().find(|route| route.guard.allowed.destination == *destination)
    }

    /// Decides before anything is done about the address, the look-up of its name included.
    async fn admit(&self, address: &str) -> Result<(Url, &Route), EgressError> {
        let code = Refusal::Undeclared.code();
        let (url, destination) = match destination::read(address) {
            Ok(read) => read,
            Err(source) => {
                self.journal.refused_unknown(code).await;
                return Err(EgressError::Address { source });
            }
        };
        let Some(route) = self.route_to(&destination) else {
            tracing::warn!(%destination, code, "refused to reach what the settings do not name");
            self.journal.refused_unknown(code).await;
            return Err(EgressError::Denied { destination });
        };
        self.checked(&route.guard.allowed).await?;
        Ok((url, route))
    }

    async fn checked(&self, allowed: &Allowed) -> Result<(), EgressError> {
        match allowed.check() {
            Ok(()) => Ok(()),
            Err(refusal) => Err(self.refuse(&allowed.destination, refusal).await),
        }
    }

    pub(crate) async fn refuse(&self, destination: &Destination, refusal: Refusal) -> EgressError {
        tracing::warn!(%destination, code = refusal.code(), "refused to reach it: {refusal}");
        self.journal.refused(&destination.to_string(), refusal.code()).await;
        EgressError::Refused { destination: destination.clone(), refusal }
    }

    async fn exchange(
        &self,
        route: &Route,
        request: RequestBuilder,
    ) -> Result<Answer, EgressError> {
        let allowed = &route.guard.allowed;
        let destination = &allowed.destination;
        let party = destination.to_string();
        if !allowed.is_public() {
            let recorded = self.journal.before(&party).await;
            recorded.map_err(|source| EgressError::NotRecorded { source })?;
        }
        let answer = self.ask(destination, request).await;
        if let Err(EgressError::Refused { destination, refusal }) = answer {
            return Err(self.refuse(&destination, refusal).await);
        }
        if allowed.is_public() && answer.is_ok() {
            self.journal.after(&party).await;
        }
        answer
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

impl fmt::Debug for EgressClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("EgressClient").field("broker", &self.broker).finish_non_exhaustive()
    }
}

pub(crate) fn authorised(
    request: RequestBuilder,
    credentials: Option<&Credentials>,
) -> RequestBuilder {
    match credentials {
        Some(credentials) => request.header(AUTHORIZATION, credentials.header()),
        None => request,
    }
}

pub(crate) fn content_type(response: &Response) -> Option<String> {
    let value = response.headers().get(CONTENT_TYPE)?;
    value.to_str().ok().map(str::to_owned)
}

#[expect(clippy::disallowed_methods, reason = "this is the one client that the others stand on")]
fn build(guard: &Guard, deadlines: Deadlines) -> reqwest::Result<reqwest::Client> {
    let client = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .http1_only()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .no_proxy()
        .dns_resolver(guard.clone())
        .connect_timeout(deadlines.connect)
        .timeout(deadlines.whole);
    if guard.allowed.destination.is_encrypted() {
        return client.build();
    }
    // A machine without any certificate authority must not stand in the way of plain HTTP.
    client.tls_certs_only([]).build()
}
