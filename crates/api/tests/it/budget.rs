//! Limits over HTTP: set by whoever keeps accounts, told with every answer, kept.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use domain::{AccountKind, Role};
use governance::NewAccount;
use inference::{BudgetId, MicroEuros, Price, Prices};
use serde_json::{Value, json};

use crate::server::{Answer, Server, Setting, anonymous, hello};

/// The cookie of a browser of somebody new.
pub(crate) async fn browser(server: &Server, role: Role) -> String {
    let name = format!("one-{}", role.as_str().replace('_', "-")).parse().unwrap();
    let new = NewAccount { name, kind: AccountKind::Person, role };
    let operator = server.access.operator().await.unwrap();
    let account = server.access.create_account(&operator, &new).await.unwrap();
    let link = server.access.invite(&operator, account.id).await.unwrap();
    let signed_in = server.access.sign_in(&link).await.unwrap();
    format!("galerne_session={}", signed_in.token.expose())
}

pub(crate) async fn send(
    server: &Server,
    cookie: &str,
    method: Method,
    path: &str,
    body: Value,
) -> Answer {
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let mut request: Request<Body> = anonymous(method, path, body);
    request.headers_mut().insert(header::COOKIE, cookie.parse().unwrap());
    let origin = "http://localhost:8080".parse().unwrap();
    request.headers_mut().insert(header::ORIGIN, origin);
    server.send(request).await
}

pub(crate) async fn limit(server: &Server, id: &str, amount: u64) {
    let operator = server.access.operator().await.unwrap();
    let id: BudgetId = id.parse().unwrap();
    server.budgets.set(&operator, id, amount).await.unwrap();
}

pub(crate) fn at_prices() -> Setting {
    let euros = |text| MicroEuros::from_euros(text).unwrap();
    let price = Price { prompt_per_million: euros("1000"), completion_per_million: euros("2000") };
    let prices = Prices::new([("fake-model".parse().unwrap(), price)].into());
    Setting { prices, ..Setting::default() }
}

#[tokio::test]
async fn limits_are_set_listed_and_removed() {
    let server = Server::new().await;
    let admin = browser(&server, Role::Admin).await;
    let wanted = json!({"scope": "organisation", "quantity": "euros_per_month", "limit": 12.5});
    let set = send(&server, &admin, Method::PUT, "/v1/budgets", wanted).await;
    assert_eq!(set.status, 200, "{}", set.body);
    let expected = json!({
        "id": "organisation.euros_per_month", "scope": "organisation", "scope_id": null,
        "quantity": "euros_per_month", "limit": 12.5, "used": 0, "held": 0,
    });
    assert_eq!(set.json(), expected);
    let account = server.caller.account.to_string();
    let wanted = json!({
        "scope": "account", "scope_id": account, "quantity": "tokens_per_minute", "limit": 100.0,
    });
    let set = send(&server, &admin, Method::PUT, "/v1/budgets", wanted).await.json();
    assert_eq!((&set["limit"], &set["scope_id"]), (&json!(100), &json!(account)));
    let list = send(&server, &admin, Method::GET, "/v1/budgets", Value::Null).await.json();
    assert_eq!(list["data"], json!([set, expected]));
    let path = format!("/v1/budgets/{}", set["id"].as_str().unwrap());
    let gone = send(&server, &admin, Method::DELETE, &path, Value::Null).await;
    assert_eq!(gone.status, 204, "{}", gone.body);
    let again = send(&server, &admin, Method::DELETE, &path, Value::Null).await;
    again.assert_problem(404, "budget.unknown");
    let list = send(&server, &admin, Method::GET, "/v1/budgets", Value::Null).await.json();
    assert_eq!(list["data"], json!([expected]));
}

#[tokio::test]
async fn what_makes_no_sense_is_no_limit() {
    let server = Server::new().await;
    let admin = browser(&server, Role::Admin).await;
    let good = json!({"scope": "organisation", "quantity": "tokens_per_month", "limit": 1});
    for (member, value) in [
        ("scope", json!("team")),
        ("scope", json!("key")),
        ("scope_id", json!("7")),
        ("quantity", json!("tokens")),
        ("limit", json!(-1)),
        ("limit", json!(1.5)),
        ("limit", json!(1e30)),
        ("limit", json!("1")),
        ("limit", Value::Null),
    ] {
        let mut body = good.clone();
        body[member] = value;
        let refused = send(&server, &admin, Method::PUT, "/v1/budgets", body).await;
        refused.assert_problem(422, "request.invalid");
    }
    let mut nobody = good;
    (nobody["scope"], nobody["scope_id"]) = (json!("key"), json!("0".repeat(32)));
    let refused = send(&server, &admin, Method::PUT, "/v1/budgets", nobody).await;
    refused.assert_problem(404, "budget.unknown");
    let refused = send(&server, &admin, Method::DELETE, "/v1/budgets/x", Value::Null).await;
    refused.assert_problem(404, "budget.unknown");
}

