//! A process that dies in the middle of answers, and the next one.

use assistant::{
    EntryState, Idempotency,
    ports::{BeginTurn, Begun, ConversationStore, Progress},
};
use domain::RequestId;
use sqlx::Connection as _;
use store::Store;

use super::sample::Talks;

fn progress(talks: &Talks, begin: &BeginTurn, text: &str) -> Progress {
    Progress {
        scope: begin.scope,
        conversation: begin.conversation,
        entry: begin.answer.id,
        request: RequestId::from_uuid(talks.samples.id()),
        text: text.to_owned(),
    }
}

/// A copy of the files while the store works is what a sudden death leaves.
#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_sudden_death() {
    let talks = Talks::new(121).await;
    let scope = talks.scope();
    let done = talks.talk(scope, "done", "question", "answer").await;
    let mut running = talks.turn(scope, "running", "asked");
    let key = Idempotency { key: "key".parse().expect("a key"), digest: [7; 32] };
    running.idempotency = Some(key);
    talks.begin(&running).await;
    let told = progress(&talks, &running, "so far, so good");
    talks.conversations.save_progress(&told).await.expect("saved");

    let after = talks.path.with_file_name("after.db");
    for (from, to) in [("galerne.db", "after.db"), ("galerne.db-wal", "after.db-wal")] {
        let directory = talks.path.parent().expect("a directory");
        std::fs::copy(directory.join(from), directory.join(to)).expect("copied");
    }
    let store = Store::open(&after).await.expect("opened");
    let conversations = talks.conversations_of(&store).await;
    let left =
        conversations.entry(scope, running.conversation, running.answer.id).await.expect("read");
    let left = left.expect("there");
    assert_eq!((left.text(), left.state()), ("so far, so good", EntryState::Running));
    let at = talks.samples.now();
    assert_eq!(ConversationStore::close_interrupted(&conversations, at).await.expect("closed"), 1);

    let store = reopened(store, &after).await;
    let conversations = talks.conversations_of(&store).await;
    let kept = ConversationStore::entries(&conversations, scope, running.conversation)
        .await
        .expect("read");
    let last = kept.last().expect("an answer");
    assert_eq!((last.text(), last.state()), ("so far, so good", EntryState::Interrupted));
    assert_eq!(last.answer().expect("an answer").request, Some(told.request));
    let again = BeginTurn { ..talks.turn(scope, "running", "asked") };
    let again = BeginTurn { idempotency: running.idempotency.clone(), ..again };
    let entry = talks.samples.entry(Some(scope.organisation));
    let begun = conversations.begin_turn(&again, &entry).await.expect("answered");
    assert!(matches!(begun, Begun::Repeated(kept) if kept.entry == running.answer.id));

    // What was saved of it is searched once it has ended.
    let search = assistant::ListQuery {
        search: Some("so good".to_owned()),
        limit: 10,
        ..assistant::ListQuery::default()
    };
    let found = conversations.list(scope, &search).await.expect("searched").conversations;
    assert_eq!(found.iter().map(|one| one.id).collect::<Vec<_>>(), [running.conversation]);
    assert!(conversations.conversation(scope, done).await.expect("read").is_some());
    let mut connection = crate::raw(&after).await;
    let integrity: String = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_one(&mut connection)
        .await
        .expect("checked");
    assert_eq!(integrity, "ok");
    connection.close().await.expect("closed");
    store.close().await;
}

async fn reopened(store: Store, path: &std::path::Path) -> Store {
    store.close().await;
    Store::open(path).await.expect("opened again")
}

/// Readers see whole entries while others write.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_are_read_while_they_are_written() {
    let talks = Talks::new(122).await;
    let begin = talks.turn(talks.scope(), "one", "question");
    talks.begin(&begin).await;
    let mut readers = tokio::task::JoinSet::new();
    {
        let (store, begin) = (talks.conversations.clone(), begin.clone());
        readers.spawn(async move {
            let mut longest = 0;
            loop {
                let read =
                    ConversationStore::entries(&store, begin.scope, begin.conversation).await;
                let entries = read.expect("read");
                let answer = entries.last().expect("an answer");
                assert!(answer.text().chars().all(|c| c == 'é'), "{}", answer.text());
                assert!(answer.text().len() >= longest, "it never gets shorter");
                longest = answer.text().len();
                if answer.state() == EntryState::Complete {
                    return longest;
                }
                tokio::task::yield_now().await;
            }
        });
    }
    for length in 1..100 {
        let told = progress(&talks, &begin, &"é".repeat(length * 97));
        talks.conversations.save_progress(&told).await.expect("saved");
    }
    let whole = "é".repeat(10_000);
    talks.finish(&begin, &whole).await;
    assert_eq!(readers.join_all().await, [whole.len()]);
}
