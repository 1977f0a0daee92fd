//! Two persons open one person's conversations, and nobody else ever does.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use domain::{AccountId, AccountKind, Role};
use governance::{NewAccount, NewKey, Wish};
use serde_json::{Value, json};

use crate::server::{Answer, Server, anonymous};

const CANARY: &str = "zyzzyva-secret";
const ROOT: &str = "/v1/break-glass";

/// Somebody with a browser.
struct Somebody<'a> {
    server: &'a Server,
    id: AccountId,
    cookie: String,
}

impl<'a> Somebody<'a> {
    async fn new(server: &'a Server, name: &str, role: Role) -> Self {
        let operator = server.access.operator().await.unwrap();
        let new = NewAccount { name: name.parse().unwrap(), kind: AccountKind::Person, role };
        let account = server.access.create_account(&operator, &new).await.unwrap();
        let link = server.access.invite(&operator, account.id).await.unwrap();
        let token = server.access.sign_in(&link).await.unwrap().token;
        let cookie = format!("galerne_session={}", token.expose());
        Self { server, id: account.id, cookie }
    }

    fn request(&self, method: Method, path: &str, body: impl Into<Body>) -> Request<Body> {
        let mut request = anonymous(method, path, body);
        request.headers_mut().insert(header::COOKIE, self.cookie.parse().unwrap());
        let origin = "http://localhost:8080".parse().unwrap();
        request.headers_mut().insert(header::ORIGIN, origin);
        request
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.server.send(self.request(method, path, body)).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, Value::Null).await
    }

    /// With a conversation that nobody else shall see.
    async fn converse(&self) -> String {
        let body = json!({"model": "fake-model", "inputs": CANARY, "name": CANARY});
        let answer = self.send(Method::POST, "/v1/conversations", body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["conversation_id"].as_str().unwrap().to_owned()
    }

    async fn ask(&self, of: &Somebody<'_>, minutes: u16) -> Answer {
        let reason = "a person is in danger, case 7";
        let body = json!({"account": of.id.to_string(), "reason": reason, "minutes": minutes});
        self.send(Method::POST, ROOT, body).await
    }

    async fn agree(&self, opening: &str) -> Answer {
        self.send(Method::POST, &format!("{ROOT}/{opening}/approval"), Value::Null).await
    }

    async fn close(&self, opening: &str) -> Answer {
        self.send(Method::DELETE, &format!("{ROOT}/{opening}"), Value::Null).await
    }

    async fn read(&self, opening: &str, conversation: &str) -> Answer {
        self.get(&format!("{ROOT}/{opening}/conversations/{conversation}")).await
    }

    async fn change(&self, wish: Wish) {
        let operator = self.server.access.operator().await.unwrap();
        self.server.access.update_account(&operator, self.id, wish).await.unwrap();
    }
}

/// What the routes of the access table are asked about.
pub(crate) struct Staged {
    pub(crate) opening: String,
    pub(crate) conversation: String,
    pub(crate) account: String,
}

impl Staged {
    /// Asked by an officer, or by the first owner with the officer's consent.
    pub(crate) async fn new(server: &Server, is_open: bool) -> Self {
        let officer = Somebody::new(server, "officer", Role::DataOfficer).await;
        let anne = Somebody::new(server, "anne", Role::Member).await;
        let conversation = anne.converse().await;
        let token = server.access.create_link(&server.caller).await.unwrap();
        let token = server.access.sign_in(&token).await.unwrap().token;
        let cookie = format!("galerne_session={}", token.expose());
        let owner = Somebody { server, id: server.caller.account, cookie };
        let asker = if is_open { &owner } else { &officer };
        let opening = id_of(&asker.ask(&anne, 30).await);
        if is_open {
            assert_eq!(officer.agree(&opening).await.status, 200);
        }
        Self { opening, conversation, account: anne.id.to_string() }
    }
}

fn id_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.json()["id"].as_str().unwrap().to_owned()
}

struct Case<'a> {
    owner: Somebody<'a>,
    officer: Somebody<'a>,
    anne: Somebody<'a>,
    conversation: String,
}

impl<'a> Case<'a> {
    async fn new(server: &'a Server) -> Self {
        let owner = Somebody::new(server, "boss", Role::Owner).await;
        let officer = Somebody::new(server, "officer", Role::DataOfficer).await;
        let anne = Somebody::new(server, "anne", Role::Member).await;
        let conversation = anne.converse().await;
        Self { owner, officer, anne, conversation }
    }

