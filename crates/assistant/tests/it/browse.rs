use assistant::{
    Append, Attachment, Change, DraftOf, EntryState, Follow, HistoryPart, Start, WriteDraft,
};
use tokio::time::timeout;

use crate::world::{HANG, World, ask, question, read, start};

#[tokio::test(start_paused = true)]
async fn a_history_is_the_shown_branch_or_the_whole_tree() {
    let world = World::new().await;
    let (id, first) = world.asked("one").await;
    let root = world.entries(id).await[0].id;
    let again = Append { follow: Follow::Entry(root), ..Append::default() };
    let second = world.append(id, again).await.unwrap();
    let shown = second.entry();
    read(second).await;
    let history = async |part| {
        let history = world.assistant.history(&world.caller, id, part).await.unwrap();
        history.entries.iter().map(|entry| entry.id).collect::<Vec<_>>()
    };
    assert_eq!(history(HistoryPart::Path).await, [root, shown]);
    assert_eq!(history(HistoryPart::All).await, [root, first, shown]);
    let change = Change { head: Some(first), ..Change::default() };
    world.assistant.update(&world.caller, id, change).await.unwrap();
    assert_eq!(history(HistoryPart::Path).await, [root, first]);
    read(world.append(id, ask("two")).await.unwrap()).await;
    assert_eq!(history(HistoryPart::Path).await.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_running_turn_is_seen_as_running() {
    let world = World::stepped().await;
    let reader = world.start("one two").await;
    let id = reader.conversation();
    assert!(world.assistant.is_running(id));
    assert_eq!(world.entries(id).await[1].state(), EntryState::Running);
    let events = world.assistant.events(&world.caller, id, None).await.unwrap();
    assert_eq!(events.entry(), reader.entry());
    let asked = world.entries(id).await[0].id;
    let error = world.assistant.events(&world.caller, id, Some(asked)).await.unwrap_err();
    assert_eq!(error.code(), "entry.not_found", "a question has no turn");
    world.stepper.release();
    assert_eq!(read(events).await, read(reader).await);
    assert!(!world.assistant.is_running(id));
}

#[tokio::test(start_paused = true)]
async fn limits_are_told() {
    let world = World::new().await;
    let file = |name: &str| Attachment { name: name.to_owned(), text: String::new() };
    let long = |count: usize| Some("x".repeat(count));
    let mut many = question("one");
    many.attachments = vec![file("a"); 21];
    for (start, parameter) in [
        (start(""), "inputs"),
        (Start { name: long(201), ..start("one") }, "name"),
        (Start { name: Some(" ".to_owned()), ..start("one") }, "name"),
        (Start { description: long(1_001), ..start("one") }, "description"),
        (Start { instructions: long(65_537), ..start("one") }, "instructions"),
        (Start { metadata: long(16_385), ..start("one") }, "metadata"),
        (Start { question: many, ..start("one") }, "attachments"),
    ] {
        let refused = timeout(HANG, world.assistant.start(&world.caller, start)).await.unwrap();
        let error = refused.unwrap_err();
        assert_eq!(error.code(), "request.invalid");
        let assistant::AssistantError::Invalid { parameter: told, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!(told, parameter);
    }
    let draft = WriteDraft { text: "x".repeat(2 * 1024 * 1024 + 1), ..WriteDraft::default() };
    let error = world.assistant.write_draft(&world.caller, DraftOf::New, draft).await.unwrap_err();
    assert_eq!(error.code(), "request.invalid");
    let largest = Start { name: long(200), description: long(1_000), ..start("one") };
    read(world.assistant.start(&world.caller, largest).await.unwrap()).await;
}

#[tokio::test(start_paused = true)]
async fn an_empty_draft_is_none() {
    let world = World::new().await;
    let (id, _) = world.asked("one").await;
    for of in [DraftOf::New, DraftOf::Conversation(id)] {
        let write = async |text: &str| {
            let draft = WriteDraft { text: text.to_owned(), ..WriteDraft::default() };
            world.assistant.write_draft(&world.caller, of, draft).await.unwrap();
        };
        write("typed").await;
        let read = async || world.assistant.draft(&world.caller, of).await.unwrap();
        assert_eq!(read().await.map(|draft| draft.text).as_deref(), Some("typed"));
        write("").await;
        assert_eq!(read().await, None);
    }
}
