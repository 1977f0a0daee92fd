//! However often whoever plays a job goes away, each of its requests has one result in the end.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use domain::Caller;
use governance::{
    Access, AccessParts, InstallationKey, LinkKey, LogGate, Trail, TrailParts,
    ports::RunningTurns as _,
};
use testkit::{MemoryStore, Random, SeededIds, SeededSecrets, SimulatedClock};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use workloads::{
    BatchJob, Described, Endpoint, Files, FilesParts, JobState, Jobs, JobsParts, NewJob, Owner,
    Purpose, Quota, Runner, RunnerLimits, RunnerParts, RunningJobs,
    ports::{Answered, Answers, Asked, JobResult, JobStore as _, Refused, ResultKind, Task},
};

const HANG: Duration = Duration::from_secs(30);
const REQUESTS: usize = 300;

/// Repeats the line; every seventh is an error.
#[derive(Default)]
struct Echo {
    asked: AtomicUsize,
    /// So many times more it has no place.
    busy: AtomicUsize,
    /// How long it takes; about, so that no two answers come together for ever.
    millis: AtomicU64,
    /// How often each line was answered.
    answered: Mutex<BTreeMap<String, usize>>,
}

#[async_trait]
impl Answers for Echo {
    fn name_of(&self, line: &[u8]) -> Option<String> {
        Some(String::from_utf8_lossy(line).into_owned())
    }

    fn model_of(&self, _: &[u8]) -> Option<String> {
        None
    }

    async fn answer(&self, _: &Caller, _: &Task, asked: Asked<'_>) -> Answered {
        self.asked.fetch_add(1, Ordering::SeqCst);
        match self.millis.load(Ordering::SeqCst) {
            0 => tokio::task::yield_now().await,
            millis => tokio::time::sleep(Duration::from_millis(millis + asked.number)).await,
        }
        let taken = |left: usize| left.checked_sub(1);
        if self.busy.fetch_update(Ordering::SeqCst, Ordering::SeqCst, taken).is_ok() {
            return Answered::Later { seconds: 2 };
        }
        let line = String::from_utf8_lossy(asked.line).into_owned();
        *self.answered.lock().unwrap().entry(line.clone()).or_default() += 1;
        let kind =
            if asked.number.is_multiple_of(7) { ResultKind::Error } else { ResultKind::Answer };
        Answered::Line(kind, line)
    }

    fn refusal(&self, number: u64, _: Option<&[u8]>, refused: Refused) -> String {
        format!("{number} {refused:?}")
    }
}

struct Bench {
    store: MemoryStore,
    access: Access,
    jobs: Jobs,
    files: Files,
    caller: Caller,
    echo: Arc<Echo>,
}

impl Bench {
    async fn new() -> Self {
        let store = MemoryStore::default();
        let (clock, ids) = (Arc::new(SimulatedClock::default()), Arc::new(SeededIds::new(1)));
        let trail = Trail::new(TrailParts {
            audit: Arc::new(store.clone()),
            access: Arc::new(store.clone()),
            clock: clock.clone(),
            ids: ids.clone(),
            secrets: Arc::new(SeededSecrets::new(3)),
            gate: LogGate::default(),
        });
        let access = Access::new(AccessParts {
            store: Arc::new(store.clone()),
            trail: trail.clone(),
            installation: InstallationKey::from_bytes([7; 32]),
            clock: clock.clone(),
            ids: ids.clone(),
            secrets: Arc::new(SeededSecrets::new(2)),
        });
        access.found().await.unwrap();
        let files = Files::new(FilesParts {
            store: Arc::new(store.clone()),
            access: access.clone(),
            trail: trail.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            links: LinkKey::of(&InstallationKey::from_bytes([9; 32])),
            quota: Quota::default(),
        });
        let jobs = Jobs::new(JobsParts {
            store: Arc::new(store.clone()),
            files: files.clone(),
            trail,
            clock,
            ids,
        });
        let caller = access.operator().await.unwrap();
        Self { store, access, jobs, files, caller, echo: Arc::default() }
    }

    async fn job(&self) -> BatchJob {
        self.job_of(REQUESTS).await
    }

