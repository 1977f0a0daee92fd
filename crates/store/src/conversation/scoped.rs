//! Statements that begin with whose rows they are about.

use assistant::Scope;
use domain::ConversationId;
use sqlx::{Sqlite, query::Query, sqlite::SqliteArguments};

use crate::row::bytes;

pub(super) type Statement = Query<'static, Sqlite, SqliteArguments>;

/// `?1` is the organisation, `?2` the account.
pub(super) fn scoped(statement: &'static str, scope: Scope) -> Statement {
    sqlx::query(statement)
        .bind(bytes(scope.organisation.as_uuid()))
        .bind(bytes(scope.account.as_uuid()))
}

/// As [`scoped`]; `?3` is the conversation.
pub(super) fn in_conversation(
    statement: &'static str,
    (scope, conversation): (Scope, ConversationId),
) -> Statement {
    scoped(statement, scope).bind(bytes(conversation.as_uuid()))
}
