//! A batch job as a row, with the files that it reads.

use std::collections::BTreeMap;

use domain::{
    AccountId, BatchJobId, FileId, KeyId, OrganisationId, Principal, ProjectId, SessionId,
    Timestamp,
};
use governance::ContentKeys;
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};
use workloads::{BatchJob, Counts, Failure as JobFailure, JobPage, JobQuery, JobState, Owner};

use crate::{
    failure::Failure,
    row::{Columns, bytes},
};

/// What metadata is bound to, beside the job.
const METADATA: &[u8] = b"batch.metadata\0";

/// What the keys of a job are derived for.
pub(super) fn sealed_as((owner, id): (Owner, BatchJobId)) -> Vec<u8> {
    [
        b"batch\0".as_slice(),
        owner.organisation.as_uuid().as_bytes(),
        owner.account.as_uuid().as_bytes(),
        id.as_uuid().as_bytes(),
    ]
    .concat()
}

pub(super) async fn unfinished(
    connection: &mut SqliteConnection,
    owner: Owner,
) -> Result<u32, Failure> {
    let count: u32 = sqlx::query_scalar(
        "SELECT count(*) FROM batch_job INDEXED BY batch_job_unfinished \
         WHERE organisation_id = ?1 AND account_id = ?2 AND ended_at IS NULL",
    )
    .bind(bytes(owner.organisation.as_uuid()))
    .bind(bytes(owner.account.as_uuid()))
    .fetch_one(connection)
    .await?;
    Ok(count)
}

