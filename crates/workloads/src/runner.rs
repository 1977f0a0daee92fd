//! Plays batch jobs until the server stops, and goes on with those of an earlier process.
//!
//! Whatever is in memory may be lost at any moment: a job is claimed anew, the requests without a
//! recorded result are asked again, and results are kept once a request.

mod ending;
mod input;
mod play;

use std::{sync::Arc, time::Duration};

use governance::Access;
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{Jobs, RunningJobs, WorkloadError, ports::Answers};
use play::Play;

/// What others changed is found so soon, also what a call of this process did not tell of.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Looks from one search for files that are over, or that nobody needs, to the next.
const LOOKS_A_CLEANING: u32 = 30;

/// Results that one transaction removes: other writes wait for no more than these.
const DISCARDED: u32 = 500;

/// How much is done at a time.
#[derive(Clone, Copy, Debug)]
pub struct RunnerLimits {
    /// Requests that are asked at a time, of all jobs together.
    pub requests: usize,
    /// Jobs that are played at a time.
    pub jobs: usize,
}

impl Default for RunnerLimits {
    fn default() -> Self {
        Self { requests: 8, jobs: 4 }
    }
}

/// What a [`Runner`] is made of.
pub struct RunnerParts {
    pub jobs: Jobs,
    pub answers: Arc<dyn Answers>,
    pub access: Access,
    pub running: RunningJobs,
    pub limits: RunnerLimits,
}

/// Plays jobs.
pub struct Runner {
    jobs: Jobs,
    answers: Arc<dyn Answers>,
    access: Access,
    running: RunningJobs,
    limits: RunnerLimits,
    places: Arc<Semaphore>,
}

impl Runner {
    pub fn new(parts: RunnerParts) -> Self {
        let RunnerParts { jobs, answers, access, running, limits } = parts;
        let places = Arc::new(Semaphore::new(limits.requests));
        Self { jobs, answers, access, running, limits, places }
    }

    /// Plays jobs until `stop`; returns when all that was answered by then is recorded.
    pub async fn run(self, stop: CancellationToken) {
        self.clean(true).await;
        let (mut played, mut looks) = (JoinSet::new(), 0_u32);
        while !stop.is_cancelled() {
            match self.fill(&mut played, &stop).await {
                Ok(()) => {}
                // That the keys are not at hand is told by whoever looks for them.
                Err(error) if error.code() == "encryption.locked" => {}
                Err(error) => tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "no batch job could be begun"
                ),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                Some(_) = played.join_next() => {}
                looked = timeout(LOOK_EVERY, self.jobs.changed.notified()) => {
                    looks += u32::from(looked.is_err());
                    if looks >= LOOKS_A_CLEANING {
                        looks = 0;
                        self.clean(false).await;
                    }
                }
            }
        }
        while played.join_next().await.is_some() {}
    }

    /// Claims jobs while there are places for them.
    async fn fill(
        &self,
        played: &mut JoinSet<()>,
        stop: &CancellationToken,
    ) -> Result<(), WorkloadError> {
        while played.len() < self.limits.jobs {
            let now = self.jobs.clock.now();
            let claim = self.jobs.store.claim(&self.running.ids(), now).await?;
            let Some(claim) = claim else { return Ok(()) };
            let playing = self.running.begin(claim.job.id, claim.job.owner, stop);
            let play = Play {
                jobs: self.jobs.clone(),
                answers: Arc::clone(&self.answers),
                access: self.access.clone(),
                places: Arc::clone(&self.places),
                claim,
            };
            played.spawn(async move {
                let job = play.claim.job.id;
                if let Err(error) = play.run(playing.stop()).await {
                    tracing::error!(
                        %job,
                        error = &error as &dyn std::error::Error,
                        "a batch job broke off; it is taken up again"
                    );
                    // It is held meanwhile, so that it is not tried without a pause.
                    playing.stop().run_until_cancelled(sleep(LOOK_EVERY)).await;
                }
                drop(playing);
            });
        }
        Ok(())
    }

    /// `all`: at the start, what an earlier process left behind too.
    async fn clean(&self, all: bool) {
        if let Err(error) = self.try_clean(all).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "what batch jobs and files left behind was not removed"
            );
        }
    }

    async fn try_clean(&self, all: bool) -> Result<(), WorkloadError> {
        while self.jobs.store.discard_results(DISCARDED).await? {}
        self.jobs.files.remove_expired().await?;
        let removed = self.jobs.files.store.clean_up(all).await?;
        if removed > 0 {
            tracing::info!(removed, "removed the bytes of uploads that were given up");
        }
        Ok(())
    }
}
