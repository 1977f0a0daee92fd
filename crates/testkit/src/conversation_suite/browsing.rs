use assistant::{
    Change, Conversation, DraftOf, ListQuery,
    ports::{Deleted, Updated},
};
use domain::{ConversationId, EntryId};

use super::{
    drafts::draft,
    sample::{World, key},
};

pub(super) async fn lists_are_ordered_and_paged(world: &World) {
    let mut ids = Vec::new();
    for at in 0..6 {
        let begin = world.first_turn(&format!("question {at}"));
        world.turn(&begin, "answer").await;
        ids.push(begin.conversation);
    }
    // Activity moves to the top; pinned ones stand above; archived ones are asked for.
    let first = world.conversation(ids[0]).await.expect("there");
    world.turn(&world.next_turn(ids[0], Some(first.head), None), "more").await;
    for (at, pinned, archived) in
        [(2, Some(true), None), (4, Some(true), None), (5, None, Some(true))]
    {
        let change = Change { pinned, archived, ..Change::default() };
        let changed = world.test.store.update(world.scope, ids[at], &change, &world.entry()).await;
        assert!(matches!(changed.expect("changed"), Updated::Changed(_)));
    }
    let query = |archived, limit, offset| ListQuery { search: None, archived, limit, offset };
    let all = [4, 2, 0, 5, 3, 1].map(|at: usize| ids[at]);
    assert_eq!(listed(world, &query(None, 100, 0)).await, (all.to_vec(), 6));
    let open = [4, 2, 0, 3, 1].map(|at: usize| ids[at]);
    assert_eq!(listed(world, &query(Some(false), 100, 0)).await, (open.to_vec(), 5));
    assert_eq!(listed(world, &query(Some(true), 100, 0)).await, (vec![ids[5]], 1));
    for limit in 1..5 {
        let mut joined = Vec::new();
        while joined.len() < 6 {
            let (page, total) = listed(world, &query(None, limit, joined.len() as u64)).await;
            assert!(!page.is_empty() && page.len() <= limit as usize && total == 6, "{page:?}");
            joined.extend(page);
        }
        assert_eq!(joined, all);
    }
    assert_eq!(listed(world, &query(None, 10, 6)).await, (Vec::new(), 6));
    assert_eq!(listed(world, &query(None, 10, i64::MAX as u64)).await, (Vec::new(), 6));
    for stranger in world.strangers() {
        let page = world.test.store.list(stranger, &query(None, 10, 0)).await.expect("listed");
        assert_eq!((page.conversations, page.total), (Vec::<Conversation>::new(), 0));
    }
}

pub(super) async fn a_search_finds_beginnings_of_words(world: &World) {
    let mut ids = Vec::new();
    for (question, answer, name) in [
        ("100% sure_thing", "no", "plain"),
        ("100 sure things", "Grüße aus Köln", "other"),
        ("what", "back\\slash 'quote' \"double\"", "NAME of it"),
    ] {
        let begin = world.first_turn(question);
        world.turn(&begin, answer).await;
        let change = Change { name: Some(name.to_owned()), ..Change::default() };
        let id = begin.conversation;
        world.test.store.update(world.scope, id, &change, &world.entry()).await.expect("changed");
        ids.push(id);
    }
    for (search, expected) in [
        ("SURE", vec![1, 0]),
        ("thin", vec![1, 0]),
        ("hing", vec![]),
        ("sure  things", vec![1]),
        ("Grüße aus", vec![1]),
        ("aus Grüße", vec![1]),
        ("name OF", vec![2]),
        ("what name", vec![]),
        ("back\\slash", vec![2]),
        ("'quote' \"", vec![2]),
        ("100%", vec![1, 0]),
        ("e_t", vec![]),
        ("nowhere", vec![]),
        ("sure OR what", vec![]),
        ("NEAR(sure things)", vec![]),
        ("%", vec![]),
        ("*", vec![]),
        ("", vec![2, 1, 0]),
        (" \t", vec![2, 1, 0]),
    ] {
        let query =
            ListQuery { search: Some(search.to_owned()), archived: None, limit: 10, offset: 0 };
        let (found, total) = listed(world, &query).await;
        let expected: Vec<ConversationId> = expected.into_iter().map(|at: usize| ids[at]).collect();
        assert_eq!((found, total), (expected.clone(), expected.len() as u64), "{search}");
    }
}

