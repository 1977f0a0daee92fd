use std::sync::Arc;

use assistant::{
    KEPT_SECONDS,
    ports::{BeginTurn, Begun, Remembered},
};
use domain::Timestamp;
use tokio::task::JoinSet;

use super::sample::{World, key};

const KEY: &str = "key-1";

pub(super) async fn a_key_is_done_once(world: &World) {
    let begin = BeginTurn { idempotency: Some(key(KEY, 1)), ..world.first_turn("one") };
    assert_eq!(remembered(world, begin.at).await, None);
    assert_eq!(world.begin(&begin).await, Begun::Started);
    let expected = expected(&begin);
    assert_eq!(remembered(world, begin.at).await, Some(expected));
    let trail = world.trail().await;
    // Told before the conversation is looked at: running, unknown, or a new one.
    let again = BeginTurn { idempotency: Some(key(KEY, 1)), ..world.first_turn("one") };
    assert_eq!(world.begin(&again).await, Begun::Repeated(expected));
    assert_eq!(world.conversation(again.conversation).await, None);
    let id = begin.conversation;
    let next = BeginTurn { idempotency: Some(key(KEY, 1)), ..world.next_turn(id, None, None) };
    assert_eq!(world.begin(&next).await, Begun::Repeated(expected));
    let other = BeginTurn { idempotency: Some(key(KEY, 2)), ..world.next_turn(id, None, None) };
    assert_eq!(world.begin(&other).await, Begun::Reused);
    assert_eq!(world.trail().await, trail, "nothing is written");

    // A turn that did not begin is not remembered.
    let busy = BeginTurn { idempotency: Some(key("key-2", 1)), ..world.next_turn(id, None, None) };
    assert_eq!(world.begin(&busy).await, Begun::Busy);
    let other = key("key-2", 1).key;
    let kept = world.test.store.remembered(world.scope, &other, busy.at).await;
    assert_eq!(kept.expect("readable"), None);
    for stranger in world.strangers() {
        let kept = world.test.store.remembered(stranger, &key(KEY, 1).key, begin.at).await;
        assert_eq!(kept.expect("readable"), None, "a key is its scope's");
    }
}

pub(super) async fn a_key_is_forgotten_after_a_day(world: &World) {
    let begin = BeginTurn { idempotency: Some(key(KEY, 1)), ..world.first_turn("one") };
    assert_eq!(world.begin(&begin).await, Begun::Started);
    let last = begin.at.plus_seconds(KEPT_SECONDS);
    let late = Timestamp::from_micros(last.as_micros() + 1);
    assert_eq!(remembered(world, last).await, Some(expected(&begin)));
    assert_eq!(remembered(world, late).await, None);
    let again = BeginTurn { idempotency: Some(key(KEY, 2)), at: last, ..world.first_turn("two") };
    assert_eq!(world.begin(&again).await, Begun::Reused);
    let again = BeginTurn { at: late, ..again };
    assert_eq!(world.begin(&again).await, Begun::Started);
    assert_eq!(remembered(world, late).await, Some(self::expected(&again)));
}

pub(super) async fn one_of_many_under_one_key_begins(world: World) {
    let world = Arc::new(world);
    let mut tasks = JoinSet::new();
    for _ in 0..16 {
        let world = Arc::clone(&world);
        let begin = BeginTurn { idempotency: Some(key(KEY, 1)), ..world.first_turn("one") };
        tasks.spawn(async move { (world.begin(&begin).await, expected(&begin)) });
    }
    let begun = tasks.join_all().await;
    let mut started = begun.iter().filter(|(begun, _)| *begun == Begun::Started);
    let (_, winner) = started.next().expect("one begins");
    assert!(started.next().is_none(), "one begins: {begun:?}");
    let repeated = Begun::Repeated(*winner);
    assert_eq!(begun.iter().filter(|(begun, _)| *begun == repeated).count(), 15, "{begun:?}");
}

async fn remembered(world: &World, at: Timestamp) -> Option<Remembered> {
    world.test.store.remembered(world.scope, &key(KEY, 1).key, at).await.expect("readable")
}

fn expected(begin: &BeginTurn) -> Remembered {
    let digest = begin.idempotency.as_ref().expect("a key").digest;
    Remembered { conversation: begin.conversation, entry: begin.answer.id, digest }
}
