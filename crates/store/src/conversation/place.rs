//! Numbers of conversations and entries: `account << 43 | conversation << 15 | entry`.
//!
//! Each account has a range of its own, so a search that reads one range never sees the rows of
//! another account. No number is given twice, also not after a deletion.

use std::ops::RangeInclusive;

use assistant::Scope;
use sqlx::{Row as _, SqliteConnection};

use super::scoped::scoped;
use crate::failure::Failure;

const ACCOUNT_SHIFT: u32 = 43;
const CONVERSATION_SHIFT: u32 = 15;

/// The greatest number of an entry; 0 is the conversation itself.
pub(super) const ENTRY_MAX: i64 = (1 << CONVERSATION_SHIFT) - 1;

/// The numbers of an account; `None` while it has no conversation.
pub(super) async fn range(
    connection: &mut SqliteConnection,
    scope: Scope,
) -> Result<Option<RangeInclusive<i64>>, Failure> {
    let row = scoped(
        "SELECT account FROM conversation_range WHERE organisation_id = ?1 AND account_id = ?2",
        scope,
    )
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let first = row.try_get::<i64, _>("account")? << ACCOUNT_SHIFT;
    Ok(Some(first..=first | ((1 << ACCOUNT_SHIFT) - 1)))
}

/// The number of a conversation that begins.
pub(super) async fn next(connection: &mut SqliteConnection, scope: Scope) -> Result<i64, Failure> {
    let row = scoped(
        "INSERT INTO conversation_range (organisation_id, account_id, account, conversations) \
         VALUES (?1, ?2, (SELECT coalesce(max(account), 0) + 1 FROM conversation_range), 1) \
         ON CONFLICT (organisation_id, account_id) DO UPDATE SET conversations = conversations + 1 \
         RETURNING account, conversations",
        scope,
    )
    .fetch_one(connection)
    .await?;
    let (account, conversation): (i64, i64) =
        (row.try_get("account")?, row.try_get("conversations")?);
    Ok(account << ACCOUNT_SHIFT | conversation << CONVERSATION_SHIFT)
}
