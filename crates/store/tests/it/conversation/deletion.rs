//! What is deleted leaves the tables and the index; what is left stays whole.

use assistant::{
    Attachment, Change, Draft, DraftOf,
    ports::{ConversationStore as _, Progress},
};
use domain::RequestId;
use sqlx::SqliteConnection;

use super::sample::Talks;

async fn words(connection: &mut SqliteConnection) -> Vec<String> {
    sqlx::query(
        "CREATE VIRTUAL TABLE IF NOT EXISTS temp.words \
         USING fts5vocab('main', 'conversation_search', 'row')",
    )
    .execute(&mut *connection)
    .await
    .expect("created");
    sqlx::query_scalar("SELECT term FROM temp.words ORDER BY term")
        .fetch_all(connection)
        .await
        .expect("read")
}

async fn count(connection: &mut SqliteConnection, table: &str) -> i64 {
    let query = format!("SELECT count(*) FROM {table}");
    let count = sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_one(connection).await;
    count.expect("counted")
}

#[tokio::test]
async fn nothing_of_a_deleted_conversation_is_left() {
    let talks = Talks::new(111).await;
    let scope = talks.scope();
    let kept = talks.talk(scope, "kept", "stays", "here").await;
    let begin = talks.turn(scope, "vanishing", "question");
    talks.begin(&begin).await;
    talks.finish(&begin, "disappears").await;
    // A running answer is in no index yet, and is deleted all the same.
    let mut running = talks.turn(scope, "vanishing", "unfinished");
    running.conversation = begin.conversation;
    running.created = None;
    talks.begin(&running).await;
    let progress = Progress {
        scope,
        conversation: begin.conversation,
        entry: running.answer.id,
        request: RequestId::from_uuid(talks.samples.id()),
        text: "halfway".to_owned(),
    };
    talks.conversations.save_progress(&progress).await.expect("saved");
    let attachment = Attachment { name: "n".to_owned(), text: "t".to_owned() };
    let draft = Draft {
        text: "typed".to_owned(),
        attachments: vec![attachment],
        model: None,
        updated_at: talks.samples.now(),
    };
    let of = DraftOf::Conversation(begin.conversation);
    let entry = talks.samples.entry(Some(scope.organisation));
    assert!(talks.conversations.put_draft(scope, of, Some(&draft), &entry).await.expect("kept"));
    talks.delete(scope, begin.conversation).await;

    let mut connection = crate::raw(&talks.path).await;
    assert_eq!(words(&mut connection).await, talks.tokens(&["here", "kept", "stays"]));
    for (table, rows) in [("conversation", 1), ("entry", 2), ("draft", 0), ("idempotency", 0)] {
        assert_eq!(count(&mut connection, table).await, rows, "{table}");
    }
    assert_eq!(talks.found(scope, "stays").await, [kept]);
    talks.delete(scope, kept).await;
    assert_eq!(words(&mut connection).await, Vec::<String>::new());
    for check in
        ["INSERT INTO conversation_search (conversation_search) VALUES ('integrity-check')"]
    {
        sqlx::query(check).execute(&mut connection).await.expect("whole");
    }
}

/// Nothing that anybody typed stands in the files, before and after it is deleted.
#[tokio::test]
async fn no_text_stands_in_the_file() {
    let talks = Talks::new(113).await;
    let scope = talks.scope();
    // One that fills pages of its own, and one that shares a page with others.
    let long = "the long answer of a model ".repeat(4_000);
    let mut ids = Vec::new();
    for (name, answer) in [("a first name", "a first answer"), ("a second name", &*long)] {
        talks.talk(scope, "beside it", "what lasts", "evermore").await;
        ids.push(talks.talk(scope, name, "what is asked", answer).await);
    }
    let draft = Draft {
        text: "what is typed".to_owned(),
        attachments: vec![Attachment { name: "file".to_owned(), text: "what is sent".to_owned() }],
        model: None,
        updated_at: talks.samples.now(),
    };
    let entry = talks.samples.entry(Some(scope.organisation));
    let kept = talks.conversations.put_draft(scope, DraftOf::New, Some(&draft), &entry).await;
    assert!(kept.expect("kept"));
    let texts =
        ["a first", "the long answer", "is asked", "evermore", "is typed", "is sent", "beside it"];
    assert_eq!(talks.texts_in_file(&texts).await, Vec::<&str>::new());
    for id in ids {
        talks.delete(scope, id).await;
    }
    assert_eq!(talks.texts_in_file(&texts).await, Vec::<&str>::new());
    // The search that finds nothing could have found something.
    assert_eq!(talks.texts_in_file(&["fake-model"]).await, ["fake-model"]);
}

/// Sealed bytes of what is deleted are overwritten too.
#[tokio::test]
async fn what_is_deleted_is_overwritten() {
    let talks = Talks::new(114).await;
    let scope = talks.scope();
    let mut sealed = Vec::new();
    for name in ["kept", "deleted"] {
        let id = talks.talk(scope, name, "question", &"a long answer ".repeat(4_000)).await;
        let mut connection = crate::raw(&talks.path).await;
        let text: Vec<u8> = sqlx::query_scalar(
            "SELECT text FROM entry WHERE author = 'assistant' ORDER BY number DESC LIMIT 1",
        )
        .fetch_one(&mut connection)
        .await
        .expect("read");
        sealed.push((id, text[100..140].to_vec()));
    }
    let [(_, kept), (id, deleted)] = &sealed[..] else { panic!("two") };
    assert_eq!(talks.bytes_in_file(&[kept, deleted]).await, [true, true]);
    talks.delete(scope, *id).await;
    assert_eq!(talks.bytes_in_file(&[kept, deleted]).await, [true, false]);
}

/// In any order of changes, the index holds the words of the rows and no others.
#[tokio::test]
async fn the_index_follows_the_rows() {
    let talks = Talks::new(112).await;
    let scope = talks.scope();
    let mut random = testkit::Random::new(112);
    let mut ids = Vec::new();
    let mut number = 0_u32;
    for _ in 0..200 {
        number += 1;
        match (random.below(4), ids.len()) {
            (0, 1..) => {
                let id = ids
                    .swap_remove(usize::try_from(random.below(ids.len() as u64)).expect("small"));
                talks.delete(scope, id).await;
            }
            (1, 1..) => {
                let id = ids[usize::try_from(random.below(ids.len() as u64)).expect("small")];
                let change = Change { name: Some(format!("name {number}")), ..Change::default() };
                let entry = talks.samples.entry(Some(scope.organisation));
                talks.conversations.update(scope, id, &change, &entry).await.expect("changed");
            }
            _ => {
                let (question, answer) = (format!("question {number}"), format!("é{number} été"));
                ids.push(talks.talk(scope, &format!("talk {number}"), &question, &answer).await);
            }
        }
    }
    let mut connection = crate::raw(&talks.path).await;
    let mut texts = Vec::new();
    for id in ids {
        let kept = talks.conversations.conversation(scope, id).await.expect("read");
        texts.push(kept.expect("there").name);
        let entries = talks.conversations.entries(scope, id).await.expect("read");
        texts.extend(entries.iter().map(|entry| entry.text().to_owned()));
    }
    let words_of = |text: &String| -> Vec<String> {
        text.split(' ').map(|word| word.replace('é', "e")).collect()
    };
    let expected: Vec<String> = texts.iter().flat_map(words_of).collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    assert_eq!(words(&mut connection).await, talks.tokens(&expected));
}
