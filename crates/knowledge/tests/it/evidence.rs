//! Records of citations: what they state, who gets one, and when.

use domain::TraceId;
use governance::Log;
use knowledge::{Answer, AnswerMode, EvidenceError, VersionKey};
use serde_json::{Value, json};
use transparency_log::{Checkpoint, Hash, InclusionEvidence, SignedNote};
use uuid::Uuid;

use crate::world::{World, caller, hits, signer};

const FEE: usize = 2;

async fn answered() -> (World, Log, VersionKey, Answer) {
    let world = World::new();
    let versions = world.passports();
    world.engine.then(|seen| seen.line(1, FEE, FEE + 1));
    let answer = world.ask(AnswerMode::Extractive, hits(&versions)).await;
    let log = world.log().await;
    (world, log, versions[0], answer)
}

/// Verifies a record with the public key, and reads what it states.
fn stated(record: &str) -> Value {
    let note = SignedNote::parse(record).unwrap();
    note.verify(&signer().verifier()).unwrap();
    assert!(Checkpoint::open(&note, &signer().verifier()).is_err(), "it is no checkpoint");
    let line = note.text().strip_prefix("galerne citation v1\n").unwrap();
    serde_json::from_str(line).unwrap()
}

#[tokio::test]
async fn a_record_states_what_is_cited_and_proves_who_quoted_it() {
    let (world, log, version, answer) = answered().await;
    log.checkpoint().await.unwrap();
    let record = world.evidence(&log).issue(&world.caller, answer.trace, 0, 0).await.unwrap();
    let stated = stated(&record);
    let citation = &answer.statements[0].citations[0];
    assert_eq!(stated["quote"], "Le passeport coûte 86 €. Il est valable 10 ans.");
    let text = world.library.text(version);
    let range =
        stated["range"]["start"].as_u64().unwrap()..stated["range"]["end"].as_u64().unwrap();
    let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
    assert_eq!(text.get(range), stated["quote"].as_str());
    assert_eq!(stated["document"]["digest"], format!("sha256:{}", "01".repeat(32)));
    assert_eq!(stated["document"]["id"], citation.document.to_string());
    assert_eq!(stated["version"], json!({ "key": 1, "number": 2 }));
    assert_eq!(stated["reading"]["bytes"], text.len());
    assert_eq!((&stated["pages"], &stated["areas"][0]["page"]), (&json!([3]), &json!(3)));
    let zeros = format!("sha256:{}", "0".repeat(64));
    assert_eq!(stated["model"], json!({ "digest": zeros, "id": "fake-model" }));
    let names: Vec<&String> = stated.as_object().unwrap().keys().collect();
    assert!(names.is_sorted(), "{names:?}");
    let hashes = stated["log"]["inclusion"].as_array().unwrap().iter();
    let evidence = InclusionEvidence {
        index: stated["log"]["index"].as_u64().unwrap(),
        proof: hashes.map(|hash| Hash::parse_base64(hash.as_str().unwrap()).unwrap()).collect(),
        extra: None,
        checkpoint: SignedNote::parse(stated["log"]["checkpoint"].as_str().unwrap()).unwrap(),
    };
    let entry = stated["log"]["entry"].as_str().unwrap();
    evidence.verify(entry.as_bytes(), &signer().verifier()).unwrap();
    let entry: Value = serde_json::from_str(entry).unwrap();
    assert_eq!(entry["action"], "chat.complete");
    assert_eq!((&entry["at"], &entry["model"]), (&stated["at"], &stated["model"]["digest"]));
    assert_eq!(entry["subject"], format!("request:{}", stated["request"].as_str().unwrap()));
    assert_eq!(world.entries().last().unwrap().0, "citation.prove");
}

#[tokio::test]
async fn there_is_none_before_the_log_has_signed_the_entry() {
    let (world, log, _, answer) = answered().await;
    let records = world.evidence(&log);
    let pending = records.issue(&world.caller, answer.trace, 0, 0).await.unwrap_err();
    assert_eq!((pending.code(), pending.retry_after_seconds()), ("citation.pending", Some(2)));
    log.checkpoint().await.unwrap();
    stated(&records.issue(&world.caller, answer.trace, 0, 0).await.unwrap());
}

#[tokio::test]
async fn there_is_none_of_what_is_not_cited_or_may_not_be_read() {
    let (world, log, version, answer) = answered().await;
    log.checkpoint().await.unwrap();
    let records = world.evidence(&log);
    let nobody = TraceId::from_uuid(Uuid::nil());
    for (somebody, trace, statement, citation) in [
        (caller(4), answer.trace, 0, 0),
        (world.caller, nobody, 0, 0),
        (world.caller, answer.trace, 1, 0),
        (world.caller, answer.trace, 0, 1),
    ] {
        let refused = records.issue(&somebody, trace, statement, citation).await.unwrap_err();
        assert!(matches!(refused, EvidenceError::Unknown), "{refused}");
    }
    world.library.revoke(version);
    let refused = records.issue(&world.caller, answer.trace, 0, 0).await.unwrap_err();
    assert_eq!(refused.code(), "citation.unknown");
}

/// What was read of a version may be read anew, by a better program; its citations are of the text
/// that was cited.
#[tokio::test]
async fn there_is_none_where_the_text_is_another_one_now() {
    let (world, log, version, answer) = answered().await;
    log.checkpoint().await.unwrap();
    world.library.add(version.0, "Passeport", "Le passeport coûte 96 €. Il est valable 10 ans.");
    let refused = world.evidence(&log).issue(&world.caller, answer.trace, 0, 0).await.unwrap_err();
    assert_eq!(refused.code(), "citation.unknown");
}
