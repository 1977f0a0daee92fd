//! Traces in memory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use domain::{Caller, TraceId};
use governance::{
    AuditEntry,
    ports::{AuditStore, StoreError},
};
use knowledge::{Trace, ports::TraceStore};

use crate::MemoryStore;

/// Forgets everything when the last clone is dropped. Entries go to the store beside it.
#[derive(Clone, Debug)]
pub struct MemoryTraces {
    store: MemoryStore,
    // A lock and not a task: nothing waits while it is held.
    kept: Arc<Mutex<Vec<Trace>>>,
}

impl MemoryTraces {
    pub fn beside(store: MemoryStore) -> Self {
        Self { store, kept: Arc::default() }
    }

    /// All traces of all accounts, in order.
    pub fn all(&self) -> Vec<Trace> {
        self.kept().clone()
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Trace>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl TraceStore for MemoryTraces {
    async fn keep(&self, trace: &Trace, audit: &AuditEntry) -> Result<(), StoreError> {
        // It refuses an entry before anything is kept.
        self.store.append(audit).await?;
        self.kept().push(trace.clone());
        Ok(())
    }

    async fn find(&self, caller: &Caller, id: TraceId) -> Result<Option<Trace>, StoreError> {
        let is_asked = |trace: &&Trace| {
            trace.id == id
                && trace.organisation == caller.organisation
                && trace.account == caller.account
        };
        Ok(self.kept().iter().find(is_asked).cloned())
    }
}
