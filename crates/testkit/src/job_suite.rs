//! What every store of batch jobs must do.

use std::{collections::BTreeMap, sync::Arc};

use domain::{BatchJobId, FileId, Principal, Project, Role};
use governance::ports::AccessStore;
use workloads::{
    BatchJob, Counts, Endpoint, Failure, File, FileSource, JobQuery, JobState, Owner, Purpose,
    ports::{
        Claim, Conclusion, FileDeleted, FileStore, JobDeleted, JobInserted, JobResult, JobStore,
        ResultKind,
    },
};

use crate::{Samples, samples::founded};

/// A store of jobs and of files, and whatever keeps accounts for it.
pub struct JobsUnderTest<S> {
    pub jobs: Arc<dyn JobStore>,
    pub files: Arc<dyn FileStore>,
    pub store: S,
}

struct Case {
    jobs: Arc<dyn JobStore>,
    files: Arc<dyn FileStore>,
    samples: Arc<Samples>,
    project: Project,
    owner: Owner,
    stranger: Owner,
}

/// Runs every check; each on a store of its own.
pub async fn job_suite<S, M>(make: M)
where
    S: AccessStore,
    M: AsyncFn() -> JobsUnderTest<S>,
{
    a_job_is_told_as_it_was_made(&case(make().await, 711).await).await;
    the_next_one_is_that_of_who_has_least(&case(make().await, 712).await).await;
    a_request_has_one_result(&case(make().await, 713).await).await;
    a_page_of_results_has_so_many_bytes(&case(make().await, 718).await).await;
    whoever_claimed_last_plays(&case(make().await, 714).await).await;
    an_ended_job_has_its_files(&case(make().await, 715).await).await;
    a_job_is_cancelled_while_it_lasts(&case(make().await, 716).await).await;
    an_account_has_so_many_jobs(&case(make().await, 717).await).await;
}

async fn case<S: AccessStore>(under_test: JobsUnderTest<S>, seed: u64) -> Case {
    let JobsUnderTest { jobs, files, store } = under_test;
    let (store, samples, founding) = founded(store, Samples::new(seed)).await;
    let organisation = founding.organisation.id;
    let other = samples.account(&founding.project, Role::Member);
    let entry = samples.entry(Some(organisation));
    assert!(store.insert_account(&other, &entry).await.expect("kept"));
    let owner = Owner { organisation, account: founding.owner.id };
    let stranger = Owner { organisation, account: other.id };
    Case { jobs, files, samples, project: founding.project, owner, stranger }
}

impl Case {
    async fn file(&self, owner: Owner, source: FileSource) -> File {
        let file = File {
            id: FileId::from_uuid(self.samples.id()),
            owner,
            name: "requests.jsonl".to_owned(),
            purpose: Purpose::Batch,
            source,
            bytes: 2,
            lines: Some(1),
            created_at: self.samples.now(),
            expires_at: None,
        };
        let mut writer = self.files.begin(owner, file.id).await.expect("begun");
        writer.write(b"{}").await.expect("written");
        writer.finish().await.expect("finished");
        writer.leave();
        file
    }

    async fn job(&self, owner: Owner) -> BatchJob {
        let file = self.file(owner, FileSource::Upload).await;
        let entry = self.samples.entry(Some(owner.organisation));
        self.files.keep(&file, &entry).await.expect("kept");
        let created_at = self.samples.now();
        BatchJob {
            id: BatchJobId::from_uuid(self.samples.id()),
            owner,
            project: self.project.id,
            principal: Principal::Operator,
            endpoint: Endpoint::ChatCompletions,
            model: Some("fake-model".parse().expect("a model")),
            inputs: vec![file.id],
            metadata: BTreeMap::from([("équipe".to_owned(), "météo".to_owned())]),
            state: JobState::Queued,
            counts: Counts { total: 9, ..Counts::default() },
            created_at,
            deadline: created_at.plus_seconds(60),
            started_at: None,
            ended_at: None,
            output: None,
            errors: None,
            failure: None,
        }
    }

