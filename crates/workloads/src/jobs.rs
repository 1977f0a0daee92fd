//! Makes, lists, ends and removes batch jobs.

use std::sync::Arc;

use domain::{BatchJobId, Caller, Clock, IdSource};
use governance::{Action, AuditFact, Subject, Trail};
use tokio::sync::Notify;

use crate::{
    BatchJob, Counts, FileId, Files, JobPage, JobQuery, JobState, NewJob, Purpose, WorkloadError,
    ports::{JobDeleted, JobInserted, JobStore},
};

/// Of one job, in all of its files.
pub const REQUESTS_MAX: u64 = 100_000;

/// Files that one job reads.
pub const INPUTS_MAX: usize = 16;

/// Jobs of one account that have not ended.
pub const UNFINISHED_MAX: u32 = 100;

/// How long a job may take: a week.
pub const HOURS_MAX: u32 = 168;

/// Pairs of metadata.
pub const METADATA_MAX: usize = 16;

const METADATA_KEY_CHARACTERS_MAX: usize = 64;
const METADATA_VALUE_CHARACTERS_MAX: usize = 512;
const HOUR_SECONDS: i64 = 3_600;

/// What [`Jobs`] is made of.
pub struct JobsParts {
    pub store: Arc<dyn JobStore>,
    pub files: Files,
    pub trail: Trail,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
}

/// Keeps batch jobs of callers. Cheap to clone.
#[derive(Clone)]
pub struct Jobs {
    pub(crate) store: Arc<dyn JobStore>,
    pub(crate) files: Files,
    pub(crate) trail: Trail,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    /// Wakes whoever plays jobs.
    pub(crate) changed: Arc<Notify>,
}

impl Jobs {
    pub fn new(parts: JobsParts) -> Self {
        let JobsParts { store, files, trail, clock, ids } = parts;
        Self { store, files, trail, clock, ids, changed: Arc::default() }
    }

    /// Takes a job. When this returns it is durable, and it is played even after a crash.
    pub async fn create(&self, caller: &Caller, new: NewJob) -> Result<BatchJob, WorkloadError> {
        check(&new)?;
        let requests = self.count(caller, &new.inputs).await?;
        let now = self.clock.now();
        let job = BatchJob {
            id: BatchJobId::from_uuid(self.ids.next(now)),
            owner: caller.into(),
            project: caller.project,
            principal: caller.principal,
            endpoint: new.endpoint,
            model: new.model,
            inputs: new.inputs,
            metadata: new.metadata,
            state: JobState::Queued,
            counts: Counts { total: requests, ..Counts::default() },
            created_at: now,
            deadline: now.plus_seconds(HOUR_SECONDS * i64::from(new.hours)),
            started_at: None,
            ended_at: None,
            output: None,
            errors: None,
            failure: None,
        };
        let fact = AuditFact::ok(Action::BatchCreate, *caller, Subject::BatchJob(job.id));
        let audit = self.trail.entry(&fact).await?;
        match self.store.insert(&job, UNFINISHED_MAX, &audit).await? {
            JobInserted::Done => {}
            JobInserted::TooMany => return Err(WorkloadError::TooManyJobs),
            JobInserted::InputGone(id) => return Err(WorkloadError::FileUnknown { id }),
        }
        self.changed.notify_one();
        Ok(job)
    }

    pub async fn list(&self, caller: &Caller, query: &JobQuery) -> Result<JobPage, WorkloadError> {
        self.record(Action::BatchList, caller, Subject::Nothing).await?;
        Ok(self.store.jobs(caller.into(), query).await?)
    }

    pub async fn read(&self, caller: &Caller, id: BatchJobId) -> Result<BatchJob, WorkloadError> {
        let found = self.store.job(caller.into(), id).await?;
        let job = found.ok_or(WorkloadError::JobUnknown { id })?;
        self.record(Action::BatchRead, caller, Subject::BatchJob(id)).await?;
        Ok(job)
    }

    /// Asks for the end of a job. What was answered by then is in its files.
    pub async fn cancel(&self, caller: &Caller, id: BatchJobId) -> Result<BatchJob, WorkloadError> {
        let fact = AuditFact::ok(Action::BatchCancel, *caller, Subject::BatchJob(id));
        let audit = self.trail.entry(&fact).await?;
        let found = self.store.cancel(caller.into(), id, &audit).await?;
        let job = found.ok_or(WorkloadError::JobUnknown { id })?;
        self.changed.notify_one();
        Ok(job)
    }

    pub async fn delete(&self, caller: &Caller, id: BatchJobId) -> Result<(), WorkloadError> {
        let fact = AuditFact::ok(Action::BatchDelete, *caller, Subject::BatchJob(id));
        let audit = self.trail.entry(&fact).await?;
        match self.store.delete(caller.into(), id, &audit).await? {
            JobDeleted::Done => Ok(()),
            JobDeleted::Unknown => Err(WorkloadError::JobUnknown { id }),
            JobDeleted::Held(id) => Err(WorkloadError::Held { id }),
            JobDeleted::Unfinished(state) => Err(WorkloadError::JobUnfinished { id, state }),
        }
    }

    /// How many requests there are in all files together.
    async fn count(&self, caller: &Caller, inputs: &[FileId]) -> Result<u64, WorkloadError> {
        let mut requests = 0_u64;
        for &id in inputs {
            let file = self.files.find(caller.into(), id).await?;
            let refused = |reason| WorkloadError::Input { file: id, reason };
            if file.purpose != Purpose::Batch {
                return Err(refused("its purpose is another than `batch`"));
            }
            let lines = file.lines.unwrap_or(0);
            if lines == 0 {
                return Err(refused("it has no lines"));
            }
            requests = requests.saturating_add(lines);
        }
        if requests > REQUESTS_MAX {
            return Err(WorkloadError::TooManyRequests { requests });
        }
        Ok(requests)
    }

    async fn record(
        &self,
        action: Action,
        caller: &Caller,
        subject: Subject,
    ) -> Result<(), WorkloadError> {
        Ok(self.trail.record(&AuditFact::ok(action, *caller, subject)).await?)
    }
}

fn check(new: &NewJob) -> Result<(), WorkloadError> {
    let invalid = |parameter, reason| Err(WorkloadError::Invalid { parameter, reason });
    if !(1..=INPUTS_MAX).contains(&new.inputs.len()) {
        return invalid("input_files", format!("must name 1 to {INPUTS_MAX} files"));
    }
    if !(1..=HOURS_MAX).contains(&new.hours) {
        return invalid("timeout_hours", format!("must be from 1 to {HOURS_MAX}"));
    }
    if new.metadata.len() > METADATA_MAX {
        return invalid("metadata", format!("must have at most {METADATA_MAX} pairs"));
    }
    let is_long = |(key, value): (&String, &String)| {
        key.chars().count() > METADATA_KEY_CHARACTERS_MAX
            || value.chars().count() > METADATA_VALUE_CHARACTERS_MAX
    };
    if new.metadata.iter().any(is_long) {
        return invalid(
            "metadata",
            format!(
                "keys have at most {METADATA_KEY_CHARACTERS_MAX} characters, values \
                 {METADATA_VALUE_CHARACTERS_MAX}"
            ),
        );
    }
    Ok(())
}
