//! One job from wherever it stands to its end.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use domain::{Caller, Permission};
use governance::{Access, AccessError};
use tokio::{
    sync::Semaphore,
    task::{Id, JoinError, JoinSet},
    time::{Interval, MissedTickBehavior, interval, sleep},
};
use tokio_util::sync::CancellationToken;

use super::{ending::Ending, input::Input};
use crate::{
    Failure, JobState, Jobs, Line, WorkloadError,
    ports::{Answered, Answers, Asked, Claim, JobResult, Refused, ResultKind, Task},
};

/// Results are written together, so many at most, and so often at least.
const RESULTS_TOGETHER: usize = 128;
const RECORD_EVERY: Duration = Duration::from_millis(500);

/// A job that somebody claimed.
pub(super) struct Play {
    pub(super) jobs: Jobs,
    pub(super) answers: Arc<dyn Answers>,
    pub(super) access: Access,
    /// Of all jobs together.
    pub(super) places: Arc<Semaphore>,
    pub(super) claim: Claim,
}

/// Why no more requests are asked.
enum End {
    /// All have a result.
    Done,
    /// The job is another one's, or gone: nothing is to be done.
    Lost,
    /// The server stops; a later process goes on.
    Stopped,
    Cancelled,
    TimedOut,
    Failed(&'static str),
}

/// What is under way of a job.
struct Progress {
    input: Input,
    /// Requests with a result that is durable.
    recorded: HashSet<u64>,
    /// Hashes of the names that requests had so far.
    names: HashSet<[u8; 16]>,
    asked: JoinSet<Answered>,
    /// Which requests these tasks ask.
    numbers: HashMap<Id, u64>,
    /// Results that are not durable yet.
    fresh: Vec<JobResult>,
    tick: Interval,
    caller: Caller,
    is_read: bool,
}

impl Play {
    pub(super) async fn run(&self, stop: &CancellationToken) -> Result<(), WorkloadError> {
        let end = match self.claim.job.state {
            JobState::Cancelling => End::Cancelled,
            _ => self.ask_all(stop).await?,
        };
        let (state, failure) = match end {
            End::Lost | End::Stopped => return Ok(()),
            End::Done => (JobState::Succeeded, None),
            End::Cancelled => (JobState::Cancelled, None),
            End::TimedOut => (JobState::TimedOut, None),
            End::Failed(code) => (JobState::Failed, Some(Failure { code: code.to_owned() })),
        };
        Ending { jobs: &self.jobs, claim: &self.claim }.conclude(state, failure).await
    }

