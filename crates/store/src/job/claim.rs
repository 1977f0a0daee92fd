//! Who plays a job: the last who claimed it, told by a number that only grows.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use domain::{AccountId, BatchJobId, Timestamp};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};
use workloads::{
    JobState, Owner,
    ports::{Claim, Conclusion},
};

use super::row;
use crate::{
    failure::Failure,
    file::Workloads,
    row::{Columns, bytes},
};

/// Jobs that cannot be read, and are told once. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct PassedOver {
    // A lock and not a task: nothing waits while it is held.
    told: Arc<Mutex<BTreeSet<BatchJobId>>>,
}

impl PassedOver {
    fn tell(&self, job: BatchJobId, error: &Failure) {
        if self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(job) {
            tracing::error!(
                %job,
                error = error as &dyn std::error::Error,
                "a batch job cannot be read, and is passed over"
            );
        }
    }
}

/// A claim without what is known of the job.
#[derive(Clone, Copy)]
pub(super) struct Claimed {
    pub(super) owner: Owner,
    pub(super) id: BatchJobId,
    fence: i64,
}

impl From<&Claim> for Claimed {
    fn from(claim: &Claim) -> Self {
        Self { owner: claim.job.owner, id: claim.job.id, fence: claim.fence }
    }
}

/// Of all organisations: they share the places. Both look at jobs that have not ended, and at no
/// others, however many there are (`INDEXED BY` fails rather than look at all). `?1` is a JSON list
/// of the ids that are held.
const HELD: &str = "
    SELECT organisation_id, account_id, count(*) AS jobs
    FROM batch_job INDEXED BY batch_job_unfinished
    WHERE ended_at IS NULL AND lower(hex(id)) IN (SELECT value FROM json_each(?1))
    GROUP BY organisation_id, account_id";
const WAITING: &str = "
    SELECT organisation_id, account_id, id, state = 'cancelling' AS is_ending
    FROM batch_job INDEXED BY batch_job_unfinished
    WHERE ended_at IS NULL AND lower(hex(id)) NOT IN (SELECT value FROM json_each(?1))
    ORDER BY created_at, id";

