//! Who reads a version: the last who claimed it, told by a number that only grows.

use std::{collections::BTreeMap, sync::Arc};

use domain::{AccountId, DocumentId, LibraryId, OrganisationId};
use governance::Vault;
use knowledge::{
    BytesId, ReadingState, VersionKey,
    ports::{Claim, Stage},
};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};

use super::PassedOver;
use crate::{
    failure::Failure,
    library::{
        Libraries,
        row::Whose,
        sealed::{Column, Texts},
        version::{bound, bytes_id, reading_id, state},
    },
    row::{Columns, bytes},
};

/// At one look: the next one goes on.
const PASSED_OVER_MAX: u32 = 16;

/// What is looked for.
#[derive(Clone)]
pub(super) struct Look {
    vault: Arc<Vault>,
    passed_over: PassedOver,
    stage: Stage,
    held: Vec<VersionKey>,
}

impl Look {
    pub(super) fn new(libraries: &Libraries, stage: Stage, held: &[VersionKey]) -> Self {
        Self {
            vault: Arc::clone(&libraries.vault),
            passed_over: libraries.passed_over.clone(),
            stage,
            held: held.to_vec(),
        }
    }

    /// Whether something of it can be opened, if anything can.
    fn has_keys(&self, organisation: OrganisationId) -> bool {
        !self.vault.is_open() || self.vault.keys(organisation).is_ok()
    }
}

/// Keys as a JSON list.
fn list(keys: &[VersionKey]) -> String {
    let keys: Vec<u64> = keys.iter().map(|key| key.0).collect();
    serde_json::json!(keys).to_string()
}

/// How many versions of each library are held. `?1` is a list of keys.
const HELD: &str = "
    SELECT v.organisation_id, v.library_id, count(*) AS versions FROM document_version AS v
    WHERE v.key IN (SELECT value FROM json_each(?1)) GROUP BY v.organisation_id, v.library_id";

/// Libraries with versions in one of two states, and when they had their turn. Of all
/// organisations: they share the places.
const WAITING: &str = "
    SELECT p.organisation_id, p.library_id, max(l.turn) AS turn FROM library_progress AS p
    JOIN library AS l ON l.organisation_id = p.organisation_id AND l.id = p.library_id
    WHERE p.state IN (?1, ?2) AND p.versions > 0 AND l.removed_at IS NULL
    GROUP BY p.organisation_id, p.library_id";

/// The oldest of a library in a state that is not held; it looks at no version that has ended.
const OLDEST: &str = "
    SELECT key FROM document_version INDEXED BY document_version_waiting
    WHERE organisation_id = ?1 AND library_id = ?2 AND state = ?3 AND ended_at IS NULL
    AND key NOT IN (SELECT value FROM json_each(?4)) ORDER BY key LIMIT 1";

/// What a library has of the places, and when it had its turn.
struct Standing {
    library: Whose,
    held: i64,
    turn: i64,
}

/// The version that is next: of organisations with the fewest places, of their libraries with the
/// fewest, each time that whose turn is the longest ago.
pub(super) async fn first(
    connection: &mut SqliteConnection,
    look: &Look,
) -> Result<Option<VersionKey>, Failure> {
    let states = states(look.stage);
    let mut standings = Vec::new();
    for row in &sqlx::query(WAITING)
        .bind(states[0].as_str())
        .bind(states[1].as_str())
        .fetch_all(&mut *connection)
        .await?
    {
        let library = whose(row)?;
        if look.has_keys(library.0) {
            standings.push(Standing { library, held: 0, turn: row.try_get("turn")? });
        }
    }
    if standings.is_empty() {
        return Ok(None);
    }
    for row in &sqlx::query(HELD).bind(list(&look.held)).fetch_all(&mut *connection).await? {
        let (library, count) = (whose(row)?, row.try_get("versions")?);
        standings.iter_mut().filter(|one| one.library == library).for_each(|one| one.held = count);
    }
    let left_out = list(&look.passed_over.and(&look.held));
    // At most as many libraries as versions are left out have none but those.
    for library in in_turn(&standings) {
        let mut oldest = None;
        for state in states {
            let found = oldest_of(connection, library, (state, &left_out)).await?;
            oldest = oldest.into_iter().chain(found).min();
        }
        if oldest.is_some() {
            return Ok(oldest);
        }
    }
    Ok(None)
}

/// Libraries in the order of their turns.
fn in_turn(standings: &[Standing]) -> Vec<Whose> {
    let mut organisations: BTreeMap<OrganisationId, (i64, i64)> = BTreeMap::new();
    for one in standings {
        let all = organisations.entry(one.library.0).or_default();
        *all = (all.0 + one.held, all.1.max(one.turn));
    }
    let rank = |one: &&Standing| {
        let of_organisation = organisations.get(&one.library.0).copied().unwrap_or_default();
        (of_organisation, one.library.0, one.held, one.turn, one.library.1)
    };
    let mut ordered: Vec<&Standing> = standings.iter().collect();
    ordered.sort_by_key(rank);
    ordered.into_iter().map(|one| one.library).collect()
}

async fn oldest_of(
    connection: &mut SqliteConnection,
    library: Whose,
    (state, left_out): (ReadingState, &str),
) -> Result<Option<VersionKey>, Failure> {
    let key: Option<i64> = sqlx::query_scalar(OLDEST)
        .bind(bytes(library.0.as_uuid()))
        .bind(bytes(library.1.as_uuid()))
        .bind(state.as_str())
        .bind(left_out.to_owned())
        .fetch_optional(connection)
        .await?;
    Ok(key.map(|key| VersionKey(key.unsigned_abs())))
}

