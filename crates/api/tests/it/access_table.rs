//! Every route, what it asks of the caller and what it leaves in the audit trail. A route that is
//! added without a row here fails.

use std::collections::BTreeSet;

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use domain::{AccountKind, ErasureReason, HoldReason, Permission, Permissions, Role};
use governance::{NewAccount, NewHold, NewKey};
use serde_json::{Value, json};

use crate::{
    batch::{a_job, until_ended},
    break_glass::Staged,
    collection,
    conversation::{append, start},
    file::{FORM, form, kept},
    identity::{leave, sign_in},
    library, library_answers,
    scim::provisioning_key,
    server::{Answer, Server, anonymous, hello},
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
    /// To have been sent to the identity provider.
    Return,
}

struct Row {
    method: &'static str,
    path: &'static str,
    needs: Needs,
    /// The permission that its caller needs, or `none`.
    permission: &'static str,
    /// The action of its audit entry, or `none`.
    audit: &'static str,
}

const fn row(
    method: &'static str,
    path: &'static str,
    needs: Needs,
    permission: &'static str,
    audit: &'static str,
) -> Row {
    Row { method, path, needs, permission, audit }
}

const TABLE: [Row; 145] = [
    row("get", "/health", Needs::Nothing, "none", "none"),
    row("get", "/log/checkpoint", Needs::Nothing, "none", "none"),
    row("get", "/log/tile/entries/{*position}", Needs::Caller, "log", "log.read"),
    row("get", "/log/tile/{level}/{*position}", Needs::Nothing, "none", "none"),
    row("get", "/metrics", Needs::Nothing, "none", "none"),
    row("get", "/openapi.json", Needs::Nothing, "none", "none"),
    row("get", "/ready", Needs::Nothing, "none", "none"),
    row("get", "/scim/v2/Groups", Needs::Caller, "provisioning", "group.list"),
    row("post", "/scim/v2/Groups", Needs::Caller, "provisioning", "group.create"),
    row("delete", "/scim/v2/Groups/{id}", Needs::Caller, "provisioning", "group.remove"),
    row("get", "/scim/v2/Groups/{id}", Needs::Caller, "provisioning", "group.read"),
    row("patch", "/scim/v2/Groups/{id}", Needs::Caller, "provisioning", "group.update"),
    row("put", "/scim/v2/Groups/{id}", Needs::Caller, "provisioning", "group.update"),
    row("get", "/scim/v2/ResourceTypes", Needs::Nothing, "none", "none"),
    row("get", "/scim/v2/ResourceTypes/{id}", Needs::Nothing, "none", "none"),
    row("get", "/scim/v2/Schemas", Needs::Nothing, "none", "none"),
    row("get", "/scim/v2/Schemas/{id}", Needs::Nothing, "none", "none"),
    row("get", "/scim/v2/ServiceProviderConfig", Needs::Nothing, "none", "none"),
    row("get", "/scim/v2/Users", Needs::Caller, "provisioning", "account.list"),
    row("post", "/scim/v2/Users", Needs::Caller, "provisioning", "account.create"),
    row("delete", "/scim/v2/Users/{id}", Needs::Caller, "provisioning", "account.remove"),
    row("get", "/scim/v2/Users/{id}", Needs::Caller, "provisioning", "account.read"),
    row("patch", "/scim/v2/Users/{id}", Needs::Caller, "provisioning", "account.update"),
    row("put", "/scim/v2/Users/{id}", Needs::Caller, "provisioning", "account.update"),
    row("get", "/v1/accounts", Needs::Browser, "accounts", "account.list"),
    row("post", "/v1/accounts", Needs::Browser, "accounts", "account.create"),
    row("patch", "/v1/accounts/{id}", Needs::Browser, "accounts", "account.update"),
    row("post", "/v1/accounts/{id}/erasure", Needs::Browser, "data_protection", "account.erase"),
    row("post", "/v1/accounts/{id}/invitation", Needs::Browser, "accounts", "sign_in_link.create"),
    row("get", "/v1/batch/jobs", Needs::Caller, "models", "batch.list"),
    row("post", "/v1/batch/jobs", Needs::Caller, "models", "batch.create"),
    row("delete", "/v1/batch/jobs/{id}", Needs::Caller, "models", "batch.delete"),
    row("get", "/v1/batch/jobs/{id}", Needs::Caller, "models", "batch.read"),
    row("post", "/v1/batch/jobs/{id}/cancel", Needs::Caller, "models", "batch.cancel"),
    row("get", "/v1/batches", Needs::Caller, "models", "batch.list"),
    row("post", "/v1/batches", Needs::Caller, "models", "batch.create"),
    row("get", "/v1/batches/{id}", Needs::Caller, "models", "batch.read"),
    row("post", "/v1/batches/{id}/cancel", Needs::Caller, "models", "batch.cancel"),
    row("get", "/v1/break-glass", Needs::Browser, "none", "break_glass.list"),
    row("post", "/v1/break-glass", Needs::Browser, "break_glass", "break_glass.request"),
    row("delete", "/v1/break-glass/{id}", Needs::Browser, "break_glass", "break_glass.close"),
    row(
        "post",
        "/v1/break-glass/{id}/approval",
        Needs::Browser,
        "break_glass",
        "break_glass.approve",
    ),
    row(
        "get",
        "/v1/break-glass/{id}/conversations",
        Needs::Browser,
        "break_glass",
        "break_glass.read",
    ),
    row(
        "get",
        "/v1/break-glass/{id}/conversations/{conversation}",
        Needs::Browser,
        "break_glass",
        "break_glass.read",
    ),
    row("get", "/v1/budgets", Needs::Browser, "accounts", "budget.list"),
    row("put", "/v1/budgets", Needs::Browser, "accounts", "budget.set"),
    row("delete", "/v1/budgets/{id}", Needs::Browser, "accounts", "budget.remove"),
    row("post", "/v1/chat/classifications", Needs::Caller, "models", "chat.complete"),
    row("post", "/v1/chat/completions", Needs::Caller, "models", "chat.complete"),
    row("post", "/v1/chat/moderations", Needs::Caller, "models", "chat.complete"),
    row("get", "/v1/chunks/{id}", Needs::Caller, "models", "document.read"),
    row("get", "/v1/chunks/{id}/{chunk}", Needs::Caller, "models", "document.read"),
    row("post", "/v1/classifications", Needs::Caller, "models", "chat.complete"),
    row("get", "/v1/collections", Needs::Caller, "models", "library.list"),
    row("post", "/v1/collections", Needs::Caller, "models", "library.create"),
    row("delete", "/v1/collections/{id}", Needs::Caller, "models", "library.delete"),
    row("get", "/v1/collections/{id}", Needs::Caller, "models", "library.read"),
    row("patch", "/v1/collections/{id}", Needs::Caller, "models", "library.update"),
    row("post", "/v1/completions", Needs::Caller, "models", "chat.complete"),
    row("get", "/v1/connectors/bootstrap", Needs::Caller, "models", "none"),
    row("get", "/v1/conversations", Needs::Caller, "conversations", "conversation.list"),
    row("post", "/v1/conversations", Needs::Caller, "conversations", "conversation.start"),
    row("delete", "/v1/conversations/{id}", Needs::Caller, "conversations", "conversation.delete"),
    row("get", "/v1/conversations/{id}", Needs::Caller, "conversations", "conversation.read"),
    row("patch", "/v1/conversations/{id}", Needs::Caller, "conversations", "conversation.update"),
    row("post", "/v1/conversations/{id}", Needs::Caller, "conversations", "conversation.append"),
    row("get", "/v1/conversations/{id}/draft", Needs::Caller, "conversations", "draft.read"),
    row("put", "/v1/conversations/{id}/draft", Needs::Caller, "conversations", "draft.write"),
    row(
        "get",
        "/v1/conversations/{id}/events",
        Needs::Caller,
        "conversations",
        "conversation.read",
    ),
    row(
        "get",
        "/v1/conversations/{id}/history",
        Needs::Caller,
        "conversations",
        "conversation.read",
    ),
    row(
        "get",
        "/v1/conversations/{id}/messages",
        Needs::Caller,
        "conversations",
        "conversation.read",
    ),
    row(
        "post",
        "/v1/conversations/{id}/restart",
        Needs::Caller,
        "conversations",
        "conversation.start",
    ),
    row("post", "/v1/conversations/{id}/stop", Needs::Caller, "conversations", "conversation.stop"),
    row("get", "/v1/data-subjects", Needs::Browser, "data_protection", "account.list"),
    row("get", "/v1/document-links/{token}", Needs::Nothing, "none", "document.read"),
    row("get", "/v1/document-links/{token}/text", Needs::Nothing, "none", "document.read"),
    row("get", "/v1/documents", Needs::Caller, "models", "document.list"),
    row("post", "/v1/documents", Needs::Caller, "models", "document.add"),
    row("delete", "/v1/documents/{id}", Needs::Caller, "models", "document.delete"),
    row("get", "/v1/documents/{id}", Needs::Caller, "models", "document.read"),
    row("post", "/v1/embeddings", Needs::Caller, "models", "embedding.create"),
    row("get", "/v1/erasures", Needs::Browser, "data_protection", "erasure.list"),
    row("get", "/v1/erasures/{id}", Needs::Browser, "data_protection", "erasure.read"),
    row("get", "/v1/file-links/{token}", Needs::Nothing, "none", "file.read"),
    row("get", "/v1/files", Needs::Caller, "models", "file.list"),
    row("post", "/v1/files", Needs::Caller, "models", "file.create"),
    row("delete", "/v1/files/{id}", Needs::Caller, "models", "file.delete"),
    row("get", "/v1/files/{id}", Needs::Caller, "models", "file.read"),
    row("get", "/v1/files/{id}/content", Needs::Caller, "models", "file.read"),
    row("get", "/v1/files/{id}/url", Needs::Caller, "models", "file.link"),
    row("post", "/v1/fim/completions", Needs::Caller, "models", "chat.complete"),
    row("get", "/v1/holds", Needs::Browser, "data_protection", "hold.list"),
    row("post", "/v1/holds", Needs::Browser, "data_protection", "hold.place"),
    row("delete", "/v1/holds/{id}", Needs::Browser, "data_protection", "hold.lift"),
    row("get", "/v1/keys", Needs::Browser, "keys", "key.list"),
    row("post", "/v1/keys", Needs::Browser, "keys", "key.create"),
    row("delete", "/v1/keys/{id}", Needs::Browser, "keys", "key.revoke"),
    row("get", "/v1/libraries", Needs::Caller, "models", "library.list"),
    row("post", "/v1/libraries", Needs::Caller, "models", "library.create"),
    row("post", "/v1/libraries/answers", Needs::Caller, "models", "answer.create"),
    row("post", "/v1/libraries/reindex", Needs::Caller, "models", "library.reindex"),
    row("post", "/v1/libraries/search", Needs::Caller, "models", "library.search"),
    row("delete", "/v1/libraries/{id}", Needs::Caller, "models", "library.delete"),
    row("get", "/v1/libraries/{id}", Needs::Caller, "models", "library.read"),
    row("patch", "/v1/libraries/{id}", Needs::Caller, "models", "library.update"),
    row("put", "/v1/libraries/{id}", Needs::Caller, "models", "library.update"),
    row("get", "/v1/libraries/{id}/documents", Needs::Caller, "models", "document.list"),
    row("post", "/v1/libraries/{id}/documents", Needs::Caller, "models", "document.add"),
    row(
        "delete",
        "/v1/libraries/{id}/documents/{document}",
        Needs::Caller,
        "models",
        "document.delete",
    ),
    row("get", "/v1/libraries/{id}/documents/{document}", Needs::Caller, "models", "document.read"),
    row(
        "patch",
        "/v1/libraries/{id}/documents/{document}",
        Needs::Caller,
        "models",
        "document.update",
    ),
    row(
        "put",
        "/v1/libraries/{id}/documents/{document}",
        Needs::Caller,
        "models",
        "document.update",
    ),
    row(
        "get",
        "/v1/libraries/{id}/documents/{document}/extracted-text-signed-url",
        Needs::Caller,
        "models",
        "document.link",
    ),
    row(
        "get",
        "/v1/libraries/{id}/documents/{document}/pages/{page}/image",
        Needs::Caller,
        "models",
        "document.read",
    ),
    row(
        "post",
        "/v1/libraries/{id}/documents/{document}/reprocess",
        Needs::Caller,
        "models",
        "document.update",
    ),
    row(
        "get",
        "/v1/libraries/{id}/documents/{document}/signed-url",
        Needs::Caller,
        "models",
        "document.link",
    ),
    row(
        "get",
        "/v1/libraries/{id}/documents/{document}/status",
        Needs::Caller,
        "models",
        "document.read",
    ),
    row(
        "get",
        "/v1/libraries/{id}/documents/{document}/text_content",
        Needs::Caller,
        "models",
        "document.read",
    ),
    row(
        "get",
        "/v1/libraries/{id}/documents/{document}/versions",
        Needs::Caller,
        "models",
        "document.read",
    ),
    row("delete", "/v1/libraries/{id}/share", Needs::Caller, "models", "library.unshare"),
    row("get", "/v1/libraries/{id}/share", Needs::Caller, "models", "library.read"),
    row("put", "/v1/libraries/{id}/share", Needs::Caller, "models", "library.share"),
    row("get", "/v1/me/info", Needs::Caller, "none", "account.read"),
    row("get", "/v1/me/usage", Needs::Caller, "none", "usage.read"),
    row("get", "/v1/models", Needs::Caller, "models", "model.list"),
    row("get", "/v1/models/{id}", Needs::Caller, "models", "model.read"),
    row("post", "/v1/moderations", Needs::Caller, "models", "chat.complete"),
    row("get", "/v1/receipts/{id}", Needs::Caller, "models", "receipt.read"),
    row("delete", "/v1/session", Needs::Browser, "none", "session.end"),
    row("post", "/v1/rerank", Needs::Caller, "models", "embedding.create"),
    row("post", "/v1/responses", Needs::Caller, "models", "chat.complete"),
    row("post", "/v1/responses/input_tokens", Needs::Caller, "models", "none"),
    row("post", "/v1/search", Needs::Caller, "models", "library.search"),
    row("get", "/v1/session", Needs::Browser, "none", "session.read"),
    row("post", "/v1/session", Needs::Link, "none", "session.create"),
    row("get", "/v1/session/oidc", Needs::Nothing, "none", "none"),
    row("post", "/v1/session/oidc", Needs::Browser, "none", "none"),
    row("get", "/v1/session/oidc/callback", Needs::Return, "none", "session.create"),
    row("get", "/v1/session/provider", Needs::Nothing, "none", "none"),
    row("get", "/v1/sovereignty/assessment", Needs::Caller, "log", "sovereignty.assess"),
    row("get", "/v1/traces/{id}", Needs::Caller, "models", "trace.read"),
    row(
        "post",
        "/v1/traces/{id}/citations/{number}/record",
        Needs::Caller,
        "models",
        "citation.prove",
    ),
    row("get", "/v1/upstreams", Needs::Caller, "log", "upstream.list"),
    row("get", "/v1/usage", Needs::Caller, "none", "usage.read"),
    row("put", "/v1/session/password", Needs::Browser, "none", "account.update"),
];

