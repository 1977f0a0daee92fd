//! Models, health, readiness, metrics, the document and the page.

use std::sync::atomic::Ordering;

use axum::{Router, body::Body, http::Method, routing::get};
use serde_json::json;

use crate::server::{Server, Setting, anonymous, hello};

#[tokio::test]
async fn models_are_listed_and_told() {
    let server = Server::new().await;
    let list = server.get("/v1/models").await.json();
    insta::assert_json_snapshot!(list);
    let card = server.get("/v1/models/fake-model").await.json();
    assert_eq!(card, list["data"][0]);
    let head = server.request(Method::HEAD, "/v1/models", Body::empty());
    let head = server.send(head).await;
    assert_eq!((head.status.as_u16(), head.body.as_str()), (200, ""));
}

#[tokio::test]
async fn readiness_gives_its_reasons() {
    let server = Server::new().await;
    let ready = server.get("/ready").await;
    assert_eq!(ready.status, 200);
    assert_eq!(ready.json(), json!({"status": "ready", "reasons": []}));
    server.switches.store_is_away.store(true, Ordering::SeqCst);
    server.switches.is_stopping.store(true, Ordering::SeqCst);
    let ready = server.get("/ready").await;
    assert_eq!(ready.status, 503);
    let reasons = json!(["store.unavailable", "server.stopping"]);
    assert_eq!(ready.json(), json!({"status": "not_ready", "reasons": reasons}));
    assert_eq!(server.get("/health").await.json(), json!({"status": "ok", "reasons": []}));
    server.switches.models_refused.store(1, Ordering::SeqCst);
    let degraded = server.get("/health").await;
    assert_eq!(degraded.status, 200);
    assert_eq!(degraded.json(), json!({"status": "degraded", "reasons": ["model.refused"]}));
    server.switches.models_refused.store(0, Ordering::SeqCst);
    server.switches.texts_are_locked.store(true, Ordering::SeqCst);
    let locked = server.get("/health").await;
    assert_eq!(locked.status, 200);
    assert_eq!(locked.json(), json!({"status": "degraded", "reasons": ["encryption.locked"]}));
}

#[tokio::test]
async fn metrics_count_without_telling_what_was_said() {
    let server = Server::new().await;
    server.chat(hello(json!({"model": "tenant-text-a"}))).await;
    server.chat(hello(json!({"stream": true}))).await;
    server.get("/v1/models/tenant-text-b").await;
    server.get("/tenant-text-c").await;
    let method = Method::from_bytes(b"TENANTTEXT").unwrap();
    server.send(anonymous(method, "/v1/models", Body::empty())).await;
    let metrics = server.get("/metrics").await;
    assert!(metrics.header("content-type").starts_with("text/plain"));
    for expected in [
        r#"galerne_http_requests_total{method="POST",route="/v1/chat/completions",class="2xx"}"#,
        r#"galerne_http_requests_total{method="GET",route="/v1/models/{id}",class="4xx"}"#,
        r#"galerne_http_requests_total{method="GET",route="unmatched",class="4xx"}"#,
        r#"galerne_http_requests_total{method="other",route="/v1/models",class="4xx"}"#,
        r#"galerne_refusals_total{code="model.unknown"}"#,
        r#"galerne_tokens_total{kind="completion"}"#,
        r#"galerne_tokens_total{kind="prompt"}"#,
        r#"galerne_energy_joules_total{method="estimated"}"#,
        r#"galerne_chat_requests_total{outcome="finished"}"#,
        "galerne_chat_first_token_seconds_bucket",
        "galerne_http_requests_in_flight",
        "galerne_log_signed_entries",
        "galerne_log_witnessed_entries",
        "galerne_log_faults 0",
    ] {
        assert!(metrics.body.contains(expected), "{expected}\n{}", metrics.body);
    }
    assert!(!metrics.body.to_lowercase().contains("tenant"), "{}", metrics.body);
}

#[tokio::test]
async fn the_committed_document_is_the_served_one() {
    let server = Server::new().await;
    let served = server.get("/openapi.json").await.json();
    let committed = include_str!("../../../../openapi/galerne.json");
    let committed: serde_json::Value = serde_json::from_str(committed).unwrap();
    assert_eq!(
        served, committed,
        "run `cargo run -p api --example openapi > openapi/galerne.json`"
    );
    assert_eq!(served["openapi"], "3.1.0");
}

#[tokio::test]
async fn the_page_is_served_outside_the_api_only() {
    async fn broken() -> &'static str {
        panic!("secret detail")
    }
    let page = Router::new()
        .route("/broken", get(broken))
        .fallback(|| async { ([("cache-control", "max-age=60")], "the page") });
    let server = Server::with(Setting { page: Some(page), ..Setting::default() }).await;
    let answer = server.get("/conversations/1").await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "the page"));
    assert_eq!(answer.header("cache-control"), "max-age=60");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    server.get("/v1/nothing").await.assert_problem(404, "route.unknown");
    let mut rebound = anonymous(Method::GET, "/", Body::empty());
    rebound.headers_mut().insert("host", "example.org".parse().unwrap());
    server.send(rebound).await.assert_problem(421, "host.unknown");
    let answer = server.get("/broken").await;
    answer.assert_problem(500, "internal");
    assert!(!answer.body.contains("secret detail"), "{}", answer.body);
    // The service lives on.
    assert_eq!(server.get("/health").await.status, 200);
}
