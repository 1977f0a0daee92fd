//! What is typed but not sent.

use assistant::{Draft, DraftOf, Scope};
use sqlx::SqliteConnection;

use super::{json, record::model_if_any, scoped::scoped};
use crate::{
    failure::Failure,
    row::{Columns, bytes},
};

pub(super) async fn find(
    connection: &mut SqliteConnection,
    scope: Scope,
    of: DraftOf,
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
    Ok(Some(Draft {
        text: columns.text("text")?,
        attachments: json::read_attachments(&row, "attachments")?,
        model: model_if_any(&row, "model")?,
        updated_at: columns.time("updated_at")?,
    }))
}

pub(super) async fn keep(
    connection: &mut SqliteConnection,
    scope: Scope,
    of: DraftOf,
    draft: &Draft,
) -> Result<(), Failure> {
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
    .bind(json::attachments(&draft.attachments))
    .bind(&draft.text)
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

fn conversation(of: DraftOf) -> Vec<u8> {
    match of {
        DraftOf::New => Vec::new(),
        DraftOf::Conversation(id) => bytes(id.as_uuid()),
    }
}