/// An id that nothing has.
const NOBODY: &str = "00000000000000000000000000000000";

impl Row {
    /// `id` may name two things, with a bar between them: a library, and a document of it.
    fn request(&self, id: &str, body: String) -> Request<Body> {
        let method = Method::from_bytes(self.method.to_uppercase().as_bytes()).unwrap();
        let (id, document) = id.split_once('|').unwrap_or((id, NOBODY));
        let path = self.path.replace("{id}", id).replace("{level}", "0");
        let path = path.replace("{conversation}", NOBODY).replace("{token}", id);
        let path = path.replace("{document}", document).replace("{chunk}", "0");
        let path = path.replace("{page}", "1").replace("{number}", "1");
        let path = path.replace("{*position}", "000.p/1");
        let query =
            if self.path == "/v1/documents" { format!("?collection={id}") } else { String::new() };
        let mut request = anonymous(method, &format!("{path}{query}"), body);
        if let Some(form) = self.form(id) {
            *request.body_mut() = form.into();
            request.headers_mut().insert(header::CONTENT_TYPE, FORM.parse().unwrap());
        }
        request
    }

    fn form(&self, id: &str) -> Option<String> {
        match (self.audit, self.path) {
            ("file.create", _) => Some(form("batch", "{}")),
            ("document.add", "/v1/documents") => Some(collection::document_form(id)),
            ("document.add", _) => Some(library::form("more.txt", "more", &[])),
            _ => None,
        }
    }

