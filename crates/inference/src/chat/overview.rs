//! How upstreams are, who would be asked now, and what share runs where.

use domain::{Caller, ModelId, ProjectId, Timestamp};

use super::Chat;
use crate::{Gateway, RouteState, UpstreamState, ports::LedgerError};

/// How far back shares look.
const DAYS: i64 = 30;
const MICROS_PER_DAY: i64 = 86_400_000_000;

/// Everything that is told of upstreams.
#[derive(Clone, Debug, Default)]
pub struct UpstreamOverview {
    pub upstreams: Vec<UpstreamState>,
    pub routes: Vec<RouteState>,
    pub shares: Vec<AnsweredShare>,
    /// Days that the shares are of.
    pub days: u32,
}

/// What one engine answered of the requests of a project for a model: those that it finished, and
/// those that the caller stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnsweredShare {
    pub project: ProjectId,
    pub model: ModelId,
    /// The id of an upstream; `None` for the engine of this server.
    pub upstream: Option<String>,
    /// Whether it runs on machines of the organisation that runs this installation.
    pub is_own: bool,
    pub requests: u64,
    pub tokens: u64,
}

impl Chat {
    /// For whoever may see how the installation is run. The shares are of the caller's organisation.
    pub async fn upstreams(&self, caller: &Caller) -> Result<UpstreamOverview, LedgerError> {
        let now = self.clock.now().as_micros();
        let since = Timestamp::from_micros(now.saturating_sub(DAYS * MICROS_PER_DAY));
        let shares = self.ledger.shares(caller.organisation, since).await?;
        let is_here = |model: &ModelId| self.engine.models().iter().any(|card| card.id == *model);
        Ok(UpstreamOverview {
            upstreams: self.gateway.iter().flat_map(Gateway::states).collect(),
            routes: self.gateway.iter().flat_map(|gateway| gateway.routes(is_here)).collect(),
            shares,
            days: u32::try_from(DAYS).unwrap_or(0),
        })
    }
}
