//! One job from wherever it stands to its end.

use std::{
    collections::{HashMap, HashSet},
    future::ready,
    sync::Arc,
    time::Duration,
};

use domain::{BatchJobId, Caller, Permission};
use governance::{Access, AccessError};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::{Id, JoinError, JoinSet},
    time::{Instant, Interval, MissedTickBehavior, interval},
};

use super::{
    ending::Ending,
    input::Input,
    place::NextPlace,
    waiting::{Request, Waiting},
};
use crate::{
    Failure, JobState, Jobs, Line, WorkloadError,
    ports::{Answered, Answers, Asked, Claim, JobResult, Refused, ResultKind, Task},
    running::Stops,
};

/// Results are written together, so many at most, and so often at least.
const RESULTS_TOGETHER: usize = 128;
const RESULT_BYTES_TOGETHER: usize = 8 * 1024 * 1024;
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
    /// The server stops, or its turn is over: it is taken up again later.
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
    /// The request of the files that is asked next.
    next: Option<Request>,
    place: NextPlace,
    asked: JoinSet<(Request, Answered)>,
    /// Which requests these tasks ask, and of which models.
    numbers: HashMap<Id, (u64, String)>,
    /// Requests that found no place.
    waiting: Waiting,
    /// Results that are not durable yet.
    fresh: Vec<JobResult>,
    fresh_bytes: usize,
    /// The store fails: what was answered is kept, and nothing more is asked.
    is_blocked: bool,
    tick: Interval,
    caller: Caller,
    is_read: bool,
}

impl Progress {
    fn is_done(&self) -> bool {
        self.is_read && self.next.is_none() && self.asked.is_empty() && self.waiting.is_empty()
    }

    /// One request is read ahead, no more.
    fn may_read(&self) -> bool {
        !self.is_blocked && !self.is_read && self.next.is_none() && !self.waiting.is_full()
    }

    fn may_ask(&self) -> bool {
        !self.is_blocked && (self.next.is_some() || self.waiting.has_next(Instant::now()))
    }

    /// Its model may have been paused since it was read.
    fn hold_paused(&mut self) {
        let waiting = &self.waiting;
        if let Some(request) = self.next.take_if(|request| waiting.is_paused(&request.model)) {
            self.waiting.hold(request);
        }
    }

    fn has_many(&self) -> bool {
        self.fresh.len() >= RESULTS_TOGETHER || self.fresh_bytes >= RESULT_BYTES_TOGETHER
    }

    fn push(&mut self, result: JobResult) {
        self.fresh_bytes += result.line.len();
        self.fresh.push(result);
    }

    fn block(&mut self, job: BatchJobId, error: &WorkloadError) {
        if !std::mem::replace(&mut self.is_blocked, true) {
            tracing::error!(
                %job,
                error = error as &dyn std::error::Error,
                "a batch job waits: what was answered cannot be kept"
            );
        }
    }
}

