//! Vectors over HTTP.

use axum::http::Method;
use serde_json::{Value, json};
use testkit::{Behaviour, FakeEngine};

use crate::server::{Answer, Server, Setting};

async fn embed(server: &Server, members: Value) -> Answer {
    let mut body = json!({"model": "fake-embedder", "input": "Bonjour tout le monde"});
    for (key, value) in members.as_object().unwrap() {
        body[key] = value.clone();
    }
    server.send(server.request(Method::POST, "/v1/embeddings", body.to_string())).await
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

#[tokio::test]
async fn texts_become_vectors() {
    let server = Server::new().await;
    let answer = embed(&server, json!({"input": ["un", "deux trois"], "unknown": 1})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.assert_common_headers();
    let body = answer.json();
    assert_eq!(body["object"], "list");
    assert_eq!(body["model"], "fake-embedder");
    assert_eq!(body["id"], format!("embd-{}", answer.header("x-request-id")));
    for (index, item) in body["data"].as_array().unwrap().iter().enumerate() {
        assert_eq!((&item["object"], &item["index"]), (&json!("embedding"), &json!(index)));
        let vector = numbers(&item["embedding"]);
        let length: f64 = vector.iter().map(|number| number * number).sum();
        assert!(vector.len() == 4 && (length - 1.0).abs() < 1e-4, "{vector:?}");
    }
    assert_eq!(body["data"].as_array().unwrap().len(), 2);
    // With the token that marks the beginning of each.
    assert_eq!(body["usage"]["prompt_tokens"], 5);
    assert_eq!(body["usage"]["total_tokens"], 5);
    assert!(body["usage"]["energy_joules"].as_f64().unwrap() > 0.0);
    server.assert_audit(&[("embedding.create", "ok")]);
    let records = server.store.usage_records();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].opened.request.to_string(), answer.header("x-request-id"));
    assert_eq!(records[0].opened.prompt_tokens, 5);
    assert_eq!(records[0].outcome, "finished");
}

#[tokio::test]
async fn every_shape_of_input_reaches_the_engine() {
    let server = Server::new().await;
    for (input, expected) in [
        (json!("a b"), 1),
        (json!(["a b"]), 1),
        (json!(["a", "b"]), 2),
        (json!([5, 6, 7]), 1),
        (json!([[5, 6], [7], [0, 8]]), 3),
        (json!(["a", [7]]), 2),
    ] {
        let answer = embed(&server, json!({"input": input})).await;
        assert_eq!(answer.status, 200, "{input}: {}", answer.body);
        assert_eq!(answer.json()["data"].as_array().unwrap().len(), expected, "{input}");
    }
    let asked = server.engine.embed_requests();
    assert_eq!(asked[3].passages.tokens, [[0, 5, 6, 7]]);
    assert_eq!(asked[4].passages.tokens, [vec![0, 5, 6], vec![0, 7], vec![0, 8]]);
    let inputs = json!({"input": null, "inputs": ["a"], "output_dimension": 4});
    assert_eq!(embed(&server, inputs).await.status, 200, "as Mistral's clients may write it");
}

#[tokio::test]
async fn base64_holds_the_same_numbers() {
    let server = Server::new().await;
    let plain = embed(&server, json!({"encoding_format": "float"})).await.json();
    let coded = embed(&server, json!({"encoding_format": "base64"})).await.json();
    let text = coded["data"][0]["embedding"].as_str().unwrap();
    // Four numbers are 16 bytes.
    assert_eq!(text.len(), 24);
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: Vec<u32> = text
        .bytes()
        .filter_map(|byte| alphabet.iter().position(|&one| one == byte))
        .map(|value| u32::try_from(value).unwrap())
        .collect();
    let bytes: Vec<u8> = bits
        .chunks(4)
        .flat_map(|four| {
            let word = four.iter().fold(0, |word, six| word << 6 | six) << (6 * (4 - four.len()));
            word.to_be_bytes()[1..four.len()].to_vec()
        })
        .collect();
    let numbers_found: Vec<f64> = bytes
        .as_chunks::<4>()
        .0
        .iter()
        .map(|bytes| f64::from(f32::from_le_bytes(*bytes)))
        .collect();
    let expected = numbers(&plain["data"][0]["embedding"]);
    let near = numbers_found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-6);
    assert!(near && numbers_found.len() == 4, "{numbers_found:?} {expected:?}");
}

