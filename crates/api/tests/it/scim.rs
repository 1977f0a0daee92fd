//! Accounts and groups as an identity provider says, over the real router.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use domain::{AccountKind, Permission, Permissions, Role};
use governance::{NewAccount, NewKey};
use serde_json::{Value, json};

use crate::server::{Answer, Server, anonymous};

const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// A provider with a key.
struct Provider<'a> {
    server: &'a Server,
    key: String,
}

/// A key of the first owner that provisions, and does nothing else.
pub(crate) async fn provisioning_key(server: &Server) -> String {
    let operator = server.access.operator().await.unwrap();
    let permissions = Permissions::of(&[Permission::Provision]);
    let new = NewKey { permissions, ..NewKey::named("provider") };
    let created = server.access.create_key(&operator, &new).await.unwrap();
    created.secret.expose()
}

impl<'a> Provider<'a> {
    /// With a key of the first owner.
    async fn new(server: &'a Server) -> Self {
        Self { server, key: provisioning_key(server).await }
    }

    /// With a key of a program that is an admin.
    async fn of_admin(server: &'a Server) -> Self {
        let operator = server.access.operator().await.unwrap();
        let (name, kind) = ("provider".parse().unwrap(), AccountKind::Service);
        let new = NewAccount { name, kind, role: Role::Admin };
        let account = server.access.create_account(&operator, &new).await.unwrap();
        let permissions = Permissions::of(&[Permission::Provision]);
        let new = NewKey { account: Some(account.id), permissions, ..NewKey::named("provider") };
        let created = server.access.create_key(&operator, &new).await.unwrap();
        Self { server, key: created.secret.expose() }
    }

    fn request(&self, method: Method, path: &str, body: impl Into<Body>) -> Request<Body> {
        let mut request = anonymous(method, &format!("/scim/v2{path}"), body);
        let key = format!("Bearer {}", self.key).parse().unwrap();
        request.headers_mut().insert(header::AUTHORIZATION, key);
        request
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.server.send(self.request(method, path, body)).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, Value::Null).await
    }

    async fn user(&self, members: Value) -> Value {
        self.server.clock.advance(Duration::from_millis(1));
        let answer = self.send(Method::POST, "/Users", members).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        assert_eq!(answer.header("content-type"), "application/scim+json");
        let user = answer.json();
        assert_eq!(answer.header("location"), user["meta"]["location"].as_str().unwrap());
        user
    }

    async fn group(&self, name: &str, members: &[&Value]) -> Value {
        self.server.clock.advance(Duration::from_millis(1));
        let members: Vec<_> = members.iter().map(|user| json!({"value": user["id"]})).collect();
        let body = json!({"displayName": name, "members": members});
        let answer = self.send(Method::POST, "/Groups", body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.json()
    }

    async fn patch(&self, path: &str, operations: Value) -> Answer {
        self.send(Method::PATCH, path, json!({"Operations": operations})).await
    }

    async fn role(&self, user: &Value) -> Role {
        let id = user["id"].as_str().unwrap().parse().unwrap();
        let accounts = self.server.access.list_accounts(&self.server.caller).await.unwrap();
        accounts.into_iter().find(|account| account.id == id).unwrap().role
    }
}

fn path_of(resource: &Value) -> String {
    let location = resource["meta"]["location"].as_str().unwrap();
    location.strip_prefix("/scim/v2").unwrap().to_owned()
}

#[track_caller]
fn check(answer: &Answer, status: u16, scim_type: Option<&str>, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/scim+json");
    let error = answer.json();
    assert_eq!(error["schemas"], json!([ERROR]));
    assert_eq!(error["status"], json!(status.to_string()));
    assert_eq!(error["scimType"].as_str(), scim_type, "{error}");
    assert!(error["detail"].as_str().unwrap().ends_with(&format!("({code})")), "{error}");
}

