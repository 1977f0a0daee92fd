//! The jobs that this process plays, and how somebody stops those of an account.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use domain::{AccountId, BatchJobId, OrganisationId};
use governance::ports::RunningTurns;
use tokio_util::sync::CancellationToken;

use crate::Owner;

/// Known to whoever plays jobs and to whoever erases people. Cheap to clone.
#[derive(Clone, Default)]
pub struct RunningJobs {
    // A lock and not a task: nothing waits while it is held.
    played: Arc<Mutex<BTreeMap<BatchJobId, Played>>>,
}

#[derive(Clone)]
struct Played {
    owner: Owner,
    stop: CancellationToken,
    ended: CancellationToken,
}

/// One job that is played, until this is dropped.
pub(crate) struct Playing {
    id: BatchJobId,
    all: RunningJobs,
    stop: CancellationToken,
    ended: CancellationToken,
}

impl RunningJobs {
    pub(crate) fn begin(
        &self,
        id: BatchJobId,
        owner: Owner,
        stopping: &CancellationToken,
    ) -> Playing {
        let (stop, ended) = (stopping.child_token(), CancellationToken::new());
        let played = Played { owner, stop: stop.clone(), ended: ended.clone() };
        self.played().insert(id, played);
        Playing { id, all: self.clone(), stop, ended }
    }

    pub(crate) fn ids(&self) -> Vec<BatchJobId> {
        self.played().keys().copied().collect()
    }

    fn played(&self) -> MutexGuard<'_, BTreeMap<BatchJobId, Played>> {
        self.played.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Playing {
    /// When it is to be left for later.
    pub(crate) const fn stop(&self) -> &CancellationToken {
        &self.stop
    }
}

impl Drop for Playing {
    fn drop(&mut self) {
        self.all.played().remove(&self.id);
        self.ended.cancel();
    }
}

#[async_trait]
impl RunningTurns for RunningJobs {
    async fn stop_all(&self, organisation: OrganisationId, account: AccountId) {
        let owner = Owner { organisation, account };
        let of_owner: Vec<_> =
            self.played().values().filter(|played| played.owner == owner).cloned().collect();
        for played in &of_owner {
            played.stop.cancel();
        }
        for played in of_owner {
            played.ended.cancelled().await;
        }
    }
}
