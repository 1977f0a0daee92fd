use assistant::{Change, DraftOf, HistoryPart, ListQuery, WriteDraft};
use domain::ConversationId;
use tokio::time::timeout;
use uuid::Uuid;

use crate::world::{HANG, World, ask, key, read, start};

fn ok(actions: &[&str]) -> Vec<(String, String)> {
    actions.iter().map(|action| ((*action).to_owned(), "ok".to_owned())).collect()
}

#[tokio::test(start_paused = true)]
async fn every_access_has_its_entry() {
    let world = World::new().await;
    let (assistant, caller) = (&world.assistant, &world.caller);
    let (id, _) = world.asked("one").await;
    read(world.append(id, ask("two")).await.unwrap()).await;
    let query = ListQuery { limit: 10, ..ListQuery::default() };
    assistant.list(caller, query.clone()).await.unwrap();
    let query = ListQuery { search: Some("one".to_owned()), ..query };
    assert_eq!(assistant.list(caller, query).await.unwrap().total, 1);
    assistant.read(caller, id).await.unwrap();
    assistant.history(caller, id, HistoryPart::Path).await.unwrap();
    read(assistant.events(caller, id, None).await.unwrap()).await;
    let change = Change { name: Some("name".to_owned()), ..Change::default() };
    assert_eq!(assistant.update(caller, id, change).await.unwrap().name, "name");
    timeout(HANG, assistant.stop(caller, id)).await.unwrap().unwrap();
    let draft = WriteDraft { text: "x".to_owned(), ..WriteDraft::default() };
    assistant.write_draft(caller, DraftOf::New, draft).await.unwrap();
    assert_eq!(assistant.draft(caller, DraftOf::New).await.unwrap().unwrap().text, "x");
    assistant.delete(caller, id).await.unwrap();
    let expected = ok(&[
        "conversation.start",
        "chat.complete",
        "conversation.append",
        "chat.complete",
        "conversation.list",
        "conversation.search",
        "conversation.read",
        "conversation.read",
        "conversation.read",
        "conversation.update",
        "conversation.stop",
        "draft.write",
        "draft.read",
        "conversation.delete",
    ]);
    assert_eq!(world.trail(), expected);
    let subject = format!("\"subject\":\"conversation:{id}\"");
    let entries = world.memory.audit_entries();
    let text = |at: usize| String::from_utf8(entries[at].canonical.clone()).unwrap();
    // After the founding: the start, the append, the reading of it.
    for at in [1, 3, 7] {
        assert!(text(at).contains(&subject), "{}", text(at));
    }
}

#[tokio::test(start_paused = true)]
async fn every_refusal_has_its_entry() {
    let world = World::new().await;
    let (assistant, caller) = (&world.assistant, &world.caller);
    let id = ConversationId::from_uuid(Uuid::from_u128(1));
    let mut expected = Vec::new();
    let mut refused = |action: &str, code: &str| {
        expected.push((action.to_owned(), code.to_owned()));
    };
    let unknown = "conversation.not_found";
    assert_eq!(world.append(id, ask("two")).await.unwrap_err().code(), unknown);
    refused("conversation.append", unknown);
    assert_eq!(assistant.read(caller, id).await.unwrap_err().code(), unknown);
    refused("conversation.read", unknown);
    let part = HistoryPart::All;
    assert_eq!(assistant.history(caller, id, part).await.unwrap_err().code(), unknown);
    refused("conversation.read", unknown);
    assert_eq!(assistant.events(caller, id, None).await.unwrap_err().code(), unknown);
    refused("conversation.read", unknown);
    assert_eq!(assistant.stop(caller, id).await.unwrap_err().code(), unknown);
    refused("conversation.stop", unknown);
    let change = Change::default();
    assert_eq!(assistant.update(caller, id, change).await.unwrap_err().code(), unknown);
    refused("conversation.update", unknown);
    assert_eq!(assistant.delete(caller, id).await.unwrap_err().code(), unknown);
    refused("conversation.delete", unknown);
    let of = DraftOf::Conversation(id);
    assert_eq!(assistant.draft(caller, of).await.unwrap_err().code(), unknown);
    refused("draft.read", unknown);
    let draft = WriteDraft { text: "x".to_owned(), ..WriteDraft::default() };
    assert_eq!(assistant.write_draft(caller, of, draft).await.unwrap_err().code(), unknown);
    refused("draft.write", unknown);
    let query = ListQuery::default();
    assert_eq!(assistant.list(caller, query).await.unwrap_err().code(), "request.invalid");
    refused("conversation.list", "request.invalid");
    assert_eq!(world.trail(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_repeated_request_is_an_access_too() {
    let world = World::new().await;
    for _ in 0..2 {
        let start = assistant::Start { idempotency: Some(key("k", 1)), ..start("one") };
        read(world.assistant.start(&world.caller, start).await.unwrap()).await;
    }
    let expected = ok(&["conversation.start", "chat.complete", "conversation.start"]);
    assert_eq!(world.trail(), expected);
}
