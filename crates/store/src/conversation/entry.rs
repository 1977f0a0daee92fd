//! Questions and answers.

pub(super) mod read;

use assistant::{
    Body, Entry, EntryState, Scope,
    ports::{FinishedTurn, Progress},
};
use domain::{ConversationId, EntryId, Timestamp};
use governance::{ContentKeys, Vault};
use sqlx::{Row as _, SqliteConnection};

use super::{
    json,
    scoped::in_conversation,
    sealed::{Column, Texts},
    words,
};
use crate::{
    failure::Failure,
    row::{Columns, bytes},
};

pub(super) use read::{all, find, is_there, path};

pub(super) async fn insert(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    conversation: (Scope, ConversationId),
    (number, entry): (i64, &Entry),
) -> Result<(), Failure> {
    let texts = Texts::of(keys, conversation);
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
    .bind(texts.seal_if_any(Column::EntryAttachments(entry.id), attachments.as_deref()))
    .bind(texts.seal(Column::EntryText(entry.id), entry.text()))
    .execute(&mut *connection)
    .await?;
    // A running answer is searched once it has ended.
    if entry.state() == EntryState::Running {
        return Ok(());
    }
    words::note(connection, keys, conversation.0, (number, entry.text())).await
}

/// The entry that has ended, or that is not there, stays as it is.
pub(super) async fn save_progress(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    progress: &Progress,
) -> Result<(), Failure> {
    let texts = Texts::of(keys, (progress.scope, progress.conversation));
    in_conversation(
        "UPDATE entry SET text = ?5, request_id = ?6 \
         WHERE organisation_id = ?1 AND account_id = ?2 AND conversation_id = ?3 AND id = ?4 \
         AND state = 'running'",
        (progress.scope, progress.conversation),
    )
    .bind(bytes(progress.entry.as_uuid()))
    .bind(texts.seal(Column::EntryText(progress.entry), &progress.text))
    .bind(bytes(progress.request.as_uuid()))
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether it was running.
pub(super) async fn finish(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    finished: &FinishedTurn,
) -> Result<bool, Failure> {
    let conversation = (finished.scope, finished.conversation);
    let texts = Texts::of(keys, conversation);
    let column = Column::EntryText(finished.entry);
    let ended = in_conversation(
        "UPDATE entry SET state = ?5, text = coalesce(?6, text), \
         request_id = coalesce(?7, request_id), error = ?8, completed_at = ?9 \
         WHERE organisation_id = ?1 AND account_id = ?2 AND conversation_id = ?3 AND id = ?4 \
         AND state = 'running' RETURNING number, text",
        conversation,
    )
    .bind(bytes(finished.entry.as_uuid()))
    .bind(finished.state.as_str())
    .bind(texts.seal_if_any(column, finished.text.as_deref()))
    .bind(finished.request.map(|request| bytes(request.as_uuid())))
    .bind(&finished.error)
    .bind(finished.at.as_micros())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = ended else {
        return Ok(false);
    };
    let text = texts.open(column, &row)?;
    words::note(connection, keys, finished.scope, (row.try_get("number")?, &text)).await?;
    Ok(true)
}

/// Over all tenants, as for usage rows: it closes what a dead process left, whoever asked.
pub(super) async fn interrupt_all(
    connection: &mut SqliteConnection,
    vault: &Vault,
    at: Timestamp,
) -> Result<u64, Failure> {
    let rows = sqlx::query(
        "UPDATE entry INDEXED BY entry_running SET state = ?1, completed_at = ?2 \
         WHERE state = 'running' \
         RETURNING number, organisation_id, account_id, conversation_id, id, text",
    )
    .bind(EntryState::Interrupted.as_str())
    .bind(at.as_micros())
    .fetch_all(&mut *connection)
    .await?;
    for row in &rows {
        let columns = Columns(row);
        let organisation = columns.organisation("organisation_id")?;
        let scope = Scope { organisation, account: columns.account("account_id")? };
        let conversation = ConversationId::from_uuid(columns.uuid("conversation_id")?);
        let column = Column::EntryText(EntryId::from_uuid(columns.uuid("id")?));
        let keys = vault.keys(organisation)?;
        match Texts::of(&keys, (scope, conversation)).open(column, row) {
            Ok(text) => {
                words::note(connection, &keys, scope, (row.try_get("number")?, &text)).await?;
            }
            // One that somebody altered keeps nobody from starting; whoever reads it is told.
            Err(error) => tracing::error!(%error, %conversation, "an answer cannot be read"),
        }
    }
    Ok(rows.len() as u64)
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