#[tokio::test]
async fn a_user_is_made_read_changed_and_taken_away() {
    let server = Server::new().await;
    let provider = Provider::new(&server).await;
    let anne = provider
        .user(json!({
            "userName": "Anne@Ministere.example", "externalId": "A-1", "displayName": "Anne",
            "emails": [{"value": "private@example.org"}], "password": "hidden",
        }))
        .await;
    assert_eq!(anne["userName"], "anne@ministere.example");
    assert_eq!((&anne["active"], &anne["externalId"]), (&json!(true), &json!("A-1")));
    assert!(anne["emails"].is_null() && anne["password"].is_null(), "{anne}");
    assert_eq!(provider.get(&path_of(&anne)).await.json(), anne);
    assert_eq!(provider.role(&anne).await, Role::Member);

    let body = json!({"userName": "anne.dupont", "displayName": "Anne Dupont"});
    let answer = provider.send(Method::PUT, &path_of(&anne), body).await;
    let replaced = answer.json();
    assert_eq!(replaced["userName"], "anne.dupont");
    assert!(replaced["externalId"].is_null(), "what is not said is taken away");
    let answer = provider
        .patch(&path_of(&anne), json!([{"op": "Replace", "path": "active", "value": "False"}]))
        .await;
    assert_eq!(answer.json()["active"], false);
    let answer = provider.send(Method::PUT, &path_of(&anne), json!({"userName": "anne"})).await;
    assert_eq!(answer.json()["active"], false, "nothing said lets nobody in");

    let answer = provider.send(Method::DELETE, &path_of(&anne), Value::Null).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (204, ""));
    for method in [Method::GET, Method::PUT, Method::PATCH, Method::DELETE] {
        let body = json!({"userName": "anne", "Operations": []});
        let answer = provider.send(method, &path_of(&anne), body).await;
        check(&answer, 404, None, "account.unknown");
    }
    let again = provider.user(json!({"userName": "anne"})).await;
    assert_ne!(again["id"], anne["id"], "somebody else, without the old content");
}

#[tokio::test]
async fn sessions_and_keys_end_at_once() {
    let server = Server::new().await;
    let provider = Provider::new(&server).await;
    let operator = server.access.operator().await.unwrap();
    for (number, is_removed) in [false, true].into_iter().enumerate() {
        let user = provider.user(json!({"userName": format!("user-{number}")})).await;
        let id = user["id"].as_str().unwrap().parse().unwrap();
        let link = server.access.invite(&operator, id).await.unwrap();
        let token = server.access.sign_in(&link).await.unwrap().token;
        let permissions = Permissions::of(&[Permission::UseModels]);
        let new = NewKey { account: Some(id), permissions, ..NewKey::named("own") };
        let key = server.access.create_key(&operator, &new).await.unwrap().secret.expose();
        assert!(server.access.authenticate_key(&key).await.is_ok());
        assert!(server.access.authenticate_session(token.expose()).await.is_ok());
        let off = json!([{"op": "replace", "path": "active", "value": false}]);
        let answer = if is_removed {
            provider.send(Method::DELETE, &path_of(&user), Value::Null).await
        } else {
            provider.patch(&path_of(&user), off).await
        };
        assert!(answer.status.is_success(), "{}", answer.body);
        assert!(server.access.authenticate_session(token.expose()).await.is_err());
        let refused = server.access.authenticate_key(&key).await.unwrap_err();
        assert_eq!(refused.code(), "auth.account_disabled");
    }
}

#[tokio::test]
async fn groups_stand_for_roles() {
    let server = Server::new().await;
    let provider = Provider::new(&server).await;
    let anne = provider.user(json!({"userName": "anne"})).await;
    let bob = provider.user(json!({"userName": "bob"})).await;
    let devs = provider.group("devs", &[&anne, &anne]).await;
    assert_eq!(devs["members"].as_array().unwrap().len(), 1);
    assert_eq!(provider.role(&anne).await, Role::Developer);
    let others = provider.group("others", &[&anne, &bob]).await;
    assert_eq!(provider.role(&bob).await, Role::Member);
    let read = provider.get(&path_of(&anne)).await.json();
    let groups: Vec<_> = read["groups"].as_array().unwrap().iter().map(|g| &g["display"]).collect();
    assert_eq!(groups, ["devs", "others"]);

    let add = json!([{"op": "add", "path": "members", "value": [{"value": bob["id"]}]}]);
    assert_eq!(provider.patch(&path_of(&devs), add).await.status, 200);
    assert_eq!(provider.role(&bob).await, Role::Developer);
    let path = format!("members[value eq \"{}\"]", anne["id"].as_str().unwrap());
    let remove = json!([{"op": "remove", "path": path}]);
    assert_eq!(provider.patch(&path_of(&devs), remove).await.status, 200);
    assert_eq!(provider.role(&anne).await, Role::Member);
    let rename = json!([{"op": "replace", "value": {"displayName": "dpo"}}]);
    assert_eq!(provider.patch(&path_of(&others), rename).await.status, 200);
    assert_eq!(provider.role(&anne).await, Role::DataOfficer);
    assert_eq!(provider.role(&bob).await, Role::DataOfficer, "the role that comes first");
    for group in [&others, &devs] {
        let gone = provider.send(Method::DELETE, &path_of(group), Value::Null).await;
        assert_eq!(gone.status, 204);
    }
    assert_eq!(provider.role(&bob).await, Role::Member);
    check(&provider.get(&path_of(&devs)).await, 404, None, "group.unknown");
}

