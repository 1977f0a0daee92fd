//! Texts and statements that want to break something.

use assistant::{
    Attachment, Body, Change, ListQuery,
    ports::{ConversationStore, Updated},
};

use super::sample::Talks;

/// As the port takes them: at most 200 characters.
const NAMES: [&str; 9] = [
    "",
    "\0",
    "nul\0in the middle",
    "'; DROP TABLE conversation; --",
    "\" OR \"\"=\"",
    "\u{202e}right to left\u{202c}",
    "\u{feff}\u{200b}\u{200d}",
    "\r\n\t\u{1b}[31m",
    "\u{10ffff}\u{fffd}e\u{301}\u{301}\u{301}",
];

#[tokio::test]
async fn every_text_comes_back_as_it_went_in() {
    let talks = Talks::new(131).await;
    let scope = talks.scope();
    let long = "𝕏".repeat(200);
    for name in NAMES.into_iter().chain([&*long]) {
        let mut begin = talks.turn(scope, name, name);
        if let Some(Body::Question(question)) = begin.question.as_mut().map(|asked| &mut asked.body)
        {
            let file = Attachment { name: name.to_owned(), text: name.to_owned() };
            question.attachments = vec![file.clone(), file];
        }
        if let Some(created) = &mut begin.created {
            let conversation = &mut created.conversation;
            conversation.description = Some(name.to_owned());
            conversation.instructions = Some(name.to_owned());
            conversation.metadata = Some(name.to_owned());
            conversation.settings.stop = vec![name.to_owned(), String::new()];
        }
        talks.begin(&begin).await;
        talks.finish(&begin, name).await;
        let id = begin.conversation;
        let kept = talks.conversations.conversation(scope, id).await.expect("read").expect("there");
        let created = begin.created.clone().expect("new").conversation;
        assert_eq!(kept.updated_at, talks_end(&talks, scope, id).await);
        let created = assistant::Conversation { updated_at: kept.updated_at, ..created };
        assert_eq!(kept, created, "{name:?}");
        let entries =
            ConversationStore::entries(&talks.conversations, scope, id).await.expect("read");
        assert_eq!(entries.first(), begin.question.as_ref(), "{name:?}");
        assert_eq!(entries.last().map(assistant::Entry::text), Some(name));
        let change = Change { name: Some("plain".to_owned()), ..Change::default() };
        let entry = talks.samples.entry(Some(scope.organisation));
        let changed =
            talks.conversations.update(scope, id, &change, &entry).await.expect("changed");
        assert!(matches!(changed, Updated::Changed(kept) if kept.name == "plain"));
        talks.found(scope, name).await;
        talks.delete(scope, id).await;
        assert_eq!(talks.found(scope, "plain").await, []);
    }
}

async fn talks_end(
    talks: &Talks,
    scope: assistant::Scope,
    id: domain::ConversationId,
) -> domain::Timestamp {
    let entries = ConversationStore::entries(&talks.conversations, scope, id).await.expect("read");
    entries.last().expect("an answer").completed_at.expect("ended")
}

#[tokio::test]
async fn the_schema_refuses_what_the_types_exclude() {
    let talks = Talks::new(132).await;
    let scope = talks.scope();
    let other = talks.other_account().await;
    talks.talk(scope, "one", "question", "answer").await;
    talks.talk(other, "two", "question", "answer").await;
    let running = talks.turn(scope, "three", "question");
    talks.begin(&running).await;
    let before = talks.conversations.list(scope, &all()).await.expect("listed");
    let mut connection = crate::raw(&talks.path).await;
    for statement in [
        "UPDATE conversation SET id = zeroblob(15)",
        "UPDATE conversation SET organisation_id = zeroblob(16)",
        "UPDATE conversation SET account_id = (SELECT max(account_id) FROM conversation)",
        "UPDATE conversation SET number = number + 32768",
        "UPDATE conversation SET pinned = 2",
        "UPDATE conversation SET name = zeroblob(2001)",
        "UPDATE conversation SET name = 'in clear'",
        "UPDATE conversation SET head = NULL",
        "UPDATE conversation SET model = ''",
        "INSERT OR REPLACE INTO conversation SELECT * FROM conversation LIMIT 1",
        "DELETE FROM conversation",
        "UPDATE entry SET text = 'in clear' WHERE state = 'complete'",
        "UPDATE entry SET text = x'0100000001666f72676564' WHERE state = 'complete'",
        "UPDATE entry SET text = (SELECT text FROM entry WHERE author = 'user') \
         WHERE state = 'complete'",
        "UPDATE entry SET state = 'running' WHERE author = 'assistant'",
        "UPDATE entry SET state = 'vanished' WHERE state = 'running'",
        "UPDATE entry SET number = number + 1",
        "UPDATE entry SET conversation_id = zeroblob(16) WHERE state = 'running'",
        "UPDATE entry SET author = 'user' WHERE state = 'running'",
        "UPDATE entry SET completed_at = 1 WHERE state = 'running'",
        "INSERT OR REPLACE INTO entry SELECT * FROM entry LIMIT 1",
        // In the range of another account: its search would find it.
        "INSERT INTO entry SELECT (SELECT min(number) + 20 FROM entry), organisation_id, \
         account_id, conversation_id, randomblob(16), NULL, author, state, 0, 0, NULL, NULL, \
         NULL, NULL, x'00' FROM entry WHERE author = 'user' \
         AND account_id <> (SELECT account_id FROM entry ORDER BY number LIMIT 1) LIMIT 1",
        // A second running answer.
        "INSERT INTO entry SELECT number + 1, organisation_id, account_id, conversation_id, \
         randomblob(16), NULL, author, state, 0, NULL, model, NULL, NULL, NULL, x'00' \
         FROM entry WHERE state = 'running'",
        "UPDATE draft SET conversation_id = zeroblob(3)",
        "INSERT INTO draft VALUES (zeroblob(16), zeroblob(16), x'', 0, NULL, NULL, x'00')",
        "INSERT INTO conversation_range VALUES (zeroblob(16), zeroblob(16), 9, 0)",
        "UPDATE conversation_range SET account = 1048576",
        "UPDATE conversation_range SET account = 1",
    ] {
        let done = sqlx::query(statement).execute(&mut connection).await;
        let changed = done.as_ref().map(sqlx::sqlite::SqliteQueryResult::rows_affected);
        assert!(matches!(changed, Err(_) | Ok(0)), "accepted: {statement}");
        assert!(changed.is_err() || statement.contains("draft"), "touched nothing: {statement}");
    }
    assert_eq!(talks.conversations.list(scope, &all()).await.expect("listed"), before);
    assert_eq!(talks.found(other, "smuggled").await, []);
    assert_eq!(talks.found(scope, "smuggled").await, []);
}

fn all() -> ListQuery {
    ListQuery { limit: 100, ..ListQuery::default() }
}
