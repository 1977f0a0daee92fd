//! Uploads, in forms that clients write and in forms that nobody should.

use axum::http::{Method, Request, header};
use domain::{HoldReason, Permission, Permissions};
use governance::{NewHold, NewKey};
use serde_json::json;
use workloads::{Described, File, Purpose};

use crate::server::{Answer, Server, anonymous};

pub(crate) const FORM: &str = "multipart/form-data; boundary=xyz";

/// With a file of this purpose.
pub(crate) fn form(purpose: &str, content: &str) -> String {
    format!(
        "--xyz\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\n{purpose}\r\n\
         --xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a é.jsonl\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n{content}\r\n--xyz--\r\n"
    )
}

/// Of the caller, without a request.
pub(crate) async fn kept(server: &Server, purpose: &str, content: &str) -> File {
    let mut upload = server.files.begin(&server.caller).await.unwrap();
    upload.write(content.as_bytes()).await.unwrap();
    let purpose: Purpose = purpose.parse().unwrap();
    let described = Described { name: "kept.jsonl".to_owned(), purpose, seconds: None };
    upload.finish(described).await.unwrap()
}

async fn send(server: &Server, body: impl Into<axum::body::Body>) -> Answer {
    let mut request = server.request(Method::POST, "/v1/files", body);
    request.headers_mut().insert(header::CONTENT_TYPE, FORM.parse().unwrap());
    server.send(request).await
}

#[tokio::test]
async fn a_file_is_kept_told_read_and_deleted() {
    let server = Server::new().await;
    let content = "{\"a\": 1}\r\n\n{\"b\": 2}";
    let sent = send(&server, form("batch", content)).await;
    assert_eq!(sent.status, 200, "{}", sent.body);
    let file = sent.json();
    for (member, expected) in [
        ("object", json!("file")),
        ("bytes", json!(content.len())),
        ("filename", json!("a é.jsonl")),
        ("purpose", json!("batch")),
        ("sample_type", json!("batch_request")),
        ("source", json!("upload")),
        ("num_lines", json!(2)),
        ("status", json!("processed")),
        ("deleted", json!(false)),
        ("expires_at", json!(null)),
    ] {
        assert_eq!(file[member], expected, "{member}");
    }
    let path = format!("/v1/files/{}", file["id"].as_str().unwrap());
    assert_eq!(server.get(&path).await.json(), file);
    let listed = server.get("/v1/files?purpose=batch&page_size=10").await.json();
    assert_eq!((&listed["data"][0], &listed["total"]), (&file, &json!(1)));
    assert_eq!(server.get("/v1/files?purpose=ocr").await.json()["total"], 0);
    for filter in ["source=batch", "sample_type=batch_request", "search=a", "order=asc"] {
        let refused = server.get(&format!("/v1/files?{filter}")).await;
        refused.assert_problem(422, "request.invalid");
    }
    let read = server.get(&format!("{path}/content")).await;
    assert_eq!(
        (read.body.as_str(), read.header("content-type")),
        (content, "application/octet-stream")
    );
    assert_eq!(read.header("content-disposition"), "attachment");
    let deleted = server.request(Method::DELETE, &path, "");
    assert_eq!(server.send(deleted).await.json()["deleted"], true);
    for path in [path.clone(), format!("{path}/content"), format!("{path}/url")] {
        server.get(&path).await.assert_problem(404, "file.unknown");
    }
    server.get("/v1/files/nothing").await.assert_problem(404, "file.unknown");
}

#[tokio::test]
async fn a_link_opens_one_file_until_its_time() {
    let server = Server::new().await;
    let file = kept(&server, "user_data", "secret").await;
    let path = format!("/v1/files/{}/url", file.id);
    let url = server.get(&format!("{path}?expiry=2")).await.json();
    let url =
        url["url"].as_str().unwrap().strip_prefix("http://localhost:8080").unwrap().to_owned();
    let open = async || server.send(anonymous(Method::GET, &url, "")).await;
    assert_eq!(open().await.body, "secret");
    server.clock.advance(std::time::Duration::from_secs(7_201));
    open().await.assert_problem(404, "file.link_invalid");
    for wrong in ["0", "169", "x"] {
        let answer = server.get(&format!("{path}?expiry={wrong}")).await;
        answer.assert_problem(422, "request.invalid");
    }
    let nothing = anonymous(Method::GET, "/v1/file-links/00", "");
    server.send(nothing).await.assert_problem(404, "file.link_invalid");
}