    async fn insert(&self, job: &BatchJob) -> JobInserted {
        let entry = self.samples.entry(Some(job.owner.organisation));
        self.jobs.insert(job, 3, &entry).await.expect("answered")
    }

    async fn inserted(&self, owner: Owner) -> BatchJob {
        let job = self.job(owner).await;
        assert_eq!(self.insert(&job).await, JobInserted::Done);
        job
    }

    async fn claim(&self, held: &[BatchJobId]) -> Option<Claim> {
        self.jobs.claim(held, self.samples.now()).await.expect("answered")
    }

    async fn read(&self, job: &BatchJob) -> BatchJob {
        self.jobs.job(job.owner, job.id).await.expect("read").expect("there")
    }

    async fn conclude(&self, claim: &Claim, conclusion: &Conclusion) -> bool {
        let entry = self.samples.entry(Some(claim.job.owner.organisation));
        self.jobs.conclude(claim, conclusion, &entry).await.expect("answered")
    }

    fn conclusion(&self, state: JobState) -> Conclusion {
        let at = self.samples.now();
        Conclusion { state, at, output: None, errors: None, failure: None }
    }

    async fn delete(&self, owner: Owner, id: BatchJobId) -> JobDeleted {
        let entry = self.samples.entry(Some(owner.organisation));
        self.jobs.delete(owner, id, &entry).await.expect("answered")
    }
}

fn result(number: u64, kind: ResultKind) -> JobResult {
    JobResult { number, kind, line: format!("{{\"number\":{number}}}") }
}

async fn a_job_is_told_as_it_was_made(case: &Case) {
    let job = case.inserted(case.owner).await;
    assert_eq!(case.read(&job).await, job);
    assert_eq!(case.jobs.job(case.stranger, job.id).await.expect("read"), None);
    let younger = case.inserted(case.owner).await;
    let all = JobQuery { limit: 9, ..JobQuery::default() };
    let page = case.jobs.jobs(case.owner, &all).await.expect("listed");
    assert_eq!((page.jobs, page.total), (vec![younger.clone(), job.clone()], 2));
    for (query, expected) in [
        (JobQuery { after: Some(younger.id), ..all.clone() }, vec![job.id]),
        (JobQuery { offset: 1, ..all.clone() }, vec![job.id]),
        (JobQuery { states: vec![JobState::Running], ..all.clone() }, vec![]),
        (JobQuery { states: vec![JobState::Queued], limit: 1, ..all.clone() }, vec![younger.id]),
        (JobQuery { created_after: Some(job.created_at), ..all.clone() }, vec![younger.id]),
        (JobQuery { model: Some("other".parse().expect("a model")), ..all.clone() }, vec![]),
    ] {
        let page = case.jobs.jobs(case.owner, &query).await.expect("listed");
        let ids: Vec<_> = page.jobs.iter().map(|job| job.id).collect();
        assert_eq!(ids, expected, "{query:?}");
    }
    assert_eq!(case.jobs.jobs(case.stranger, &all).await.expect("listed").total, 0);
}

async fn the_next_one_is_that_of_who_has_least(case: &Case) {
    let first = case.inserted(case.owner).await;
    let second = case.inserted(case.owner).await;
    let theirs = case.inserted(case.stranger).await;
    let mut held = Vec::new();
    for expected in [&first, &theirs, &second] {
        let owner = case.jobs.next_owner(&held).await.expect("looked");
        assert_eq!(owner, Some(expected.owner));
        let claim = case.claim(&held).await.expect("one");
        assert_eq!((claim.job.id, claim.job.state), (expected.id, JobState::Running));
        assert!(claim.job.started_at.is_some());
        held.push(claim.job.id);
    }
    assert_eq!(case.claim(&held).await, None);
    assert_eq!(case.jobs.next_owner(&held).await.expect("looked"), None);
    let entry = case.samples.entry(Some(case.owner.organisation));
    let cancelled = case.jobs.cancel(case.owner, second.id, &entry).await.expect("answered");
    assert_eq!(cancelled.expect("there").state, JobState::Cancelling);
    let claim = case.claim(&[first.id]).await.expect("one");
    assert_eq!(claim.job.id, second.id, "it needs a place for a moment only");
}

