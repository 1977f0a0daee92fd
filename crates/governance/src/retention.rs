//! Removes what is older than its term, a bounded number at a time.

use std::{sync::Arc, time::Duration};

use domain::{Caller, Clock, RetentionClass, Term};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{
    Access, Action, AuditFact, ProtectionError, Subject, Trail,
    ports::{Expired, ProtectionStore},
};

/// Rows of one transaction: other writes wait for no more than these.
const BATCH: u32 = 100;

/// A term is a number of days: an hour more does not matter.
const LOOK_EVERY: Duration = Duration::from_hours(1);

const DAY_SECONDS: i64 = 86_400;

/// What [`Retention`] is made of.
pub struct RetentionParts {
    pub store: Arc<dyn ProtectionStore>,
    pub access: Access,
    pub trail: Trail,
    pub clock: Arc<dyn Clock>,
    /// Of the classes that have one; others are kept.
    pub terms: Vec<Term>,
}

/// Removes what is older than its term.
pub struct Retention {
    store: Arc<dyn ProtectionStore>,
    access: Access,
    trail: Trail,
    clock: Arc<dyn Clock>,
    terms: Vec<Term>,
}

impl Retention {
    pub fn new(parts: RetentionParts) -> Self {
        let RetentionParts { store, access, trail, clock, terms } = parts;
        Self { store, access, trail, clock, terms }
    }

    /// Looks again and again, until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            match stop.run_until_cancelled(self.remove_expired()).await {
                None => return,
                Some(Ok(_)) => {}
                // The next look takes up what is left.
                Some(Err(error)) => tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "what is older than its term was not removed"
                ),
            }
            if stop.run_until_cancelled(sleep(LOOK_EVERY)).await.is_none() {
                return;
            }
        }
    }

    /// Removes everything that is older than its term now; how many rows of which class.
    pub async fn remove_expired(&self) -> Result<Vec<(RetentionClass, u64)>, ProtectionError> {
        let caller = self.access.operator().await.map_err(ProtectionError::from)?;
        let mut removed = Vec::new();
        for term in self.terms.iter().filter(|term| term.class().is_removed()) {
            let count = self.remove_class(&caller, *term).await?;
            if count > 0 {
                removed.push((term.class(), count));
            }
        }
        Ok(removed)
    }

    async fn remove_class(&self, caller: &Caller, term: Term) -> Result<u64, ProtectionError> {
        let before = self.clock.now().plus_seconds(-DAY_SECONDS * i64::from(term.days()));
        let (organisation, class) = (caller.organisation, term.class());
        let mut removed = 0;
        loop {
            let batch = Expired { organisation, class, before, count: BATCH };
            let count = self.store.expired(&batch).await?;
            if count == 0 {
                return Ok(removed);
            }
            let subject = Subject::Expired { class, count };
            let fact = AuditFact::ok(Action::RetentionRemove, *caller, subject);
            let audit = self.trail.entry(&fact).await?;
            // Something was held or used meanwhile: the next look counts anew.
            if !self.store.remove_expired(&Expired { count, ..batch }, &audit).await? {
                return Ok(removed);
            }
            removed += u64::from(count);
        }
    }
}
