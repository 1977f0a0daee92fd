use assistant::{Attachment, Draft, DraftOf};
use domain::ConversationId;

use super::sample::World;

pub(super) async fn a_draft_is_kept_until_it_is_removed(world: &World) {
    let store = &world.test.store;
    let begin = world.first_turn("one");
    world.turn(&begin, "answer").await;
    for of in [DraftOf::New, DraftOf::Conversation(begin.conversation)] {
        assert_eq!(read(world, of).await, None);
        let first = draft(world);
        let second = Draft { model: None, attachments: Vec::new(), ..draft(world) };
        for draft in [Some(&first), Some(&second), None, None] {
            let entry = world.entry();
            assert!(store.put_draft(world.scope, of, draft, &entry).await.expect("kept"));
            assert_eq!(read(world, of).await.as_ref(), draft);
            assert_eq!(world.trail().await.last(), Some(&entry));
        }
        store.put_draft(world.scope, of, Some(&first), &world.entry()).await.expect("kept");
        for stranger in world.strangers() {
            assert_eq!(store.draft(stranger, of).await.expect("readable"), None);
        }
    }
    let kept = [DraftOf::New, DraftOf::Conversation(begin.conversation)];
    let [new, mine] = kept.map(async |of| read(world, of).await);
    assert!(new.await.is_some() && mine.await.is_some(), "they do not disturb each other");

    let trail = world.trail().await;
    let unknown = DraftOf::Conversation(ConversationId::from_uuid(world.samples.id()));
    for draft in [Some(&draft(world)), None] {
        let kept = store.put_draft(world.scope, unknown, draft, &world.entry()).await;
        assert!(!kept.expect("answered"), "there is no such conversation");
    }
    assert_eq!(read(world, unknown).await, None);
    assert_eq!(world.trail().await, trail, "nothing is written");
}

pub(super) fn draft(world: &World) -> Draft {
    let attachment = Attachment { name: "é.txt".to_owned(), text: "\r\n".to_owned() };
    Draft {
        text: "not sent\nyet".to_owned(),
        attachments: vec![attachment.clone(), attachment],
        model: Some("fake-model".parse().expect("a model id")),
        updated_at: world.samples.now(),
    }
}

async fn read(world: &World, of: DraftOf) -> Option<Draft> {
    world.test.store.draft(world.scope, of).await.expect("readable")
}
