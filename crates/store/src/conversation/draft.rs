//! What is typed but not sent.

use assistant::{Draft, DraftOf, Scope};
use governance::ContentKeys;
use sqlx::SqliteConnection;

use super::{
    json,
    record::model_if_any,
    scoped::scoped,
    sealed::{Column, Texts},
};
use crate::{
    failure::Failure,
    row::{Columns, bytes},
};

pub(super) async fn find(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    (scope, of): (Scope, DraftOf),
) -> Result<Option<Draft>, Failure> {
    let row = scoped(
        "SELECT updated_at, model, attachments, text FROM draft \
         WHERE organisation_id = ?1 AND account_id = ?2 AND conversation_id = ?3",
        scope,
    )
    .bind(conversation(of))
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let columns = Columns(&row);
    let texts = texts(keys, scope, of);
    let attachments = texts.open_if_any(Column::DraftAttachments, &row)?;
    Ok(Some(Draft {
        text: texts.open(Column::DraftText, &row)?,
        attachments: json::read_attachments(attachments.as_deref(), Column::DraftAttachments)?,
        model: model_if_any(&row, "model")?,
        updated_at: columns.time("updated_at")?,
    }))
}

pub(super) async fn keep(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    (scope, of): (Scope, DraftOf),
    draft: &Draft,
) -> Result<(), Failure> {
    let texts = texts(keys, scope, of);
    let attachments = json::attachments(&draft.attachments);
    scoped(
        "INSERT INTO draft (organisation_id, account_id, conversation_id, updated_at, model, \
         attachments, text) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
         ON CONFLICT (organisation_id, account_id, conversation_id) DO UPDATE SET \
         updated_at = ?4, model = ?5, attachments = ?6, text = ?7",
        scope,
    )
    .bind(conversation(of))
    .bind(draft.updated_at.as_micros())
    .bind(draft.model.as_ref().map(domain::ModelId::as_str))
    .bind(texts.seal_if_any(Column::DraftAttachments, attachments.as_deref()))
    .bind(texts.seal(Column::DraftText, &draft.text))
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn remove(
    connection: &mut SqliteConnection,
    scope: Scope,
    of: DraftOf,
) -> Result<(), Failure> {
    scoped(
        "DELETE FROM draft \
         WHERE organisation_id = ?1 AND account_id = ?2 AND conversation_id = ?3",
        scope,
    )
    .bind(conversation(of))
    .execute(connection)
    .await?;
    Ok(())
}

fn texts(keys: &ContentKeys, scope: Scope, of: DraftOf) -> Texts<'_> {
    match of {
        DraftOf::New => Texts::of_nothing_yet(keys, scope),
        DraftOf::Conversation(id) => Texts::of(keys, (scope, id)),
    }
}

fn conversation(of: DraftOf) -> Vec<u8> {
    match of {
        DraftOf::New => Vec::new(),
        DraftOf::Conversation(id) => bytes(id.as_uuid()),
    }
}