    /// Of what is kept in libraries.
    fn is_of_libraries(&self) -> bool {
        let (subject, _) = self.audit.split_once('.').unwrap_or_default();
        matches!(subject, "library" | "document" | "answer" | "trace" | "citation")
    }

    #[track_caller]
    fn assert_audit(&self, mut new: Vec<(String, String)>) {
        let ok = |action: &str| (action.to_owned(), "ok".to_owned());
        if self.asks_a_model() {
            // What asks a model leaves the entry of every request to a model too.
            assert_eq!(new.pop(), Some(ok("chat.complete")));
        }
        if self.audit == "answer.create" {
            // Documents are searched, and the model is asked about what was found.
            let before: Vec<_> = new.drain(..2).collect();
            assert_eq!(before, [ok("library.search"), ok("chat.complete")]);
        }
        let expected = (self.audit != "none").then(|| ok(self.audit));
        assert_eq!(new, Vec::from_iter(expected), "{} {}", self.method, self.path);
    }
}

impl Row {
    fn request_about(&self, staged: &Staged) -> Request<Body> {
        let Staged { opening, conversation, account } = staged;
        let method = Method::from_bytes(self.method.to_uppercase().as_bytes()).unwrap();
        let path = self.path.replace("{id}", opening).replace("{conversation}", conversation);
        let body = json!({"account": account, "reason": "a good reason", "minutes": 30});
        anonymous(method, &path, body.to_string())
    }