    /// Asks what has no result yet. Everything that was answered is durable when this returns.
    async fn ask_all(&self, stop: &CancellationToken) -> Result<End, WorkloadError> {
        let caller = match self.caller().await? {
            Ok(caller) => caller,
            Err(code) => return Ok(End::Failed(code)),
        };
        let job = &self.claim.job;
        let mut tick = interval(RECORD_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut progress = Progress {
            input: Input::new(self.jobs.files.clone(), job.owner, &job.inputs),
            recorded: self.jobs.store.recorded(&self.claim).await?.into_iter().collect(),
            names: HashSet::new(),
            asked: JoinSet::new(),
            numbers: HashMap::new(),
            fresh: Vec::new(),
            tick,
            caller,
            is_read: false,
        };
        let end = self.ask(&mut progress, stop).await?;
        // What is asked and not answered is given up here.
        progress.asked.shutdown().await;
        match (end, self.record(&mut progress).await?) {
            (End::Lost, _) | (_, None) => Ok(End::Lost),
            (End::Done, Some(JobState::Cancelling)) => Ok(End::Cancelled),
            (end, Some(_)) => Ok(end),
        }
    }

    async fn ask(
        &self,
        progress: &mut Progress,
        stop: &CancellationToken,
    ) -> Result<End, WorkloadError> {
        loop {
            if progress.is_read && progress.asked.is_empty() {
                return Ok(End::Done);
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(End::Stopped),
                Some(answered) = progress.asked.join_next_with_id(),
                    if !progress.asked.is_empty() =>
                {
                    if !self.keep(progress, answered) {
                        return Ok(End::Stopped);
                    }
                }
                _ = progress.tick.tick() => {
                    if let Some(end) = self.look(progress).await? {
                        return Ok(end);
                    }
                }
                place = Arc::clone(&self.places).acquire_owned(), if !progress.is_read => {
                    match progress.input.next().await {
                        Ok(Some((number, line))) => {
                            self.take(progress, number, line, place.ok());
                        }
                        Ok(None) => progress.is_read = true,
                        Err(WorkloadError::FileUnknown { .. }) => {
                            return Ok(End::Failed("file.unknown"));
                        }
                        Err(error) => return Err(error),
                    }
                }
            }
            if progress.fresh.len() >= RESULTS_TOGETHER
                && let Some(end) = self.look(progress).await?
            {
                return Ok(end);
            }
        }
    }

    /// Takes what came of a request; `false` if it is to be asked by a later process.
    fn keep(&self, progress: &mut Progress, answered: Result<(Id, Answered), JoinError>) -> bool {
        let id = match &answered {
            Ok((id, _)) => *id,
            Err(error) => error.id(),
        };
        let Some(number) = progress.numbers.remove(&id) else { return true };
        let (kind, line) = match answered {
            Ok((_, Answered::Line(kind, line))) => (kind, line),
            Ok((_, Answered::Stopping | Answered::Later { .. })) => return false,
            // A panic, which was told. Asking again would bring it again.
            Err(_) => {
                (ResultKind::Error, self.answers.refusal(number + 1, None, Refused::BrokenOff))
            }
        };
        progress.fresh.push(JobResult { number, kind, line });
        true
    }

    /// Asks a request that has no result yet, or notes why it is not asked.
    fn take(
        &self,
        progress: &mut Progress,
        number: u64,
        line: Line,
        place: Option<tokio::sync::OwnedSemaphorePermit>,
    ) {
        let refused = match &line {
            Line::TooLong => Some(Refused::LineTooLong),
            Line::Whole(line) => {
                let name = self.answers.name_of(line);
                let is_new = name.is_none_or(|name| progress.names.insert(digest(&name)));
                (!is_new).then_some(Refused::NameTaken)
            }
        };
        if progress.recorded.contains(&number) {
            return;
        }
        let line = match line {
            Line::Whole(line) => line,
            Line::TooLong => Vec::new(),
        };
        if let Some(refused) = refused {
            let known = (refused == Refused::NameTaken).then_some(line.as_slice());
            let line = self.answers.refusal(number + 1, known, refused);
            progress.fresh.push(JobResult { number, kind: ResultKind::Error, line });
            return;
        }
        let (answers, caller) = (Arc::clone(&self.answers), progress.caller);
        let job = &self.claim.job;
        let task = Task { job: job.id, endpoint: job.endpoint, model: job.model.clone() };
        let asked = progress.asked.spawn(async move {
            let _place = place;
            loop {
                let asked = Asked { number: number + 1, line: &line };
                match answers.answer(&caller, &task, asked).await {
                    Answered::Later { seconds } => {
                        sleep(Duration::from_secs(seconds.clamp(1, 60).into())).await;
                    }
                    answered => return answered,
                }
            }
        });
        progress.numbers.insert(asked.id(), number);
    }

    /// Makes results durable, and finds out whether to go on.
    async fn look(&self, progress: &mut Progress) -> Result<Option<End>, WorkloadError> {
        match self.record(progress).await? {
            None => return Ok(Some(End::Lost)),
            Some(JobState::Cancelling) => return Ok(Some(End::Cancelled)),
            Some(_) => {}
        }
        if self.claim.job.deadline <= self.jobs.clock.now() {
            return Ok(Some(End::TimedOut));
        }
        match self.caller().await? {
            Ok(caller) => progress.caller = caller,
            Err(code) => return Ok(Some(End::Failed(code))),
        }
        Ok(None)
    }

    async fn record(&self, progress: &mut Progress) -> Result<Option<JobState>, WorkloadError> {
        let state = self.jobs.store.record(&self.claim, &progress.fresh).await?;
        progress.recorded.extend(progress.fresh.drain(..).map(|result| result.number));
        Ok(state)
    }

    /// Whoever made the job, with what they may do now; or the code that says why it may not go on.
    async fn caller(&self) -> Result<Result<Caller, &'static str>, WorkloadError> {
        match self.access.resume(&self.claim.job.maker()).await {
            Ok(caller) if caller.permissions.contains(Permission::UseModels) => Ok(Ok(caller)),
            Ok(_) => Ok(Err("auth.forbidden")),
            Err(error @ (AccessError::Store(_) | AccessError::Audit(_))) => Err(error.into()),
            Err(error) => Ok(Err(error.code())),
        }
    }
}

/// Of a name that a request has.
fn digest(name: &str) -> [u8; 16] {
    let mut digest = [0; 16];
    digest.copy_from_slice(&blake3::hash(name.as_bytes()).as_bytes()[..16]);
    digest
}
