//! Removes a conversation, and its texts from the file too.

use assistant::{DraftOf, Scope};
use domain::ConversationId;
use sqlx::SqliteConnection;

use super::{draft, entry, key, record};
use crate::failure::Failure;

pub(crate) async fn delete(
    connection: &mut SqliteConnection,
    conversation: (Scope, ConversationId),
) -> Result<(), Failure> {
    // Costs a tenth of a millisecond here, and more where the index is rearranged: not elsewhere.
    overwrite(connection, "PRAGMA secure_delete = ON").await?;
    let removed = remove(connection, conversation).await;
    overwrite(connection, "PRAGMA secure_delete = OFF").await?;
    removed
}

/// What somebody typed before a conversation began.
pub(crate) async fn delete_new_draft(
    connection: &mut SqliteConnection,
    scope: Scope,
) -> Result<(), Failure> {
    overwrite(connection, "PRAGMA secure_delete = ON").await?;
    let removed = draft::remove(connection, scope, DraftOf::New).await;
    overwrite(connection, "PRAGMA secure_delete = OFF").await?;
    removed
}

async fn remove(
    connection: &mut SqliteConnection,
    conversation: (Scope, ConversationId),
) -> Result<(), Failure> {
    let (scope, id) = conversation;
    draft::remove(connection, scope, DraftOf::Conversation(id)).await?;
    key::remove_all(connection, conversation).await?;
    entry::remove_all(connection, conversation).await?;
    record::remove(connection, conversation).await
}

/// Whether what is removed is overwritten with zeros.
async fn overwrite(connection: &mut SqliteConnection, pragma: &'static str) -> Result<(), Failure> {
    sqlx::query(pragma).execute(connection).await?;
    Ok(())
}
