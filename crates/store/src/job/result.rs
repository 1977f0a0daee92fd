//! What became of requests, until it is in files.

use domain::BatchJobId;
use governance::ContentKeys;
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};
use workloads::{
    Owner,
    ports::{JobResult, ResultKind},
};

use super::{claim::Claimed, row::sealed_as};
use crate::{failure::Failure, row::bytes};

/// A result as it is stored.
pub(super) struct Sealed {
    number: i64,
    kind: ResultKind,
    line: Vec<u8>,
}

/// Results of which it is looked up how long they are, before any is read.
const LENGTHS: u32 = 256;

/// What one transaction overwrites, unless a single result is longer: other writes wait for no
/// more.
const DISCARDED_BYTES: u64 = 8 * 1024 * 1024;

/// Which results are read.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    pub(super) kind: ResultKind,
    pub(super) after: Option<u64>,
    pub(super) bytes_max: u64,
}

pub(super) fn seal(keys: &ContentKeys, claimed: &Claimed, results: &[JobResult]) -> Vec<Sealed> {
    let sealer = keys.sealer(sealed_as((claimed.owner, claimed.id)));
    let seal = |result: &JobResult| Sealed {
        number: signed(result.number),
        kind: result.kind,
        line: sealer.seal(&place(result.number), &result.line),
    };
    results.iter().map(seal).collect()
}

