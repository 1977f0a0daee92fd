use inference::{ChatCommand, ChatLimits};
use testkit::{Behaviour, FakeEngine};

use crate::{HANG, World, caller, question, read};

async fn check(
    prepare: impl FnOnce(&World),
    change: impl FnOnce(&mut ChatCommand),
    expected: &str,
) {
    let world = World::new(FakeEngine::new(), ChatLimits::default());
    prepare(&world);
    let mut command = question("one two");
    change(&mut command);
    let error = world.chat.start(&caller(), command).await.unwrap_err();
    assert_eq!(error.code(), expected);
    assert_eq!(world.outcomes(), [expected], "the refusal is written down");
    assert!(world.store.usage_records().is_empty(), "nothing is charged");
}

#[tokio::test]
async fn refusals_are_written_down_and_charge_nothing() {
    let nothing = |_: &World| {};
    check(nothing, |command| command.model = "other".parse().unwrap(), "model.unknown").await;
    check(nothing, |command| command.messages[0].content = "word ".repeat(300), "context.too_long")
        .await;
    let busy = |world: &World| world.engine.behave(Behaviour::Busy { retry_after_seconds: 3 });
    check(busy, |_| {}, "capacity.exhausted").await;
    let broken = |world: &World| world.engine.behave(Behaviour::Fail);
    check(broken, |_| {}, "engine.failed").await;
}

#[tokio::test]
async fn places_are_bounded_and_free_again_after_the_answer() {
    let (engine, stepper) = FakeEngine::new().stepped();
    let limits = ChatLimits { requests_max: 1, ..ChatLimits::default() };
    let world = World::new(engine, limits);
    let first = world.chat.start(&caller(), question("one")).await.unwrap();
    let error = world.chat.start(&caller(), question("two")).await.unwrap_err();
    assert_eq!(error.code(), "capacity.exhausted");
    assert!(error.retry_after_seconds().is_some());
    stepper.release();
    read(first).await;
    // The place is given back just after the last event.
    let mut second = world.chat.start(&caller(), question("two")).await;
    while second.is_err() {
        tokio::task::yield_now().await;
        second = world.chat.start(&caller(), question("two")).await;
    }
    read(second.unwrap()).await;
}

#[tokio::test]
async fn without_an_entry_there_is_no_answer() {
    let world = World::new(FakeEngine::new(), ChatLimits::default());
    world.store.break_down();
    let error = world.chat.start(&caller(), question("one")).await.unwrap_err();
    assert_eq!(error.code(), "audit.unavailable");
}

#[tokio::test]
async fn a_stopping_context_refuses() {
    let world = World::new(FakeEngine::new(), ChatLimits::default());
    world.chat.shut_down(HANG).await;
    let error = world.chat.start(&caller(), question("one")).await.unwrap_err();
    assert_eq!(error.code(), "server.stopping");
}