    fn is_scim(&self) -> bool {
        self.path.starts_with("/scim/")
    }

    #[track_caller]
    fn assert_refused(&self, answer: &Answer, status: u16, code: &str) {
        if !self.is_scim() {
            answer.assert_problem(status, code);
            return;
        }
        assert_eq!(answer.status, status, "{}", answer.body);
        assert!(answer.body.contains(&format!("({code})")), "{}", answer.body);
    }

    fn asks_a_model(&self) -> bool {
        matches!(self.audit, "conversation.start" | "conversation.append")
    }

    /// What every route takes, with what its own kind needs.
    fn body(&self, entry: &Value) -> String {
        let also = match self.path {
            "/v1/conversations/{id}/restart" => json!({"inputs": "Encore", "from_entry_id": entry}),
            "/v1/conversations/{id}" if self.method == "patch" => json!({"pinned": true}),
            "/v1/accounts" => json!({"name": "anne@ministere.example", "role": "member"}),
            "/v1/accounts/{id}" => json!({"role": "developer"}),
            "/v1/accounts/{id}/erasure" => json!({"reason": "request_of_person"}),
            "/v1/holds" => json!({"reason": "audit", "reference": "2026/7"}),
            "/v1/keys" => json!({"name": "laptop"}),
            "/v1/budgets" => {
                json!({"scope": "organisation", "quantity": "tokens_per_month", "limit": 1000})
            }
            "/v1/break-glass" => {
                json!({"account": NOBODY, "reason": "a good reason", "minutes": 30})
            }
            path if path.starts_with("/scim/v2/Users") => {
                json!({"userName": "anne", "Operations": []})
            }
            path if path.starts_with("/scim/v2/Groups") => {
                json!({"displayName": "staff", "Operations": []})
            }
            "/v1/session/password" => json!({"new": "correct horse battery"}),
            "/v1/completions" | "/v1/fim/completions" => json!({"prompt": "Encore"}),
            "/v1/responses"
            | "/v1/responses/input_tokens"
            | "/v1/moderations"
            | "/v1/classifications" => json!({"input": "Encore"}),
            "/v1/chat/moderations" | "/v1/chat/classifications" => {
                json!({"input": [{"role": "user", "content": "Encore"}]})
            }
            "/v1/rerank" => {
                json!({"model": "fake-embedder", "query": "a", "documents": ["a", "b"]})
            }
            "/v1/embeddings" => json!({"model": "fake-embedder", "input": "Encore"}),
            "/v1/batch/jobs" => {
                json!({"endpoint": "/v1/chat/completions", "input_files": [entry]})
            }
            "/v1/batches" => json!({"endpoint": "/v1/embeddings", "input_file_id": entry}),
            _ if self.is_of_libraries() => {
                let whom = entry.as_str().and_then(|made| made.split_once('|'));
                let (_, whom) = whom.unwrap_or((NOBODY, NOBODY));
                json!({"name": "a", "query": "a", "question": "town hall?", "level": "Viewer",
                    "share_with_uuid": whom, "share_with_type": "Org"})
            }
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
            let permission = operation["x-permission"].as_str().unwrap_or("none").to_owned();
            assert!(
                open || operation["x-permission"].is_string(),
                "{method} {path} says not what its callers need"
            );
            let class = class.to_owned();
            described.insert((method.clone(), path.clone(), class, permission, open));
        }
    }
    let rows = TABLE.iter().map(|row| {
        let open = matches!(row.needs, Needs::Nothing | Needs::Link | Needs::Return);
        let [method, path, audit, permission] =
            [row.method, row.path, row.audit, row.permission].map(str::to_owned);
        (method, path, audit, permission, open)
    });
    assert_eq!(described, rows.collect());
}

