use assistant::{
    Append, Body, Entry, EntryState, Follow, HistoryPart, Restart, Start, TurnEvent, TurnSettings,
};
use domain::{ConversationId, EntryId};
use inference::Sampling;
use testkit::{Behaviour, FakeEngine};
use tokio::time::timeout;
use uuid::Uuid;

use crate::world::{HANG, World, ask, key, question, read, start};

#[tokio::test(start_paused = true)]
async fn a_conversation_begins_grows_and_is_named_after_its_question() {
    let world = World::new().await;
    let reader = world.start("one two\nthree").await;
    let id = reader.conversation();
    let first = read(reader).await;
    assert_eq!((first.text.as_str(), first.end.state), ("one two three", EntryState::Complete));
    let started = first.started.unwrap();
    let second = read(world.append(id, ask("four five")).await.unwrap()).await;
    assert_eq!(second.text, "four five");

    let conversation = world.assistant.read(&world.caller, id).await.unwrap();
    assert_eq!(conversation.name, "one two");
    let last = second.started.unwrap().entry;
    assert_eq!(conversation.head, last);
    let entries = world.entries(id).await;
    let parents: Vec<_> = entries.iter().map(|entry| entry.parent).collect();
    let ids: Vec<_> = entries.iter().map(|entry| Some(entry.id)).collect();
    assert_eq!(parents, [None, ids[0], ids[1], ids[2]]);
    assert_eq!(started.question, ids[0]);
    assert_eq!(entries[1].answer().unwrap().usage, first.end.usage);
    assert!(first.end.usage.unwrap().completion_tokens == 3);
    assert!(!world.assistant.is_running(id));
}

#[tokio::test(start_paused = true)]
async fn a_question_is_answered_again_and_an_answer_is_continued() {
    let world = World::new().await;
    let (id, answer) = world.asked("one two").await;
    let asked = world.entries(id).await[0].id;
    let retry = Append { follow: Follow::Entry(asked), ..Append::default() };
    let again = read(world.append(id, retry).await.unwrap()).await;
    let started = again.started.unwrap();
    assert_eq!((started.question, again.text.as_str()), (None, "one two"));
    world.engine.answer("one two", &[" three"]);
    let more = Append { follow: Follow::Entry(answer), ..Append::default() };
    let more = read(world.append(id, more).await.unwrap()).await;
    assert_eq!(more.text, " three");
    let entries = world.entries(id).await;
    let parents: Vec<_> = entries.iter().map(|entry| entry.parent).collect();
    assert_eq!(parents, [None, Some(asked), Some(asked), Some(answer)]);
    // The first word of the prompt is not the answer's only: question and answer were sent.
    let sent = world.engine.requests().pop().unwrap().prompt.tokens.len();
    assert!(sent > world.engine.requests()[0].prompt.tokens.len());
}

#[tokio::test(start_paused = true)]
async fn settings_of_a_turn_are_its_own_and_a_model_stays() {
    let world = World::new().await;
    let settings = TurnSettings { temperature: Some(0.25), seed: Some(7), ..Default::default() };
    let start = Start { settings: settings.clone(), ..start("one two three") };
    let reader = world.assistant.start(&world.caller, start).await.unwrap();
    let id = reader.conversation();
    read(reader).await;
    let own = TurnSettings { max_tokens: Some(1), ..TurnSettings::default() };
    let append = Append { settings: Some(own), ..ask("one two three") };
    let short = read(world.append(id, append).await.unwrap()).await;
    assert_eq!((short.text.as_str(), short.end.state), ("one", EntryState::Length));
    read(world.append(id, ask("four")).await.unwrap()).await;
    let asked: Vec<Sampling> =
        world.engine.requests().into_iter().map(|request| request.sampling).collect();
    let first = Sampling { temperature: 0.25, seed: Some(7), ..Sampling::default() };
    assert_eq!(asked, [first.clone(), Sampling::default(), first]);

    let other = Append { model: Some("other".parse().unwrap()), ..ask("five") };
    let error = world.append(id, other).await.unwrap_err();
    assert_eq!(error.code(), "model.unknown");
    let conversation = world.assistant.read(&world.caller, id).await.unwrap();
    assert_eq!(conversation.model.as_str(), "other");
    assert_eq!(conversation.settings, settings);
}

