//! Conversations as they lie there: lists, changes, drafts, and those of others.

use assistant::{DraftOf, Question, Start, TurnSettings, WriteDraft};
use axum::http::Method;
use domain::{AccountKind, Caller, Role};
use governance::NewAccount;
use serde_json::{Value, json};
use testkit::FakeEngine;

use crate::{
    conversation::{ALL, append, start, text},
    server::{Answer, Server},
};

async fn put(server: &Server, path: &str, body: Value) -> Answer {
    server.send(server.request(Method::PUT, path, body.to_string())).await
}

async fn patch(server: &Server, path: &str, body: Value) -> Answer {
    server.send(server.request(Method::PATCH, path, body.to_string())).await
}

fn names(list: &Answer) -> Vec<String> {
    let list = list.json();
    list.as_array().unwrap().iter().map(|each| text(&each["name"]).to_owned()).collect()
}

#[tokio::test]
async fn a_conversation_is_told() {
    let server = Server::new().await;
    let members = json!({
        "name": "Salut", "description": "Essai", "instructions": "Réponds.",
        "metadata": {"b": [1], "a": null}, "completion_args": {"temperature": 0.7, "stop": ["x"]},
    });
    let first = start(&server, members).await;
    let mut told = server.get(&format!("{ALL}/{}", text(&first["conversation_id"]))).await.json();
    assert_eq!(told["id"], first["conversation_id"]);
    assert_eq!(told["head"], first["outputs"][0]["id"]);
    told["id"] = json!("conv_");
    told["head"] = json!("msg_");
    insta::assert_json_snapshot!(told);
}

#[tokio::test]
async fn lists_come_in_pages() {
    let server = Server::new().await;
    for name in ["un", "deux", "trois"] {
        server.clock.advance(std::time::Duration::from_secs(1));
        start(&server, json!({"name": name})).await;
    }
    let list = server.get(ALL).await;
    assert_eq!(names(&list), ["trois", "deux", "un"]);
    assert_eq!(list.header("galerne-total-count"), "3");
    let page = server.get(&format!("{ALL}?page=1&page_size=2")).await;
    assert_eq!(names(&page), ["un"]);
    assert_eq!(page.header("galerne-total-count"), "3");
    let found = server.get(&format!("{ALL}?search=deux")).await;
    assert_eq!(names(&found), ["deux"]);
    for (query, param) in [
        ("page_size=0", "page_size"),
        ("page_size=1001", "page_size"),
        ("page=x", "page"),
        ("archived=maybe", "archived"),
        (&format!("search={}", "x".repeat(201)), "search"),
    ] {
        let answer = server.get(&format!("{ALL}?{query}")).await;
        answer.assert_problem(422, "request.invalid");
        assert_eq!(answer.json()["param"], param);
        assert_eq!(answer.json()["detail"][0]["loc"], json!(["query", param]));
    }
    let searched = ("conversation.search".to_owned(), "ok".to_owned());
    assert!(server.audit().contains(&searched));
}

#[tokio::test]
async fn conversations_are_renamed_pinned_and_put_away() {
    let server = Server::new().await;
    let mut paths = Vec::new();
    for name in ["un", "deux"] {
        server.clock.advance(std::time::Duration::from_secs(1));
        let first = start(&server, json!({"name": name})).await;
        paths.push(format!("{ALL}/{}", text(&first["conversation_id"])));
    }
    let changed = patch(&server, &paths[0], json!({"name": "Un", "pinned": true})).await.json();
    assert_eq!((&changed["name"], &changed["pinned"]), (&json!("Un"), &json!(true)));
    assert_eq!(names(&server.get(ALL).await), ["Un", "deux"]);
    patch(&server, &paths[1], json!({"archived": true})).await;
    assert_eq!(names(&server.get(ALL).await), ["Un"]);
    assert_eq!(names(&server.get(&format!("{ALL}?archived=true")).await), ["deux"]);
    assert_eq!(names(&server.get(&format!("{ALL}?archived=any")).await), ["Un", "deux"]);
    patch(&server, &paths[0], json!({"name": ""})).await.assert_problem(422, "request.invalid");
    let head = json!({"head": format!("msg_{}", "0".repeat(32))});
    patch(&server, &paths[0], head).await.assert_problem(404, "entry.not_found");
    let delete = || server.send(server.request(Method::DELETE, &paths[0], ""));
    assert_eq!(delete().await.status, 204);
    delete().await.assert_problem(404, "conversation.not_found");
}