#[tokio::test]
async fn protected_routes_refuse_whoever_is_nobody() {
    for row in TABLE.iter().filter(|row| matches!(row.needs, Needs::Caller | Needs::Browser)) {
        let server = Server::new().await;
        let answer = server.send(row.request("fake-model", hello(json!({})))).await;
        row.assert_refused(&answer, 401, "auth.missing");
        server.assert_audit(&[("request.refused", "auth.missing")]);
        assert_eq!(server.engine.counts().started, 0, "{} {}", row.method, row.path);
    }
}

#[tokio::test]
async fn routes_for_browsers_take_no_key() {
    for row in TABLE.iter().filter(|row| row.needs == Needs::Browser) {
        let server = Server::new().await;
        let mut request = row.request(NOBODY, String::new());
        let key = format!("Bearer {}", server.key).parse().unwrap();
        request.headers_mut().insert(header::AUTHORIZATION, key);
        server.send(request).await.assert_problem(401, "auth.missing");
    }
}

/// Whoever lacks the one permission that a route asks for is refused, whatever else they may do;
/// whoever has it, and no other, is let in.
#[tokio::test]
async fn routes_take_the_permission_that_they_declare_and_no_other() {
    for row in TABLE.iter().filter(|row| row.permission != "none") {
        let needed: Permission = row.permission.parse().unwrap();
        let server = Server::new().await;
        let all_others: Vec<_> =
            Permission::ALL.into_iter().filter(|&permission| permission != needed).collect();
        let (lacking, having) = match row.needs {
            Needs::Browser => {
                let lacking =
                    Role::ALL.into_iter().find(|role| !role.permissions().contains(needed));
                let having = Role::ALL.into_iter().find(|role| role.permissions().contains(needed));
                let lacking = cookie_of(&server, lacking.unwrap()).await;
                (lacking, cookie_of(&server, having.unwrap()).await)
            }
            Needs::Caller => {
                let of_keys = Permissions::of(&all_others).and(Permissions::OF_KEYS);
                let lacking = key_for(&server, of_keys).await;
                (lacking, key_for(&server, Permissions::of(&[needed])).await)
            }
            Needs::Nothing | Needs::Link | Needs::Return => {
                panic!("nobody is asked for a permission there")
            }
        };
        let answer = server.send(with(row.request(NOBODY, hello(json!({}))), &lacking)).await;
        row.assert_refused(&answer, 403, "auth.forbidden");
        assert_eq!(server.engine.counts().started, 0, "{} {}", row.method, row.path);
        assert_eq!(
            server.audit().last(),
            Some(&("request.refused".to_owned(), "auth.forbidden".to_owned())),
        );
        let answer = server.send(with(row.request(NOBODY, hello(json!({}))), &having)).await;
        assert!(answer.status != 401 && answer.status != 403, "{} {}", row.method, row.path);
    }
}

