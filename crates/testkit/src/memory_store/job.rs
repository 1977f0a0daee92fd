//! Batch jobs in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{BatchJobId, FileId, Timestamp};
use governance::{AuditEntry, ports::StoreError};
use workloads::{
    BatchJob, JobPage, JobQuery, JobState, Owner,
    ports::{Claim, Conclusion, JobDeleted, JobInserted, JobResult, JobStore, ResultKind},
};

use super::{MemoryStore, Refusal, State, store_error};

#[derive(Debug)]
pub(super) struct Kept {
    pub(super) job: BatchJob,
    fence: i64,
    pub(super) results: BTreeMap<u64, JobResult>,
}

#[async_trait]
impl JobStore for MemoryStore {
    async fn insert(
        &self,
        job: &BatchJob,
        unfinished_max: u32,
        audit: &AuditEntry,
    ) -> Result<JobInserted, StoreError> {
        self.insert_job(job, unfinished_max, audit).map_err(store_error("keep the batch job"))
    }

    async fn job(&self, owner: Owner, id: BatchJobId) -> Result<Option<BatchJob>, StoreError> {
        let state = self.working().map_err(store_error("read the batch job"))?;
        Ok(state.job(owner, id).map(|kept| kept.job.clone()))
    }

    async fn jobs(&self, owner: Owner, query: &JobQuery) -> Result<JobPage, StoreError> {
        let state = self.working().map_err(store_error("list the batch jobs"))?;
        let asked = |job: &&BatchJob| {
            job.owner == owner
                && (query.states.is_empty() || query.states.contains(&job.state))
                && query.model.as_ref().is_none_or(|model| job.model.as_ref() == Some(model))
                && query.created_after.is_none_or(|after| job.created_at > after)
        };
        let jobs = state.jobs.values().map(|kept| &kept.job).filter(asked);
        let mut jobs: Vec<BatchJob> = jobs.cloned().collect();
        jobs.sort_by_key(|job| std::cmp::Reverse(job.id));
        let total = jobs.len() as u64;
        jobs.retain(|job| query.after.is_none_or(|after| job.id < after));
        let offset = usize::try_from(query.offset).unwrap_or(usize::MAX);
        let jobs = jobs.into_iter().skip(offset).take(query.limit as usize).collect();
        Ok(JobPage { jobs, total })
    }

    async fn cancel(
        &self,
        owner: Owner,
        id: BatchJobId,
        audit: &AuditEntry,
    ) -> Result<Option<BatchJob>, StoreError> {
        self.cancel_job(owner, id, audit).map_err(store_error("cancel the batch job"))
    }

    async fn delete(
        &self,
        owner: Owner,
        id: BatchJobId,
        audit: &AuditEntry,
    ) -> Result<JobDeleted, StoreError> {
        self.delete_job(owner, id, audit).map_err(store_error("delete the batch job"))
    }

    async fn claim(&self, held: &[BatchJobId], at: Timestamp) -> Result<Option<Claim>, StoreError> {
        let mut state = self.working().map_err(store_error("claim a batch job"))?;
        let Some(id) = state.next_job(held).map(|job| job.id) else { return Ok(None) };
        let Some(kept) = state.jobs.get_mut(&id) else { return Ok(None) };
        kept.fence += 1;
        if kept.job.state == JobState::Queued {
            kept.job.state = JobState::Running;
        }
        kept.job.started_at = kept.job.started_at.or(Some(at));
        Ok(Some(Claim { job: kept.job.clone(), fence: kept.fence }))
    }

    async fn next_owner(&self, held: &[BatchJobId]) -> Result<Option<Owner>, StoreError> {
        let state = self.working().map_err(store_error("look whose batch job is next"))?;
        Ok(state.next_job(held).map(|job| job.owner))
    }

    async fn recorded(&self, claim: &Claim) -> Result<Vec<u64>, StoreError> {
        let state = self.working().map_err(store_error("read which requests have results"))?;
        let kept = state.jobs.get(&claim.job.id);
        Ok(kept.map(|kept| kept.results.keys().copied().collect()).unwrap_or_default())
    }

    async fn record(
        &self,
        claim: &Claim,
        results: &[JobResult],
    ) -> Result<Option<JobState>, StoreError> {
        let mut state = self.working().map_err(store_error("keep results of the batch job"))?;
        let Some(kept) = state.claimed(claim) else { return Ok(None) };
        for result in results {
            if kept.results.contains_key(&result.number) {
                continue;
            }
            match result.kind {
                ResultKind::Answer => kept.job.counts.succeeded += 1,
                ResultKind::Error => kept.job.counts.failed += 1,
            }
            kept.results.insert(result.number, result.clone());
        }
        Ok(Some(kept.job.state))
    }

    async fn results(
        &self,
        claim: &Claim,
        kind: ResultKind,
        after: Option<u64>,
        bytes_max: u64,
    ) -> Result<Vec<JobResult>, StoreError> {
        let state = self.working().map_err(store_error("read results of the batch job"))?;
        let Some(kept) = state.jobs.get(&claim.job.id) else { return Ok(Vec::new()) };
        let asked = kept.results.values().filter(|result| {
            result.kind == kind && after.is_none_or(|after| result.number > after)
        });
        let (mut page, mut length) = (Vec::new(), 0_u64);
        for result in asked {
            length += result.line.len() as u64;
            if !page.is_empty() && length > bytes_max {
                break;
            }
            page.push(result.clone());
        }
        Ok(page)
    }

