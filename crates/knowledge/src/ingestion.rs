//! Reads documents until the server stops, and goes on with those of an earlier process.
//!
//! A version goes through two stages. The first parses it, cuts it into passages, keeps what was
//! read, and puts the passages into the index: it is found by its words from then on. The second
//! makes vectors and puts the passages again. Small documents share one write of the index.
//!
//! Whatever is in memory may be lost at any moment: a version is claimed anew and its stage done
//! again, which comes to the same.

mod content;
mod embed;
mod groups;
mod pause;
mod put;
mod read;
mod rests;
mod round;
mod work;

use std::{sync::Arc, time::Duration};

use domain::{Clock, IdSource};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    Documents, Index, KnowledgeError, RunningReadings, VersionKey,
    ports::{Embedder, Parser, ReadingStore, Stage},
};
use round::Round;
use work::Tools;

/// What others changed is found so soon, also what a call of this process did not tell of.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// So many versions of people who are erased are passed over, and then it is looked at what ended:
/// an erasure waits for that.
const BARRED_A_ROUND: usize = 16;

/// How much is done at a time, and how long each part may take.
#[derive(Clone, Copy, Debug)]
pub struct IngestionLimits {
    /// Versions that are parsed at a time; each is in memory as a whole.
    pub readings: usize,
    /// Versions of which vectors are made at a time.
    pub embeddings: usize,
    /// Passages of one version.
    pub passages_max: usize,
    /// Texts and vectors that are put into the index together, in bytes.
    pub group_bytes: usize,
    /// Texts and vectors that wait for the index, in bytes; nothing more is begun meanwhile.
    pub waiting_bytes_max: usize,
    /// How long a group waits for others while something is being read.
    pub group_wait: Duration,
    /// For parsing one version.
    pub parse: Duration,
    /// For the vectors of some passages.
    pub embed: Duration,
    /// For one write of the index; longer than an index allows itself, which says then how it went.
    pub put: Duration,
}

impl Default for IngestionLimits {
    fn default() -> Self {
        Self {
            readings: 2,
            embeddings: 1,
            passages_max: 50_000,
            group_bytes: 8 * 1024 * 1024,
            waiting_bytes_max: 64 * 1024 * 1024,
            group_wait: Duration::from_secs(1),
            parse: Duration::from_mins(5),
            embed: Duration::from_mins(2),
            put: Duration::from_mins(11),
        }
    }
}

/// What an [`Ingestion`] is made of.
pub struct IngestionParts {
    pub store: Arc<dyn ReadingStore>,
    /// Tells when something was added, and who is charged for vectors.
    pub documents: Documents,
    pub parser: Arc<dyn Parser>,
    pub embedder: Arc<dyn Embedder>,
    pub index: Arc<dyn Index>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
    pub running: RunningReadings,
    pub limits: IngestionLimits,
}

/// Reads documents.
pub struct Ingestion {
    tools: Arc<Tools>,
    documents: Documents,
    running: RunningReadings,
}

impl Ingestion {
    pub fn new(parts: IngestionParts) -> Self {
        let IngestionParts {
            store,
            documents,
            parser,
            embedder,
            index,
            clock,
            ids,
            running,
            limits,
        } = parts;
        let access = documents.access.clone();
        let tools = Arc::new(Tools { store, access, parser, embedder, index, clock, ids, limits });
        Self { tools, documents, running }
    }

    /// Reads until `stop`; what was begun by then and is not done is begun again by a later
    /// process.
    pub async fn run(self, stop: CancellationToken) {
        let mut round = Round::default();
        while !stop.is_cancelled() {
            match self.fill(&mut round, &stop).await {
                Ok(()) => {}
                // That the keys are not at hand is told by whoever looks for them.
                Err(error) if error.code() == "encryption.locked" => {}
                Err(error) => tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "no document could be begun"
                ),
            }
            self.put_what_is_due(&mut round, &stop);
            let look = round.next_due(&self.tools.limits).unwrap_or(LOOK_EVERY).min(LOOK_EVERY);
            tokio::select! {
                () = stop.cancelled() => {}
                Some(ended) = round.tasks.join_next_with_id() => round.take(ended, Instant::now()),
                () = self.documents.changed.notified() => {}
                () = self.running.stops() => round.groups.drop_stopped(),
                () = sleep(look) => {}
            }
        }
        self.end(round).await;
    }

    /// Claims versions while there are places for them.
    async fn fill(
        &self,
        round: &mut Round,
        stop: &CancellationToken,
    ) -> Result<(), KnowledgeError> {
        for stage in Stage::ALL {
            let mut barred = 0;
            while barred < BARRED_A_ROUND
                && !stop.is_cancelled()
                && self.can_do(stage)
                && round.has_place(stage, &self.tools.limits, Instant::now())
            {
                let claim = self.tools.store.claim(stage, &self.held(round)).await?;
                let Some(claim) = claim else { break };
                let Some(underway) = self.running.begin(&claim, stop) else {
                    // Of somebody who is erased: soon it is gone.
                    work::release(&self.tools, &claim).await;
                    round.rests.begin_long(claim.key, Instant::now());
                    barred += 1;
                    continue;
                };
                round.begin(&self.tools, stage, claim, underway);
            }
        }
        Ok(())
    }

    /// Whether whoever is needed is there. Without a model that makes vectors, documents are found
    /// by their words, and stay at that until there is one.
    fn can_do(&self, stage: Stage) -> bool {
        match stage {
            Stage::Read => true,
            Stage::Embed => self.tools.embedder.is_there(),
        }
    }

    /// Versions that are not to be claimed.
    fn held(&self, round: &Round) -> Vec<VersionKey> {
        let mut held = round.rests.keys(Instant::now());
        held.extend(self.running.keys());
        held
    }

    fn put_what_is_due(&self, round: &mut Round, stop: &CancellationToken) {
        let now = Instant::now();
        let is_idle = !round.is_working();
        while let Some(group) = round.groups.due(&self.tools.limits, now, is_idle) {
            round.put(&self.tools, group, stop);
        }
    }

    async fn end(&self, mut round: Round) {
        for item in round.groups.drain() {
            work::release(&self.tools, &item.claim).await;
        }
        while let Some(ended) = round.tasks.join_next_with_id().await {
            round.take(ended, Instant::now());
            for item in round.groups.drain() {
                work::release(&self.tools, &item.claim).await;
            }
        }
    }
}
