use std::time::Duration;

use assistant::EntryState;
use testkit::Behaviour;
use tokio::time::timeout;

use crate::{
    failing_store::Fault,
    world::{HANG, World, ask, read, read_until},
};

#[tokio::test(start_paused = true)]
async fn a_stopped_turn_keeps_its_text_and_usage() {
    let world = World::stepped().await;
    let mut reader = world.start("one two three four").await;
    let ids = (reader.conversation(), reader.entry());
    world.stepper.step(2);
    read_until(&mut reader, "one two".len() as u64).await;
    timeout(HANG, world.assistant.stop(&world.caller, ids.0)).await.unwrap().unwrap();
    let rest = read(reader).await;
    assert_eq!((rest.text.as_str(), rest.end.state), ("", EntryState::Stopped));
    assert_eq!(rest.end.error, None);
    let usage = rest.end.usage.unwrap();
    assert_eq!(usage.completion_tokens, 2);
    let kept = world.kept(ids).await;
    let answer = kept.answer().unwrap();
    assert_eq!((answer.text.as_str(), answer.state), ("one two", EntryState::Stopped));
    assert_eq!(answer.usage, Some(usage));
    assert_eq!(world.row().outcome, "cancelled");
    // Nothing runs, and that is no error.
    world.assistant.stop(&world.caller, ids.0).await.unwrap();
    world.stepper.release();
    read(world.append(ids.0, ask("five")).await.unwrap()).await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_breaks_off_has_failed_with_its_text() {
    let world = World::new().await;
    world.engine.behave(Behaviour::FailAfter { tokens: 2 });
    let reader = world.start("one two three").await;
    let ids = (reader.conversation(), reader.entry());
    let turn = read(reader).await;
    assert_eq!((turn.text.as_str(), turn.end.state), ("one two", EntryState::Failed));
    assert_eq!(turn.end.error.as_deref(), Some("engine.failed"));
    assert_eq!(turn.end.usage.unwrap().completion_tokens, 2);
    assert_eq!(world.kept(ids).await.state(), EntryState::Failed);
}

#[tokio::test(start_paused = true)]
async fn partial_text_is_saved_twice_a_second() {
    let world = World::stepped().await;
    let mut reader = world.start("one two three").await;
    let ids = (reader.conversation(), reader.entry());
    world.stepper.step(2);
    read_until(&mut reader, "one two".len() as u64).await;
    tokio::time::sleep(Duration::from_millis(501)).await;
    let kept = world.kept(ids).await;
    assert_eq!((kept.text(), kept.state()), ("one two", EntryState::Running));
    assert_eq!(kept.answer().unwrap().request, Some(world.row().opened.request));
    // What did not change is not written.
    world.store.fail(usize::MAX, 0, Fault::Before);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(world.store.calls(), [] as [&str; 0]);
    world.stepper.release();
    read(reader).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_interrupts_what_does_not_end_in_time() {
    let world = World::stepped().await;
    let mut reader = world.start("one two three").await;
    let ids = (reader.conversation(), reader.entry());
    world.stepper.step(1);
    read_until(&mut reader, 3).await;
    timeout(HANG, world.assistant.shut_down(Duration::from_secs(5))).await.unwrap();
    let rest = read(reader).await;
    assert_eq!(rest.end.state, EntryState::Interrupted);
    assert_eq!(rest.end.error.as_deref(), Some("server.stopping"));
    let kept = world.kept(ids).await;
    assert_eq!((kept.text(), kept.state()), ("one", EntryState::Interrupted));
    let error = world.append(ids.0, ask("two")).await.unwrap_err();
    assert_eq!(error.code(), "server.stopping");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_lets_answers_end_in_time() {
    let world = World::stepped().await;
    let reader = world.start("one two three").await;
    let release = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.stepper.release();
    };
    let stop = timeout(HANG, world.assistant.shut_down(Duration::from_secs(5)));
    let (stopped, ()) = tokio::join!(stop, release);
    stopped.unwrap();
    let turn = read(reader).await;
    assert_eq!((turn.text.as_str(), turn.end.state), ("one two three", EntryState::Complete));
}

#[tokio::test(start_paused = true)]
async fn a_deleted_conversation_stops_first() {
    let world = World::stepped().await;
    let reader = world.start("one two three").await;
    let id = reader.conversation();
    timeout(HANG, world.assistant.delete(&world.caller, id)).await.unwrap().unwrap();
    assert_eq!(read(reader).await.end.state, EntryState::Stopped);
    let error = world.assistant.read(&world.caller, id).await.unwrap_err();
    assert_eq!(error.code(), "conversation.not_found");
    assert_eq!(world.row().outcome, "cancelled");
}