/// As each role: what the page may do for somebody is what the access table says.
#[tokio::test]
async fn roles_reach_the_routes_of_their_permissions() {
    for role in Role::ALL {
        let server = Server::new().await;
        let cookie = cookie_of(&server, role).await;
        // A provider has a key, and no browser.
        for row in TABLE.iter().filter(|row| !row.is_scim()) {
            let needed: Option<Permission> = row.permission.parse().ok();
            let Some(needed) = needed else { continue };
            let answer = server.send(with(row.request(NOBODY, hello(json!({}))), &cookie)).await;
            // What succeeds may have no body.
            let refused = answer.status == 403 && answer.json()["code"] == "auth.forbidden";
            let expected = !role.permissions().contains(needed);
            assert_eq!(refused, expected, "{role:?} {} {}", row.method, row.path);
        }
    }
}

type Credential = (header::HeaderName, String);

fn with(mut request: Request<Body>, (name, value): &Credential) -> Request<Body> {
    request.headers_mut().insert(name.clone(), value.parse().unwrap());
    let origin = "http://localhost:8080".parse().unwrap();
    request.headers_mut().insert(header::ORIGIN, origin);
    request
}

async fn cookie_of(server: &Server, role: Role) -> Credential {
    let name = format!("one-{}", role.as_str().replace('_', "-")).parse().unwrap();
    let new = NewAccount { name, kind: AccountKind::Person, role };
    let operator = server.access.operator().await.unwrap();
    let account = server.access.create_account(&operator, &new).await.unwrap();
    let link = server.access.invite(&operator, account.id).await.unwrap();
    let signed_in = server.access.sign_in(&link).await.unwrap();
    (header::COOKIE, format!("galerne_session={}", signed_in.token.expose()))
}