    async fn conclude(
        &self,
        claim: &Claim,
        conclusion: &Conclusion,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        self.conclude_job(claim, conclusion, audit).map_err(store_error("end the batch job"))
    }

    async fn discard_results(&self, rows_max: u32) -> Result<bool, StoreError> {
        let mut state = self.working().map_err(store_error("remove results that are in files"))?;
        let mut left = rows_max;
        for kept in state.jobs.values_mut().filter(|kept| kept.job.state.is_ended()) {
            while left > 0 && kept.results.pop_first().is_some() {
                left -= 1;
            }
        }
        Ok(left == 0)
    }
}

impl MemoryStore {
    fn insert_job(
        &self,
        job: &BatchJob,
        unfinished_max: u32,
        audit: &AuditEntry,
    ) -> Result<JobInserted, Refusal> {
        let mut state = self.working()?;
        state.check_entry(audit)?;
        let Owner { organisation, account } = job.owner;
        state.check_account(organisation, job.project, account)?;
        let unfinished = state
            .jobs
            .values()
            .filter(|kept| kept.job.owner == job.owner && !kept.job.state.is_ended());
        if unfinished.count() >= unfinished_max as usize {
            return Ok(JobInserted::TooMany);
        }
        let gone = job.inputs.iter().find(|id| state.file(job.owner, **id).is_none());
        if let Some(&id) = gone {
            return Ok(JobInserted::InputGone(id));
        }
        let kept = Kept { job: job.clone(), fence: 0, results: BTreeMap::new() };
        state.jobs.insert(job.id, kept);
        state.audit.push(audit.clone());
        Ok(JobInserted::Done)
    }

    fn cancel_job(
        &self,
        owner: Owner,
        id: BatchJobId,
        audit: &AuditEntry,
    ) -> Result<Option<BatchJob>, Refusal> {
        let mut state = self.working()?;
        state.check_entry(audit)?;
        let kept = state.jobs.get_mut(&id).filter(|kept| kept.job.owner == owner);
        let Some(kept) = kept else { return Ok(None) };
        kept.job.state = kept.job.state.after_cancel();
        let job = kept.job.clone();
        state.audit.push(audit.clone());
        Ok(Some(job))
    }

    fn delete_job(
        &self,
        owner: Owner,
        id: BatchJobId,
        audit: &AuditEntry,
    ) -> Result<JobDeleted, Refusal> {
        let mut state = self.working()?;
        state.check_entry(audit)?;
        let Some(kept) = state.job(owner, id) else { return Ok(JobDeleted::Unknown) };
        if !kept.job.state.is_ended() {
            return Ok(JobDeleted::Unfinished(kept.job.state));
        }
        if let Some(hold) = state.hold_on((owner.organisation, owner.account)) {
            return Ok(JobDeleted::Held(hold));
        }
        state.jobs.remove(&id);
        state.audit.push(audit.clone());
        Ok(JobDeleted::Done)
    }

    fn conclude_job(
        &self,
        claim: &Claim,
        conclusion: &Conclusion,
        audit: &AuditEntry,
    ) -> Result<bool, Refusal> {
        let mut state = self.working()?;
        state.check_entry(audit)?;
        let now = state.claimed(claim).map(|kept| kept.job.state);
        if !now.is_some_and(|now| now.leads_to(conclusion.state)) {
            return Ok(false);
        }
        for file in conclusion.output.iter().chain(&conclusion.errors) {
            state.insert_file(file)?;
        }
        let Some(kept) = state.claimed(claim) else { return Ok(false) };
        kept.job.state = conclusion.state;
        kept.job.ended_at = Some(conclusion.at);
        kept.job.output = conclusion.output.as_ref().map(|file| file.id);
        kept.job.errors = conclusion.errors.as_ref().map(|file| file.id);
        kept.job.failure.clone_from(&conclusion.failure);
        state.audit.push(audit.clone());
        Ok(true)
    }
}

impl State {
    fn job(&self, owner: Owner, id: BatchJobId) -> Option<&Kept> {
        self.jobs.get(&id).filter(|kept| kept.job.owner == owner)
    }

    /// One that is to end, or of accounts of which the fewest are held, the oldest.
    fn next_job(&self, held: &[BatchJobId]) -> Option<&BatchJob> {
        let unfinished = self.jobs.values().map(|kept| &kept.job);
        let unfinished = unfinished.filter(|job| !job.state.is_ended());
        let of_account = |owner: Owner| {
            let is_held = |job: &&BatchJob| job.owner == owner && held.contains(&job.id);
            unfinished.clone().filter(is_held).count()
        };
        let waiting = unfinished.clone().filter(|job| !held.contains(&job.id));
        waiting.min_by_key(|job| {
            let is_ending = job.state == JobState::Cancelling;
            let held = if is_ending { 0 } else { of_account(job.owner) + 1 };
            (held, job.created_at, job.id)
        })
    }

    fn claimed(&mut self, claim: &Claim) -> Option<&mut Kept> {
        self.jobs.get_mut(&claim.job.id).filter(|kept| kept.fence == claim.fence)
    }

    /// A job that has not ended and reads the file.
    pub(super) fn reader_of(&self, file: FileId) -> Option<BatchJobId> {
        let jobs = self.jobs.values().map(|kept| &kept.job);
        let mut reading = jobs.filter(|job| !job.state.is_ended() && job.inputs.contains(&file));
        reading.next().map(|job| job.id)
    }
}
