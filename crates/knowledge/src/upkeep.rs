//! Clears away what nobody may read any more: rows, bytes, and entries of the index.

use std::{sync::Arc, time::Duration};

use domain::OrganisationId;
use roaring::RoaringTreemap;
use tokio::time::{Instant, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    Index, IndexError, KnowledgeError,
    ports::{DocumentStore, LibraryStore},
};

/// From one search for what is left over to the next.
const CLEAN_EVERY: Duration = Duration::from_mins(1);

/// From one look at the segments of the index to the next.
const MAINTAIN_EVERY: Duration = Duration::from_mins(5);

/// An index that takes longer for one organisation is asked again later.
const DEADLINE: Duration = Duration::from_mins(10);

/// Rows that one transaction removes: other writes wait for no more than these.
const ROWS: u32 = 500;

/// What an [`Upkeep`] is made of.
pub struct UpkeepParts {
    pub libraries: Arc<dyn LibraryStore>,
    pub documents: Arc<dyn DocumentStore>,
    pub index: Arc<dyn Index>,
}

/// Clears away.
pub struct Upkeep {
    libraries: Arc<dyn LibraryStore>,
    documents: Arc<dyn DocumentStore>,
    index: Arc<dyn Index>,
}

impl Upkeep {
    pub fn new(parts: UpkeepParts) -> Self {
        let UpkeepParts { libraries, documents, index } = parts;
        Self { libraries, documents, index }
    }

    /// Looks again and again, until `stop`. In one process at a time.
    pub async fn run(self, stop: CancellationToken) {
        // What an earlier process left behind is looked for until that went well once.
        let mut all = true;
        let (mut cleaning, mut maintaining) = (interval(CLEAN_EVERY), interval(MAINTAIN_EVERY));
        maintaining.reset_at(Instant::now() + CLEAN_EVERY);
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => {}
                _ = cleaning.tick() => {
                    // Of a million documents it takes minutes; a later process goes on with it.
                    if let Some(done) = stop.run_until_cancelled(self.clean_up(all)).await {
                        all = !told(done) && all;
                    }
                }
                _ = maintaining.tick() => {
                    stop.run_until_cancelled(self.maintain_all()).await;
                }
            }
        }
    }

    /// Removes rows of libraries that were deleted, and bytes of which there is no row. `all`: what
    /// an earlier process left behind too.
    pub async fn clean_up(&self, all: bool) -> Result<(), KnowledgeError> {
        while self.libraries.discard(ROWS).await? {}
        let removed = self.documents.clean_up(all).await?;
        if removed > 0 {
            tracing::info!(removed, "removed the bytes of documents that are no more");
        }
        Ok(())
    }

    /// Has the index merge what is small and forget what is gone, for one organisation.
    pub async fn maintain(&self, organisation: OrganisationId) -> Result<(), KnowledgeError> {
        loop {
            let live = self.libraries.live(organisation).await?;
            let live: RoaringTreemap = live.into_iter().map(|key| key.0).collect();
            let asked = timeout(DEADLINE, self.index.maintain(organisation, &live)).await;
            let done = asked.map_err(|_| IndexError::Late { seconds: DEADLINE.as_secs() })??;
            tracing::debug!(%organisation, ?done, "looked after the index");
            if !done.is_unfinished {
                return Ok(());
            }
        }
    }

    async fn maintain_all(&self) {
        let organisations = match self.libraries.organisations().await {
            Ok(organisations) => organisations,
            Err(error) => {
                told(Err(error.into()));
                return;
            }
        };
        for organisation in organisations {
            told(self.maintain(organisation).await);
        }
    }
}

/// Whether it went well.
fn told(done: Result<(), KnowledgeError>) -> bool {
    match done {
        Ok(()) => true,
        Err(error) if error.code() == "encryption.locked" => false,
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "what nobody may read any more was not cleared away"
            );
            false
        }
    }
}