async fn key_for(server: &Server, permissions: Permissions) -> Credential {
    let operator = server.access.operator().await.unwrap();
    let new = NewKey { permissions, ..NewKey::named("narrow") };
    let created = server.access.create_key(&operator, &new).await.unwrap();
    (header::AUTHORIZATION, format!("Bearer {}", created.secret.expose()))
}

#[tokio::test]
async fn an_answer_leaves_the_entry_that_its_route_declares() {
    for row in &TABLE {
        let server = Server::new().await;
        server.log.checkpoint().await.unwrap();
        let token = server.access.create_link(&server.caller).await.unwrap();
        let kept = a_conversation(&server).await;
        let (member, key_id) = a_member_and_a_key(&server).await;
        let provider = provisioning_key(&server).await;
        let staged = staged(&server, row).await;
        let made = made_for(&server, row, (&member, &provider)).await;
        let file = json!(made);
        let (id, entry) = if row.audit == "batch.create" {
            (NOBODY, &file)
        } else if let Some(staged) = &staged {
            (staged.opening.as_str(), &Value::Null)
        } else if let Some(id) = &made {
            (id.as_str(), &file)
        } else if row.path.starts_with("/v1/conversations/") {
            (kept["conversation_id"].as_str().unwrap(), &kept["outputs"][0]["id"])
        } else if row.path.starts_with("/v1/accounts/") {
            (member.as_str(), &Value::Null)
        } else if row.path.starts_with("/v1/keys/") {
            (key_id.as_str(), &Value::Null)
        } else if row.audit == "receipt.read" {
            server.log.checkpoint().await.unwrap();
            (kept["outputs"][0]["request_id"].as_str().unwrap(), &Value::Null)
        } else {
            ("fake-model", &Value::Null)
        };
        let body = match row.needs {
            Needs::Link => json!({"token": token}).to_string(),
            Needs::Nothing | Needs::Return | Needs::Caller | Needs::Browser => row.body(entry),
        };
        let mut request = row.request(id, body);
        if let Some(staged) = &staged {
            request = row.request_about(staged);
        }
        match row.needs {
            Needs::Nothing | Needs::Link => {}
            Needs::Return => request = returning(&server).await,
            Needs::Caller => {
                let key = if row.is_scim() { &provider } else { &server.key };
                let key = format!("Bearer {key}").parse().unwrap();
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
        let is_done = answer.status.is_success() || answer.status.is_redirection();
        assert!(is_done, "{} {}: {}", row.method, row.path, answer.body);
        // What was signed never changes, so it may be kept.
        if !row.path.starts_with("/log/tile/") {
            answer.assert_common_headers();
        }
        row.assert_audit(server.audit().split_off(before));
    }
}

/// Their ids.
async fn a_member_and_a_key(server: &Server) -> (String, String) {
    let operator = server.access.operator().await.unwrap();
    let name = "member".parse().unwrap();
    let member = NewAccount { name, kind: AccountKind::Person, role: Role::Member };
    let member = server.access.create_account(&operator, &member).await.unwrap();
    let key = server.access.create_key(&operator, &NewKey::named("old")).await.unwrap();
    (member.id.to_string(), key.key.id.to_string())
}

/// What a route of break-glass is asked about.
async fn staged(server: &Server, row: &Row) -> Option<Staged> {
    let is_of_it = row.path.starts_with("/v1/break-glass");
    if is_of_it { Some(Staged::new(server, row.audit == "break_glass.read").await) } else { None }
}

/// What a route of SCIM is asked about.
async fn provisioned(server: &Server, row: &Row, key: &str) -> Option<String> {
    let rest = row.path.strip_prefix("/scim/v2/")?;
    let (kind, body) = match rest.strip_suffix("/{id}")? {
        "Users" => ("Users", json!({"userName": "bob"})),
        "Groups" => ("Groups", json!({"displayName": "others"})),
        "Schemas" => return Some("urn:ietf:params:scim:schemas:core:2.0:User".to_owned()),
        _ => return Some("User".to_owned()),
    };
    let path = format!("/scim/v2/{kind}");
    let mut request = anonymous(Method::POST, &path, body.to_string());
    request.headers_mut().insert(header::AUTHORIZATION, format!("Bearer {key}").parse().unwrap());
    let made = server.send(request).await.json();
    Some(made["id"].as_str().unwrap().to_owned())
}

async fn an_erasure(server: &Server, account: &str) -> String {
    let operator = server.access.operator().await.unwrap();
    let reason = ErasureReason::EndOfPurpose;
    let ordered = server.erasures.order(&operator, account.parse().unwrap(), reason).await;
    ordered.unwrap().id.to_string()
}

async fn a_hold(server: &Server) -> String {
    let operator = server.access.operator().await.unwrap();
    let new = NewHold { account: None, reason: HoldReason::Audit, reference: "2026/7".to_owned() };
    server.holds.place(&operator, new).await.unwrap().id.to_string()
}

/// What a route is asked about that has nothing of its kind yet.
async fn made_for(server: &Server, row: &Row, (member, provider): (&str, &str)) -> Option<String> {
    match row.path {
        "/v1/erasures/{id}" => Some(an_erasure(server, member).await),
        "/v1/holds/{id}" => Some(a_hold(server).await),
        "/v1/budgets/{id}" => Some(a_budget(server).await),
        path if path.starts_with("/v1/file") => Some(a_file_or_link(server, row).await),
        path if path.starts_with("/v1/batch") => Some(a_file_or_job(server, row).await),
        _ if row.is_of_libraries() => Some(a_shelf(server, row).await),
        _ => provisioned(server, row, provider).await,
    }
}

/// What a route of libraries is asked about: a library, with whatever else its path names.
async fn a_shelf(server: &Server, row: &Row) -> String {
    let (library, document) = library_answers::town(server).await;
    match row.path {
        path if path.starts_with("/v1/traces") => {
            let answer = library_answers::answered(server, library).await;
            server.log.checkpoint().await.unwrap();
            answer["trace_id"].as_str().unwrap().to_owned()
        }
        path if path.starts_with("/v1/document-links") => {
            let wanted = server.shelves.documents.now(document.parse().unwrap());
            server.shelves.documents.link(&server.caller, wanted, 1).await.unwrap()
        }
        path if path.starts_with("/v1/chunks") || path.starts_with("/v1/documents/") => document,
        path if path.ends_with("/share") => format!("{library}|{}", server.caller.organisation),
        _ => format!("{library}|{document}"),
    }
}

/// What a route of files is asked about.
async fn a_file_or_link(server: &Server, row: &Row) -> String {
    let file = kept(server, "batch", "{}").await;
    if row.needs != Needs::Nothing {
        return file.id.to_string();
    }
    server.files.link(&server.caller, file.id, 1).await.unwrap()
}

/// What a route of batch jobs is asked about: what it reads, or a job that may be asked that.
async fn a_file_or_job(server: &Server, row: &Row) -> String {
    let file = kept(server, "batch", "{}").await;
    if row.audit == "batch.create" {
        return file.id.to_string();
    }
    let job = a_job(server, file.id).await;
    if row.audit == "batch.delete" {
        until_ended(server, job.id).await;
    }
    job.id.to_string()
}

async fn a_budget(server: &Server) -> String {
    let operator = server.access.operator().await.unwrap();
    let id: inference::BudgetId = "organisation.tokens_per_month".parse().unwrap();
    server.budgets.set(&operator, id, 1_000_000).await.unwrap();
    id.to_string()
}

/// A browser of somebody who was here before.
async fn returning(server: &Server) -> Request<Body> {
    sign_in(server).await;
    leave(server).await.request("good")
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