#[tokio::test]
async fn a_minute_ends_and_says_when() {
    let server = Server::new().await;
    let answer = server.chat(hello(json!({}))).await;
    assert!(!answer.headers.contains_key("x-ratelimit-limit-requests"), "no limit, no header");
    limit(&server, "organisation.requests_per_minute", 3).await;
    for remaining in ["1", "0"] {
        let answer = server.chat(hello(json!({}))).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let told = ["limit", "remaining", "reset"]
            .map(|word| answer.header(&format!("x-ratelimit-{word}-requests")).to_owned());
        assert_eq!(told, ["3", remaining, "61s"], "what was before counts too");
    }
    let before = server.engine.counts().started;
    let refused = server.chat(hello(json!({}))).await;
    refused.assert_problem(429, "rate.limited");
    assert_eq!(refused.json()["type"], "rate_limit_error");
    assert_eq!(refused.header("retry-after"), "61");
    assert_eq!(refused.header("x-ratelimit-remaining-requests"), "0");
    assert_eq!(server.engine.counts().started, before, "nothing was begun");
    assert_eq!(server.store.usage_records().len(), 3);
    let outcomes = server.audit();
    let last = outcomes.last().map(|(action, outcome)| (action.as_str(), outcome.as_str()));
    assert_eq!(last, Some(("chat.complete", "rate.limited")));
    server.clock.advance(Duration::from_secs(61));
    assert_eq!(server.chat(hello(json!({}))).await.status, 200);
}

#[tokio::test]
async fn a_month_is_used_up_by_chat_vectors_and_conversations_alike() {
    let server = Server::new().await;
    limit(&server, "organisation.tokens_per_month", 1).await;
    let vectors = json!({"model": "fake-embedder", "input": "Bonjour"}).to_string();
    let embed = || server.request(Method::POST, "/v1/embeddings", vectors.clone());
    assert_eq!(server.send(embed()).await.status, 200, "something is left");
    server.send(embed()).await.assert_problem(429, "budget.exceeded");
    let refused = server.chat(hello(json!({}))).await;
    refused.assert_problem(429, "budget.exceeded");
    // From the first moment of January.
    assert_eq!(refused.header("retry-after"), (31 * 86_400).to_string());
    let body = json!({"model": "fake-model", "input": "Bonjour"}).to_string();
    let refused = server.send(server.request(Method::POST, "/v1/responses", body)).await;
    refused.assert_problem(429, "budget.exceeded");
    let body = json!({"model": "fake-model", "inputs": "Bonjour"}).to_string();
    let turn = server.send(server.request(Method::POST, "/v1/conversations", body)).await;
    turn.assert_problem(429, "budget.exceeded");
    server.clock.advance(Duration::from_hours(31 * 24));
    assert_eq!(server.chat(hello(json!({}))).await.status, 200, "February");
}

