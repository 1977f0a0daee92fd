//! The port [`Index`] on segments in an object store.

mod checking;
mod maintenance;
mod putting;

use std::sync::Arc;

use async_trait::async_trait;
use domain::{Clock, IdSource, OrganisationId};
use knowledge::{Index, IndexError, IndexHit, IndexQuery, IndexVersion, Maintained, VersionKey};
use object_store::ObjectStore;
use roaring::RoaringTreemap;
use tokio::time::timeout_at;

use crate::{
    deadline::Deadline, manifest::Chain, objects::Objects, opened::Opened, question::Question,
    sealing::SegmentKeys, workers::Workers,
};

/// How long a put may take. Less than what nothing names is kept for, so that no segment goes
/// before the manifest that names it is written.
const PUT_SECONDS_MAX: u64 = 10 * 60;

/// What an index is made of.
pub struct SegmentIndexParts {
    pub objects: Arc<dyn ObjectStore>,
    pub keys: Arc<dyn SegmentKeys>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
    pub limits: SearchLimits,
}

/// What an index may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SearchLimits {
    /// Pieces of searches that compute at a time; a search has two.
    pub search_threads: usize,
    /// Puts and merges that compute at a time.
    pub write_threads: usize,
    /// What all indexes may take in memory that are open. One that is searched is opened all the
    /// same, and others are closed for it.
    pub memory_bytes_max: u64,
    /// How long a search may take.
    pub search_seconds_max: u64,
}

impl Default for SearchLimits {
    fn default() -> Self {
        Self {
            search_threads: 2,
            write_threads: 1,
            memory_bytes_max: 4 << 30,
            search_seconds_max: 20,
        }
    }
}

/// Keeps the passages of each organisation in sealed segments, and searches them in memory.
///
/// Any number of processes may do so on the same objects.
pub struct SegmentIndex {
    chain: Chain,
    opened: Opened,
    searchers: Workers,
    writers: Arc<Workers>,
    /// Held by whoever replaces segments: an erasure has to know that nobody else does. There is
    /// one thread for it anyway.
    merging: tokio::sync::Mutex<()>,
    limits: SearchLimits,
}

impl SegmentIndex {
    pub fn new(parts: SegmentIndexParts) -> Self {
        let SegmentIndexParts { objects, keys, clock, ids, limits } = parts;
        let chain = Chain { objects: Objects::new(objects), keys, clock, ids };
        let writers = Arc::new(Workers::new(limits.write_threads));
        // Segments are opened on threads of their own, so that neither a merge nor searches of
        // others hold them up.
        let openers = Arc::new(Workers::new(limits.search_threads));
        let opened = Opened::new(chain.clone(), openers, limits.memory_bytes_max);
        let searchers = Workers::new(limits.search_threads);
        let merging = tokio::sync::Mutex::default();
        Self { chain, opened, searchers, writers, merging, limits }
    }

    async fn answer(
        &self,
        organisation: OrganisationId,
        query: IndexQuery,
        deadline: Deadline,
    ) -> Result<Vec<IndexHit>, IndexError> {
        Question::check(&query)?;
        let snapshot = self.opened.newest(organisation, deadline).await?;
        let query = Arc::new(query);
        let asked = Arc::clone(&query);
        let question = move || Question::new(snapshot, &asked, deadline);
        let question = Arc::new(self.searchers.run(deadline, question).await?);
        if question.is_vain() {
            return Ok(Vec::new());
        }
        let (by_words, by_vectors) = (Arc::clone(&question), Arc::clone(&question));
        let (lexical, dense) = tokio::try_join!(
            self.searchers.run(deadline, move || by_words.lexical()),
            self.searchers.run(deadline, move || by_vectors.dense()),
        )?;
        let join = move || question.join(&lexical, &dense);
        let mut hits = self.searchers.run(deadline, join).await?;
        // The filters have made sure of it; it is the one thing that must never go wrong.
        hits.retain(|hit| query.permitted.contains(hit.version.0));
        Ok(hits)
    }
}

#[async_trait]
impl Index for SegmentIndex {
    async fn put(
        &self,
        organisation: OrganisationId,
        versions: Vec<IndexVersion>,
    ) -> Result<(), IndexError> {
        let deadline = Deadline::after_seconds(PUT_SECONDS_MAX);
        in_time(deadline, self.put_versions(organisation, versions, deadline)).await
    }

    async fn search(
        &self,
        organisation: OrganisationId,
        query: IndexQuery,
    ) -> Result<Vec<IndexHit>, IndexError> {
        let deadline = Deadline::after_seconds(self.limits.search_seconds_max);
        in_time(deadline, self.answer(organisation, query, deadline)).await
    }

    async fn maintain(
        &self,
        organisation: OrganisationId,
        live: &RoaringTreemap,
    ) -> Result<Maintained, IndexError> {
        self.maintain_segments(organisation, live).await
    }

    async fn forget(
        &self,
        organisation: OrganisationId,
        live: &RoaringTreemap,
        up_to: VersionKey,
    ) -> Result<(), IndexError> {
        self.forget_versions(organisation, live, up_to).await
    }

    async fn check(&self, organisation: OrganisationId) -> Result<RoaringTreemap, IndexError> {
        // A merge takes away what is read here; and one of these at a time is enough.
        let Ok(_alone) = self.merging.try_lock() else { return Err(IndexError::Busy) };
        let deadline = Deadline::after_seconds(PUT_SECONDS_MAX);
        in_time(deadline, self.check_segments(organisation, deadline)).await
    }

    async fn remove_all(&self, organisation: OrganisationId) -> Result<(), IndexError> {
        // A merge beside this would name what is gone.
        let _alone = self.merging.lock().await;
        self.opened.forget(organisation);
        let removed = self.chain.remove_all(organisation).await;
        // A search may have opened it again meanwhile.
        self.opened.forget(organisation);
        removed
    }
}

async fn in_time<T>(
    deadline: Deadline,
    asked: impl Future<Output = Result<T, IndexError>>,
) -> Result<T, IndexError> {
    timeout_at(deadline.at(), asked).await.unwrap_or_else(|_| Err(deadline.late()))
}
