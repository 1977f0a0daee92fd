//! Who sees which library, and what they may do with it.

use domain::{AccountId, LibraryId};
use knowledge::{
    LibraryAccess, ShareRole, Visitor,
    ports::{Changed, Refusal},
};
use sqlx::{
    Row as _, Sqlite, SqliteConnection,
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};

use crate::{
    failure::Failure,
    row::{Columns, bytes},
};

pub(super) type Statement = Query<'static, Sqlite, SqliteArguments>;

/// The libraries `l` that the account `?2` of the organisation `?1` sees: own ones, and those that
/// it was given, itself or with a group, or with everybody. What is in the list is found first, so
/// that nobody's other libraries are looked at.
macro_rules! seen {
    () => {
        "l.organisation_id = ?1 AND l.removed_at IS NULL AND l.id IN (\
         SELECT o.id FROM library AS o WHERE o.organisation_id = ?1 AND o.account_id = ?2 \
         UNION SELECT s.library_id FROM library_share AS s WHERE s.organisation_id = ?1 \
         AND s.grantee = 'organisation' AND s.grantee_id = ?1 \
         UNION SELECT s.library_id FROM library_share AS s WHERE s.organisation_id = ?1 \
         AND s.grantee = 'account' AND s.grantee_id = ?2 \
         UNION SELECT s.library_id FROM account_group_member AS m JOIN library_share AS s \
         ON s.organisation_id = m.organisation_id AND s.grantee = 'group' \
         AND s.grantee_id = m.group_id WHERE m.organisation_id = ?1 AND m.account_id = ?2)"
    };
}

/// What was given of the library `l`, as the column `shared`: 1 to edit, 0 to view, or nothing.
macro_rules! given {
    () => {
        "(SELECT max(s.role = 'editor') FROM library_share AS s \
         WHERE s.organisation_id = ?1 AND s.library_id = l.id AND (s.grantee = 'organisation' \
         OR s.grantee = 'account' AND s.grantee_id = ?2 \
         OR s.grantee = 'group' AND s.grantee_id IN (SELECT m.group_id \
         FROM account_group_member AS m WHERE m.organisation_id = ?1 AND m.account_id = ?2))) \
         AS shared"
    };
}

/// `?1` is the organisation, `?2` the account.
pub(super) fn asked_by(statement: &'static str, visitor: Visitor) -> Statement {
    sqlx::query(statement)
        .bind(bytes(visitor.organisation.as_uuid()))
        .bind(bytes(visitor.account.as_uuid()))
}

const ACCESS: &str = concat!(
    "SELECT l.account_id AS owner_id, ",
    given!(),
    " FROM library AS l WHERE l.id = ?3 AND ",
    seen!()
);

/// Whether the visitor may do with a library what is needed.
pub(super) async fn needs(
    connection: &mut SqliteConnection,
    visitor: Visitor,
    (id, needed): (LibraryId, LibraryAccess),
) -> Result<Changed<()>, Failure> {
    let row =
        asked_by(ACCESS, visitor).bind(bytes(id.as_uuid())).fetch_optional(connection).await?;
    let found = row.map(|row| access(&row, visitor)).transpose()?.flatten();
    Ok(match found {
        None => Err(Refusal::LibraryUnknown(id)),
        Some(access) if access < needed => Err(Refusal::Forbidden(needed)),
        Some(_) => Ok(()),
    })
}

const LEFT: &str = "SELECT 1 FROM library AS l JOIN account AS a \
     ON a.organisation_id = l.organisation_id AND a.id = ?2 \
     WHERE l.organisation_id = ?1 AND l.id = ?3 AND l.removed_at IS NULL \
     AND l.account_id IS NULL AND a.role = 'owner' AND a.disabled_at IS NULL";

/// Whether the visitor may delete a library: who owns it, and of one that nobody owns any more, the
/// owners of the organisation, whether they see it or not.
pub(super) async fn may_delete(
    connection: &mut SqliteConnection,
    visitor: Visitor,
    id: LibraryId,
) -> Result<Changed<()>, Failure> {
    let needed = (id, LibraryAccess::Owner);
    let Err(refusal) = needs(&mut *connection, visitor, needed).await? else { return Ok(Ok(())) };
    let left = asked_by(LEFT, visitor).bind(bytes(id.as_uuid())).fetch_optional(connection).await?;
    Ok(if left.is_some() { Ok(()) } else { Err(refusal) })
}

/// Of a row with the columns `owner_id` and `shared`.
pub(super) fn access(row: &SqliteRow, visitor: Visitor) -> Result<Option<LibraryAccess>, Failure> {
    let owner = Columns(row).uuid_if_any("owner_id")?.map(AccountId::from_uuid);
    let shared = match row.try_get::<Option<i64>, _>("shared")? {
        None => None,
        Some(0) => Some(ShareRole::Viewer),
        Some(_) => Some(ShareRole::Editor),
    };
    Ok(LibraryAccess::of(owner, visitor.account, shared))
}
