//! Who reads the limits of an organisation or changes them: one at a time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use domain::OrganisationId;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// One lock for each organisation, so that nobody waits for the rows of another.
#[derive(Debug, Default)]
pub(super) struct Readings {
    // Held while a lock is looked up; nothing waits then.
    locks: Mutex<HashMap<OrganisationId, Arc<AsyncMutex<()>>>>,
}

impl Readings {
    pub(super) async fn lock(&self, organisation: OrganisationId) -> OwnedMutexGuard<()> {
        self.of(organisation).lock_owned().await
    }

    /// `None` while somebody reads or changes them.
    pub(super) fn try_lock(&self, organisation: OrganisationId) -> Option<OwnedMutexGuard<()>> {
        self.of(organisation).try_lock_owned().ok()
    }

    fn of(&self, organisation: OrganisationId) -> Arc<AsyncMutex<()>> {
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(locks.entry(organisation).or_default())
    }
}
