//! Receipts over HTTP: what they state, who gets one, and that nobody else learns of them.

use std::sync::atomic::Ordering;

use axum::http::Method;
use domain::{AccountId, OrganisationId};
use serde_json::{Value, json};
use testkit::{FakeEngine, Samples};
use transparency_log::{Checkpoint, Hash, InclusionEvidence, SignedNote};

use crate::{
    conversation::start,
    server::{Answer, Server, Setting, hello, signer},
};

const HEADER: &str = "galerne receipt v1\n";

/// Verifies a receipt with the public key, and reads what it states.
#[track_caller]
fn stated(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    answer.assert_common_headers();
    let note = SignedNote::parse(&answer.body).unwrap();
    let verifier = signer().verifier();
    note.verify(&verifier).unwrap();
    assert!(Checkpoint::open(&note, &verifier).is_err(), "a receipt is no checkpoint");
    let line = note.text().strip_prefix(HEADER).unwrap();
    let stated: Value = serde_json::from_str(line).unwrap();
    // serde_json sorts the keys of what it reads.
    assert_eq!(format!("{stated}\n").len(), line.len(), "compact");
    let log = &stated["log"];
    let hashes = log["inclusion"].as_array().unwrap().iter();
    let evidence = InclusionEvidence {
        index: log["index"].as_u64().unwrap(),
        proof: hashes.map(|hash| Hash::parse_base64(hash.as_str().unwrap()).unwrap()).collect(),
        extra: None,
        checkpoint: SignedNote::parse(log["checkpoint"].as_str().unwrap()).unwrap(),
    };
    let entry = log["entry"].as_str().unwrap();
    evidence.verify(entry.as_bytes(), &verifier).unwrap();
    let entry: Value = serde_json::from_str(entry).unwrap();
    for name in ["action", "at", "content", "organisation"] {
        assert_eq!(stated[name], entry[name], "{name}");
    }
    assert_eq!(stated["model"]["digest"], entry["model"]);
    assert_eq!(entry["subject"], format!("request:{}", stated["request"].as_str().unwrap()));
    stated
}

async fn receipt(server: &Server, id: &str) -> Answer {
    server.get(&format!("/v1/receipts/{id}")).await
}

#[tokio::test]
async fn a_receipt_states_what_answered_and_what_it_cost() {
    let server = Server::new().await;
    let answer = server.chat(hello(json!({}))).await.json();
    server.log.checkpoint().await.unwrap();
    let id = answer["id"].as_str().unwrap();
    let stated = stated(&receipt(&server, id).await);
    assert_eq!(stated["response"], answer["id"]);
    assert_eq!(stated["outcome"], "finished");
    assert_eq!(stated["tokens"]["prompt"], answer["usage"]["prompt_tokens"]);
    assert_eq!(stated["tokens"]["completion"], answer["usage"]["completion_tokens"]);
    assert_eq!(stated["energy"]["joules"], answer["usage"]["energy_joules"]);
    assert_eq!(stated["energy"]["method"], answer["usage"]["energy_method"]);
    assert_eq!(stated["emissions"]["grams_co2e"], answer["usage"]["co2e_grams"]);
    let zeros = format!("sha256:{}", "0".repeat(64));
    assert_eq!(stated["model"], json!({"id": "fake-model", "digest": zeros}));
    assert_eq!(stated["engine"]["version"], "0.0.0-test");
    assert_eq!(stated["engine"]["commit"], Value::Null);
    let site = json!({
        "name": "Brest", "grid_zone": "FR", "country": "FR", "operator": "Météo \"Ouest\" S.A.",
        "operator_country": "FR", "parent_country": null, "source": "declared",
    });
    assert_eq!(stated["site"], site);
    assert_eq!((&stated["policy"], &stated["documents"]), (&Value::Null, &json!([])));
    assert_eq!(stated["log"]["origin"], "example.org/log");
    for pseudonym in ["organisation", "project"] {
        assert_eq!(stated[pseudonym].as_str().map(str::len), Some(32), "{pseudonym}");
    }
    let (organisation, project) = (server.caller.organisation, server.caller.project);
    let text = stated.to_string();
    assert!(!text.contains(&organisation.to_string()) && !text.contains(&project.to_string()));
    assert!(!text.contains("Bonjour"), "no content");
    server.assert_audit(&[("chat.complete", "ok"), ("receipt.read", "ok")]);
}

