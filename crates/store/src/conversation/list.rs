//! Pages of the list, searched or not.

use assistant::{Conversation, ListQuery, Page, Scope};
use governance::ContentKeys;
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};

use super::{
    place, record,
    scoped::{Statement, scoped},
    words,
};
use crate::failure::Failure;

/// The numbers of a scope's conversations, in the order of the list.
macro_rules! listed {
    ($found:literal) => {
        concat!(
            "SELECT number FROM conversation INDEXED BY conversation_listed \
             WHERE organisation_id = ?1 AND account_id = ?2 AND (?3 IS NULL OR archived = ?3)",
            $found,
            " ORDER BY pinned DESC, updated_at DESC, id DESC "
        )
    };
}

/// One row without a conversation tells the total of an empty page.
macro_rules! rows {
    ($with:expr, $total:expr) => {
        concat!(
            "WITH ",
            $with,
            " SELECT (",
            $total,
            ") AS total, c.* FROM (SELECT 1) LEFT JOIN page \
             LEFT JOIN conversation AS c ON c.number = page.number \
             ORDER BY c.pinned DESC, c.updated_at DESC, c.id DESC"
        )
    };
}

pub(super) const PAGE: &str = rows!(
    concat!("page AS MATERIALIZED (", listed!(""), "LIMIT ?4 OFFSET ?5)"),
    "SELECT count(*) FROM conversation INDEXED BY conversation_listed \
     WHERE organisation_id = ?1 AND account_id = ?2 AND (?3 IS NULL OR archived = ?3)"
);

/// Clears the entry from each number that was found: what is left is the conversation. Whoever is
/// found often is found soon, so the page is read in the order of the list and ends where it is
/// full. Everything found is of this account: the total lacks what is archived otherwise.
pub(super) const PAGE_FOUND: &str = rows!(
    concat!(
        "found AS MATERIALIZED (SELECT DISTINCT rowid & ~32767 AS number FROM conversation_search \
         WHERE conversation_search MATCH ?6 AND rowid BETWEEN ?7 AND ?8), \
         page AS MATERIALIZED (",
        listed!(" AND number IN found"),
        "LIMIT ?4 OFFSET ?5)"
    ),
    "(SELECT count(*) FROM found) - \
     (SELECT count(*) FROM conversation INDEXED BY conversation_listed \
      WHERE organisation_id = ?1 AND account_id = ?2 AND archived <> ?3 AND number IN found)"
);

pub(super) async fn page(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    scope: Scope,
    query: &ListQuery,
) -> Result<Page, Failure> {
    let rows = match query.search.as_deref().filter(|search| !search.trim().is_empty()) {
        None => select(PAGE, scope, query).fetch_all(connection).await?,
        Some(search) => {
            let range = place::range(connection, scope).await?;
            let (Some(range), Some(words)) = (range, words::expression(keys, scope, search)) else {
                return Ok(Page { conversations: Vec::new(), total: 0 });
            };
            let select = select(PAGE_FOUND, scope, query);
            select.bind(words).bind(range.start()).bind(range.end()).fetch_all(connection).await?
        }
    };
    Ok(Page {
        total: rows.first().map_or(Ok(0), total)?,
        conversations: conversations(&rows, keys, scope)?,
    })
}

fn select(statement: &'static str, scope: Scope, query: &ListQuery) -> Statement {
    scoped(statement, scope)
        .bind(query.archived)
        .bind(query.limit)
        // There are fewer conversations than the greatest integer that the database can hold.
        .bind(i64::try_from(query.offset).unwrap_or(i64::MAX))
}

fn total(row: &SqliteRow) -> Result<u64, Failure> {
    let total: i64 = row.try_get("total")?;
    u64::try_from(total).map_err(|_| Failure::Unreadable { column: "total" })
}

fn conversations(
    rows: &[SqliteRow],
    keys: &ContentKeys,
    scope: Scope,
) -> Result<Vec<Conversation>, Failure> {
    let mut conversations = Vec::with_capacity(rows.len());
    for row in rows {
        if row.try_get::<Option<i64>, _>("number")?.is_some() {
            conversations.push(record::conversation(row, keys, scope)?);
        }
    }
    Ok(conversations)
}
