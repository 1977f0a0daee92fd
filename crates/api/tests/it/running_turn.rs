//! A turn while it runs: clients leave and come back, a second one is refused, it is stopped.

use std::time::Duration;

use api::ApiSettings;
use axum::{
    body::Body,
    http::{Method, Request},
};
use http_body_util::BodyExt as _;
use serde_json::json;
use testkit::{FakeEngine, Stepper};
use tower::ServiceExt as _;

use crate::{
    conversation::{ALL, Frame, ask, frame, history, said, text, with},
    server::{HANG, Server, Setting},
};

/// A stream that is read frame by frame.
struct Reading {
    body: Body,
    request_id: String,
}

impl Reading {
    async fn new(server: &Server, request: Request<Body>) -> Self {
        let sent = server.router.clone().oneshot(request);
        let response = tokio::time::timeout(HANG, sent).await.unwrap().unwrap();
        assert_eq!(response.status(), 200);
        let request_id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
        Self { body: response.into_body(), request_id }
    }

    async fn text(&mut self) -> Option<String> {
        let frame = tokio::time::timeout(HANG, self.body.frame()).await.unwrap()?;
        Some(String::from_utf8(frame.unwrap().into_data().unwrap().to_vec()).unwrap())
    }

    async fn frame(&mut self) -> Frame {
        frame(&self.text().await.unwrap())
    }

    async fn rest(mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        while let Some(text) = self.text().await {
            frames.push(frame(&text));
        }
        frames
    }
}

/// A conversation whose first answer has said nothing yet.
struct Begun {
    server: Server,
    stepper: Stepper,
    reading: Reading,
    started: Frame,
    path: String,
}

impl Begun {
    async fn new() -> Self {
        Self::with(ApiSettings::default()).await
    }

    async fn with(settings: ApiSettings) -> Self {
        let (engine, stepper) = FakeEngine::new().stepped();
        let server = Server::with(Setting { engine, settings, ..Setting::default() }).await;
        let request = ask(&server, ALL, json!({"stream": true}));
        let mut reading = Reading::new(&server, request).await;
        let started = reading.frame().await;
        assert_eq!(started.event, "conversation.response.started");
        let path = format!("{ALL}/{}", text(&started.data["conversation_id"]));
        Self { server, stepper, reading, started, path }
    }

    fn events(&self, query: &str) -> Request<Body> {
        self.server.request(Method::GET, &format!("{}/events{query}", self.path), Body::empty())
    }

    async fn post(&self, rest: &str) -> u16 {
        let path = format!("{}/{rest}", self.path);
        let request = self.server.request(Method::POST, &path, Body::empty());
        self.server.send(request).await.status.as_u16()
    }
}

#[tokio::test]
async fn a_turn_goes_on_when_its_client_leaves() {
    let begun = Begun::new().await;
    begun.server.assert_audit(&[("conversation.start", "ok"), ("chat.complete", "ok")]);
    let (request, second) = (begun.reading.request_id.clone(), begun.events(""));
    let Begun { server, stepper, mut reading, .. } = begun;
    stepper.step(2);
    let mut known = 0;
    while known < 12 {
        known = reading.frame().await.id;
    }
    drop(reading);
    // Whoever comes back sees it all, in the same answer.
    let again = Reading::new(&server, second).await;
    assert_eq!(again.request_id, request);
    stepper.release();
    let frames = again.rest().await;
    assert_eq!(said(&frames), "Bonjour tout le monde");
    assert_eq!(frames.last().unwrap().event, "conversation.response.done");
    assert_eq!(server.engine.counts().cancelled, 0);
    assert_eq!(server.store.usage_records()[0].outcome, "finished");
}

#[tokio::test]
async fn each_byte_is_read_once() {
    let mut begun = Begun::new().await;
    begun.stepper.step(1);
    assert_eq!(begun.reading.frame().await.id, 7);
    let entry = text(&begun.started.data["entry_id"]).to_owned();
    let from =
        |known: &str| with(begun.events(&format!("?entry_id={entry}")), "last-event-id", known);
    let (zero, three) = (from("0"), from("3"));
    let early = begun.server.send(from("8")).await;
    early.assert_problem(422, "request.invalid");
    assert_eq!(early.json()["param"], "Last-Event-ID");
    let zero = Reading::new(&begun.server, zero).await;
    let three = Reading::new(&begun.server, three).await;
    begun.stepper.release();
    let (zero, three) = tokio::join!(zero.rest(), three.rest());
    assert_eq!(said(&zero), "Bonjour tout le monde");
    assert_eq!(said(&three), "jour tout le monde");
    assert_eq!(zero[0].event, "message.output.delta", "who knows an event knows of the start");
    assert_eq!(zero[0].data["model"], "fake-model");
    assert_eq!(zero.last(), three.last());
    // After the end too; whoever knows all of it is told how it ended.
    let all = Reading::new(&begun.server, from("21")).await.rest().await;
    assert_eq!(all, [zero.last().unwrap().clone()]);
    let more = Reading::new(&begun.server, from("99")).await.rest().await;
    assert_eq!(more[0].event, "conversation.response.done");
    for wrong in ["-1", "x", "1.5"] {
        begun.server.send(from(wrong)).await.assert_problem(422, "request.invalid");
    }
}