#[tokio::test]
async fn several_answers_are_one_request_and_all_their_tokens() {
    let server = Server::new().await;
    limit(&server, "organisation.tokens_per_month", 1_000).await;
    let answer = server.chat(hello(json!({"n": 3}))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let told = answer.json();
    let operator = server.access.operator().await.unwrap();
    let standing = server.budgets.list(&operator).await.unwrap().remove(0);
    assert_eq!((Some(standing.used), standing.held), (told["usage"]["total_tokens"].as_u64(), 0));
    limit(&server, "organisation.requests_per_minute", 2).await;
    assert_eq!(server.chat(hello(json!({"n": 3}))).await.status, 200, "the second request");
    server.chat(hello(json!({"n": 3}))).await.assert_problem(429, "rate.limited");
}

#[tokio::test]
async fn a_request_that_fails_to_start_gives_everything_back() {
    let server = Server::new().await;
    limit(&server, "organisation.requests_per_minute", 1).await;
    limit(&server, "organisation.tokens_per_month", 1).await;
    for _ in 0..3 {
        server.engine.behave(testkit::Behaviour::Busy { retry_after_seconds: 3 });
        server.chat(hello(json!({}))).await.assert_problem(429, "capacity.exhausted");
        server.engine.behave(testkit::Behaviour::Fail);
        server.chat(hello(json!({}))).await.assert_problem(500, "engine.failed");
    }
    server.engine.behave(testkit::Behaviour::default());
    assert_eq!(server.chat(hello(json!({}))).await.status, 200);
}

#[tokio::test]
async fn usage_is_split_and_priced() {
    let server = Server::with(at_prices()).await;
    for _ in 0..2 {
        server.chat(hello(json!({}))).await;
    }
    let path = "/v1/usage?from=2026-01-01&to=2026-01-31&by=model,day,project";
    let report = server.get(path).await;
    assert_eq!(report.status, 200, "{}", report.body);
    let report = report.json();
    assert_eq!((&report["from"], &report["to"]), (&json!("2026-01-01"), &json!("2026-01-31")));
    let rows = report["data"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{report}");
    let row = &rows[0];
    assert_eq!((&row["model"], &row["day"]), (&json!("fake-model"), &json!("2026-01-01")));
    assert_eq!(row["project"], server.caller.project.to_string());
    assert_eq!(row["requests"], 2);
    let number = |name: &str| row[name].as_f64().unwrap();
    let expected = number("prompt_tokens") * 0.001 + number("completion_tokens") * 0.002;
    assert!((number("cost_euros") - expected).abs() < 1e-9, "{row}");
    assert!(row["energy"]["joules"].as_f64().unwrap() > 0.0, "{row}");
    for member in ["method", "uncertainty_percent"] {
        assert!(!row["energy"][member].is_null() && !row["co2e"][member].is_null(), "{row}");
    }
    let now = server.get("/v1/usage").await.json();
    assert_eq!((&now["from"], &now["to"]), (&json!("2026-01-01"), &json!("2026-01-01")));
    assert_eq!((&now["data"][0]["requests"], &now["data"][0]["model"]), (&json!(2), &Value::Null));
    let elsewhere = server.get("/v1/usage?from=2025-12-01&to=2025-12-31").await.json();
    assert_eq!(elsewhere["data"], json!([]));
    for query in ["from=x", "to=2025-01-01", "by=team", "from=2020-01-01", "by=day&by=day"] {
        let refused = server.get(&format!("/v1/usage?{query}")).await;
        refused.assert_problem(422, "request.invalid");
    }
}

#[tokio::test]
async fn members_see_their_own_usage_and_auditors_all() {
    let server = Server::new().await;
    server.chat(hello(json!({}))).await;
    for (role, expected) in [
        (Role::Member, None),
        (Role::Developer, None),
        (Role::Auditor, Some(json!(1))),
        (Role::Admin, Some(json!(1))),
        (Role::Owner, Some(json!(1))),
    ] {
        let cookie = browser(&server, role).await;
        let report = send(&server, &cookie, Method::GET, "/v1/usage", Value::Null).await.json();
        let requests =
            report["data"].as_array().unwrap().first().map(|row| row["requests"].clone());
        assert_eq!(requests, expected, "{role:?}");
    }
}

/// The last of a limit goes to one of two hundred, and to no more.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_requests_at_once_pass_a_limit_by_one_at_most() {
    let limits = inference::ChatLimits { requests_max: 1_000, ..Default::default() };
    let server = std::sync::Arc::new(Server::with(Setting { limits, ..Setting::default() }).await);
    limit(&server, "organisation.tokens_per_month", 100).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let server = std::sync::Arc::clone(&server);
        tasks.spawn(async move { server.chat(hello(json!({"max_tokens": 2}))).await.status });
    }
    let statuses = tasks.join_all().await;
    assert!(statuses.iter().all(|status| [200, 429].contains(&status.as_u16())), "{statuses:?}");
    // What was held and not used is asked for again.
    while server.chat(hello(json!({"max_tokens": 2}))).await.status == 200 {}
    let rows = server.store.usage_records();
    let used = rows.iter().filter_map(|row| row.figures.as_ref());
    let each: Vec<u32> =
        used.map(|figures| figures.prompt_tokens + figures.completion_tokens).collect();
    let (sum, largest) = (each.iter().sum::<u32>(), each.iter().max().unwrap());
    assert!((100..100 + largest).contains(&sum), "{sum} of 100, at most {largest} a request");
    let count = statuses.iter().filter(|status| status.as_u16() == 200).count();
    assert!(rows.len() >= count, "each answer has its row");
}
