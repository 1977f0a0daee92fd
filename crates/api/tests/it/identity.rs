//! Browsers that sign in with the identity provider.

use api::ApiSettings;
use axum::{
    body::Body,
    http::{Method, Request, header},
};
use serde_json::json;

use crate::server::{Answer, Server, Setting, anonymous};

const CALLBACK: &str = "/v1/session/oidc/callback";

/// A browser on its way: its cookie and its state.
pub(crate) struct Away {
    pub(crate) cookie: String,
    pub(crate) state: String,
}

impl Away {
    fn of(answer: &Answer, address: &str) -> Self {
        let (at, state) = address.split_once("?state=").unwrap();
        assert_eq!(at, "https://id.example/authorize");
        let cookie = answer.header("set-cookie");
        let (value, attributes) = cookie.split_once("; ").unwrap();
        let expected = "HttpOnly; SameSite=Lax; Path=/v1/session/oidc; Max-Age=600";
        assert_eq!(attributes.trim_end_matches("; Secure"), expected);
        Self { cookie: value.to_owned(), state: state.to_owned() }
    }

    pub(crate) fn request(&self, code: &str) -> Request<Body> {
        self.with(&format!("state={}&code={code}", self.state))
    }

    fn with(&self, query: &str) -> Request<Body> {
        let mut request = anonymous(Method::GET, &format!("{CALLBACK}?{query}"), Body::empty());
        request.headers_mut().insert(header::COOKIE, self.cookie.parse().unwrap());
        request
    }
}

pub(crate) async fn leave(server: &Server) -> Away {
    let answer = server.send(anonymous(Method::GET, "/v1/session/oidc", Body::empty())).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    Away::of(&answer, answer.header("location"))
}

pub(crate) async fn sign_in(server: &Server) -> String {
    let answer = server.send(leave(server).await.request("good")).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/"));
    session_cookie(&answer).unwrap()
}

fn session_cookie(answer: &Answer) -> Option<String> {
    let cookies = answer.headers.get_all(header::SET_COOKIE).iter();
    let mut cookies = cookies.map(|cookie| cookie.to_str().unwrap());
    cookies.find(|cookie| cookie.starts_with("galerne_session=")).map(str::to_owned)
}

async fn assert_refused(server: &Server, request: Request<Body>, code: &str) {
    let before = server.audit().len();
    let answer = server.send(request).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert_eq!(answer.header("location"), format!("/#sign-in={code}"));
    assert_eq!(session_cookie(&answer), None);
    let entry = ("request.refused".to_owned(), code.to_owned());
    assert_eq!(server.audit()[before..], [entry]);
}

#[tokio::test]
async fn a_browser_comes_back_signed_in() {
    let server = Server::new().await;
    let cookie = sign_in(&server).await;
    let (value, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(attributes, "HttpOnly; SameSite=Strict; Path=/; Max-Age=43200");
    let mut request = anonymous(Method::GET, "/v1/session", Body::empty());
    request.headers_mut().insert(header::COOKIE, value.parse().unwrap());
    let session = server.send(request).await.json();
    assert_eq!(session["account"]["name"], "anne");
    assert_eq!(session["account"]["role"], "member");
    assert_eq!(session["has_password"], false);
    server.assert_audit(&[
        ("account.create", "ok"),
        ("identity.bind", "ok"),
        ("session.create", "ok"),
        ("session.read", "ok"),
    ]);
}

#[tokio::test]
async fn what_is_refused_leads_back_to_the_page_with_its_code() {
    let server = Server::new().await;
    let refused = "auth.identity_refused";
    let away = leave(&server).await;
    assert_refused(&server, away.request("stolen"), refused).await;
    assert_refused(&server, away.request("good"), refused).await;
    let away = leave(&server).await;
    assert_refused(&server, away.with("error=access_denied"), refused).await;
    assert_refused(&server, away.with(""), refused).await;
    let twice = format!("state={0}&state={0}&code=good", away.state);
    assert_refused(&server, away.with(&twice), refused).await;
    let other = leave(&server).await;
    let stolen = Away { cookie: away.cookie.clone(), state: other.state };
    assert_refused(&server, stolen.request("good"), refused).await;
    server.provider.is_now("subject-2", None, &["guests"]);
    let unmapped = "auth.identity_unmapped";
    assert_refused(&server, leave(&server).await.request("good"), unmapped).await;
    let away = leave(&server).await;
    server.provider.go_away();
    assert_refused(&server, away.request("good"), "auth.provider_unavailable").await;
    let begin = anonymous(Method::GET, "/v1/session/oidc", Body::empty());
    assert_refused(&server, begin, "auth.provider_unavailable").await;
}

#[tokio::test]
async fn whoever_is_signed_in_connects_the_own_account() {
    let server = Server::new().await;
    let token = server.access.create_link(&server.caller).await.unwrap();
    let signed_in = server.access.sign_in(&token).await.unwrap();
    let cookie = format!("galerne_session={}", signed_in.token.expose());
    let mut request = anonymous(Method::POST, "/v1/session/oidc", Body::empty());
    request.headers_mut().insert(header::COOKIE, cookie.parse().unwrap());
    server.send(request).await.assert_problem(403, "origin.refused");
    let mut request = anonymous(Method::POST, "/v1/session/oidc", Body::empty());
    request.headers_mut().insert(header::COOKIE, cookie.parse().unwrap());
    request.headers_mut().insert(header::ORIGIN, "http://localhost:8080".parse().unwrap());
    let answer = server.send(request).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let away = Away::of(&answer, answer.json()["address"].as_str().unwrap());
    let answer = server.send(away.request("good")).await;
    assert_eq!(answer.header("location"), "/");
    assert_eq!(session_cookie(&answer), None, "it is signed in already");
    let cookie = sign_in(&server).await;
    let mut request = anonymous(Method::GET, "/v1/session", Body::empty());
    let value = cookie.split_once("; ").unwrap().0;
    request.headers_mut().insert(header::COOKIE, value.parse().unwrap());
    assert_eq!(server.send(request).await.json()["account"]["name"], "owner");
}

#[tokio::test]
async fn cookies_are_for_https_alone_where_browsers_come_back_over_it() {
    let settings = ApiSettings { returns_encrypted: true, ..ApiSettings::default() };
    let server = Server::with(Setting { settings, ..Setting::default() }).await;
    assert!(sign_in(&server).await.ends_with("; Secure"));
}

#[tokio::test]
async fn without_a_provider_nobody_is_sent_anywhere() {
    let provider =
        |server: &Server| server.request(Method::GET, "/v1/session/provider", Body::empty());
    let server = Server::new().await;
    let told = server.send(provider(&server)).await.json();
    assert_eq!(told, json!({"name": "Example"}));
    let server = Server::with(Setting { has_provider: false, ..Setting::default() }).await;
    let told = server.send(provider(&server)).await.json();
    assert_eq!(told, json!({"name": null}));
    for path in ["/v1/session/oidc", CALLBACK] {
        let request = anonymous(Method::GET, path, Body::empty());
        assert_refused(&server, request, "route.unknown").await;
    }
}
