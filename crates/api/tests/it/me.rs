//! Who asks and what it used, as clients of Albert read it.

use std::time::Duration;

use api::{ApiSettings, ModelTypes};
use axum::http::Method;
use domain::{AccountKind, Role};
use governance::NewAccount;
use serde_json::{Value, json};

use crate::{
    budget::{at_prices, browser, limit, send},
    server::{Server, Setting, hello},
};

/// The row of a request that was answered with this body, of these rows.
fn row_of<'a>(rows: &'a Value, answer: &Value) -> &'a Value {
    let id = answer["id"].as_str().unwrap();
    let (_, id) = id.rsplit_once('-').unwrap();
    rows["data"].as_array().unwrap().iter().find(|row| row["id"] == id).unwrap()
}

async fn embed(server: &Server) -> Value {
    let vectors = json!({"model": "fake-embedder", "input": "Bonjour"}).to_string();
    let answer = server.send(server.request(Method::POST, "/v1/embeddings", vectors)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

#[tokio::test]
async fn a_key_is_told_whose_it_is() {
    let server = Server::new().await;
    let answer = server.get("/v1/me/info").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let me = answer.json();
    assert_eq!((&me["object"], &me["name"]), (&json!("userInfo"), &json!("owner")));
    for member in ["email", "budget", "expires"] {
        assert_eq!(me[member], Value::Null, "{member}");
    }
    for member in ["limits", "permissions"] {
        assert_eq!(me[member], json!([]), "{member}");
    }
    for member in ["id", "organization", "created", "updated"] {
        assert!(me[member].as_u64().unwrap() < 1 << 53, "{me}");
    }
    let caller = &me["caller"];
    assert_eq!(caller["account"], server.caller.account.to_string());
    assert_eq!(caller["organisation"], server.caller.organisation.to_string());
    assert_eq!(caller["project"], server.caller.project.to_string());
    assert!(caller["key"].is_string(), "{caller}");
    assert_eq!((&caller["kind"], &caller["role"]), (&json!("person"), &json!("owner")));
    server.assert_audit(&[("account.read", "ok")]);
}

#[tokio::test]
async fn an_account_that_is_named_by_an_address_has_one() {
    let server = Server::new().await;
    let name = "anne@ministere.example".parse().unwrap();
    let new = NewAccount { name, kind: AccountKind::Person, role: Role::Member };
    let operator = server.access.operator().await.unwrap();
    let account = server.access.create_account(&operator, &new).await.unwrap();
    let link = server.access.invite(&operator, account.id).await.unwrap();
    let signed_in = server.access.sign_in(&link).await.unwrap();
    let cookie = format!("galerne_session={}", signed_in.token.expose());
    let me = send(&server, &cookie, Method::GET, "/v1/me/info", Value::Null).await.json();
    assert_eq!(me["email"], "anne@ministere.example");
    assert_eq!(me["caller"]["key"], Value::Null, "a browser has none");
    assert_eq!(me["caller"]["account"], account.id.to_string());
}

#[tokio::test]
async fn limits_and_money_are_told_as_they_stand() {
    let server = Server::with(at_prices()).await;
    let account = server.caller.account;
    limit(&server, &format!("account.{account}.euros_per_month"), 12_500_000).await;
    limit(&server, "organisation.euros_per_month", 7_000_000).await;
    limit(&server, "organisation.requests_per_minute", 3).await;
    let me = server.get("/v1/me/info").await.json();
    assert_eq!(me["budget"], 12.5, "of the organisation a caller is told no money");
    let whole = json!([{"router": 0, "type": "rpm", "value": 3, "remaining": 3}]);
    assert_eq!(me["limits"], whole);
    let answer = server.chat(hello(json!({}))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let me = server.get("/v1/me/info").await.json();
    assert_eq!(me["limits"][0]["remaining"], 2);
    let rows = server.get("/v1/me/usage").await.json();
    let cost = row_of(&rows, &answer.json())["usage"]["cost"].as_f64().unwrap();
    assert!(cost > 0.0, "{rows}");
    assert!((12.5 - cost - me["budget"].as_f64().unwrap()).abs() < 1e-9, "{me}");
    let admin = browser(&server, Role::Admin).await;
    let other = send(&server, &admin, Method::GET, "/v1/me/info", Value::Null).await.json();
    assert_eq!(other["budget"], Value::Null, "the limit of somebody else");
}

#[tokio::test]
async fn requests_are_told_one_by_one() {
    let server = Server::with(at_prices()).await;
    let chat = server.chat(hello(json!({}))).await.json();
    server.clock.advance(Duration::from_secs(1));
    let vectors = embed(&server).await;
    let rows = server.get("/v1/me/usage").await.json();
    assert_eq!((&rows["object"], rows["data"].as_array().unwrap().len()), (&json!("list"), 2));
    let row = row_of(&rows, &chat);
    assert_eq!(row, &rows["data"][1], "the newest first");
    assert_eq!((&row["object"], &row["model"]), (&json!("me.usage"), &json!("fake-model")));
    assert_eq!((&row["outcome"], &row["status"]), (&json!("finished"), &json!(200)));
    assert_eq!(row["endpoint"], "/v1/chat/completions");
    assert!(row["key"].is_string() && row["created"].is_i64(), "{row}");
    let usage = &row["usage"];
    for member in ["prompt_tokens", "completion_tokens", "total_tokens"] {
        assert_eq!(usage[member], chat["usage"][member], "{member}");
    }
    let energy = chat["usage"]["energy_joules"].as_f64().unwrap() / 3.6e6;
    assert!((usage["impacts"]["kWh"].as_f64().unwrap() - energy).abs() < 1e-12, "{usage}");
    assert!(usage["impacts"]["kgCO2eq"].is_f64() && usage["metrics"]["latency"].is_u64());
    let asked = server.get("/v1/me/usage?endpoint=/v1/embeddings").await.json();
    assert_eq!(asked["data"], json!([rows["data"][0]]));
    assert_eq!(asked["data"][0], *row_of(&rows, &vectors));
    let second = server.get("/v1/me/usage?offset=1&limit=1").await.json();
    assert_eq!(second["data"], json!([rows["data"][1]]));
    let created = row["created"].as_i64().unwrap();
    let first = server.get(&format!("/v1/me/usage?end_time={created}")).await.json();
    assert_eq!(first["data"], json!([rows["data"][1]]), "the last second belongs to it");
    let none = server.get("/v1/me/usage?endpoint=/v1/ocr").await.json();
    assert_eq!(none["data"], json!([]));
}

#[tokio::test]
async fn nobody_sees_the_requests_of_others() {
    let server = Server::new().await;
    server.chat(hello(json!({}))).await;
    for role in [Role::Admin, Role::Auditor, Role::Member] {
        let cookie = browser(&server, role).await;
        let rows = send(&server, &cookie, Method::GET, "/v1/me/usage", Value::Null).await;
        assert_eq!(rows.status, 200, "{}", rows.body);
        assert_eq!(rows.json()["data"], json!([]), "{role:?}");
    }
    let before = server.audit().len();
    for query in ["limit=0", "limit=101", "offset=-1", "endpoint=x", "start_time=2&end_time=1"] {
        let refused = server.get(&format!("/v1/me/usage?{query}")).await;
        refused.assert_problem(422, "request.invalid");
    }
    let refusals = server.audit().split_off(before);
    let expected = ("request.refused".to_owned(), "request.invalid".to_owned());
    assert_eq!(refusals.len(), 5);
    assert!(refusals.iter().all(|refusal| *refusal == expected), "{refusals:?}");
}

#[tokio::test]
async fn models_tell_what_they_cost() {
    let server = Server::with(at_prices()).await;
    let models = server.get("/v1/models").await.json();
    let costs = |prompts: u32, answers: u32| json!({"prompt_tokens": prompts, "completion_tokens": answers});
    assert_eq!(models["data"][0]["costs"], costs(1_000, 2_000));
    assert_eq!(models["data"][1]["costs"], costs(0, 0), "the settings name no price");
    let card = server.get("/v1/models/fake-model").await.json();
    assert_eq!(card["costs"], costs(1_000, 2_000));
}

#[tokio::test]
async fn types_of_models_are_told_as_the_settings_say() {
    for (model_types, expected) in [
        (ModelTypes::Mistral, ["base", "base"]),
        (ModelTypes::Albert, ["text-generation", "text-embeddings-inference"]),
    ] {
        let settings = ApiSettings { model_types, ..ApiSettings::default() };
        let server = Server::with(Setting { settings, ..Setting::default() }).await;
        let models = server.get("/v1/models").await.json();
        let types = [0, 1].map(|index: usize| models["data"][index]["type"].clone());
        assert_eq!(types, expected.map(Value::from), "{model_types:?}");
        let card = server.get("/v1/models/fake-model").await.json();
        assert_eq!(card["type"], expected[0]);
    }
}
