//! Seals what earlier versions stored in clear, before anything is served.

use std::path::Path;

use assistant::Scope;
use domain::{ConversationId, EntryId};
use governance::{Vault, ports::StoreError};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};

use super::{
    sealed::{Column, Texts},
    words,
};
use crate::{
    failure::{Failure, store_error},
    open,
    row::{Columns, bytes},
    store::Store,
};

/// The first byte of a text in clear.
const CLEAR: u8 = b'c';

/// Rows of one transaction: what a kill makes it do again.
const ROWS: i64 = 500;

/// Seals the texts in clear, and has the file written anew without the pages that held them. How
/// many rows there were; none but once, after an upgrade.
///
/// A kill at any moment loses nothing: the next call goes on.
pub async fn seal_clear_texts(path: &Path, vault: &Vault) -> Result<u64, StoreError> {
    seal(path, vault).await.map_err(store_error("seal the texts that are stored in clear"))
}

async fn seal(path: &Path, vault: &Vault) -> Result<u64, Failure> {
    let mut connection = open::connect(path).await?;
    let found = sqlx::query("SELECT 1 FROM clear_texts").fetch_optional(&mut connection).await?;
    if found.is_none() {
        return Ok(0);
    }
    let mut sealed = 0;
    for table in [Table::Conversation, Table::Entry, Table::Draft] {
        let mut after = 0;
        while let Some(rows) = seal_some(&mut connection, vault, (table, after)).await? {
            (sealed, after) = (sealed + rows.count, rows.last);
        }
    }
    // Pages that were given up still hold texts, and so does the file beside.
    for statement in ["VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)", "DELETE FROM clear_texts"] {
        sqlx::query(statement).execute(&mut connection).await?;
    }
    Ok(sealed)
}

/// Rows with texts, looked at without a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClearTexts {
    /// Conversations, entries and drafts.
    pub rows: u64,
    /// Those of which a text does not begin as sealed ones do.
    pub clear: u64,
    /// Whether pages of the file may still hold texts in clear, as an earlier version left them.
    pub is_unfinished: bool,
}

impl Store {
    /// Looks at the first byte of every text.
    pub async fn clear_texts(&self) -> Result<ClearTexts, StoreError> {
        self.read(|connection| Box::pin(count_clear(connection)))
            .await
            .map_err(store_error("look for texts in clear"))
    }
}

/// Of every column with texts: form 1 begins a sealed one.
const COUNT_CLEAR: &str = "
    SELECT count(*), coalesce(sum(is_clear), 0) FROM (
        SELECT substr(name, 1, 1) IS NOT x'01'
            OR substr(coalesce(description, x'01'), 1, 1) IS NOT x'01'
            OR substr(coalesce(instructions, x'01'), 1, 1) IS NOT x'01'
            OR substr(coalesce(metadata, x'01'), 1, 1) IS NOT x'01'
            OR substr(coalesce(stop, x'01'), 1, 1) IS NOT x'01' AS is_clear FROM conversation
        UNION ALL
        SELECT substr(text, 1, 1) IS NOT x'01'
            OR substr(coalesce(attachments, x'01'), 1, 1) IS NOT x'01' FROM entry
        UNION ALL
        SELECT substr(text, 1, 1) IS NOT x'01'
            OR substr(coalesce(attachments, x'01'), 1, 1) IS NOT x'01' FROM draft
    )";

async fn count_clear(connection: &mut SqliteConnection) -> Result<ClearTexts, Failure> {
    let (rows, clear): (i64, i64) = sqlx::query_as(COUNT_CLEAR).fetch_one(&mut *connection).await?;
    let found = sqlx::query("SELECT 1 FROM clear_texts").fetch_optional(connection).await?;
    Ok(ClearTexts {
        rows: rows.unsigned_abs(),
        clear: clear.unsigned_abs(),
        is_unfinished: found.is_some(),
    })
}

#[derive(Clone, Copy)]
enum Table {
    Conversation,
    Entry,
    Draft,
}

impl Table {
    /// Rows whose texts are in clear.
    const fn clear(self) -> &'static str {
        match self {
            Self::Conversation => {
                "SELECT *, rowid AS at FROM conversation WHERE rowid > ?2 \
                 AND substr(name, 1, 1) = x'63' ORDER BY rowid LIMIT ?1"
            }
            Self::Entry => {
                "SELECT *, rowid AS at FROM entry WHERE rowid > ?2 \
                 AND substr(text, 1, 1) = x'63' ORDER BY rowid LIMIT ?1"
            }
            Self::Draft => {
                "SELECT *, rowid AS at FROM draft WHERE rowid > ?2 \
                 AND substr(text, 1, 1) = x'63' ORDER BY rowid LIMIT ?1"
            }
        }
    }
}

/// What one transaction has sealed.
struct Sealed {
    count: u64,
    /// The next one goes on behind it, so that no row is looked at twice.
    last: i64,
}

/// `None` if there were none behind this row.
async fn seal_some(
    connection: &mut SqliteConnection,
    vault: &Vault,
    behind: (Table, i64),
) -> Result<Option<Sealed>, Failure> {
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await?;
    let sealed = seal_rows(connection, vault, behind).await;
    let end = if sealed.is_ok() { "COMMIT" } else { "ROLLBACK" };
    sqlx::query(end).execute(connection).await?;
    sealed
}

