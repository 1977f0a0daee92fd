//! Turns of kept conversations: complete, streamed, repeated, branched, refused.

use axum::{
    body::Body,
    http::{HeaderName, Method, Request},
};
use serde_json::{Value, json};
use testkit::Behaviour;

use crate::server::{Answer, Server};

pub(crate) const ALL: &str = "/v1/conversations";

/// A request for a turn that is sound, with some members put in its place.
pub(crate) fn ask(server: &Server, path: &str, members: Value) -> Request<Body> {
    let mut body = json!({"model": "fake-model", "inputs": "Bonjour tout le monde"});
    for (key, value) in members.as_object().unwrap() {
        body[key] = value.clone();
    }
    server.request(Method::POST, path, body.to_string())
}

pub(crate) fn with(mut request: Request<Body>, name: &'static str, value: &str) -> Request<Body> {
    let name: HeaderName = name.parse().unwrap();
    request.headers_mut().insert(name, value.parse().unwrap());
    request
}

pub(crate) async fn start(server: &Server, members: Value) -> Value {
    let answer = server.send(ask(server, ALL, members)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

pub(crate) async fn append(server: &Server, id: &str, members: Value) -> Value {
    let answer = server.send(ask(server, &format!("{ALL}/{id}"), members)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

pub(crate) async fn history(server: &Server, id: &str, query: &str) -> Value {
    let answer = server.get(&format!("{ALL}/{id}/history{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}"))
}

/// One frame of a stream.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Frame {
    pub(crate) id: u64,
    pub(crate) event: String,
    pub(crate) data: Value,
}

/// The frames of a stream; their form is checked.
pub(crate) fn frames(body: &str) -> Vec<Frame> {
    assert!(body.is_empty() || body.ends_with("\n\n"), "{body:?}");
    body.split_terminator("\n\n").filter(|frame| *frame != ": keep-alive").map(frame).collect()
}

pub(crate) fn frame(text: &str) -> Frame {
    let lines: Vec<_> = text.trim_end().lines().collect();
    let [id, event, data] = lines[..] else { panic!("{text:?}") };
    let id = id.strip_prefix("id: ").unwrap().parse().unwrap();
    let event = event.strip_prefix("event: ").unwrap().to_owned();
    let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(data["type"], event.as_str());
    Frame { id, event, data }
}

/// The text of all deltas.
pub(crate) fn said(frames: &[Frame]) -> String {
    let deltas = frames.iter().filter(|frame| frame.event == "message.output.delta");
    deltas.map(|frame| text(&frame.data["content"])).collect()
}

/// Ids of conversations and entries by their order, request ids and times by their kind.
fn without_ids(answer: &Answer) -> String {
    let mut told = answer.without_id();
    for prefix in ["conv_", "msg_"] {
        let mut number = 0;
        while let Some(at) = told.match_indices(prefix).map(|(at, _)| at).find(|at| {
            let digits = told.get(at + prefix.len()..at + prefix.len() + 32);
            digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
        }) {
            number += 1;
            let id = told[at..at + prefix.len() + 32].to_owned();
            told = told.replace(&id, &format!("{prefix}{number}"));
        }
    }
    told
}

#[tokio::test]
async fn a_complete_answer() {
    let server = Server::new().await;
    let answer = server.send(ask(&server, ALL, json!({}))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.assert_common_headers();
    insta::assert_snapshot!(without_ids(&answer));
    assert_eq!(answer.json()["outputs"][0]["request_id"], answer.header("x-request-id"));
    server.assert_audit(&[("conversation.start", "ok"), ("chat.complete", "ok")]);
    let records = server.store.usage_records();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].opened.request.to_string(), answer.header("x-request-id"));
}

#[tokio::test]
async fn a_streamed_answer() {
    let server = Server::new().await;
    let answer = server.send(ask(&server, ALL, json!({"stream": true}))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.assert_common_headers();
    assert_eq!(answer.header("content-type"), "text/event-stream");
    assert_eq!(answer.header("x-accel-buffering"), "no");
    let frames = frames(&answer.body);
    let (first, last) = (&frames[0], frames.last().unwrap());
    assert_eq!((first.id, first.event.as_str()), (0, "conversation.response.started"));
    assert_eq!((last.id, last.event.as_str()), (21, "conversation.response.done"));
    assert_eq!(said(&frames), "Bonjour tout le monde");
    let mut known = 0;
    for frame in &frames[1..frames.len() - 1] {
        known += text(&frame.data["content"]).len() as u64;
        assert_eq!(frame.id, known);
        assert_eq!(frame.data["id"], first.data["entry_id"]);
        assert_eq!(frame.data["model"], "fake-model");
    }
    assert_eq!(last.data["state"], "complete");
    assert_eq!(last.data["usage"]["total_tokens"], 8);
    let history = history(&server, text(&first.data["conversation_id"]), "").await;
    assert_eq!(history["entries"][0]["id"], first.data["input_id"]);
    assert_eq!(history["entries"][1]["id"], first.data["entry_id"]);
    assert_eq!(history["entries"][1]["request_id"], answer.header("x-request-id"));
}

#[tokio::test]
async fn the_shape_of_events() {
    let server = Server::new().await;
    server.engine.answer("Bonjour tout le monde", &["é\n", "\u{2028}"]);
    let whole = server.send(ask(&server, ALL, json!({}))).await;
    // What has ended is read in one piece.
    let path = format!("{ALL}/{}/events", text(&whole.json()["conversation_id"]));
    insta::assert_snapshot!(without_ids(&server.get(&path).await));
}

#[tokio::test]
async fn a_conversation_goes_on() {
    let server = Server::new().await;
    let arguments = json!({"temperature": 0.25, "max_tokens": 9, "stop": "x"});
    let first = json!({"instructions": "Réponds.", "completion_args": arguments});
    let first = start(&server, first).await;
    let id = text(&first["conversation_id"]);
    let second = append(&server, id, json!({"inputs": "Encore une fois"})).await;
    assert_eq!(second["conversation_id"], id);
    assert_eq!(second["outputs"][0]["content"], "Encore une fois");
    let asked = server.engine.requests().pop().unwrap();
    assert_eq!(asked.prompt.tokens.len(), 1 + 4 + 4 + 3, "instructions and all that was said");
    assert_eq!((asked.max_tokens, asked.stop), (9, vec!["x".to_owned()]));
    assert!((asked.sampling.temperature - 0.25).abs() < f32::EPSILON);
    let other = json!({"inputs": "Autrement", "completion_args": {"random_seed": -1}});
    append(&server, id, other).await;
    let asked = server.engine.requests().pop().unwrap();
    assert_eq!((asked.max_tokens, asked.sampling.seed), (256, Some(u64::MAX)));
    let entries = history(&server, id, "").await["entries"].as_array().unwrap().clone();
    assert_eq!(entries.len(), 6);
    for pair in entries.windows(2) {
        assert_eq!(pair[1]["parent_id"], pair[0]["id"]);
    }
    let messages = server.get(&format!("{ALL}/{id}/messages")).await.json();
    assert_eq!(messages["object"], "conversation.messages");
    assert_eq!(messages["messages"], Value::from(entries));
}

#[tokio::test]
async fn branches_begin_anywhere() {
    let server = Server::new().await;
    let first = start(&server, json!({})).await;
    let id = text(&first["conversation_id"]);
    let entries = history(&server, id, "").await["entries"].clone();
    let (question, answer) = (&entries[0]["id"], &entries[1]["id"]);
    // The question is answered again.
    let again = append(&server, id, json!({"inputs": [], "parent_id": question})).await;
    assert_eq!(again["outputs"][0]["parent_id"], *question);
    // The first answer is continued.
    let on = append(&server, id, json!({"inputs": "", "parent_id": answer})).await;
    assert_eq!(on["outputs"][0]["parent_id"], *answer);
    // Another question follows it.
    let other = append(&server, id, json!({"inputs": "Autrement", "parent_id": answer})).await;
    let shown = history(&server, id, "").await;
    assert_eq!(shown["head"], other["outputs"][0]["id"]);
    assert_eq!(shown["entries"].as_array().unwrap().len(), 4);
    let all = history(&server, id, "?all=true").await;
    assert_eq!(all["entries"].as_array().unwrap().len(), 6);
    // And the other branch is shown again.
    let head = json!({"head": again["outputs"][0]["id"]}).to_string();
    let request = server.request(Method::PATCH, &format!("{ALL}/{id}"), head);
    assert_eq!(server.send(request).await.status, 200);
    let shown = history(&server, id, "").await;
    assert_eq!(shown["entries"][1]["id"], again["outputs"][0]["id"]);
    let request = ask(&server, &format!("{ALL}/{id}"), json!({"inputs": []}));
    let answer = server.send(request).await;
    answer.assert_problem(422, "request.invalid");
    assert_eq!(answer.json()["param"], "inputs");
}

#[tokio::test]
async fn a_conversation_starts_from_the_middle_of_another() {
    let server = Server::new().await;
    let first = start(&server, json!({"metadata": {"a": 1}})).await;
    let id = text(&first["conversation_id"]);
    append(&server, id, json!({"inputs": "Encore"})).await;
    let from = &first["outputs"][0]["id"];
    let members = json!({"from_entry_id": from, "inputs": "Autrement"});
    let answer = server.send(ask(&server, &format!("{ALL}/{id}/restart"), members)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let other = answer.json();
    let other = text(&other["conversation_id"]);
    assert_ne!(other, id);
    let copy = history(&server, other, "").await;
    let said: Vec<_> =
        copy["entries"].as_array().unwrap().iter().map(|entry| text(&entry["content"])).collect();
    let hello = "Bonjour tout le monde";
    assert_eq!(said, [hello, hello, "Autrement", "Autrement"]);
    assert_ne!(copy["entries"][1]["id"], *from);
    assert_eq!(copy["entries"][1]["request_id"], first["outputs"][0]["request_id"]);
    let read = server.get(&format!("{ALL}/{other}")).await.json();
    assert_eq!(read["metadata"], json!({"a": 1}));
}

#[tokio::test]
async fn files_are_kept_with_their_question() {
    let server = Server::new().await;
    let content = json!([
        {"type": "text", "text": "Résume."},
        {"type": "text", "text": "un deux", "file_name": "notes.txt"},
    ]);
    let inputs = json!([{"role": "user", "content": content}]);
    let first = start(&server, json!({"inputs": inputs})).await;
    let history = history(&server, text(&first["conversation_id"]), "").await;
    assert_eq!(history["entries"][0]["content"], content);
    let answer = text(&first["outputs"][0]["content"]);
    assert!(answer.starts_with("File `notes.txt`:"), "{answer}");
}

#[tokio::test]
async fn a_request_that_is_sent_twice_is_done_once() {
    let server = Server::new().await;
    let keyed = |members| with(ask(&server, ALL, members), "idempotency-key", "k-1");
    let first = server.send(keyed(json!({}))).await;
    let second = server.send(keyed(json!({}))).await;
    assert_eq!(first.body, second.body);
    assert_eq!(first.header("x-request-id"), second.header("x-request-id"));
    assert_eq!(server.engine.counts().started, 1);
    server.send(keyed(json!({"inputs": "Autre"}))).await.assert_problem(422, "idempotency.reused");
    let bad = with(ask(&server, ALL, json!({})), "idempotency-key", "a b");
    let answer = server.send(bad).await;
    answer.assert_problem(422, "request.invalid");
    assert_eq!(answer.json()["param"], "Idempotency-Key");
    // On another route the same key is another request.
    let path = format!("{ALL}/{}", text(&first.json()["conversation_id"]));
    let other = with(ask(&server, &path, json!({})), "idempotency-key", "k-1");
    server.send(other).await.assert_problem(422, "idempotency.reused");
    let streamed = |known: &'static str| {
        let request = ask(&server, ALL, json!({"stream": true}));
        with(with(request, "idempotency-key", "k-2"), "last-event-id", known)
    };
    assert_eq!(said(&frames(&server.send(streamed("")).await.body)), "Bonjour tout le monde");
    assert_eq!(said(&frames(&server.send(streamed("8")).await.body)), "tout le monde");
    assert_eq!(server.engine.counts().started, 2);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_kept() {
    let server = Server::new().await;
    server.engine.behave(Behaviour::FailAfter { tokens: 2 });
    let streamed = server.send(ask(&server, ALL, json!({"stream": true}))).await;
    let streamed = frames(&streamed.body);
    assert_eq!(said(&streamed), "Bonjour tout");
    let last = streamed.last().unwrap();
    assert_eq!(last.event, "conversation.response.error");
    assert_eq!(last.data["code"], 500);
    assert_eq!(last.data["error_code"], "engine.failed");
    assert_eq!(last.data["state"], "failed");
    let id = text(&streamed[0].data["conversation_id"]);
    let whole = server.send(ask(&server, &format!("{ALL}/{id}"), json!({}))).await;
    whole.assert_problem(500, "engine.failed");
    assert_eq!(whole.header("location"), format!("{ALL}/{id}"));
    let entries = history(&server, id, "").await["entries"].clone();
    assert_eq!(entries[1]["content"], "Bonjour tout");
    assert_eq!(entries[1]["state"], "failed");
    assert_eq!(entries[1]["error_code"], "engine.failed");
    assert_eq!(entries[3]["request_id"], whole.header("x-request-id"));
}

#[tokio::test]
async fn a_question_that_cannot_be_answered_is_kept() {
    let server = Server::new().await;
    let first = start(&server, json!({})).await;
    let id = text(&first["conversation_id"]);
    server.engine.behave(Behaviour::Busy { retry_after_seconds: 3 });
    let path = format!("{ALL}/{id}");
    let refused = server.send(ask(&server, &path, json!({"stream": true}))).await;
    refused.assert_problem(429, "capacity.exhausted");
    assert_eq!(refused.header("retry-after"), "3");
    assert_eq!(refused.header("location"), path);
    let entries = history(&server, id, "").await["entries"].clone();
    assert_eq!(entries[2]["content"], "Bonjour tout le monde");
    assert_eq!(entries[3]["state"], "failed");
    assert_eq!(entries[3]["error_code"], "capacity.exhausted");
    let events = frames(&server.get(&format!("{path}/events")).await.body);
    assert_eq!(events.last().unwrap().data["code"], 429);
    // It is answered when there is room.
    server.engine.behave(Behaviour::Answer);
    append(&server, id, json!({"inputs": [], "parent_id": entries[2]["id"]})).await;
}

#[tokio::test]
async fn a_start_without_an_answer_names_its_conversation() {
    let server = Server::new().await;
    let first = start(&server, json!({})).await;
    let path = format!("{ALL}/{}/restart", text(&first["conversation_id"]));
    let from = &first["outputs"][0]["id"];
    let busy = Behaviour::Busy { retry_after_seconds: 3 };
    let cases =
        [(busy, "capacity.exhausted"), (Behaviour::FailAfter { tokens: 1 }, "engine.failed")];
    for (number, (behaviour, code)) in cases.into_iter().enumerate() {
        server.engine.behave(behaviour);
        for (path, members) in [(ALL, json!({})), (&*path, json!({"from_entry_id": from}))] {
            let key = format!("{number}-{}", path.len());
            let send = || with(ask(&server, path, members.clone()), "idempotency-key", &key);
            let refused = server.send(send()).await;
            assert_eq!(refused.json()["code"], code, "{}", refused.body);
            let kept = refused.header("location");
            assert_eq!(server.send(send()).await.header("location"), kept, "the second time too");
            let id = kept.strip_prefix("/v1/conversations/").unwrap();
            let entries = history(&server, id, "").await["entries"].as_array().unwrap().clone();
            let [.., question, answer] = &entries[..] else { panic!("{entries:?}") };
            assert_eq!(question["content"], "Bonjour tout le monde");
            assert_eq!((&answer["state"], &answer["error_code"]), (&json!("failed"), &json!(code)));
        }
    }
    // Nothing is kept of what makes no sense.
    let refused = server.send(ask(&server, ALL, json!({"inputs": ""}))).await;
    assert_eq!(refused.header("location"), "");
}

#[tokio::test]
async fn requests_that_make_no_sense() {
    let server = Server::new().await;
    let refused = async |path: &str, members: Value, status, code, param: Option<&str>| {
        let answer = server.send(ask(&server, path, members)).await;
        answer.assert_problem(status, code);
        assert_eq!(answer.json()["param"].as_str(), param, "{}", answer.body);
    };
    let invalid = "request.invalid";
    refused(ALL, json!({"model": null}), 422, invalid, Some("model")).await;
    refused(ALL, json!({"model": "x y"}), 404, "model.unknown", Some("model")).await;
    refused(ALL, json!({"inputs": ""}), 422, invalid, Some("inputs")).await;
    refused(ALL, json!({"store": false}), 422, "feature.unsupported", Some("store")).await;
    refused(ALL, json!({"name": "x".repeat(201)}), 422, invalid, Some("name")).await;
    let unknown = format!("{ALL}/conv_{}", "0".repeat(32));
    refused(&unknown, json!({}), 404, "conversation.not_found", None).await;
    refused(&format!("{ALL}/new"), json!({}), 404, "conversation.not_found", None).await;
    let first = start(&server, json!({})).await;
    let path = format!("{ALL}/{}", text(&first["conversation_id"]));
    for parent in ["msg_1".to_owned(), format!("msg_{}", "0".repeat(32))] {
        refused(&path, json!({"parent_id": parent}), 404, "entry.not_found", None).await;
    }
    assert_eq!(server.engine.counts().started, 1);
    let bytes = server.request(Method::POST, ALL, &b"\xff"[..]);
    server.send(bytes).await.assert_problem(400, "request.invalid_utf8");
    let large = server.request(Method::POST, ALL, " ".repeat(4 * 1024 * 1024 + 1));
    server.send(large).await.assert_problem(413, "request.too_large");
    // Each refusal has its entry.
    let refusals = server.audit().into_iter().filter(|(_, outcome)| outcome != "ok");
    assert_eq!(refusals.count(), 11);
}