    /// Asked by the owner and agreed to by the officer, for half an hour.
    async fn open(&self) -> String {
        let opening = id_of(&self.owner.ask(&self.anne, 30).await);
        let answer = self.officer.agree(&opening).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["state"]), (200, &json!("open")));
        opening
    }

    async fn assert_shut(&self, opening: &str, status: u16, code: &str) {
        let one = self.owner.read(opening, &self.conversation).await;
        let all = self.owner.get(&format!("{ROOT}/{opening}/conversations")).await;
        for answer in [one, all] {
            answer.assert_problem(status, code);
            assert!(!answer.body.contains(CANARY));
        }
    }
}

#[tokio::test]
async fn two_persons_open_conversations_for_a_while() {
    let server = Server::new().await;
    let case = Case::new(&server).await;
    let opening = id_of(&case.owner.ask(&case.anne, 30).await);
    case.assert_shut(&opening, 409, "opening.over").await;
    case.owner.agree(&opening).await.assert_problem(403, "opening.denied");
    assert_eq!(case.officer.agree(&opening).await.status, 200);
    let before = server.audit().len();
    let read = case.owner.read(&opening, &case.conversation).await;
    assert_eq!(read.status, 200, "{}", read.body);
    assert!(read.body.contains(CANARY));
    let listed = case.owner.get(&format!("{ROOT}/{opening}/conversations")).await.json();
    assert_eq!(listed["total"], 1);
    let entry = ("break_glass.read".to_owned(), "ok".to_owned());
    assert_eq!(server.audit()[before..], [entry.clone(), entry]);
    let denied = case.officer.read(&opening, &case.conversation).await;
    denied.assert_problem(403, "opening.denied");

    server.clock.advance(Duration::from_secs(30 * 60 - 1));
    assert_eq!(case.owner.read(&opening, &case.conversation).await.status, 200);
    server.clock.advance(Duration::from_secs(1));
    case.assert_shut(&opening, 409, "opening.over").await;
    let told = case.anne.get(ROOT).await.json();
    assert_eq!(told["data"][0]["state"], "ended");
}

#[tokio::test]
async fn whoever_is_concerned_sees_it_and_nobody_else() {
    let server = Server::new().await;
    let case = Case::new(&server).await;
    let bob = Somebody::new(&server, "bob", Role::Admin).await;
    let auditor = Somebody::new(&server, "auditor", Role::Auditor).await;
    let opening = case.open().await;
    for who in [&case.anne, &case.officer, &case.owner, &auditor] {
        let told = who.get(ROOT).await.json();
        assert_eq!(told["data"][0]["id"].as_str(), Some(opening.as_str()));
        assert_eq!(told["data"][0]["reason"], "a person is in danger, case 7");
        assert_eq!(told["data"][0]["requester"], json!(case.owner.id.to_string()));
        assert_eq!(told["data"][0]["approver"], json!(case.officer.id.to_string()));
        let names = ["account_name", "requester_name", "approver_name", "closer_name"];
        let names = names.map(|name| told["data"][0][name].as_str().map(str::to_owned));
        assert_eq!(names.map(Option::unwrap_or_default), ["anne", "boss", "officer", ""]);
    }
    assert_eq!(bob.get(ROOT).await.json()["data"], json!([]));
    for denied in [
        bob.ask(&case.anne, 30).await,
        bob.agree(&opening).await,
        bob.close(&opening).await,
        bob.read(&opening, &case.conversation).await,
        auditor.ask(&case.anne, 30).await,
        auditor.agree(&opening).await,
        auditor.close(&opening).await,
        auditor.read(&opening, &case.conversation).await,
        case.anne.close(&opening).await,
    ] {
        denied.assert_problem(403, "auth.forbidden");
    }
}

#[tokio::test]
async fn it_can_be_refused_and_ended_early() {
    let server = Server::new().await;
    let case = Case::new(&server).await;
    let asked = id_of(&case.owner.ask(&case.anne, 30).await);
    assert_eq!(case.officer.close(&asked).await.json()["state"], "refused");
    case.officer.agree(&asked).await.assert_problem(409, "opening.over");
    let opening = case.open().await;
    assert_eq!(case.officer.close(&opening).await.json()["state"], "revoked");
    case.assert_shut(&opening, 409, "opening.over").await;
    case.officer.close(&opening).await.assert_problem(409, "opening.over");
    let late = id_of(&case.owner.ask(&case.anne, 30).await);
    server.clock.advance(Duration::from_hours(24));
    let officer = Somebody::new(&server, "officer-2", Role::DataOfficer).await;
    officer.agree(&late).await.assert_problem(409, "opening.over");
}

