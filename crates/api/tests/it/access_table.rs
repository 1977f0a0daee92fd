//! Every route, what it asks of the caller and what it leaves in the audit trail. A route that is
//! added without a row here fails.

use std::collections::BTreeSet;

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use serde_json::{Value, json};

use crate::{
    conversation::{append, start},
    server::{Server, anonymous, hello},
};

#[derive(Clone, Copy, PartialEq)]
enum Needs {
    Nothing,
    /// A key or the cookie of a browser.
    Caller,
    /// The cookie of a browser.
    Browser,
    /// A one-time link.
    Link,
}

struct Row {
    method: &'static str,
    path: &'static str,
    needs: Needs,
    /// The action of its audit entry, or `none`.
    audit: &'static str,
}

const fn row(method: &'static str, path: &'static str, needs: Needs, audit: &'static str) -> Row {
    Row { method, path, needs, audit }
}

const TABLE: [Row; 27] = [
    row("get", "/health", Needs::Nothing, "none"),
    row("get", "/log/checkpoint", Needs::Nothing, "none"),
    row("get", "/log/tile/entries/{*position}", Needs::Caller, "log.read"),
    row("get", "/log/tile/{level}/{*position}", Needs::Nothing, "none"),
    row("get", "/metrics", Needs::Nothing, "none"),
    row("get", "/openapi.json", Needs::Nothing, "none"),
    row("get", "/ready", Needs::Nothing, "none"),
    row("post", "/v1/chat/completions", Needs::Caller, "chat.complete"),
    row("get", "/v1/conversations", Needs::Caller, "conversation.list"),
    row("post", "/v1/conversations", Needs::Caller, "conversation.start"),
    row("delete", "/v1/conversations/{id}", Needs::Caller, "conversation.delete"),
    row("get", "/v1/conversations/{id}", Needs::Caller, "conversation.read"),
    row("patch", "/v1/conversations/{id}", Needs::Caller, "conversation.update"),
    row("post", "/v1/conversations/{id}", Needs::Caller, "conversation.append"),
    row("get", "/v1/conversations/{id}/draft", Needs::Caller, "draft.read"),
    row("put", "/v1/conversations/{id}/draft", Needs::Caller, "draft.write"),
    row("get", "/v1/conversations/{id}/events", Needs::Caller, "conversation.read"),
    row("get", "/v1/conversations/{id}/history", Needs::Caller, "conversation.read"),
    row("get", "/v1/conversations/{id}/messages", Needs::Caller, "conversation.read"),
    row("post", "/v1/conversations/{id}/restart", Needs::Caller, "conversation.start"),
    row("post", "/v1/conversations/{id}/stop", Needs::Caller, "conversation.stop"),
    row("post", "/v1/embeddings", Needs::Caller, "embedding.create"),
    row("get", "/v1/models", Needs::Caller, "model.list"),
    row("get", "/v1/models/{id}", Needs::Caller, "model.read"),
    row("delete", "/v1/session", Needs::Browser, "session.end"),
    row("get", "/v1/session", Needs::Browser, "session.read"),
    row("post", "/v1/session", Needs::Link, "session.create"),
];

impl Row {
    fn request(&self, id: &str, body: String) -> Request<Body> {
        let method = Method::from_bytes(self.method.to_uppercase().as_bytes()).unwrap();
        let path = self.path.replace("{id}", id).replace("{level}", "0");
        anonymous(method, &path.replace("{*position}", "000.p/1"), body)
    }
}

impl Row {
    fn asks_a_model(&self) -> bool {
        matches!(self.audit, "conversation.start" | "conversation.append")
    }

    /// What every route takes, with what its own kind needs.
    fn body(&self, entry: &Value) -> String {
        let also = match self.path {
            "/v1/conversations/{id}/restart" => json!({"inputs": "Encore", "from_entry_id": entry}),
            "/v1/conversations/{id}" if self.method == "patch" => json!({"pinned": true}),
            "/v1/embeddings" => json!({"model": "fake-embedder", "input": "Encore"}),
            _ => json!({"inputs": "Encore", "text": "typed"}),
        };
        hello(also)
    }
}

