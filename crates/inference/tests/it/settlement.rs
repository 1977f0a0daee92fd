use inference::{ChatEvent, ChatLimits, FinishReason};
use testkit::{Behaviour, FakeEngine};
use tokio::time::timeout;

use crate::{HANG, World, caller, question, read};

fn world(engine: FakeEngine) -> World {
    World::new(engine, ChatLimits::default())
}

#[tokio::test]
async fn an_answer_is_shown_charged_and_written_down() {
    let world = world(FakeEngine::new());
    let stream = world.chat.start(&caller(), question("one two three")).await.unwrap();
    let request = stream.request();
    let (text, last) = read(stream).await;
    assert_eq!(text, "one two three");
    let ChatEvent::Finished { reason: FinishReason::Stop, usage } = last else {
        panic!("{last:?}")
    };
    let row = world.row();
    assert_eq!(row.opened.request, request);
    assert_eq!(row.outcome, "finished");
    let figures = row.figures.unwrap();
    assert_eq!(figures.completion_tokens, usage.completion_tokens);
    let (recorded, shown) = (figures.energy_joules, usage.footprint.energy.joules.value());
    assert_eq!(recorded.to_bits(), shown.to_bits());
    assert_eq!(figures.grid_zone, "FR");
    assert_eq!(world.outcomes(), ["ok"]);
}

#[tokio::test]
async fn row_and_entry_are_written_before_the_first_token() {
    let (engine, stepper) = FakeEngine::new().stepped();
    let world = world(engine);
    let stream = world.chat.start(&caller(), question("one two three")).await.unwrap();
    assert_eq!(world.row().outcome, "running");
    assert_eq!(world.outcomes(), ["ok"]);
    stepper.release();
    read(stream).await;
}

#[tokio::test]
async fn a_caller_that_leaves_is_charged_what_was_used() {
    let (engine, stepper) = FakeEngine::new().stepped();
    let world = world(engine);
    let mut stream = world.chat.start(&caller(), question("one two three four")).await.unwrap();
    stepper.step(2);
    for _ in 0..2 {
        timeout(HANG, stream.next()).await.unwrap().unwrap();
    }
    drop(stream);
    timeout(HANG, world.engine.reached(|counts| counts.cancelled == 1)).await.unwrap();
    timeout(HANG, world.chat.shut_down(HANG)).await.unwrap();
    let row = world.row();
    assert_eq!(row.outcome, "cancelled");
    assert_eq!(row.figures.unwrap().completion_tokens, 2);
}

#[tokio::test]
async fn an_answer_that_breaks_off_ends_with_its_usage() {
    let world = world(FakeEngine::new());
    world.engine.behave(Behaviour::FailAfter { tokens: 2 });
    let stream = world.chat.start(&caller(), question("one two three four")).await.unwrap();
    let (text, last) = read(stream).await;
    assert_eq!(text, "one two");
    assert!(matches!(last, ChatEvent::Failed { .. }), "{last:?}");
    assert_eq!(world.row().outcome, "failed");
}

#[tokio::test]
async fn a_finish_that_cannot_be_recorded_is_not_called_finished() {
    let (engine, stepper) = FakeEngine::new().stepped();
    let world = world(engine);
    let stream = world.chat.start(&caller(), question("one two")).await.unwrap();
    world.store.break_down();
    stepper.release();
    let (_, last) = read(stream).await;
    assert!(matches!(last, ChatEvent::Failed { .. }), "{last:?}");
    world.store.repair();
    assert_eq!(world.row().outcome, "running");
}

#[tokio::test]
async fn a_caller_that_leaves_while_its_entry_is_written_leaves_no_open_row() {
    let (engine, _stepper) = FakeEngine::new().stepped();
    let world = world(engine);
    let caller = caller();
    // Left at every point at which the start can be waiting.
    for polls in 1..8 {
        let mut start = Box::pin(world.chat.start(&caller, question("one two three")));
        for _ in 0..polls {
            let once = std::future::poll_fn(|context| {
                std::task::Poll::Ready(start.as_mut().poll(context).is_ready())
            });
            if once.await {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    timeout(HANG, world.chat.shut_down(HANG)).await.unwrap();
    for row in world.store.usage_records() {
        assert_eq!(row.outcome, "cancelled", "{row:?}");
    }
}
