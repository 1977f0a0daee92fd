//! Every kind of bad input: the documented status and code, an audit entry, no model work.

use std::{convert::Infallible, sync::atomic::Ordering, time::Duration};

use api::ApiSettings;
use axum::{
    body::Body,
    http::{Method, Request, header},
};
use bytes::Bytes;
use futures_util::stream;
use inference::ChatLimits;
use serde_json::json;
use testkit::{Behaviour, FakeEngine};

use crate::server::{Answer, Server, Setting, anonymous, hello};

/// Refused before any model work, with exactly one audit entry.
#[track_caller]
fn check(server: &Server, answer: &Answer, status: u16, action: &str, code: &str) {
    answer.assert_problem(status, code);
    server.assert_audit(&[(action, code)]);
    assert_eq!(server.engine.counts().started, 0, "{code}");
    assert_eq!(server.store.usage_records(), [], "{code}");
}

async fn check_body(body: impl Into<Body>, status: u16, code: &str) -> Answer {
    let server = Server::new().await;
    let answer = server.chat(body).await;
    check(&server, &answer, status, "request.refused", code);
    answer
}

async fn check_request(
    status: u16,
    code: &str,
    change: impl FnOnce(&Server, &mut Request<Body>),
) -> Answer {
    let server = Server::new().await;
    let mut request = server.request(Method::POST, "/v1/chat/completions", hello(json!({})));
    change(&server, &mut request);
    let answer = server.send(request).await;
    check(&server, &answer, status, "request.refused", code);
    answer
}

#[tokio::test]
async fn bodies_that_are_no_requests() {
    check_body("", 400, "request.invalid_json").await;
    check_body("{\"model\":", 400, "request.invalid_json").await;
    check_body("[".repeat(200_000), 400, "request.invalid_json").await;
    check_body(&b"{\"model\": \"\xff\xfe\"}"[..], 400, "request.invalid_utf8").await;
    check_body("[]", 422, "request.invalid").await;
    check_body("{}", 422, "request.invalid").await;
}

#[tokio::test]
async fn fields_that_make_no_sense_are_named() {
    let wrong = hello(json!({"temperature": "hot", "messages": [{"role": "user", "content": 3}]}));
    let answer = check_body(wrong, 422, "request.invalid").await;
    insta::assert_json_snapshot!(answer.json());
    let answer = check_body(hello(json!({"max_tokens": 0})), 422, "request.invalid").await;
    assert_eq!(answer.json()["param"], "max_tokens");
    let answer = check_body(hello(json!({"guardrails": [{}]})), 422, "feature.unsupported");
    let answer = answer.await;
    assert_eq!(answer.json()["detail"][0]["loc"], json!(["body", "guardrails"]));
}

#[tokio::test]
async fn conversations_that_cannot_be_answered() {
    let answer = check_body(hello(json!({"messages": []})), 422, "messages.empty").await;
    insta::assert_json_snapshot!(answer.json());
    let image = json!([{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}]);
    let answer = check_body(hello(json!({"messages": image})), 422, "feature.unsupported").await;
    assert!(answer.body.contains("`image_url`"), "{}", answer.body);
}

/// Refused by the context, which writes the entry under the name of the action.
#[tokio::test]
async fn conversations_that_the_model_cannot_take() {
    for (members, status, code) in [
        (json!({"model": "gpt-x"}), 404, "model.unknown"),
        (json!({"messages": [{"role": "assistant", "content": "a"}]}), 422, "messages.rejected"),
        (
            json!({"messages": [{"role": "user", "content": "word ".repeat(300)}]}),
            400,
            "context.too_long",
        ),
        (
            json!({"response_format": {
                "type": "json_schema", "json_schema": {"schema": {"type": "nothing"}}
            }}),
            422,
            "format.rejected",
        ),
    ] {
        let server = Server::new().await;
        let answer = server.chat(hello(members)).await;
        check(&server, &answer, status, "chat.complete", code);
    }
}

