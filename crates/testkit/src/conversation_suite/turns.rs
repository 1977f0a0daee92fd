use std::sync::Arc;

use assistant::{
    Body, ENTRIES_MAX, Entry, EntryState, TurnUsage,
    ports::{BeginTurn, Begun, FinishedTurn, Progress},
};
use domain::{ConversationId, EntryId, RequestId};
use inference::UsageOutcome;
use tokio::task::JoinSet;

use super::sample::{World, after, ended};

pub(super) async fn a_conversation_begins_with_its_turn(world: &World) {
    let begin = world.first_turn("Quel temps ?\n\u{0}\u{1f600}");
    let created = begin.created.clone().expect("a new one").conversation;
    let id = begin.conversation;
    assert_eq!(world.conversation(id).await, None);
    let entry = world.entry();
    let begun = world.test.store.begin_turn(&begin, &entry).await.expect("begun");
    assert_eq!(begun, Begun::Started);
    assert_eq!(world.conversation(id).await, Some(created));
    let question = begin.question.clone().expect("asked");
    assert_eq!(world.entries(id).await, [question.clone(), begin.answer.clone()]);
    assert_eq!(world.path(id, begin.answer.id).await, [question.clone(), begin.answer.clone()]);
    assert_eq!(world.path(id, question.id).await, [question]);
    assert_eq!(world.trail().await.last(), Some(&entry));
    for stranger in world.strangers() {
        let store = &world.test.store;
        assert_eq!(store.conversation(stranger, id).await.expect("readable"), None);
        assert_eq!(store.entries(stranger, id).await.expect("readable"), []);
        assert_eq!(store.path(stranger, id, begin.answer.id).await.expect("readable"), []);
        let entry = store.entry(stranger, id, begin.answer.id).await.expect("readable");
        assert_eq!(entry, None);
    }
}

pub(super) async fn a_turn_is_refused_without_a_trace(world: &World) {
    let (first, other) = (world.first_turn("one"), world.first_turn("two"));
    world.turn(&first, "answer").await;
    world.turn(&other, "answer").await;
    let id = first.conversation;
    let parent = Some(first.answer.id);
    let check = async |begin: &BeginTurn, expected: Begun| {
        let before = (world.conversation(id).await, world.entries(id).await);
        let trail = world.trail().await;
        assert_eq!(world.begin(begin).await, expected);
        assert_eq!((world.conversation(id).await, world.entries(id).await), before);
        assert_eq!(world.trail().await, trail, "nothing is written");
    };
    let unknown = ConversationId::from_uuid(world.samples.id());
    check(&world.next_turn(unknown, parent, Some("?")), Begun::UnknownConversation).await;
    for scope in world.strangers() {
        let begin = BeginTurn { scope, ..world.next_turn(id, parent, Some("?")) };
        check(&begin, Begun::UnknownConversation).await;
    }
    let nobody = Some(EntryId::from_uuid(world.samples.id()));
    check(&world.next_turn(id, nobody, Some("?")), Begun::UnknownParent).await;
    check(&world.next_turn(id, Some(other.answer.id), None), Begun::UnknownParent).await;

    // An entry is written once; what came with it neither.
    let used = world.trail().await.pop().expect("an entry");
    let before = (world.conversation(id).await, world.entries(id).await);
    let next = world.next_turn(id, parent, Some("?"));
    world.test.store.begin_turn(&next, &used).await.expect_err("an entry is written once");
    assert_eq!((world.conversation(id).await, world.entries(id).await), before);

    assert_eq!(world.begin(&next).await, Begun::Started);
    check(&world.next_turn(id, parent, Some("?")), Begun::Busy).await;
    check(&world.next_turn(id, nobody, Some("?")), Begun::Busy).await;
}

pub(super) async fn an_answer_grows_and_ends_once(world: &World) {
    let begin = world.first_turn("one");
    assert_eq!(world.begin(&begin).await, Begun::Started);
    let created = world.conversation(begin.conversation).await.expect("there");
    let request = RequestId::from_uuid(world.samples.id());
    for text in ["é", "é è"] {
        world.test.store.save_progress(&progress(&begin, request, text)).await.expect("saved");
        let kept = world.running(&begin).await.expect("there");
        assert_eq!((kept.text(), kept.state()), (text, EntryState::Running));
        assert_eq!(kept.answer().expect("an answer").request, Some(request));
    }
    assert_eq!(world.conversation(begin.conversation).await, Some(created.clone()));

    // What is left out stays as it was saved.
    let whole = world.finished(&begin, EntryState::Stopped, "");
    let finished = FinishedTurn { text: None, request: None, ..whole.clone() };
    world.test.store.finish_turn(&finished).await.expect("ended");
    let mut expected = ended(&begin.answer, &finished);
    if let Body::Answer(answer) = &mut expected.body {
        ("é è").clone_into(&mut answer.text);
        answer.request = Some(request);
    }
    let conversation = after(&begin, created, finished.at);
    let check = async |because: &str| {
        assert_eq!(world.running(&begin).await, Some(expected.clone()), "{because}");
        let kept = world.conversation(begin.conversation).await;
        assert_eq!(kept, Some(conversation.clone()), "{because}");
    };
    check("ended").await;
    world.test.store.finish_turn(&whole).await.expect("too late is no error");
    let late = progress(&begin, request, "late");
    world.test.store.save_progress(&late).await.expect("too late is no error");
    check("it ends once").await;

    let never = world.first_turn("never begun");
    world.test.store.save_progress(&progress(&never, request, "x")).await.expect("no error");
    let finished = world.finished(&never, EntryState::Complete, "x");
    world.test.store.finish_turn(&finished).await.expect("no error");
    assert_eq!(world.conversation(never.conversation).await, None);

    let next = world.next_turn(begin.conversation, Some(begin.answer.id), None);
    assert_eq!(world.begin(&next).await, Begun::Started);
    for scope in world.strangers() {
        let theirs = FinishedTurn { scope, ..world.finished(&next, EntryState::Complete, "x") };
        world.test.store.finish_turn(&theirs).await.expect("no error");
        let theirs = Progress { scope, ..progress(&next, request, "x") };
        world.test.store.save_progress(&theirs).await.expect("no error");
    }
    assert_eq!(world.running(&next).await, Some(next.answer.clone()), "strangers change nothing");
    let failed = world.finished(&next, EntryState::Failed, "");
    world.test.store.finish_turn(&failed).await.expect("ended");
    assert_eq!(world.running(&next).await, Some(ended(&next.answer, &failed)));
}