#[tokio::test]
async fn a_conversation_answers_one_question_at_a_time() {
    let begun = Begun::new().await;
    let busy = begun.server.send(ask(&begun.server, &begun.path, json!({}))).await;
    busy.assert_problem(409, "conversation.busy");
    assert!(busy.json()["hint"].as_str().unwrap().contains("stop"), "{}", busy.body);
    let read = begun.server.get(&begun.path).await.json();
    assert_eq!(read["running"], true);
    let list = begun.server.get(ALL).await.json();
    assert_eq!(list[0]["running"], true);
    begun.stepper.release();
    begun.reading.rest().await;
    assert_eq!(begun.server.get(&begun.path).await.json()["running"], false);
    let next = begun.server.send(ask(&begun.server, &begun.path, json!({}))).await;
    assert_eq!(next.status, 200, "{}", next.body);
}

#[tokio::test]
async fn a_running_answer_is_stopped() {
    let mut begun = Begun::new().await;
    begun.stepper.step(2);
    while begun.reading.frame().await.id < 12 {}
    assert_eq!(begun.post("stop").await, 204);
    let id = text(&begun.started.data["conversation_id"]);
    let entries = history(&begun.server, id, "").await["entries"].clone();
    assert_eq!(entries[1]["state"], "stopped");
    assert_eq!(entries[1]["content"], "Bonjour tout");
    assert!(entries[1]["usage"]["completion_tokens"].as_u64().unwrap() >= 2, "{entries}");
    // Nothing runs: that is no error.
    assert_eq!(begun.post("stop").await, 204);
    let last = begun.reading.rest().await.pop().unwrap();
    assert_eq!(last.event, "conversation.response.done");
    assert_eq!(last.data["state"], "stopped");
}

#[tokio::test]
async fn an_answer_in_one_piece_can_be_stopped_too() {
    let (engine, _stepper) = FakeEngine::new().stepped();
    let server = Server::with(Setting { engine, ..Setting::default() }).await;
    let keyed = || with(ask(&server, ALL, json!({})), "idempotency-key", "k");
    let whole = server.send(keyed());
    let stop = async {
        server.engine.reached(|counts| counts.started == 1).await;
        let list = loop {
            let list = server.get(ALL).await.json();
            if list[0]["running"] == true {
                break list;
            }
        };
        let path = format!("{ALL}/{}/stop", text(&list[0]["id"]));
        server.send(server.request(Method::POST, &path, Body::empty())).await
    };
    let (whole, stopped) = tokio::join!(whole, stop);
    assert_eq!(stopped.status, 204);
    assert_eq!(whole.status, 200, "{}", whole.body);
    assert_eq!(whole.json()["outputs"][0]["state"], "stopped");
    assert_eq!(server.send(keyed()).await.body, whole.body);
}

#[tokio::test]
async fn a_conversation_is_deleted_while_it_answers() {
    let begun = Begun::new().await;
    let request = begun.server.request(Method::DELETE, &begun.path, Body::empty());
    let deleted = begun.server.send(request).await;
    assert_eq!((deleted.status.as_u16(), deleted.body.as_str()), (204, ""));
    begun.server.get(&begun.path).await.assert_problem(404, "conversation.not_found");
    let last = begun.reading.rest().await.pop().unwrap();
    assert_eq!(last.data["state"], "stopped");
    assert_eq!(begun.server.store.usage_records()[0].outcome, "cancelled");
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_says_that_it_is_alive() {
    let keep_alive = Duration::from_secs(5);
    let settings = ApiSettings { keep_alive, ..ApiSettings::default() };
    let mut begun = Begun::with(settings).await;
    let started = tokio::time::Instant::now();
    for _ in 0..2 {
        assert_eq!(begun.reading.text().await.unwrap(), ": keep-alive\n\n");
    }
    let silence = started.elapsed();
    assert!(silence >= 2 * keep_alive && silence < 3 * keep_alive, "{silence:?}");
    begun.stepper.release();
    assert_eq!(said(&begun.reading.rest().await), "Bonjour tout le monde");
}

#[tokio::test]
async fn a_turn_does_not_wait_for_who_reads_it() {
    let begun = Begun::new().await;
    begun.stepper.release();
    // The reader has read one frame and reads no more.
    begun.server.engine.reached(|counts| counts.finished == 1).await;
    let id = text(&begun.started.data["conversation_id"]);
    while history(&begun.server, id, "").await["entries"][1]["state"] == "running" {}
    assert_eq!(said(&begun.reading.rest().await), "Bonjour tout le monde");
}