#[tokio::test]
async fn other_kinds_of_numbers_point_the_same_way() {
    let server = Server::new().await;
    let plain = numbers(&embed(&server, json!({})).await.json()["data"][0]["embedding"]);
    let largest = plain.iter().fold(0.0_f64, |most, number| most.max(number.abs()));
    let of_kind = async |kind: &str| {
        let answer = embed(&server, json!({"output_dtype": kind})).await;
        assert_eq!(answer.status, 200, "{kind}: {}", answer.body);
        numbers(&answer.json()["data"][0]["embedding"])
    };
    let whole: Vec<f64> = plain.iter().map(|number| (number * 127.0 / largest).round()).collect();
    assert_eq!(of_kind("int8").await, whole);
    assert_eq!(of_kind("uint8").await, whole.iter().map(|one| one + 128.0).collect::<Vec<_>>());
    let bits = plain.iter().enumerate();
    let byte: f64 =
        bits.map(|(at, one)| if *one >= 0.0 { f64::from(128 >> at) } else { 0.0 }).sum();
    assert_eq!(of_kind("ubinary").await, [byte]);
    assert_eq!(of_kind("binary").await, [byte - 128.0]);
    let coded = json!({"output_dtype": "uint8", "encoding_format": "base64"});
    let coded = embed(&server, coded).await.json();
    assert_eq!(coded["data"][0]["embedding"].as_str().unwrap().len(), 8, "four bytes");
}

#[tokio::test]
async fn what_makes_no_sense_is_named() {
    let server = Server::new().await;
    for (members, status, code, param) in [
        (json!({"input": null}), 422, "request.invalid", "input"),
        (json!({"input": []}), 422, "request.invalid", "input"),
        (json!({"input": [[]]}), 422, "request.invalid", "input[0]"),
        (json!({"input": 5}), 422, "request.invalid", "input"),
        (json!({"input": ["a", 5]}), 422, "request.invalid", "input[1]"),
        (json!({"input": [-1]}), 422, "request.invalid", "input[0]"),
        (json!({"input": vec!["a"; 2049]}), 422, "request.invalid", "input"),
        (json!({"encoding_format": "int8"}), 422, "request.invalid", "encoding_format"),
        (json!({"dimensions": 0}), 422, "request.invalid", "dimensions"),
        (json!({"output_dtype": "int4"}), 422, "request.invalid", "output_dtype"),
        (json!({"dimensions": 3}), 422, "feature.unsupported", "dimensions"),
        (json!({"input": [[1 << 21]]}), 400, "input.rejected", "input"),
        (json!({"input": "a ".repeat(300)}), 400, "input.rejected", "input"),
        (json!({"input": vec!["a b"; 101]}), 400, "input.rejected", "input"),
        (json!({"model": "fake-model"}), 400, "model.unsuited", "model"),
        (json!({"model": "nobody"}), 404, "model.unknown", "model"),
        (json!({"model": "?"}), 404, "model.unknown", "model"),
    ] {
        let answer = embed(&server, members.clone()).await;
        answer.assert_problem(status, code);
        assert_eq!(answer.json()["param"], param, "{members}: {}", answer.body);
    }
    assert_eq!(server.engine.counts().started, 0);
    assert!(server.store.usage_records().is_empty());
    let cut = embed(&server, json!({"input": "a ".repeat(300), "truncate": true})).await;
    assert_eq!(cut.json()["usage"]["prompt_tokens"], 256);
    let chat = json!({"model": "fake-embedder", "messages": [{"role": "user", "content": "a"}]});
    server.chat(chat.to_string()).await.assert_problem(400, "model.unsuited");
}

#[tokio::test]
async fn an_engine_that_cannot_says_why() {
    let server = Server::new().await;
    server.engine.behave(Behaviour::Busy { retry_after_seconds: 7 });
    let busy = embed(&server, json!({})).await;
    busy.assert_problem(429, "capacity.exhausted");
    assert_eq!(busy.header("retry-after"), "7");
    server.engine.behave(Behaviour::Fail);
    embed(&server, json!({})).await.assert_problem(500, "engine.failed");
    server.engine.behave(Behaviour::FailAfter { tokens: 1 });
    embed(&server, json!({})).await.assert_problem(500, "engine.failed");
    let outcomes: Vec<_> =
        server.store.usage_records().into_iter().map(|record| record.outcome).collect();
    assert_eq!(outcomes, ["failed"], "what was used is charged");
    server.assert_audit(&[
        ("embedding.create", "capacity.exhausted"),
        ("embedding.create", "engine.failed"),
        ("embedding.create", "ok"),
    ]);
}

#[tokio::test]
async fn a_caller_that_leaves_is_settled() {
    let (engine, _stepper) = FakeEngine::new().stepped();
    let server = Server::with(Setting { engine, ..Setting::default() }).await;
    let waiting = embed(&server, json!({"input": ["a", "b"]}));
    let started = server.engine.reached(|counts| counts.started == 1);
    tokio::select! {
        _ = waiting => panic!("nobody let it answer"),
        _ = started => {}
    }
    let counts = server.engine.reached(|counts| counts.cancelled == 1).await;
    assert_eq!((counts.finished, counts.failed), (0, 0));
    tokio::time::timeout(crate::server::HANG, async {
        while server.store.usage_records().iter().all(|record| record.outcome != "cancelled") {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    server.assert_audit(&[("embedding.create", "ok")]);
}
