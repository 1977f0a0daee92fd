//! Has what is lost from the index put there again, and begins an index anew that cannot be read.

use std::time::Duration;

use domain::{Caller, OrganisationId};
use governance::{Action, AuditFact, Subject};
use roaring::RoaringTreemap;
use tokio::time::timeout;

use super::Search;
use crate::{IndexError, KnowledgeError, VersionKey};

/// As long as the index of one organisation may take to be read or removed as a whole.
const DEADLINE: Duration = Duration::from_mins(10);

/// What was put while everything was removed may be half there.
const TRIES_MAX: usize = 3;

/// Other writes wait for no more than these.
const VERSIONS_A_TIME: usize = 500;

impl Search {
    /// Has all documents of the organisation read anew that the index has lost. Where it cannot be
    /// read, it is begun anew first: until then nothing is found in it anyway.
    ///
    /// Killed at any moment, it does the rest when it is called again: what is lost follows from
    /// the index and the store alone.
    pub async fn reindex(&self, caller: &Caller) -> Result<(), KnowledgeError> {
        let fact = AuditFact::ok(Action::LibraryReindex, *caller, Subject::Nothing);
        self.trail.record(&fact).await?;
        let organisation = caller.organisation;
        for _ in 0..TRIES_MAX {
            let checked = timeout(DEADLINE, self.index.check(organisation)).await;
            match checked.unwrap_or_else(|_| Err(late())) {
                Ok(indexed) => return self.read_anew(organisation, &indexed).await,
                Err(IndexError::Damaged { object, .. }) => {
                    tracing::warn!(%organisation, object, "an index is damaged and is begun anew");
                }
                Err(error) => return Err(error.into()),
            }
            let removed = timeout(DEADLINE, self.index.remove_all(organisation)).await;
            removed.unwrap_or_else(|_| Err(late()))?;
        }
        Err(IndexError::Busy.into())
    }

    async fn read_anew(
        &self,
        organisation: OrganisationId,
        indexed: &RoaringTreemap,
    ) -> Result<(), KnowledgeError> {
        let mut lost: Vec<VersionKey> = self.store.live(organisation).await?;
        lost.retain(|key| !indexed.contains(key.0));
        let at = self.clock.now();
        for versions in lost.chunks(VERSIONS_A_TIME) {
            self.store.read_anew(organisation, versions, at).await?;
        }
        Ok(())
    }
}

const fn late() -> IndexError {
    IndexError::Late { seconds: DEADLINE.as_secs() }
}
