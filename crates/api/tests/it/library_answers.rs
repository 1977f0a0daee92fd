//! Answers from documents: what they cite, how they came to be, and who is told.

use axum::http::Method;
use domain::LibraryId;
use serde_json::{Value, json};
use testkit::Behaviour;

use crate::{
    library::{Colleague, ask},
    server::{Answer, Server},
};

const PATH: &str = "/v1/libraries/answers";
const TOWN: &str = "The town hall opens at nine. It closes at five on Mondays.\n";
const QUESTION: &str = "When does the town hall open?";
const QUOTE: &str = "The town hall opens at nine.";

/// A library with one document that is read.
pub(crate) async fn town(server: &Server) -> (LibraryId, String) {
    let shelves = &server.shelves;
    let library = shelves.library(&server.caller).await;
    let added = shelves.document(&server.caller, library, TOWN).await;
    shelves.until_ended(&server.caller, added.document.id).await;
    (library, added.document.id.to_string())
}

fn question(library: LibraryId, members: Value) -> Value {
    let mut body = json!({"question": QUESTION, "model": "fake-model",
        "library_ids": [library.to_string()]});
    for (key, value) in members.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

/// Has the model quote this from now on, where it is asked the same.
pub(crate) async fn will_say(server: &Server, library: LibraryId, pieces: &[&str]) {
    // The fake model repeats what it is asked, and the trace tells what it said.
    let echo = ask(server, Method::POST, PATH, question(library, json!({}))).await;
    assert_eq!(echo.status, 200, "{}", echo.body);
    let trace = trace(server, &echo.json()).await.json();
    let asked = trace["steps"][0]["text"].as_str().unwrap();
    server.engine.answer(asked, pieces);
}

/// The trace of an answer that quotes the document.
pub(crate) async fn answered(server: &Server, library: LibraryId) -> Value {
    will_say(server, library, &["[1] ", QUOTE]).await;
    let answer = ask(server, Method::POST, PATH, question(library, json!({}))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

async fn trace(server: &Server, answer: &Value) -> Answer {
    server.get(&format!("/v1/traces/{}", answer["trace_id"].as_str().unwrap())).await
}

#[tokio::test]
async fn an_answer_quotes_the_document_at_its_place() {
    let server = Server::new().await;
    let (library, document) = town(&server).await;
    let answer = answered(&server, library).await;
    for (member, expected) in [
        ("object", json!("answer")),
        ("outcome", json!("answered")),
        ("gap", json!(null)),
        ("withdrawn", json!(0)),
        ("refused", json!(0)),
        ("model", json!("fake-model")),
    ] {
        assert_eq!(answer[member], expected, "{member}");
    }
    assert!(answer["usage"]["energy_joules"].is_number(), "{answer}");
    let statement = &answer["statements"][0];
    assert_eq!((&statement["text"], &statement["kind"]), (&json!(QUOTE), &json!("quoted")));
    assert_eq!(statement["checks"], json!({"verbatim": true}));
    let citation = &statement["citations"][0];
    for (member, expected) in [
        ("number", json!(1)),
        ("document_id", json!(document)),
        ("document_name", json!("town.txt")),
        ("library_id", json!(library.to_string())),
        ("pages", json!([1])),
        ("areas", json!([])),
        ("start", json!(0)),
        ("end", json!(QUOTE.len())),
        ("quote", json!(QUOTE)),
    ] {
        assert_eq!(citation[member], expected, "{member}");
    }
    assert_eq!(citation["version"]["number"], 1);
    let audit = server.audit();
    for expected in ["library.search", "chat.complete", "answer.create"] {
        assert!(audit.iter().any(|(action, _)| action == expected), "{expected}: {audit:?}");
    }
}

#[tokio::test]
async fn an_answer_comes_as_events_too() {
    let server = Server::new().await;
    let (library, _) = town(&server).await;
    answered(&server, library).await;
    let streamed = ask(&server, Method::POST, PATH, question(library, json!({"stream": true})));
    let streamed = streamed.await;
    assert_eq!(streamed.header("content-type"), "text/event-stream");
    let events = events(&streamed.body);
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!((names[0], *names.last().unwrap()), ("answer.progress", "answer.done"));
    assert_eq!((&events[0].1["stage"], &events[0].1["count"]), (&json!("selected"), &json!(1)));
    let (_, done) = events.last().unwrap();
    assert_eq!(done["statements"][0]["citations"][0]["quote"], QUOTE);
    assert_eq!(trace(&server, done).await.status, 200);
    server.engine.behave(Behaviour::Fail);
    let failed = ask(&server, Method::POST, PATH, question(library, json!({"stream": true}))).await;
    assert_eq!(failed.status, 200, "it had begun");
    let events = self::events(&failed.body);
    let (name, error) = events.last().unwrap();
    assert_eq!((name.as_str(), &error["error_code"]), ("answer.error", &json!("engine.failed")));
    assert_eq!(error["code"], 500);
}

/// Names and data of events; what stands in the line is what the data call themselves.
fn events(body: &str) -> Vec<(String, Value)> {
    assert!(body.ends_with("\n\n"), "{body:?}");
    let frames = body.split_terminator("\n\n").filter(|frame| *frame != ": keep-alive");
    let event = |frame: &str| {
        let (name, data) = frame.split_once('\n').unwrap();
        let name = name.strip_prefix("event: ").unwrap().to_owned();
        let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(data["type"], name.as_str());
        (name, data)
    };
    frames.map(event).collect()
}

#[tokio::test]
async fn that_nothing_answers_is_an_answer() {
    let server = Server::new().await;
    let (library, _) = town(&server).await;
    will_say(&server, library, &["NO_ANSWER"]).await;
    let answer = ask(&server, Method::POST, PATH, question(library, json!({}))).await.json();
    assert_eq!((&answer["outcome"], &answer["statements"]), (&json!("no_answer"), &json!([])));
    let gap = json!({"reason": "not_in_passages", "library_ids": [library.to_string()],
        "as_of": null, "hits": 1, "passages": 1});
    assert_eq!(answer["gap"], gap);
    let empty = server.shelves.library(&server.caller).await;
    let asked = server.engine.counts().started;
    let answer = ask(&server, Method::POST, PATH, question(empty, json!({}))).await.json();
    assert_eq!(answer["gap"]["reason"], "nothing_found");
    assert_eq!((&answer["usage"], server.engine.counts().started), (&Value::Null, asked));
}

#[tokio::test]
async fn questions_that_make_no_sense_are_refused() {
    let server = Server::new().await;
    let library = server.shelves.library(&server.caller).await;
    let nothing = format!("{}0000", &library.to_string()[..28]);
    for (members, status, code) in [
        (json!({"question": " "}), 422, "question.rejected"),
        (json!({"question": "x".repeat(4_001)}), 422, "question.rejected"),
        (json!({"model": "nothing"}), 404, "model.unknown"),
        (json!({"model": "\n"}), 404, "model.unknown"),
        (json!({"mode": "guessed"}), 422, "request.invalid"),
        (json!({"as_of": "soon"}), 422, "request.invalid"),
        (json!({"library_ids": [nothing]}), 404, "library.unknown"),
    ] {
        let refused = ask(&server, Method::POST, PATH, question(library, members)).await;
        refused.assert_problem(status, code);
    }
    assert_eq!(server.engine.counts().started, 0);
}

#[tokio::test]
async fn a_trace_is_told_to_whoever_asked_alone() {
    let server = Server::new().await;
    let colleague = Colleague::new(&server).await;
    let (library, document) = town(&server).await;
    let answer = answered(&server, library).await;
    let told = trace(&server, &answer).await.json();
    for (member, expected) in [
        ("object", json!("trace")),
        ("id", answer["trace_id"].clone()),
        ("question", json!(QUESTION)),
        ("language", json!("en")),
        ("mode", json!("quotes")),
        ("outcome", json!("answered")),
        ("withheld", json!(false)),
        ("statements", answer["statements"].clone()),
        ("rejected", json!([])),
    ] {
        assert_eq!(told[member], expected, "{member}");
    }
    assert_eq!(told["searched"]["library_ids"], json!([library.to_string()]));
    assert_eq!(told["steps"][0]["text"], format!("[1] {QUOTE}"));
    let version = &answer["statements"][0]["citations"][0]["version"]["key"];
    assert_eq!(
        (&told["hits"][0]["version_key"], &told["passages"][0]["version_key"]),
        (version, version,)
    );
    let path = format!("/v1/traces/{}", answer["trace_id"].as_str().unwrap());
    // Whoever may read the document learns nothing of the question.
    let share = json!({"level": "Editor", "share_with_uuid": colleague.id.to_string(),
        "share_with_type": "User"});
    ask(&server, Method::PUT, &format!("/v1/libraries/{library}/share"), share).await;
    colleague.ask(Method::GET, &path, Value::Null).await.assert_problem(404, "trace.unknown");
    for wrong in ["0".repeat(32), "x".to_owned()] {
        server.get(&format!("/v1/traces/{wrong}")).await.assert_problem(404, "trace.unknown");
    }
    let path = format!("/v1/libraries/{library}/documents/{document}");
    ask(&server, Method::DELETE, &path, Value::Null).await;
    let told = trace(&server, &answer).await;
    assert!(!told.body.contains("opens at nine"), "{}", told.body);
    let told = told.json();
    assert_eq!((&told["withheld"], &told["statements"]), (&json!(true), &json!([])));
    assert_eq!(told["steps"][0]["text"], Value::Null);
}

#[tokio::test]
async fn each_citation_has_its_signed_record() {
    let server = Server::new().await;
    let colleague = Colleague::new(&server).await;
    let (library, document) = town(&server).await;
    let answer = answered(&server, library).await;
    let path = format!("/v1/traces/{}/citations", answer["trace_id"].as_str().unwrap());
    let record = async |number: &str| {
        ask(&server, Method::POST, &format!("{path}/{number}/record"), Value::Null).await
    };
    let early = record("1").await;
    early.assert_problem(503, "citation.pending");
    assert_eq!(early.header("retry-after"), "2");
    server.log.checkpoint().await.unwrap();
    let signed = record("1").await;
    assert_eq!(
        (signed.status.as_u16(), signed.header("content-type")),
        (200, "text/plain; charset=utf-8",)
    );
    assert!(signed.body.starts_with("galerne citation v1\n{"), "{}", signed.body);
    assert!(signed.body.contains(&format!("\"quote\":\"{QUOTE}\"")), "{}", signed.body);
    assert!(signed.body.contains("\n\n\u{2014} example.org/log "), "{}", signed.body);
    for wrong in ["0", "2", "1000", "x"] {
        record(wrong).await.assert_problem(404, "citation.unknown");
    }
    let theirs = colleague.ask(Method::POST, &format!("{path}/1/record"), Value::Null).await;
    theirs.assert_problem(404, "citation.unknown");
    let path = format!("/v1/libraries/{library}/documents/{document}");
    ask(&server, Method::DELETE, &path, Value::Null).await;
    record("1").await.assert_problem(404, "citation.unknown");
}
