//! Texts that are judged, and documents that are put in order.

use axum::http::Method;
use serde_json::{Value, json};
use testkit::Behaviour;

use crate::server::{Answer, Server};

async fn post(server: &Server, path: &str, members: Value) -> Answer {
    let mut body = json!({"model": "fake-model"});
    for (key, value) in members.as_object().unwrap() {
        body[key] = value.clone();
    }
    server.send(server.request(Method::POST, path, body.to_string())).await
}

fn asked(text: &str, question: &str) -> String {
    format!("Text:\n{text}\n\nQuestion: {question} Answer with one word, Yes or No.")
}

const SEXUAL: &str = "Does this text contain sexual content?";
const LAW: &str = "Does this text give or ask for legal advice?";

#[tokio::test]
async fn a_text_is_judged_by_every_category() {
    let server = Server::new().await;
    server.engine.answer(&asked("May I sue?", SEXUAL), &["No"]);
    server.engine.answer(&asked("May I sue?", LAW), &[" Yes"]);
    let answer = post(&server, "/v1/moderations", json!({"input": "May I sue?"})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let told = answer.json();
    let result = &told["results"][0];
    assert_eq!(result["categories"].as_object().unwrap().len(), 9);
    assert_eq!(result["category_scores"].as_object().unwrap().len(), 9);
    assert_eq!(
        (&result["categories"]["sexual"], &result["categories"]["law"]),
        (&json!(false), &json!(true))
    );
    assert!(result["category_scores"]["law"].as_f64().unwrap() > 0.9, "{result}");
    assert!(result["category_scores"]["sexual"].as_f64().unwrap() < 0.1, "{result}");
    let expected = json!({"model": "fake-model", "method": "yes_no", "calibrated": false});
    assert_eq!(told["judge"], expected);
    assert_eq!(told["usage"]["completion_tokens"], 9);
    assert_eq!(told["id"], format!("mod-{}", answer.header("x-request-id")));
    server.assert_audit(&[("chat.complete", "ok")]);
    assert_eq!(server.store.usage_records().len(), 1, "all questions are one request");
}

#[tokio::test]
async fn many_texts_and_conversations_are_judged_one_by_one() {
    let server = Server::new().await;
    let two = post(&server, "/v1/moderations", json!({"input": ["a", "b"]})).await.json();
    assert_eq!(two["results"].as_array().unwrap().len(), 2);
    assert_eq!(two["usage"]["completion_tokens"], 18);
    assert_eq!(server.store.usage_records().len(), 2);
    let message = |text: &str| json!({"role": "user", "content": text});
    server.engine.answer(&asked("user: a\nuser: b", LAW), &["Yes"]);
    for (input, expected) in [
        (json!([message("a"), message("b")]), 1),
        (json!([[message("a")], [message("b")]]), 2),
        (json!({"messages": [message("a")]}), 1),
        (json!([{"messages": [message("a")]}, {"messages": [message("b")]}]), 2),
    ] {
        let answer = post(&server, "/v1/chat/moderations", json!({"input": input})).await;
        assert_eq!(answer.status, 200, "{input}: {}", answer.body);
        let told = answer.json();
        assert_eq!(told["results"].as_array().unwrap().len(), expected, "{input}");
        let is_law = told["results"][0]["category_scores"]["law"].as_f64().unwrap() > 0.9;
        assert_eq!(is_law, input[1]["role"] == "user", "{input}");
    }
}

#[tokio::test]
async fn labels_of_a_target_share_one() {
    let server = Server::new().await;
    let question =
        |label: &str| format!("Is \"{label}\" the right answer for \"mood\" of this text?");
    server.engine.answer(&asked("Hooray", &question("glad")), &["Yes"]);
    server.engine.answer(&asked("Hooray", &question("sad")), &["No"]);
    let targets = json!([{"name": "mood", "labels": ["glad", "sad"]}]);
    let members = json!({"input": "Hooray", "targets": targets});
    let told = post(&server, "/v1/classifications", members).await.json();
    let scores = &told["results"][0]["mood"]["scores"];
    let (glad, sad) = (scores["glad"].as_f64().unwrap(), scores["sad"].as_f64().unwrap());
    assert!(glad > 0.9 && (glad + sad - 1.0).abs() < 1e-5, "{scores}");
    let plain = post(&server, "/v1/classifications", json!({"inputs": ["Hooray"]})).await.json();
    assert_eq!(plain["results"][0]["moderation"]["scores"].as_object().unwrap().len(), 9);
    let chat = json!({"input": {"messages": [{"role": "user", "content": "a"}]}});
    let chat = post(&server, "/v1/chat/classifications", chat).await;
    assert_eq!(chat.status, 200, "{}", chat.body);
}

#[tokio::test]
async fn what_cannot_be_judged_is_refused() {
    let server = Server::new().await;
    let one = json!([{"name": "mood", "labels": ["glad"]}]);
    for (path, members, status, code, param) in [
        ("/v1/moderations", json!({}), 422, "request.invalid", "input"),
        ("/v1/moderations", json!({"input": []}), 422, "request.invalid", "input"),
        ("/v1/moderations", json!({"input": vec!["a"; 33]}), 422, "request.invalid", "input"),
        ("/v1/moderations", json!({"input": 3}), 422, "request.invalid", "input"),
        ("/v1/moderations", json!({"input": "a", "model": "x"}), 404, "model.unknown", "model"),
        (
            "/v1/moderations",
            json!({"input": "a", "model": "fake-embedder"}),
            400,
            "model.unsuited",
            "model",
        ),
        (
            "/v1/moderations",
            json!({"input": "a ".repeat(300)}),
            400,
            "context.too_long",
            "messages",
        ),
        ("/v1/chat/moderations", json!({"input": "a"}), 422, "request.invalid", "input"),
        (
            "/v1/classifications",
            json!({"input": "a", "targets": one}),
            422,
            "request.invalid",
            "targets[0].labels",
        ),
    ] {
        let answer = post(&server, path, members.clone()).await;
        answer.assert_problem(status, code);
        assert_eq!(answer.json()["param"], param, "{path} {members}: {}", answer.body);
    }
    assert_eq!(server.engine.counts().started, 0);
    server.engine.behave(Behaviour::FailAfter { tokens: 0 });
    post(&server, "/v1/moderations", json!({"input": "a"}))
        .await
        .assert_problem(500, "engine.failed");
}

#[tokio::test]
async fn documents_are_put_in_order() {
    let server = Server::new().await;
    let members = json!({
        "model": "fake-embedder", "query": "a b", "documents": ["c d e", {"text": "a b"}, "a b c"],
        "return_documents": true,
    });
    let answer = post(&server, "/v1/rerank", members.clone()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let told = answer.json();
    let results = told["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    assert_eq!((&results[0]["index"], &results[0]["document"]["text"]), (&json!(1), &json!("a b")));
    assert!((results[0]["relevance_score"].as_f64().unwrap() - 1.0).abs() < 1e-5, "{told}");
    let scores: Vec<_> =
        results.iter().map(|result| result["relevance_score"].as_f64().unwrap()).collect();
    assert!(scores.is_sorted_by(|one, other| one >= other), "{scores:?}");
    for (result, older) in results.iter().zip(told["data"].as_array().unwrap()) {
        assert_eq!(older["object"], "rerank");
        assert_eq!(older["index"], result["index"]);
        assert_eq!(older["score"], result["relevance_score"]);
    }
    server.assert_audit(&[("embedding.create", "ok")]);
    let mut members = members;
    members["top_n"] = json!(1);
    members["return_documents"] = json!(false);
    let best = post(&server, "/v1/rerank", members.clone()).await.json();
    assert_eq!(best["results"].as_array().unwrap().len(), 1);
    assert_eq!(best["data"].as_array().unwrap().len(), 1);
    assert_eq!(best["results"][0]["document"], Value::Null);
    members["documents"] = json!([]);
    post(&server, "/v1/rerank", members).await.assert_problem(422, "request.invalid");
    let chat = json!({"query": "a", "documents": ["a"]});
    post(&server, "/v1/rerank", chat).await.assert_problem(400, "model.unsuited");
}
