//! Libraries in the shape of Albert.

use axum::http::{Method, header};
use serde_json::{Value, json};

use crate::{
    file::FORM,
    library::{ask, form},
    server::{Answer, Server},
};

const TOWN: &str = "La mairie ouvre à neuf heures.\n";

/// A form whose collection comes first.
pub(crate) fn document_form(collection: &str) -> String {
    let field = "--xyz\r\nContent-Disposition: form-data; name=\"collection\"\r\n\r\n";
    let metadata = [("metadata", r#"{"source_title":"Mairie"}"#)];
    format!("{field}{collection}\r\n{}", form("mairie.txt", TOWN, &metadata))
}

async fn upload(server: &Server, body: String) -> Answer {
    let mut request = server.request(Method::POST, "/v1/documents", body);
    request.headers_mut().insert(header::CONTENT_TYPE, FORM.parse().unwrap());
    server.send(request).await
}

async fn search(server: &Server, members: Value) -> Answer {
    let mut body = json!({"prompt": "La mairie"});
    for (key, value) in members.as_object().unwrap() {
        body[key] = value.clone();
    }
    ask(server, Method::POST, "/v1/search", body).await
}

#[tokio::test]
async fn a_collection_is_a_library() {
    let server = Server::new().await;
    let body = json!({"name": "Mairie", "description": "Règles", "visibility": "private"});
    let made = ask(&server, Method::POST, "/v1/collections", body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/collections/{id}");
    let found = server.get(&path).await.json();
    for (member, expected) in [
        ("object", json!("collection")),
        ("id", json!(id)),
        ("name", json!("Mairie")),
        ("owner", json!(server.caller.account.to_string())),
        ("documents", json!(0)),
        ("size", json!(0)),
        ("visibility", json!(null)),
    ] {
        assert_eq!(found[member], expected, "{member}");
    }
    assert!(found["created"].is_i64() && found["created"] == found["created_at"], "{found}");
    assert_eq!(server.get("/v1/collections").await.json()["data"], json!([found]));
    assert_eq!(server.get(&format!("/v1/libraries/{id}")).await.json()["name"], "Mairie");
    let changed = ask(&server, Method::PATCH, &path, json!({"name": "Ville"})).await;
    assert_eq!((changed.status.as_u16(), changed.body.as_str()), (204, ""));
    assert_eq!(server.get(&path).await.json()["name"], "Ville");
    let deleted = ask(&server, Method::DELETE, &path, Value::Null).await;
    assert_eq!((deleted.status.as_u16(), deleted.body.as_str()), (204, ""));
    server.get(&path).await.assert_problem(404, "library.unknown");
    let public = json!({"name": "a", "visibility": "public"});
    let refused = ask(&server, Method::POST, "/v1/collections", public).await;
    refused.assert_problem(422, "feature.unsupported");
    for query in ["limit=0", "limit=101", "name=a"] {
        let refused = server.get(&format!("/v1/collections?{query}")).await;
        refused.assert_problem(422, "request.invalid");
    }
}

#[tokio::test]
async fn its_documents_are_added_listed_and_found() {
    let server = Server::new().await;
    let collection = server.shelves.library(&server.caller).await.to_string();
    let added = upload(&server, document_form(&collection)).await;
    assert_eq!(added.status, 201, "{}", added.body);
    let id = added.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/documents/{id}");
    assert_eq!(server.get(&path).await.json()["chunks"], Value::Null);
    let chunks = format!("/v1/chunks/{id}");
    server.get(&chunks).await.assert_problem(409, "document.pending");
    server.shelves.until_ended(&server.caller, id.parse().unwrap()).await;
    let found = server.get(&path).await.json();
    let (object, chunk_count) = (&found["object"], &found["chunks"]);
    assert_eq!((object, chunk_count), (&json!("document"), &json!(1)));
    assert_eq!(
        (&found["name"], &found["collection_id"]),
        (&json!("mairie.txt"), &json!(collection),)
    );
    for query in ["collection", "collection_id"] {
        let listed = server.get(&format!("/v1/documents?{query}={collection}")).await;
        assert_eq!(listed.json()["data"], json!([found]), "{query}");
    }
    server.get("/v1/documents").await.assert_problem(422, "request.invalid");
    let listed = server.get(&chunks).await.json();
    let chunk = &listed["data"][0];
    assert_eq!((&chunk["object"], &chunk["id"]), (&json!("chunk"), &json!(0)));
    assert_eq!(chunk["content"], TOWN.trim_end());
    let metadata = json!({"source_title": "Mairie", "document_name": "mairie.txt"});
    assert_eq!(chunk["metadata"], metadata);
    assert_eq!(server.get(&format!("{chunks}/0")).await.json(), *chunk);
    assert_eq!(server.get(&format!("{chunks}?offset=1")).await.json()["data"], json!([]));
    for wrong in ["1", "x"] {
        let unknown = server.get(&format!("{chunks}/{wrong}")).await;
        unknown.assert_problem(404, "document.unknown");
    }
    for method in ["semantic", "lexical", "hybrid"] {
        let body = json!({"method": method, "collections": [collection]});
        let found = search(&server, body).await.json();
        let hit = &found["data"][0];
        assert_eq!((&hit["method"], &hit["chunk"]), (&json!(method), chunk), "{found}");
    }
    for (members, count) in [
        (json!({"offset": 1}), 0),
        (json!({"prompt": TOWN, "score_threshold": 0.9}), 1),
        (json!({"collection_ids": [], "limit": 1}), 1),
    ] {
        let found = search(&server, members.clone()).await.json();
        assert_eq!(found["data"].as_array().map(Vec::len), Some(count), "{members}");
    }
    let deleted = ask(&server, Method::DELETE, &path, Value::Null).await;
    assert_eq!((deleted.status.as_u16(), deleted.body.as_str()), (204, ""));
    server.get(&path).await.assert_problem(404, "document.unknown");
    assert_eq!(search(&server, json!({})).await.json()["data"], json!([]));
}

#[tokio::test]
async fn the_collection_comes_before_the_file() {
    let server = Server::new().await;
    let collection = server.shelves.library(&server.caller).await.to_string();
    let late = form("a.txt", "a", &[("collection", &collection)]);
    let refused = upload(&server, late).await;
    refused.assert_problem(422, "request.invalid");
    assert!(refused.body.contains("before the file"), "{}", refused.body);
    let unknown = format!("{}0000", &collection[..28]);
    for nothing in [unknown.as_str(), "nothing"] {
        let refused = upload(&server, document_form(nothing)).await;
        refused.assert_problem(404, "library.unknown");
    }
}