    /// As many requests, in two files.
    async fn job_of(&self, requests: usize) -> BatchJob {
        let mut inputs = Vec::new();
        for half in 0..2 {
            let mut upload = self.files.begin(&self.caller).await.unwrap();
            for number in 0..requests / 2 {
                upload.write(format!("{half}-{number}\n").as_bytes()).await.unwrap();
            }
            let purpose = Purpose::Batch;
            let described = Described { name: "r".to_owned(), purpose, seconds: None };
            inputs.push(upload.finish(described).await.unwrap().id);
        }
        let new = NewJob {
            endpoint: Endpoint::Embeddings,
            model: None,
            inputs,
            metadata: BTreeMap::new(),
            hours: 1,
        };
        self.jobs.create(&self.caller, new).await.unwrap()
    }

    fn runner(&self, running: &RunningJobs) -> Runner {
        Runner::new(RunnerParts {
            jobs: self.jobs.clone(),
            answers: self.echo.clone(),
            access: self.access.clone(),
            running: running.clone(),
            limits: RunnerLimits::default(),
        })
    }

    async fn read(&self, job: &BatchJob) -> BatchJob {
        self.jobs.read(&self.caller, job.id).await.unwrap()
    }

    async fn until(&self, job: &BatchJob, is_so: impl Fn(&BatchJob) -> bool) -> BatchJob {
        tokio::time::timeout(HANG, async {
            loop {
                let now = self.read(job).await;
                if is_so(&now) {
                    return now;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
        .unwrap()
    }

    async fn lines(&self, id: Option<workloads::FileId>) -> Vec<String> {
        let mut content = self.files.content(&self.caller, id.unwrap()).await.unwrap();
        let mut bytes = Vec::new();
        while let Some(piece) = content.reader.next().await.unwrap() {
            bytes.extend(piece);
        }
        String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
    }
}

/// Where a runner that is dropped in the middle stands for a process that was killed.
#[tokio::test]
async fn every_request_has_one_result_however_often_it_is_killed() {
    let seed = 20_261_123;
    let mut random = Random::new(seed);
    let bench = Bench::new().await;
    let job = bench.job().await;
    for round in 0..12 {
        let running = RunningJobs::default();
        let mut killed = JoinSet::new();
        killed.spawn(bench.runner(&running).run(CancellationToken::new()));
        let more = usize::try_from(random.below(40)).unwrap();
        let until = bench.echo.asked.load(Ordering::SeqCst) + more;
        tokio::time::timeout(HANG, async {
            while bench.echo.asked.load(Ordering::SeqCst) < until
                && !bench.read(&job).await.state.is_ended()
            {
                tokio::task::yield_now().await;
            }
        })
        .await
        .unwrap();
        assert!(killed.try_join_next().is_none(), "seed {seed}, round {round}: it goes on");
        killed.shutdown().await;
    }
    let stop = CancellationToken::new();
    let mut last = JoinSet::new();
    last.spawn(bench.runner(&RunningJobs::default()).run(stop.clone()));
    let ended = bench.until(&job, |job| job.state.is_ended()).await;
    stop.cancel();
    last.join_next().await.unwrap().unwrap();
    assert_eq!(ended.state, JobState::Succeeded);
    let (output, errors) = (bench.lines(ended.output).await, bench.lines(ended.errors).await);
    assert_eq!((output.len(), errors.len()), (REQUESTS - REQUESTS / 7, REQUESTS / 7));
    let in_order: Vec<_> = (0..2)
        .flat_map(|half| (0..REQUESTS / 2).map(move |number| format!("{half}-{number}")))
        .collect();
    let (mut answers, mut refused) = (output.iter(), errors.iter());
    for (number, line) in (1..).zip(&in_order) {
        let next = if number % 7 == 0 { refused.next() } else { answers.next() };
        assert_eq!(next, Some(line), "seed {seed}");
    }
}

#[tokio::test]
async fn whoever_is_erased_has_no_job_that_runs() {
    let bench = Bench::new().await;
    let job = bench.job().await;
    let (running, stop) = (RunningJobs::default(), CancellationToken::new());
    let mut runner = JoinSet::new();
    runner.spawn(bench.runner(&running).run(stop.clone()));
    bench.until(&job, |job| job.state != JobState::Queued).await;
    let Owner { organisation, account } = job.owner;
    tokio::time::timeout(HANG, running.stop_all(organisation, account)).await.unwrap();
    let asked = bench.echo.asked.load(Ordering::SeqCst);
    let more = bench.job().await;
    // Whoever plays jobs looks at the new one, and begins nothing of the account any more.
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(bench.read(&more).await.counts.completed(), 0);
    assert_eq!(bench.echo.asked.load(Ordering::SeqCst), asked);
    stop.cancel();
    runner.join_next().await.unwrap().unwrap();
}

/// Time stands still until nobody has anything to do.
#[tokio::test(start_paused = true)]
async fn one_request_asks_for_all_that_found_no_place() {
    let bench = Bench::new().await;
    let job = bench.job().await;
    let limits = RunnerLimits::default();
    // As many as are asked before anybody knows, and some tries of one of them.
    let refused = limits.requests + 5;
    bench.echo.busy.store(refused, Ordering::SeqCst);
    let stop = CancellationToken::new();
    let mut runner = JoinSet::new();
    runner.spawn(bench.runner(&RunningJobs::default()).run(stop.clone()));
    while !bench.read(&job).await.state.is_ended() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    stop.cancel();
    runner.join_next().await.unwrap().unwrap();
    assert_eq!(bench.read(&job).await.counts.completed(), REQUESTS as u64);
    assert_eq!(bench.echo.asked.load(Ordering::SeqCst), REQUESTS + refused);
}

/// Each looks at the store many times while it waits for a place.
#[tokio::test(start_paused = true)]
async fn jobs_that_are_played_together_get_places_in_turn() {
    let bench = Bench::new().await;
    bench.echo.millis.store(10_000, Ordering::SeqCst);
    let mut jobs = Vec::new();
    for _ in 0..RunnerLimits::default().jobs {
        jobs.push(bench.job().await);
    }
    let stop = CancellationToken::new();
    let mut runner = JoinSet::new();
    runner.spawn(bench.runner(&RunningJobs::default()).run(stop.clone()));
    tokio::time::sleep(Duration::from_mins(10)).await;
    let mut answers = Vec::new();
    for job in &jobs {
        answers.push(bench.read(job).await.counts.completed());
    }
    stop.cancel();
    runner.join_next().await.unwrap().unwrap();
    let all: u64 = answers.iter().sum();
    assert!(all > 300, "{answers:?}");
    assert!(answers.iter().all(|of_one| of_one * 10 >= all), "{answers:?}");
}

/// What is passed over takes no place: otherwise a job would need a turn for some tens of lines.
#[tokio::test(start_paused = true)]
async fn a_job_with_many_results_goes_on_beside_one_that_fills_all_places() {
    const RECORDED: u64 = 5_000;
    let bench = Bench::new().await;
    bench.echo.millis.store(20_000, Ordering::SeqCst);
    let (busy, resumed) = (bench.job().await, bench.job_of(6_000).await);
    let claim = bench.store.claim(&[busy.id], resumed.created_at).await.unwrap().unwrap();
    assert_eq!(claim.job.id, resumed.id);
    let result = |number| JobResult { number, kind: ResultKind::Answer, line: String::new() };
    let results: Vec<_> = (0..RECORDED).map(result).collect();
    bench.store.record(&claim, &results).await.unwrap();
    let stop = CancellationToken::new();
    let mut runner = JoinSet::new();
    runner.spawn(bench.runner(&RunningJobs::default()).run(stop.clone()));
    // As long as a turn.
    tokio::time::sleep(Duration::from_mins(2)).await;
    let counts = [bench.read(&busy).await.counts, bench.read(&resumed).await.counts];
    stop.cancel();
    runner.join_next().await.unwrap().unwrap();
    assert!(counts[0].completed() > 0, "{counts:?}");
    assert!(counts[1].completed() > RECORDED, "{counts:?}");
}

#[tokio::test]
async fn what_is_recorded_is_not_asked_again() {
    let bench = Bench::new().await;
    let job = bench.job().await;
    let stop = CancellationToken::new();
    let mut runner = JoinSet::new();
    runner.spawn(bench.runner(&RunningJobs::default()).run(stop.clone()));
    bench.until(&job, |job| job.counts.completed() > 0).await;
    // Unlike a kill, a stop leaves nothing that was answered unrecorded.
    stop.cancel();
    runner.join_next().await.unwrap().unwrap();
    let stop = CancellationToken::new();
    let mut runner = JoinSet::new();
    runner.spawn(bench.runner(&RunningJobs::default()).run(stop.clone()));
    bench.until(&job, |job| job.state.is_ended()).await;
    stop.cancel();
    runner.join_next().await.unwrap().unwrap();
    let answered = bench.echo.answered.lock().unwrap();
    assert_eq!(answered.len(), REQUESTS);
    assert!(answered.values().all(|times| *times == 1));
    drop(answered);
    assert!(bench.store.audit_entries().len() > 3);
}
