//! Questions and answers.

pub(super) mod read;

use assistant::{
    Body, Entry, EntryState, Scope,
    ports::{FinishedTurn, Progress},
};
use domain::{ConversationId, Timestamp};
use sqlx::SqliteConnection;

use super::{json, scoped::in_conversation};
use crate::{failure::Failure, row::bytes};

pub(super) use read::{all, find, is_there, path};

pub(super) async fn insert(
    connection: &mut SqliteConnection,
    conversation: (Scope, ConversationId),
    number: i64,
    entry: &Entry,
) -> Result<(), Failure> {
    let (author, attachments) = match &entry.body {
        Body::Question(question) => ("user", json::attachments(&question.attachments)),
        Body::Answer(_) => ("assistant", None),
    };
    let answer = entry.answer();
    in_conversation(
        "INSERT INTO entry (organisation_id, account_id, conversation_id, number, id, parent_id, \
         author, state, created_at, completed_at, model, request_id, error, attachments, text) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        conversation,
    )
    .bind(number)
    .bind(bytes(entry.id.as_uuid()))
    .bind(entry.parent.map(|parent| bytes(parent.as_uuid())))
    .bind(author)
    .bind(entry.state().as_str())
    .bind(entry.created_at.as_micros())
    .bind(entry.completed_at.map(Timestamp::as_micros))
    .bind(answer.map(|answer| answer.model.as_str()))
    .bind(answer.and_then(|answer| answer.request).map(|request| bytes(request.as_uuid())))
    .bind(answer.and_then(|answer| answer.error.as_deref()))
    .bind(attachments)
    .bind(entry.text())
    .execute(connection)
    .await?;
    Ok(())
}

/// The entry that has ended, or that is not there, stays as it is.
pub(super) async fn save_progress(
    connection: &mut SqliteConnection,
    progress: &Progress,
) -> Result<(), Failure> {
    in_conversation(
        "UPDATE entry SET text = ?5, request_id = ?6 \
         WHERE organisation_id = ?1 AND account_id = ?2 AND conversation_id = ?3 AND id = ?4 \
         AND state = 'running'",
        (progress.scope, progress.conversation),
    )
    .bind(bytes(progress.entry.as_uuid()))
    .bind(&progress.text)
    .bind(bytes(progress.request.as_uuid()))
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether it was running.
pub(super) async fn finish(
    connection: &mut SqliteConnection,
    finished: &FinishedTurn,
) -> Result<bool, Failure> {
    let changed = in_conversation(
        "UPDATE entry SET state = ?5, text = coalesce(?6, text), \
         request_id = coalesce(?7, request_id), error = ?8, completed_at = ?9 \
         WHERE organisation_id = ?1 AND account_id = ?2 AND conversation_id = ?3 AND id = ?4 \
         AND state = 'running'",
        (finished.scope, finished.conversation),
    )
    .bind(bytes(finished.entry.as_uuid()))
    .bind(finished.state.as_str())
    .bind(&finished.text)
    .bind(finished.request.map(|request| bytes(request.as_uuid())))
    .bind(&finished.error)
    .bind(finished.at.as_micros())
    .execute(connection)
    .await?;
    Ok(changed.rows_affected() > 0)
}

/// Over all tenants, as for usage rows: it closes what a dead process left, whoever asked.
pub(super) async fn interrupt_all(
    connection: &mut SqliteConnection,
    at: Timestamp,
) -> Result<u64, Failure> {
    let changed = sqlx::query(
        "UPDATE entry INDEXED BY entry_running SET state = ?1, completed_at = ?2 \
         WHERE state = 'running'",
    )
    .bind(EntryState::Interrupted.as_str())
    .bind(at.as_micros())
    .execute(connection)
    .await?;
    Ok(changed.rows_affected())
}

pub(super) async fn remove_all(
    connection: &mut SqliteConnection,
    conversation: (Scope, ConversationId),
) -> Result<(), Failure> {
    in_conversation(
        "DELETE FROM entry \
         WHERE organisation_id = ?1 AND account_id = ?2 AND conversation_id = ?3",
        conversation,
    )
    .execute(connection)
    .await?;
    Ok(())
}
