//! Who plays a job: the last who claimed it, told by a number that only grows.

use domain::{BatchJobId, Timestamp};
use governance::Vault;
use sqlx::{Row as _, SqliteConnection};
use workloads::{
    JobState, Owner,
    ports::{Claim, Conclusion},
};

use super::row;
use crate::{
    failure::Failure,
    row::{Columns, bytes},
};

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

/// Of all organisations: they share the places. `?1` is a JSON list of the ids that are held.
const NEXT: &str = "
    SELECT j.* FROM batch_job AS j
    WHERE j.ended_at IS NULL AND lower(hex(j.id)) NOT IN (SELECT value FROM json_each(?1))
    ORDER BY (SELECT count(*) FROM batch_job AS h
        WHERE h.organisation_id = j.organisation_id AND h.account_id = j.account_id
        AND h.ended_at IS NULL AND lower(hex(h.id)) IN (SELECT value FROM json_each(?1))),
        j.created_at, j.id
    LIMIT 1";

pub(super) async fn is_any(
    connection: &mut SqliteConnection,
    held: &[BatchJobId],
) -> Result<bool, Failure> {
    let found = sqlx::query(NEXT).bind(list(held)).fetch_optional(connection).await?;
    Ok(found.is_some())
}

fn list(held: &[BatchJobId]) -> String {
    let held: Vec<String> = held.iter().map(|id| id.as_uuid().simple().to_string()).collect();
    serde_json::json!(held).to_string()
}

pub(super) async fn next(
    connection: &mut SqliteConnection,
    vault: &Vault,
    held: &[BatchJobId],
    at: Timestamp,
) -> Result<Option<Claim>, Failure> {
    let found = sqlx::query(NEXT).bind(list(held)).fetch_optional(&mut *connection).await?;
    let Some(found) = found else { return Ok(None) };
    let keys = vault.keys(Columns(&found).organisation("organisation_id")?)?;
    let mut job = row::whole(connection, &keys, &found).await?;
    let fence = found.try_get::<i64, _>("fence")? + 1;
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