#[tokio::test]
async fn a_link_ends_with_the_key_that_made_it() {
    let server = Server::new().await;
    let file = kept(&server, "user_data", "secret").await;
    let operator = server.access.operator().await.unwrap();
    let permissions = Permissions::of(&[Permission::UseModels]);
    let new = NewKey { permissions, ..NewKey::named("links") };
    let key = server.access.create_key(&operator, &new).await.unwrap();
    let caller = server.access.authenticate_key(&key.secret.expose()).await.unwrap();
    let link = server.files.link(&caller, file.id, 1).await.unwrap();
    let open =
        async || server.send(anonymous(Method::GET, &format!("/v1/file-links/{link}"), "")).await;
    assert_eq!(open().await.body, "secret");
    server.access.revoke_key(&operator, key.key.id).await.unwrap();
    open().await.assert_problem(404, "file.link_invalid");
}

#[tokio::test]
async fn what_is_no_upload_is_refused_and_leaves_nothing() {
    let server = Server::new().await;
    let part = |disposition: &str| {
        format!("--xyz\r\nContent-Disposition: form-data; {disposition}\r\n\r\n1\r\n")
    };
    let file = part("name=\"file\"; filename=\"f\"");
    for (body, why) in [
        (String::new(), "ends in the middle"),
        ("hello".to_owned(), "begin with its boundary"),
        ("--xyz--".to_owned(), "no `file`"),
        (file.clone(), "ends in the middle"),
        (format!("{file}{file}--xyz--"), "one file"),
        (form("whim", "1"), "one of batch, fine-tune"),
        (format!("{file}{}--xyz--", part("name=expiry").replace('1', "-1")), "above 0"),
        (format!("--xyz\r\nX: {}", "x".repeat(9_000)), "too long"),
        (format!("{}--xyz--", part("name=a").repeat(40)), "too many parts"),
        (
            format!(
                "{}--xyz--",
                part("name=a").replace("\r\n1", &format!("\r\n{}", "1".repeat(5_000)))
            ),
            "too long",
        ),
    ] {
        let answer = send(&server, body).await;
        answer.assert_problem(422, "request.invalid");
        assert!(answer.body.contains(why), "{why}: {}", answer.body);
    }
    let large = send(&server, form("ocr", &"x".repeat(100_001))).await;
    large.assert_problem(413, "request.too_large");
    let json = server.request(Method::POST, "/v1/files", "{}");
    server.send(json).await.assert_problem(422, "request.invalid");
    assert_eq!(server.get("/v1/files").await.json()["total"], 0);
    assert!(server.audit().iter().all(|(action, _)| action != "file.create"));
}

#[tokio::test]
async fn the_organisation_has_so_much_room() {
    let server = Server::new().await;
    for _ in 0..10 {
        let sent = send(&server, form("ocr", &"x".repeat(100_000))).await;
        assert_eq!(sent.status, 200, "{}", sent.body);
    }
    send(&server, form("ocr", "x")).await.assert_problem(413, "file.no_room");
}

#[tokio::test]
async fn a_file_whose_time_is_over_is_as_good_as_gone() {
    let server = Server::new().await;
    let expiring = form("ocr", "x").replace(
        "--xyz--",
        "--xyz\r\nContent-Disposition: form-data; name=\"expiry\"\r\n\r\n1\r\n--xyz--",
    );
    let file = send(&server, expiring).await.json();
    assert_eq!(file["expires_at"].as_i64(), file["created_at"].as_i64().map(|at| at + 3_600));
    server.clock.advance(std::time::Duration::from_hours(1));
    let path = format!("/v1/files/{}", file["id"].as_str().unwrap());
    server.get(&path).await.assert_problem(404, "file.unknown");
}

#[tokio::test]
async fn what_is_held_stays() {
    let server = Server::new().await;
    let file = kept(&server, "ocr", "x").await;
    let operator = server.access.operator().await.unwrap();
    let hold = NewHold { account: None, reason: HoldReason::Audit, reference: "1".to_owned() };
    server.holds.place(&operator, hold).await.unwrap();
    let path = format!("/v1/files/{}", file.id);
    let deleted = server.send(server.request(Method::DELETE, &path, "")).await;
    deleted.assert_problem(409, "hold.in_force");
    assert_eq!(server.get(&path).await.status, 200);
}

/// What a request was made of, so that a test can say that it was refused before its body.
#[tokio::test]
async fn nobody_uploads_without_being_known() {
    let server = Server::new().await;
    let request: Request<axum::body::Body> = {
        let mut request = anonymous(Method::POST, "/v1/files", form("ocr", "x"));
        request.headers_mut().insert(header::CONTENT_TYPE, FORM.parse().unwrap());
        request
    };
    server.send(request).await.assert_problem(401, "auth.missing");
}