/// What is to be played next: one that is to end, then of accounts of which the fewest are held the
/// oldest, if it can be read. One that cannot, as after a repair of the file, must not keep those of
/// all others.
async fn first(
    connection: &mut SqliteConnection,
    workloads: &Workloads,
    held: &[BatchJobId],
) -> Result<Option<Claim>, Failure> {
    for job in candidates(connection, held).await? {
        match read(connection, workloads, job).await {
            Ok(found) => return Ok(Some(found)),
            Err(error @ (Failure::Unreadable { .. } | Failure::Unopened { .. })) => {
                workloads.passed_over.tell(job.1, &error);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// All that are not held.
async fn candidates(
    connection: &mut SqliteConnection,
    held: &[BatchJobId],
) -> Result<Vec<(Owner, BatchJobId)>, Failure> {
    let held = list(held);
    let rows = sqlx::query(WAITING).bind(&held).fetch_all(&mut *connection).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut counts: BTreeMap<Owner, i64> = BTreeMap::new();
    for row in &sqlx::query(HELD).bind(&held).fetch_all(connection).await? {
        counts.insert(owner(row)?, row.try_get("jobs")?);
    }
    let mut waiting = Vec::with_capacity(rows.len());
    for row in &rows {
        let job = (owner(row)?, BatchJobId::from_uuid(Columns(row).uuid("id")?));
        // One that is to end needs a place for a moment only.
        let is_ending = row.try_get::<i64, _>("is_ending")? == 1;
        let held = if is_ending { -1 } else { counts.get(&job.0).copied().unwrap_or(0) };
        waiting.push((held, job));
    }
    // Of those with as many, the oldest stays the first.
    waiting.sort_by_key(|(held, _)| *held);
    Ok(waiting.into_iter().map(|(_, job)| job).collect())
}

/// As whoever claimed it last had it.
async fn read(
    connection: &mut SqliteConnection,
    workloads: &Workloads,
    (owner, id): (Owner, BatchJobId),
) -> Result<Claim, Failure> {
    let found = sqlx::query("SELECT * FROM batch_job WHERE organisation_id = ?1 AND id = ?2")
        .bind(bytes(owner.organisation.as_uuid()))
        .bind(bytes(id.as_uuid()))
        .fetch_one(&mut *connection)
        .await?;
    let keys = workloads.vault.keys(owner.organisation)?;
    let job = row::whole(connection, &keys, &found).await?;
    Ok(Claim { job, fence: found.try_get("fence")? })
}

fn owner(row: &SqliteRow) -> Result<Owner, Failure> {
    let columns = Columns(row);
    let organisation = columns.organisation("organisation_id")?;
    Ok(Owner { organisation, account: AccountId::from_uuid(columns.uuid("account_id")?) })
}

pub(super) async fn next_owner(
    connection: &mut SqliteConnection,
    workloads: &Workloads,
    held: &[BatchJobId],
) -> Result<Option<Owner>, Failure> {
    Ok(first(connection, workloads, held).await?.map(|found| found.job.owner))
}

fn list(held: &[BatchJobId]) -> String {
    let held: Vec<String> = held.iter().map(|id| id.as_uuid().simple().to_string()).collect();
    serde_json::json!(held).to_string()
}

pub(super) async fn next(
    connection: &mut SqliteConnection,
    workloads: &Workloads,
    held: &[BatchJobId],
    at: Timestamp,
) -> Result<Option<Claim>, Failure> {
    let Some(found) = first(connection, workloads, held).await? else { return Ok(None) };
    let (mut job, fence) = (found.job, found.fence + 1);
    if job.state == JobState::Queued {
        job.state = JobState::Running;
    }
    job.started_at = job.started_at.or(Some(at));
    sqlx::query(
        "UPDATE batch_job SET fence = ?3, state = ?4, started_at = ?5 \
         WHERE organisation_id = ?1 AND id = ?2",
    )
    .bind(bytes(job.owner.organisation.as_uuid()))
    .bind(bytes(job.id.as_uuid()))
    .bind(fence)
    .bind(job.state.as_str())
    .bind(job.started_at.map(Timestamp::as_micros))
    .execute(connection)
    .await?;
    Ok(Some(Claim { job, fence }))
}

/// `None` if somebody else claimed it, or it is gone.
pub(super) async fn state(
    connection: &mut SqliteConnection,
    claimed: &Claimed,
) -> Result<Option<JobState>, Failure> {
    let found = sqlx::query(
        "SELECT state FROM batch_job WHERE organisation_id = ?1 AND id = ?2 AND fence = ?3",
    )
    .bind(bytes(claimed.owner.organisation.as_uuid()))
    .bind(bytes(claimed.id.as_uuid()))
    .bind(claimed.fence)
    .fetch_optional(connection)
    .await?;
    found.map(|found| row::state(&found)).transpose()
}

pub(super) async fn conclude(
    connection: &mut SqliteConnection,
    claimed: &Claimed,
    conclusion: &Conclusion,
) -> Result<(), Failure> {
    sqlx::query(
        "UPDATE batch_job SET state = ?3, ended_at = ?4, output_id = ?5, errors_id = ?6, \
         failure = ?7 WHERE organisation_id = ?1 AND id = ?2",
    )
    .bind(bytes(claimed.owner.organisation.as_uuid()))
    .bind(bytes(claimed.id.as_uuid()))
    .bind(conclusion.state.as_str())
    .bind(conclusion.at.as_micros())
    .bind(conclusion.output.as_ref().map(|file| bytes(file.id.as_uuid())))
    .bind(conclusion.errors.as_ref().map(|file| bytes(file.id.as_uuid())))
    .bind(conclusion.failure.as_ref().map(|failure| failure.code.clone()))
    .execute(connection)
    .await?;
    Ok(())
}
