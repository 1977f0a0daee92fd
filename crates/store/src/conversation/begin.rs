//! Begins a turn, or says what is in its way.

use assistant::{
    Conversation, ENTRIES_MAX, Idempotency, Scope,
    ports::{BeginTurn, Begun, Created},
};
use domain::{ConversationId, EntryId};
use governance::ContentKeys;
use sqlx::{Row as _, SqliteConnection};

use super::{
    entry, key,
    place::{self, ENTRY_MAX},
    record,
    scoped::in_conversation,
};
use crate::{failure::Failure, row::bytes};

/// Writes nothing but what a new turn needs, and only if it begins.
pub(super) async fn begin(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    begin: &BeginTurn,
) -> Result<Begun, Failure> {
    if let Some(idempotency) = &begin.idempotency
        && let Some(known) = known(connection, begin, idempotency).await?
    {
        return Ok(known);
    }
    let tree = match &begin.created {
        Some(created) => Tree::of_new(created, begin.parent),
        None => match Tree::find(connection, begin).await? {
            Some(tree) => tree,
            None => return Ok(Begun::UnknownConversation),
        },
    };
    if let Some(refusal) = tree.refusal(begin) {
        return Ok(refusal);
    }
    write(connection, keys, begin, &tree).await?;
    Ok(Begun::Started)
}

async fn known(
    connection: &mut SqliteConnection,
    begin: &BeginTurn,
    idempotency: &Idempotency,
) -> Result<Option<Begun>, Failure> {
    key::remove_old(connection, begin.scope, begin.at).await?;
    let found = key::find(connection, begin.scope, &idempotency.key, begin.at).await?;
    Ok(found.map(|remembered| {
        if remembered.digest == idempotency.digest {
            Begun::Repeated(remembered)
        } else {
            Begun::Reused
        }
    }))
}

/// What a turn would be added to.
struct Tree {
    /// `None`: it does not exist yet.
    number: Option<i64>,
    /// Entries are never removed one by one, so this is also the number of the last one.
    entries: i64,
    is_running: bool,
    has_parent: bool,
}

impl Tree {
    fn of_new(created: &Created, parent: Option<EntryId>) -> Self {
        let is_copied = |id| created.copied.iter().any(|copy| copy.id == id);
        Self {
            number: None,
            entries: i64::try_from(created.copied.len()).unwrap_or(i64::MAX),
            is_running: false,
            has_parent: parent.is_none_or(is_copied),
        }
    }

    async fn find(
        connection: &mut SqliteConnection,
        begin: &BeginTurn,
    ) -> Result<Option<Self>, Failure> {
        let row = in_conversation(
            "SELECT c.number, \
             (SELECT coalesce(max(e.number), c.number) - c.number FROM entry AS e \
                 WHERE e.number BETWEEN c.number AND c.number + ?5) AS entries, \
             EXISTS (SELECT 1 FROM entry AS e INDEXED BY entry_running \
                 WHERE e.organisation_id = ?1 AND e.account_id = ?2 \
                 AND e.conversation_id = ?3 AND e.state = 'running') AS is_running, \
             ?4 IS NULL OR EXISTS (SELECT 1 FROM entry AS e \
                 WHERE e.organisation_id = ?1 AND e.account_id = ?2 \
                 AND e.conversation_id = ?3 AND e.id = ?4) AS has_parent \
             FROM conversation AS c \
             WHERE c.organisation_id = ?1 AND c.account_id = ?2 AND c.id = ?3",
            (begin.scope, begin.conversation),
        )
        .bind(begin.parent.map(|parent| bytes(parent.as_uuid())))
        .bind(ENTRY_MAX)
        .fetch_optional(connection)
        .await?;
        let Some(row) = row else {
            return Ok(None);
        };
        Ok(Some(Self {
            number: Some(row.try_get("number")?),
            entries: row.try_get("entries")?,
            is_running: row.try_get("is_running")?,
            has_parent: row.try_get("has_parent")?,
        }))
    }

    fn refusal(&self, begin: &BeginTurn) -> Option<Begun> {
        let added = if begin.question.is_some() { 2 } else { 1 };
        let most = i64::try_from(ENTRIES_MAX).unwrap_or(ENTRY_MAX);
        if self.is_running {
            Some(Begun::Busy)
        } else if !self.has_parent {
            Some(Begun::UnknownParent)
        } else if self.entries.saturating_add(added) > most {
            Some(Begun::Full)
        } else {
            None
        }
    }
}

async fn write(
    connection: &mut SqliteConnection,
    keys: &ContentKeys,
    begin: &BeginTurn,
    tree: &Tree,
) -> Result<(), Failure> {
    let id: (Scope, ConversationId) = (begin.scope, begin.conversation);
    let answer = begin.answer.id;
    let number = match tree.number {
        Some(number) => {
            record::go_on(connection, id, (answer, &begin.model), begin.at).await?;
            number
        }
        None => place::next(connection, begin.scope).await?,
    };
    let mut next = number + tree.entries;
    if let Some(Created { conversation, copied }) = &begin.created {
        let conversation = Conversation {
            id: begin.conversation,
            scope: begin.scope,
            model: begin.model.clone(),
            updated_at: begin.at,
            head: answer,
            ..conversation.clone()
        };
        record::insert(connection, keys, number, &conversation).await?;
        for (number, copy) in (number + 1..).zip(copied) {
            entry::insert(connection, keys, id, (number, copy)).await?;
        }
    }
    for entry in begin.question.iter().chain([&begin.answer]) {
        next += 1;
        entry::insert(connection, keys, id, (next, entry)).await?;
    }
    if let Some(idempotency) = &begin.idempotency {
        key::insert(connection, id, idempotency, (answer, begin.at)).await?;
    }
    Ok(())
}