#[tokio::test]
async fn names_that_are_no_names_of_models() {
    for name in ["../secret", "", "a b", "\u{0}", &"x".repeat(10_000)] {
        let body = hello(json!({"model": name}));
        let answer = check_body(body, 404, "model.unknown").await;
        assert!(answer.body.len() < 1_500, "{}", answer.body);
    }
    let server = Server::new().await;
    for path in ["/v1/models/gpt-x", "/v1/models/..%2Fsecret", "/v1/models/%ff"] {
        server.get(path).await.assert_problem(404, "model.unknown");
    }
    server.assert_audit(&[("request.refused", "model.unknown"); 3]);
}

#[tokio::test]
async fn bodies_over_the_limit() {
    let large = " ".repeat(4 * 1024 * 1024 + 1);
    check_body(large.clone(), 413, "request.too_large").await;
    let piece = Bytes::from(large);
    let pieces = stream::iter([Ok::<_, Infallible>(piece.clone()), Ok(piece)]);
    check_body(Body::from_stream(pieces), 413, "request.too_large").await;
    check_request(413, "request.too_large", |_, request| {
        let announced = header::HeaderValue::from_static("99999999999");
        request.headers_mut().insert(header::CONTENT_LENGTH, announced);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn bodies_that_do_not_arrive() {
    let first = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"{"))]);
    let body = futures_util::StreamExt::chain(first, stream::pending());
    check_body(Body::from_stream(body), 408, "request.timeout").await;
}

#[tokio::test]
async fn callers_that_are_not_known() {
    check_request(401, "auth.missing", |_, request| {
        request.headers_mut().remove(header::AUTHORIZATION);
    })
    .await;
    for value in ["Bearer wrong", "Basic YTpi", "Bearer", "glr_live_x"] {
        check_request(401, "auth.invalid", |_, request| {
            request.headers_mut().insert(header::AUTHORIZATION, value.parse().unwrap());
        })
        .await;
    }
    check_request(401, "auth.invalid", |server, request| {
        let mut key = server.key.clone();
        let end = if key.ends_with('0') { '1' } else { '0' };
        key.pop();
        key.push(end);
        let value = format!("Bearer {key}").parse().unwrap();
        request.headers_mut().insert(header::AUTHORIZATION, value);
    })
    .await;
    check_request(401, "auth.invalid", |_, request| {
        request.headers_mut().remove(header::AUTHORIZATION);
        let cookie = "galerne_session=0123".parse().unwrap();
        request.headers_mut().insert(header::COOKIE, cookie);
        let origin = "http://localhost:8080".parse().unwrap();
        request.headers_mut().insert(header::ORIGIN, origin);
    })
    .await;
}

#[tokio::test]
async fn a_revoked_key_is_told_from_a_wrong_one() {
    let server = Server::new().await;
    let domain::Principal::Key(id) = server.caller.principal else { panic!("a key") };
    server.access.revoke_key(&server.caller, id).await.unwrap();
    let answer = server.chat(hello(json!({}))).await;
    answer.assert_problem(401, "auth.revoked");
    server.assert_audit(&[("key.revoke", "ok"), ("request.refused", "auth.revoked")]);
    // The entry belongs to the organisation whose key it was.
    let entry = server.store.audit_entries().pop().unwrap();
    assert_eq!(entry.organisation, Some(server.caller.organisation));
    assert_eq!(server.engine.counts().started, 0);
}

#[tokio::test]
async fn refusals_name_the_caller_when_it_is_known() {
    let server = Server::new().await;
    server.chat("{").await;
    server.send(anonymous(Method::POST, "/v1/chat/completions", "{")).await;
    let organisations: Vec<_> =
        server.store.audit_entries().into_iter().skip(1).map(|entry| entry.organisation).collect();
    assert_eq!(organisations, [Some(server.caller.organisation), None]);
}

