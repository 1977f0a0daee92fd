//! Finds out where a name leads.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use async_trait::async_trait;
use hickory_resolver::{
    Resolver as HickoryResolver, TokioResolver,
    config::{NameServerConfig, ResolverConfig},
    net::{NetError, runtime::TokioRuntimeProvider},
    proto::rr::RData,
};

/// Finds out where a name leads.
#[async_trait]
pub trait Resolver: Send + Sync + 'static {
    /// Everything about the name: not only its addresses.
    async fn resolve(&self, host: &str) -> Result<Resolution, ResolveError>;
}

/// Where a name leads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolution {
    /// The names on the way there (CNAME), the first one included.
    pub names: Vec<String>,
    pub addresses: Vec<IpAddr>,
}

/// A name leads nowhere, or nobody says where.
#[derive(Debug, thiserror::Error)]
#[error("`{host}` was not resolved")]
pub struct ResolveError {
    pub host: String,
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// Asks the name servers of the machine, as `/etc/resolv.conf` and `/etc/hosts` say at that moment.
///
/// The resolver of the C library would be asked more simply, but it tells addresses alone, and a
/// name that leads to a hyperscaler is told by the names in between.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver {
    /// Asked instead of those of the machine.
    server: Option<SocketAddr>,
}

/// For one question to one server; a connection waits for three seconds.
const TIMEOUT: Duration = Duration::from_millis(1400);

impl SystemResolver {
    /// Asks one server, over UDP and TCP.
    pub const fn of_server(server: SocketAddr) -> Self {
        Self { server: Some(server) }
    }

    /// Nothing is kept from one look-up to the next: machines move between networks, and whoever
    /// resolves seldom has no use for a cache.
    fn build(self) -> Result<TokioResolver, NetError> {
        let mut builder = match self.server {
            None => TokioResolver::builder_tokio()?,
            Some(server) => HickoryResolver::builder_with_config(
                config(server),
                TokioRuntimeProvider::default(),
            ),
        };
        let options = builder.options_mut();
        (options.timeout, options.attempts) = (TIMEOUT, 2);
        builder.build()
    }
}

fn config(server: SocketAddr) -> ResolverConfig {
    let mut servers = NameServerConfig::udp_and_tcp(server.ip());
    for connection in &mut servers.connections {
        connection.port = server.port();
    }
    ResolverConfig::from_parts(None, Vec::new(), vec![servers])
}

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, host: &str) -> Result<Resolution, ResolveError> {
        let failed = |error: NetError| ResolveError { host: host.to_owned(), source: error.into() };
        let resolver = self.build().map_err(failed)?;
        let found = resolver.lookup_ip(host).await.map_err(failed)?;
        let mut resolution = Resolution { names: vec![host.to_owned()], addresses: Vec::new() };
        for record in found.as_lookup().answers() {
            resolution.names.push(record.name.to_ascii());
            match &record.data {
                RData::A(address) => resolution.addresses.push(IpAddr::V4(address.0)),
                RData::AAAA(address) => resolution.addresses.push(IpAddr::V6(address.0)),
                RData::CNAME(target) => resolution.names.push(target.0.to_ascii()),
                _ => {}
            }
        }
        resolution.names.sort();
        resolution.names.dedup();
        Ok(resolution)
    }
}

/// `localhost` means this machine, and nobody is asked about it (RFC 6761).
pub(crate) fn localhost() -> Resolution {
    let addresses = vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    Resolution { names: vec!["localhost".to_owned()], addresses }
}
