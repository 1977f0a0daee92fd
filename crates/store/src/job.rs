//! Batch jobs behind `JobStore`. What a job holds of its maker is sealed.

pub(crate) mod claim;
pub(crate) mod result;
pub(crate) mod row;

use async_trait::async_trait;
use domain::{BatchJobId, Timestamp};
use governance::{AuditEntry, ports::StoreError};
use workloads::{
    BatchJob, JobPage, JobQuery, JobState, Owner,
    ports::{Claim, Conclusion, JobDeleted, JobInserted, JobResult, JobStore, ResultKind},
};

use crate::{
    audit,
    failure::store_error,
    file::{self, Workloads},
    protection::hold,
};

#[async_trait]
impl JobStore for Workloads {
    async fn insert(
        &self,
        job: &BatchJob,
        unfinished_max: u32,
        audit: &AuditEntry,
    ) -> Result<JobInserted, StoreError> {
        let failed = || store_error("keep the batch job");
        let keys = self.keys(job.owner.organisation).await.map_err(failed())?;
        let (job, entry) = (job.clone(), audit.clone());
        self.store
            .change(move |connection| {
                Box::pin(async move {
                    if row::unfinished(connection, job.owner).await? >= unfinished_max {
                        return Ok(JobInserted::TooMany);
                    }
                    if let Some(gone) = row::first_input_gone(connection, &job).await? {
                        return Ok(JobInserted::InputGone(gone));
                    }
                    row::insert(connection, &keys, &job).await?;
                    audit::insert(connection, &entry).await?;
                    Ok(JobInserted::Done)
                })
            })
            .await
            .map_err(failed())
    }

    async fn job(&self, owner: Owner, id: BatchJobId) -> Result<Option<BatchJob>, StoreError> {
        let failed = || store_error("read the batch job");
        let keys = self.keys(owner.organisation).await.map_err(failed())?;
        self.store
            .read(move |connection| {
                Box::pin(async move { row::find(connection, &keys, (owner, id)).await })
            })
            .await
            .map_err(failed())
    }

    async fn jobs(&self, owner: Owner, query: &JobQuery) -> Result<JobPage, StoreError> {
        let failed = || store_error("list the batch jobs");
        let keys = self.keys(owner.organisation).await.map_err(failed())?;
        let query = query.clone();
        self.store
            .read(move |connection| {
                Box::pin(async move { row::page(connection, &keys, owner, &query).await })
            })
            .await
            .map_err(failed())
    }

    async fn cancel(
        &self,
        owner: Owner,
        id: BatchJobId,
        audit: &AuditEntry,
    ) -> Result<Option<BatchJob>, StoreError> {
        let failed = || store_error("cancel the batch job");
        let keys = self.keys(owner.organisation).await.map_err(failed())?;
        let entry = audit.clone();
        self.store
            .change(move |connection| {
                Box::pin(async move {
                    let Some(job) = row::find(connection, &keys, (owner, id)).await? else {
                        return Ok(None);
                    };
                    let state = job.state.after_cancel();
                    if state != job.state {
                        row::set_state(connection, (owner.organisation, id), state).await?;
                    }
                    audit::insert(connection, &entry).await?;
                    Ok(Some(BatchJob { state, ..job }))
                })
            })
            .await
            .map_err(failed())
    }

    async fn delete(
        &self,
        owner: Owner,
        id: BatchJobId,
        audit: &AuditEntry,
    ) -> Result<JobDeleted, StoreError> {
        let entry = audit.clone();
        self.store
            .change(move |connection| {
                Box::pin(async move {
                    let Some(state) = row::state_of(connection, (owner, id)).await? else {
                        return Ok(JobDeleted::Unknown);
                    };
                    if !state.is_ended() {
                        return Ok(JobDeleted::Unfinished(state));
                    }
                    let account = (owner.organisation, owner.account);
                    if let Some(hold) = hold::in_force(connection, account).await? {
                        return Ok(JobDeleted::Held(hold));
                    }
                    row::remove(connection, (owner.organisation, id)).await?;
                    audit::insert(connection, &entry).await?;
                    Ok(JobDeleted::Done)
                })
            })
            .await
            .map_err(store_error("delete the batch job"))
    }

