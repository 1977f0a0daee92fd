//! Versions that cannot be opened, as after a repair of the file: they must not keep all others.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use knowledge::VersionKey;

use crate::failure::Failure;

/// Each is told once, and tried again by the next process. Cheap to clone.
#[derive(Clone, Default)]
pub(in crate::library) struct PassedOver {
    // A lock and not a task: nothing waits while it is held.
    keys: Arc<Mutex<BTreeSet<VersionKey>>>,
}

impl PassedOver {
    pub(super) fn add(&self, key: VersionKey, error: &Failure) {
        if self.keys().insert(key) {
            tracing::error!(
                key = key.0,
                error = error as &dyn std::error::Error,
                "a version cannot be opened, and is passed over"
            );
        }
    }

    pub(super) fn and(&self, others: &[VersionKey]) -> Vec<VersionKey> {
        self.keys().iter().chain(others).copied().collect()
    }

    fn keys(&self) -> MutexGuard<'_, BTreeSet<VersionKey>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
