use std::time::Duration;

use assistant::{Append, EntryState, TurnEvent};
use tokio::{runtime::Builder, time::timeout};

use crate::{
    failing_store::Fault,
    world::{HANG, World, ask, key, read, read_until},
};

const TEXT: &str = "one two three";

/// One call after the other fails once; nothing that was acknowledged is lost, and nothing runs
/// for ever.
#[tokio::test(start_paused = true)]
async fn every_call_of_the_store_may_fail_once() {
    for fault in [Fault::Before, Fault::After] {
        for call in 0.. {
            let world = World::new().await;
            let (id, _) = world.asked("hello").await;
            world.store.fail(call, 1, fault);
            let append = Append { idempotency: Some(key("k", 1)), ..ask(TEXT) };
            let turn = match world.append(id, append).await {
                Ok(reader) => Some(read(reader).await),
                Err(error) => {
                    assert_eq!(error.code(), "store.unavailable", "{fault:?} at {call}");
                    None
                }
            };
            let calls = world.store.calls();
            world.store.repair();
            if calls.len() <= call {
                assert!(calls.contains(&"begin_turn") && calls.contains(&"finish_turn"));
                break;
            }
            let because = format!("{fault:?} at {call}, {}", calls[call]);
            let entries = world.entries(id).await;
            let ended = entries.iter().all(|entry| entry.state() != EntryState::Running);
            assert!(ended, "{because}: {entries:?}");
            if let Some(turn) = turn {
                assert_eq!((turn.text.as_str(), turn.end.state), (TEXT, EntryState::Complete));
                let last = entries.last().unwrap();
                assert_eq!((last.text(), last.state()), (TEXT, EntryState::Complete), "{because}");
            }
            let next = world.append(id, ask("next")).await.expect(&because);
            // After a question that got no word of an answer.
            assert!(read(next).await.text.ends_with("next"), "{because}");
        }
    }
}

/// As above for a start, and the client repeats its request until it is answered.
#[tokio::test(start_paused = true)]
async fn a_start_that_is_repeated_after_a_fault_is_done_once() {
    for fault in [Fault::Before, Fault::After] {
        for call in 0..3 {
            let world = World::new().await;
            world.store.fail(call, 1, fault);
            let start =
                || assistant::Start { idempotency: Some(key("k", 1)), ..crate::world::start(TEXT) };
            let mut answers = Vec::new();
            for _ in 0..3 {
                if let Ok(reader) = world.assistant.start(&world.caller, start()).await {
                    answers.push(read(reader).await);
                }
            }
            assert!(answers.len() >= 2, "{fault:?} at {call}");
            assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
            let query = assistant::ListQuery { limit: 10, ..Default::default() };
            let page = world.assistant.list(&world.caller, query).await.unwrap();
            assert_eq!(page.total, 1, "{fault:?} at {call}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_that_cannot_be_written_is_written_later() {
    let world = World::stepped().await;
    let mut reader = world.start(TEXT).await;
    let ids = (reader.conversation(), reader.entry());
    world.stepper.step(1);
    read_until(&mut reader, 3).await;
    world.store.fail(0, usize::MAX, Fault::Before);
    world.stepper.release();
    // Readers are told after a while, and the turn still keeps others out.
    let rest = read(reader).await;
    assert_eq!((rest.text.as_str(), rest.end.state), (" two three", EntryState::Interrupted));
    assert_eq!(rest.end.error.as_deref(), Some("store.unavailable"));
    assert_eq!(world.append(ids.0, ask("no")).await.unwrap_err().code(), "conversation.busy");
    world.store.repair();
    while world.assistant.is_running(ids.0) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let kept = world.kept(ids).await;
    assert_eq!((kept.text(), kept.state()), (TEXT, EntryState::Complete));
    read(world.append(ids.0, ask("next")).await.unwrap()).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_does_not_wait_for_a_store_for_ever() {
    let world = World::stepped().await;
    let reader = world.start(TEXT).await;
    let ids = (reader.conversation(), reader.entry());
    world.store.fail(0, usize::MAX, Fault::Before);
    timeout(HANG, world.assistant.shut_down(Duration::from_secs(1))).await.unwrap();
    let end = read(reader).await.end;
    assert_eq!(
        (end.state, end.error.as_deref()),
        (EntryState::Interrupted, Some("store.unavailable"))
    );
    let reborn = world.reborn().await;
    assert_eq!(reborn.kept(ids).await.state(), EntryState::Interrupted);
}

#[tokio::test(start_paused = true)]
async fn without_a_trail_there_is_no_turn() {
    let world = World::new().await;
    let (id, _) = world.asked("hello").await;
    world.memory.break_down();
    for code in ["audit.unavailable", "audit.unavailable"] {
        assert_eq!(world.append(id, ask("two")).await.unwrap_err().code(), code);
        assert_eq!(world.assistant.read(&world.caller, id).await.unwrap_err().code(), code);
    }
    world.memory.repair();
}

/// The process dies: its runtime goes with all tasks. The text that was saved is there.
#[test]
fn a_crash_leaves_what_was_saved() {
    let runtime =
        || Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let dying = runtime();
    let (world, ids) = dying.block_on(async {
        let world = World::stepped().await;
        let mut reader = world.start(TEXT).await;
        let ids = (reader.conversation(), reader.entry());
        world.stepper.step(2);
        read_until(&mut reader, "one two".len() as u64).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        (world, ids)
    });
    drop(dying);
    runtime().block_on(async {
        let reborn = world.reborn().await;
        reborn.stepper.release();
        let kept = reborn.kept(ids).await;
        assert_eq!((kept.text(), kept.state()), ("one two", EntryState::Interrupted));
        // A client that had read more than was saved is told the end.
        let events = reborn.assistant.events(&reborn.caller, ids.0, None).await.unwrap();
        let mut events = events.after(100).unwrap();
        let event = timeout(HANG, events.next()).await.unwrap().unwrap();
        let TurnEvent::Ended(end) = event else { panic!("{event:?}") };
        assert_eq!(end.state, EntryState::Interrupted);
        assert_eq!(end.error.as_deref(), Some("server.stopping"));
        // The answer is continued where it broke off.
        reborn.engine.answer("one two", &[" three"]);
        let more = reborn.append(ids.0, Append::default()).await.unwrap();
        assert_eq!(read(more).await.text, " three");
    });
}