#[test]
fn every_route_has_a_row_and_every_row_a_route() {
    let document = serde_json::to_value(api::openapi()).unwrap();
    let mut described = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let class = operation["x-audit-class"].as_str();
            let class = class.unwrap_or_else(|| panic!("{method} {path} declares no class"));
            let open = operation["security"].as_array().is_none_or(Vec::is_empty);
            described.insert((method.clone(), path.clone(), class.to_owned(), open));
        }
    }
    let rows = TABLE.iter().map(|row| {
        let open = matches!(row.needs, Needs::Nothing | Needs::Link);
        (row.method.to_owned(), row.path.to_owned(), row.audit.to_owned(), open)
    });
    assert_eq!(described, rows.collect());
}

#[tokio::test]
async fn protected_routes_refuse_whoever_is_nobody() {
    for row in TABLE.iter().filter(|row| matches!(row.needs, Needs::Caller | Needs::Browser)) {
        let server = Server::new().await;
        let answer = server.send(row.request("fake-model", hello(json!({})))).await;
        answer.assert_problem(401, "auth.missing");
        server.assert_audit(&[("request.refused", "auth.missing")]);
        assert_eq!(server.engine.counts().started, 0, "{} {}", row.method, row.path);
    }
}

#[tokio::test]
async fn routes_for_browsers_take_no_key() {
    for row in TABLE.iter().filter(|row| row.needs == Needs::Browser) {
        let server = Server::new().await;
        let mut request = row.request("", String::new());
        let key = format!("Bearer {}", server.key).parse().unwrap();
        request.headers_mut().insert(header::AUTHORIZATION, key);
        server.send(request).await.assert_problem(401, "auth.missing");
    }
}

#[tokio::test]
async fn an_answer_leaves_the_entry_that_its_route_declares() {
    for row in &TABLE {
        let server = Server::new().await;
        server.log.checkpoint().await.unwrap();
        let token = server.access.create_link(&server.caller).await.unwrap();
        let kept = a_conversation(&server).await;
        let (id, entry) = if row.path.starts_with("/v1/conversations/") {
            (kept["conversation_id"].as_str().unwrap(), &kept["outputs"][0]["id"])
        } else {
            ("fake-model", &Value::Null)
        };
        let body = match row.needs {
            Needs::Link => json!({"token": token}).to_string(),
            Needs::Nothing | Needs::Caller | Needs::Browser => row.body(entry),
        };
        let mut request = row.request(id, body);
        match row.needs {
            Needs::Nothing | Needs::Link => {}
            Needs::Caller => {
                let key = format!("Bearer {}", server.key).parse().unwrap();
                request.headers_mut().insert(header::AUTHORIZATION, key);
            }
            Needs::Browser => {
                let signed_in = server.access.sign_in(&token).await.unwrap();
                let cookie = format!("galerne_session={}", signed_in.token.expose());
                request.headers_mut().insert(header::COOKIE, cookie.parse().unwrap());
                let origin = "http://localhost:8080".parse().unwrap();
                request.headers_mut().insert(header::ORIGIN, origin);
            }
        }
        let before = server.audit().len();
        let answer = server.send(request).await;
        assert!(answer.status.is_success(), "{} {}: {}", row.method, row.path, answer.body);
        // What was signed never changes, so it may be kept.
        if !row.path.starts_with("/log/tile/") {
            answer.assert_common_headers();
        }
        let mut new = server.audit().split_off(before);
        if row.asks_a_model() {
            // What asks a model leaves the entry of every request to a model too.
            assert_eq!(new.pop(), Some(("chat.complete".to_owned(), "ok".to_owned())));
        }
        let expected = (row.audit != "none").then(|| (row.audit.to_owned(), "ok".to_owned()));
        assert_eq!(new, Vec::from_iter(expected), "{} {}", row.method, row.path);
    }
}

/// With one question, its answer and a draft.
async fn a_conversation(server: &Server) -> Value {
    let answer = start(server, json!({})).await;
    let id = answer["conversation_id"].as_str().unwrap();
    let path = format!("/v1/conversations/{id}/draft");
    let draft = server.request(Method::PUT, &path, json!({"text": "typed"}).to_string());
    assert_eq!(server.send(draft).await.status, 204);
    append(server, id, json!({})).await
}
