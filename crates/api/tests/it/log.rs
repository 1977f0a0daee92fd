//! The log over HTTP: what anybody may read, what needs a caller, and what happens when it closes.

use std::sync::atomic::Ordering;

use axum::{body::Body, http::Method};
use serde_json::json;
use transparency_log::{
    Checkpoint, Hash, SignedNote, Signer, decode_bundle, decode_tile, leaf_hash,
};

use crate::server::{Server, anonymous, hello};

async fn checkpoint(server: &Server) -> Checkpoint {
    let answer = server.send(anonymous(Method::GET, "/log/checkpoint", Body::empty())).await;
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    let note = SignedNote::parse(&answer.body).unwrap();
    let signer = Signer::from_seed("example.org/log", [5; 32]).unwrap();
    Checkpoint::open(&note, &signer.verifier()).unwrap()
}

#[tokio::test]
async fn tiles_entries_and_checkpoint_fit_together() {
    let server = Server::new().await;
    for _ in 0..299 {
        assert_eq!(server.get("/v1/models").await.status, 200);
    }
    server.log.checkpoint().await.unwrap();
    assert_eq!(checkpoint(&server).await.size, 300);
    let mut entries = Vec::new();
    let mut leaves = Vec::new();
    for (tile, bundle) in [
        ("/log/tile/0/000", "/log/tile/entries/000"),
        ("/log/tile/0/001.p/44", "/log/tile/entries/001.p/44"),
    ] {
        let answer = server.send_raw(anonymous(Method::GET, tile, Body::empty())).await;
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
        leaves.extend(decode_tile(&answer.bytes).unwrap());
        let request = server.request(Method::GET, bundle, Body::empty());
        let answer = server.send_raw(request).await;
        assert_eq!(answer.header("cache-control"), "private, max-age=31536000, immutable");
        assert_eq!(answer.header("content-type"), "application/octet-stream");
        entries.extend(decode_bundle(&answer.bytes).unwrap());
    }
    let expected: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
    assert_eq!(leaves, expected);
    let written = server.store.audit_entries();
    assert!(written.iter().zip(&entries).all(|(entry, read)| entry.canonical == *read));
    assert_eq!(entries.len(), 300);
}

#[tokio::test]
async fn what_no_checkpoint_signs_is_not_there() {
    let server = Server::new().await;
    server.get("/log/checkpoint").await.assert_problem(404, "log.not_found");
    server.log.checkpoint().await.unwrap();
    for path in [
        "/log/tile/0/000.p/200",
        "/log/tile/0/000",
        "/log/tile/0/001.p/1",
        "/log/tile/1/000.p/1",
        "/log/tile/0/0",
        "/log/tile/0/000.p/0",
        "/log/tile/0/000.p/256",
        "/log/tile/00/000",
        "/log/tile/64/000",
        "/log/tile/x/000",
        "/log/tile/0/../../v1/models",
        "/log/tile/entries/000",
        "/log/tile/entries/000.p/200",
        "/log/tile/entries/x999/x999/x999/x999/x999/x999/999",
    ] {
        server.get(path).await.assert_problem(404, "log.not_found");
    }
    server.get("/log").await.assert_problem(404, "route.unknown");
    let post = server.request(Method::POST, "/log/checkpoint", Body::empty());
    server.send(post).await.assert_problem(405, "method.not_allowed");
}

#[tokio::test]
async fn a_closed_log_refuses_every_access_and_says_why() {
    let server = Server::new().await;
    server.switches.audit_is_full.store(true, Ordering::SeqCst);
    server.get("/v1/models").await.assert_problem(503, "audit.unavailable");
    server.switches.audit_is_full.store(false, Ordering::SeqCst);
    // The disk is free again, but the keeper has not seen it yet.
    let before = server.audit();
    server.chat(hello(json!({}))).await.assert_problem(503, "audit.unavailable");
    server.get("/v1/models").await.assert_problem(503, "audit.unavailable");
    assert_eq!(server.audit(), before);
    for path in ["/health", "/ready"] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, 503, "{path}");
        assert_eq!(answer.json()["reasons"], json!(["log.unavailable"]), "{path}");
    }
    assert_eq!(server.get("/health").await.json()["status"], "failing");
    assert!(server.get("/metrics").await.body.contains("galerne_log_faults"));
}
