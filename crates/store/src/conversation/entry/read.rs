//! Entries with the figures of their usage rows.

use assistant::{Answer, Body, ENTRIES_MAX, Entry, EntryState, Question, Scope, TurnUsage};
use carbon_ledger::Method;
use domain::{ConversationId, EntryId, RequestId};
use governance::ContentKeys;
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};

use crate::{
    conversation::{
        json,
        place::ENTRY_MAX,
        record,
        scoped::in_conversation,
        sealed::{Column, Texts},
    },
    failure::Failure,
    row::{Columns, bytes},
};

/// Usage is kept with the request and settled apart from the answer: it is read from there.
macro_rules! entries {
    ($with:literal, $from:literal, $rest:literal) => {
        concat!(
            $with,
            " SELECT e.id, e.parent_id, e.author, e.state, e.created_at, e.completed_at, \
             e.model, e.request_id, e.error, e.attachments, e.text, \
             u.prompt_tokens, u.completion_tokens, u.cpu_seconds, u.energy_joules, \
             u.energy_method, u.energy_uncertainty_percent, u.co2e_grams, u.co2e_method, \
             u.co2e_uncertainty_percent, u.grid_factor_grams_per_kwh, u.grid_factor_year, \
             u.grid_factor_source, u.grid_zone, u.site \
             FROM ",
            $from,
            " LEFT JOIN usage AS u ON u.organisation_id = e.organisation_id \
             AND u.request_id = e.request_id AND u.prompt_tokens IS NOT NULL ",
            $rest
        )
    };
}

/// As they were made, which their times need not tell: a copy keeps its time, and a question may
/// have that of its answer. Reads the numbers of the conversation in their order.
pub(in crate::conversation) const ALL: &str = entries!(
    "",
    "conversation AS c CROSS JOIN entry AS e NOT INDEXED \
     ON e.number BETWEEN c.number + 1 AND c.number + ?4 \
     AND e.organisation_id = c.organisation_id AND e.account_id = c.account_id \
     AND e.conversation_id = c.id",
    "WHERE c.organisation_id = ?1 AND c.account_id = ?2 AND c.id = ?3 ORDER BY e.number"
);

pub(in crate::conversation) const ONE: &str = entries!(
    "",
    "entry AS e",
    "WHERE e.organisation_id = ?1 AND e.account_id = ?2 AND e.conversation_id = ?3 AND e.id = ?4"
);

/// The limit ends what somebody tied to a ring behind our back.
pub(in crate::conversation) const PATH: &str = entries!(
    "WITH RECURSIVE path (number, parent_id, depth) AS (\
     SELECT number, parent_id, 0 FROM entry \
     WHERE organisation_id = ?1 AND account_id = ?2 AND conversation_id = ?3 AND id = ?4 \
     UNION ALL \
     SELECT p.number, p.parent_id, path.depth + 1 FROM path CROSS JOIN entry AS p \
     ON p.organisation_id = ?1 AND p.account_id = ?2 AND p.conversation_id = ?3 \
     AND p.id = path.parent_id LIMIT ?5)",
    "path CROSS JOIN entry AS e ON e.number = path.number",
    "ORDER BY path.depth DESC"
);

pub(in crate::conversation) async fn all(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    conversation: (Scope, ConversationId),
) -> Result<Vec<Entry>, Failure> {
    let rows = in_conversation(ALL, conversation).bind(ENTRY_MAX).fetch_all(connection).await?;
    let texts = Texts::of(keys, conversation);
    rows.iter().map(|row| entry(row, &texts)).collect()
}

pub(in crate::conversation) async fn find(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    conversation: (Scope, ConversationId),
    id: EntryId,
) -> Result<Option<Entry>, Failure> {
    let row = in_conversation(ONE, conversation)
        .bind(bytes(id.as_uuid()))
        .fetch_optional(connection)
        .await?;
    let texts = Texts::of(keys, conversation);
    row.map(|row| entry(&row, &texts)).transpose()
}