pub(super) async fn only_running_answers_are_closed_as_interrupted(world: &World) {
    let store = &world.test.store;
    assert_eq!(store.close_interrupted(world.samples.now()).await.expect("closed"), 0);
    let (done, left) = (world.first_turn("done"), world.first_turn("left"));
    let done_answer = world.turn(&done, "answer").await;
    assert_eq!(world.begin(&left).await, Begun::Started);
    let request = RequestId::from_uuid(world.samples.id());
    store.save_progress(&progress(&left, request, "so far")).await.expect("saved");
    let conversation = world.conversation(left.conversation).await;

    let at = world.samples.now();
    assert_eq!(store.close_interrupted(at).await.expect("closed"), 1);
    let (text, error) = (Some("so far".to_owned()), None);
    let finished = FinishedTurn {
        text,
        error,
        at,
        request: Some(request),
        ..world.finished(&left, EntryState::Interrupted, "")
    };
    assert_eq!(world.running(&left).await, Some(ended(&left.answer, &finished)));
    assert_eq!(world.running(&done).await, Some(done_answer));
    assert_eq!(world.conversation(left.conversation).await, conversation, "no activity");
    assert_eq!(store.close_interrupted(world.samples.now()).await.expect("closed"), 0);
    let next = world.next_turn(left.conversation, Some(left.answer.id), None);
    assert_eq!(world.begin(&next).await, Begun::Started, "it goes on");
}

pub(super) async fn usage_is_that_of_the_settled_row(world: &World) {
    let begin = world.first_turn("one");
    assert_eq!(world.begin(&begin).await, Begun::Started);
    let opened = world.samples.opened(&world.caller());
    world.test.ledger.open(&opened, &world.entry()).await.expect("opened");
    let text = "answer";
    let finished = FinishedTurn {
        request: Some(opened.request),
        ..world.finished(&begin, EntryState::Complete, text)
    };
    world.test.store.finish_turn(&finished).await.expect("ended");
    let usage = async || {
        let entries = [
            world.running(&begin).await.expect("there"),
            world.entries(begin.conversation).await.pop().expect("there"),
            world.path(begin.conversation, begin.answer.id).await.pop().expect("there"),
        ];
        entries.map(|entry| entry.answer().expect("an answer").usage.clone())
    };
    assert_eq!(usage().await, [None, None, None], "it is not settled yet");
    let settled = world.samples.settled(&opened, UsageOutcome::Finished);
    world.test.ledger.settle(&settled).await.expect("settled");
    let expected = Some(TurnUsage::from(&settled.usage));
    assert_eq!(usage().await, [expected.clone(), expected.clone(), expected]);
}

pub(super) async fn a_full_conversation_takes_no_more(world: &World) {
    let mut begin = world.first_turn("last");
    let mut parent = None;
    let copied: Vec<Entry> = (0..ENTRIES_MAX - 2)
        .map(|_| {
            let turn = world.next_turn(begin.conversation, parent, Some(""));
            let copy = turn.question.expect("asked");
            parent = Some(copy.id);
            copy
        })
        .collect();
    begin.created.as_mut().expect("new").copied = copied;
    begin.parent = parent;
    if let Some(question) = &mut begin.question {
        question.parent = parent;
    }
    world.turn(&begin, "answer").await;
    assert_eq!(world.entries(begin.conversation).await.len(), ENTRIES_MAX);
    assert_eq!(world.path(begin.conversation, begin.answer.id).await.len(), ENTRIES_MAX);
    let next = world.next_turn(begin.conversation, Some(begin.answer.id), None);
    assert_eq!(world.begin(&next).await, Begun::Full);
    assert_eq!(world.entries(begin.conversation).await.len(), ENTRIES_MAX);
}

pub(super) async fn one_of_many_begins(world: World) {
    let first = world.first_turn("one");
    world.turn(&first, "answer").await;
    let world = Arc::new(world);
    let mut tasks = JoinSet::new();
    for _ in 0..16 {
        let world = Arc::clone(&world);
        let next = world.next_turn(first.conversation, Some(first.answer.id), Some("?"));
        tasks.spawn(async move { world.begin(&next).await });
    }
    let begun = tasks.join_all().await;
    assert_eq!(begun.iter().filter(|&&begun| begun == Begun::Started).count(), 1, "{begun:?}");
    assert_eq!(begun.iter().filter(|&&begun| begun == Begun::Busy).count(), 15, "{begun:?}");
    assert_eq!(world.entries(first.conversation).await.len(), 4);
}

fn progress(begin: &BeginTurn, request: RequestId, text: &str) -> Progress {
    Progress {
        scope: begin.scope,
        conversation: begin.conversation,
        entry: begin.answer.id,
        request,
        text: text.to_owned(),
    }
}
