use domain::{ConversationId, ModelDigest, RequestId};
use governance::{
    Action, AuditError, AuditFact, ContentDigest, LogFault, NewKey, PolicyDigest, Subject,
};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::World;

const REQUEST: RequestId = RequestId::from_uuid(Uuid::from_u128(0x018f_4e6c));

fn canonical_text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn canonical_bytes_are_sorted_json_without_spaces() {
    let world = World::founded().await;
    let fact = AuditFact {
        action: Action::ChatComplete,
        outcome: "ok",
        caller: Some(world.access.operator().await.unwrap()),
        subject: Subject::Request(REQUEST),
        content: Some(ContentDigest([9; 32])),
        model: Some(ModelDigest::from_bytes([0xab; 32])),
    };
    let entry = world.trail.entry(&fact).await.unwrap();
    let text = canonical_text(&entry.canonical);
    let value: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
    let names: Vec<_> = value.keys().cloned().collect();
    let expected = ["action", "actor", "at", "content", "id", "model"];
    assert_eq!(names[..6], expected);
    assert_eq!(names[6..], ["organisation", "outcome", "policy", "subject", "v"]);
    assert_eq!(value["model"], format!("sha256:{}", "ab".repeat(32)));
    assert!(names.is_sorted());
    assert!(!text.contains(' '), "{text}");
    assert_eq!(value["at"], entry.at.as_micros());
    assert_eq!(value["subject"], format!("request:{REQUEST}"));
    assert_eq!(value["v"], 3);
    assert_eq!(value["policy"], serde_json::Value::Null);
    assert_eq!(entry.request, Some(REQUEST));
}

#[tokio::test]
async fn an_entry_tells_which_policy_was_in_force() {
    let world = World::founded().await;
    let caller = world.access.operator().await.unwrap();
    let trail = world.trail.clone().under_policy(PolicyDigest([0xab; 32]));
    let fact = AuditFact::ok(Action::ModelList, caller, Subject::Nothing);
    let entry = trail.entry(&fact).await.unwrap();
    let value: serde_json::Value = serde_json::from_slice(&entry.canonical).unwrap();
    assert_eq!(value["policy"], format!("sha256:{}", "ab".repeat(32)));
}

#[tokio::test]
async fn a_party_is_named_as_the_settings_do() {
    let world = World::founded().await;
    let fact = AuditFact {
        action: Action::EgressDeny,
        outcome: "residency.denied",
        caller: None,
        subject: Subject::Party("https://api.example".to_owned()),
        content: None,
        model: None,
    };
    let entry = world.trail.entry(&fact).await.unwrap();
    let value: serde_json::Value = serde_json::from_slice(&entry.canonical).unwrap();
    assert_eq!(value["action"], "egress.deny");
    assert_eq!(value["outcome"], "residency.denied");
    assert_eq!(value["subject"], "party:https://api.example");
    assert_eq!(value["actor"], serde_json::Value::Null);
}

#[tokio::test]
async fn a_conversation_is_named_by_its_id() {
    let world = World::founded().await;
    let caller = world.access.operator().await.unwrap();
    let id = ConversationId::from_uuid(Uuid::from_u128(0x018f_4e6d));
    let fact = AuditFact::ok(Action::ConversationRead, caller, Subject::Conversation(id));
    let entry = world.trail.entry(&fact).await.unwrap();
    let value: serde_json::Value = serde_json::from_slice(&entry.canonical).unwrap();
    assert_eq!(value["action"], "conversation.read");
    assert_eq!(value["subject"], format!("conversation:{id}"));
    assert_eq!(entry.request, None);
}

#[tokio::test]
async fn content_is_committed_to_with_a_salt_of_the_subject() {
    let world = World::founded().await;
    let caller = world.access.operator().await.unwrap();
    let fact = AuditFact {
        content: Some(ContentDigest(Sha256::digest(b"[]").into())),
        ..AuditFact::ok(Action::ChatComplete, caller, Subject::Request(REQUEST))
    };
    let mut commitments = Vec::new();
    for _ in 0..2 {
        let entry = world.trail.entry(&fact).await.unwrap();
        let salt = world
            .trail
            .content_salt(caller.organisation, caller.principal, entry.id)
            .await
            .unwrap()
            .unwrap();
        let hash = Sha256::new().chain_update(*salt).chain_update(Sha256::digest(b"[]"));
        let expected = format!("sha256:{}", domain::hexadecimal(&hash.finalize()));
        let value: serde_json::Value = serde_json::from_slice(&entry.canonical).unwrap();
        assert_eq!(value["content"], expected);
        commitments.push(expected);
    }
    assert_ne!(commitments[0], commitments[1], "one content, two entries, nothing in common");
}

