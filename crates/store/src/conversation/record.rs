//! Conversations without their entries.

use assistant::{Change, Conversation, Scope, TurnSettings, ports::Updated};
use domain::{ConversationId, EntryId, ModelId, Timestamp};
use governance::ContentKeys;
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};

use super::{
    entry, json,
    scoped::in_conversation,
    sealed::{Column, Texts},
    words,
};
use crate::{
    failure::Failure,
    row::{Columns, bytes},
};

pub(super) async fn insert(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    number: i64,
    conversation: &Conversation,
) -> Result<(), Failure> {
    let settings = &conversation.settings;
    let texts = Texts::of(keys, (conversation.scope, conversation.id));
    in_conversation(
        "INSERT INTO conversation (organisation_id, account_id, id, number, created_at, \
         updated_at, pinned, archived, head, model, temperature, top_p, presence_penalty, \
         frequency_penalty, seed, max_tokens, stop, name, description, instructions, metadata) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, \
         ?19, ?20, ?21)",
        (conversation.scope, conversation.id),
    )
    .bind(number)
    .bind(conversation.created_at.as_micros())
    .bind(conversation.updated_at.as_micros())
    .bind(conversation.pinned)
    .bind(conversation.archived)
    .bind(bytes(conversation.head.as_uuid()))
    .bind(conversation.model.as_str())
    .bind(settings.temperature)
    .bind(settings.top_p)
    .bind(settings.presence_penalty)
    .bind(settings.frequency_penalty)
    .bind(settings.seed.map(u64::cast_signed))
    .bind(settings.max_tokens)
    .bind(texts.seal_if_any(Column::Stop, json::texts(&settings.stop).as_deref()))
    .bind(texts.seal(Column::Name, &conversation.name))
    .bind(texts.seal_if_any(Column::Description, conversation.description.as_deref()))
    .bind(texts.seal_if_any(Column::Instructions, conversation.instructions.as_deref()))
    .bind(texts.seal_if_any(Column::Metadata, conversation.metadata.as_deref()))
    .execute(&mut *connection)
    .await?;
    words::note(connection, keys, conversation.scope, (number, &conversation.name)).await
}

pub(super) async fn find(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    (scope, id): (Scope, ConversationId),
) -> Result<Option<Conversation>, Failure> {
    let row = in_conversation(
        "SELECT * FROM conversation WHERE organisation_id = ?1 AND account_id = ?2 AND id = ?3",
        (scope, id),
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| conversation(&row, keys, scope)).transpose()
}

/// The number under which it is searched; those of its entries follow.
pub(super) async fn number(
    connection: &mut SqliteConnection,
    conversation: (Scope, ConversationId),
) -> Result<Option<i64>, Failure> {
    let row = in_conversation(
        "SELECT number FROM conversation \
         WHERE organisation_id = ?1 AND account_id = ?2 AND id = ?3",
        conversation,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| row.try_get("number")).transpose()?)
}

/// A turn begins.
pub(super) async fn go_on(
    connection: &mut SqliteConnection,
    conversation: (Scope, ConversationId),
    (head, model): (EntryId, &ModelId),
    at: Timestamp,
) -> Result<(), Failure> {
    in_conversation(
        "UPDATE conversation SET head = ?4, model = ?5, updated_at = ?6 \
         WHERE organisation_id = ?1 AND account_id = ?2 AND id = ?3",
        conversation,
    )
    .bind(bytes(head.as_uuid()))
    .bind(model.as_str())
    .bind(at.as_micros())
    .execute(connection)
    .await?;
    Ok(())
}

/// A turn ends.
pub(super) async fn touch(
    connection: &mut SqliteConnection,
    conversation: (Scope, ConversationId),
    at: Timestamp,
) -> Result<(), Failure> {
    in_conversation(
        "UPDATE conversation SET updated_at = ?4 \
         WHERE organisation_id = ?1 AND account_id = ?2 AND id = ?3",
        conversation,
    )
    .bind(at.as_micros())
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn update(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    (scope, id): (Scope, ConversationId),
    change: &Change,
) -> Result<Updated, Failure> {
    let Some(number) = number(connection, (scope, id)).await? else {
        return Ok(Updated::UnknownConversation);
    };
    if let Some(head) = change.head
        && !entry::is_there(connection, (scope, id), head).await?
    {
        return Ok(Updated::UnknownEntry);
    }
    let row = in_conversation(
        "UPDATE conversation SET name = coalesce(?4, name), pinned = coalesce(?5, pinned), \
         archived = coalesce(?6, archived), head = coalesce(?7, head) \
         WHERE organisation_id = ?1 AND account_id = ?2 AND id = ?3 RETURNING *",
        (scope, id),
    )
    .bind(Texts::of(keys, (scope, id)).seal_if_any(Column::Name, change.name.as_deref()))
    .bind(change.pinned)
    .bind(change.archived)
    .bind(change.head.map(|head| bytes(head.as_uuid())))
    .fetch_one(&mut *connection)
    .await?;
    if let Some(name) = &change.name {
        words::note(connection, keys, scope, (number, name)).await?;
    }
    Ok(Updated::Changed(Box::new(conversation(&row, keys, scope)?)))
}

pub(super) async fn remove(
    connection: &mut SqliteConnection,
    conversation: (Scope, ConversationId),
) -> Result<(), Failure> {
    in_conversation(
        "DELETE FROM conversation WHERE organisation_id = ?1 AND account_id = ?2 AND id = ?3",
        conversation,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) fn conversation(
    row: &SqliteRow,
    keys: &ContentKeys,
    scope: Scope,
) -> Result<Conversation, Failure> {
    let columns = Columns(row);
    let id = ConversationId::from_uuid(columns.uuid("id")?);
    let texts = Texts::of(keys, (scope, id));
    Ok(Conversation {
        id,
        scope,
        name: texts.open(Column::Name, row)?,
        description: texts.open_if_any(Column::Description, row)?,
        instructions: texts.open_if_any(Column::Instructions, row)?,
        model: model(row, "model")?,
        settings: settings(row, &texts)?,
        metadata: texts.open_if_any(Column::Metadata, row)?,
        created_at: columns.time("created_at")?,
        updated_at: columns.time("updated_at")?,
        pinned: row.try_get("pinned")?,
        archived: row.try_get("archived")?,
        head: EntryId::from_uuid(columns.uuid("head")?),
    })
}

fn settings(row: &SqliteRow, texts: &Texts<'_>) -> Result<TurnSettings, Failure> {
    let stop = texts.open_if_any(Column::Stop, row)?;
    Ok(TurnSettings {
        temperature: row.try_get("temperature")?,
        top_p: row.try_get("top_p")?,
        presence_penalty: row.try_get("presence_penalty")?,
        frequency_penalty: row.try_get("frequency_penalty")?,
        seed: row.try_get::<Option<i64>, _>("seed")?.map(i64::cast_unsigned),
        max_tokens: row.try_get("max_tokens")?,
        stop: json::read_texts(stop.as_deref(), Column::Stop)?,
    })
}

pub(super) fn model(row: &SqliteRow, column: &'static str) -> Result<ModelId, Failure> {
    model_if_any(row, column)?.ok_or(Failure::Unreadable { column })
}

pub(super) fn model_if_any(
    row: &SqliteRow,
    column: &'static str,
) -> Result<Option<ModelId>, Failure> {
    let text: Option<&str> = row.try_get(column)?;
    let read = |text: &str| text.parse().map_err(|_| Failure::Unreadable { column });
    text.map(read).transpose()
}
