//! How answers came to be, behind `TraceStore`: sealed, under the account that asked.

mod form;

use std::collections::BTreeSet;

use async_trait::async_trait;
use domain::{AccountId, Caller, OrganisationId, Timestamp, TraceId};
use governance::{AuditEntry, ContentKeys, Sealer, ports::StoreError};
use knowledge::{Trace, VersionKey, ports::TraceStore};
use sqlx::{Row as _, SqliteConnection};

use super::{Libraries, version::bound};
use crate::{
    audit,
    failure::{Failure, store_error},
    row::{Columns, bytes},
};

/// What a trace is bound to, beside its place.
const CONTENT: &[u8] = b"content\0";

/// Whose trace it is, and which.
#[derive(Clone, Copy)]
struct Whose {
    organisation: OrganisationId,
    account: AccountId,
    id: TraceId,
}

/// A trace as it is written.
struct Sealed {
    whose: Whose,
    asked_at: Timestamp,
    content: Vec<u8>,
    /// The versions that the model was shown: whatever else is in the trace has no words of others.
    shown: BTreeSet<VersionKey>,
}

#[async_trait]
impl TraceStore for Libraries {
    async fn keep(&self, trace: &Trace, audit: &AuditEntry) -> Result<(), StoreError> {
        let failed = || store_error("keep how an answer came to be");
        let keys = self.keys(trace.organisation).await.map_err(failed())?;
        let (sealed, entry) = (Sealed::of(trace, &keys), audit.clone());
        self.store
            .change(move |connection| {
                Box::pin(async move {
                    // An erasure may have looked for words of it before they were kept.
                    if !has_gone(connection, &sealed.shown).await? {
                        insert(connection, &sealed).await?;
                    }
                    audit::insert(connection, &entry).await
                })
            })
            .await
            .map_err(failed())
    }

    async fn find(&self, caller: &Caller, id: TraceId) -> Result<Option<Trace>, StoreError> {
        let Caller { organisation, account, .. } = *caller;
        let found = find(self, Whose { organisation, account, id }).await;
        found.map_err(store_error("read how an answer came to be"))
    }
}

impl Whose {
    fn of(trace: &Trace) -> Self {
        let Trace { organisation, account, id, .. } = *trace;
        Self { organisation, account, id }
    }

    /// A trace that was moved to somebody else, or takes the place of another one, does not open.
    fn sealer(self, keys: &ContentKeys) -> Sealer<'_> {
        let mut name = b"answer.trace\0".to_vec();
        for part in [self.organisation.as_uuid(), self.account.as_uuid(), self.id.as_uuid()] {
            name.extend_from_slice(part.as_bytes());
        }
        keys.sealer(name)
    }
}

impl Sealed {
    fn of(trace: &Trace, keys: &ContentKeys) -> Self {
        let whose = Whose::of(trace);
        Self {
            whose,
            asked_at: trace.asked_at,
            content: whose.sealer(keys).seal_bytes(CONTENT, &form::written(trace)),
            shown: trace.passages.iter().map(|passage| passage.version).collect(),
        }
    }
}

/// `?1` is a JSON list of keys. One that is higher than all that were given was never there.
const GONE: &str = "SELECT 1 FROM json_each(?1) AS k \
     WHERE k.value <= (SELECT max(seq) FROM sqlite_sequence WHERE name = 'document_version') \
     AND NOT EXISTS (SELECT 1 FROM document_version AS v WHERE v.key = k.value) LIMIT 1";

/// Whether a version that the model was shown is gone meanwhile.
async fn has_gone(
    connection: &mut SqliteConnection,
    shown: &BTreeSet<VersionKey>,
) -> Result<bool, Failure> {
    let keys: Vec<i64> = shown.iter().map(|key| bound(*key)).collect();
    let found = sqlx::query(GONE)
        .bind(serde_json::json!(keys).to_string())
        .fetch_optional(connection)
        .await?;
    Ok(found.is_some())
}

async fn insert(connection: &mut SqliteConnection, sealed: &Sealed) -> Result<(), Failure> {
    let Whose { organisation, account, id } = sealed.whose;
    sqlx::query(
        "INSERT INTO answer_trace (organisation_id, account_id, id, asked_at, content) \
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )
    .bind(bytes(organisation.as_uuid()))
    .bind(bytes(account.as_uuid()))
    .bind(bytes(id.as_uuid()))
    .bind(sealed.asked_at.as_micros())
    .bind(&sealed.content)
    .execute(&mut *connection)
    .await?;
    for version in &sealed.shown {
        sqlx::query(
            "INSERT INTO answer_trace_source \
             (organisation_id, version_key, account_id, trace_id) VALUES (?1, ?2, ?3, ?4)",
        )
        .bind(bytes(organisation.as_uuid()))
        .bind(bound(*version))
        .bind(bytes(account.as_uuid()))
        .bind(bytes(id.as_uuid()))
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// The keys are asked for once there is something to open: an organisation that has none has no
/// keys either.
async fn find(libraries: &Libraries, whose: Whose) -> Result<Option<Trace>, Failure> {
    let found = libraries.store.read(move |connection| Box::pin(select(connection, whose)));
    let Some((asked_at, sealed)) = found.await? else { return Ok(None) };
    let keys = libraries.keys(whose.organisation).await?;
    let content = whose.sealer(&keys).open_bytes(CONTENT, &sealed);
    let content = content.map_err(|source| Failure::Unopened { column: "content", source })?;
    let trace = form::read(&content).ok_or(Failure::Unreadable { column: "content" })?;
    let Whose { organisation, account, id } = whose;
    Ok(Some(Trace { id, organisation, account, asked_at, ..trace }))
}

async fn select(
    connection: &mut SqliteConnection,
    whose: Whose,
) -> Result<Option<(Timestamp, Vec<u8>)>, Failure> {
    let row = sqlx::query(
        "SELECT asked_at, content FROM answer_trace \
         WHERE organisation_id = ?1 AND account_id = ?2 AND id = ?3",
    )
    .bind(bytes(whose.organisation.as_uuid()))
    .bind(bytes(whose.account.as_uuid()))
    .bind(bytes(whose.id.as_uuid()))
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some((Columns(&row).time("asked_at")?, row.try_get("content")?)))
}

pub(crate) async fn remove(
    connection: &mut SqliteConnection,
    (organisation, account): (OrganisationId, AccountId),
    id: TraceId,
) -> Result<(), Failure> {
    sqlx::query(
        "DELETE FROM answer_trace WHERE organisation_id = ?1 AND account_id = ?2 AND id = ?3",
    )
    .bind(bytes(organisation.as_uuid()))
    .bind(bytes(account.as_uuid()))
    .bind(bytes(id.as_uuid()))
    .execute(connection)
    .await?;
    Ok(())
}
