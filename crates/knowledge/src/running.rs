//! The versions that this process reads, and how somebody stops those of an account.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use domain::{AccountId, OrganisationId};
use governance::ports::RunningTurns;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{VersionKey, Visitor, ports::Claim};

/// Known to whoever reads documents, to whoever ends that, and to whoever erases people. Cheap to
/// clone.
#[derive(Clone, Default)]
pub struct RunningReadings {
    // A lock and not a task: nothing waits while it is held.
    known: Arc<Mutex<Known>>,
    /// Told when something is to be stopped.
    stopped: Arc<Notify>,
}

#[derive(Default)]
struct Known {
    read: BTreeMap<VersionKey, Read>,
    /// Those that are erased: nothing of them is begun any more.
    barred: BTreeSet<Visitor>,
}

#[derive(Clone)]
struct Read {
    /// The owner of the library, and whoever added the document.
    parties: [Option<Visitor>; 2],
    stop: CancellationToken,
    ended: CancellationToken,
}

/// One version that is read, until this is dropped.
pub(crate) struct Underway {
    key: VersionKey,
    all: RunningReadings,
    stop: CancellationToken,
    ended: CancellationToken,
}

impl RunningReadings {
    /// `None` if an account that has to do with it is erased.
    pub(crate) fn begin(&self, claim: &Claim, stopping: &CancellationToken) -> Option<Underway> {
        let (stop, ended) = (stopping.child_token(), CancellationToken::new());
        let organisation = claim.organisation;
        let party = |account: Option<AccountId>| Some(Visitor { organisation, account: account? });
        let parties = [party(claim.owner), party(claim.added_by)];
        let mut known = self.known();
        if parties.iter().flatten().any(|party| known.barred.contains(party)) {
            return None;
        }
        let read = Read { parties, stop: stop.clone(), ended: ended.clone() };
        known.read.insert(claim.key, read);
        drop(known);
        Some(Underway { key: claim.key, all: self.clone(), stop, ended })
    }

    /// Which versions are being read.
    pub(crate) fn keys(&self) -> Vec<VersionKey> {
        self.known().read.keys().copied().collect()
    }

    /// Has one left where it stands.
    pub(crate) fn stop(&self, key: VersionKey) {
        if let Some(read) = self.known().read.get(&key) {
            read.stop.cancel();
        }
        self.stopped.notify_one();
    }

    /// Returns soon after something is to be stopped.
    pub(crate) async fn stops(&self) {
        self.stopped.notified().await;
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Underway {
    pub(crate) const fn key(&self) -> VersionKey {
        self.key
    }

    /// Told when it is to be left at once.
    pub(crate) const fn stop(&self) -> &CancellationToken {
        &self.stop
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.all.known().read.remove(&self.key);
        self.ended.cancel();
    }
}

#[async_trait]
impl RunningTurns for RunningReadings {
    async fn stop_all(&self, organisation: OrganisationId, account: AccountId) {
        let visitor = Visitor { organisation, account };
        let of_account: Vec<Read> = {
            let mut known = self.known();
            known.barred.insert(visitor);
            let is_party = |read: &&Read| read.parties.contains(&Some(visitor));
            known.read.values().filter(is_party).cloned().collect()
        };
        for read in &of_account {
            read.stop.cancel();
        }
        self.stopped.notify_one();
        for read in of_account {
            read.ended.cancelled().await;
        }
    }
}
