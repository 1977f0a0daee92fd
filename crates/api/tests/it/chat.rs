//! Answers, complete and streamed.

use std::time::Duration;

use api::ApiSettings;
use axum::http::Method;
use http_body_util::BodyExt as _;
use inference::AnswerFormat;
use serde_json::{Value, json};
use testkit::{Behaviour, FakeEngine};
use tower::ServiceExt as _;

use crate::server::{HANG, Server, Setting, hello};

/// The chunks of a stream; the frames around them are checked.
fn chunks(body: &str) -> Vec<Value> {
    let body = body.strip_suffix("data: [DONE]\n\n").unwrap_or_else(|| panic!("{body}"));
    body.split_terminator("\n\n")
        .filter(|frame| *frame != ": keep-alive")
        .map(|frame| serde_json::from_str(frame.strip_prefix("data: ").unwrap()).unwrap())
        .collect()
}

fn text(chunks: &[Value]) -> String {
    chunks.iter().map(|chunk| chunk["choices"][0]["delta"]["content"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_complete_answer() {
    let server = Server::new().await;
    let answer = server.chat(hello(json!({"unknown": {"field": 1}}))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.assert_common_headers();
    insta::assert_snapshot!(answer.without_id());
    server.assert_audit(&[("chat.complete", "ok")]);
    let records = server.store.usage_records();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].opened.request.to_string(), answer.header("x-request-id"));
    assert_eq!(records[0].outcome, "finished");
}

#[tokio::test]
async fn a_streamed_answer() {
    let server = Server::new().await;
    let answer = server.chat(hello(json!({"stream": true}))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.assert_common_headers();
    assert_eq!(answer.header("content-type"), "text/event-stream");
    assert_eq!(answer.header("x-accel-buffering"), "no");
    insta::assert_snapshot!(answer.without_id());
    let chunks = chunks(&answer.body);
    assert_eq!(text(&chunks), "Bonjour tout le monde");
    let (last, others) = chunks.split_last().unwrap();
    for chunk in others {
        assert!(chunk["choices"][0].as_object().unwrap().contains_key("finish_reason"));
        assert_eq!(chunk["choices"][0]["finish_reason"], Value::Null);
        assert_eq!(chunk["usage"], Value::Null);
    }
    assert_eq!(last["choices"][0]["finish_reason"], "stop");
    assert_eq!(last["usage"]["total_tokens"], 8);
    server.assert_audit(&[("chat.complete", "ok")]);
    assert_eq!(server.store.usage_records().len(), 1);
}

#[tokio::test]
async fn options_of_streams_change_nothing() {
    let server = Server::new().await;
    let plain = server.chat(hello(json!({"stream": true}))).await;
    let options = json!({"stream": true, "stream_options": {"include_usage": true}});
    let with_options = server.chat(hello(options)).await;
    assert_eq!(plain.without_id(), with_options.without_id());
}

#[tokio::test]
async fn log_probabilities_come_in_both_shapes() {
    let server = Server::new().await;
    let members = json!({"logprobs": true, "top_logprobs": 2});
    let complete = server.chat(hello(members.clone())).await.json();
    let complete = &complete["choices"][0]["logprobs"]["content"];
    insta::assert_json_snapshot!(complete[0]);
    let mut members = members;
    members["stream"] = json!(true);
    let streamed = chunks(&server.chat(hello(members)).await.body);
    let streamed: Vec<&Value> = streamed
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["logprobs"]["content"].as_array())
        .flatten()
        .collect();
    assert_eq!(complete.as_array().unwrap().iter().collect::<Vec<_>>(), streamed);
}

#[tokio::test]
async fn every_setting_reaches_the_engine() {
    let server = Server::new().await;
    let members = json!({
        "temperature": 0.25, "top_k": 4, "top_p": 0.5, "min_p": 0.125, "max_tokens": 2,
        "min_tokens": 1, "stop": "monde", "random_seed": 9, "presence_penalty": 1,
        "frequency_penalty": -1, "repetition_penalty": 1.5, "logit_bias": {"7": -200},
        "top_logprobs": 3,
    });
    let answer = server.chat(hello(members)).await;
    assert_eq!(answer.json()["choices"][0]["finish_reason"], "length");
    let asked = server.engine.requests().pop().unwrap();
    assert_eq!((asked.max_tokens, asked.top_logprobs), (2, Some(3)));
    assert_eq!(asked.stop, ["monde"]);
    let expected = inference::Sampling {
        temperature: 0.25,
        top_k: Some(4),
        top_p: 0.5,
        min_p: 0.125,
        repetition_penalty: 1.5,
        presence_penalty: 1.0,
        frequency_penalty: -1.0,
        logit_bias: vec![(7, -100.0)],
        seed: Some(9),
        min_tokens: 1,
    };
    assert_eq!(asked.sampling, expected);
}

#[tokio::test]
async fn every_form_reaches_the_engine() {
    let server = Server::new().await;
    let schema = json!({"type": "object", "properties": {"b": {}, "a": {}}});
    let text = r#"{"type":"object","properties":{"b":{},"a":{}}}"#;
    let described = json!({"type": "json_schema", "json_schema": {"name": "n", "schema": schema}});
    for (members, expected) in [
        (json!({}), AnswerFormat::Text),
        (json!({"response_format": {"type": "text"}}), AnswerFormat::Text),
        (json!({"response_format": {"type": "json_object"}}), AnswerFormat::json_object()),
        // In the order of the schema, which is that of the answer.
        (json!({"response_format": described}), AnswerFormat::Json(text.into())),
        (json!({"structured_outputs": {"json": schema}}), AnswerFormat::Json(text.into())),
        (json!({"structured_outputs": {"regex": "a|b"}}), AnswerFormat::Regex("a|b".into())),
        (
            json!({"structured_outputs": {"grammar": "start: A"}}),
            AnswerFormat::Lark("start: A".into()),
        ),
    ] {
        server.chat(hello(members)).await;
        assert_eq!(server.engine.requests().pop().unwrap().format, expected);
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_ends_in_order() {
    let server = Server::new().await;
    server.engine.behave(Behaviour::FailAfter { tokens: 2 });
    let streamed = server.chat(hello(json!({"stream": true}))).await;
    let chunks = chunks(&streamed.body);
    assert_eq!(text(&chunks), "Bonjour tout");
    let last = chunks.last().unwrap();
    assert_eq!(last["choices"][0]["finish_reason"], "error");
    assert_eq!(last["usage"]["completion_tokens"], 2);
    server.chat(hello(json!({}))).await.assert_problem(500, "engine.failed");
    // Started requests have their entry; the failure is in the usage row.
    server.assert_audit(&[("chat.complete", "ok"), ("chat.complete", "ok")]);
    let outcomes: Vec<_> =
        server.store.usage_records().into_iter().map(|record| record.outcome).collect();
    assert_eq!(outcomes, ["failed", "failed"]);
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_says_that_it_is_alive() {
    let (engine, stepper) = FakeEngine::new().stepped();
    let keep_alive = Duration::from_secs(5);
    let settings = ApiSettings { keep_alive, ..ApiSettings::default() };
    let server = Server::with(Setting { engine, settings, ..Setting::default() }).await;
    let body = hello(json!({"stream": true}));
    let request = server.request(Method::POST, "/v1/chat/completions", body);
    let mut body = server.router.clone().oneshot(request).await.unwrap().into_body();
    let mut frame = async || {
        let frame = tokio::time::timeout(HANG, body.frame()).await.unwrap();
        frame.map(|frame| String::from_utf8(frame.unwrap().into_data().unwrap().to_vec()).unwrap())
    };
    let first = frame().await.unwrap();
    assert!(first.contains(r#""role":"assistant""#), "{first}");
    // The first frame is proof that the request is recorded.
    server.assert_audit(&[("chat.complete", "ok")]);
    let started = tokio::time::Instant::now();
    assert_eq!(frame().await.unwrap(), ": keep-alive\n\n");
    assert_eq!(frame().await.unwrap(), ": keep-alive\n\n");
    let silence = started.elapsed();
    assert!(silence >= 2 * keep_alive && silence < 3 * keep_alive, "{silence:?}");
    stepper.release();
    let mut rest = String::new();
    while let Some(frame) = frame().await {
        rest.push_str(&frame);
    }
    assert_eq!(text(&chunks(&rest)), "Bonjour tout le monde");
}

#[tokio::test]
async fn empty_pieces_make_no_events() {
    let server = Server::new().await;
    server.engine.answer("Bonjour tout le monde", &["", "é", "", "!"]);
    let streamed = chunks(&server.chat(hello(json!({"stream": true}))).await.body);
    assert_eq!(text(&streamed), "é!");
    assert_eq!(streamed.len(), 4, "the role, two pieces and the end");
}