#[tokio::test]
async fn every_kind_of_answer_has_one_and_ids_may_be_written_as_clients_have_them() {
    let server = Server::new().await;
    let streamed = server.chat(hello(json!({"stream": true}))).await;
    let kept = start(&server, json!({})).await;
    let body = json!({"model": "fake-embedder", "input": "Encore"}).to_string();
    let request = server.request(Method::POST, "/v1/embeddings", body);
    let embedded = server.send(request).await;
    server.log.checkpoint().await.unwrap();
    let bare = streamed.header("x-request-id");
    for id in [bare, &format!("chatcmpl-{bare}")] {
        assert_eq!(stated(&receipt(&server, id).await)["response"], format!("chatcmpl-{bare}"));
    }
    let id = kept["outputs"][0]["request_id"].as_str().unwrap();
    assert_eq!(stated(&receipt(&server, id).await)["action"], "chat.complete");
    let embedded = embedded.json();
    let of_vectors = stated(&receipt(&server, embedded["id"].as_str().unwrap()).await);
    assert_eq!(of_vectors["response"], embedded["id"]);
    assert_eq!(of_vectors["model"]["id"], "fake-embedder");
}

#[tokio::test]
async fn what_is_no_answer_of_the_account_is_not_there() {
    let server = Server::new().await;
    let answer = server.chat(hello(json!({}))).await;
    let id = answer.header("x-request-id").to_owned();
    let refused = server.chat(hello(json!({"model": "none"}))).await;
    let ours = server.store.usage_records().remove(0);
    // Answers of another account of the organisation, and of another organisation.
    let samples = Samples::new(9);
    let mut theirs = Vec::new();
    for (organisation, account) in [
        (server.caller.organisation, AccountId::from_uuid(samples.id())),
        (OrganisationId::from_uuid(samples.id()), server.caller.account),
    ] {
        let caller = domain::Caller { organisation, account, ..server.caller };
        let opened = samples.opened(&caller);
        let mut entry = samples.entry(Some(organisation));
        entry.request = Some(opened.request);
        let ledger: &dyn inference::ports::UsageLedger = &server.store;
        ledger.open(&opened, &entry).await.unwrap();
        theirs.push(opened.request.to_string());
    }
    server.log.checkpoint().await.unwrap();
    assert_eq!(ours.opened.request.to_string(), id);
    let mut bodies = Vec::new();
    for id in [&theirs[0], &theirs[1], refused.header("x-request-id"), &"0".repeat(32), "x", "%FF"]
    {
        let answer = receipt(&server, id).await;
        answer.assert_problem(404, "receipt.not_found");
        bodies.push(answer.without_id());
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    assert_eq!(server.audit().last().unwrap().1, "receipt.not_found");
    assert_eq!(receipt(&server, &id).await.status, 200);
}

#[tokio::test]
async fn whoever_comes_too_early_is_told_when_to_come_back() {
    let (engine, stepper) = FakeEngine::new().stepped();
    let server = Server::with(Setting { engine, ..Setting::default() }).await;
    let running = server.chat(hello(json!({"stream": true})));
    let early = async {
        while server.store.usage_records().is_empty() {
            tokio::task::yield_now().await;
        }
        let id = server.store.usage_records()[0].opened.request.to_string();
        let early = receipt(&server, &id).await;
        stepper.release();
        early
    };
    let (answer, early) = tokio::join!(running, early);
    early.assert_problem(503, "receipt.pending");
    assert_eq!(early.header("retry-after"), "2");
    // It has ended, and no checkpoint covers it yet.
    let id = answer.header("x-request-id");
    let unsigned = receipt(&server, id).await;
    unsigned.assert_problem(503, "receipt.pending");
    assert_eq!(unsigned.header("retry-after"), "2");
    server.log.checkpoint().await.unwrap();
    assert_eq!(stated(&receipt(&server, id).await)["outcome"], "finished");
}

#[tokio::test]
async fn without_its_audit_entry_no_receipt_is_answered() {
    let server = Server::new().await;
    let answer = server.chat(hello(json!({}))).await;
    server.log.checkpoint().await.unwrap();
    server.switches.audit_is_full.store(true, Ordering::SeqCst);
    let refused = receipt(&server, answer.header("x-request-id")).await;
    refused.assert_problem(503, "audit.unavailable");
}
