//! Stands where the HTTP client resolves names: a connection is opened to the addresses that were
//! checked, and to no other.

use std::{error::Error, net::SocketAddr, sync::Arc};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::{
    Refusal, Resolver,
    broker::Allowed,
    resolver::{Resolution, localhost},
};

/// Resolves the one name of a destination and checks what comes back. Whoever changes the answer
/// after the check changes nothing: it is resolved once for each connection, and what was checked
/// is what is connected to.
#[derive(Clone)]
pub(crate) struct Guard {
    pub(crate) allowed: Allowed,
    pub(crate) resolver: Arc<dyn Resolver>,
}

impl Guard {
    /// Where the destination is, if it may be there.
    pub(crate) async fn look_up(
        &self,
        host: &str,
    ) -> Result<Resolution, Box<dyn Error + Send + Sync>> {
        let resolution = if self.allowed.destination.is_localhost() {
            localhost()
        } else {
            self.resolver.resolve(host).await?
        };
        self.allowed.check_resolution(&resolution)?;
        Ok(resolution)
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let resolution = guard.look_up(name.as_str()).await?;
            // The client puts the port of the destination in place of 0.
            let addresses = resolution.addresses.into_iter().map(|ip| SocketAddr::new(ip, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

/// The refusal among the causes of an error of the client.
pub(crate) fn refusal_in(error: &(dyn Error + 'static)) -> Option<Refusal> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(refusal) = error.downcast_ref::<Refusal>() {
            return Some(refusal.clone());
        }
        cause = error.source();
    }
    None
}