pub(super) async fn changes_are_kept(world: &World) {
    let begin = world.first_turn("one");
    world.turn(&begin, "answer").await;
    let id = begin.conversation;
    let mut expected = world.conversation(id).await.expect("there");
    let question = begin.question.expect("asked").id;
    let changes = [
        Change { name: Some("été".to_owned()), ..Change::default() },
        Change { pinned: Some(true), ..Change::default() },
        Change { archived: Some(true), head: Some(question), ..Change::default() },
        Change { pinned: Some(false), ..Change::default() },
        Change::default(),
    ];
    for change in changes {
        expected.name = change.name.clone().unwrap_or(expected.name);
        expected.pinned = change.pinned.unwrap_or(expected.pinned);
        expected.archived = change.archived.unwrap_or(expected.archived);
        expected.head = change.head.unwrap_or(expected.head);
        let entry = world.entry();
        let changed = world.test.store.update(world.scope, id, &change, &entry).await;
        assert_eq!(changed.expect("changed"), Updated::Changed(Box::new(expected.clone())));
        assert_eq!(world.conversation(id).await.as_ref(), Some(&expected));
        assert_eq!(world.trail().await.last(), Some(&entry));
    }
    let trail = world.trail().await;
    let update = async |scope, id, change: &Change| {
        let changed = world.test.store.update(scope, id, change, &world.entry()).await;
        changed.expect("answered")
    };
    let pin = Change { pinned: Some(true), ..Change::default() };
    for stranger in world.strangers() {
        assert_eq!(update(stranger, id, &pin).await, Updated::UnknownConversation);
    }
    let other = world.first_turn("two");
    assert_eq!(update(world.scope, other.conversation, &pin).await, Updated::UnknownConversation);
    for head in [EntryId::from_uuid(world.samples.id()), other.answer.id] {
        let both = Change { head: Some(head), ..pin.clone() };
        assert_eq!(update(world.scope, id, &both).await, Updated::UnknownEntry);
    }
    assert_eq!(world.conversation(id).await, Some(expected));
    assert_eq!(world.trail().await, trail, "nothing is written");
}

pub(super) async fn what_is_deleted_is_gone(world: &World) {
    let store = &world.test.store;
    let mut begin = world.first_turn("one");
    begin.idempotency = Some(key("key", 1));
    world.turn(&begin, "answer").await;
    let other = world.first_turn("two");
    world.turn(&other, "answer").await;
    let id = begin.conversation;
    let of = DraftOf::Conversation(id);
    let draft = draft(world);
    assert!(store.put_draft(world.scope, of, Some(&draft), &world.entry()).await.expect("kept"));
    let trail = world.trail().await;
    for stranger in world.strangers() {
        let deleted = store.delete(stranger, id, &world.entry()).await.expect("answered");
        assert_eq!(deleted, Deleted::UnknownConversation);
    }
    assert_eq!(world.trail().await, trail, "nothing is written");
    assert!(world.conversation(id).await.is_some());

    let entry = world.entry();
    let deleted = store.delete(world.scope, id, &entry).await.expect("deleted");
    assert_eq!(deleted, Deleted::Done);
    assert_eq!(world.trail().await.last(), Some(&entry));
    assert_eq!(world.conversation(id).await, None);
    assert_eq!(world.entries(id).await, []);
    assert_eq!(store.draft(world.scope, of).await.expect("readable"), None);
    let key = key("key", 1).key;
    let kept = store.remembered(world.scope, &key, begin.at).await.expect("readable");
    assert_eq!(kept, None);
    let deleted = store.delete(world.scope, id, &world.entry()).await.expect("answered");
    assert_eq!(deleted, Deleted::UnknownConversation, "once");
    assert_eq!(world.entries(other.conversation).await.len(), 2, "others stay");
}

async fn listed(world: &World, query: &ListQuery) -> (Vec<ConversationId>, u64) {
    let page = world.test.store.list(world.scope, query).await.expect("listed");
    (page.conversations.into_iter().map(|one| one.id).collect(), page.total)
}
