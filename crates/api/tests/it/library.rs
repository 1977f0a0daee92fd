//! Libraries in Mistral's shape: kept, shared, versioned, searched, and told to nobody else.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use domain::{AccountId, AccountKind, Caller, HoldReason, OrganisationId, Role};
use governance::{NewAccount, NewHold};
use serde_json::{Value, json};
use testkit::{ParserBehaviour, Samples};

use crate::{
    file::FORM,
    server::{Answer, Server, anonymous},
};

const ALL: &str = "/v1/libraries";
const TOWN: &str = "The town hall opens at nine.\nIt closes at five on Mondays.\n";

/// A form with a document, and with these fields behind it.
pub(crate) fn form(name: &str, text: &str, fields: &[(&str, &str)]) -> String {
    let field = |(name, text): &(&str, &str)| {
        format!("--xyz\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
    };
    let fields: String = fields.iter().map(field).collect();
    format!(
        "--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: text/plain\r\n\r\n{text}\r\n{fields}--xyz--\r\n"
    )
}

/// Somebody else of the organisation, with a browser.
pub(crate) struct Colleague<'a> {
    server: &'a Server,
    pub(crate) id: AccountId,
    cookie: String,
}

impl<'a> Colleague<'a> {
    pub(crate) async fn new(server: &'a Server) -> Self {
        let operator = server.access.operator().await.unwrap();
        let name = "colleague".parse().unwrap();
        let new = NewAccount { name, kind: AccountKind::Person, role: Role::Member };
        let account = server.access.create_account(&operator, &new).await.unwrap();
        let link = server.access.invite(&operator, account.id).await.unwrap();
        let token = server.access.sign_in(&link).await.unwrap().token;
        let cookie = format!("galerne_session={}", token.expose());
        Self { server, id: account.id, cookie }
    }

    fn signed(&self, mut request: Request<Body>) -> Request<Body> {
        request.headers_mut().remove(header::AUTHORIZATION);
        request.headers_mut().insert(header::COOKIE, self.cookie.parse().unwrap());
        let origin = "http://localhost:8080".parse().unwrap();
        request.headers_mut().insert(header::ORIGIN, origin);
        request
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, body: Value) -> Answer {
        self.server.send(self.signed(json_request(self.server, method, path, &body))).await
    }

    async fn upload(&self, library: &str, body: String) -> Answer {
        self.server.send(self.signed(upload_request(self.server, library, body))).await
    }
}

fn json_request(server: &Server, method: Method, path: &str, body: &Value) -> Request<Body> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    server.request(method, path, body)
}

fn upload_request(server: &Server, library: &str, body: String) -> Request<Body> {
    let path = format!("{ALL}/{library}/documents");
    let mut request = server.request(Method::POST, &path, body);
    request.headers_mut().insert(header::CONTENT_TYPE, FORM.parse().unwrap());
    request
}

pub(crate) async fn ask(server: &Server, method: Method, path: &str, body: Value) -> Answer {
    server.send(json_request(server, method, path, &body)).await
}

async fn made(server: &Server) -> String {
    let made = ask(server, Method::POST, ALL, json!({"name": "Mairie"})).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.json()["id"].as_str().unwrap().to_owned()
}

async fn upload(server: &Server, library: &str, body: String) -> Answer {
    server.send(upload_request(server, library, body)).await
}

/// Its id, once nothing more is done to it.
async fn added(server: &Server, library: &str, name: &str, text: &str) -> String {
    // The order of a list is that of time.
    server.clock.advance(Duration::from_millis(5));
    let added = upload(server, library, form(name, text, &[])).await;
    assert_eq!(added.status, 201, "{}", added.body);
    let id = added.json()["id"].as_str().unwrap().to_owned();
    server.shelves.until_ended(&server.caller, id.parse().unwrap()).await;
    id
}

async fn search(server: &Server, members: Value) -> Answer {
    let mut body = json!({"query": "town hall", "mode": "lexical"});
    for (key, value) in members.as_object().unwrap() {
        body[key] = value.clone();
    }
    ask(server, Method::POST, "/v1/libraries/search", body).await
}