#[tokio::test(start_paused = true)]
async fn of_two_appends_at_once_one_is_busy() {
    let world = World::new().await;
    let (id, _) = world.asked("one").await;
    world.engine.behave(Behaviour::Answer);
    let (left, right) = tokio::join!(world.append(id, ask("two")), world.append(id, ask("three")));
    let (begun, refused) = if left.is_ok() { (left, right) } else { (right, left) };
    let error = refused.unwrap_err();
    assert_eq!(error.code(), "conversation.busy");
    assert!(error.retry_after_seconds().is_some());
    read(begun.unwrap()).await;
    assert_eq!(world.entries(id).await.len(), 4, "the refused one left nothing");
    // Whoever has read the end may go on at once.
    read(world.append(id, ask("four")).await.unwrap()).await;
}

#[tokio::test(start_paused = true)]
async fn a_repeated_key_gives_the_same_turn_and_one_usage_row() {
    let world = World::stepped().await;
    let keyed = |digest| Start { idempotency: Some(key("k1", digest)), ..start("one two") };
    let first = world.assistant.start(&world.caller, keyed(1)).await.unwrap();
    let ids = (first.conversation(), first.entry());
    // While it runs, and when it has ended.
    let second = world.assistant.start(&world.caller, keyed(1)).await.unwrap();
    assert_eq!((second.conversation(), second.entry()), ids);
    world.stepper.release();
    let (first, second) = (read(first).await, read(second).await);
    assert_eq!(first, second);
    let third = read(world.assistant.start(&world.caller, keyed(1)).await.unwrap()).await;
    assert_eq!(third, first);
    let error = world.assistant.start(&world.caller, keyed(2)).await.unwrap_err();
    assert_eq!(error.code(), "idempotency.reused");
    assert_eq!(world.row().outcome, "finished");
    let reborn = world.reborn().await;
    let fourth = read(reborn.assistant.start(&world.caller, keyed(1)).await.unwrap()).await;
    assert_eq!(fourth, first);
    assert_eq!(world.row().outcome, "finished");
}

#[tokio::test(start_paused = true)]
async fn the_same_append_sent_twice_at_once_is_one() {
    let world = World::new().await;
    let (id, _) = world.asked("one").await;
    let keyed = |digest| Append { idempotency: Some(key("k1", digest)), ..ask("two three") };
    let (left, right) = tokio::join!(world.append(id, keyed(1)), world.append(id, keyed(1)));
    let (left, right) = (left.unwrap(), right.unwrap());
    assert_eq!(left.entry(), right.entry());
    assert_eq!(read(left).await, read(right).await);
    assert_eq!(world.entries(id).await.len(), 4);
    assert_eq!(world.memory.usage_records().len(), 2);
    assert_eq!(world.append(id, keyed(2)).await.unwrap_err().code(), "idempotency.reused");
}

#[tokio::test(start_paused = true)]
async fn the_same_start_sent_twice_at_once_is_one() {
    let world = World::new().await;
    let keyed = || Start { idempotency: Some(key("k1", 1)), ..start("two three") };
    let (left, right) = tokio::join!(
        world.assistant.start(&world.caller, keyed()),
        world.assistant.start(&world.caller, keyed())
    );
    let (left, right) = (left.unwrap(), right.unwrap());
    assert_eq!(left.conversation(), right.conversation());
    assert_eq!(read(left).await, read(right).await);
    assert_eq!(world.row().outcome, "finished");
}

#[tokio::test(start_paused = true)]
async fn a_restart_copies_the_path_and_leaves_the_original() {
    let world = World::new().await;
    let (id, answer) = world.asked("one").await;
    read(world.append(id, ask("two")).await.unwrap()).await;
    let before = world.entries(id).await;
    let restart = |from| Restart {
        from,
        question: Some(question("other")),
        settings: None,
        idempotency: None,
    };
    let reader = world.assistant.restart(&world.caller, id, restart(answer)).await.unwrap();
    let copy = reader.conversation();
    read(reader).await;
    assert_ne!(copy, id);
    let history = world.assistant.history(&world.caller, copy, HistoryPart::Path).await.unwrap();
    let texts: Vec<&str> = history.entries.iter().map(Entry::text).collect();
    assert_eq!(texts, ["one", "one", "other", "other"]);
    assert_eq!(world.entries(id).await, before);
    let usage = |entry: &Entry| entry.answer().unwrap().usage.clone();
    assert_eq!(usage(&history.entries[1]), usage(&before[1]));
    let nobody = EntryId::from_uuid(Uuid::from_u128(1));
    let error = world.assistant.restart(&world.caller, id, restart(nobody)).await.unwrap_err();
    assert_eq!(error.code(), "entry.not_found");
}

