use assistant::{EntryState, TurnReader};
use domain::{ConversationId, EntryId};
use tokio::time::timeout;

use crate::world::{HANG, World, read, read_until};

const PIECES: [&str; 6] = ["é", " wör", "ld", " \u{1f600}", "", "!"];

async fn events(world: &World, (id, entry): (ConversationId, EntryId)) -> TurnReader {
    timeout(HANG, world.assistant.events(&world.caller, id, Some(entry))).await.unwrap().unwrap()
}

/// From every byte of `text[..known]`: the rest, or a refusal inside a character.
async fn check(world: &World, ids: (ConversationId, EntryId), known: usize, release: bool) {
    let text = PIECES.concat();
    let mut readers = Vec::new();
    for byte in 0..=known {
        let reader = events(world, ids).await.after(byte as u64);
        assert_eq!(reader.is_ok(), text.is_char_boundary(byte), "byte {byte}");
        match reader {
            Ok(reader) => readers.push((byte, reader)),
            Err(error) => assert_eq!(error.code(), "request.invalid"),
        }
    }
    if release {
        let beyond = events(world, ids).await.after(known as u64 + 1);
        assert_eq!(beyond.unwrap_err().code(), "request.invalid", "nobody can know more");
        world.stepper.release();
    } else {
        let beyond = events(world, ids).await.after(u64::MAX).unwrap();
        assert_eq!(read(beyond).await.text, "", "more was known than was saved");
    }
    for (byte, reader) in readers {
        let rest = read(reader).await;
        assert_eq!((rest.started, rest.text.as_str()), (None, &text[byte..]), "byte {byte}");
        assert_eq!(rest.end.state, EntryState::Complete);
    }
    assert_eq!(read(events(world, ids).await).await.text, text);
}

#[tokio::test(start_paused = true)]
async fn a_turn_is_resumed_from_every_byte() {
    for steps in 0..=PIECES.len() {
        let world = World::stepped().await;
        world.engine.answer("hello", &PIECES);
        let mut reader = world.start("hello").await;
        let ids = (reader.conversation(), reader.entry());
        world.stepper.step(steps);
        let known = PIECES[..steps].concat().len();
        if known > 0 {
            read_until(&mut reader, known as u64).await;
        }
        drop(reader);
        if steps < PIECES.len() {
            check(&world, ids, known, true).await;
        }
        read(events(&world, ids).await).await;
        check(&world, ids, PIECES.concat().len(), false).await;
        check(&world.reborn().await, ids, PIECES.concat().len(), false).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_turn_goes_on_when_its_client_leaves() {
    let world = World::stepped().await;
    let reader = world.start("one two three").await;
    let ids = (reader.conversation(), reader.entry());
    drop(reader);
    world.stepper.release();
    timeout(HANG, world.engine.reached(|counts| counts.finished == 1)).await.unwrap();
    let turn = read(events(&world, ids).await).await;
    assert_eq!((turn.text.as_str(), turn.end.state), ("one two three", EntryState::Complete));
    assert_eq!(world.kept(ids).await.text(), "one two three");
    assert_eq!(world.row().outcome, "finished");
}

#[tokio::test(start_paused = true)]
async fn a_turn_goes_on_when_its_client_leaves_before_it_has_begun() {
    let world = World::new().await;
    let caller = world.caller;
    let mut start = Box::pin(world.assistant.start(&caller, crate::world::start("one two")));
    // Polled once: the turn's task is on its way.
    assert!(futures_poll(&mut start).await.is_none());
    drop(start);
    timeout(HANG, world.engine.reached(|counts| counts.finished == 1)).await.unwrap();
    timeout(HANG, world.assistant.shut_down(HANG)).await.unwrap();
    assert_eq!(world.row().outcome, "finished");
    let page = assistant::ListQuery { limit: 10, ..Default::default() };
    let page = world.assistant.list(&caller, page).await.unwrap();
    let entries = world.entries(page.conversations[0].id).await;
    assert_eq!(entries[1].text(), "one two");
    assert_eq!(entries[1].state(), EntryState::Complete);
}

/// What the future gives when it is polled once.
async fn futures_poll<T>(future: &mut std::pin::Pin<Box<impl Future<Output = T>>>) -> Option<T> {
    std::future::poll_fn(|context| match future.as_mut().poll(context) {
        std::task::Poll::Ready(value) => std::task::Poll::Ready(Some(value)),
        std::task::Poll::Pending => std::task::Poll::Ready(None),
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_is_late_gets_long_text_in_pieces() {
    let world = World::new().await;
    let word = "ü".repeat(20_000);
    world.engine.answer("long", &[&word, &word]);
    let (id, entry) = world.asked("long").await;
    let mut reader = events(&world, (id, entry)).await;
    let (mut text, mut last) = (String::new(), 0);
    while let Some(event) = timeout(HANG, reader.next()).await.unwrap() {
        if let assistant::TurnEvent::Text { text: piece, offset } = event {
            text.push_str(&piece);
            assert_eq!(offset, text.len() as u64);
            assert!(piece.len() <= 16 * 1024);
            last = offset;
        }
    }
    assert_eq!((text.as_str(), last), (word.repeat(2).as_str(), 80_000));
}