fn texts(found: &Answer) -> Vec<String> {
    let found = found.json();
    let hits = found["data"].as_array().unwrap();
    hits.iter().map(|hit| hit["text"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_library_is_made_told_changed_and_deleted() {
    let server = Server::new().await;
    let body = json!({"name": " Mairie ", "description": "Règles", "chunk_size": 300});
    let made = ask(&server, Method::POST, ALL, body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let made = made.json();
    for (member, expected) in [
        ("name", json!("Mairie")),
        ("description", json!("Règles")),
        ("owner_id", json!(server.caller.account.to_string())),
        ("owner_type", json!("User")),
        ("nb_documents", json!(0)),
        ("total_size", json!(0)),
        ("chunk_size", json!(null)),
        ("access", json!("owner")),
    ] {
        assert_eq!(made[member], expected, "{member}");
    }
    let path = format!("{ALL}/{}", made["id"].as_str().unwrap());
    assert_eq!(server.get(&path).await.json(), made);
    let listed = server.get(ALL).await.json();
    assert_eq!((&listed["data"], &listed["next_page_token"]), (&json!([made]), &json!(null)));
    let pagination = json!({"total_items": 1, "total_pages": 1, "current_page": 0,
        "page_size": 100, "has_more": false});
    assert_eq!(listed["pagination"], pagination);
    for method in [Method::PUT, Method::PATCH] {
        let name = format!("by {method}");
        let changed = ask(&server, method, &path, json!({"name": name})).await.json();
        assert_eq!((&changed["name"], &changed["description"]), (&json!(name), &json!("Règles")));
    }
    let cleared = ask(&server, Method::PATCH, &path, json!({"description": ""})).await.json();
    assert_eq!(cleared["description"], Value::Null);
    let deleted = ask(&server, Method::DELETE, &path, Value::Null).await;
    assert_eq!((deleted.status.as_u16(), &deleted.json()["id"]), (200, &made["id"]));
    server.get(&path).await.assert_problem(404, "library.unknown");
    assert_eq!(server.get(ALL).await.json()["data"], json!([]));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_its_code() {
    let server = Server::new().await;
    let library = made(&server).await;
    let path = format!("{ALL}/{library}");
    for body in [json!({}), json!({"name": "\n"}), json!({"name": "x".repeat(201)})] {
        let refused = ask(&server, Method::POST, ALL, body).await;
        refused.assert_problem(422, "request.invalid");
    }
    for query in ["search=a", "page=x", "page_token=x"] {
        let status = if query == "page_token=x" { 404 } else { 422 };
        assert_eq!(server.get(&format!("{ALL}?{query}")).await.status, status, "{query}");
    }
    for query in ["sort_by=whim", "sort_order=up", "filters_attributes=1", "page=-1"] {
        let refused = server.get(&format!("{path}/documents?{query}")).await;
        refused.assert_problem(422, "request.invalid");
    }
    for (body, why) in [
        (String::new(), "ends in the middle"),
        ("--xyz--".to_owned(), "no `file`"),
        (form("a.txt", "a", &[("attributes", "[]")]), "JSON object"),
        (form("a.txt", "a", &[("in_force_from", "soon")]), "RFC 3339"),
        (
            form(
                "a.txt",
                "a",
                &[("in_force_from", "2020-01-01"), ("in_force_until", "2019-01-01")],
            ),
            "before it begins",
        ),
    ] {
        let refused = upload(&server, &library, body).await;
        refused.assert_problem(422, "request.invalid");
        assert!(refused.body.contains(why), "{why}: {}", refused.body);
    }
    let large = upload(&server, &library, form("a.txt", &"x".repeat(100_001), &[])).await;
    large.assert_problem(413, "document.too_large");
    let listed = server.get(&format!("{path}/documents")).await.json();
    assert_eq!(listed["pagination"]["total_items"], 0, "nothing was left behind");
    for (members, status) in [
        (json!({"limit": 51}), 422),
        (json!({"mode": "best"}), 422),
        (json!({"as_of": "yesterday"}), 422),
        (json!({"query": ""}), 422),
        (json!({"library_ids": [format!("{}0000", &library[..28])]}), 404),
        (json!({"library_ids": ["nothing"]}), 404),
    ] {
        assert_eq!(search(&server, members.clone()).await.status, status, "{members}");
    }
}

#[tokio::test]
async fn a_document_is_read_told_and_found_at_its_place() {
    let server = Server::new().await;
    let library = made(&server).await;
    let attributes = ("attributes", r#"{"place":"Brest","year":2024}"#);
    let added = upload(&server, &library, form("town.txt", TOWN, &[attributes])).await;
    assert_eq!(added.status, 201, "{}", added.body);
    let waiting = added.json();
    let id = waiting["id"].as_str().unwrap();
    let path = format!("{ALL}/{library}/documents/{id}");
    assert_eq!(waiting["state"], "queued");
    assert_eq!(waiting["last_processed_at"], Value::Null);
    server.get(&format!("{path}/text_content")).await.assert_problem(409, "document.pending");
    let status = server.get(&format!("{path}/status")).await.json();
    let words = (&status["process_status"], &status["processing_status"]);
    assert_eq!(words, (&json!("todo"), &json!("Running")));
    server.shelves.until_ended(&server.caller, id.parse().unwrap()).await;
    let document = server.get(&path).await.json();
    for (member, expected) in [
        ("library_id", json!(library)),
        ("name", json!("town.txt")),
        ("extension", json!("txt")),
        ("mime_type", json!("text/plain")),
        ("size", json!(TOWN.len())),
        ("process_status", json!("done")),
        ("processing_status", json!("Completed")),
        ("uploaded_by_id", json!(server.caller.account.to_string())),
        ("attributes", json!({"place": "Brest", "year": 2024})),
        ("state", json!("ready")),
        ("versions", json!(1)),
        ("number_of_pages", json!(1)),
    ] {
        assert_eq!(document[member], expected, "{member}");
    }
    assert!(document["last_processed_at"].is_string() && document["passages"] != 0, "{document}");
    assert!(document["tokens_processing_total"].as_u64() > Some(0), "{document}");
    let version = &document["version"];
    assert_eq!((&version["number"], &version["failure"]), (&json!(1), &Value::Null));
    assert_eq!(version["digest"], format!("sha256:{}", document["hash"].as_str().unwrap()));
    let text = server.get(&format!("{path}/text_content")).await.json();
    assert_eq!(text["text"], TOWN);
    let found = search(&server, json!({"library_ids": [library]})).await.json();
    let told = (&found["object"], &found["mode"]);
    assert_eq!(told, (&json!("list"), &json!("lexical")));
    let hit = &found["data"][0];
    let place = |name: &str| usize::try_from(hit[name].as_u64().unwrap()).unwrap();
    assert_eq!(Some(&TOWN[place("start")..place("end")]), hit["text"].as_str());
    assert_eq!((&hit["document_id"], &hit["document_name"]), (&json!(id), &json!("town.txt")));
    assert_eq!(hit["snippet"], "The town hall opens at nine.");
    assert!(hit["lexical"].is_number() && hit["dense"].is_null(), "{hit}");
    for mode in ["hybrid", "dense"] {
        let found = search(&server, json!({"mode": mode})).await.json();
        assert_eq!((&found["mode"], &found["data"][0]["document_id"]), (&json!(mode), &json!(id)));
    }
    let unknown = server.get(&format!("{ALL}/{library}/documents/{library}")).await;
    unknown.assert_problem(404, "document.unknown");
}

#[tokio::test]
async fn documents_are_listed_by_page_by_name_and_in_order() {
    let server = Server::new().await;
    let library = made(&server).await;
    let mut ids = Vec::new();
    for (name, text) in [("b.txt", "one"), ("A.txt", "three words here"), ("water.txt", "four")] {
        ids.push(added(&server, &library, name, text).await);
    }
    let path = format!("{ALL}/{library}/documents/{}", ids[1]);
    let change = json!({"name": "A.txt", "attributes": {"year": 2024}});
    let changed = ask(&server, Method::PUT, &path, change).await.json();
    assert_eq!(changed["attributes"], json!({"year": 2024}));
    let listed = async |query: &str| -> (Vec<usize>, Value) {
        let path = format!("{ALL}/{library}/documents?{query}");
        let listed = server.get(&path).await.json();
        let place = |one: &Value| ids.iter().position(|id| one["id"] == id.as_str()).unwrap();
        let data = listed["data"].as_array().unwrap().iter().map(place).collect();
        (data, listed["pagination"].clone())
    };
    for (query, expected) in [
        ("", vec![2, 1, 0]),
        ("page_size=1&page=1", vec![1]),
        ("page_size=2&page=7", vec![]),
        ("sort_by=created_at&sort_order=asc", vec![0, 1, 2]),
        ("sort_order=asc&page_size=2&page=1", vec![2]),
        ("sort_by=name&sort_order=asc", vec![1, 0, 2]),
        ("sort_by=size", vec![1, 2, 0]),
        ("search=WATER", vec![2]),
        ("search=.txt&sort_by=name&page_size=1", vec![2]),
        ("filters_attributes=%7B%22year%22:2024%7D", vec![1]),
        ("filters_attributes=%7B%22year%22:2025%7D", vec![]),
    ] {
        assert_eq!(listed(query).await.0, expected, "{query}");
    }
    let (_, pagination) = listed("sort_order=asc&page_size=2").await;
    let expected = json!({"total_items": 3, "total_pages": 2, "current_page": 0, "page_size": 2,
        "has_more": true});
    assert_eq!(pagination, expected);
    let (_, pagination) = listed("search=water").await;
    assert_eq!((&pagination["total_items"], &pagination["has_more"]), (&json!(1), &json!(false)));
}

#[tokio::test]
async fn the_same_name_is_another_version_and_the_same_bytes_are_none() {
    let server = Server::new().await;
    let library = made(&server).await;
    let old = form("law.txt", "the old text", &[("in_force_from", "2004-03-21")]);
    let new = form("law.txt", "the new text", &[("in_force_from", "2016-10-01")]);
    let first = upload(&server, &library, old).await;
    let id = first.json()["id"].as_str().unwrap().to_owned();
    let document = id.parse().unwrap();
    server.shelves.until_ended(&server.caller, document).await;
    let second = upload(&server, &library, new.clone()).await;
    assert_eq!((second.status.as_u16(), &second.json()["id"]), (201, &json!(id)));
    server.shelves.until_ended(&server.caller, document).await;
    let again = upload(&server, &library, new).await;
    assert_eq!((again.status.as_u16(), &again.json()["versions"]), (200, &json!(2)));
    let path = format!("{ALL}/{library}/documents/{id}");
    let versions = server.get(&format!("{path}/versions")).await.json();
    let numbers: Vec<_> =
        versions["data"].as_array().unwrap().iter().map(|one| one["number"].clone()).collect();
    assert_eq!(numbers, [json!(2), json!(1)]);
    assert_eq!(versions["data"][1]["in_force_until"], "2016-10-01T00:00:00Z");
    let before = server.get(&format!("{path}/versions?before=2&limit=1")).await.json();
    assert_eq!(before["data"], json!([versions["data"][1]]));
    let text = async |query: &str| {
        let text = server.get(&format!("{path}/text_content?{query}")).await.json();
        text["text"].as_str().unwrap().to_owned()
    };
    assert_eq!(text("").await, "the new text");
    assert_eq!(text("version=1").await, "the old text");
    assert_eq!(text("as_of=2016-09-30").await, "the old text");
    let third = server.get(&format!("{path}/text_content?version=3")).await;
    third.assert_problem(404, "document.unknown");
    for (as_of, expected) in [
        ("2004-03-20", vec![]),
        ("2004-03-21", vec!["the old text"]),
        ("2016-09-30T23:59:59Z", vec!["the old text"]),
        ("2016-10-01T02:00:00+02:00", vec!["the new text"]),
    ] {
        let found = search(&server, json!({"query": "text", "as_of": as_of})).await;
        assert_eq!(texts(&found), expected, "{as_of}");
    }
}

#[tokio::test]
async fn a_library_is_shared_and_taken_back() {
    let server = Server::new().await;
    let colleague = Colleague::new(&server).await;
    let library = made(&server).await;
    let document = added(&server, &library, "town.txt", TOWN).await;
    let (path, share) = (format!("{ALL}/{library}"), format!("{ALL}/{library}/share"));
    let mut whom = json!({"level": "Viewer", "share_with_uuid": colleague.id.to_string(),
        "share_with_type": "User"});
    expect_nothing(&colleague, &library, &document).await;
    let shared = ask(&server, Method::PUT, &share, whom.clone()).await.json();
    let organisation = server.caller.organisation.to_string();
    for (member, expected) in [
        ("library_id", json!(library)),
        ("org_id", json!(organisation)),
        ("role", json!("Viewer")),
        ("share_with_type", json!("User")),
        ("share_with_uuid", json!(colleague.id.to_string())),
    ] {
        assert_eq!(shared[member], expected, "{member}");
    }
    assert_eq!(server.get(&share).await.json()["data"], json!([shared]));
    let seen = colleague.ask(Method::GET, &path, Value::Null).await.json();
    assert_eq!(seen["access"], "viewer");
    let found = json!({"query": "town hall", "mode": "lexical"});
    let hits = colleague.ask(Method::POST, "/v1/libraries/search", found.clone()).await;
    assert_eq!(texts(&hits).len(), 1);
    expect_forbidden(&colleague, &library, &document, &whom).await;
    whom["level"] = json!("Editor");
    ask(&server, Method::PUT, &share, whom.clone()).await;
    let added = colleague.upload(&library, form("more.txt", "more", &[])).await;
    assert_eq!(added.status, 201, "{}", added.body);
    let refused = colleague.ask(Method::PATCH, &path, json!({"name": "mine now"})).await;
    refused.assert_problem(403, "library.forbidden");
    let taken = ask(&server, Method::DELETE, &share, whom.clone()).await;
    assert_eq!((taken.status.as_u16(), &taken.json()["role"]), (200, &json!("None")));
    expect_nothing(&colleague, &library, &document).await;
    let everybody = json!({"level": "Viewer", "share_with_uuid": organisation,
        "share_with_type": "Org"});
    ask(&server, Method::PUT, &share, everybody).await;
    assert_eq!(colleague.ask(Method::GET, &path, Value::Null).await.status, 200);
    for (id, kind, code) in [
        (format!("{}0000", &organisation[..28]), "User", "account.unknown"),
        ("nobody".to_owned(), "User", "account.unknown"),
        (format!("{}0000", &organisation[..28]), "Workspace", "group.unknown"),
        (colleague.id.to_string(), "Org", "account.unknown"),
    ] {
        whom["share_with_uuid"] = json!(id);
        whom["share_with_type"] = json!(kind);
        ask(&server, Method::PUT, &share, whom.clone()).await.assert_problem(404, code);
    }
}

/// A viewer reads, and changes nothing.
async fn expect_forbidden(who: &Colleague<'_>, library: &str, document: &str, share: &Value) {
    let (all, one) = (format!("{ALL}/{library}"), format!("{ALL}/{library}/documents/{document}"));
    for (method, path, body) in [
        (Method::PATCH, &one, json!({"name": "b"})),
        (Method::DELETE, &one, Value::Null),
        (Method::POST, &format!("{one}/reprocess"), Value::Null),
        (Method::PATCH, &all, json!({"name": "mine now"})),
        (Method::DELETE, &all, Value::Null),
        (Method::GET, &format!("{all}/share"), Value::Null),
        (Method::PUT, &format!("{all}/share"), share.clone()),
    ] {
        who.ask(method, path, body).await.assert_problem(403, "library.forbidden");
    }
    let refused = who.upload(library, form("a.txt", "a", &[])).await;
    refused.assert_problem(403, "library.forbidden");
}

/// Whoever may not see a library is told what is told of one that nobody has.
async fn expect_nothing(who: &Colleague<'_>, library: &str, document: &str) {
    let nothing = format!("{}0000", &library[..28]);
    let mut told = Vec::new();
    for id in [library, &nothing] {
        let (all, one) = (format!("{ALL}/{id}"), format!("{ALL}/{id}/documents/{document}"));
        let mut answers = Vec::new();
        for (method, path) in [
            (Method::GET, all.clone()),
            (Method::DELETE, all.clone()),
            (Method::GET, format!("{all}/documents")),
            (Method::GET, format!("{all}/share")),
            (Method::GET, one.clone()),
            (Method::DELETE, one.clone()),
            (Method::GET, format!("{one}/status")),
            (Method::GET, format!("{one}/text_content")),
            (Method::GET, format!("{one}/versions")),
            (Method::GET, format!("{one}/signed-url")),
            (Method::GET, format!("{one}/pages/1/image")),
            (Method::POST, format!("{one}/reprocess")),
        ] {
            answers.push(who.ask(method, &path, Value::Null).await);
        }
        answers.push(who.upload(id, form("a.txt", "a", &[])).await);
        let search = json!({"query": "town hall", "library_ids": [id]});
        answers.push(who.ask(Method::POST, "/v1/libraries/search", search).await);
        for answer in answers {
            assert_eq!(answer.status, 404, "{}", answer.body);
            told.push(answer.without_id().replace(id, "LIBRARY"));
        }
    }
    let half = told.len() / 2;
    assert_eq!(told[..half], told[half..], "whether it is there can be told");
    let everywhere = json!({"query": "town hall"});
    let found = who.ask(Method::POST, "/v1/libraries/search", everywhere).await;
    assert!(!found.body.contains("opens at nine"), "{}", found.body);
}

#[tokio::test]
async fn another_organisation_sees_nothing() {
    let server = Server::new().await;
    let library = made(&server).await;
    let document = added(&server, &library, "town.txt", TOWN).await;
    let organisation = OrganisationId::from_uuid(Samples::new(9).id());
    let outsider = Caller { organisation, ..server.caller };
    let shelves = &server.shelves;
    let unknown = shelves.libraries.read(&outsider, library.parse().unwrap()).await.unwrap_err();
    assert_eq!(unknown.code(), "library.unknown");
    let wanted = shelves.documents.now(document.parse().unwrap());
    let unknown = shelves.documents.read(&outsider, wanted).await.unwrap_err();
    assert_eq!(unknown.code(), "document.unknown");
}

#[tokio::test]
async fn links_open_a_document_and_its_text_until_their_time() {
    let server = Server::new().await;
    let library = made(&server).await;
    let document = added(&server, &library, "town.txt", TOWN).await;
    let path = format!("{ALL}/{library}/documents/{document}");
    let link = async |kind: &str| {
        let url = server.get(&format!("{path}/{kind}?expiry=2")).await.json();
        let url = url.as_str().unwrap().strip_prefix("http://localhost:8080").unwrap();
        url.to_owned()
    };
    let (bytes, text) = (link("signed-url").await, link("extracted-text-signed-url").await);
    let open = async |url: &str| server.send(anonymous(Method::GET, url, "")).await;
    let opened = open(bytes.as_str()).await;
    assert_eq!((opened.body.as_str(), opened.header("content-disposition")), (TOWN, "attachment"));
    assert_eq!(opened.header("content-type"), "application/octet-stream");
    let opened = open(text.as_str()).await;
    let kind = opened.header("content-type");
    assert_eq!((opened.body.as_str(), kind), (TOWN, "text/plain; charset=utf-8"));
    server.clock.advance(Duration::from_secs(7_201));
    let wrong = ["/v1/document-links/00", "/v1/document-links/00/text"];
    for url in [bytes.as_str(), text.as_str()].into_iter().chain(wrong) {
        open(url).await.assert_problem(404, "document.link_invalid");
    }
    for wrong in ["0", "169", "x"] {
        let refused = server.get(&format!("{path}/signed-url?expiry={wrong}")).await;
        refused.assert_problem(422, "request.invalid");
    }
}

#[tokio::test]
async fn pages_are_shown_as_pictures() {
    let server = Server::new().await;
    let library = made(&server).await;
    let document = added(&server, &library, "town.txt", "one page\u{c}another\n").await;
    let path = format!("{ALL}/{library}/documents/{document}/pages");
    let image = server.request(Method::GET, &format!("{path}/2/image?resolution=sharp"), "");
    let image = server.send_raw(image).await;
    assert_eq!(image.header("content-type"), "image/png");
    assert!(image.bytes.starts_with(b"\x89PNG"));
    for wrong in ["3", "0", "x"] {
        let refused = server.get(&format!("{path}/{wrong}/image")).await;
        refused.assert_problem(404, "document.page_unknown");
    }
    let refused = server.get(&format!("{path}/1/image?resolution=huge")).await;
    refused.assert_problem(422, "request.invalid");
    server.shelves.parser.behave(ParserBehaviour::Unavailable);
    let refused = server.get(&format!("{path}/1/image")).await;
    refused.assert_problem(503, "document.unavailable");
}

#[tokio::test]
async fn what_could_not_be_read_says_why_and_is_read_anew() {
    let server = Server::new().await;
    let library = made(&server).await;
    server.shelves.parser.behave(ParserBehaviour::Refuses("page 3"));
    let document = added(&server, &library, "town.txt", TOWN).await;
    let path = format!("{ALL}/{library}/documents/{document}");
    let failed = server.get(&path).await.json();
    let words = (&failed["process_status"], &failed["processing_status"], &failed["state"]);
    assert_eq!(words, (&json!("error"), &json!("Error"), &json!("failed")));
    let failure = json!({"code": "document.broken", "part": "page 3"});
    assert_eq!(failed["version"]["failure"], failure);
    let refused = server.get(&format!("{path}/text_content")).await;
    refused.assert_problem(422, "document.unreadable");
    assert!(refused.body.contains("document.broken at `page 3`"), "{}", refused.body);
    server.shelves.parser.behave(ParserBehaviour::Reads);
    let again = ask(&server, Method::POST, &format!("{path}/reprocess"), Value::Null).await;
    assert_eq!((again.status.as_u16(), again.body.as_str()), (204, ""));
    server.shelves.until_ended(&server.caller, document.parse().unwrap()).await;
    assert_eq!(server.get(&path).await.json()["state"], "ready");
}

#[tokio::test]
async fn a_deleted_document_is_gone_at_once_and_a_held_one_stays() {
    let server = Server::new().await;
    let (library, other) = (made(&server).await, made(&server).await);
    let document = added(&server, &library, "town.txt", TOWN).await;
    let path = format!("{ALL}/{library}/documents/{document}");
    // It stands in one library, whatever the path says.
    let elsewhere = format!("{ALL}/{other}/documents/{document}");
    let refused = ask(&server, Method::DELETE, &elsewhere, Value::Null).await;
    refused.assert_problem(404, "document.unknown");
    let operator = server.access.operator().await.unwrap();
    let hold = NewHold { account: None, reason: HoldReason::Audit, reference: "1".to_owned() };
    let hold = server.holds.place(&operator, hold).await.unwrap();
    for held in [&path, &format!("{ALL}/{library}")] {
        let refused = ask(&server, Method::DELETE, held, Value::Null).await;
        refused.assert_problem(409, "hold.in_force");
    }
    server.holds.lift(&operator, hold.id).await.unwrap();
    assert_eq!(texts(&search(&server, json!({})).await).len(), 1);
    let deleted = ask(&server, Method::DELETE, &path, Value::Null).await;
    assert_eq!((deleted.status.as_u16(), deleted.body.as_str()), (204, ""));
    assert_eq!(texts(&search(&server, json!({})).await), Vec::<String>::new());
    for path in [path.clone(), format!("{path}/text_content"), format!("{path}/versions")] {
        server.get(&path).await.assert_problem(404, "document.unknown");
    }
}