pub(in crate::conversation) async fn path(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    conversation: (Scope, ConversationId),
    end: EntryId,
) -> Result<Vec<Entry>, Failure> {
    let rows = in_conversation(PATH, conversation)
        .bind(bytes(end.as_uuid()))
        .bind(i64::try_from(ENTRIES_MAX).unwrap_or(i64::MAX))
        .fetch_all(connection)
        .await?;
    let texts = Texts::of(keys, conversation);
    rows.iter().map(|row| entry(row, &texts)).collect()
}

pub(in crate::conversation) async fn is_there(
    connection: &mut SqliteConnection,
    conversation: (Scope, ConversationId),
    id: EntryId,
) -> Result<bool, Failure> {
    let found = in_conversation(
        "SELECT 1 FROM entry \
         WHERE organisation_id = ?1 AND account_id = ?2 AND conversation_id = ?3 AND id = ?4",
        conversation,
    )
    .bind(bytes(id.as_uuid()))
    .fetch_optional(connection)
    .await?;
    Ok(found.is_some())
}

fn entry(row: &SqliteRow, texts: &Texts<'_>) -> Result<Entry, Failure> {
    let columns = Columns(row);
    let id = EntryId::from_uuid(columns.uuid("id")?);
    let text = texts.open(Column::EntryText(id), row)?;
    let body = match row.try_get("author")? {
        "user" => {
            let column = Column::EntryAttachments(id);
            let attachments = texts.open_if_any(column, row)?;
            let attachments = json::read_attachments(attachments.as_deref(), column)?;
            Body::Question(Question { text, attachments })
        }
        "assistant" => Body::Answer(answer(row, text)?),
        _ => return Err(Failure::Unreadable { column: "author" }),
    };
    Ok(Entry {
        id,
        parent: columns.uuid_if_any("parent_id")?.map(EntryId::from_uuid),
        created_at: columns.time("created_at")?,
        completed_at: columns.time_if_any("completed_at")?,
        body,
    })
}

fn answer(row: &SqliteRow, text: String) -> Result<Answer, Failure> {
    let columns = Columns(row);
    let state = EntryState::from_word(row.try_get("state")?);
    Ok(Answer {
        model: record::model(row, "model")?,
        text,
        state: state.ok_or(Failure::Unreadable { column: "state" })?,
        request: columns.uuid_if_any("request_id")?.map(RequestId::from_uuid),
        usage: usage(row)?,
        error: row.try_get("error")?,
    })
}

/// `None` while the request runs, and for good when its process died.
fn usage(row: &SqliteRow) -> Result<Option<TurnUsage>, Failure> {
    let Some(prompt_tokens) = row.try_get("prompt_tokens")? else {
        return Ok(None);
    };
    let columns = Columns(row);
    Ok(Some(TurnUsage {
        prompt_tokens,
        completion_tokens: row.try_get("completion_tokens")?,
        cpu_seconds: row.try_get("cpu_seconds")?,
        energy_joules: row.try_get("energy_joules")?,
        energy_method: method(row, "energy_method")?,
        energy_uncertainty_percent: row.try_get("energy_uncertainty_percent")?,
        co2e_grams: row.try_get("co2e_grams")?,
        co2e_method: method(row, "co2e_method")?,
        co2e_uncertainty_percent: row.try_get("co2e_uncertainty_percent")?,
        grid_factor_grams_per_kwh: row.try_get("grid_factor_grams_per_kwh")?,
        grid_factor_year: row.try_get("grid_factor_year")?,
        grid_factor_source: columns.text("grid_factor_source")?,
        grid_zone: columns.text("grid_zone")?,
        site: columns.text("site")?,
    }))
}

fn method(row: &SqliteRow, column: &'static str) -> Result<Method, Failure> {
    let word: &str = row.try_get(column)?;
    let all = [Method::Measured, Method::Modelled, Method::Estimated];
    let found = all.into_iter().find(|method| method.as_str() == word);
    found.ok_or(Failure::Unreadable { column })
}