/// The vectors of one request may take tens of megabytes: a page has so many bytes, not so many
/// results.
async fn a_page_of_results_has_so_many_bytes(case: &Case) {
    case.inserted(case.owner).await;
    let claim = case.claim(&[]).await.expect("one");
    let long = |number| {
        let line = "x".repeat(300_000);
        JobResult { line, ..result(number, ResultKind::Answer) }
    };
    for number in 0..9 {
        case.jobs.record(&claim, &[long(number)]).await.expect("kept");
    }
    let (mut after, mut numbers) = (None, Vec::new());
    loop {
        let page = case.jobs.results(&claim, ResultKind::Answer, after, 1_000_000).await;
        let page = page.expect("read");
        let Some(last) = page.last() else { break };
        after = Some(last.number);
        assert!(page.len() <= 3, "{}", page.len());
        numbers.extend(page.iter().map(|result| result.number));
    }
    assert_eq!(numbers, (0..9).collect::<Vec<_>>());
}

async fn a_request_has_one_result(case: &Case) {
    case.inserted(case.owner).await;
    let claim = case.claim(&[]).await.expect("one");
    let (answer, error) = (ResultKind::Answer, ResultKind::Error);
    let results = [result(2, answer), result(0, answer), result(1, error)];
    assert_eq!(case.jobs.record(&claim, &results).await.expect("kept"), Some(JobState::Running));
    let again = [JobResult { line: "other".to_owned(), ..result(1, answer) }, result(7, answer)];
    case.jobs.record(&claim, &again).await.expect("kept");
    assert_eq!(case.jobs.recorded(&claim).await.expect("read"), [0, 1, 2, 7]);
    let page = case.jobs.results(&claim, answer, None, 1_000).await.expect("read");
    assert_eq!(page, [result(0, answer), result(2, answer), result(7, answer)]);
    let page = case.jobs.results(&claim, answer, None, 1).await.expect("read");
    assert_eq!(page, [result(0, answer)], "one at least");
    let page = case.jobs.results(&claim, answer, Some(2), 1_000).await.expect("read");
    assert_eq!(page, [result(7, answer)]);
    assert_eq!(case.jobs.results(&claim, answer, Some(7), 1_000).await.expect("read"), []);
    let page = case.jobs.results(&claim, error, None, 1_000).await.expect("read");
    assert_eq!(page, [result(1, error)], "the first one stays");
    let counts = case.read(&claim.job).await.counts;
    assert_eq!(counts, Counts { total: 9, succeeded: 3, failed: 1 });
    assert!(!case.jobs.discard_results(9).await.expect("looked"), "it has not ended");
    assert_eq!(case.jobs.recorded(&claim).await.expect("read").len(), 4);
}

async fn whoever_claimed_last_plays(case: &Case) {
    case.inserted(case.owner).await;
    let lost = case.claim(&[]).await.expect("one");
    let claim = case.claim(&[]).await.expect("the same one");
    assert_eq!(claim.job.id, lost.job.id);
    assert!(claim.fence > lost.fence);
    let results = [result(0, ResultKind::Answer)];
    assert_eq!(case.jobs.record(&lost, &results).await.expect("answered"), None);
    assert_eq!(case.jobs.record(&lost, &[]).await.expect("answered"), None);
    assert!(case.jobs.recorded(&claim).await.expect("read").is_empty());
    assert!(!case.conclude(&lost, &case.conclusion(JobState::Succeeded)).await);
    assert!(case.conclude(&claim, &case.conclusion(JobState::Succeeded)).await);
    assert_eq!(case.claim(&[]).await, None, "it has ended");
}

