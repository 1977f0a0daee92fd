//! Browsers: signing in, staying in, signing out, and pages that are not ours.

use std::time::Duration;

use api::ApiSettings;
use axum::{
    body::Body,
    http::{Method, Request, header},
};
use serde_json::json;

use crate::server::{Answer, Server, Setting, anonymous, hello};

const OWN: &str = "http://localhost:8080";

async fn sign_in(server: &Server, token: &str) -> Answer {
    let body = json!({"token": token}).to_string();
    server.send(anonymous(Method::POST, "/v1/session", body)).await
}

async fn signed_in(server: &Server) -> String {
    let token = server.access.create_link(&server.caller).await.unwrap();
    let answer = sign_in(server, &token).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

fn with_cookie(cookie: &str, method: Method, path: &str, body: impl Into<Body>) -> Request<Body> {
    let mut request = anonymous(method, path, body);
    request.headers_mut().insert(header::COOKIE, cookie.parse().unwrap());
    request
}

fn from(origin: &str, mut request: Request<Body>) -> Request<Body> {
    request.headers_mut().insert(header::ORIGIN, origin.parse().unwrap());
    request
}

#[tokio::test]
async fn a_link_becomes_a_session_once() {
    let server = Server::new().await;
    let token = server.access.create_link(&server.caller).await.unwrap();
    let answer = sign_in(&server, &token).await;
    assert_eq!(answer.status, 204);
    let cookie = answer.header("set-cookie").to_owned();
    let (value, attributes) = cookie.split_once("; ").unwrap();
    assert!(value.starts_with("galerne_session=") && value.len() == 16 + 64, "{value}");
    assert_eq!(attributes, "HttpOnly; SameSite=Strict; Path=/; Max-Age=43200");
    let request = with_cookie(value, Method::GET, "/v1/session", Body::empty());
    let session = server.send(request).await;
    assert_eq!(
        session.json(),
        json!({
            "organisation": server.caller.organisation.to_string(),
            "project": server.caller.project.to_string(),
            "account": {
                "id": server.caller.account.to_string(),
                "name": "owner",
                "kind": "person",
                "role": "owner",
                "permissions": [
                    "models", "conversations", "keys", "accounts", "log", "provisioning",
                    "break_glass", "data_protection"
                ],
                "created_at": "2026-01-01T00:00:00Z",
                "disabled_at": null,
            },
            "has_password": false,
            "expires_at": "2026-01-01T12:00:00Z",
        })
    );
    sign_in(&server, &token).await.assert_problem(401, "auth.link_invalid");
    server.assert_audit(&[
        ("sign_in_link.create", "ok"),
        ("session.create", "ok"),
        ("session.read", "ok"),
        ("request.refused", "auth.link_invalid"),
    ]);
}

#[tokio::test]
async fn links_and_sessions_expire() {
    let server = Server::new().await;
    let token = server.access.create_link(&server.caller).await.unwrap();
    server.clock.advance(Duration::from_mins(10));
    sign_in(&server, &token).await.assert_problem(401, "auth.link_invalid");
    let cookie = signed_in(&server).await;
    server.clock.advance(Duration::from_hours(12));
    let request = with_cookie(&cookie, Method::GET, "/v1/models", Body::empty());
    server.send(request).await.assert_problem(401, "auth.invalid");
}

#[tokio::test]
async fn a_browser_can_do_what_a_key_can() {
    let server = Server::new().await;
    let cookie = signed_in(&server).await;
    let list = with_cookie(&cookie, Method::GET, "/v1/models", Body::empty());
    assert_eq!(server.send(list).await.status, 200);
    let chat = with_cookie(&cookie, Method::POST, "/v1/chat/completions", hello(json!({})));
    let answer = server.send(from(OWN, chat)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test]
async fn foreign_pages_cannot_use_the_cookie() {
    let server = Server::new().await;
    let cookie = signed_in(&server).await;
    let before = server.audit().len();
    let chat = || with_cookie(&cookie, Method::POST, "/v1/chat/completions", hello(json!({})));
    server.send(chat()).await.assert_problem(403, "origin.refused");
    for origin in ["http://example.org", "http://localhost:9", "null", "http://127.0.0.1:8080"] {
        server.send(from(origin, chat())).await.assert_problem(403, "origin.refused");
    }
    let end = with_cookie(&cookie, Method::DELETE, "/v1/session", Body::empty());
    server.send(from("http://example.org", end)).await.assert_problem(403, "origin.refused");
    assert_eq!(server.engine.counts().started, 0);
    let refused = ("request.refused".to_owned(), "origin.refused".to_owned());
    assert_eq!(server.audit().split_off(before), vec![refused; 6]);
    // A key is no cookie: no page can make a browser send it.
    let keyed = server.request(Method::POST, "/v1/chat/completions", hello(json!({})));
    assert_eq!(server.send(from("http://example.org", keyed)).await.status, 200);
}

#[tokio::test]
async fn foreign_pages_cannot_sign_a_browser_in() {
    let server = Server::new().await;
    let token = server.access.create_link(&server.caller).await.unwrap();
    let body = json!({"token": token}).to_string();
    let request = anonymous(Method::POST, "/v1/session", body);
    server.send(from("http://example.org", request)).await.assert_problem(403, "origin.refused");
    // The link was not used up by the attempt.
    assert_eq!(sign_in(&server, &token).await.status, 204);
}

#[tokio::test]
async fn signing_out_ends_the_session() {
    let server = Server::new().await;
    let cookie = signed_in(&server).await;
    let end = with_cookie(&cookie, Method::DELETE, "/v1/session", Body::empty());
    let answer = server.send(from(OWN, end)).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
    assert!(answer.header("set-cookie").starts_with("galerne_session=;"));
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    let read = with_cookie(&cookie, Method::GET, "/v1/session", Body::empty());
    server.send(read).await.assert_problem(401, "auth.invalid");
}

#[tokio::test]
async fn attempts_to_sign_in_are_bounded() {
    let settings = ApiSettings { sign_ins_per_minute_max: 3, ..ApiSettings::default() };
    let server = Server::with(Setting { settings, ..Setting::default() }).await;
    for _ in 0..3 {
        sign_in(&server, "wrong").await.assert_problem(401, "auth.link_invalid");
    }
    let answer = sign_in(&server, "wrong").await;
    answer.assert_problem(429, "capacity.exhausted");
    assert_eq!(answer.header("retry-after"), "60");
    server.clock.advance(Duration::from_mins(1));
    signed_in(&server).await;
}

#[tokio::test]
async fn passwords_are_counted_apart_from_links() {
    let settings = ApiSettings { passwords_per_minute_max: 2, ..ApiSettings::default() };
    let server = Server::with(Setting { settings, ..Setting::default() }).await;
    let body = json!({"name": "nobody", "password": "wrong"}).to_string();
    let guess = async || server.send(anonymous(Method::POST, "/v1/session", body.clone())).await;
    for _ in 0..2 {
        guess().await.assert_problem(401, "auth.password_wrong");
    }
    guess().await.assert_problem(429, "capacity.exhausted");
    signed_in(&server).await;
    server.assert_audit(&[
        ("request.refused", "auth.password_wrong"),
        ("request.refused", "auth.password_wrong"),
        ("request.refused", "capacity.exhausted"),
        ("sign_in_link.create", "ok"),
        ("session.create", "ok"),
    ]);
}

#[tokio::test]
async fn bodies_that_hold_no_token() {
    let server = Server::new().await;
    let send =
        async |body: &'static [u8]| server.send(anonymous(Method::POST, "/v1/session", body)).await;
    send(b"{").await.assert_problem(400, "request.invalid_json");
    send(b"\xff").await.assert_problem(400, "request.invalid_utf8");
    send(b"{}").await.assert_problem(422, "request.invalid");
    send(b"{\"token\": 3}").await.assert_problem(422, "request.invalid");
}

#[tokio::test]
async fn a_secure_installation_marks_its_cookie() {
    let settings = ApiSettings { secure_cookie: true, ..ApiSettings::default() };
    let server = Server::with(Setting { settings, ..Setting::default() }).await;
    let token = server.access.create_link(&server.caller).await.unwrap();
    let answer = sign_in(&server, &token).await;
    assert!(answer.header("set-cookie").ends_with("; Secure"));
}