async fn seal_rows(
    connection: &mut SqliteConnection,
    vault: &Vault,
    (table, after): (Table, i64),
) -> Result<Option<Sealed>, Failure> {
    let rows = sqlx::query(table.clear()).bind(ROWS).bind(after);
    let rows = rows.fetch_all(&mut *connection).await?;
    for row in &rows {
        match table {
            Table::Conversation => seal_conversation(connection, vault, row).await?,
            Table::Entry => seal_entry(connection, vault, row).await?,
            Table::Draft => seal_draft(connection, vault, row).await?,
        }
    }
    let last = rows.last().map(|row| row.try_get("at")).transpose()?;
    Ok(last.map(|last| Sealed { count: rows.len() as u64, last }))
}

async fn seal_conversation(
    connection: &mut SqliteConnection,
    vault: &Vault,
    row: &SqliteRow,
) -> Result<(), Failure> {
    let scope = scope(row)?;
    let keys = vault.keys(scope.organisation)?;
    let texts = Texts::of(&keys, (scope, ConversationId::from_uuid(Columns(row).uuid("id")?)));
    let sealed = |column| sealed(&texts, column, row);
    let number: i64 = row.try_get("number")?;
    sqlx::query(
        "UPDATE conversation SET name = ?2, description = ?3, instructions = ?4, metadata = ?5, \
         stop = ?6 WHERE number = ?1",
    )
    .bind(number)
    .bind(sealed(Column::Name)?)
    .bind(sealed(Column::Description)?)
    .bind(sealed(Column::Instructions)?)
    .bind(sealed(Column::Metadata)?)
    .bind(sealed(Column::Stop)?)
    .execute(&mut *connection)
    .await?;
    let name = clear(Column::Name, row)?.unwrap_or_default();
    words::note(connection, &keys, scope, (number, &name)).await
}

async fn seal_entry(
    connection: &mut SqliteConnection,
    vault: &Vault,
    row: &SqliteRow,
) -> Result<(), Failure> {
    let (scope, columns) = (scope(row)?, Columns(row));
    let keys = vault.keys(scope.organisation)?;
    let conversation = ConversationId::from_uuid(columns.uuid("conversation_id")?);
    let texts = Texts::of(&keys, (scope, conversation));
    let id = EntryId::from_uuid(columns.uuid("id")?);
    let (number, state): (i64, &str) = (row.try_get("number")?, row.try_get("state")?);
    sqlx::query("UPDATE entry SET text = ?2, attachments = ?3 WHERE number = ?1")
        .bind(number)
        .bind(sealed(&texts, Column::EntryText(id), row)?)
        .bind(sealed(&texts, Column::EntryAttachments(id), row)?)
        .execute(&mut *connection)
        .await?;
    // What a dead process left running is noted when it is closed.
    if state == "running" {
        return Ok(());
    }
    let text = clear(Column::EntryText(id), row)?.unwrap_or_default();
    words::note(connection, &keys, scope, (number, &text)).await
}

async fn seal_draft(
    connection: &mut SqliteConnection,
    vault: &Vault,
    row: &SqliteRow,
) -> Result<(), Failure> {
    let scope = scope(row)?;
    let keys = vault.keys(scope.organisation)?;
    let id = Columns(row).uuid_if_any("conversation_id").ok().flatten();
    let texts = match id {
        Some(id) => Texts::of(&keys, (scope, ConversationId::from_uuid(id))),
        None => Texts::of_nothing_yet(&keys, scope),
    };
    sqlx::query(
        "UPDATE draft SET text = ?4, attachments = ?5 \
         WHERE organisation_id = ?1 AND account_id = ?2 AND conversation_id = ?3",
    )
    .bind(bytes(scope.organisation.as_uuid()))
    .bind(bytes(scope.account.as_uuid()))
    .bind(row.try_get::<Vec<u8>, _>("conversation_id")?)
    .bind(sealed(&texts, Column::DraftText, row)?)
    .bind(sealed(&texts, Column::DraftAttachments, row)?)
    .execute(connection)
    .await?;
    Ok(())
}

fn scope(row: &SqliteRow) -> Result<Scope, Failure> {
    let columns = Columns(row);
    let organisation = columns.organisation("organisation_id")?;
    Ok(Scope { organisation, account: columns.account("account_id")? })
}

fn sealed(texts: &Texts<'_>, column: Column, row: &SqliteRow) -> Result<Option<Vec<u8>>, Failure> {
    Ok(texts.seal_if_any(column, clear(column, row)?.as_deref()))
}

/// The text behind its mark.
fn clear(column: Column, row: &SqliteRow) -> Result<Option<String>, Failure> {
    let unreadable = || Failure::Unreadable { column: column.name() };
    let stored: Option<&[u8]> = row.try_get(column.name())?;
    let text = |stored: &[u8]| {
        let text = stored.strip_prefix(&[CLEAR]).ok_or_else(unreadable)?;
        String::from_utf8(text.to_vec()).map_err(|_| unreadable())
    };
    stored.map(text).transpose()
}