#[tokio::test]
async fn a_key_appoints_no_more_than_its_account() {
    let server = Server::new().await;
    let provider = Provider::of_admin(&server).await;
    let anne = provider.user(json!({"userName": "anne"})).await;
    provider.group("devs", &[&anne]).await;
    assert_eq!(provider.role(&anne).await, Role::Developer);
    let body = json!({"displayName": "dpo", "members": [{"value": anne["id"]}]});
    let answer = provider.send(Method::POST, "/Groups", body).await;
    check(&answer, 403, None, "auth.forbidden");
    assert_eq!(provider.role(&anne).await, Role::Developer);
    let owner = server.caller.account;
    let off = json!([{"op": "replace", "path": "active", "value": false}]);
    let answer = provider.patch(&format!("/Users/{owner}"), off).await;
    check(&answer, 403, None, "auth.forbidden");
}

#[tokio::test]
async fn the_last_owner_stays() {
    let server = Server::new().await;
    let provider = Provider::new(&server).await;
    let path = format!("/Users/{}", server.caller.account);
    let off = json!([{"op": "replace", "path": "active", "value": false}]);
    check(&provider.patch(&path, off).await, 409, None, "account.last_owner");
    let gone = provider.send(Method::DELETE, &path, Value::Null).await;
    check(&gone, 409, None, "account.last_owner");
    let put = provider.send(Method::PUT, &path, json!({"userName": "x", "active": false})).await;
    check(&put, 409, None, "account.last_owner");
    let owner = provider.get(&path).await.json();
    assert_eq!((&owner["userName"], &owner["active"]), (&json!("owner"), &json!(true)));
}

