//! Texts under keys: locked, rotated, moved, altered, and sealed after an upgrade.

use assistant::{Draft, DraftOf, ListQuery, ports::ConversationStore as _};
use governance::ports::{DataKeyStore as _, StoreError};
use testkit::{MemoryCustodian, operator_of, vault_of};

use super::sample::Talks;

fn locked<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError { is_locked: true, .. }))
}

#[tokio::test]
async fn without_the_wrapping_key_nothing_is_read_or_written() {
    let talks = Talks::new(141).await;
    let scope = talks.scope();
    let id = talks.talk(scope, "name", "question", "answer").await;
    let running = talks.turn(scope, "running", "question");
    talks.begin(&running).await;
    talks.custodian.refuse(true);
    talks.conversations.conversation(scope, id).await.expect("until the keys are asked for again");
    talks.vault.refresh().await.expect_err("refused");
    let store = &talks.conversations;
    assert!(locked(&store.conversation(scope, id).await));
    assert!(locked(&store.entries(scope, id).await));
    assert!(locked(&store.entry(scope, id, running.answer.id).await));
    assert!(locked(&store.path(scope, id, running.answer.id).await));
    assert!(locked(&store.list(scope, &ListQuery { limit: 9, ..ListQuery::default() }).await));
    assert!(locked(&store.draft(scope, DraftOf::New).await));
    let entry = talks.samples.entry(Some(scope.organisation));
    let turn = talks.turn(scope, "another", "question");
    assert!(locked(&store.begin_turn(&turn, &entry).await));
    let at = talks.samples.now();
    let draft =
        Draft { text: "typed".to_owned(), attachments: Vec::new(), model: None, updated_at: at };
    assert!(locked(&store.put_draft(scope, DraftOf::New, Some(&draft), &entry).await));
    assert!(locked(&store.close_interrupted(at).await), "what it says cannot be noted");
    // Deleting needs no key.
    talks.delete(scope, id).await;
    talks.custodian.refuse(false);
    talks.vault.refresh().await.expect("given");
    assert_eq!(store.conversation(scope, id).await.expect("read"), None);
    assert_eq!(store.close_interrupted(at).await.expect("closed"), 1);
    let kept = store.conversation(scope, running.conversation).await.expect("read");
    assert_eq!(kept.expect("there").name, "running");
}

#[tokio::test]
async fn keys_are_rotated_and_what_was_written_stays_readable() {
    let talks = Talks::new(142).await;
    let scope = talks.scope();
    let versions = async |talks: &Talks| -> Vec<i64> {
        let mut connection = crate::raw(&talks.path).await;
        let versions = "SELECT DISTINCT unhex(hex(substr(text, 2, 4))) FROM entry ORDER BY 1";
        let found: Vec<Vec<u8>> =
            sqlx::query_scalar(versions).fetch_all(&mut connection).await.expect("read");
        found.iter().map(|bytes| i64::from(bytes[3])).collect()
    };
    let old = talks.talk(scope, "old", "question", "answer").await;
    assert_eq!(versions(&talks).await, [1]);
    let caller = operator_of(&talks.owner);
    assert_eq!(talks.vault.rotate(caller).await.expect("rotated"), 2);
    let new = talks.talk(scope, "new", "question", "answer").await;
    assert_eq!(versions(&talks).await, [1, 2]);
    for id in [old, new] {
        let entries = talks.conversations.entries(scope, id).await.expect("read");
        assert_eq!(entries.last().expect("an answer").text(), "answer");
    }
    assert_eq!(talks.found(scope, "question").await, [old, new], "words keep their key");

    // Under another wrapping key the stored keys are others, and the texts are the same.
    let before = talks.store.data_keys().await.expect("read");
    let next = std::sync::Arc::new(MemoryCustodian::new(999));
    assert!(talks.vault.rewrap(caller, &*next).await.expect("wrapped"));
    let after = talks.store.data_keys().await.expect("read");
    assert_eq!(after.len(), 3);
    for (before, after) in before.iter().zip(&after) {
        assert_eq!((before.class, before.version), (after.class, after.version));
        assert_ne!(before.wrapped, after.wrapped);
        assert_eq!(after.wrapping, next.id());
    }
    talks.vault.refresh().await.expect_err("the old one opens nothing any more");
    let vault = vault_of(&std::sync::Arc::new(talks.store.clone()), next, 0);
    vault.refresh().await.expect("keys");
    let conversations = talks.store.conversations(std::sync::Arc::new(vault));
    let kept = conversations.conversation(scope, old).await.expect("read");
    assert_eq!(kept.expect("there").name, "old");
}

/// Whoever can write to the file can destroy texts and cannot put others in their place.
#[tokio::test]
async fn what_is_moved_or_altered_is_not_read() {
    let talks = Talks::new(143).await;
    let scope = talks.scope();
    let other = talks.other_account().await;
    let mine = talks.talk(scope, "mine", "question", "answer").await;
    talks.talk(other, "theirs", "secret question", "secret answer").await;
    let mut connection = crate::raw(&talks.path).await;
    for (statement, back) in [
        (
            "UPDATE conversation SET name = (SELECT max(name) FROM conversation AS o \
             WHERE o.account_id <> conversation.account_id)",
            "names of another account",
        ),
        ("UPDATE conversation SET description = name", "another column"),
        (
            "UPDATE conversation SET name = substr(name, 1, length(name) - 1) || x'00'",
            "the last byte",
        ),
    ] {
        let path = talks.path.with_file_name("altered.db");
        let target = path.to_str().expect("text");
        sqlx::query("VACUUM INTO ?1").bind(target).execute(&mut connection).await.expect("copied");
        let mut altered = crate::raw(&path).await;
        let done = sqlx::query(statement).execute(&mut altered).await;
        let accepted = done.is_ok();
        drop(altered);
        let store = store::Store::open(&path).await.expect("opened");
        let conversations = talks.conversations_of(&store).await;
        let read = conversations.conversation(scope, mine).await;
        assert!(!accepted || read.is_err(), "{back}: {read:?}");
        store.close().await;
        std::fs::remove_file(&path).expect("removed");
    }
}
