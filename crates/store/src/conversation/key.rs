//! Idempotency keys: what was begun under them, for a day.

use assistant::{Idempotency, IdempotencyKey, KEPT_SECONDS, Scope, ports::Remembered};
use domain::{ConversationId, EntryId, Timestamp};
use sqlx::SqliteConnection;

use super::scoped::{in_conversation, scoped};
use crate::{
    failure::Failure,
    row::{Columns, bytes},
};

pub(super) async fn find(
    connection: &mut SqliteConnection,
    scope: Scope,
    key: &IdempotencyKey,
    at: Timestamp,
) -> Result<Option<Remembered>, Failure> {
    let row = scoped(
        "SELECT conversation_id, entry_id, digest FROM idempotency \
         WHERE organisation_id = ?1 AND account_id = ?2 AND key = ?3 AND at >= ?4",
        scope,
    )
    .bind(key.as_str())
    .bind(oldest(at))
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let columns = Columns(&row);
    Ok(Some(Remembered {
        conversation: ConversationId::from_uuid(columns.uuid("conversation_id")?),
        entry: EntryId::from_uuid(columns.uuid("entry_id")?),
        digest: columns.array("digest")?,
    }))
}

pub(super) async fn remove_old(
    connection: &mut SqliteConnection,
    scope: Scope,
    at: Timestamp,
) -> Result<(), Failure> {
    scoped(
        "DELETE FROM idempotency WHERE organisation_id = ?1 AND account_id = ?2 AND at < ?3",
        scope,
    )
    .bind(oldest(at))
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn insert(
    connection: &mut SqliteConnection,
    (scope, conversation): (Scope, ConversationId),
    idempotency: &Idempotency,
    (entry, at): (EntryId, Timestamp),
) -> Result<(), Failure> {
    scoped(
        "INSERT INTO idempotency \
         (organisation_id, account_id, key, digest, conversation_id, entry_id, at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        scope,
    )
    .bind(idempotency.key.as_str())
    .bind(idempotency.digest.to_vec())
    .bind(bytes(conversation.as_uuid()))
    .bind(bytes(entry.as_uuid()))
    .bind(at.as_micros())
    .execute(connection)
    .await?;
    Ok(())
}

/// Of one conversation: reads the keys of a day, which are few.
pub(super) async fn remove_all(
    connection: &mut SqliteConnection,
    conversation: (Scope, ConversationId),
) -> Result<(), Failure> {
    in_conversation(
        "DELETE FROM idempotency \
         WHERE organisation_id = ?1 AND account_id = ?2 AND conversation_id = ?3",
        conversation,
    )
    .execute(connection)
    .await?;
    Ok(())
}

fn oldest(at: Timestamp) -> i64 {
    at.plus_seconds(-KEPT_SECONDS).as_micros()
}
