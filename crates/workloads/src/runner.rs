//! Plays batch jobs until the server stops, and goes on with those of an earlier process.
//!
//! Whatever is in memory may be lost at any moment: a job is claimed anew, the requests without a
//! recorded result are asked again, and results are kept once a request.

mod ending;
mod input;
mod place;
mod play;
mod rests;
mod waiting;

use std::{collections::HashMap, sync::Arc, time::Duration};

use domain::BatchJobId;
use governance::Access;
use tokio::{
    sync::Semaphore,
    task::{Id, JoinError, JoinSet},
    time::{Instant, interval, sleep},
};
use tokio_util::sync::CancellationToken;

use crate::{Jobs, RunningJobs, WorkloadError, ports::Answers};
use play::Play;
use rests::{Left, Rests};

/// What others changed is found so soon, also what a call of this process did not tell of.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// From one search for files that are over, or that nobody needs, to the next.
const CLEAN_EVERY: Duration = Duration::from_mins(1);

/// How long a job is played at least before it makes room for somebody who has none.
const TURN: Duration = Duration::from_mins(2);

/// Results that one transaction removes at most: other writes wait for no more than these.
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
        // What an earlier process left behind is looked for until that went well once.
        let mut all = !self.clean(true).await;
        let mut cleaning = interval(CLEAN_EVERY);
        cleaning.reset();
        let mut round = Round::default();
        while !stop.is_cancelled() {
            match self.fill(&mut round, &stop).await {
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
                Some(left) = round.played.join_next_with_id() => round.leave(left),
                () = self.jobs.changed.notified() => {}
                _ = cleaning.tick() => all = !self.clean(all).await && all,
                () = sleep(LOOK_EVERY) => {}
            }
        }
        while round.played.join_next().await.is_some() {}
    }

    /// Claims jobs while there are places for them, and sees to it that everybody gets one.
    async fn fill(&self, round: &mut Round, stop: &CancellationToken) -> Result<(), WorkloadError> {
        while round.played.len() < self.limits.jobs {
            let claim = self.jobs.store.claim(&round.held(), self.jobs.clock.now()).await?;
            let Some(claim) = claim else { return Ok(()) };
            let job = claim.job.id;
            let Some(playing) = self.running.begin(job, claim.job.owner, stop) else {
                round.rests.begin(job, Left::TurnOver, Instant::now());
                continue;
            };
            let play = Play {
                jobs: self.jobs.clone(),
                answers: Arc::clone(&self.answers),
                access: self.access.clone(),
                places: Arc::clone(&self.places),
                claim,
            };
            let task = round.played.spawn(async move {
                let played = play.run(playing.stops()).await;
                left(job, played, playing.stops().turn.is_cancelled())
            });
            round.jobs.insert(task.id(), job);
        }
        if let Some(owner) = self.jobs.store.next_owner(&round.held()).await? {
            self.running.yield_to(owner, TURN);
        }
        Ok(())
    }

    /// `all`: what an earlier process left behind too. `false` if something failed.
    async fn clean(&self, all: bool) -> bool {
        // Each of them, whatever becomes of the others.
        let cleaned = [
            self.discard().await,
            self.jobs.files.remove_expired().await,
            self.clean_up(all).await,
        ];
        let mut is_clean = true;
        for error in cleaned.into_iter().filter_map(Result::err) {
            is_clean = false;
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "what batch jobs and files left behind was not removed"
            );
        }
        is_clean
    }

    async fn discard(&self) -> Result<(), WorkloadError> {
        while self.jobs.store.discard_results(DISCARDED).await? {}
        Ok(())
    }

    async fn clean_up(&self, all: bool) -> Result<(), WorkloadError> {
        let removed = self.jobs.files.store.clean_up(all).await?;
        if removed > 0 {
            tracing::info!(removed, "removed the bytes of uploads that were given up");
        }
        Ok(())
    }
}

/// The jobs that are played, and those that rest.
#[derive(Default)]
struct Round {
    played: JoinSet<Left>,
    /// Which jobs these tasks play.
    jobs: HashMap<Id, BatchJobId>,
    rests: Rests,
}

impl Round {
    /// Jobs that are not to be claimed.
    fn held(&self) -> Vec<BatchJobId> {
        let mut held = self.rests.ids(Instant::now());
        held.extend(self.jobs.values());
        held
    }

    fn leave(&mut self, left: Result<(Id, Left), JoinError>) {
        let (id, left) = match left {
            Ok(left) => left,
            // A panic, which was told.
            Err(error) => (error.id(), Left::BrokenOff),
        };
        if let Some(job) = self.jobs.remove(&id) {
            self.rests.begin(job, left, Instant::now());
        }
    }
}

fn left(job: BatchJobId, played: Result<(), WorkloadError>, is_turn_over: bool) -> Left {
    match played {
        Ok(()) if is_turn_over => Left::TurnOver,
        Ok(()) => Left::Alone,
        Err(error) => {
            tracing::error!(
                %job,
                error = &error as &dyn std::error::Error,
                "a batch job broke off; it is taken up again"
            );
            Left::BrokenOff
        }
    }
}