#[tokio::test]
async fn a_role_or_an_account_that_is_lost_ends_it() {
    for wish in [
        Wish { role: Some(Role::Member), disabled: None },
        Wish { role: None, disabled: Some(true) },
    ] {
        let server = Server::new().await;
        let case = Case::new(&server).await;
        let opening = case.open().await;
        case.officer.change(wish).await;
        case.assert_shut(&opening, 403, "opening.denied").await;
    }
    let server = Server::new().await;
    let case = Case::new(&server).await;
    let opening = case.open().await;
    case.owner.change(Wish { role: Some(Role::Admin), disabled: None }).await;
    case.assert_shut(&opening, 403, "auth.forbidden").await;
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let server = Server::new().await;
    let case = Case::new(&server).await;
    let ask = async |account: &str, reason: &str, minutes: Value| {
        let body = json!({"account": account, "reason": reason, "minutes": minutes});
        case.owner.send(Method::POST, ROOT, body).await
    };
    let (anne, good) = (case.anne.id.to_string(), "a good reason");
    for (reason, minutes) in [
        ("short", json!(30)),
        (good, json!(4)),
        (good, json!(241)),
        (good, json!(-1)),
        (good, json!("30")),
        (&"x".repeat(1_001), json!(30)),
        ("          ", json!(30)),
    ] {
        ask(&anne, reason, minutes).await.assert_problem(422, "request.invalid");
    }
    ask(&anne.replace('0', "1"), good, json!(30)).await.assert_problem(404, "account.unknown");
    ask("nobody", good, json!(30)).await.assert_problem(404, "account.unknown");
    let own = ask(&case.owner.id.to_string(), good, json!(30)).await;
    own.assert_problem(403, "opening.denied");
    for path in ["x", "00000000000000000000000000000000"] {
        case.officer.agree(path).await.assert_problem(404, "opening.unknown");
        case.officer.close(path).await.assert_problem(404, "opening.unknown");
    }
    let opening = case.open().await;
    let foreign = case.owner.read(&opening, "conv_00000000000000000000000000000000").await;
    foreign.assert_problem(404, "conversation.not_found");
}

/// Two owners are not enough: one of the two watches over data.
#[tokio::test]
async fn one_of_the_two_is_a_data_officer() {
    let server = Server::new().await;
    let case = Case::new(&server).await;
    let second = Somebody::new(&server, "boss-2", Role::Owner).await;
    let opening = id_of(&case.owner.ask(&case.anne, 30).await);
    second.agree(&opening).await.assert_problem(403, "opening.denied");
    let other = id_of(&case.officer.ask(&case.anne, 30).await);
    assert_eq!(second.agree(&other).await.status, 200);
    assert_eq!(case.officer.read(&other, &case.conversation).await.status, 200);
}

/// Every route of the document that names something, asked by everybody who is not its account,
/// with a session and with a key: nothing that was said comes back.
#[tokio::test]
async fn no_role_reads_what_another_account_wrote() {
    let document = serde_json::to_value(api::openapi()).unwrap();
    let mut routes = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            // Whoever signs out is refused for another reason.
            if operation["x-permission"].is_string() && !path.starts_with("/v1/session") {
                let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                routes.push((method, path.clone()));
            }
        }
    }
    assert!(routes.len() > 30, "{routes:?}");
    for role in Role::ALL {
        let server = Server::new().await;
        let anne = Somebody::new(&server, "anne", Role::Member).await;
        let conversation = anne.converse().await;
        let draft = json!({"text": CANARY});
        let path = format!("/v1/conversations/{conversation}/draft");
        assert_eq!(anne.send(Method::PUT, &path, draft).await.status, 204);
        let other = Somebody::new(&server, "other", role).await;
        let operator = server.access.operator().await.unwrap();
        let permissions = role.permissions().and(domain::Permissions::OF_KEYS);
        let new = NewKey { account: Some(other.id), permissions, ..NewKey::named("own") };
        let key = server.access.create_key(&operator, &new).await.unwrap().secret.expose();
        for (method, path) in &routes {
            let path = path.replace("{id}", &conversation).replace("{conversation}", &conversation);
            let path = path.replace("{level}", "0").replace("{*position}", "000.p/1");
            let body = json!({"inputs": "x", "model": "fake-model"}).to_string();
            let mut with_key = anonymous(method.clone(), &path, body.clone());
            let bearer = format!("Bearer {key}").parse().unwrap();
            with_key.headers_mut().insert(header::AUTHORIZATION, bearer);
            for request in [other.request(method.clone(), &path, body), with_key] {
                let answer = server.send(request).await;
                assert!(!answer.body.contains(CANARY), "{role:?} {method} {path}");
                if path.starts_with("/v1/conversations/") {
                    assert!(
                        [401, 403, 404, 422].contains(&answer.status.as_u16()),
                        "{role:?} {path}"
                    );
                }
            }
        }
        let search = format!("/v1/conversations?search={CANARY}");
        assert!(!other.get(&search).await.body.contains(CANARY), "{role:?}");
        let own = anne.get(&format!("/v1/conversations/{conversation}/history")).await;
        assert!(own.body.contains(CANARY), "the control");
    }
}