/// Those that wait for a stage, or were left in the middle of it.
const fn states(stage: Stage) -> [ReadingState; 2] {
    match stage {
        Stage::Read => [ReadingState::Reading, ReadingState::Queued],
        Stage::Embed => [ReadingState::Indexing, ReadingState::Indexing],
    }
}

fn whose(row: &SqliteRow) -> Result<Whose, Failure> {
    let columns = Columns(row);
    let library = LibraryId::from_uuid(columns.uuid("library_id")?);
    Ok((columns.organisation("organisation_id")?, library))
}

/// Claims it, if it can be opened.
pub(super) async fn next(
    connection: &mut SqliteConnection,
    look: &Look,
) -> Result<Option<Claim>, Failure> {
    for _ in 0..PASSED_OVER_MAX {
        let Some(key) = first(connection, look).await? else { return Ok(None) };
        match whole(connection, &look.vault, key).await {
            Ok(found) => return take(connection, found).await.map(Some),
            Err(error @ (Failure::Unreadable { .. } | Failure::Unopened { .. })) => {
                look.passed_over.add(key, &error);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// The claim of whoever had it last becomes another one.
async fn take(connection: &mut SqliteConnection, last: Claim) -> Result<Claim, Failure> {
    let is_new = last.state == ReadingState::Queued;
    let state = if is_new { ReadingState::Reading } else { last.state };
    let claim = Claim { state, attempts: last.attempts + 1, fence: last.fence + 1, ..last };
    sqlx::query("UPDATE document_version SET fence = ?2, attempts = ?3, state = ?4 WHERE key = ?1")
        .bind(bound(claim.key))
        .bind(claim.fence)
        .bind(claim.attempts)
        .bind(claim.state.as_str())
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "UPDATE library SET turn = (SELECT max(turn) + 1 FROM library) \
         WHERE organisation_id = ?1 AND id = ?2",
    )
    .bind(bytes(claim.organisation.as_uuid()))
    .bind(bytes(claim.library.as_uuid()))
    .execute(connection)
    .await?;
    Ok(claim)
}

/// As whoever claimed it last had it.
async fn whole(
    connection: &mut SqliteConnection,
    vault: &Vault,
    key: VersionKey,
) -> Result<Claim, Failure> {
    let version = sqlx::query("SELECT * FROM document_version WHERE key = ?1")
        .bind(bound(key))
        .fetch_one(&mut *connection)
        .await?;
    let (organisation, library) = whose(&version)?;
    let document = DocumentId::from_uuid(Columns(&version).uuid("document_id")?);
    let row = sqlx::query(
        "SELECT d.name, d.account_id, l.account_id AS owner_id FROM document AS d \
         JOIN library AS l ON l.organisation_id = d.organisation_id AND l.id = d.library_id \
         WHERE d.organisation_id = ?1 AND d.id = ?2",
    )
    .bind(bytes(organisation.as_uuid()))
    .bind(bytes(document.as_uuid()))
    .fetch_one(connection)
    .await?;
    let keys = vault.keys(organisation)?;
    let texts = Texts::of_document(&keys, (organisation, document));
    let account = |column| Columns(&row).uuid_if_any(column).map(|id| id.map(AccountId::from_uuid));
    Ok(Claim {
        key,
        organisation,
        library,
        document,
        owner: account("owner_id")?,
        added_by: account("account_id")?,
        name: texts.open(Column::DocumentName, &row)?,
        media_type: Columns(&version).text("media_type")?,
        digest: texts.open_digest(bytes_id(&version)?, &version)?,
        bytes: version.try_get::<i64, _>("bytes")?.unsigned_abs(),
        state: state(&version)?,
        attempts: version.try_get("attempts")?,
        fence: version.try_get("fence")?,
    })
}

/// This time does not count.
pub(super) async fn release(
    connection: &mut SqliteConnection,
    (key, fence): (VersionKey, i64),
) -> Result<(), Failure> {
    sqlx::query(
        "UPDATE document_version SET attempts = max(attempts - 1, 0) \
         WHERE key = ?1 AND fence = ?2",
    )
    .bind(bound(key))
    .bind(fence)
    .execute(connection)
    .await?;
    Ok(())
}

const LIES_AT: &str = "SELECT bytes_id, bytes, reading_id, reading_bytes FROM document_version \
                       WHERE organisation_id = ?1 AND key = ?2";

pub(super) async fn bytes_of(
    connection: &mut SqliteConnection,
    (organisation, key): (OrganisationId, VersionKey),
) -> Result<Option<(BytesId, u64)>, Failure> {
    let row = lies_at(connection, (organisation, key)).await?;
    let read = |row: &SqliteRow| {
        let length = row.try_get::<i64, _>("bytes")?.unsigned_abs();
        Ok::<_, Failure>((bytes_id(row)?, length))
    };
    row.as_ref().map(read).transpose()
}

pub(super) async fn reading_of(
    connection: &mut SqliteConnection,
    (organisation, key): (OrganisationId, VersionKey),
) -> Result<Option<(BytesId, u64)>, Failure> {
    let row = lies_at(connection, (organisation, key)).await?;
    Ok(row.as_ref().map(reading_id).transpose()?.flatten())
}

async fn lies_at(
    connection: &mut SqliteConnection,
    (organisation, key): (OrganisationId, VersionKey),
) -> Result<Option<SqliteRow>, Failure> {
    let row = sqlx::query(LIES_AT)
        .bind(bytes(organisation.as_uuid()))
        .bind(bound(key))
        .fetch_optional(connection)
        .await?;
    Ok(row)
}