#[tokio::test]
async fn subjects_have_keys_of_their_own() {
    let world = World::founded().await;
    let secret = world.first_key.secret.expose();
    let by_key = world.access.authenticate_key(&secret).await.unwrap();
    let second = world.access.create_key(&by_key, &NewKey::named("second")).await.unwrap();
    let by_second = world.access.authenticate_key(&second.secret.expose()).await.unwrap();
    let mut salts = Vec::new();
    let entry = Uuid::from_u128(5);
    for caller in [by_key, by_second, world.access.operator().await.unwrap()] {
        salts.push(
            world
                .trail
                .content_salt(caller.organisation, caller.principal, entry)
                .await
                .unwrap()
                .unwrap(),
        );
    }
    assert!(salts[0] != salts[1] && salts[1] != salts[2] && salts[0] != salts[2]);
}

#[tokio::test]
async fn nothing_is_written_down_after_a_write_has_failed() {
    let world = World::founded().await;
    let caller = world.access.operator().await.unwrap();
    let fact = AuditFact::ok(Action::ModelList, caller, Subject::Nothing);
    world.store.break_down();
    assert!(matches!(world.trail.record(&fact).await, Err(AuditError::Store { .. })));
    world.store.repair();
    let closed = world.trail.record(&fact).await;
    assert!(matches!(closed, Err(AuditError::Closed { fault: LogFault::Unavailable })));
    assert_eq!(world.gate.faults(), [LogFault::Unavailable]);
}

#[tokio::test]
async fn entries_name_neither_people_nor_secrets() {
    let world = World::founded().await;
    let secret = world.first_key.secret.expose();
    let caller = world.access.authenticate_key(&secret).await.unwrap();
    let link = world.access.create_link(&caller).await.unwrap();
    let signed_in = world.access.sign_in(&link).await.unwrap();
    world.access.create_key(&caller, &NewKey::named("canary name")).await.unwrap();
    let hidden = [
        world.first_key.key.id.to_string(),
        caller.organisation.to_string(),
        signed_in.session.id.to_string(),
        signed_in.token.expose().to_owned(),
        link,
        secret,
        "canary name".to_owned(),
    ];
    for entry in world.store.audit_entries() {
        let text = canonical_text(&entry.canonical);
        for hidden in &hidden {
            assert!(!text.contains(hidden.as_str()), "{hidden} in {text}");
        }
    }
}

#[tokio::test]
async fn one_person_has_one_pseudonym_in_one_organisation_alone() {
    let actor = |world: World| async move {
        let fact = AuditFact {
            action: Action::ModelList,
            outcome: "ok",
            caller: Some(world.access.operator().await.unwrap()),
            subject: Subject::Nothing,
            content: None,
            model: None,
        };
        let mut actors = Vec::new();
        for _ in 0..2 {
            let entry = world.trail.entry(&fact).await.unwrap();
            let value: serde_json::Value = serde_json::from_slice(&entry.canonical).unwrap();
            actors.push(value["actor"].as_str().unwrap().to_owned());
        }
        assert_eq!(actors[0], actors[1]);
        actors.remove(0)
    };
    let first = actor(World::founded().await).await;
    let other = World::seeded(crate::SEED + 1).await;
    assert_ne!(first, actor(other).await);
}

#[tokio::test]
async fn a_refusal_of_nobody_in_particular_is_written_down_too() {
    let world = World::founded().await;
    let fact = AuditFact {
        action: Action::RequestRefused,
        outcome: "auth.missing",
        caller: None,
        subject: Subject::Nothing,
        content: None,
        model: None,
    };
    world.trail.record(&fact).await.unwrap();
    let entry = world.store.audit_entries().pop().unwrap();
    assert_eq!((entry.organisation, entry.outcome.as_str()), (None, "auth.missing"));
    assert!(canonical_text(&entry.canonical).contains(r#""actor":null"#));
}