#[tokio::test]
async fn drafts_are_kept() {
    let server = Server::new().await;
    let first = start(&server, json!({})).await;
    let of_one = format!("{ALL}/{}/draft", text(&first["conversation_id"]));
    let draft = json!({
        "text": "Et si", "attachments": [{"name": "a.txt", "text": "un"}], "model": "fake-model",
    });
    for path in [&of_one, &format!("{ALL}/new/draft")] {
        assert_nothing_kept(&server.get(path).await);
        let kept = put(&server, path, draft.clone()).await;
        assert_eq!((kept.status.as_u16(), kept.body.as_str()), (204, ""));
        let mut read = server.get(path).await.json();
        assert_eq!(read["updated_at"], "2026-01-01T00:00:00Z");
        read.as_object_mut().unwrap().remove("updated_at");
        assert_eq!(read, draft);
        put(&server, path, json!({"text": "", "attachments": []})).await;
        assert_nothing_kept(&server.get(path).await);
    }
    let unknown = format!("{ALL}/conv_{}/draft", "0".repeat(32));
    let answer = put(&server, &unknown, json!({"text": "a"})).await;
    answer.assert_problem(404, "conversation.not_found");
    let large = json!({"text": "x".repeat(2 * 1024 * 1024 + 1)});
    put(&server, &of_one, large).await.assert_problem(422, "request.invalid");
    put(&server, &of_one, json!({"text": 3})).await.assert_problem(422, "request.invalid");
}

fn assert_nothing_kept(answer: &Answer) {
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (204, ""));
}

/// Somebody else of the same project.
async fn neighbour(server: &Server) -> (Caller, String, String) {
    let operator = server.access.operator().await.unwrap();
    let new = NewAccount {
        name: "neighbour".parse().unwrap(),
        kind: AccountKind::Person,
        role: Role::Owner,
    };
    let account = server.access.create_account(&operator, &new).await.unwrap();
    let caller = Caller { account: account.id, ..server.caller };
    let wanted = Start {
        name: None,
        description: None,
        instructions: None,
        model: FakeEngine::model(),
        settings: TurnSettings::default(),
        metadata: None,
        question: Question { text: "Secret".to_owned(), attachments: Vec::new() },
        idempotency: None,
    };
    let reader = server.assistant.start(&caller, wanted).await.unwrap();
    let (id, entry) = (reader.conversation(), reader.entry());
    reader.read_to_end().await.unwrap();
    let draft = WriteDraft { text: "Secret".to_owned(), ..WriteDraft::default() };
    server.assistant.write_draft(&caller, DraftOf::New, draft.clone()).await.unwrap();
    server.assistant.write_draft(&caller, DraftOf::Conversation(id), draft).await.unwrap();
    (caller, format!("conv_{id}"), format!("msg_{entry}"))
}

#[tokio::test]
async fn what_others_have_does_not_exist() {
    let server = Server::new().await;
    let (caller, id, entry) = neighbour(&server).await;
    let unknown = format!("conv_{}", "0".repeat(32));
    let before = server.engine.counts().started;
    for (method, path, body) in [
        ("GET", "", json!({})),
        ("PATCH", "", json!({"name": "Mine"})),
        ("POST", "", json!({"inputs": "Hello", "parent_id": entry})),
        ("POST", "/stop", json!({})),
        ("POST", "/restart", json!({"inputs": "Hello", "from_entry_id": entry})),
        ("GET", "/history", json!({})),
        ("GET", "/messages", json!({})),
        ("GET", "/events", json!({})),
        ("GET", "/draft", json!({})),
        ("PUT", "/draft", json!({"text": "a"})),
        ("DELETE", "", json!({})),
    ] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let send = async |id: &str| {
            let path = format!("{ALL}/{id}{path}");
            let answer = server.send(server.request(method.clone(), &path, body.to_string())).await;
            answer.assert_problem(404, "conversation.not_found");
            answer.body.replace(id, "ID").replace(id.trim_start_matches("conv_"), "ID")
        };
        assert_eq!(send(&id).await, send(&unknown).await, "{method} {path}");
    }
    assert_nothing_kept(&server.get(&format!("{ALL}/new/draft")).await);
    for query in ["", "?search=Secret", "?archived=any"] {
        let list = server.get(&format!("{ALL}{query}")).await;
        assert_eq!((list.body.as_str(), list.header("galerne-total-count")), ("[]", "0"));
    }
    // An entry of theirs is no place to go on from in a conversation of ours.
    let ours = start(&server, json!({})).await;
    let path = format!("{ALL}/{}", text(&ours["conversation_id"]));
    patch(&server, &path, json!({"head": entry})).await.assert_problem(404, "entry.not_found");
    let body = json!({"inputs": "Hello", "parent_id": entry}).to_string();
    let answer = server.send(server.request(Method::POST, &path, body)).await;
    answer.assert_problem(404, "entry.not_found");
    assert_eq!(server.engine.counts().started, before + 1);
    append(&server, text(&ours["conversation_id"]), json!({})).await;
    let id = id.strip_prefix("conv_").unwrap().parse().unwrap();
    assert_eq!(server.assistant.read(&caller, id).await.unwrap().name, "Secret");
}