    async fn claim(&self, held: &[BatchJobId], at: Timestamp) -> Result<Option<Claim>, StoreError> {
        let failed = || store_error("claim a batch job");
        let (workloads, held) = (self.clone(), held.to_vec());
        // Nothing is written while there is nothing to do.
        let (looking, asked) = (self.clone(), held.clone());
        let next = self.store.read(move |connection| {
            Box::pin(async move { claim::next_owner(connection, &looking, &asked).await })
        });
        if next.await.map_err(failed())?.is_none() {
            return Ok(None);
        }
        self.store
            .change(move |connection| {
                Box::pin(async move { claim::next(connection, &workloads, &held, at).await })
            })
            .await
            .map_err(failed())
    }

    async fn next_owner(&self, held: &[BatchJobId]) -> Result<Option<Owner>, StoreError> {
        let (workloads, held) = (self.clone(), held.to_vec());
        self.store
            .read(move |connection| {
                Box::pin(async move { claim::next_owner(connection, &workloads, &held).await })
            })
            .await
            .map_err(store_error("look whose batch job is next"))
    }

    async fn recorded(&self, claim: &Claim) -> Result<Vec<u64>, StoreError> {
        let job = (claim.job.owner, claim.job.id);
        self.store
            .read(move |connection| Box::pin(result::numbers(connection, job)))
            .await
            .map_err(store_error("read which requests have results"))
    }

    async fn record(
        &self,
        claim: &Claim,
        results: &[JobResult],
    ) -> Result<Option<JobState>, StoreError> {
        let failed = || store_error("keep results of the batch job");
        let claimed = claim::Claimed::from(claim);
        if results.is_empty() {
            let state = self.store.read(move |connection| {
                Box::pin(async move { claim::state(connection, &claimed).await })
            });
            return state.await.map_err(failed());
        }
        let keys = self.keys(claim.job.owner.organisation).await.map_err(failed())?;
        let sealed = result::seal(&keys, &claimed, results);
        self.store
            .change(move |connection| {
                Box::pin(async move {
                    let state = claim::state(connection, &claimed).await?;
                    if state.is_some() {
                        result::insert(connection, &claimed, &sealed).await?;
                    }
                    Ok(state)
                })
            })
            .await
            .map_err(failed())
    }

    async fn results(
        &self,
        claim: &Claim,
        kind: ResultKind,
        after: Option<u64>,
        bytes_max: u64,
    ) -> Result<Vec<JobResult>, StoreError> {
        let failed = || store_error("read results of the batch job");
        let keys = self.keys(claim.job.owner.organisation).await.map_err(failed())?;
        let claimed = claim::Claimed::from(claim);
        let wanted = result::Wanted { kind, after, bytes_max };
        self.store
            .read(move |connection| {
                Box::pin(async move { result::some(connection, &keys, &claimed, wanted).await })
            })
            .await
            .map_err(failed())
    }

    async fn conclude(
        &self,
        claim: &Claim,
        conclusion: &Conclusion,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let failed = || store_error("end the batch job");
        let keys = self.keys(claim.job.owner.organisation).await.map_err(failed())?;
        let claimed = claim::Claimed::from(claim);
        let (conclusion, entry) = (conclusion.clone(), audit.clone());
        self.store
            .change(move |connection| {
                Box::pin(async move {
                    let state = claim::state(connection, &claimed).await?;
                    if !state.is_some_and(|state| state.leads_to(conclusion.state)) {
                        return Ok(false);
                    }
                    for file in conclusion.output.iter().chain(&conclusion.errors) {
                        file::row::insert(connection, &keys, file).await?;
                    }
                    claim::conclude(connection, &claimed, &conclusion).await?;
                    audit::insert(connection, &entry).await?;
                    Ok(true)
                })
            })
            .await
            .map_err(failed())
    }

    async fn discard_results(&self, rows_max: u32) -> Result<bool, StoreError> {
        self.store
            .change(move |connection| Box::pin(result::discard(connection, rows_max)))
            .await
            .map_err(store_error("remove results that are in files"))
    }
}