#[tokio::test]
async fn names_of_the_server_that_are_not_its_own() {
    for host in ["example.org", "localhost.example.org:8080", ""] {
        check_request(421, "host.unknown", |_, request| {
            request.headers_mut().insert(header::HOST, host.parse().unwrap());
        })
        .await;
    }
    check_request(421, "host.unknown", |_, request| {
        request.headers_mut().remove(header::HOST);
    })
    .await;
    let settings = ApiSettings { hosts: vec!["chat.example".to_owned()], ..ApiSettings::default() };
    let server = Server::with(Setting { settings, ..Setting::default() }).await;
    let mut request = server.request(Method::GET, "/v1/models", Body::empty());
    request.headers_mut().insert(header::HOST, "chat.example".parse().unwrap());
    assert_eq!(server.send(request).await.status, 200);
}

#[tokio::test]
async fn paths_and_methods_that_do_not_exist() {
    let server = Server::new().await;
    server.get("/v1/nothing").await.assert_problem(404, "route.unknown");
    let request = server.request(Method::OPTIONS, "/v1/chat/completions", Body::empty());
    let answer = server.send(request).await;
    answer.assert_problem(405, "method.not_allowed");
    assert_eq!(answer.header("allow"), "POST");
    server.assert_audit(&[
        ("request.refused", "route.unknown"),
        ("request.refused", "method.not_allowed"),
    ]);
    // Outside the API nothing is accessed, so nothing is recorded.
    server.get("/nothing").await.assert_problem(404, "route.unknown");
    assert_eq!(server.audit().len(), 2);
}

#[tokio::test]
async fn too_many_requests_at_once() {
    let server = Server::new().await;
    server.engine.behave(Behaviour::Busy { retry_after_seconds: 3 });
    let answer = server.chat(hello(json!({}))).await;
    check(&server, &answer, 429, "chat.complete", "capacity.exhausted");
    assert_eq!(answer.header("retry-after"), "3");
    let limits = ChatLimits { requests_max: 0, ..ChatLimits::default() };
    let server = Server::with(Setting { limits, ..Setting::default() }).await;
    let answer = server.chat(hello(json!({}))).await;
    check(&server, &answer, 429, "chat.complete", "capacity.exhausted");
    assert_eq!(answer.header("retry-after"), "2");
}

#[tokio::test]
async fn an_engine_that_fails_or_stops() {
    let server = Server::new().await;
    server.engine.behave(Behaviour::Fail);
    let answer = server.chat(hello(json!({}))).await;
    check(&server, &answer, 500, "chat.complete", "engine.failed");
    assert!(!answer.body.contains("told to fail"), "details are for logs: {}", answer.body);
    let server = Server::new().await;
    inference::ports::Engine::shut_down(&server.engine, Duration::ZERO).await;
    let answer = server.chat(hello(json!({}))).await;
    check(&server, &answer, 503, "chat.complete", "engine.stopped");
}

#[tokio::test]
async fn nothing_is_answered_without_its_audit_entry() {
    let server = Server::new().await;
    server.switches.audit_is_full.store(true, Ordering::SeqCst);
    for path in ["/v1/models", "/v1/models/fake-model", "/v1/models/other", "/v1/nothing"] {
        let answer = server.get(path).await;
        answer.assert_problem(503, "audit.unavailable");
        assert!(!answer.body.contains("no space left"), "{}", answer.body);
    }
    server.chat("{").await.assert_problem(503, "audit.unavailable");
    server.assert_audit(&[]);
    server.store.break_down();
    server.get("/v1/models").await.assert_problem(503, "audit.unavailable");
    server.switches.audit_is_full.store(false, Ordering::SeqCst);
    server.store.repair();
    assert!(server.log.try_extend().await, "the keeper sees that writing works again");
    assert_eq!(server.get("/v1/models").await.status, 200);
}

#[tokio::test]
async fn a_store_that_breaks_before_the_answer_stops_it() {
    let server = Server::with(Setting { engine: FakeEngine::new(), ..Setting::default() }).await;
    server.store.break_down();
    let answer = server.chat(hello(json!({"stream": true}))).await;
    answer.assert_problem(503, "audit.unavailable");
    server.store.repair();
    assert_eq!(server.store.usage_records(), []);
}