async fn an_ended_job_has_its_files(case: &Case) {
    let job = case.inserted(case.owner).await;
    let claim = case.claim(&[]).await.expect("one");
    let results = [result(0, ResultKind::Answer), result(1, ResultKind::Error)];
    case.jobs.record(&claim, &results).await.expect("kept");
    assert!(!case.conclude(&claim, &case.conclusion(JobState::Cancelled)).await, "nobody asked");
    let conclusion = Conclusion {
        output: Some(case.file(case.owner, FileSource::BatchOutput).await),
        errors: Some(case.file(case.owner, FileSource::BatchErrors).await),
        failure: Some(Failure { code: "auth.revoked".to_owned() }),
        ..case.conclusion(JobState::Failed)
    };
    assert!(case.conclude(&claim, &conclusion).await);
    assert!(!case.conclude(&claim, &case.conclusion(JobState::Succeeded)).await, "it has ended");
    let ended = case.read(&job).await;
    assert_eq!((ended.state, ended.ended_at), (JobState::Failed, Some(conclusion.at)));
    let ids = (conclusion.output.as_ref(), conclusion.errors.as_ref());
    assert_eq!((ended.output, ended.errors), (ids.0.map(|it| it.id), ids.1.map(|it| it.id)));
    assert_eq!(ended.failure, conclusion.failure);
    let kept = case.files.file(case.owner, ended.output.expect("one")).await.expect("read");
    assert_eq!(kept, conclusion.output);
    assert!(case.jobs.discard_results(1).await.expect("removed"));
    while case.jobs.discard_results(9).await.expect("removed") {}
    assert!(case.jobs.recorded(&claim).await.expect("read").is_empty());
    assert_eq!(case.delete(case.stranger, job.id).await, JobDeleted::Unknown);
    assert_eq!(case.delete(case.owner, job.id).await, JobDeleted::Done);
    assert_eq!(case.jobs.job(case.owner, job.id).await.expect("read"), None);
    assert_eq!(case.jobs.record(&claim, &results).await.expect("answered"), None, "it is gone");
    assert!(case.files.file(case.owner, ended.output.expect("one")).await.expect("read").is_some());
}

async fn a_job_is_cancelled_while_it_lasts(case: &Case) {
    let job = case.inserted(case.owner).await;
    let cancel = async |owner| {
        let entry = case.samples.entry(Some(case.owner.organisation));
        let found = case.jobs.cancel(owner, job.id, &entry).await.expect("answered");
        found.map(|job| job.state)
    };
    assert_eq!(cancel(case.stranger).await, None);
    assert_eq!(cancel(case.owner).await, Some(JobState::Cancelling));
    assert_eq!(cancel(case.owner).await, Some(JobState::Cancelling));
    let entry = case.samples.entry(Some(case.owner.organisation));
    let deleted = case.files.delete(case.owner, job.inputs[0], &entry).await;
    assert_eq!(deleted.expect("answered"), FileDeleted::InUse(job.id));
    let unfinished = JobDeleted::Unfinished(JobState::Cancelling);
    assert_eq!(case.delete(case.owner, job.id).await, unfinished);
    let claim = case.claim(&[]).await.expect("one");
    assert_eq!(claim.job.state, JobState::Cancelling);
    assert!(!case.conclude(&claim, &case.conclusion(JobState::Succeeded)).await);
    assert!(case.conclude(&claim, &case.conclusion(JobState::Cancelled)).await);
    assert_eq!(cancel(case.owner).await, Some(JobState::Cancelled));
}

async fn an_account_has_so_many_jobs(case: &Case) {
    for _ in 0..3 {
        case.inserted(case.owner).await;
    }
    let fourth = case.job(case.owner).await;
    assert_eq!(case.insert(&fourth).await, JobInserted::TooMany);
    let mut theirs = case.job(case.stranger).await;
    theirs.inputs = fourth.inputs.clone();
    assert_eq!(case.insert(&theirs).await, JobInserted::InputGone(fourth.inputs[0]));
    case.inserted(case.stranger).await;
}