#[tokio::test(start_paused = true)]
async fn a_refused_model_leaves_the_question_and_a_failed_answer() {
    let world = World::new().await;
    let (id, _) = world.asked("one").await;
    for (behaviour, code) in [
        (Behaviour::Busy { retry_after_seconds: 3 }, "capacity.exhausted"),
        (Behaviour::Fail, "engine.failed"),
    ] {
        world.engine.behave(behaviour);
        let error = world.append(id, ask("two")).await.unwrap_err();
        assert_eq!(error.code(), code);
        let entries = world.entries(id).await;
        let last = entries.last().unwrap().answer().unwrap();
        assert_eq!((last.state, last.error.as_deref()), (EntryState::Failed, Some(code)));
        let Body::Question(asked) = &entries[entries.len() - 2].body else {
            panic!("the question is kept: {entries:?}");
        };
        assert_eq!(asked.text, "two");
        let events = world.assistant.events(&world.caller, id, None).await.unwrap();
        assert_eq!(read(events).await.end.error.as_deref(), Some(code));
    }
    world.engine.behave(Behaviour::Answer);
    let parent = world.entries(id).await[2].parent.map_or(Follow::Root, Follow::Entry);
    let again = Append { follow: parent, ..ask("three") };
    assert_eq!(read(world.append(id, again).await.unwrap()).await.text, "three");
}

#[tokio::test(start_paused = true)]
async fn the_first_question_is_asked_in_another_way() {
    let world = World::new().await;
    let (id, _) = world.asked("one two").await;
    let other = Append { follow: Follow::Root, ..ask("three") };
    assert_eq!(read(world.append(id, other).await.unwrap()).await.text, "three");
    let entries = world.entries(id).await;
    let roots = entries.iter().filter(|entry| entry.parent.is_none()).count();
    assert_eq!((entries.len(), roots), (4, 2));
    let sent: Vec<_> =
        world.engine.requests().iter().map(|request| request.prompt.tokens.len()).collect();
    assert!(sent[1] <= sent[0], "nothing of the other branch is read: {sent:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_not_found() {
    let world = World::new().await;
    let (id, entry) = world.asked("one").await;
    let nobody = ConversationId::from_uuid(Uuid::from_u128(1));
    let error = world.append(nobody, ask("two")).await.unwrap_err();
    assert_eq!(error.code(), "conversation.not_found");
    let follow = Follow::Entry(EntryId::from_uuid(Uuid::from_u128(1)));
    let error = world.append(id, Append { follow, ..ask("two") }).await.unwrap_err();
    assert_eq!(error.code(), "entry.not_found");
    let nothing = Append { follow: Follow::Root, ..Append::default() };
    let error = world.append(id, nothing).await.unwrap_err();
    assert_eq!(error.code(), "entry.not_found");
    let mut stranger = world.caller;
    stranger.account = domain::AccountId::from_uuid(Uuid::from_u128(1));
    let append = world.assistant.append(&stranger, id, ask("two")).await;
    assert_eq!(append.unwrap_err().code(), "conversation.not_found");
    let events = world.assistant.events(&stranger, id, Some(entry)).await;
    assert_eq!(events.unwrap_err().code(), "conversation.not_found");
    assert_eq!(world.entries(id).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stranger_learns_nothing_of_a_running_turn() {
    let world = World::stepped().await;
    let reader = world.start("one two").await;
    let id = reader.conversation();
    let mut stranger = world.caller;
    stranger.account = domain::AccountId::from_uuid(Uuid::from_u128(1));
    let append = world.assistant.append(&stranger, id, ask("two")).await;
    assert_eq!(append.unwrap_err().code(), "conversation.not_found");
    let stop = timeout(HANG, world.assistant.stop(&stranger, id)).await.unwrap();
    assert_eq!(stop.unwrap_err().code(), "conversation.not_found");
    let delete = timeout(HANG, world.assistant.delete(&stranger, id)).await.unwrap();
    assert_eq!(delete.unwrap_err().code(), "conversation.not_found");
    world.stepper.release();
    assert_eq!(read(reader).await.end.state, EntryState::Complete);
}

#[tokio::test(start_paused = true)]
async fn the_start_is_told_before_the_first_word() {
    let world = World::stepped().await;
    let mut reader = world.start("one").await;
    let event = timeout(HANG, reader.next()).await.unwrap().unwrap();
    let TurnEvent::Started(started) = event else { panic!("{event:?}") };
    assert_eq!(started.model, FakeEngine::model());
    assert_eq!(started.entry, reader.entry());
    assert_eq!(world.row().outcome, "running");
    world.stepper.release();
    read(reader).await;
}