impl Play {
    pub(super) async fn run(&self, stops: &Stops) -> Result<(), WorkloadError> {
        let end = match self.claim.job.state {
            JobState::Cancelling => End::Cancelled,
            _ => self.ask_all(stops).await?,
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
    async fn ask_all(&self, stops: &Stops) -> Result<End, WorkloadError> {
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
            next: None,
            place: NextPlace::new(&self.places),
            asked: JoinSet::new(),
            numbers: HashMap::new(),
            waiting: Waiting::default(),
            fresh: Vec::new(),
            fresh_bytes: 0,
            is_blocked: false,
            tick,
            caller,
            is_read: false,
        };
        let end = self.ask(&mut progress, stops).await;
        self.give_up(&mut progress).await;
        match (end, self.record(&mut progress).await?) {
            (Err(error), _) => Err(error),
            (Ok(end), state) => Ok(after(end, state)),
        }
    }

    /// Ends what is asked and not answered; what was answered by now is kept.
    async fn give_up(&self, progress: &mut Progress) {
        progress.asked.abort_all();
        while let Some(came) = progress.asked.join_next_with_id().await {
            if !matches!(&came, Err(error) if error.is_cancelled()) {
                self.keep(progress, came);
            }
        }
    }

    async fn ask(&self, progress: &mut Progress, stops: &Stops) -> Result<End, WorkloadError> {
        loop {
            if progress.is_done() {
                match self.record(progress).await {
                    Ok(_) => return Ok(End::Done),
                    Err(error) => progress.block(self.claim.job.id, &error),
                }
            }
            let is_over = stops.turn.is_cancelled();
            if is_over && progress.asked.is_empty() && !progress.is_blocked {
                return Ok(End::Stopped);
            }
            progress.hold_paused();
            let may_read = !is_over && progress.may_read();
            let may_ask = !is_over && progress.may_ask();
            if !may_ask {
                progress.place.leave();
            }
            tokio::select! {
                biased;
                () = stops.now.cancelled() => return Ok(End::Stopped),
                Some(came) = progress.asked.join_next_with_id(),
                    if !progress.asked.is_empty() =>
                {
                    if !self.keep(progress, came) {
                        return Ok(End::Stopped);
                    }
                }
                _ = progress.tick.tick() => {
                    if let Some(end) = self.look(progress).await {
                        return Ok(end);
                    }
                }
                place = progress.place.come(), if may_ask => self.ask_next(progress, place),
                // Without a place: most of what a job that is resumed reads has its result.
                () = ready(()), if may_read => {
                    if let Some(end) = self.read_on(progress).await? {
                        return Ok(end);
                    }
                }
            }
            if progress.has_many()
                && !progress.is_blocked
                && let Some(end) = self.look(progress).await
            {
                return Ok(end);
            }
        }
    }

    /// Asks one more request: one that waits, or the next of the files.
    fn ask_next(&self, progress: &mut Progress, place: Option<OwnedSemaphorePermit>) {
        let waiting = progress.waiting.next(Instant::now());
        if let Some(request) = waiting.or_else(|| progress.next.take()) {
            self.ask_one(progress, request, place);
        }
    }

    /// Reads one more line of the files.
    async fn read_on(&self, progress: &mut Progress) -> Result<Option<End>, WorkloadError> {
        match progress.input.next().await {
            Ok(Some((number, line))) => self.take(progress, number, line),
            Ok(None) => progress.is_read = true,
            Err(WorkloadError::FileUnknown { .. }) => {
                return Ok(Some(End::Failed("file.unknown")));
            }
            Err(error) => return Err(error),
        }
        Ok(None)
    }

    /// Takes what came of a request; `false` if it is to be asked by a later process.
    fn keep(
        &self,
        progress: &mut Progress,
        came: Result<(Id, (Request, Answered)), JoinError>,
    ) -> bool {
        let id = match &came {
            Ok((id, _)) => *id,
            Err(error) => error.id(),
        };
        let Some((number, model)) = progress.numbers.remove(&id) else { return true };
        let (kind, line) = match came {
            Ok((_, (_, Answered::Line(kind, line)))) => (kind, line),
            Ok((_, (request, Answered::Later { seconds }))) => {
                let least = Duration::from_secs(seconds.into());
                progress.waiting.later(request, least, Instant::now());
                return true;
            }
            Ok((_, (_, Answered::Stopping))) => return false,
            // A panic, which was told. Asking again would bring it again.
            Err(_) => {
                (ResultKind::Error, self.answers.refusal(number + 1, None, Refused::BrokenOff))
            }
        };
        progress.waiting.ended(number, &model, kind, Instant::now());
        progress.push(JobResult { number, kind, line });
        true
    }

    /// A request that has no result yet is asked next; or it is noted why it is not asked.
    fn take(&self, progress: &mut Progress, number: u64, line: Line) {
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
            progress.push(JobResult { number, kind: ResultKind::Error, line });
            return;
        }
        let of_job = || self.claim.job.model.as_ref().map(|model| model.as_str().to_owned());
        let model = self.answers.model_of(&line).or_else(of_job).unwrap_or_default();
        progress.next = Some(Request { number, line, model });
        progress.hold_paused();
    }

    /// With what the caller may do now; the place is free again when there is an answer.
    fn ask_one(
        &self,
        progress: &mut Progress,
        request: Request,
        place: Option<OwnedSemaphorePermit>,
    ) {
        let (answers, caller) = (Arc::clone(&self.answers), progress.caller);
        let job = &self.claim.job;
        let task = Task { job: job.id, endpoint: job.endpoint, model: job.model.clone() };
        let known = (request.number, request.model.clone());
        let asked = progress.asked.spawn(async move {
            let _place = place;
            let asked = Asked { number: request.number + 1, line: &request.line };
            let answered = answers.answer(&caller, &task, asked).await;
            (request, answered)
        });
        progress.numbers.insert(asked.id(), known);
    }

    /// Makes results durable, and finds out whether to go on. What cannot be found out now is
    /// asked again at the next look.
    async fn look(&self, progress: &mut Progress) -> Option<End> {
        match self.try_look(progress).await {
            Ok(end) => {
                progress.is_blocked = false;
                end
            }
            Err(error) => {
                progress.block(self.claim.job.id, &error);
                None
            }
        }
    }

    async fn try_look(&self, progress: &mut Progress) -> Result<Option<End>, WorkloadError> {
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
        progress.fresh_bytes = 0;
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

/// What it comes to, by the state that the job has when everything is recorded.
const fn after(end: End, state: Option<JobState>) -> End {
    match (end, state) {
        (End::Lost, _) | (_, None) => End::Lost,
        (End::Done, Some(JobState::Cancelling)) => End::Cancelled,
        (end, Some(_)) => end,
    }
}

/// Of a name that a request has.
fn digest(name: &str) -> [u8; 16] {
    let mut digest = [0; 16];
    digest.copy_from_slice(&blake3::hash(name.as_bytes()).as_bytes()[..16]);
    digest
}