#[tokio::test]
async fn lists_are_filtered_and_come_in_pages() {
    let server = Server::new().await;
    let provider = Provider::new(&server).await;
    for number in 0..5 {
        provider.user(json!({"userName": format!("user-{number}"), "active": number != 3})).await;
    }
    let list = async |query: &str| {
        let answer = provider.get(&format!("/Users?{query}")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    };
    let names = |list: &Value| -> Vec<String> {
        let all = list["Resources"].as_array().unwrap();
        all.iter().map(|user| user["userName"].as_str().unwrap().to_owned()).collect()
    };
    let found = list("filter=userName+eq+%22USER-2%22").await;
    assert_eq!((&found["totalResults"], names(&found)), (&json!(1), vec!["user-2".to_owned()]));
    let found = list("filter=userName+sw+%22user%22+and+active+eq+false").await;
    assert_eq!(names(&found), ["user-3"]);
    let page = list("startIndex=3&count=2").await;
    assert_eq!((&page["totalResults"], &page["itemsPerPage"]), (&json!(6), &json!(2)));
    assert_eq!(page["startIndex"], 3);
    assert_eq!(names(&page), ["user-1", "user-2"]);
    assert_eq!(list("startIndex=-5&count=-1").await["Resources"], json!([]));
    assert_eq!(names(&list("startIndex=7").await), Vec::<String>::new());
    let short = list("attributes=userName&count=1").await;
    let keys: Vec<_> = short["Resources"][0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["schemas", "id", "userName"]);
    for (query, scim_type) in [
        ("filter=userName+is+%22x%22", "invalidFilter"),
        ("filter=", "invalidFilter"),
        ("count=many", "invalidValue"),
    ] {
        let answer = provider.get(&format!("/Users?{query}")).await;
        check(&answer, 400, Some(scim_type), "scim.invalid");
    }
}

#[tokio::test]
async fn names_are_taken_once() {
    let server = Server::new().await;
    let provider = Provider::new(&server).await;
    let anne = provider.user(json!({"userName": "anne", "externalId": "A-1"})).await;
    for body in [
        json!({"userName": "ANNE"}),
        json!({"userName": "owner"}),
        json!({"userName": "bob", "externalId": "A-1"}),
    ] {
        let answer = provider.send(Method::POST, "/Users", body).await;
        check(&answer, 409, Some("uniqueness"), "account.exists");
    }
    let rename = json!([{"op": "replace", "path": "userName", "value": "owner"}]);
    let answer = provider.patch(&path_of(&anne), rename).await;
    check(&answer, 409, Some("uniqueness"), "account.exists");
}

#[tokio::test]
async fn what_nobody_should_send_is_refused_and_written_down() {
    let server = Server::new().await;
    let provider = Provider::new(&server).await;
    let anne = provider.user(json!({"userName": "anne"})).await;
    let many: Vec<_> =
        (0..=1_000).map(|_| json!({"op": "add", "path": "displayName", "value": "x"})).collect();
    let user = path_of(&anne);
    let checks = [
        (Method::POST, "/Users", json!([]).to_string(), "invalidSyntax"),
        (Method::POST, "/Users", "{".to_owned(), "invalidSyntax"),
        (Method::POST, "/Users", "[".repeat(100_000), "invalidSyntax"),
        (Method::POST, "/Users", json!({}).to_string(), "invalidValue"),
        (Method::POST, "/Users", json!({"userName": "a b"}).to_string(), "invalidValue"),
        (Method::PATCH, &user, json!({}).to_string(), "invalidSyntax"),
        (Method::PATCH, &user, json!({"Operations": many}).to_string(), "tooMany"),
        (
            Method::POST,
            "/Groups",
            json!({"displayName": "x", "members": [{"value": "nobody"}]}).to_string(),
            "invalidValue",
        ),
        (
            Method::POST,
            "/Groups",
            json!({"displayName": "x",
            "members": [{"value": "00000000000000000000000000000000"}]})
            .to_string(),
            "invalidValue",
        ),
    ];
    for (method, path, body, scim_type) in checks {
        let before = server.audit().len();
        let answer = server.send(provider.request(method, path, body)).await;
        check(&answer, 400, Some(scim_type), "scim.invalid");
        let expected = ("request.refused".to_owned(), "scim.invalid".to_owned());
        assert_eq!(server.audit()[before..], [expected]);
    }
    let long = format!("/Users?filter=userName+eq+%22{}%22", "x".repeat(60_000));
    check(&provider.get(&long).await, 400, Some("invalidFilter"), "scim.invalid");
    let deep = format!("/Users?filter={}title+pr{}", "(".repeat(500), ")".repeat(500));
    check(&provider.get(&deep).await, 400, Some("invalidFilter"), "scim.invalid");
    check(&provider.get("/nothing").await, 404, None, "route.unknown");
    let answer = provider.send(Method::POST, "/ServiceProviderConfig", json!({})).await;
    check(&answer, 405, None, "method.not_allowed");
}

#[tokio::test]
async fn keys_without_the_permission_and_browsers_are_refused() {
    let server = Server::new().await;
    let plain = server.request(Method::GET, "/scim/v2/Users", Body::empty());
    check(&server.send(plain).await, 403, None, "auth.forbidden");
    let nobody = anonymous(Method::GET, "/scim/v2/Users", Body::empty());
    let answer = server.send(nobody).await;
    check(&answer, 401, None, "auth.missing");
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    let token = server.access.create_link(&server.caller).await.unwrap();
    let signed_in = server.access.sign_in(&token).await.unwrap();
    let mut request = anonymous(Method::GET, "/scim/v2/Users", Body::empty());
    let cookie = format!("galerne_session={}", signed_in.token.expose());
    request.headers_mut().insert(header::COOKIE, cookie.parse().unwrap());
    check(&server.send(request).await, 401, None, "auth.missing");

    let provider = Provider::new(&server).await;
    let anne = provider.user(json!({"userName": "anne"})).await;
    server.clock.advance(Duration::from_secs(1));
    let keys = server.access.list_keys(&server.access.operator().await.unwrap()).await.unwrap();
    let key = keys.iter().find(|key| key.name == "provider").unwrap();
    let operator = server.access.operator().await.unwrap();
    server.access.revoke_key(&operator, key.id).await.unwrap();
    check(&provider.get(&path_of(&anne)).await, 401, None, "auth.revoked");
}

/// Whoever was announced under the subject signs in with the provider, without an invitation.
#[tokio::test]
async fn whoever_is_provisioned_signs_in_with_the_provider() {
    let server = Server::new().await;
    let provider = Provider::new(&server).await;
    let user = provider.user(json!({"userName": "other-name", "externalId": "subject-1"})).await;
    let cookie = crate::identity::sign_in(&server).await;
    let token = cookie.split(';').next().unwrap().trim_start_matches("galerne_session=").to_owned();
    let (_, _, account) = server.access.authenticate_session(&token).await.unwrap();
    assert_eq!(account.id.to_string(), user["id"].as_str().unwrap());
    assert_eq!(account.name.as_str(), "other-name");
    // Bound for good: another foreign id takes nothing away.
    provider.send(Method::PUT, &path_of(&user), json!({"userName": "other-name"})).await;
    crate::identity::sign_in(&server).await;
}

#[tokio::test]
async fn a_foreign_id_never_opens_an_account_that_has_its_own_way_in() {
    let server = Server::new().await;
    let provider = Provider::new(&server).await;
    let path = format!("/Users/{}", server.caller.account);
    let body = json!({"userName": "owner", "externalId": "subject-1", "active": true});
    assert_eq!(provider.send(Method::PUT, &path, body).await.status, 200);
    let cookie = crate::identity::sign_in(&server).await;
    let token = cookie.split(';').next().unwrap().trim_start_matches("galerne_session=").to_owned();
    let (_, _, account) = server.access.authenticate_session(&token).await.unwrap();
    assert_ne!(account.id, server.caller.account, "an owner is never entered that way");
    assert_eq!(account.role, Role::Member);
}