/// Those that have none yet, and counts them.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    claimed: &Claimed,
    results: &[Sealed],
) -> Result<(), Failure> {
    let (mut succeeded, mut failed) = (0_i64, 0_i64);
    for result in results {
        let inserted = sqlx::query(
            "INSERT INTO batch_result (organisation_id, job_id, number, is_error, line) \
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
        )
        .bind(bytes(claimed.owner.organisation.as_uuid()))
        .bind(bytes(claimed.id.as_uuid()))
        .bind(result.number)
        .bind(is_error(result.kind))
        .bind(&result.line)
        .execute(&mut *connection)
        .await?;
        let new = i64::from(inserted.rows_affected() > 0);
        match result.kind {
            ResultKind::Answer => succeeded += new,
            ResultKind::Error => failed += new,
        }
    }
    sqlx::query(
        "UPDATE batch_job SET succeeded = succeeded + ?3, failed = failed + ?4 \
         WHERE organisation_id = ?1 AND id = ?2",
    )
    .bind(bytes(claimed.owner.organisation.as_uuid()))
    .bind(bytes(claimed.id.as_uuid()))
    .bind(succeeded)
    .bind(failed)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn numbers(
    connection: &mut SqliteConnection,
    (owner, id): (Owner, BatchJobId),
) -> Result<Vec<u64>, Failure> {
    let numbers: Vec<i64> = sqlx::query_scalar(
        "SELECT number FROM batch_result WHERE organisation_id = ?1 AND job_id = ?2 \
         ORDER BY number",
    )
    .bind(bytes(owner.organisation.as_uuid()))
    .bind(bytes(id.as_uuid()))
    .fetch_all(connection)
    .await?;
    Ok(numbers.into_iter().map(i64::unsigned_abs).collect())
}

pub(super) async fn some(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    claimed: &Claimed,
    wanted: Wanted,
) -> Result<Vec<JobResult>, Failure> {
    let Some(last) = last_of_page(connection, claimed, wanted).await? else {
        return Ok(Vec::new());
    };
    let rows = sqlx::query(
        "SELECT number, line FROM batch_result WHERE organisation_id = ?1 AND job_id = ?2 \
         AND number > ?3 AND number <= ?5 AND is_error = ?4 ORDER BY number",
    )
    .bind(bytes(claimed.owner.organisation.as_uuid()))
    .bind(bytes(claimed.id.as_uuid()))
    .bind(wanted.after.map_or(-1, signed))
    .bind(is_error(wanted.kind))
    .bind(last)
    .fetch_all(connection)
    .await?;
    let sealer = keys.sealer(sealed_as((claimed.owner, claimed.id)));
    let mut results = Vec::with_capacity(rows.len());
    for row in &rows {
        let number = row.try_get::<i64, _>("number")?.unsigned_abs();
        let line = sealer.open(&place(number), row.try_get("line")?);
        let line = line.map_err(|source| Failure::Unopened { column: "line", source })?;
        results.push(JobResult { number, kind: wanted.kind, line });
    }
    Ok(results)
}

/// The number of the last one that still has room; the first one has it always.
async fn last_of_page(
    connection: &mut SqliteConnection,
    claimed: &Claimed,
    wanted: Wanted,
) -> Result<Option<i64>, Failure> {
    let rows = sqlx::query(
        "SELECT number, length(line) AS bytes FROM batch_result WHERE organisation_id = ?1 \
         AND job_id = ?2 AND number > ?3 AND is_error = ?4 ORDER BY number LIMIT ?5",
    )
    .bind(bytes(claimed.owner.organisation.as_uuid()))
    .bind(bytes(claimed.id.as_uuid()))
    .bind(wanted.after.map_or(-1, signed))
    .bind(is_error(wanted.kind))
    .bind(LENGTHS)
    .fetch_all(connection)
    .await?;
    let first = within(&lengths(&rows)?, wanted.bytes_max);
    Ok(rows[..first].last().map(|row| row.try_get("number")).transpose()?)
}

fn lengths(rows: &[SqliteRow]) -> Result<Vec<u64>, Failure> {
    let length = |row: &SqliteRow| Ok::<_, Failure>(row.try_get::<i64, _>("bytes")?.unsigned_abs());
    rows.iter().map(length).collect()
}

/// How many from the first on have so many bytes together; one at least, if there is any.
fn within(lengths: &[u64], bytes_max: u64) -> usize {
    let mut together = 0_u64;
    for (count, length) in lengths.iter().enumerate() {
        together = together.saturating_add(*length);
        if count > 0 && together > bytes_max {
            return count;
        }
    }
    lengths.len()
}

/// Some of jobs that have ended; `true` while there are more.
pub(super) async fn discard(
    connection: &mut SqliteConnection,
    rows_max: u32,
) -> Result<bool, Failure> {
    let rows = sqlx::query(
        "SELECT r.rowid AS place, length(r.line) AS bytes FROM batch_job AS j \
         JOIN batch_result AS r ON r.organisation_id = j.organisation_id AND r.job_id = j.id \
         WHERE j.ended_at IS NOT NULL LIMIT ?1",
    )
    .bind(rows_max)
    .fetch_all(&mut *connection)
    .await?;
    let first = within(&lengths(&rows)?, DISCARDED_BYTES);
    if first == 0 {
        return Ok(false);
    }
    let places = rows[..first].iter().map(|row| row.try_get::<i64, _>("place"));
    let places = places.collect::<Result<Vec<_>, _>>()?;
    // What is removed was said in answers: its bytes are overwritten.
    sqlx::query("PRAGMA secure_delete = ON").execute(&mut *connection).await?;
    let discarded =
        sqlx::query("DELETE FROM batch_result WHERE rowid IN (SELECT value FROM json_each(?1))")
            .bind(serde_json::json!(places).to_string())
            .execute(&mut *connection)
            .await;
    sqlx::query("PRAGMA secure_delete = OFF").execute(connection).await?;
    discarded?;
    Ok(first < rows.len() || rows.len() == rows_max as usize)
}

/// What a line is bound to, beside the job.
fn place(number: u64) -> Vec<u8> {
    [b"batch.result\0".as_slice(), &number.to_be_bytes()].concat()
}

const fn is_error(kind: ResultKind) -> i64 {
    match kind {
        ResultKind::Answer => 0,
        ResultKind::Error => 1,
    }
}

/// Numbers of requests are far below.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lengths: &[u64], expected: usize) {
        assert_eq!(within(lengths, 5), expected, "{lengths:?}");
    }

    #[test]
    fn one_at_least_is_taken_however_long_it_is() {
        check(&[], 0);
        check(&[9], 1);
        check(&[9, 1], 1);
        check(&[1, 2, 2], 3);
        check(&[1, 2, 3], 2);
        check(&[u64::MAX, u64::MAX], 1);
    }
}
