//! The customer's rules at the edge: they deny what roles allow, and never the other way round.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::http::Method;
use domain::{AccountKind, Permission, Permissions, Role};
use governance::{Act, Actor, Asked, NewAccount, NewKey, RulesError, ports::Rules};
use serde_json::json;

use crate::server::{Server, Setting, anonymous, hello};

/// Says what it is told to say.
#[derive(Default)]
struct Told {
    asked: AtomicUsize,
    says: std::sync::Mutex<Says>,
}

#[derive(Clone, Copy, Default)]
enum Says {
    #[default]
    Yes,
    No(&'static str),
    Nothing,
}

impl Told {
    fn say(&self, says: Says) {
        *self.says.lock().unwrap() = says;
    }
}

impl Rules for Told {
    fn are_there(&self) -> Result<bool, RulesError> {
        Ok(true)
    }

    fn decide(&self, asked: &Asked<'_>) -> Result<(), RulesError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let Actor::Account { account, .. } = asked.actor else { panic!("{asked:?}") };
        assert_eq!(account.kind, AccountKind::Person);
        let action = match asked.act {
            Act::Use(permission) => permission.as_str(),
            Act::Infer(_) => "infer",
            Act::Embed(_) => "embed",
            Act::Send(_) => "send",
        };
        match *self.says.lock().unwrap() {
            Says::No(what) if what == action => Err(RulesError::Forbidden { rule: "no".into() }),
            Says::Nothing => Err(RulesError::Unavailable { reason: "a secret place".into() }),
            Says::Yes | Says::No(_) => Ok(()),
        }
    }
}

async fn server() -> (Server, Arc<Told>) {
    let told = Arc::new(Told::default());
    let rules = Some(Arc::clone(&told) as Arc<dyn Rules>);
    (Server::with(Setting { rules, ..Setting::default() }).await, told)
}

#[tokio::test]
async fn a_rule_denies_routes_and_models_by_name() {
    let (server, told) = server().await;
    assert_eq!(server.chat(hello(json!({}))).await.status, 200);
    assert_eq!(told.asked.load(Ordering::Relaxed), 2, "the route, then the model");
    told.say(Says::No("infer"));
    let answer = server.chat(hello(json!({}))).await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()["code"].as_str()),
        (403, Some("policy.denied"))
    );
    assert!(answer.json()["message"].as_str().unwrap().contains("`no`"));
    let body = json!({"model": "fake-embedder", "input": "a"}).to_string();
    let embed = server.send(server.request(Method::POST, "/v1/embeddings", body.clone())).await;
    assert_eq!(embed.status, 200, "another action");
    told.say(Says::No("embed"));
    let embed = server.send(server.request(Method::POST, "/v1/embeddings", body)).await;
    assert_eq!(
        (embed.status.as_u16(), embed.json()["code"].as_str()),
        (403, Some("policy.denied"))
    );
    told.say(Says::No("conversations"));
    let list = server.send(server.request(Method::GET, "/v1/conversations", "")).await;
    assert_eq!((list.status.as_u16(), list.json()["code"].as_str()), (403, Some("policy.denied")));
    server.assert_audit(&[
        ("chat.complete", "ok"),
        ("chat.complete", "policy.denied"),
        ("embedding.create", "ok"),
        ("embedding.create", "policy.denied"),
        ("request.refused", "policy.denied"),
    ]);
}

#[tokio::test]
async fn rules_that_cannot_be_asked_deny_everything_and_tell_no_stranger_why() {
    let (server, told) = server().await;
    told.say(Says::Nothing);
    for path in ["/v1/models", "/v1/conversations"] {
        let answer = server.send(server.request(Method::GET, path, "")).await;
        let code = answer.json()["code"].clone();
        assert_eq!(
            (answer.status.as_u16(), code.as_str()),
            (503, Some("policy.unavailable")),
            "{path}"
        );
        assert!(!answer.json().to_string().contains("secret place"), "{path}");
    }
    assert_eq!(server.send(anonymous(Method::GET, "/health", "")).await.status, 200);
}

/// Rules that permit everything to everybody: roles and keys still decide, for each of them.
#[tokio::test]
async fn rules_never_allow_what_roles_and_keys_do_not() {
    let (server, told) = server().await;
    let routes = [
        (Permission::UseModels, "/v1/models"),
        (Permission::Converse, "/v1/conversations"),
        (Permission::ReadLog, "/log/tile/entries/000.p/1"),
    ];
    server.log.checkpoint().await.unwrap();
    for role in Role::ALL {
        let name = format!("role-{}", role.as_str().replace('_', "-")).parse().unwrap();
        let new = NewAccount { name, kind: AccountKind::Person, role };
        let operator = server.access.operator().await.unwrap();
        let account = server.access.create_account(&operator, &new).await.unwrap();
        let permissions = role.permissions().and(Permissions::OF_KEYS);
        let new = NewKey { account: Some(account.id), permissions, ..NewKey::named("a key") };
        let key = server.access.create_key(&operator, &new).await.unwrap().secret.expose();
        for (permission, path) in routes {
            let before = told.asked.load(Ordering::Relaxed);
            let mut request = anonymous(Method::GET, path, "");
            let value = format!("Bearer {key}").parse().unwrap();
            request.headers_mut().insert("authorization", value);
            let status = server.send(request).await.status.as_u16();
            let allowed = permissions.contains(permission);
            assert_eq!(status, if allowed { 200 } else { 403 }, "{role:?} {path}");
            let asked = told.asked.load(Ordering::Relaxed) - before;
            assert_eq!(asked, usize::from(allowed), "asked last, and only then");
        }
    }
}