pub(super) async fn first_input_gone(
    connection: &mut SqliteConnection,
    job: &BatchJob,
) -> Result<Option<FileId>, Failure> {
    for &id in &job.inputs {
        let known = sqlx::query(
            "SELECT 1 FROM file WHERE organisation_id = ?1 AND account_id = ?2 AND id = ?3",
        )
        .bind(bytes(job.owner.organisation.as_uuid()))
        .bind(bytes(job.owner.account.as_uuid()))
        .bind(bytes(id.as_uuid()))
        .fetch_optional(&mut *connection)
        .await?;
        if known.is_none() {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

pub(super) async fn insert(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    job: &BatchJob,
) -> Result<(), Failure> {
    let (principal, principal_id) = match job.principal {
        Principal::Key(id) => ("key", Some(bytes(id.as_uuid()))),
        Principal::Session(id) => ("session", Some(bytes(id.as_uuid()))),
        Principal::Operator => ("operator", None),
    };
    let metadata = serde_json::to_string(&job.metadata);
    let metadata = metadata.map_err(|_| Failure::Unreadable { column: "metadata" })?;
    let metadata = keys.sealer(sealed_as((job.owner, job.id))).seal(METADATA, &metadata);
    sqlx::query(
        "INSERT INTO batch_job (organisation_id, id, account_id, project_id, principal, \
         principal_id, endpoint, model, metadata, state, total, created_at, deadline) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )
    .bind(bytes(job.owner.organisation.as_uuid()))
    .bind(bytes(job.id.as_uuid()))
    .bind(bytes(job.owner.account.as_uuid()))
    .bind(bytes(job.project.as_uuid()))
    .bind(principal)
    .bind(principal_id)
    .bind(job.endpoint.as_str())
    .bind(job.model.as_ref().map(|model| model.as_str().to_owned()))
    .bind(metadata)
    .bind(job.state.as_str())
    .bind(i64::try_from(job.counts.total).unwrap_or(i64::MAX))
    .bind(job.created_at.as_micros())
    .bind(job.deadline.as_micros())
    .execute(&mut *connection)
    .await?;
    for (position, file) in (0_i64..).zip(&job.inputs) {
        sqlx::query(
            "INSERT INTO batch_input (organisation_id, job_id, position, file_id) \
             VALUES (?1, ?2, ?3, ?4)",
        )
        .bind(bytes(job.owner.organisation.as_uuid()))
        .bind(bytes(job.id.as_uuid()))
        .bind(position)
        .bind(bytes(file.as_uuid()))
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

pub(super) async fn find(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    (owner, id): (Owner, BatchJobId),
) -> Result<Option<BatchJob>, Failure> {
    let row = sqlx::query(
        "SELECT * FROM batch_job WHERE organisation_id = ?1 AND account_id = ?2 AND id = ?3",
    )
    .bind(bytes(owner.organisation.as_uuid()))
    .bind(bytes(owner.account.as_uuid()))
    .bind(bytes(id.as_uuid()))
    .fetch_optional(&mut *connection)
    .await?;
    match row {
        Some(row) => whole(connection, keys, &row).await.map(Some),
        None => Ok(None),
    }
}

pub(super) async fn state_of(
    connection: &mut SqliteConnection,
    (owner, id): (Owner, BatchJobId),
) -> Result<Option<JobState>, Failure> {
    let row = sqlx::query(
        "SELECT state FROM batch_job WHERE organisation_id = ?1 AND account_id = ?2 AND id = ?3",
    )
    .bind(bytes(owner.organisation.as_uuid()))
    .bind(bytes(owner.account.as_uuid()))
    .bind(bytes(id.as_uuid()))
    .fetch_optional(connection)
    .await?;
    row.map(|row| state(&row)).transpose()
}

pub(super) async fn set_state(
    connection: &mut SqliteConnection,
    (organisation, id): (OrganisationId, BatchJobId),
    state: JobState,
) -> Result<(), Failure> {
    sqlx::query("UPDATE batch_job SET state = ?3 WHERE organisation_id = ?1 AND id = ?2")
        .bind(bytes(organisation.as_uuid()))
        .bind(bytes(id.as_uuid()))
        .bind(state.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

/// Jobs that are asked for. Ids carry their time, so that a page can begin behind a job that is
/// gone. States stand in a JSON list, which is empty for any.
macro_rules! listed {
    ($columns:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM batch_job WHERE organisation_id = ?1 AND account_id = ?2 \
             AND (?3 = '[]' OR state IN (SELECT value FROM json_each(?3))) \
             AND (?4 IS NULL OR model = ?4) AND (?5 IS NULL OR created_at > ?5)",
            $rest
        )
    };
}

pub(super) async fn page(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    owner: Owner,
    query: &JobQuery,
) -> Result<JobPage, Failure> {
    let states: Vec<_> = query.states.iter().map(|state| state.as_str()).collect();
    let states = serde_json::json!(states).to_string();
    let asked = |statement: &'static str| {
        sqlx::query(statement)
            .bind(bytes(owner.organisation.as_uuid()))
            .bind(bytes(owner.account.as_uuid()))
            .bind(states.clone())
            .bind(query.model.as_ref().map(|model| model.as_str().to_owned()))
            .bind(query.created_after.map(Timestamp::as_micros))
    };
    let total = asked(listed!("count(*)", "")).fetch_one(&mut *connection).await?;
    let total: i64 = total.try_get(0)?;
    let rows =
        asked(listed!("*", " AND (?6 IS NULL OR id < ?6) ORDER BY id DESC LIMIT ?7 OFFSET ?8"))
            .bind(query.after.map(|id| bytes(id.as_uuid())))
            .bind(query.limit)
            .bind(i64::try_from(query.offset).unwrap_or(i64::MAX))
            .fetch_all(&mut *connection)
            .await?;
    let mut jobs = Vec::with_capacity(rows.len());
    for row in &rows {
        jobs.push(whole(connection, keys, row).await?);
    }
    Ok(JobPage { jobs, total: total.unsigned_abs() })
}

/// With what was answered and is in no file yet.
pub(super) async fn remove(
    connection: &mut SqliteConnection,
    (organisation, id): (OrganisationId, BatchJobId),
) -> Result<(), Failure> {
    for statement in [
        "DELETE FROM batch_result WHERE organisation_id = ?1 AND job_id = ?2",
        "DELETE FROM batch_job WHERE organisation_id = ?1 AND id = ?2",
    ] {
        sqlx::query(statement)
            .bind(bytes(organisation.as_uuid()))
            .bind(bytes(id.as_uuid()))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

pub(super) fn state(row: &SqliteRow) -> Result<JobState, Failure> {
    let state = JobState::from_word(row.try_get("state")?);
    state.ok_or(Failure::Unreadable { column: "state" })
}

/// With the files that it reads.
pub(super) async fn whole(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    row: &SqliteRow,
) -> Result<BatchJob, Failure> {
    let columns = Columns(row);
    let organisation = columns.organisation("organisation_id")?;
    let owner = Owner { organisation, account: AccountId::from_uuid(columns.uuid("account_id")?) };
    let id = BatchJobId::from_uuid(columns.uuid("id")?);
    let count = |column| Ok::<_, Failure>(row.try_get::<i64, _>(column)?.unsigned_abs());
    let file = |column| Ok::<_, Failure>(columns.uuid_if_any(column)?.map(FileId::from_uuid));
    let model = columns.text_if_any("model")?;
    let model = model.map(|model| model.parse()).transpose();
    Ok(BatchJob {
        id,
        owner,
        project: ProjectId::from_uuid(columns.uuid("project_id")?),
        principal: principal(&columns)?,
        endpoint: columns.word("endpoint")?,
        model: model.map_err(|_| Failure::Unreadable { column: "model" })?,
        inputs: inputs(connection, (organisation, id)).await?,
        metadata: metadata(row, keys, (owner, id))?,
        state: state(row)?,
        counts: Counts {
            total: count("total")?,
            succeeded: count("succeeded")?,
            failed: count("failed")?,
        },
        created_at: columns.time("created_at")?,
        deadline: columns.time("deadline")?,
        started_at: columns.time_if_any("started_at")?,
        ended_at: columns.time_if_any("ended_at")?,
        output: file("output_id")?,
        errors: file("errors_id")?,
        failure: columns.text_if_any("failure")?.map(|code| JobFailure { code }),
    })
}

fn principal(columns: &Columns<'_>) -> Result<Principal, Failure> {
    let id = columns.uuid_if_any("principal_id")?;
    match (columns.text("principal")?.as_str(), id) {
        ("key", Some(id)) => Ok(Principal::Key(KeyId::from_uuid(id))),
        ("session", Some(id)) => Ok(Principal::Session(SessionId::from_uuid(id))),
        ("operator", None) => Ok(Principal::Operator),
        _ => Err(Failure::Unreadable { column: "principal" }),
    }
}

fn metadata(
    row: &SqliteRow,
    keys: &ContentKeys,
    job: (Owner, BatchJobId),
) -> Result<BTreeMap<String, String>, Failure> {
    let opened = keys.sealer(sealed_as(job)).open(METADATA, row.try_get("metadata")?);
    let opened = opened.map_err(|source| Failure::Unopened { column: "metadata", source })?;
    serde_json::from_str(&opened).map_err(|_| Failure::Unreadable { column: "metadata" })
}

async fn inputs(
    connection: &mut SqliteConnection,
    (organisation, id): (OrganisationId, BatchJobId),
) -> Result<Vec<FileId>, Failure> {
    let rows = sqlx::query(
        "SELECT file_id FROM batch_input WHERE organisation_id = ?1 AND job_id = ?2 \
         ORDER BY position",
    )
    .bind(bytes(organisation.as_uuid()))
    .bind(bytes(id.as_uuid()))
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Columns(row).uuid("file_id").map(FileId::from_uuid)).collect()
}
