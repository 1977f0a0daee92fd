//! Has the index forget what was erased, so that an erasure can be certified.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::OrganisationId;
use governance::ports::{DerivedContent, StoreError};
use roaring::RoaringTreemap;
use tokio::time::timeout;

use crate::{Index, IndexError, KnowledgeError, ports::LibraryStore};

/// As long as the index of one organisation may take to be written anew.
const DEADLINE: Duration = Duration::from_mins(10);

/// What a [`Forgetting`] is made of.
pub struct ForgettingParts {
    pub libraries: Arc<dyn LibraryStore>,
    pub index: Arc<dyn Index>,
}

/// Told when content was removed for good. Whoever reads documents of it has been stopped before.
pub struct Forgetting {
    libraries: Arc<dyn LibraryStore>,
    index: Arc<dyn Index>,
}

impl Forgetting {
    pub fn new(parts: ForgettingParts) -> Self {
        let ForgettingParts { libraries, index } = parts;
        Self { libraries, index }
    }

    async fn try_forget(&self, organisation: OrganisationId) -> Result<(), KnowledgeError> {
        // In this order: whatever has a key up to this one is among the others, or gone.
        let up_to = self.libraries.highest_key().await?;
        let live = self.libraries.live(organisation).await?;
        let live: RoaringTreemap = live.into_iter().map(|key| key.0).collect();
        let asked = timeout(DEADLINE, self.index.forget(organisation, &live, up_to)).await;
        Ok(asked.map_err(|_| IndexError::Late { seconds: DEADLINE.as_secs() })??)
    }
}

#[async_trait]
impl DerivedContent for Forgetting {
    async fn forget(&self, organisation: OrganisationId) -> Result<(), StoreError> {
        self.try_forget(organisation).await.map_err(|error| StoreError {
            action: "remove it from the index",
            is_locked: error.code() == "encryption.locked",
            source: Box::new(error),
        })
    }
}
