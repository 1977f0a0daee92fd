//! Rows that are older than their term, the oldest first, none that is held.

use assistant::Scope;
use domain::{ConversationId, DocumentId, RetentionClass, TraceId};
use governance::ports::Expired;
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};

use crate::{
    conversation::deletion,
    failure::Failure,
    library,
    row::{Columns, bytes},
};

/// No hold covers the account of the row; a row of nobody is covered by one on the organisation.
macro_rules! free {
    ($alias:literal) => {
        concat!(
            "NOT EXISTS (SELECT 1 FROM hold AS h WHERE h.organisation_id = ?1 \
             AND h.lifted_at IS NULL AND (h.account_id IS NULL OR h.account_id = ",
            $alias,
            ".account_id))"
        )
    };
}

/// `?1` the organisation, `?2` the time, `?3` how many.
const CONVERSATIONS: &str = concat!(
    "SELECT 'conversation' AS kind, c.account_id, c.id FROM conversation AS c \
     WHERE c.organisation_id = ?1 AND c.updated_at < ?2 AND NOT EXISTS (SELECT 1 FROM entry AS e \
     WHERE e.organisation_id = ?1 AND e.account_id = c.account_id AND e.conversation_id = c.id \
     AND e.state = 'running') AND ",
    free!("c"),
    " UNION ALL SELECT 'draft' AS kind, d.account_id, d.conversation_id AS id FROM draft AS d \
     WHERE d.organisation_id = ?1 AND d.updated_at < ?2 AND length(d.conversation_id) = 0 AND ",
    free!("d"),
    // Questions and answers too, though of no conversation.
    " UNION ALL SELECT 'answer_trace' AS kind, t.account_id, t.id FROM answer_trace AS t \
     WHERE t.organisation_id = ?1 AND t.asked_at < ?2 AND ",
    free!("t"),
    " LIMIT ?3"
);

/// Nothing that a job still reads, and no job that has results which are in no file.
const FILES: &str = concat!(
    "SELECT 'file' AS kind, f.account_id, f.id FROM file AS f \
     WHERE f.organisation_id = ?1 AND f.created_at < ?2 AND NOT EXISTS (SELECT 1 \
     FROM batch_input AS i JOIN batch_job AS j \
     ON j.organisation_id = i.organisation_id AND j.id = i.job_id \
     WHERE i.organisation_id = ?1 AND i.file_id = f.id AND j.ended_at IS NULL) AND ",
    free!("f"),
    " UNION ALL SELECT 'batch_job' AS kind, j.account_id, j.id FROM batch_job AS j \
     WHERE j.organisation_id = ?1 AND j.ended_at < ?2 AND NOT EXISTS (SELECT 1 \
     FROM batch_result AS r WHERE r.organisation_id = ?1 AND r.job_id = j.id) AND ",
    free!("j"),
    " LIMIT ?3"
);

/// None that a hold on the owner of its library covers either.
const DOCUMENTS: &str = concat!(
    "SELECT 'document' AS kind, d.account_id, d.id FROM document AS d \
     JOIN library AS l ON l.organisation_id = d.organisation_id AND l.id = d.library_id \
     WHERE d.organisation_id = ?1 AND d.updated_at < ?2 AND l.removed_at IS NULL AND ",
    free!("d"),
    " AND ",
    free!("l"),
    " LIMIT ?3"
);

const USAGE: &str = concat!(
    "SELECT 'usage' AS kind, u.account_id, u.request_id AS id FROM usage AS u \
     WHERE u.organisation_id = ?1 AND u.opened_at < ?2 AND u.outcome <> 'running' AND ",
    free!("u"),
    " LIMIT ?3"
);

const SIGN_INS: &str = concat!(
    "SELECT 'session' AS kind, s.account_id, s.id FROM session AS s \
     WHERE s.organisation_id = ?1 AND coalesce(s.ended_at, s.expires_at) < ?2 AND ",
    free!("s"),
    " UNION ALL SELECT 'sign_in_link' AS kind, l.account_id, l.id FROM sign_in_link AS l \
     WHERE l.organisation_id = ?1 AND coalesce(l.used_at, l.expires_at) < ?2 AND ",
    free!("l"),
    " LIMIT ?3"
);

pub(super) async fn expired(
    connection: &mut SqliteConnection,
    expired: &Expired,
) -> Result<Vec<SqliteRow>, Failure> {
    let statement = match expired.class {
        RetentionClass::Conversations => CONVERSATIONS,
        RetentionClass::Files => FILES,
        RetentionClass::Documents => DOCUMENTS,
        RetentionClass::Usage => USAGE,
        RetentionClass::SignIns => SIGN_INS,
        // The tree only grows.
        RetentionClass::Log => return Ok(Vec::new()),
    };
    let rows = sqlx::query(statement)
        .bind(bytes(expired.organisation.as_uuid()))
        .bind(expired.before.as_micros())
        .bind(expired.count)
        .fetch_all(connection)
        .await?;
    Ok(rows)
}

/// `false` if there are fewer than were counted.
pub(super) async fn remove(
    connection: &mut SqliteConnection,
    batch: &Expired,
) -> Result<bool, Failure> {
    let rows = expired(connection, batch).await?;
    if rows.is_empty() || rows.len() != batch.count as usize {
        return Ok(false);
    }
    for row in &rows {
        remove_row(connection, batch, row).await?;
    }
    Ok(true)
}

async fn remove_row(
    connection: &mut SqliteConnection,
    batch: &Expired,
    row: &SqliteRow,
) -> Result<(), Failure> {
    let (organisation, columns) = (batch.organisation, Columns(row));
    let statements: &[&'static str] = match row.try_get("kind")? {
        "conversation" => {
            let scope = Scope { organisation, account: columns.account("account_id")? };
            let id = ConversationId::from_uuid(columns.uuid("id")?);
            return deletion::delete(connection, (scope, id)).await;
        }
        "draft" => {
            let scope = Scope { organisation, account: columns.account("account_id")? };
            return deletion::delete_new_draft(connection, scope).await;
        }
        "answer_trace" => {
            let whose = (organisation, columns.account("account_id")?);
            let id = TraceId::from_uuid(columns.uuid("id")?);
            return library::remove_trace(connection, whose, id).await;
        }
        "document" => {
            let id = DocumentId::from_uuid(columns.uuid("id")?);
            return library::remove_document(connection, (organisation, id)).await;
        }
        "file" => &["DELETE FROM file WHERE organisation_id = ?1 AND id = ?2"],
        "batch_job" => &["DELETE FROM batch_job WHERE organisation_id = ?1 AND id = ?2"],
        "usage" => &["DELETE FROM usage WHERE organisation_id = ?1 AND request_id = ?2"],
        // Nobody can be named by it any more, in the log neither.
        "session" => &[
            "UPDATE subject_key SET secret = NULL \
             WHERE organisation_id = ?1 AND kind = 'session' AND subject_id = ?2",
            "DELETE FROM session WHERE organisation_id = ?1 AND id = ?2",
        ],
        "sign_in_link" => &[
            "UPDATE subject_key SET secret = NULL \
             WHERE organisation_id = ?1 AND kind = 'sign_in_link' AND subject_id = ?2",
            "DELETE FROM sign_in_link WHERE organisation_id = ?1 AND id = ?2",
        ],
        _ => return Err(Failure::Unreadable { column: "kind" }),
    };
    let id = columns.uuid("id")?;
    for statement in statements {
        sqlx::query(*statement)
            .bind(bytes(organisation.as_uuid()))
            .bind(bytes(id))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
